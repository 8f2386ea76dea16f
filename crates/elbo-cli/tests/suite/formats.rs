//! Kinds of files, and ways to fit.

use crate::common::{Place, gzip, mean, measurements, table};

/// IDX files of 60 images of 4x3 bytes, with a bright column that the label tells.
fn bars() -> (Vec<u8>, Vec<u8>) {
    let (mut images, mut labels) =
        (vec![0, 0, 8, 3, 0, 0, 0, 60, 0, 0, 0, 4, 0, 0, 0, 3], vec![0, 0, 8, 1, 0, 0, 0, 60]);
    for image in 0..60_u8 {
        labels.push(image % 3);
        images.extend((0..12).map(|pixel| if pixel % 3 == image % 3 { 250 } else { image }));
    }
    (images, labels)
}

fn elbo(place: &Place, run: &str) -> f64 {
    place.results(run)["validation"]["elbo"]["value"].as_f64().expect("a finite bound")
}

#[test]
fn idx_images_with_labels_beside_them() {
    let place = Place::new();
    let (images, labels) = bars();
    place.write("plain/train-images-idx3-ubyte", &images);
    place.write("plain/train-labels-idx1-ubyte", &labels);
    place.write("zip/train-images-idx3-ubyte.gz", gzip(&images));
    place.write("zip/train-labels-idx1-ubyte.gz", gzip(&labels));
    place.write("zip/t10k-images-idx3-ubyte.gz", gzip(&images));
    place.succeeds("train --data plain/train-images-idx3-ubyte --epochs 4 --name plain");
    let said = place.succeeds(
        "train --data zip/train-images-idx3-ubyte.gz --test zip/t10k-images-idx3-ubyte.gz --epochs 4 --name zip",
    );
    for told in [
        "60 rows, images of 4×3, values 0 to 250, 3 different labels",
        "60 for the test",
        "% of the pixels lie between",
    ] {
        assert!(said.stderr.contains(told), "no {told:?} in {said:?}");
    }
    assert_eq!(place.metrics("runs/plain"), place.metrics("runs/zip"));
    assert!(place.results("runs/plain")["test"].is_null());
    assert!(place.results("runs/zip")["test"]["elbo"]["value"].as_f64().is_some());
    let (header, rows) = place.succeeds("encode runs/zip").table();
    assert_eq!(header[1], "label");
    assert!(rows.iter().enumerate().all(|(row, cells)| cells[1] == (row % 3) as f64));
    place.succeeds("sample runs/zip -n 4 --output four.png");
}

#[test]
fn tables_with_commas_and_tabs() {
    let place = Place::new();
    let text = measurements(80);
    place.write("data.csv", &text);
    place.write("data.tsv", text.replace(',', "\t"));
    // Without its header and with the class in front.
    let swapped: Vec<String> = text
        .lines()
        .skip(1)
        .map(|line| line.rsplit_once(',').map(|(numbers, kind)| format!("{kind},{numbers}")).unwrap())
        .collect();
    place.write("swapped.txt", swapped.join("\r\n"));
    place.write("zipped.csv.gz", gzip(text.as_bytes()));
    place.succeeds("train --data data.csv --label-column kind --epochs 3 --name csv");
    for (name, options) in [
        ("tsv", "data.tsv --label-column last"),
        ("txt", "swapped.txt --label-column 1"),
        ("gz", "zipped.csv.gz --label-column 4"),
    ] {
        let said = place.succeeds(&format!("train --data {options} --epochs 3 --name {name}"));
        assert!(
            said.stderr.contains("80 rows, 3 columns") && said.stderr.contains("2 different labels"),
            "{said:?}"
        );
        assert_eq!(place.metrics("runs/csv"), place.metrics(&format!("runs/{name}")));
    }
}

