//! Models fitted by coordinate ascent: fit, predict, sample, evaluate, and what is refused.

use std::{fmt::Write, fs};

use crate::common::{Place, files, gzip, measurements};

/// Two groups of rows far apart, in the order 0, 1, 0, 1, …
fn groups(rows: usize) -> String {
    let mut text = String::from("a,b\n");
    for row in 0..rows {
        let part = |step: f64| (row as f64 * step).fract() - 0.5;
        let at = if row % 2 == 0 { 0.0 } else { 20.0 };
        writeln!(text, "{},{}", at + part(0.618_034), 2.0 * at + part(0.414_214)).unwrap();
    }
    text
}

#[test]
fn a_mixture_finds_groups_and_says_so() {
    let place = Place::new();
    place.write("groups.csv", groups(200));
    let said = place.succeeds("mixture --data groups.csv -k 4");
    assert_eq!(said.stdout, "runs/groups-mixture\n");
    assert!(said.stderr.contains("2 of 4 have a row or more"), "{said:?}");
    // Squares are no Gaussians, and beside what is between them the prior has them too wide.
    assert!(said.stderr.contains("than p(x) says"), "{said:?}");
    let run = "runs/groups-mixture";
    let names = ["config.toml", "metrics.jsonl", "model.json", "report.html", "results.json", "state.json"];
    assert_eq!(files(&place.path(run)), names);
    let results = place.results(run);
    let sweeps: Vec<f64> = place
        .text(&format!("{run}/metrics.jsonl"))
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|line| line["start"] == 1)
        .map(|line| line["elbo"].as_f64().unwrap())
        .collect();
    assert!(sweeps.windows(2).all(|pair| pair[1] >= pair[0] - 1e-9), "{sweeps:?}");
    let sum = ["log_likelihood", "global"].iter().map(|t| results[*t].as_f64().unwrap()).sum::<f64>();
    let elbo = results["elbo"].as_f64().unwrap();
    assert!((sum - results["kl"].as_f64().unwrap() - elbo).abs() < 1e-9);

    let (header, rows) = place.succeeds(&format!("predict {run}")).told();
    assert_eq!(header, ["component", "p_1", "p_2", "p_3", "p_4", "log_density"]);
    assert!(rows.windows(2).all(|pair| pair[0][0] != pair[1][0]), "rows come from the two in turn");
    assert!(rows.iter().all(|row| (row[1..5].iter().sum::<f64>() - 1.0).abs() < 1e-9));
    // One row more, with a cell missing.
    place.write("more.csv", "a,b\n0.1,\n20,40\n");
    let (_, more) = place.succeeds(&format!("predict {run} --data more.csv")).told();
    assert_eq!((more[0][0], more[1][0]), (rows[0][0], rows[1][0]));

    let (header, drawn) = place.succeeds(&format!("sample {run} -n 300")).table();
    assert_eq!(header, ["a", "b", "component"]);
    // Now and then a row is drawn from the prior, for a component that has none.
    let near = drawn.iter().filter(|row| (row[1] - 2.0 * row[0]).abs() < 10.0).count();
    assert!(near > 280, "{near}");
    let said = place.succeeds(&format!("evaluate {run} --data more.csv"));
    assert!(said.stdout.starts_with("term,nats_per_row,standard_error,is\nlog_density,"));
}

#[test]
fn a_fit_has_the_same_bits_for_any_number_of_threads() {
    let place = Place::new();
    place.write("data.csv", measurements(700));
    for threads in [1, 2] {
        place.succeeds(&format!(
            "--threads {threads} mixture --data data.csv -k 3 --starts 2 --name t{threads}"
        ));
    }
    assert_eq!(place.metrics("runs/t1"), place.metrics("runs/t2"));
    assert_eq!(place.text("runs/t1/model.json"), place.text("runs/t2/model.json"));
}

#[test]
fn every_kind_of_mixture_is_fitted() {
    let place = Place::new();
    place.write("data.csv", groups(60));
    place.write("bits.csv", "a,b,c\n1,0,\n0,1,1\n1,0,1\n0,1,0\n1,,0\n0,1,1\n");
    for kind in [
        "--covariance tied",
        "--covariance diagonal",
        "--covariance spherical --anneal 0.4",
        "--share-prior dirichlet-process --start random",
        "--online --epochs 3 --batch 20",
    ] {
        place.succeeds(&format!("mixture --data data.csv -k 3 --starts 2 {kind}"));
    }
    let said = place.succeeds("mixture --data bits.csv -k 2 --name bits");
    assert!(said.stderr.contains("missing     2 cells of 18"), "{said:?}");
    let (header, rows) = place.succeeds("sample runs/bits -n 5").table();
    assert_eq!(header, ["a", "b", "c", "component"]);
    assert!(rows.iter().all(|row| row[..3].iter().all(|x| *x == 0.0 || *x == 1.0)));
}

