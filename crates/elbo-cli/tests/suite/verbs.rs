//! What can be done with a fitted model.

use std::{fs, io::Cursor};

use crate::common::{Place, Said, measurements, table};

fn fitted() -> Place {
    let place = Place::new();
    let said = place.succeeds("train digits --epochs 3");
    assert_eq!(said.stdout, "runs/digits\n");
    place
}

/// Width, height and pixels of a grey picture.
fn picture(place: &Place, name: &str) -> (u32, u32, Vec<u8>) {
    let mut reader = png::Decoder::new(Cursor::new(place.read(name))).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    (info.width, info.height, pixels)
}

/// Mean and standard error of the terms that `evaluate` prints.
fn terms(said: &Said) -> [[f64; 2]; 3] {
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert_eq!(lines[0], "term,nats_per_row,standard_error,is");
    assert_eq!(lines.len(), 5);
    assert!(lines[1].starts_with("log_density,") && lines[1].ends_with(",bound"));
    [("elbo", 2), ("log_likelihood", 3), ("kl", 4)].map(|(name, line)| {
        let cells: Vec<&str> = lines[line].split(',').collect();
        assert_eq!(cells[0], name);
        [1, 2].map(|i| cells[i].parse().unwrap())
    })
}

#[test]
fn evaluate_prints_the_bound_and_its_terms() {
    let place = fitted();
    let said = place.succeeds("evaluate runs/digits --output rows.csv");
    let [[elbo, error], [log_likelihood, _], [kl, _]] = terms(&said);
    assert!((elbo - (log_likelihood - kl)).abs() < 2e-6);
    assert!(kl > 0.0 && elbo < log_likelihood && error > 0.0);

    let (header, rows) = table(&place.text("rows.csv"));
    let first = ["row", "label", "log_density", "log_density_is", "elbo", "log_likelihood", "kl"];
    assert_eq!(header, first);
    assert!(rows.iter().enumerate().all(|(n, row)| row[0] == n as f64 + 1.0 && row[2] == row[4]));
    let rows: Vec<Vec<f64>> = rows.into_iter().map(|row| row[4..].to_vec()).collect();
    assert_eq!(rows.len(), 1797);
    for (column, term) in [elbo, log_likelihood, kl].into_iter().enumerate() {
        assert!((crate::common::mean(&rows, column) - term).abs() < 1e-6);
    }
    let variance = rows.iter().map(|row| (row[0] - elbo).powi(2)).sum::<f64>() / 1796.0;
    assert!((error - (variance / 1797.0).sqrt()).abs() < 1e-6);
}

#[test]
fn evaluate_is_a_function_of_its_seed() {
    let place = fitted();
    let first = place.succeeds("evaluate runs/digits --seed 5");
    assert_eq!(first.stdout, place.succeeds("evaluate runs/digits --seed 5").stdout);
    let [[elbo, error], _, [kl, _]] = terms(&first);
    let [[other, _], _, _] = terms(&place.succeeds("evaluate runs/digits --seed 6"));
    assert!(other != elbo && (other - elbo).abs() < 5.0 * error);
    let [[sampled, _], _, [sampled_kl, _]] =
        terms(&place.succeeds("evaluate runs/digits --seed 5 --kl monte-carlo"));
    assert!(sampled_kl != kl && (sampled_kl - kl).abs() < 0.1 && (sampled - elbo).abs() < 0.1);
}

#[test]
fn reconstruct_draws_and_writes() {
    let place = fitted();
    // 40 rows, 20 side by side, each line above its reconstructions: 8x8 pixels, a gap of 1, enlarged 14 times.
    place.succeeds("reconstruct runs/digits --first --output rows.png");
    let (width, height, pixels) = picture(&place, "rows.png");
    assert_eq!((width, height), ((20 * 9 - 1) * 14, (4 * 9 - 1) * 14));
    let at = |x: usize, y: usize| pixels[(14 * y + 7) * width as usize + 14 * x + 7];
    // The first digit, 0 0 5 13 9 1 0 0 of 16, and its blurred reconstruction below it.
    assert_eq!([0, 1, 2, 3, 4].map(|x| at(x, 0)), [0, 0, 80, 207, 143]);
    assert!(at(3, 9) > 60 && at(0, 9) < 30);
    place.succeeds("reconstruct runs/digits --rows 3 --output few.png");
    assert_eq!(picture(&place, "few.png").0, (3 * 9 - 1) * 14);

    let said = place.succeeds("reconstruct runs/digits");
    // The header's names hold commas: count the quotes.
    assert_eq!(said.stdout.lines().next().unwrap().matches('"').count(), 128);
    let (_, rows) = said.table();
    assert_eq!((rows.len(), rows[0].len()), (1797, 66));
    assert!(rows.iter().all(|row| row[2..].iter().all(|value| (0.0..=16.0).contains(value))));
    assert_eq!(rows[..4].iter().map(|row| row[1]).collect::<Vec<_>>(), [0.0, 1.0, 2.0, 3.0]);
    assert_eq!(place.succeeds("reconstruct runs/digits --rows 2 --first").table().1, rows[..2]);
    // Rows that are drawn are those of the table, in its order, and others of another seed.
    let drawn =
        |seed: u64| place.succeeds(&format!("reconstruct runs/digits --rows 30 --seed {seed}")).table().1;
    let some = drawn(0);
    assert!(some.iter().all(|row| *row == rows[row[0] as usize - 1]) && some[29][0] > 100.0);
    assert!(some.windows(2).all(|pair| pair[0][0] < pair[1][0]));
    assert_ne!(some, drawn(1));
}