/// Fitted after standard scaling, and given back in the units of the data.
#[test]
fn results_come_in_the_units_of_the_data() {
    let place = Place::new();
    let text = measurements(400);
    place.write("data.csv", &text);
    let said = place.succeeds("train --data data.csv --label-column kind --sigma learned --epochs 150");
    assert!(said.stderr.contains("Gaussian, one learned σ (the values are real numbers)"), "{said:?}");
    let (_, data) = table(&text);
    let (header, back) = place.succeeds("reconstruct runs/data").told();
    assert_eq!(header, ["height", "depth", "mass"]);
    let (names, drawn) = place.succeeds("sample runs/data -n 2000 --draw").table();
    assert_eq!(names, ["height", "depth", "mass"]);
    let spread = |rows: &[Vec<f64>], c: usize| {
        let middle = mean(rows, c);
        (rows.iter().map(|row| (row[c] - middle).powi(2)).sum::<f64>() / rows.len() as f64).sqrt()
    };
    for column in 0..3 {
        let (middle, sd) = (mean(&data, column), spread(&data, column));
        assert!((mean(&back, column) - middle).abs() < 0.2 * sd, "reconstructions of column {column}");
        assert!((mean(&drawn, column) - middle).abs() < 0.2 * sd, "draws of column {column}");
        assert!((spread(&drawn, column) / sd - 1.0).abs() < 0.25, "spread of column {column}");
        let error = data.iter().zip(&back).map(|(x, y)| (x[column] - y[column]).powi(2)).sum::<f64>() / 400.0;
        assert!(error.sqrt() < 0.6 * sd, "{} of {sd} in column {column}", error.sqrt());
    }
}

#[test]
fn rows_of_a_table_may_be_images() {
    let place = Place::new();
    let row = |k: usize| (0..6).map(|c| u8::from(c % 3 == k % 3).to_string()).collect::<Vec<_>>().join(",");
    let lines: Vec<String> = (0..40).map(row).collect();
    place.write("data.csv", lines.join("\n"));
    let said = place.succeeds("train --data data.csv --image 2x3 --epochs 3");
    assert!(
        said.stderr.contains("images of 2×3") && said.stderr.contains("every value is 0 or 1"),
        "{said:?}"
    );
    let drawn = place.succeeds("sample runs/data -n 20 --draw");
    assert!(drawn.table().1.iter().flatten().all(|&value| value == 0.0 || value == 1.0));
    place.succeeds("reconstruct runs/data --output rows.png");
    assert!(place.read("rows.png").starts_with(b"\x89PNG"));
}

#[test]
fn constant_columns_can_be_left_out() {
    let place = Place::new();
    place.write("data.csv", measurements(60).replace("tall", "7.3").replace("small", "7.3"));
    let said = place.succeeds("train --data data.csv --drop-constant --sigma per-column --epochs 3");
    assert!(said.stderr.contains("dropped     1 constant column: kind"), "{said:?}");
    assert_eq!(place.succeeds("sample runs/data -n 5").table().0, ["height", "depth", "mass"]);
    // The file still has the column: the model knows which ones it takes.
    assert_eq!(place.succeeds("reconstruct runs/data --data data.csv").table().1.len(), 60);
}

/// The ELBO is a bound from below: where it is above the exact evidence of the linear model, the fit explains
/// the rows better than any linear one.
#[test]
fn digits_are_not_linear() {
    let place = Place::new();
    place.succeeds("train digits --likelihood gaussian");
    let results = place.results("runs/digits");
    let advantage = &results["linear"]["advantage"];
    let (value, error) =
        (advantage["value"].as_f64().unwrap(), advantage["standard_error"].as_f64().unwrap());
    assert!(error > 0.0 && value > 3.0 * error, "{results:#}");
    assert_eq!(results["finished"], "converged");
    assert_eq!(results["linear"]["latent"], 20);
}