#[test]
fn a_column_is_a_gaussian_sample() {
    let place = Place::new();
    place.write("data.csv", "kind,x,y\na,1,5\nb,2,\nc,3,7\nd,4,8\n");
    let said = place.succeeds("normal --data data.csv --column x");
    assert!(said.stderr.contains("mean        2.500000 ± 0.6454"), "{said:?}");
    let (header, rows) = place.succeeds("predict runs/data-normal").table();
    assert_eq!(header, ["row", "label", "log_density", "log_density_is"]);
    assert!(rows[1][2] > rows[0][2]);
    place.fails("normal --data data.csv", 2, &["has 2 columns"], "name one of x, y");
    place.fails("normal --data data.csv --column z", 2, &["has no column `z`"], "name one of x, y");
}

/// What cannot be fitted leaves no run folder.
fn unfit(bytes: impl AsRef<[u8]>, verb: &str, message: &[&str], hint: &str) {
    let place = Place::new();
    let name = if bytes.as_ref().starts_with(&[0x1f, 0x8b]) { "data.csv.gz" } else { "data.csv" };
    place.write(name, bytes);
    place.fails(&format!("{verb} --data {name}"), 1, message, hint);
    assert_eq!(files(&place.path("")), [name]);
}

#[test]
fn what_is_wrong_with_rows_is_said() {
    let hint = "leave the column out";
    unfit("a,b\n,2\n,3\n,5\n", "mixture --columns a,b", &["column `a` has no value"], hint);
    let hint = "there is nothing to model; is this the right file?";
    let constant = ["a,b\n1,2\n1,2\n1,2\n", "b\n1.000000000001\n1.000000000003\n1.000000000002\n"];
    for text in constant {
        unfit(text, "mixture", &["every column is constant"], hint);
    }
    unfit(
        "a,b\n1,2\ninf,3\n1,5\n",
        "mixture",
        &["column `a` line 3 is `inf`, which is not a finite"],
        "mend the cell",
    );
    unfit(
        "a,b\n1,2\n2,3\n0,1\n",
        "mixture --family bernoulli",
        &["column `b` line 2 is 2, but cells of a Bernoulli mixture must be 0 or 1"],
        "--family gaussian",
    );
    unfit(
        "a,b\n1,x\n2,y\n3,1\nz,4\n",
        "mixture",
        &["column `a` line 5 is `z`, which is not a number"],
        "--type a=text",
    );
    unfit("", "mixture", &["is empty"], "");
    let whole = gzip(measurements(500).as_bytes());
    unfit(&whole[..whole.len() / 2], "mixture", &["is truncated"], "fetch or compress");
    let place = Place::new();
    place.write("data.csv", groups(20));
    place.succeeds("mixture --data data.csv -k 2 --name m");
    place.write("narrow.csv", "a\n1\n2\n");
    place.fails("predict runs/m --data narrow.csv", 1, &["has no column `b`"], "needed are a, b");
    let model = place.text("runs/m/model.json");
    let (before, after) = model.split_once("\"mean\":[").unwrap();
    place.write("runs/m/model.json", format!("{before}\"mean\":[1{after}"));
    place.fails(
        "predict runs/m",
        1,
        &["model.json` has changed since elbo wrote it"],
        "`elbo train` with --config",
    );
    place.write("runs/m/model.json", &model[..model.len() / 2]);
    place.fails("predict runs/m", 1, &["is not a model that elbo wrote"], "give a run folder");
    place.write("runs/m/model.json", "{}");
    place.fails("predict runs/m", 1, &["is not a model that elbo wrote"], "give a run folder");
    place.fails("predict none", 1, &["`none` does not exist"], "give a run folder");
    place.refuses("mixture --data data.csv --components 0", &["components"]);
}

/// More components than rows, and duplicate rows, are no error.
#[test]
fn few_rows_are_enough() {
    let place = Place::new();
    place.write("data.csv", "a,b\n1,2\n1,2\n1,2\n2,3\n");
    place.succeeds("mixture --data data.csv -k 10");
    // A number that is none would be `null`.
    let text = place.text("runs/data-mixture/model.json");
    let (_, posterior) = text.split_once("\"posterior\"").unwrap();
    assert!(!posterior.contains("null"), "{text}");
}

/// y = 3 + 2 a − b and nothing of c, with a little noise.
fn lines(rows: usize) -> String {
    let mut text = String::from("a,b,c,y\n");
    for row in 0..rows {
        let part = |step: f64| (row as f64 * step).fract() - 0.5;
        let (a, b, c) = (10.0 * part(0.618_034), part(0.414_214), 100.0 * part(0.732_051));
        writeln!(text, "{a},{b},{c},{}", 3.0 + 2.0 * a - b + 0.01 * part(0.236_068)).unwrap();
    }
    text
}

