//! Many columns, and sizes that no machine has: what fits is fitted without a number for each pair of columns, what does
//! not is refused before it is taken; and rows that count more than once.

use std::fmt::Write as _;

use elbo::random::Key;

use crate::common::Place;

/// Rows of so many columns `g0`, `g1`, …
fn table(rows: usize, columns: usize) -> String {
    let mut values = vec![0.0; rows * columns];
    Key::new(1).normals(0, &mut values);
    let names: Vec<String> = (0..columns).map(|d| format!("g{d}")).collect();
    let mut text = names.join(",") + "\n";
    for row in values.chunks(columns) {
        let cells: Vec<String> = row.iter().map(|x| format!("{x:.3}")).collect();
        writeln!(text, "{}", cells.join(",")).unwrap();
    }
    text
}

#[test]
fn matrices_without_room_are_refused_with_what_has_it() {
    let place = Place::new();
    place.write("wide.csv", table(4, 70_000));
    for covariance in ["full", "tied"] {
        let message = ["matrices of 70000 columns for 2 components take ", " TB of memory, and "];
        let fit = format!("mixture --data wide.csv --components 2 --covariance {covariance}");
        place.fails(&fit, 2, &message, "--covariance diagonal takes ");
    }
    let message = ["the covariances of 30000 latent dimensions in 70000 columns take ", " of memory, and "];
    place.fails(
        "factors --data wide.csv --latent 30000",
        2,
        &message,
        "give fewer dimensions with --latent K",
    );
    let message = ["has 70000 columns"];
    place.fails("normal --data wide.csv", 2, &message, "name one of g0, g1, ");
    let said = place.elbo("normal --data wide.csv");
    assert!(said.stderr.len() < 2000, "not all names");
}

/// A number for each pair of 70,000 columns would take 39 GB.
#[test]
fn mixtures_of_many_columns_take_no_matrix() {
    let place = Place::new();
    place.write("wide.csv", table(4, 70_000));
    for covariance in ["diagonal", "spherical"] {
        let fit = format!("mixture --covariance {covariance} --components 2 --starts 1 --sweeps 1");
        place.succeeds(&format!("{fit} --data wide.csv --name {covariance}"));
    }
}

/// The model, the results and the report of 3,000 columns: a few numbers of each, and none of each pair.
#[test]
fn what_is_written_of_many_columns_is_no_matrix() {
    let place = Place::new();
    place.write("wide.csv", table(12, 3000));
    for (verb, size) in [
        ("mixture --covariance diagonal --components 2 --starts 1", 1 << 21),
        ("mixture --covariance spherical --components 2 --starts 1", 1 << 21),
        ("regress --sweeps 20", 3 << 20),
        ("regress --sweeps 5 --prior relevance", 3 << 20),
        ("regress --sweeps 5 --factorised", 1 << 21),
        ("factors --latent 2 --starts 1 --sweeps 5", 1 << 21),
        ("hmm --states 2 --starts 1 --sweeps 5", 1 << 21),
        ("state-space --states 2 --starts 1 --sweeps 5", 1 << 21),
    ] {
        place.succeeds(&format!("{verb} --data wide.csv --name run"));
        for file in ["config.toml", "model.json", "results.json", "report.html"] {
            let bytes = place.read(&format!("runs/run/{file}")).len();
            assert!(bytes < size, "{verb}: {file} has {bytes} bytes");
        }
        place.succeeds("predict runs/run");
        place.succeeds("sample runs/run -n 2");
        std::fs::remove_dir_all(place.path("runs/run")).unwrap();
    }
}

/// Tables of few rows and many columns have a narrow hidden layer; others, and one that is asked for, as wide a one as ever.
#[test]
fn few_rows_of_many_columns_have_a_narrow_hidden_layer() {
    let place = Place::new();
    let said =
        "hidden      14 (half as many as rows for training, which are a tenth of the columns or fewer)";
    for (rows, columns, more, hidden) in
        [(30, 270, "", "[14]"), (30, 269, "", "[400]"), (30, 270, "--hidden 30,20", "[30, 20]")]
    {
        place.write("wide.csv", table(rows, columns));
        let run = place.succeeds(&format!("train --data wide.csv --epochs 1 --name run {more}"));
        assert_eq!(run.stderr.contains(said), hidden == "[14]", "{}", run.stderr);
        let config = String::from_utf8(place.read("runs/run/config.toml")).unwrap();
        let lines: String =
            config.split_once("hidden = ").unwrap().1.chars().take_while(|&c| c != ']').collect();
        let numbers: Vec<&str> =
            lines.trim_matches(['[', '\n', ' ', ',']).split(',').map(str::trim).collect();
        assert_eq!(format!("[{}]", numbers.join(", ")), hidden, "{config}");
        std::fs::remove_dir_all(place.path("runs/run")).unwrap();
    }
}