#[test]
fn sigma_can_be_found_in_four_ways() {
    let place = Place::new();
    place.write("data.csv", measurements(200));
    let sigma = |name: &str| {
        place.succeeds(&format!(
            "train --data data.csv --label-column kind --epochs 20 --step-size 0.01 --sigma {name} --name {name}"
        ));
        assert!(elbo(&place, &format!("runs/{name}")).is_finite());
        place.results(&format!("runs/{name}"))["sigma"].as_f64()
    };
    assert!((sigma("0.3").unwrap() - 0.3).abs() < 1e-6);
    assert_eq!(sigma("per-column"), None);
    for name in ["learned", "solved"] {
        let sigma = sigma(name).unwrap();
        assert!(sigma > 0.05 && sigma < 1.0, "{name}: {sigma}");
    }
}

#[test]
fn every_setting_of_the_ascent_changes_the_fit_and_keeps_it_finite() {
    let place = Place::new();
    place.write("data.csv", measurements(300));
    let train = "train --data data.csv --label-column kind --epochs 8 --batch 50 --name";
    place.succeeds(&format!("{train} plain"));
    let plain = place.metrics("runs/plain");
    for (name, options) in [
        ("kl", "--kl monte-carlo"),
        ("alternating", "--schedule alternating"),
        ("cosine", "--decay cosine"),
        ("steps", "--decay 5,0.5"),
        ("samples", "--samples 3"),
        ("sgd", "--optimiser sgd"),
        ("clip", "--clip-norm 0.5 --optimiser sgd"),
        ("encoder", "--encoder-step-size 1e-4"),
        ("deep", "--hidden 30,20 --activation tanh"),
        ("linear", "--hidden none"),
        ("latent", "--latent 1"),
        ("seed", "--seed 7"),
    ] {
        place.succeeds(&format!("{train} {name} {options}"));
        let run = format!("runs/{name}");
        assert!(elbo(&place, &run).is_finite());
        let metrics = place.metrics(&run);
        assert_eq!(metrics.len(), 8);
        assert_ne!(metrics[7], plain[7], "{options} changes nothing");
    }
    assert_ne!(place.metrics("runs/sgd")[7], place.metrics("runs/clip")[7]);
    for binarise in ["dynamic", "threshold", "none"] {
        place.succeeds(&format!("train digits --epochs 2 --binarise {binarise} --name {binarise}"));
        assert!(elbo(&place, &format!("runs/{binarise}")).is_finite());
    }
    assert_ne!(place.metrics("runs/dynamic"), place.metrics("runs/threshold"));
    assert_ne!(place.metrics("runs/none"), place.metrics("runs/threshold"));
}

/// Of one validation row no error is told, and nothing is trusted.
#[test]
fn one_validation_row_has_no_error() {
    let place = Place::new();
    place.write("data.csv", measurements(20));
    let said =
        place.succeeds("train --data data.csv --label-column kind --validation 0.05 --epochs 30 --name one");
    assert!(said.stderr.contains("1 for validation") && !said.stderr.contains("± 0.000"), "{said:?}");
    assert!(!said.stderr.contains("verdict     trust"), "{said:?}");
    let results = place.results("runs/one");
    assert!(results["validation"]["elbo"]["value"].is_f64());
    assert!(results["validation"]["elbo"]["standard_error"].is_null());
}

/// Each column of a table has a σ of its own; pixels share one.
#[test]
fn sigma_is_of_each_column_of_a_table() {
    let place = Place::new();
    place.write("data.csv", measurements(80));
    let said = place.succeeds("train --data data.csv --label-column kind --epochs 3");
    assert!(said.stderr.contains("Gaussian, a learned σ for each column"), "{said:?}");
    let said = place.succeeds("train digits --likelihood gaussian --epochs 1");
    assert!(place.results("runs/digits")["sigma"].is_f64(), "{said:?}");
}

/// Advice never points to what was just done.
#[test]
fn a_guide_per_datum_is_not_advised_to_itself() {
    let place = Place::new();
    place.write("data.csv", measurements(200));
    let fit = "train --data data.csv --label-column kind --guide per-datum --epochs 40";
    let said = place.command(fit).output().unwrap();
    let text = String::from_utf8(said.stderr).unwrap();
    assert!(
        text.contains("verdict") && !text.contains("try:  elbo infer") && !text.contains("--guide per-datum"),
        "{text}"
    );
}