#[test]
fn a_regression_finds_its_coefficients() {
    let place = Place::new();
    place.write("data.csv", lines(80));
    for (name, options) in [
        ("ridge", ""),
        ("ard", "--prior relevance"),
        ("flat", "--prior known --weight-sd 1000 --conjugate"),
        ("apart", "--factorised --unscaled"),
    ] {
        let said = place.succeeds(&format!("regress --data data.csv --target y --name {name} {options}"));
        assert!(said.stderr.contains("explained   100.0 %"), "{said:?}");
        assert_eq!(said.stderr.contains("log p(y)"), name == "flat", "{said:?}");
        // Columns in another order, and without the target.
        place.write("new.csv", "c,b,a\n1,0,1\n2,1,0\n");
        let (header, rows) = place.succeeds(&format!("predict runs/{name} --data new.csv")).told();
        assert_eq!(header, ["y_mean", "y_mean_sd", "y_sd", "y_low_95", "y_high_95"]);
        // Of a Gaussian 1.96 standard deviations on either side; Student's t of 80 rows is hardly wider.
        for row in &rows {
            let reach = [row[0] - row[3], row[4] - row[0]].map(|part| part / row[2]);
            assert!(reach.iter().all(|part| (part - 1.96).abs() < 0.02), "{reach:?}");
        }
        assert!((rows[0][0] - 5.0).abs() < 0.02 && (rows[1][0] - 2.0).abs() < 0.02, "{rows:?}");
        assert!(rows.iter().all(|row| row[1] < row[2] && row[2] < 0.1), "{rows:?}");
        // x of the rows of the fit, as many as are asked for.
        let (header, drawn) = place.succeeds(&format!("sample runs/{name} -n 200")).table();
        assert_eq!((header.join(",").as_str(), drawn.len()), ("a,b,c,y", 200));
        let (_, of_fit) = crate::common::table(&lines(80));
        assert!(drawn.iter().all(|row| of_fit.iter().any(|old| old[..3] == row[..3])));
        assert!(drawn.iter().all(|row| (row[3] - 3.0 - 2.0 * row[0] + row[1]).abs() < 0.05), "{drawn:?}");
        let said = place.succeeds(&format!("evaluate runs/{name}"));
        let density: f64 = said.stdout.lines().nth(1).unwrap().split(',').nth(1).unwrap().parse().unwrap();
        assert!(density > 2.0, "{said:?}");
    }
    let results = place.results("runs/flat");
    let evidence = place.text("runs/flat/report.html");
    assert!(results["elbo"].as_f64().unwrap().is_finite() && evidence.contains("nats, exact"));
    place.fails("regress --data data.csv --target z", 2, &["has no column `z`"], "name one of a, b, c, y");
    place.write("holes.csv", "a,y\n1,2\n2,\n,4\n4,5\n");
    place.fails(
        "regress --data holes.csv",
        1,
        &["1 of 4 rows lacks a predictor; first, column `a` line 4 is missing"],
        "--drop-incomplete",
    );
    place.write("y.csv", "y\n1\n2\n3\n");
    place.fails("regress --data y.csv", 2, &["has one column"], "elbo normal");
    place.write("new.csv", "a,b\n1,2\n2,3\n");
    place.fails("predict runs/ridge --data new.csv", 1, &["has no column `c`"], "needed are a, b, c");
    place.refuses("regress --data data.csv --prior known", &["--weight-sd"]);
}

/// The coefficients of a run, by name.
fn coefficients(place: &Place, run: &str) -> Vec<(String, [f64; 3])> {
    let all = place.results(run)["coefficients"].as_array().unwrap().clone();
    let of = |c: &serde_json::Value| {
        (c["name"].as_str().unwrap().into(), ["mean", "low", "high"].map(|key| c[key].as_f64().unwrap()))
    };
    all.iter().map(of).collect()
}

