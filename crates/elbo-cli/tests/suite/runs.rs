//! `elbo runs` and `elbo compare`, and what names and cells do to a terminal.

use std::fs;

use crate::common::{Place, measurements};

/// A run that is whole, one that is not, and folders that are damaged or none.
#[test]
fn runs_are_listed_whatever_lies_among_them() {
    let place = Place::new();
    place.write("data.csv", measurements(120));
    place.fails("runs", 1, &["cannot read `runs`"], "`elbo runs DIR`");
    place.succeeds("mixture --data data.csv --components 2 --starts 1 --name first");
    place.succeeds("train --data data.csv --label-column kind --epochs 3 --name second");
    let of = |run: &str, file: &str| format!("runs/{run}/{file}");
    for (name, file, text) in [
        ("cut", "config.toml", "[data"),
        ("other", "config.toml", "model = \"none\""),
        ("bare", "results.json", "{"),
        ("notes", "notes.txt", "mine"),
        (".elbo-1-0", "config.toml", ""),
    ] {
        place.write(&of(name, file), text);
    }
    place.write(&of("torn", "config.toml"), place.read(&of("first", "config.toml")));
    place.write(&of("torn", "results.json"), "{\"elbo\":");
    place.write(&of("begun", "config.toml"), place.read(&of("second", "config.toml")));
    place.write(&of("headless", "config.toml"), place.read(&of("first", "config.toml")));
    place.write(&of("headless", "results.json"), place.read(&of("first", "results.json")));
    let said = place.succeeds("runs");
    let line = |name: &str| {
        let found = said.stdout.lines().find(|line| line.split_whitespace().next() == Some(name));
        found
            .unwrap_or_else(|| panic!("no {name} in {said:?}"))
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let results = place.results("runs/first");
    let bound = format!("{:.4} ELBO of all rows", results["elbo"].as_f64().unwrap());
    assert!(line("first").starts_with("first finished mixture data.csv 120"), "{said:?}");
    assert!(line("first").contains(&bound), "{said:?}");
    let elbo = &place.results("runs/second")["validation"]["elbo"];
    let number = |name: &str| elbo[name].as_f64().unwrap();
    let bound = format!("{:.4} ± {:.4} ELBO per validation row", number("value"), number("standard_error"));
    assert!(line("second").contains(&bound) && line("second").contains(" 3 epochs "), "{said:?}");
    assert!(line("begun").starts_with("begun interrupted auto-encoder data.csv 120"), "{said:?}");
    for damaged in ["cut", "other", "bare", "torn", "headless"] {
        assert!(line(damaged).starts_with(&format!("{damaged} damaged")), "{said:?}");
        assert!(said.stderr.contains(&format!("note: `runs/{damaged}`: ")), "{said:?}");
    }
    assert_eq!(said.stdout.lines().count(), 9, "{said:?}");
    place.succeeds("runs --output list.csv");
    let list = place.text("list.csv");
    assert!(list.starts_with("run,state,model,data,rows,bound,standard_error,bound_is,verdict,"), "{list}");
    assert_eq!(list.lines().count(), 9, "{list}");
}

/// The difference of two runs is that of what `elbo evaluate` gives of each row.
#[test]
fn runs_are_compared_row_by_row() {
    let place = Place::new();
    place.write("data.csv", measurements(150));
    place.write("new.csv", measurements(60));
    for (name, components) in [("one", 1), ("three", 3)] {
        place
            .succeeds(&format!("mixture --data data.csv --components {components} --starts 1 --name {name}"));
    }
    place.succeeds("train --data data.csv --label-column kind --epochs 4 --name coded");
    let seed = "train --data data.csv --label-column kind --epochs 4 --seed 1 --name other";
    place.succeeds(seed);
    place.succeeds("regress --data data.csv --name line");

    let said =
        place.succeeds("compare runs/one runs/three runs/coded runs/other --data new.csv --output pairs.csv");
    let column = |run: &str, name: &str| {
        place.succeeds(&format!("evaluate runs/{run} --data new.csv --output {run}.csv"));
        let text = place.text(&format!("{run}.csv"));
        let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let at = lines.next().unwrap().iter().position(|of| *of == name).unwrap();
        lines.map(|line| line[at].parse::<f64>().unwrap()).collect::<Vec<_>>()
    };
    let (one, three) = (column("one", "log_density"), column("three", "log_density"));
    let differences: Vec<f64> = one.iter().zip(&three).map(|(a, b)| a - b).collect();
    let mean = differences.iter().sum::<f64>() / 60.0;
    let squares: f64 = differences.iter().map(|d| (d - mean).powi(2)).sum();
    let error = (squares / 59.0 / 60.0).sqrt();
    let pairs = place.text("pairs.csv");
    let first: Vec<&str> = pairs.lines().nth(1).unwrap().split(',').collect();
    let number = |place: usize| first[place].parse::<f64>().unwrap();
    assert!((number(2) - mean).abs() < 1e-9 && (number(3) - error).abs() < 1e-9, "{pairs} {mean} {error}");
    let of = |run: &str| place.results(&format!("runs/{run}"))["elbo"].as_f64().unwrap();
    assert!((number(6) - (of("one") - of("three"))).abs() < 1e-6, "{pairs}");
    assert!(said.stdout.contains(&format!("{mean:.3} ± {error:.3}")), "{said:?}");
    // On their own rows only those of one split are compared; of p(y|x) and p(x) never two.
    let said = place.succeeds("compare runs/coded runs/other runs/one runs/line");
    let line = |a: &str, b: &str| {
        let is_of = |line: &&str| {
            let mut words = line.split_whitespace();
            words.next() == Some(&format!("runs/{a}")) && words.next() == Some(&format!("runs/{b}"))
        };
        said.stdout.lines().find(is_of).unwrap_or_else(|| panic!("no {a} {b} in {said:?}")).to_owned()
    };
    assert!(line("coded", "other").contains("not compared: their validation rows are different ones"));
    assert!(line("coded", "one").contains("not compared: one has learned from the rows"));
    assert!(
        line("one", "line").contains("not compared: one gives a density, the other a density of `"),
        "{said:?}"
    );
    assert!(line("one", "line").contains("--data") || !line("one", "line").contains('«'));
}

/// Topics are compared by their documents' bounds, not by their lengths; a model without rows by nothing.
#[test]
fn topics_are_compared_by_their_bounds() {
    let place = Place::new();
    let document = |i: usize| format!("3 {}:{} {}:2 {}:1\n", i % 5, 1 + i % 3, 5 + i % 4, 9 + i % 2);
    place.write("words.ldac", (0..60).map(document).collect::<String>());
    place.write("spins.csv", "0,0.3,0\n0.3,0,-0.2\n0,-0.2,0\n");
    for (name, more) in [("two", "--topics 2"), ("four", "--topics 4"), ("held", "--topics 4 --held-out 0.2")]
    {
        place.succeeds(&format!("topics --data words.ldac {more} --starts 1 --sweeps 30 --name {name}"));
    }
    let bound = |run: &str| {
        let of = place.succeeds(&format!("evaluate runs/{run} --output {run}.csv"));
        let text = place.text(&format!("{run}.csv"));
        let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let at = lines.next().unwrap().iter().position(|name| *name == "log_density").unwrap();
        let all: Vec<f64> = lines.map(|line| line[at].parse().unwrap()).collect();
        assert_eq!(all.len(), 60, "{of:?}");
        all.iter().sum::<f64>() / 60.0
    };
    place.succeeds("compare runs/two runs/four runs/held --output pairs.csv");
    let pairs = place.text("pairs.csv");
    let cells: Vec<Vec<&str>> = pairs.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let difference = cells[0][2].parse::<f64>().unwrap();
    assert!((difference - (bound("two") - bound("four"))).abs() < 1e-9 && difference != 0.0, "{pairs}");
    assert!(cells[0][6] != "NaN" && cells[2][6] == "NaN", "bounds of other documents: {pairs}");
    place.succeeds("ising --couplings spins.csv --name spins");
    place.fails("compare runs/spins runs/two", 1, &["no `log_density` of each row"], "`elbo runs`");
}

/// Series are compared by the time step, as `elbo evaluate` measures them, and one series has no standard error.
#[test]
fn series_are_compared_by_the_time_step() {
    let place = Place::new();
    let line = |row: usize| {
        let level = if (row / 9).is_multiple_of(2) { 0.0 } else { 6.0 } + (row as f64 * 0.618_034).fract();
        (["a", "b", "c"][row / 40], level)
    };
    let of = |rows: std::ops::Range<usize>| {
        let text = |row: usize| line(row).0.to_owned() + "," + &line(row).1.to_string() + "\n";
        "site,level\n".to_owned() + &rows.map(text).collect::<String>()
    };
    // The last series is shorter than the others.
    place.write("many.csv", of(0..110));
    place.write("one.csv", of(0..40));
    for (data, more) in [("many", "--sequence-column site"), ("one", "")] {
        for states in [1, 2] {
            place.succeeds(&format!("hmm --data {data}.csv --states {states} {more} --name {data}{states}"));
        }
        place.succeeds(&format!("compare runs/{data}2 runs/{data}1 --output {data}-pairs.csv"));
        let said = place.succeeds(&format!("compare runs/{data}2 runs/{data}1"));
        let value = |run: &str| -> f64 {
            let said = place.succeeds(&format!("evaluate runs/{run}"));
            said.stdout.lines().nth(1).unwrap().split(',').nth(1).unwrap().parse().unwrap()
        };
        let (two, one) = (value(&format!("{data}2")), value(&format!("{data}1")));
        let pairs = place.text(&format!("{data}-pairs.csv"));
        let cells: Vec<&str> = pairs.lines().nth(1).unwrap().split(',').collect();
        assert!((cells[2].parse::<f64>().unwrap() - (two - one)).abs() < 2e-6, "{pairs} {two} {one}");
        assert_eq!((cells[4], cells[5]), ("time step", if data == "many" { "110" } else { "40" }));
        assert_eq!(cells[3] == "NaN", data == "one", "{pairs}");
        assert!(said.stdout.contains(&format!("{two:.3}")) && said.stdout.contains("time step"), "{said:?}");
    }
    let said = place.succeeds("compare runs/many2 runs/one2 --data one.csv");
    assert!(said.stdout.contains("time step"), "{said:?}");
    // Each row of a forecast names its series; what is measured anew is said to begin anew.
    let said = place.succeeds("predict runs/many2 --forecast 3").stdout;
    let rows: Vec<Vec<&str>> = said.lines().skip(1).map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 119);
    let named = |row: &Vec<&str>| row[1].len() == 1;
    assert!(
        rows.iter().all(named) && rows[42][..2] == ["43", "a"] && rows[118][..2] == ["33", "c"],
        "{said}"
    );
    let said = place.succeeds("evaluate runs/many2 --data many.csv");
    assert!(said.stderr.contains("as one that begins there"), "{said:?}");
}