/// Columns that move together: an encoder whose steps do not know their number throws z so far that bounds are below -1e8.
#[test]
fn the_encoder_of_many_columns_takes_shorter_steps() {
    let (place, rows, columns) = (Place::new(), 60, 20_000);
    let mut z = vec![0.0; rows];
    Key::new(2).normals(0, &mut z);
    let mut values = vec![0.0; rows * columns];
    Key::new(3).normals(0, &mut values);
    let mut file =
        format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, {columns}), }}").into_bytes();
    file.resize(117, b' ');
    file.push(b'\n');
    let header = [b"\x93NUMPY\x01\x00".as_slice(), &118_u16.to_le_bytes(), &file].concat();
    let cells = values.iter().enumerate().map(|(at, noise)| noise + z[at / columns]);
    let cells = cells.flat_map(f64::to_le_bytes).collect();
    place.write("wide.npy", [header, cells].concat());
    let run = place.succeeds("train --data wide.npy --epochs 30 --name run");
    assert!(run.stderr.contains("encoder-step-size 5.0e-5 (Adam moves "), "{}", run.stderr);
    // Of independent columns: half of ln 2πe, and of ln 2 more for the variance, of each.
    let independent = -0.5 * (2.0 * std::f64::consts::TAU.ln() + 1.0) * columns as f64;
    for line in place.metrics("runs/run") {
        let of: serde_json::Value = serde_json::from_str(&(line + "}")).unwrap();
        let bound = of["validation"]["elbo"]["value"].as_f64().unwrap();
        assert!(bound > 2.0 * independent, "epoch {}: {bound}", of["epoch"]);
    }
}

#[test]
fn factors_of_many_columns_start_once() {
    let place = Place::new();
    for (verb, columns, more, starts) in [
        ("state-space --states 1", 5001, "", 1),
        ("state-space --states 1", 5001, "--starts 2", 2),
        ("state-space --states 1", 50, "", 5),
        ("factors --latent 1", 20_001, "", 1),
        ("factors --latent 1", 20_001, "--starts 2", 2),
        ("factors --latent 1", 50, "", 5),
    ] {
        place.write("wide.csv", table(6, columns));
        let run = place.succeeds(&format!("{verb} --data wide.csv --sweeps 1 --name run {more}"));
        assert_eq!(run.stderr.contains("starts      1 (each takes long with so many columns"), starts == 1);
        assert!(place.text("runs/run/config.toml").contains(&format!("starts = {starts}\n")));
        std::fs::remove_dir_all(place.path("runs/run")).unwrap();
    }
}

#[test]
fn numbers_that_nothing_has_room_for_are_refused() {
    let place = Place::new();
    place.write("few.csv", table(30, 3));
    place.fails("state-space --data few.csv --states 99999", 2, &["--states 99999"], "--states 100 or fewer");
    let message = ["1.5e9 weights, more than 1e9"];
    place.fails("train --data few.csv --hidden 150000000", 2, &message, "--hidden");
    place.succeeds("state-space --data few.csv --column g1 --name level");
    let message = ["4294967295 rows ahead of 1 columns take "];
    place.fails("predict runs/level --forecast 4294967295", 2, &message, "forecast fewer rows");
    let message = ["4294967295 rows ahead of 1 columns take "];
    place.fails(
        "state-space --data few.csv --column g1 --forecast 4294967295",
        2,
        &message,
        "forecast fewer",
    );
    let message = ["4294967295 rows of 1 columns take "];
    place.fails("sample runs/level -n 4294967295", 2, &message, "ask for fewer rows");
    place.refuses("normal --data few.csv --column g1 --threads 20000", &["give a whole number from 1 to "]);
}