#[test]
fn units_change_nothing_but_units() {
    let place = Place::new();
    let (_, rows) = crate::common::table(&lines(40));
    let write = |name: &str, [offset, unit]: [f64; 2]| {
        let line = |row: &Vec<f64>| {
            let [a, b, c] = [row[0], row[1], row[2]].map(|x| x * unit + offset);
            format!("{a},{b},{c},{}\n", row[3] * unit + offset)
        };
        place.write(name, format!("a,b,c,y\n{}", rows.iter().map(line).collect::<String>()));
    };
    write("plain.csv", [0.0, 1.0]);
    place.succeeds("regress --data plain.csv --name plain");
    place.succeeds("normal --data plain.csv --column y --name of-plain");
    for (name, offset, unit) in [("great", 5e9, 1e9), ("small", 2e-9, 1e-9)] {
        write(&format!("{name}.csv"), [offset, unit]);
        place.succeeds(&format!("regress --data {name}.csv --name {name}"));
        let (plain, other) =
            (coefficients(&place, "runs/plain"), coefficients(&place, &format!("runs/{name}")));
        // y = w₀ + Σ w_d x_d, and so of the others: unit w₀ + offset (1 − Σ w_d).
        let intercept =
            unit * plain[0].1[0] + offset * (1.0 - plain[1..].iter().map(|c| c.1[0]).sum::<f64>());
        assert!((other[0].1[0] - intercept).abs() < 1e-6 * unit, "{intercept} {other:?}");
        for (plain, other) in plain[1..].iter().zip(&other[1..]) {
            assert!(plain.1.iter().zip(other.1).all(|(a, b)| (a - b).abs() < 1e-6), "{plain:?} {other:?}");
        }
        let bound = |run: &str| place.results(run)["elbo"].as_f64().unwrap();
        let moved = bound("runs/plain") - 40.0 * unit.ln();
        assert!((bound(&format!("runs/{name}")) - moved).abs() < 1e-4, "{moved}");
        for (data, run) in [("plain", "conjugate"), (name, &format!("conjugate-{name}"))] {
            let prior = "--prior known --weight-sd 3 --conjugate";
            place.elbo(&format!("regress --data {data}.csv {prior} --name {run}"));
        }
        let moved = bound("runs/conjugate") - 40.0 * unit.ln();
        assert!((bound(&format!("runs/conjugate-{name}")) - moved).abs() < 1e-4, "{moved}");
        let density = |run: &str| place.succeeds(&format!("evaluate runs/{run}")).table().1[0][1];
        assert!((density("plain") - unit.ln() - density(name)).abs() < 1e-5);
        let predicted = |run: &str| place.succeeds(&format!("predict runs/{run}")).told().1;
        for (plain, other) in predicted("plain").iter().zip(predicted(name)) {
            assert!((plain[0] * unit + offset - other[0]).abs() < 1e-6 * unit);
            assert!((plain[2] * unit / other[2] - 1.0).abs() < 1e-6);
        }
        place.succeeds(&format!("normal --data {name}.csv --column y --name of-{name}"));
        let moved = bound("runs/of-plain") - 40.0 * unit.ln();
        assert!((bound(&format!("runs/of-{name}")) - moved).abs() < 1e-4, "{moved}");
    }
    // The intercept is the target where all columns are 0.
    let plain = coefficients(&place, "runs/plain");
    let [mean, low, high] = plain[0].1;
    assert_eq!(plain[0].0, "intercept");
    assert!((mean - 3.0).abs() < 0.01 && low < 3.0 && 3.0 < high && high - low < 0.02, "{plain:?}");
}

#[test]
fn without_an_intercept_a_regression_goes_through_the_origin() {
    let place = Place::new();
    let rows: Vec<[f64; 2]> =
        (0..30).map(|n| [5.0 + f64::from(n % 7), 3.0 * f64::from(5 + n % 7) + f64::from(n % 3)]).collect();
    let line = |[x, y]: &[f64; 2]| format!("{x},{y}\n");
    let text: String = rows.iter().map(line).collect();
    place.write("data.csv", format!("x,y\n{text}"));
    let said = place.succeeds("regress --data data.csv --no-intercept --name origin");
    assert!(!said.stderr.contains("explained"), "{said:?}");
    let least = rows.iter().map(|[x, y]| x * y).sum::<f64>() / rows.iter().map(|[x, _]| x * x).sum::<f64>();
    let found = coefficients(&place, "runs/origin");
    assert!(found.len() == 1 && (found[0].1[0] / least - 1.0).abs() < 1e-3, "{found:?} {least}");
    place.write("new.csv", "x\n0\n1\n");
    let (_, predicted) = place.succeeds("predict runs/origin --data new.csv").told();
    assert!(predicted[0][0].abs() < 1e-9 && (predicted[1][0] / least - 1.0).abs() < 1e-3, "{predicted:?}");
}

#[test]
fn columns_without_names_are_found_by_their_places() {
    let place = Place::new();
    let (_, rows) = crate::common::table(&lines(40));
    let line = |row: &Vec<f64>, label: &str| format!("{label}{},{},{},{}\n", row[0], row[1], row[2], row[3]);
    place.write("fit.csv", rows.iter().map(|row| line(row, "7,")).collect::<String>());
    let inputs = |row: &Vec<f64>| format!("{},{},{}\n", row[0], row[1], row[2]);
    place.write("bare.csv", rows.iter().map(|row| line(row, "")).collect::<String>());
    place.write("inputs.csv", rows.iter().map(inputs).collect::<String>());
    place.write("named.csv", lines(40));
    place.succeeds("regress --data fit.csv --label-column 1 --name r");
    let predicted = |data: &str| place.succeeds(&format!("predict runs/r {data}")).table().1;
    let column = |rows: Vec<Vec<f64>>| rows.iter().map(|row| row[0]).collect::<Vec<f64>>();
    for other in ["bare", "inputs", "named"] {
        assert_eq!(column(predicted("")), column(predicted(&format!("--data {other}.csv"))), "{other}");
    }
    place.write("short.csv", "1,2\n");
    place.fails(
        "predict runs/r --data short.csv",
        1,
        &["columns, but 4 are needed"],
        "--label-column NUMBER",
    );
}