#[test]
fn sample_draws_rows() {
    let place = fitted();
    let means = place.succeeds("sample runs/digits -n 10");
    let (_, rows) = means.table();
    assert_eq!((rows.len(), rows[0].len()), (10, 64));
    assert!(rows.iter().flatten().any(|value| (1.0..15.0).contains(value)));
    assert_eq!(place.succeeds("sample runs/digits -n 10").stdout, means.stdout);
    assert_ne!(place.succeeds("sample runs/digits -n 10 --seed 1").stdout, means.stdout);

    // Draws of 0 and 1, in the units of the data.
    let (_, drawn) = place.succeeds("sample runs/digits -n 500 --draw").table();
    assert!(drawn.iter().flatten().all(|&value| value == 0.0 || value == 16.0));
    let (_, smooth) = place.succeeds("sample runs/digits -n 500").table();
    // The brightest pixel, with mean near 12 of 16: 500 draws of 0 or 16 have a standard error of 0.3.
    assert!((crate::common::mean(&drawn, 3) - crate::common::mean(&smooth, 3)).abs() < 1.5);

    place.succeeds("sample runs/digits -n 10 --output ten.png");
    let (width, height, _) = picture(&place, "ten.png");
    assert_eq!((width, height), ((4 * 9 - 1) * 14, (3 * 9 - 1) * 14));
    place.succeeds("sample runs/digits -n 10 --output ten.csv");
    assert_eq!(place.text("ten.csv"), means.stdout);
}

#[test]
fn encode_writes_three_formats() {
    let place = fitted();
    let said = place.succeeds("encode runs/digits");
    let (header, rows) = said.table();
    let named = |what: &str| (1..=20).map(|k| format!("z_{k}_{what}")).collect::<Vec<_>>();
    assert_eq!(header, [vec!["row".into(), "label".into()], named("mean"), named("sd")].concat());
    assert_eq!(rows.len(), 1797);
    assert!(rows.iter().all(|row| row[22..].iter().all(|&sd| sd > 0.0 && sd < 2.0)));
    assert_eq!(rows[1796][..2], [1797.0, 8.0]);

    // The matrix of numbers leaves the labels out.
    let said = place.succeeds("encode runs/digits --output codes.npy");
    assert!(said.stderr.contains("note: `codes.npy` holds numbers alone: label left out"), "{said:?}");
    let npy = place.read("codes.npy");
    assert_eq!(&npy[..6], b"\x93NUMPY");
    let data = npy.len() - 1797 * 41 * 8;
    let head = String::from_utf8_lossy(&npy[..data]).into_owned();
    assert!(head.contains("'<f8'") && head.contains("(1797, 41, )") && head.contains("False"), "{head}");
    let values = npy[data..].chunks_exact(8).map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap()));
    assert!(values.eq(rows.iter().flat_map(|row| [&row[..1], &row[2..]].concat())));

    place.succeeds("encode runs/digits --output codes.parquet");
    let parquet = place.read("codes.parquet");
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
    // 40 columns of 64-bit numbers, not compressed.
    assert!(parquet.len() > 1797 * 40 * 8);
}

#[test]
fn a_model_file_is_enough() {
    let place = fitted();
    place.write("elsewhere/a.safetensors", place.read("runs/digits/model.safetensors"));
    let of_run = ["sample -n 4 --draw", "evaluate", "encode"].map(|verb| {
        let (verb, options) = verb.split_once(' ').unwrap_or((verb, ""));
        (verb, options, place.succeeds(&format!("{verb} runs/digits {options}")).stdout)
    });
    fs::remove_dir_all(place.path("runs")).unwrap();
    for (verb, options, stdout) in of_run {
        assert_eq!(place.succeeds(&format!("{verb} elsewhere/a.safetensors {options}")).stdout, stdout);
    }
}

#[test]
fn a_configuration_repeats_its_fit() {
    let place = fitted();
    let said = place.succeeds("train --config runs/digits/config.toml");
    assert_eq!(said.stdout, "runs/digits-2\n");
    place.same_fit("runs/digits", "runs/digits-2");
    let said = place.succeeds("train --config runs/digits/config.toml --runs other --name mine");
    assert_eq!(said.stdout, "other/mine\n");
    assert_eq!(place.metrics("runs/digits"), place.metrics("other/mine"));
    // The names of an image's pixels go without saying.
    assert!(!place.text("runs/digits/config.toml").contains("pixel"));
}