/// Weights 0 to 3, against the rows as often, by the program: bounds, and what is said of rows.
#[test]
fn weights_are_so_many_rows() {
    let place = Place::new();
    let text = table(40, 3);
    let (header, rows) = text.split_once('\n').unwrap();
    let weight = |n: usize| n % 4;
    let weighted: String = rows.lines().enumerate().fold(format!("{header},n\n"), |mut out, (n, row)| {
        writeln!(out, "{row},{}", weight(n)).unwrap();
        out
    });
    let repeated: String = rows.lines().enumerate().fold(format!("{header}\n"), |mut out, (n, row)| {
        (0..weight(n)).for_each(|_| writeln!(out, "{row}").unwrap());
        out
    });
    place.write("weighted.csv", &weighted);
    place.write("repeated.csv", repeated);
    for verb in [
        "normal --column g1",
        "regress --target g2",
        "regress --target g2 --prior relevance",
        "factors --latent 1 --starts 1",
        "mixture --components 1 --starts 1",
        "mixture --components 1 --starts 1 --covariance diagonal",
    ] {
        place.succeeds(&format!("{verb} --data weighted.csv --weights n --name w"));
        place.succeeds(&format!("{verb} --data repeated.csv --name r"));
        let elbo = |run: &str| place.results(run)["elbo"].as_f64().unwrap();
        let (got, expected) = (elbo("runs/w"), elbo("runs/r"));
        assert!((got - expected).abs() <= 1e-7 * expected.abs(), "{verb}: {got}, expected {expected}");
        // Each model on the rows of the other: the column of weights is no data.
        let of = |run: &str, file: &str| place.succeeds(&format!("predict {run} --data {file}")).table();
        let ((names, own), (others, other)) = (of("runs/w", "repeated.csv"), of("runs/r", "repeated.csv"));
        assert_eq!(names, others);
        for (a, b) in own.iter().flatten().zip(other.iter().flatten()) {
            // What is a text is no number in both.
            let same = (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-4 * b.abs().max(1.0);
            assert!(same, "{verb}: {a}, expected {b}");
        }
        place.succeeds("predict runs/w");
        place.succeeds("train --config runs/w/config.toml --name again");
        assert_eq!(elbo("runs/again").to_bits(), got.to_bits());
        for run in ["w", "r", "again"] {
            std::fs::remove_dir_all(place.path(&format!("runs/{run}"))).unwrap();
        }
    }
    for (cell, message) in [("-1", "is -1, but a row's weight must be a number ≥ 0"), ("", "NaN")] {
        place.write("wrong.csv", weighted.replacen(",0\n", &format!(",{cell}\n"), 1));
        place.fails(
            "normal --data wrong.csv --weights n --column g1",
            1,
            &[message],
            "a weight is a number such as 1, 2.5 or 0",
        );
    }
    place.refuses("hmm --data weighted.csv --states 2 --weights n", &["--weights"]);
}

/// What takes long is told before it begins, and only there.
#[test]
fn the_cost_of_a_precision_for_each_of_many_columns_is_told_beforehand() {
    let place = Place::new();
    let cell = |n: usize, d: usize| ((n * 7919 + d * 104_729 + n * d * 31) % 1009).to_string();
    let head = (0..3000).map(|d| format!("x{d}")).collect::<Vec<_>>().join(",");
    let lines = (0..20).map(|n| (0..3000).map(|d| cell(n, d)).collect::<Vec<_>>().join(","));
    place.write("wide.csv", std::iter::once(head).chain(lines).collect::<Vec<_>>().join("\n"));
    let said = |arguments: &str| {
        place.succeeds(&format!("regress --data wide.csv --tolerance 0.1 {arguments}")).stderr
    };
    let told = said("--prior relevance --name a");
    let cost = "columns has a precision of its own: a sweep takes about 1e6 multiplications, and the fit \
                may take 5000 sweeps; --sweeps N allows fewer, and --prior ridge needs few\n";
    assert!(told.find(cost).unwrap() < told.find("sweep |").unwrap(), "{told}");
    assert!(!said("--prior relevance --sweeps 100 --name b").contains("cost  "));
    assert!(!said("--prior ridge --name c").contains("cost  "));
}
