//! What all fits by coordinate ascent share: they are repeated by their configuration, checked before any work, told as
//! data, and judged.

use std::fmt::Write;

use crate::common::{Place, files, measurements};
use serde_json::Value;

/// A place with data for every verb.
fn place() -> Place {
    let place = Place::new();
    place.write("data.csv", measurements(120));
    let mut visits = String::from("who,x,n\n");
    for row in 0..60 {
        writeln!(visits, "{},{},{}", row / 20, 8 * (row / 5 % 2) + row % 3, row / 5 % 2 * 4 + row % 2)
            .unwrap();
    }
    place.write("visits.csv", visits);
    place.write("J.csv", "0,1,-0.5\n1,0,0.3\n-0.5,0.3,0\n");
    place.write("h.csv", "0.2\n-0.1\n0.3\n");
    place.write("two.ldac", "2 0:3 1:1\n2 1:2 2:5\n3 0:1 1:1 2:4\n1 2:2\n");
    place.write("words.txt", "ash\noak\nelm\n");
    place
}

/// Everything that a configuration has to keep is asked for somewhere.
const FITS: [(&str, &str); 10] = [
    ("mixture", "mixture --data data.csv -k 3 --starts 2 --covariance diagonal --anneal 0.4 --seed 3"),
    ("online", "mixture --data data.csv -k 2 --starts 1 --start random --online --epochs 2 --batch 50"),
    ("pixels", "mixture digits -k 2 --starts 1 --covariance spherical --drop-constant --sweeps 5"),
    ("regress", "regress --data data.csv --target depth --prior relevance --unscaled --interval 0.5"),
    ("factors", "factors --data data.csv --label-column kind --latent 2 --pca --starts 2 --seed 4"),
    ("normal", "normal --data data.csv --column mass --prior-mean 290 --conjugate"),
    ("hmm", "hmm --data visits.csv --sequence-column who --states 2 --starts 2 --emission gaussian"),
    (
        "state-space",
        "state-space --data visits.csv --label-column who --states 1 --starts 2 --forecast 3 --sweeps 9",
    ),
    ("ising", "ising --couplings J.csv --fields h.csv --starts 3 --anneal 0.3"),
    (
        "topics",
        "topics --data two.ldac --vocabulary words.txt -k 2 --held-out 0.25 --online --epochs 2 --batch 2",
    ),
];

#[test]
fn a_config_repeats_every_fit() {
    let place = place();
    for (name, fit) in FITS {
        let (one, two) = (format!("runs/{name}"), format!("runs/{name}-2"));
        let first = place.succeeds(&format!("{fit} --name {name}"));
        // From another folder: paths are absolute.
        place.write("elsewhere/note", "");
        let mut again = place.command(&format!("train --config ../{one}/config.toml --runs ../runs"));
        again.current_dir(place.path("elsewhere"));
        let again = crate::common::Said::new(name, again.output().unwrap());
        assert_eq!((again.code, &again.stdout), (first.code, &format!("../{two}\n")), "{again:?}");
        for file in ["config.toml", "model.json"] {
            assert_eq!(place.text(&format!("{one}/{file}")), place.text(&format!("{two}/{file}")), "{name}");
        }
        assert_eq!(place.metrics(&one), place.metrics(&two));
        let timeless = |run: &str| {
            let mut results = place.results(run);
            results["seconds"].take();
            results
        };
        assert_eq!(timeless(&one), timeless(&two));
    }
    place.succeeds("train --config runs/normal/config.toml --name mine --runs other");
    assert!(place.text("other/mine/config.toml").contains("name = \"mine\""));
}

