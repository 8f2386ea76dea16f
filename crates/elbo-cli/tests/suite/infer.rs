//! `elbo infer`: q(z) of each row by itself.

use crate::common::{Place, mean, table};

const ROWS: &str = "infer runs/digits --rows 40";

fn fitted() -> Place {
    let place = Place::new();
    place.succeeds("train digits --epochs 20 --hidden 64 --latent 3");
    place
}

/// The place of a column.
fn column(header: &[String], name: &str) -> usize {
    header.iter().position(|h| h == name).unwrap_or_else(|| panic!("no {name} in {header:?}"))
}

#[test]
fn every_row_has_its_q_and_a_bound_above_the_encoder_s() {
    let place = fitted();
    let said = place.succeeds(ROWS);
    let (header, rows) = said.table();
    let expected = [
        "row",
        "label",
        "z_1_mean",
        "z_2_mean",
        "z_3_mean",
        "z_1_sd",
        "z_2_sd",
        "z_3_sd",
        "log_density",
        "log_density_is",
        "per_datum_elbo",
        "per_datum_elbo_se",
        "amortised_elbo",
        "steps",
        "converged",
    ];
    assert_eq!(header, expected);
    assert_eq!(rows.len(), 40);
    assert!(said.stdout.lines().skip(1).all(|line| line.split(',').nth(9) == Some("bound")));
    assert!(rows.iter().all(|row| row[8] == row[10]));
    assert!(
        rows.windows(2).all(|pair| pair[0][0] < pair[1][0]) && rows[0][0] >= 1.0 && rows[39][0] <= 1797.0
    );
    assert!(rows.iter().all(|row| row[5..8].iter().all(|&sd| sd > 0.0 && sd < 1.5) && row[11] > 0.0));
    let (best, encoder) = (mean(&rows, 8), mean(&rows, 12));
    assert!(best > encoder + 0.05, "{best} and {encoder}");
    // Each within the noise of its draws, at 5 standard errors: 40 rows, 3e-5.
    assert!(rows.iter().all(|row| row[8] > row[12] - 5.0 * row[11] && row[13] <= 2000.0), "{said:?}");
    let converged: f64 = rows.iter().map(|row| row[14]).sum();
    assert!(converged >= 38.0, "{converged}");
    let told = [
        format!("per_datum_elbo     {best:.3} ± "),
        format!("amortised_elbo     {encoder:.3} ± "),
        format!("40 rows, {converged} of them converged, "),
        "note: 40 rows of 1797, drawn from the seed, and not the whole data".into(),
    ];
    for part in told {
        assert!(said.stderr.contains(&part), "no {part:?} in {said:?}");
    }
    assert_eq!(said.stdout, place.succeeds(&format!("{ROWS} --threads 1")).stdout);
    assert_eq!(said.stdout, place.succeeds(&format!("{ROWS} --threads 2")).stdout);
    assert_ne!(said.stdout, place.succeeds(&format!("{ROWS} --seed 1")).stdout);
}

#[test]
fn a_covariance_and_more_samples_come_closer_to_the_evidence() {
    let place = fitted();
    let (header, plain) = place.succeeds(ROWS).table();
    let best = mean(&plain, column(&header, "per_datum_elbo"));
    let (header, full) = place.succeeds(&format!("{ROWS} --full-covariance")).table();
    let factor = ["z_1_1_scale", "z_2_1_scale", "z_2_2_scale", "z_3_1_scale", "z_3_2_scale", "z_3_3_scale"];
    let first = column(&header, "z_1_1_scale");
    assert_eq!(header[first..first + 6], factor);
    for row in &full {
        // z = mean + L ε: the standard deviations are the lengths of L's rows.
        let l = &row[first..first + 6];
        let sd = [l[0], l[1].hypot(l[2]), (l[3] * l[3] + l[4] * l[4] + l[5] * l[5]).sqrt()];
        let told = &row[column(&header, "z_1_sd")..];
        assert!(sd.iter().zip(told).all(|(a, b)| (a - b).abs() < 1e-4 * b), "{row:?}");
    }
    let covariance = mean(&full, column(&header, "per_datum_elbo"));
    assert!(covariance > best, "{covariance} and {best}");
    let said = place.succeeds(&format!("{ROWS} --importance-samples 5"));
    let (header, weighted) = said.table();
    let l_5 = mean(&weighted, column(&header, "per_datum_l_5"));
    assert!(
        l_5 > best && l_5 >= mean(&weighted, column(&header, "amortised_l_5")) - 0.02,
        "{l_5} and {best}"
    );
    assert!(said.stderr.contains("per_datum_l_5      "), "{said:?}");
    // Steps of no size leave q where the encoder has it, and a row that ran out of them says so.
    let said = place.succeeds(&format!("{ROWS} --steps 1 --step-size 1e-12"));
    let (header, still) = said.table();
    let [elbo, encoder, converged] =
        ["per_datum_elbo", "amortised_elbo", "converged"].map(|name| column(&header, name));
    assert!(still.iter().all(|row| (row[elbo] - row[encoder]).abs() < 1e-5 && row[converged] == 0.0));
    assert!(
        said.stderr.contains("note: the column `converged` is 0 where a row ran out of steps"),
        "{said:?}"
    );
}

#[test]
fn a_file_takes_the_table_and_stdout_the_means() {
    let place = fitted();
    let (header, rows) = place.succeeds(ROWS).table();
    let said = place.succeeds(&format!("{ROWS} --output q.csv"));
    assert_eq!(table(&place.text("q.csv")).0, header);
    assert_eq!(table(&place.text("q.csv")).1.len(), rows.len());
    let terms: Vec<Vec<&str>> = said.stdout.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(terms[0], ["term", "nats_per_row", "standard_error", "is"]);
    let value = |i: usize, name: &str| -> f64 {
        assert_eq!(terms[i][0], name);
        terms[i][1].parse().unwrap()
    };
    let values = [value(2, "per_datum_elbo"), value(3, "amortised_elbo"), value(4, "amortisation_gap")];
    assert_eq!(value(1, "log_density"), values[0]);
    assert!((values[0] - mean(&rows, column(&header, "per_datum_elbo"))).abs() < 1e-5);
    assert!((values[0] - values[1] - values[2]).abs() < 3e-6);
    place.succeeds(&format!("{ROWS} --output q.npy"));
    assert!(place.read("q.npy").starts_with(b"\x93NUMPY"));
    place.succeeds(&format!("{ROWS} --output q.parquet"));
    assert!(place.read("q.parquet").starts_with(b"PAR1"));
    place.fails(&format!("{ROWS} --output q.png"), 2, &["q.png"], "end it in .csv");
    // A table of its own, by a model file.
    let line = |row: &[f32]| row.iter().map(f32::to_string).collect::<Vec<_>>().join(",");
    let lines: Vec<String> = elbo_data::digits().values.chunks(64).take(2).map(line).collect();
    place.write("two.csv", lines.join("\n"));
    let (header, rows) = place.succeeds("infer runs/digits/model.safetensors --data two.csv").table();
    assert_eq!((header[1].as_str(), rows.len()), ("z_1_mean", 2));
    place.write("narrow.csv", "1,2,3\n4,5,6\n");
    assert_eq!(place.elbo("infer runs/digits --data narrow.csv").code, Some(1));
}