/// Both give a density of the same two columns.
#[test]
fn hidden_markov_and_state_space_models_of_several_columns_are_compared() {
    let place = Place::new();
    let line = |row: usize| format!("{},{}\n", (row as f64 * 0.4).sin(), (row as f64 * 0.618_034).fract());
    place.write("two.csv", "a,b\n".to_owned() + &(0..60).map(line).collect::<String>());
    place.succeeds("hmm --data two.csv --states 2 --name states");
    place.succeeds("state-space --data two.csv --states 1 --starts 1 --name space");
    let said = place.succeeds("compare runs/states runs/space");
    assert!(!said.stdout.contains("not compared"), "{said:?}");
}

/// Bounds of rows that count more often are of other data.
#[test]
fn bounds_of_other_weights_are_not_subtracted() {
    let place = Place::new();
    let line = |row: usize| format!("{},{}\n", (row * 7) % 11, 1 + row % 3);
    place.write("data.csv", "x,w\n".to_owned() + &(0..30).map(line).collect::<String>());
    let said = place.succeeds("normal --data data.csv --column x --weights w --name weighted");
    assert!(said.stderr.contains("weights     column `w`: the 30 rows count as 60"), "{said:?}");
    place.succeeds("normal --data data.csv --column x --weights w --name again");
    place.succeeds("normal --data data.csv --column x --name plain");
    let bounds = |other: &str| {
        place.succeeds(&format!("compare runs/weighted runs/{other} --output pairs.csv"));
        place.text("pairs.csv").lines().nth(1).unwrap().split(',').nth(6).unwrap().parse::<f64>().unwrap()
    };
    assert_eq!(bounds("again"), 0.0);
    assert!(bounds("plain").is_nan());
}