#[test]
fn what_is_out_of_range_is_refused() {
    let place = Place::new();
    place.write("huge.csv", "a,b\n1,2\n2,-1e300\n3,1\n");
    for verb in ["mixture", "regress", "factors", "normal --column b", "hmm", "state-space"] {
        place.fails(&format!("{verb} --data huge.csv"), 1, &["column `b` line 3 is -1e300"], "other units");
    }
    place.write("few.csv", "a,b\n1,2\n2,3\n3,1\n");
    place.fails("mixture --data few.csv -k 101", 2, &["3 rows: --components 101 are more"], "100 or fewer");
    place.fails("hmm --data few.csv -k 101", 2, &["3 rows: --states 101 are more"], "100 or fewer");
    place.write("same.csv", "a,b,y\n1,7,2\n2,7,3\n3,7,5\n");
    let said = place.succeeds("regress --data same.csv --name r");
    assert!(said.stderr.contains("column `b` does not vary"), "{said:?}");
    place.write("gap.csv", "a,b\n1,7\n,7\n");
    let said = place.succeeds("predict runs/r --data gap.csv");
    assert!(said.stderr.contains("1 rows lack cells"), "{said:?}");
    // A row alone has no standard error.
    assert!(place.succeeds("evaluate runs/r --rows 1").stdout.ends_with(",,estimate\n"));
}

#[test]
fn factors_fill_cells_that_are_missing() {
    let place = Place::new();
    let whole = measurements(300);
    place.write("whole.csv", &whole);
    place.write("depth.csv", "height,depth,mass\n12.23,,300\n,-20.1,\n10,-20,300\n");
    for (name, options) in [("fa", ""), ("pca", "--pca"), ("raw", "--unscaled --starts 1")] {
        place.succeeds(&format!("factors --data whole.csv --latent 2 --name {name} {options}"));
        let (header, rows) = place.succeeds(&format!("reconstruct runs/{name} --data depth.csv")).told();
        assert_eq!(header, ["height", "depth", "mass", "height_sd", "depth_sd", "mass_sd"]);
        // What is there stays, to the bit, and is known.
        let (_, given) = crate::common::table(&place.text("depth.csv"));
        for (cell, given) in rows.iter().flat_map(|row| row[..3].iter().zip(&row[3..])).zip(given.concat()) {
            assert!(
                given.is_nan() && *cell.1 > 0.0 || *cell.0 == given && *cell.1 == 0.0,
                "{cell:?} {given}"
            );
        }
        let (_, first) =
            place.succeeds(&format!("reconstruct runs/{name} --data depth.csv --rows 2 --first")).told();
        assert_eq!(first, rows[..2]);
        // A row half-way up in its height lies half-way up in its depth, give or take what b does.
        assert!((rows[0][1] + 18.5).abs() < 1.0 && rows[0][4] < 1.5, "{rows:?}");
        let (header, rows) = place.succeeds(&format!("predict runs/{name} --data depth.csv")).told();
        assert_eq!(header, ["z_1_mean", "z_2_mean", "z_1_sd", "z_2_sd", "log_density"]);
        assert!(rows.iter().flatten().all(|x| x.is_finite()), "{rows:?}");
        let (_, drawn) = place.succeeds(&format!("sample runs/{name} -n 500")).table();
        assert!((crate::common::mean(&drawn, 2) - 300.0).abs() < 5.0);
        place.succeeds(&format!("evaluate runs/{name} --data depth.csv"));
    }
    place.fails(
        "factors --data whole.csv --latent 9",
        2,
        &["9 latent dimensions are more than the 3"],
        "--latent 3",
    );
    place.write("groups.csv", groups(20));
    place.succeeds("mixture --data groups.csv -k 2 --name m");
    place.fails("reconstruct runs/m", 2, &["this model reconstructs nothing"], "elbo predict");
}

#[test]
fn columns_are_found_by_their_names() {
    let place = Place::new();
    place.write("data.csv", groups(60));
    place.succeeds("mixture --data data.csv -k 2 --name m");
    place.succeeds("normal --data data.csv --column b --name n");
    place.write("rows.csv", "a,b\n0.1,0.2\n20,40\n20,\n");
    let said = |run: &str, file: &str| place.succeeds(&format!("predict runs/{run} --data {file}")).stdout;
    let (of_rows, of_b) = (said("m", "rows.csv"), said("n", "rows.csv"));
    place.write("turned.csv", "c,b,a\n7,0.2,0.1\n8,40,20\n9,,20\n");
    place.write("bare.csv", "0.1,0.2\n20,40\n20,\n");
    place.write("b.csv", "b\n0.2\n40\n\"\"\n");
    assert_eq!(of_rows, said("m", "turned.csv"));
    assert_eq!(of_rows, said("m", "bare.csv"), "without names by their places");
    assert_eq!((of_b.clone(), of_b), (said("n", "turned.csv"), said("n", "b.csv")));
    let hint = "needed are a, b";
    place.fails("predict runs/m --data b.csv", 1, &["b.csv` has no column `a`"], hint);
    place.write("bare.csv", "1,2,3\n4,5,6\n");
    place.fails("predict runs/m --data bare.csv", 1, &["3 columns, but 2 are needed"], hint);
    // One row is enough for a model, and too few for a fit.
    place.write("row.csv", "a,b\n20,40\n");
    let (header, row) = (of_rows.lines().next().unwrap(), of_rows.lines().nth(2).unwrap());
    let row = row.strip_prefix("2,").unwrap();
    assert_eq!(said("m", "row.csv"), format!("{header}\n1,{row}\n"));
    place.fails("mixture --data row.csv", 1, &["has 1 rows, but at least 2"], "more rows");
    place.write("twice.csv", "a,b,a\n1,2,3\n4,5,6\n");
    for verb in ["mixture", "regress --target b", "predict runs/m"] {
        place.fails(&format!("{verb} --data twice.csv"), 1, &["has two columns `a`"], "a name of its own");
    }
}

