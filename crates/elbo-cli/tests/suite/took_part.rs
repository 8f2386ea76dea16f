//! Rows that took part in a fit are known again, and count as they did there.

use crate::common::Place;

const NOTE: &str = "took part in the fit";

/// Rows of two columns that do not repeat, drawn by a generator of Lehmer's.
fn rows(number: usize, mut seed: u64) -> Vec<[String; 2]> {
    let mut uniform = || {
        seed = seed * 48271 % 2_147_483_647;
        seed as f64 / 2_147_483_647.0
    };
    (0..number)
        .map(|_| {
            let x = uniform() + uniform() + uniform();
            [format!("{x:.6}"), format!("{:.6}", 2.0 * x + uniform())]
        })
        .collect()
}

fn table(header: &str, lines: impl IntoIterator<Item = String>) -> String {
    format!("{header}\n{}\n", lines.into_iter().collect::<Vec<_>>().join("\n"))
}

#[test]
fn rows_of_the_fit_are_known_in_any_file_and_order() {
    let place = Place::new();
    let (fitted, new) = (rows(150, 7), rows(60, 11));
    let line = |[x, y]: &[String; 2]| format!("{x},{y}");
    place.write("data.csv", table("x,y", fitted.iter().map(line)));
    place.write("copy.csv", table("x,y", fitted.iter().map(line)));
    place.write("turned.csv", table("y,x", fitted.iter().rev().map(|[x, y]| format!("{y},{x}"))));
    place.write("part.csv", table("x,y", fitted[..30].iter().map(line)));
    place.write("some.csv", table("x,y", fitted[..20].iter().chain(&new).map(line)));
    place.write("new.csv", table("x,y", new.iter().map(line)));
    place.succeeds("mixture --data data.csv -k 2 --name mixture");
    place.succeeds("regress --data data.csv --target y --name regress");
    place.succeeds("factors --data data.csv --latent 1 --name factors");
    place.succeeds("state-space --data data.csv --column y --name series");
    place.succeeds("train --data data.csv --latent 1 --hidden 8 --epochs 3 --name train");
    for run in ["mixture", "regress", "factors", "series", "train"] {
        let said = |rows: &str| place.succeeds(&format!("evaluate runs/{run} --data {rows}.csv")).stderr;
        for whole in ["data", "copy", "turned", "part"] {
            let said = said(whole);
            assert!(
                said.contains("these rows, or most of them, took part in the fit"),
                "{run} {whole}: {said}"
            );
        }
        let some = said("some");
        // A tenth of the rows of an auto-encoder were held out.
        assert!(some.contains(NOTE) && (run == "train" || some.contains("20 of these 80 rows")), "{some}");
        assert!(!said("new").contains(NOTE), "{run}");
    }
    let said = place.elbo("audit runs/train --data part.csv --importance-samples 50");
    assert!(said.stderr.contains(NOTE), "{said:?}");
    let said = place.elbo("audit runs/train --data new.csv --importance-samples 50");
    assert!(!said.stderr.contains(NOTE), "{said:?}");
    let said = place.succeeds("infer runs/train --data copy.csv --rows 5 --output z.csv");
    assert!(said.stderr.contains(NOTE), "{said:?}");

    // One that has learned from the rows is not held against one that has not.
    place.succeeds("mixture --data new.csv -k 1 --name other");
    let said = place.succeeds("compare runs/mixture runs/other runs/train --data part.csv").stdout;
    assert!(said.contains("the rows given, which took part in its fit"), "{said}");
    assert_eq!(said.matches("not compared: one has learned").count(), 2, "{said}");

    // What is not there any more cannot tell.
    std::fs::remove_file(place.path("data.csv")).unwrap();
    assert!(!place.succeeds("evaluate runs/mixture --data new.csv").stderr.contains(NOTE));
}

#[test]
fn values_that_repeat_tell_nothing_of_new_rows() {
    let place = Place::new();
    let bit = |of: &str| usize::from(of.ends_with(['1', '3', '5', '7', '9']));
    let bits = |number, seed| rows(number, seed).into_iter().map(|[x, y]| format!("{},{}", bit(&x), bit(&y)));
    place.write("data.csv", table("a,b", bits(80, 7)));
    place.write("copy.csv", table("a,b", bits(80, 7)));
    place.write("new.csv", table("a,b", bits(50, 11)));
    place.succeeds("mixture --data data.csv -k 1 --name m");
    assert!(place.succeeds("evaluate runs/m --data copy.csv").stderr.contains(NOTE));
    assert!(!place.succeeds("evaluate runs/m --data new.csv").stderr.contains(NOTE));
}

/// A row of weight w is w rows.
#[test]
fn weights_count_in_evaluate_and_compare_as_in_the_fit() {
    let place = Place::new();
    let lines: Vec<(String, usize)> =
        rows(90, 5).into_iter().zip(0..).map(|([x, y], n)| (format!("{x},{y}"), n % 4)).collect();
    let weighted =
        |part: &[(String, usize)]| table("x,y,w", part.iter().map(|(row, w)| format!("{row},{w}")));
    let written = |part: &[(String, usize)]| {
        table("x,y", part.iter().flat_map(|(row, w)| std::iter::repeat_n(row.clone(), *w)))
    };
    place.write("data.csv", weighted(&lines[..60]));
    place.write("new.csv", weighted(&lines[60..]));
    place.write("written.csv", written(&lines[60..]));
    place.write("fitted.csv", written(&lines[..60]));
    for (verb, name) in [
        ("mixture -k 2", "mixture"),
        ("regress --target y", "regress"),
        ("factors --latent 1", "factors"),
        ("normal --column y", "normal"),
    ] {
        place.succeeds(&format!("{verb} --data data.csv --weights w --name {name}"));
        let figure = |rows: &str| place.succeeds(&format!("evaluate runs/{name} {rows}"));
        for (by_weight, by_row) in [
            ("--data new.csv", "--data written.csv"),
            ("--data data.csv", "--data fitted.csv"),
            ("", "--data fitted.csv"),
        ] {
            let [by_weight, by_row] = [by_weight, by_row].map(figure);
            assert!(by_weight.stderr.contains("rows, which count as "), "{by_weight:?}");
            assert!(!by_weight.stderr.contains("counts once"), "{by_weight:?}");
            let once = "rows of the fit counted by column `w`, which these rows lack: each row counts once";
            assert!(by_row.stderr.contains(once), "{by_row:?}");
            let [(_, by_weight), (_, by_row)] = [by_weight.table(), by_row.table()];
            for (one, other) in by_weight[0][1..3].iter().zip(&by_row[0][1..3]) {
                assert!((one - other).abs() < 3e-6, "{name}: {by_weight:?} {by_row:?}");
            }
        }
    }
    let said = place.succeeds("compare runs/mixture runs/factors --data new.csv").stdout;
    let evaluated = place.succeeds("evaluate runs/mixture --data new.csv --json").stdout;
    let evaluated: serde_json::Value = serde_json::from_str(&evaluated).unwrap();
    let value = evaluated["terms"][0]["value"].as_f64().unwrap();
    assert!(said.contains(&format!("{value:.3} ± ")), "{value} {said}");

    place.write("none.csv", "x,y,w\n1,2,0\n2,3,0\n");
    place.fails(
        "evaluate runs/mixture --data none.csv",
        1,
        &["all weights, column `w`, are 0"],
        "name the column",
    );
    place.write("less.csv", "x,y,w\n1,2,1\n2,3,-1\n");
    place.fails("evaluate runs/mixture --data less.csv", 1, &["line 3 is -1"], "a weight is a number");
}