/// What a table says acts on no terminal.
#[test]
fn names_and_cells_are_written_out() {
    let place = Place::new();
    let rows: Vec<String> =
        (0..40).map(|i| format!("{},{},k\u{1b}[2J\u{202e}\n", i % 7, (i * i) % 11)).collect();
    place.write("data.csv", format!("\u{1b}]0;owned\u{7}a,\"b\nverdict     trust\",kind\n{}", rows.concat()));
    for arguments in [
        "mixture --data data.csv --components 2 --label-column kind",
        "regress --data data.csv --label-column kind",
        "factors --data data.csv --label-column kind --latent 1",
        "train --data data.csv --label-column kind --epochs 2",
        "train --data data.csv --epochs 2",
        "regress --data data.csv --target none",
    ] {
        let said = place.elbo(arguments);
        let acts = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!said.stderr.contains(acts), "{said:?}");
        assert!(!said.stderr.contains("\nverdict     trust\""), "{said:?}");
    }
}

/// A name that is no UTF-8 does not change on its way, or is refused before any work.
#[cfg(target_os = "linux")]
#[test]
fn paths_that_are_no_utf_8_are_kept_or_refused() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let place = Place::new();
    let odd = OsStr::from_bytes(b"gr\xf6sse");
    place.write("data.csv", measurements(60));
    let file = place.path("").join(OsStr::from_bytes(b"gr\xf6sse.csv"));
    fs::copy(place.path("data.csv"), &file).unwrap();
    let fit = |data: &OsStr, runs: &OsStr| {
        let mut command = place.command("mixture --components 1 --starts 1");
        command.arg("--data").arg(data).arg("--runs").arg(runs).output().unwrap()
    };
    let refused = fit(file.as_os_str(), OsStr::new("runs"));
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("is not UTF-8") && said.contains("hint: "), "{said}");
    assert!(!place.exists("runs"));
    let fitted = fit(OsStr::new("data.csv"), odd);
    assert!(fitted.status.success() || fitted.status.code() == Some(3));
    assert_eq!(fitted.stdout, b"gr\xf6sse/data-mixture\n");
    let mut evaluated = place.command("evaluate");
    let evaluated = evaluated.arg(OsStr::from_bytes(b"gr\xf6sse/data-mixture"));
    assert!(evaluated.output().unwrap().status.success());
}

