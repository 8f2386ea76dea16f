//! Estimates of log p(x) by `elbo evaluate`.

use crate::common::{Place, Said, table};

fn fitted() -> Place {
    let place = Place::new();
    place.succeeds("train digits --epochs 3 --hidden 64 --latent 5");
    place
}

/// The heading of the figures, and each below the log density with its name, value and standard error.
fn figures(said: &Said) -> (String, Vec<(String, f64, f64)>) {
    let mut lines = said.stdout.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let heading = lines.next().unwrap();
    assert_eq!((heading[0], heading[2]), ("term", "standard_error"));
    let figure = |cells: Vec<&str>| (cells[0].into(), cells[1].parse().unwrap(), cells[2].parse().unwrap());
    let figures: Vec<(String, f64, f64)> = lines.map(figure).collect();
    assert_eq!(figures[0].0, "log_density");
    let closest = ["annealed", "importance_weighted", "elbo"];
    let closest = closest.iter().find_map(|name| figures.iter().find(|(of, ..)| of == name)).unwrap();
    assert_eq!((figures[0].1, figures[0].2), (closest.1, closest.2));
    (heading[1].into(), figures[1..].to_vec())
}

#[test]
fn the_importance_weighted_bound_is_above_the_elbo() {
    let place = fitted();
    let said = place.succeeds("evaluate runs/digits --importance-samples 100 --output rows.csv");
    let (unit, terms) = figures(&said);
    assert_eq!(unit, "nats_per_row");
    let names: Vec<&str> = terms.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["elbo", "log_likelihood", "kl", "importance_weighted"]);
    // Of 100 samples, and by several times the standard error of the difference, which is far below that of either.
    let (elbo, bound) = (terms[0].1, terms[3].1);
    assert!(bound > elbo + 0.1 && bound < elbo + 10.0, "{bound} over {elbo}");
    assert!(said.stderr.contains("too low in the mean; 100 samples a row, effective sample size a row"));

    let (header, rows) = table(&place.text("rows.csv"));
    assert_eq!(header[..4], ["row", "label", "log_density", "log_density_is"]);
    assert_eq!(
        header[4..],
        ["elbo", "log_likelihood", "kl", "importance_weighted", "importance_weighted_ess"]
    );
    assert!(rows.iter().all(|row| row[2] == row[7]));
    assert!(place.text("rows.csv").lines().nth(5).unwrap().contains(",estimate,"));
    let rows: Vec<Vec<f64>> = rows.into_iter().map(|row| row[4..].to_vec()).collect();
    assert_eq!(rows.len(), 1797);
    assert!((crate::common::mean(&rows, 3) - bound).abs() < 1e-6);
    assert!(rows.iter().all(|row| (1.0..=100.0).contains(&row[4])));
    // What else is asked for does not change the bound itself.
    let plain = place.succeeds("evaluate runs/digits");
    assert_eq!(figures(&plain).1, terms[..3]);
}

#[test]
fn some_rows_never_pass_for_the_whole() {
    let place = fitted();
    place.succeeds("evaluate runs/digits --output all.csv --importance-samples 3");
    let said = place.succeeds("evaluate runs/digits --rows 30 --output some.csv --importance-samples 3");
    assert_eq!(figures(&said).0, "nats_per_row_of_30_of_1797");
    assert!(said.stderr.contains("note: 30 rows of 1797, drawn from the seed, and not the whole data"));
    let ((_, all), (header, some)) = (table(&place.text("all.csv")), table(&place.text("some.csv")));
    assert_eq!((header[0].as_str(), some.len()), ("row", 30));
    for row in &some {
        // What a log density is stands there as text, which is no number.
        let (some, all) = ([&row[..3], &row[4..]].concat(), &all[row[0] as usize - 1]);
        assert_eq!(some, [&all[..3], &all[4..]].concat(), "row {}", row[0]);
    }
    assert!(some.windows(2).all(|pair| pair[0][0] < pair[1][0]));
    // As many as there are, or more, are the whole.
    let whole = place.succeeds("evaluate runs/digits --rows 5000");
    assert_eq!(whole.stdout, place.succeeds("evaluate runs/digits").stdout);
}

#[test]
fn annealing_estimates_the_evidence_between_its_bounds() {
    let place = fitted();
    let annealed = "evaluate runs/digits --rows 24 --annealed --temperatures 100 --leapfrog 4 --chains 5";
    let said = place.succeeds(&format!("{annealed} --importance-samples 200 --output rows.parquet"));
    let (unit, terms) = figures(&said);
    assert_eq!(unit, "nats_per_row_of_24_of_1797");
    let names: Vec<&str> = terms[4..].iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["annealed", "simulated_bdmc_lower", "simulated_bdmc_upper", "simulated_bdmc_gap"]);
    let value = |place: usize| terms[place].1;
    let (weighted, annealed_value, gap, error) = (value(3), value(4), value(7), terms[7].2);
    assert!((annealed_value - weighted).abs() < 0.5, "{annealed_value} against {weighted}");
    assert!((gap - (value(6) - value(5))).abs() < 3e-6);
    assert!(gap > -4.0 * error && gap < 0.5, "{gap} ± {error}");
    for part in [
        "from the guide, 100 temperatures",
        " of 5; acceptance 0.",
        "simulated_bdmc: these three are of 24 other rows",
    ] {
        assert!(said.stderr.contains(part), "no {part:?} in {said:?}");
    }
    // From the prior it is the same to within its noise; and no number of threads changes a bit.
    let prior = place.succeeds(&format!("{annealed} --anneal-from prior --threads 1"));
    assert!((figures(&prior).1[3].1 - annealed_value).abs() < 0.5, "{prior:?} after {said:?}");
    assert_eq!(prior.stdout, place.succeeds(&format!("{annealed} --anneal-from prior --threads 3")).stdout);
}

#[test]
fn annealing_that_makes_no_sense_is_refused() {
    let place = fitted();
    for option in ["--temperatures 9", "--chains 2", "--leapfrog 3", "--anneal-from prior"] {
        place.refuses(&format!("evaluate runs/digits {option}"), &["--annealed"]);
    }
    for option in ["--importance-samples", "--annealed --temperatures", "--rows"] {
        place.refuses(&format!("evaluate runs/digits {option} 0"), &["give a whole number from 1"]);
    }
    place.succeeds("train digits --epochs 1 --family bernoulli --name bits");
    let message = "the family of z is bernoulli, but a gradient in z needs a continuous latent: Gaussian";
    place.fails("evaluate runs/bits --annealed", 1, &[message], "");
}