#[test]
fn a_configuration_finds_its_rows_where_they_are_now() {
    let place = Place::new();
    place.write("old.csv", measurements(40));
    place.succeeds("train --data old.csv --label-column kind --hidden 8 --epochs 3 --name first");
    fs::rename(place.path("old.csv"), place.path("new.csv")).unwrap();
    place.succeeds("train --config runs/first/config.toml --data new.csv --name second");
    assert_eq!(place.metrics("runs/first"), place.metrics("runs/second"));
    place.write("new.csv", measurements(41));
    let again = "train --config runs/first/config.toml --data new.csv --name third";
    place.fails(again, 1, &["is not the data of this run"], "restore the file");
}

#[test]
fn outputs_of_no_known_kind_are_refused() {
    let place = fitted();
    let known = "end it in .csv, .npy, .parquet, .json or .png";
    for name in ["rows.jpg", "rows", "rows.csv.gz"] {
        let message = format!("`{name}` ends in no format that can be written here");
        place.fails(&format!("sample runs/digits --output {name}"), 2, &[&message], known);
        place.fails(&format!("reconstruct runs/digits --output {name}"), 2, &[&message], known);
    }
    for verb in ["evaluate", "encode"] {
        let message = ["`rows.png` ends in no format"];
        place.fails(
            &format!("{verb} runs/digits --output rows.png"),
            2,
            &message,
            "end it in .csv, .npy, .parquet or .json",
        );
    }
    let message = ["cannot write `none/rows.csv`: No such file or directory"];
    place.fails("encode runs/digits --output none/rows.csv", 1, &message, "make the folder first");
}

#[test]
fn a_table_has_no_picture() {
    let place = Place::new();
    place.write("data.csv", measurements(40));
    place.succeeds("train --data data.csv --label-column kind --epochs 2");
    for verb in ["sample", "reconstruct"] {
        let message = ["the rows of this model are no images: `rows.png` cannot show them"];
        place.fails(&format!("{verb} runs/data --output rows.png"), 1, &message, "train with --image HxW");
    }
}

#[test]
fn the_data_may_move_away() {
    let place = Place::new();
    place.write("data.csv", measurements(40));
    place.succeeds("train --data data.csv --label-column kind --epochs 2");
    let before = place.succeeds("encode runs/data").stdout;
    fs::rename(place.path("data.csv"), place.path("moved.csv")).unwrap();
    place.succeeds("sample runs/data -n 5");
    for verb in ["evaluate", "encode", "reconstruct"] {
        let message = ["data.csv`: No such file or directory"];
        place.fails(&format!("{verb} runs/data"), 1, &message, "--data PATH says where the rows are now");
    }
    assert_eq!(place.succeeds("encode runs/data --data moved.csv").stdout, before);
    // New rows may come without labels.
    let bare = |line: &str| {
        let cells: Vec<&str> = line.splitn(3, ',').collect();
        format!("{},{}", cells[0], cells[2])
    };
    let bare: Vec<String> = before.lines().map(bare).collect();
    let moved = place.text("moved.csv");
    let unlabelled: Vec<&str> = moved.lines().map(|line| line.rsplit_once(',').unwrap().0).collect();
    place.write("bare.csv", unlabelled.join("\n"));
    assert_eq!(place.succeeds("encode runs/data --data bare.csv").stdout.trim_end(), bare.join("\n"));
}

/// Each recipe is read and asks for its data; other rows than its own are refused.
#[test]
fn recipes_are_configurations() {
    let place = Place::new();
    place.write("rows.csv", "0,1\n1,0\n");
    let recipes = concat!(env!("CARGO_MANIFEST_DIR"), "/../../recipes");
    let mut number = 0;
    for recipe in fs::read_dir(recipes).unwrap() {
        let path = recipe.unwrap().path();
        let train = format!("train --config {}", path.display());
        place.fails(&train, 1, &["cannot read", "-ubyte.gz"], "--data PATH says where the rows are now");
        let other = format!("{train} --data rows.csv");
        place.fails(&other, 1, &["is not the data of this run"], "restore the file");
        number += 1;
    }
    assert!(number >= 3);
}

/// A fit needs two rows; what is fitted takes one, and says of it what it says of it among others.
#[test]
fn one_new_row_is_enough() {
    let place = Place::new();
    let text = measurements(60);
    place.write("data.csv", &text);
    place.succeeds("train --data data.csv --label-column kind --latent 1 --hidden 4 --epochs 1 --name vae");
    let header = text.lines().next().unwrap();
    place.write("row.csv", format!("{header}\n{}\n", text.lines().nth(3).unwrap()));
    for verb in ["encode", "reconstruct"] {
        let all = place.succeeds(&format!("{verb} runs/vae")).stdout;
        let row = place.succeeds(&format!("{verb} runs/vae --data row.csv")).stdout;
        let [header, third] = [0, 3].map(|line| all.lines().nth(line).unwrap());
        let third = third.strip_prefix("3,").unwrap();
        assert_eq!(row, format!("{header}\n1,{third}\n"));
    }
    let figures = place.succeeds("evaluate runs/vae --data row.csv").stdout;
    assert!(figures.contains("elbo,") && !figures.contains("NaN"), "{figures}");
}