#[test]
fn new_rows_come_with_the_label_of_the_fit_or_without() {
    let place = Place::new();
    let label = |row: usize| if row == 0 { "kind".into() } else { (row % 3).to_string() };
    let labelled: Vec<String> =
        lines(60).lines().enumerate().map(|(row, line)| format!("{},{line}", label(row))).collect();
    place.write("data.csv", labelled.join("\n"));
    for fit in ["mixture -k 2", "regress --target y", "factors --latent 1"] {
        let name = fit.split(' ').next().unwrap();
        place.succeeds(&format!("{fit} --data data.csv --label-column kind --name {name}"));
        place.write("with.csv", "a,kind,b,c,y\n1,2,0,1,5\n0,1,1,2,\n");
        place.write("without.csv", "a,b,c,y\n1,0,1,5\n0,1,2,\n");
        let said = |file: &str| place.succeeds(&format!("predict runs/{name} --data {file}")).stdout;
        let (with, without) = (said("with.csv"), said("without.csv"));
        let bare = |line: &str| {
            let cells: Vec<&str> = line.splitn(3, ',').collect();
            format!("{},{}", cells[0], cells[2])
        };
        assert_eq!(with.lines().map(bare).collect::<Vec<_>>(), without.lines().collect::<Vec<_>>());
        assert!(with.lines().nth(1).unwrap().starts_with("1,2,"), "{with}");
        place.succeeds(&format!("evaluate runs/{name} --data without.csv"));
        // The label is not what is missing.
        place.write("narrow.csv", "a,c,y\n1,1,5\n");
        place.fails(&format!("predict runs/{name} --data narrow.csv"), 1, &["no column `b`"], "needed are");
    }
}

#[test]
fn rows_that_lack_what_a_figure_is_of_are_left_out_of_it() {
    let place = Place::new();
    place.write("data.csv", lines(80));
    place.succeeds("regress --data data.csv --target y --name r");
    place.succeeds("mixture --data data.csv -k 2 --name m");
    place.succeeds("factors --data data.csv --latent 1 --name f");
    place.succeeds("normal --data data.csv --column y --name n");
    place.write("more.csv", "kind,a,b,c,y\nu,1,0,1,5\nv,,1,0,2\nw,1,1,0,\nx,,,,\n");
    for (run, is, known) in [
        ("r", "estimate", [true, false, false, false]),
        ("m", "exact", [true, true, true, false]),
        ("f", "estimate", [true, true, true, false]),
        ("n", "exact", [true, true, false, false]),
    ] {
        let said = place.succeeds(&format!("evaluate runs/{run} --data more.csv --output of.csv"));
        let seen = known.iter().filter(|known| **known).count();
        let rows = if seen == 1 { "1 row".into() } else { format!("{seen} rows") };
        assert!(said.stderr.contains(&format!("{rows}: log_density, log p(")), "{said:?}");
        assert!(said.stdout.ends_with(&format!(",{is}\n")), "{said:?}");
        let lack = if seen == 3 { "1 row lacks".into() } else { format!("{} rows lack", 4 - seen) };
        assert!(said.stderr.contains(&format!("{lack} the cells")), "{said:?}");
        assert!(!said.stderr.contains("took part in the fit"), "{said:?}");
        assert_eq!(said.stderr.contains("the parameters at their means"), run == "f", "{said:?}");
        // A line for each row, so that they can be joined.
        let text = place.text("of.csv");
        assert!(text.starts_with("row,label,log_density,log_density_is\n"), "{text}");
        assert!(text.ends_with("4,x,NaN,\n"), "{text}");
        let (_, rows) = crate::common::told(&text);
        assert_eq!(rows.iter().map(|row| row[0].is_finite()).collect::<Vec<_>>(), known);
        let mean = rows.iter().map(|row| row[0]).filter(|x| x.is_finite()).sum::<f64>() / seen as f64;
        assert!((said.table().1[0][1] - mean).abs() < 1e-6);

        let said = place.succeeds(&format!("evaluate runs/{run} --rows 20 --output of.csv"));
        assert!(said.stdout.starts_with("term,nats_per_row_of_20_of_80,standard_error,is\n"), "{said:?}");
        assert!(said.stderr.contains("took part in the fit"), "{said:?}");
        let all = place.succeeds(&format!("evaluate runs/{run} --output all.csv"));
        assert!(all.stdout.starts_with("term,nats_per_row,standard_error,is\n"), "{all:?}");
        let (_, all) = crate::common::table(&place.text("all.csv"));
        let (header, some) = crate::common::table(&place.text("of.csv"));
        assert_eq!((header[0].as_str(), some.len()), ("row", 20));
        assert!(some.iter().all(|row| all[row[0] as usize - 1][1] == row[1]), "{some:?}");
    }
    // What is not given cannot be predicted from.
    let (_, rows) = place.succeeds("predict runs/r --data more.csv").told();
    assert!((rows[0][0] - 5.0).abs() < 0.05 && (rows[2][0] - 4.0).abs() < 0.05, "{rows:?}");
    assert!([1, 3].iter().all(|&row: &usize| rows[row][..3].iter().all(|x| x.is_nan())), "{rows:?}");
    place.write("blank.csv", "a,b,c,y\n1,2,3,\n");
    place.fails(
        "evaluate runs/r --data blank.csv",
        1,
        &["no row of", "blank.csv` has all the cells that log p(y | x, the fit's rows) needs"],
        "it is of a, b, c, y",
    );
}