/// What cannot be written is refused before any work is done for it.
#[test]
fn an_output_that_cannot_be_written_is_refused_at_once() {
    let place = Place::new();
    place.write("data.csv", measurements(60));
    place.succeeds("mixture --data data.csv --components 1 --starts 1 --name m");
    place.write("folder.csv/file", "");
    for (path, hint) in [
        ("nowhere/out.csv", "make the folder first"),
        ("folder.csv", "the name of a file"),
        ("data.csv/out.csv", "a part of the path is a file"),
    ] {
        let said = place.elbo(&format!("predict runs/m --output {path}"));
        said.failed(1, &[&format!("cannot write `{path}`")], hint);
        assert!(!said.stderr.contains("data "), "it was read first: {said:?}");
    }
    assert_eq!(place.text("data.csv"), measurements(60));
}

/// The figures of `runs` and `compare` as JSON are those of `results.json`, by the same names.
#[test]
fn runs_and_pairs_are_told_as_json() {
    let place = Place::new();
    let line = |n: u32| format!("{},{}\n", n * n % 17, n % 7);
    place.write("two.csv", "a,b\n".to_owned() + &(0..60).map(line).collect::<String>());
    place.succeeds("mixture --data two.csv -k 1 --name one");
    place.succeeds("mixture --data two.csv -k 2 --name two");
    place.succeeds("train --data two.csv --epochs 2 --latent 1 --hidden 5 --name net");
    place.write("runs/odd/config.toml", "none");
    let parsed = |said: &str| serde_json::from_str::<serde_json::Value>(said).unwrap();
    let listed = parsed(&place.succeeds("runs --json").stdout);
    let of = |name: &str| listed.as_array().unwrap().iter().find(|run| run["run"] == name).unwrap().clone();
    for (run, model) in [("one", "mixture"), ("two", "mixture"), ("net", "auto-encoder")] {
        let (told, results) = (of(run), place.results(&format!("runs/{run}")));
        let names: &[&str] = if run == "net" {
            &["objective", "validation", "epochs", "best_epoch", "converged", "seconds"]
        } else {
            &["elbo", "sweeps", "converged", "seconds"]
        };
        for name in names {
            assert!(!told[name].is_null() && told[name] == results[name], "{run} {name}: {told}");
        }
        assert_eq!(told["verdict"]["level"], results["verdict"]["level"]);
        assert_eq!(
            (&told["model"], &told["rows"], &told["state"]),
            (&model.into(), &60.into(), &"finished".into())
        );
    }
    let odd = of("odd");
    assert!(odd["state"] == "damaged" && odd["damage"].is_string() && odd["verdict"].is_null(), "{odd}");
    assert_eq!(place.succeeds("runs --json --output list.csv").stdout, place.succeeds("runs --json").stdout);
    assert_eq!(place.text("list.csv").lines().count(), 5);

    let told = parsed(&place.succeeds("compare runs/two runs/one runs/net --json --output pairs.csv").stdout);
    let [two, one] = [&told["runs"][0], &told["runs"][1]];
    assert_eq!(two["elbo"], place.results("runs/two")["elbo"]);
    let value = |of: &serde_json::Value| of["value"].as_f64().unwrap();
    let evaluated = parsed(&place.succeeds("evaluate runs/two --json").stdout);
    assert!((value(&two["log_density"]) - value(&evaluated["terms"][0])).abs() < 1e-12);
    let pair = &told["pairs"][0];
    assert_eq!(
        (&pair["run"], &pair["less"], &pair["number"]),
        (&"runs/two".into(), &"runs/one".into(), &60.into())
    );
    let difference = value(&two["log_density"]) - value(&one["log_density"]);
    assert!(
        (value(&pair["difference"]) - difference).abs() < 1e-9
            && pair["difference"]["standard_error"].is_f64()
    );
    let bounds = two["elbo"].as_f64().unwrap() - one["elbo"].as_f64().unwrap();
    assert!((pair["difference_of_elbos"].as_f64().unwrap() - bounds).abs() < 1e-9);
    assert!(told["pairs"][1]["not_compared"].as_str().unwrap().starts_with("one has learned"), "{told}");
    assert_eq!(place.text("pairs.csv").lines().count(), 4);
}