#[test]
fn a_config_is_of_its_data() {
    let place = place();
    place.succeeds("regress --data data.csv --label-column kind --name r");
    let again = "train --config runs/r/config.toml";
    place.write("moved.csv", place.read("data.csv"));
    place.write("data.csv", measurements(121));
    place.fails(again, 1, &["data.csv` is not the data of this run"], "restore the file");
    place.succeeds(&format!("{again} --data moved.csv --name moved"));
    std::fs::remove_file(place.path("data.csv")).unwrap();
    place.fails(again, 1, &["data.csv"], "--data PATH says where the rows are now");
    place.fails(&format!("{again} --test moved.csv"), 2, &["has no test rows"], "leave --test");
    place.fails("train --resume runs/r", 1, &["data.csv`: No such file"], "check the path");
    place.fails(
        "train --resume runs/r --epochs 9",
        2,
        &["--epochs and --patience are of fits by gradients"],
        "--sweeps and --tolerance carry it on",
    );
    let text = place.text("runs/r/config.toml");
    let hint = "give the config.toml of a run folder";
    place.write("a.toml", text.replace("\"regress\"", "\"digress\""));
    place.fails("train --config a.toml --data moved.csv", 1, &["`digress` is no model"], hint);
    place.write("a.toml", text.replace("interval", "intervals"));
    place.fails("train --config a.toml --data moved.csv", 1, &["missing field `interval`"], hint);
    place.write("a.toml", text.replace("name = \"r\"", "name = \"r/s\""));
    place.fails(
        "train --config a.toml --data moved.csv",
        2,
        &["`r/s` cannot be the name of a run"],
        "--runs DIR",
    );
    place.write("a.toml", text.replace("seed", "seeds"));
    place.fails("train --config a.toml", 1, &["`a.toml` is not a configuration of a run", "`seed`"], hint);
}

/// Where the run would lie is checked before the first sweep, and not made before the last.
#[test]
fn a_run_that_cannot_be_made_is_not_fitted() {
    let place = place();
    place.succeeds("normal --data data.csv --column mass --name taken");
    let no_sweep = |arguments: &str, code: i32, message: &str, hint: &str| {
        let said = place.elbo(arguments);
        assert!(!said.stderr.contains("sweep"), "{said:?}");
        said.failed(code, &[message], hint);
    };
    for (name, fit) in FITS {
        no_sweep(&format!("{fit} --name taken"), 1, "`runs/taken` exists already", "another --name");
        no_sweep(&format!("{fit} --runs data.csv/{name}"), 1, "cannot make the folder", "--runs DIR");
    }
    no_sweep(
        "normal --data data.csv --column mass --name a/b",
        2,
        "`a/b` cannot be the name of a run",
        "--runs DIR",
    );
    assert_eq!(files(&place.path("runs")), ["taken"]);
    place.succeeds("normal --data data.csv --column mass --runs deep/er");
    assert_eq!(files(&place.path("deep/er")), ["data-normal"]);
}