#[test]
fn what_does_not_fit_the_model_is_refused() {
    let place = Place::new();
    place.write("data.csv", groups(40));
    place.succeeds("mixture --data data.csv -k 2 --name m");
    place.succeeds("train --data data.csv --epochs 1 --latent 1 --hidden 4 --name vae");
    for argument in ["--samples 3", "--kl monte-carlo", "--importance-samples 9", "--annealed"] {
        let name = argument.split(' ').next().unwrap();
        place.fails(&format!("evaluate runs/m {argument}"), 2, &[name, "is for auto-encoders"], "leave --");
    }
    // What an auto-encoder says of a row are its latents.
    let [predicted, encoded] =
        ["predict runs/vae/model.safetensors", "encode runs/vae"].map(|words| place.succeeds(words).stdout);
    assert_eq!(predicted, encoded);
    place.fails("encode runs/m/model.json", 2, &["model.json` is no auto-encoder"], "elbo predict");
    for verb in ["audit", "infer", "encode"] {
        place.fails(&format!("{verb} runs/m"), 2, &["`runs/m` is no auto-encoder"], "elbo predict");
    }
    // The rows of the fit are those that were fitted to.
    place.write("data.csv", groups(41));
    for verb in ["predict", "evaluate"] {
        let hint = "--data PATH takes its rows as new ones";
        place.fails(&format!("{verb} runs/m"), 1, &["data.csv` is not the data of this run"], hint);
    }
    let (_, rows) = place.succeeds("predict runs/m --data data.csv").table();
    assert_eq!(rows.len(), 41);
    std::fs::remove_file(place.path("data.csv")).unwrap();
    place.fails("predict runs/m", 1, &["cannot read"], "--data PATH says where the rows are now");
    place.refuses("assign runs/m", &["unrecognized subcommand"]);
}

/// Rows on disk are scaled where they lie, to the same bits.
#[test]
fn rows_in_a_file_and_in_memory_are_the_same_fit() {
    let place = Place::new();
    place.write("data.csv", lines(300));
    for verb in ["regress", "factors --latent 2", "state-space --states 1 --sweeps 5 --starts 1"] {
        let name = verb.split(' ').next().unwrap();
        for (run, memory) in [("held", ""), ("file", "--memory 1K")] {
            let said = place.succeeds(&format!("{verb} --data data.csv {memory} --name {run}-{name}"));
            assert_eq!(said.stderr.contains("lie in a temporary file"), run == "file", "{said:?}");
        }
        let model = |run: &str| place.text(&format!("runs/{run}-{name}/model.json"));
        assert_eq!(model("held"), model("file"));
        let predicted = |memory: &str| place.succeeds(&format!("predict runs/held-{name} {memory}")).stdout;
        assert_eq!(predicted(""), predicted("--memory 1K"));
    }
}

/// What is read is never written over, whatever path or link leads to it.
#[test]
fn an_output_spares_the_data() {
    let place = Place::new();
    let text = groups(60);
    place.write("ow.csv", &text);
    place.write("new.csv", groups(20));
    place.write("parts/one.csv", groups(20));
    place.succeeds("factors --data ow.csv --latent 1 --name fit");
    fs::hard_link(place.path("ow.csv"), place.path("hard.csv")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(place.path("ow.csv"), place.path("soft.csv")).unwrap();
    let links: &[&str] = if cfg!(unix) { &["hard.csv", "soft.csv"] } else { &["hard.csv"] };
    let refused = |verb: &str, output: &str| {
        let message = format!("`{output}` holds the data, and they would be overwritten");
        place.fails(&format!("{verb} --output {output}"), 2, &[&message], "another name");
    };
    for own in ["model.json", "results.json"] {
        let message = format!("`runs/fit/{own}` is a file of a run, and it would be overwritten");
        place.fails(&format!("predict runs/fit --output runs/fit/{own}"), 2, &[&message], "another name");
    }
    place.succeeds("predict runs/fit --output runs/fit/rows.json");
    for output in ["ow.csv", "./runs/../ow.csv"].iter().chain(links) {
        refused("predict runs/fit --data ow.csv", output);
        // Those of the fit, whatever is asked about.
        refused("predict runs/fit", output);
        refused("predict runs/fit --data new.csv", output);
    }
    for verb in [
        "evaluate runs/fit",
        "reconstruct runs/fit",
        "sample runs/fit -n 3",
        "traverse runs/fit",
        "interpolate runs/fit --from 1 --to 2",
        "compare runs/fit runs/fit",
        "describe ow.csv",
    ] {
        refused(verb, "ow.csv");
    }
    refused("predict runs/fit --data new.csv", "new.csv");
    refused("predict runs/fit --data parts", "parts/one.csv");
    place.succeeds("predict runs/fit --output z.csv");
    refused("decode runs/fit --data z.csv", "z.csv");
    assert_eq!(place.text("ow.csv"), text);
    // Another file is written over.
    place.succeeds("predict runs/fit --data ow.csv --output new.csv");
    assert!(place.text("new.csv").starts_with("row,z_1_mean,"));
}

/// Where a column of the data is called as what stands before it, that is called otherwise, and said: the table can be read
/// again.
#[test]
fn columns_that_are_renamed_are_told() {
    let place = Place::new();
    let header = |name: &str| groups(40).replacen("a,b", &format!("{name},b"), 1);
    for name in ["row", "label"] {
        let text = header(name).replacen(&format!("{name},b\n"), &format!("{name},b,kind\n"), 1);
        let text = text.replace('\n', ",k\n").replacen("kind,k", "kind", 1);
        place.write("data.csv", text);
        place.succeeds("factors --data data.csv --label-column kind --latent 1 --name fit");
        let said = place.succeeds("reconstruct runs/fit --output out.csv");
        let (what, new) = if name == "row" { ("number", "row_number") } else { ("label", "row_label") };
        let note = format!(
            "note: the {what} of each row is `{new}` in `out.csv`, since the data have a column `{name}`"
        );
        assert!(said.stderr.contains(&note), "{said:?}");
        let front = if name == "row" { "row_number,label" } else { "row,row_label" };
        assert!(
            place.text("out.csv").starts_with(&format!("{front},{name},b,")),
            "{}",
            place.text("out.csv")
        );
        let said = place.succeeds("reconstruct runs/fit");
        assert!(said.stderr.contains(&format!("is `{new}` in the output")), "{said:?}");
        // Cells that were not missing are as they were, so each row has the density that it had.
        let densities = |data: &str| {
            let said = place.succeeds(&format!("predict runs/fit {data}")).stdout;
            let lines = said.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
            let lines: Vec<Vec<String>> = lines.collect();
            let at = lines[0].iter().position(|name| name == "log_density").unwrap();
            lines[1..].iter().map(|line| line[at].clone()).collect::<Vec<String>>()
        };
        assert_eq!(densities("--data out.csv"), densities("--data data.csv"));
        fs::remove_dir_all(place.path("runs/fit")).unwrap();
    }
    place.write("data.csv", groups(40));
    place.succeeds("factors --data data.csv --latent 1 --name fit");
    let said = place.succeeds("reconstruct runs/fit --output out.csv");
    assert!(!said.stderr.contains("note"), "{said:?}");
}

/// Of a row that shows nothing no density is told, and so it is neither exact nor an estimate.
#[test]
fn no_density_is_of_no_kind() {
    let place = Place::new();
    place.write("data.csv", groups(60));
    place.write("gaps.csv", "a,b\n0.1,0.2\n,\n");
    for verb in ["mixture -k 1", "factors --latent 1", "normal --column b", "regress --target b"] {
        place.succeeds(&format!("{verb} --data data.csv --name fit"));
        let said = place.succeeds("predict runs/fit --data gaps.csv");
        if !verb.starts_with("regress") {
            let last = |line: usize| said.stdout.lines().nth(line).unwrap().rsplit(',').next().unwrap();
            assert_eq!(last(0), "log_density_is", "{verb}: {said:?}");
            assert!(["exact", "estimate"].contains(&last(1)), "{verb}: {said:?}");
            assert_eq!(last(2), "", "{verb}: {said:?}");
        }
        place.succeeds("evaluate runs/fit --data gaps.csv --output of-rows.csv");
        let text = place.text("of-rows.csv");
        assert!(!text.lines().nth(1).unwrap().ends_with(','), "{verb}: {text}");
        assert!(text.lines().nth(2).unwrap().ends_with(','), "{verb}: {text}");
        fs::remove_dir_all(place.path("runs/fit")).unwrap();
    }
}