fn numbers(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

/// A point on a plane for each row, and a column that says nothing.
fn plane(unit: f64) -> String {
    let mut text = String::from("a,b,y\n");
    for row in 0..60 {
        let part = |step: f64| (f64::from(row) * step).fract() - 0.5;
        let (a, b) = (10.0 * part(0.618_034), 100.0 * part(0.732_051));
        writeln!(text, "{a},{b},{}", unit * (3.0 + 2.0 * a + 0.01 * part(0.236_068))).unwrap();
    }
    text
}

#[test]
fn coefficients_are_data_and_compare_by_the_spread_of_their_columns() {
    let place = Place::new();
    place.write("data.csv", plane(1.0));
    let said = place.succeeds("regress --data data.csv --name scaled");
    assert!(
        said.stderr.contains("\na           1.99") || said.stderr.contains("\na           2.00"),
        "{said:?}"
    );
    place.succeeds("regress --data data.csv --unscaled --name stored");
    for run in ["runs/scaled", "runs/stored"] {
        let results = place.results(run);
        let all = results["coefficients"].as_array().unwrap();
        let names: Vec<&str> = all.iter().map(|c| c["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["intercept", "a", "b"]);
        let of = |place: usize, what: &str| all[place][what].as_f64().unwrap();
        assert!(
            (of(1, "mean") - 2.0).abs() < 0.01
                && of(1, "low") < of(1, "mean")
                && of(1, "mean") < of(1, "high")
        );
        assert!(of(2, "low") < 0.0 && of(2, "high") > 0.0);
        assert!(all[0]["deviation"].is_null());
        // Of numbers spread evenly over 10 the standard deviation is 10/√12.
        assert!((of(1, "deviation") / (10.0 / 12f64.sqrt()) - 1.0).abs() < 0.05, "{run}");
    }
    // One coefficient says something, so its bar is the longest: its point near the end, or beyond it.
    let report = place.text("runs/stored/report.html");
    let points: Vec<f64> = report
        .split("<circle cx=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next()?.parse().ok())
        .take(2)
        .collect();
    assert!(points[0] > 173.0 && (points[1] - 90.0).abs() < 1.5, "{points:?}");
}

#[test]
fn what_a_model_found_is_data() {
    let place = place();
    for (name, fit) in FITS {
        place.succeeds(&format!("{fit} --name {name}"));
    }
    let components = &place.results("runs/mixture")["components"];
    let rows: f64 = components.as_array().unwrap().iter().map(|c| c["rows"].as_f64().unwrap()).sum();
    assert!((rows - 120.0).abs() < 3.0, "{components}");
    assert_eq!(numbers(&components[0]["mean"]).len(), 3);
    let loadings = &place.results("runs/factors")["loadings"];
    assert_eq!(loadings["columns"], serde_json::json!(["height", "depth", "mass"]));
    assert_eq!(numbers(&loadings["weights"]).len(), 6);
    // mass has a mean square of (50² + 4²)/12 about its mean.
    assert!((numbers(&loadings["deviations"])[2] - (2516.0 / 12f64).sqrt()).abs() < 0.3);
    let hmm = place.results("runs/hmm");
    assert_eq!(hmm["outcomes"], serde_json::json!(["x", "n"]));
    assert_eq!(numbers(&hmm["states"][0]["mean"]).len(), 2);
    for row in hmm["transitions"].as_array().unwrap() {
        assert!((numbers(row).iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
    assert_eq!(numbers(&place.results("runs/state-space")["dynamics"]["weights"]).len(), 2);
}

/// In units a thousandth as large the bound is log 1000 less for each cell.
#[test]
fn the_bound_of_factors_is_of_the_stored_numbers() {
    let place = Place::new();
    for (name, unit) in [("one", 1.0), ("thousand", 1000.0)] {
        place.write(&format!("{name}.csv"), plane(unit));
        place.succeeds(&format!("factors --data {name}.csv --latent 1 --starts 1"));
    }
    let elbo = |name: &str| place.results(&format!("runs/{name}-factors"))["elbo"].as_f64().unwrap();
    assert!((elbo("one") - elbo("thousand") - 60.0 * 1000f64.ln()).abs() < 1e-4);
}

/// How an ascent went is said of the bound.
#[test]
fn how_an_ascent_went_is_said() {
    let place = place();
    let said = place.succeeds("factors --data data.csv --label-column kind --latent 2 --starts 2 --sweeps 2");
    assert!(
        said.stderr.contains("the figures in nats  caution\n    caution: the fit ran out of sweeps"),
        "{said:?}"
    );
    // The limit goes with the tolerance, below which nobody looked.
    let said = place
        .succeeds("factors --data data.csv --label-column kind --latent 2 --tolerance 1e-3 --name coarse");
    let results = place.results("runs/coarse");
    let starts = &results["findings"]["starts"];
    let within = starts["within"].as_f64().unwrap();
    assert!((within / results["elbo"].as_f64().unwrap().abs() - 0.1).abs() < 1e-9, "{said:?}");
    let bounds = numbers(&results["starts"]);
    let best = bounds.iter().copied().fold(f64::MIN, f64::max);
    assert_eq!(starts["reached"], bounds.iter().filter(|&&bound| bound >= best - within).count());
}

/// The table ends each start with its last sweep, however quick it was.
#[test]
fn the_last_sweep_of_each_start_is_told() {
    let place = place();
    let said =
        place.succeeds("mixture --data data.csv --label-column kind --components 3 --starts 3 --name m");
    let lines: Vec<Vec<&str>> = said
        .stderr
        .lines()
        .map(|line| line.split(['|', '=']).map(str::trim).collect::<Vec<_>>())
        .filter(|cells| cells.len() == 4 && cells[1].parse::<usize>().is_ok())
        .collect();
    let metrics = place.text("runs/m/metrics.jsonl");
    let sweeps: Vec<serde_json::Value> =
        metrics.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for start in 1..=3 {
        let last = sweeps.iter().rfind(|sweep| sweep["start"] == start).unwrap();
        let told = lines.iter().rfind(|cells| cells[0] == start.to_string()).unwrap();
        assert_eq!(told[1], last["sweep"].to_string(), "{said:?}");
        assert_eq!(told[2], format!("{:.4}", last["elbo"].as_f64().unwrap()), "{said:?}");
    }
    let first: Vec<&str> = lines.iter().filter(|cells| cells[0] == "1").map(|cells| cells[1]).collect();
    assert_eq!(first[..3], ["1", "2", "4"], "{said:?}");
}

#[test]
fn khat_is_taken_where_it_can_be_and_else_said_to_be_left_out() {
    let place = Place::new();
    let names: Vec<String> = (0..40).map(|d| format!("c{d}")).collect();
    let mut text = names.join(",") + "\n";
    for row in 0..1300 {
        let cells: Vec<String> = (0..40)
            .map(|d| ((f64::from(row + 1) * (f64::from(d) + 2.1).sqrt()).fract()).to_string())
            .collect();
        writeln!(text, "{}", cells.join(",")).unwrap();
    }
    place.write("wide.csv", text);
    let fit = "mixture --data wide.csv -k 60 --starts 1 --sweeps 2";
    let said = place.succeeds(fit);
    let estimate =
        "estimate    log p(x) of this labelling and k̂ are not checked: draws of q would take too long";
    assert!(said.stderr.contains(estimate), "{said:?}");
    assert!(said.stderr.contains("by how much was not measured"), "{said:?}");
    // Of a row and component without a matrix it is forty times as fast.
    let said = place.succeeds(&format!("{fit} --covariance diagonal"));
    assert!(said.stderr.contains("estimate    log p(x) of this labelling ≈ "), "{said:?}");
    assert!(said.stderr.contains("; k̂ = ") && !said.stderr.contains("was not measured"), "{said:?}");
}

#[test]
fn pixels_are_cut_and_empty_ones_dropped() {
    let place = Place::new();
    let said = place.succeeds("mixture digits --family bernoulli -k 3 --starts 1 --name bits");
    assert!(said.stderr.contains("binary      pixels above 8 are 1, the others 0"), "{said:?}");
    let (header, rows) = place.succeeds("predict runs/bits").table();
    assert_eq!((&header[2][..], rows.len()), ("component", 1797));
    let said = place.succeeds("mixture digits -k 2 --starts 1 --sweeps 2 --covariance diagonal");
    let left_out = "left out    pixel 1,1, pixel 5,1, pixel 5,8: of one value in every row, to ten digits; 61 columns are left";
    assert!(said.stderr.contains(left_out), "{said:?}");
    assert!(place.text("runs/digits-mixture/model.json").contains("\"columns\":[\"pixel 1,2\""));
    place.write("one.csv", "a,b\n1,2\n1,2\n1,2\n");
    place.fails("mixture --data one.csv --drop-constant", 1, &["every column is constant"], "right file");
}

#[test]
fn what_would_be_ignored_is_refused() {
    let place = place();
    place.write("bits.csv", "a,b\n1,0\n0,1\n1,1\n0,0\n");
    let gaussian = "--covariance and --mean-precision are of Gaussian components";
    for flag in ["--covariance tied", "--mean-precision 2"] {
        place.fails(&format!("mixture --data bits.csv {flag}"), 2, &[gaussian], "--family gaussian");
        place.succeeds(&format!("mixture --data bits.csv -k 2 --family gaussian {flag}"));
    }
    place.refuses("mixture --data bits.csv --batch 2", &["--online"]);
    place.refuses(
        "mixture --data bits.csv --online --forgetting 0.5",
        &["'--forgetting <KAPPA>'", "above 0.5"],
    );
    let regress = "regress --data data.csv --label-column kind --weight-sd 2";
    place.fails(regress, 2, &["--weight-sd is of weights whose"], "--prior known");
    place.succeeds(&format!("{regress} --prior known"));
    let level = "state-space --data visits.csv --column x";
    place.fails(&format!("{level} --starts 2"), 2, &["has one state, and one start"], "--kind factors");
}

/// There is nothing to fit to, and no figure that would be of anything.
#[test]
fn a_fit_without_a_value_is_refused() {
    let place = Place::new();
    place.write("none.csv", "a,b\n1,\n0,\n1,\n");
    for verb in [
        "normal --data none.csv --column b",
        "regress --data none.csv",
        "factors --data none.csv",
        "mixture --data none.csv --family bernoulli",
    ] {
        let asked = format!("{verb} --columns a,b");
        place.fails(&asked, 1, &["none.csv`: column `b` has no value"], "leave the column out");
    }
    // Where it is not asked for it is set aside.
    let message = ["column `b` of", "is no data: it was set aside: every cell of it is missing"];
    place.fails("normal --data none.csv --column b", 2, &message, "name one of a");
    assert!(!place.exists("runs"));
}

#[test]
fn nothing_is_told_of_what_is_not_there() {
    let place = place();
    place.write("flat.csv", "a,y\n1,0.1\n2,0.1\n4,0.1\n");
    let said = place.succeeds("regress --data flat.csv");
    assert!(said.stderr.contains("noise sd") && !said.stderr.contains("explained"), "{said:?}");
    // The row after the last is of one sequence among three.
    let said = place.succeeds("hmm --data visits.csv --sequence-column who --states 2");
    assert!(!said.stderr.contains("next row"), "{said:?}");
    let said = place.succeeds("hmm --data visits.csv --label-column who --states 2");
    assert!(said.stderr.contains("next row    state "), "{said:?}");
}

/// Rows that lack a predictor are counted, and left out where that is asked for: the fit is that of the others.
#[test]
fn incomplete_rows_are_counted_and_left_out_on_demand() {
    let place = Place::new();
    let line = |row: usize, gap: bool| {
        let a = (row as f64 * 0.618_034).fract();
        let b = if gap { String::new() } else { format!("{}", (row as f64 * 0.414_214).fract()) };
        format!("{a},{b},{},{}\n", 3.0 * a + (row as f64 * 0.732_051).fract(), 1 + row % 3)
    };
    let gaps = |row: usize| row % 7 == 2;
    let table = |rows: &mut dyn Iterator<Item = usize>, mark: bool| {
        "a,b,y,times\n".to_owned() + &rows.map(|row| line(row, mark && gaps(row))).collect::<String>()
    };
    place.write("gaps.csv", table(&mut (0..60), true));
    place.write("whole.csv", table(&mut (0..60).filter(|&row| !gaps(row)), false));
    let message = ["gaps.csv`: 9 of 60 rows lack a predictor; first, column `b` line 4 is missing"];
    place.fails("regress --data gaps.csv --target y --drop times", 1, &message, "--drop-incomplete");
    for more in ["--drop times", "--weights times"] {
        let said = place.succeeds(&format!(
            "regress --data gaps.csv --target y {more} --drop-incomplete --name gaps{}",
            more.len()
        ));
        assert!(said.stderr.contains("9 rows of 60, each of which lacks a predictor"), "{said:?}");
        place.succeeds(&format!("regress --data whole.csv --target y {more} --name whole{}", more.len()));
        let [some, all] = ["gaps", "whole"].map(|run| place.results(&format!("runs/{run}{}", more.len())));
        assert_eq!((&some["elbo"], &some["coefficients"]), (&all["elbo"], &all["coefficients"]));
        // Those that were fitted to.
        assert_eq!((&some["rows"], &all["rows"]), (&51.into(), &51.into()));
    }
    place.succeeds("normal --data gaps.csv --column b --name column");
    assert_eq!(place.results("runs/column")["rows"], 51);
    // The same fit once more, and on its own rows, of which some say nothing.
    place.succeeds("train --config runs/gaps12/config.toml --name again");
    assert_eq!(place.results("runs/again")["elbo"], place.results("runs/gaps12")["elbo"]);
    let (_, rows) = place.succeeds("predict runs/gaps12").table();
    assert!(rows.len() == 60 && rows[2][1].is_nan() && rows[3][1].is_finite());
}
