//! Convolutions, and two layers of z, from `train` to every verb.

use std::fmt::Write as _;

use crate::common::{Place, measurements};

const CONVOLUTIONAL: &str = "--image 5x4 --network convolutional --channels 3,4 --hidden 8 --latent 2";
const TWO_LAYERS: &str = "--latent 3,2 --hidden 8 --hidden2 6 --activation tanh";

/// Images of 5 × 4 pixels, 0 or 1, light on the left or on the right.
fn images(rows: usize, start: usize) -> String {
    let mut text = (0..20).map(|pixel| format!("p{pixel}")).collect::<Vec<_>>().join(",") + "\n";
    for row in start..start + rows {
        // A low-discrepancy sequence, so that the rows are the same at every call.
        let part = |n: usize| (n as f64 * 0.618_034).fract();
        let left = part(7 * row) < 0.6;
        for pixel in 0..20 {
            let bright = if (pixel % 4 < 2) == left { 0.9 } else { 0.2 };
            let value = u8::from(part(20 * row + pixel) < bright);
            write!(text, "{}{value}", if pixel == 0 { "" } else { "," }).unwrap();
        }
        text.push('\n');
    }
    text
}

fn place() -> Place {
    let place = Place::new();
    place.write("images.csv", images(200, 0));
    place.write("test.csv", images(60, 200));
    place
}

/// The same bits for another number of threads, and after a stop; the test rows' bound as `evaluate` finds it from the run
/// folder and from its model file alone.
fn fits_resumes_and_evaluates(shape: &str) {
    let place = place();
    let fit = format!("train --data images.csv --test test.csv --step-size 1e-2 --batch 50 {shape}");
    let said = place.succeeds(&format!("{fit} --epochs 60 --runs whole --threads 1"));
    assert!(said.stderr.contains("validation  ELBO "), "{said:?}");
    place.succeeds(&format!("{fit} --epochs 25 --runs stopped --threads 2"));
    let config = place.text("stopped/images/config.toml").replace("epochs = 25\n", "epochs = 60\n");
    place.write("stopped/images/config.toml", config);
    place.succeeds("train --resume stopped/images --threads 3");
    place.same_fit("whole/images", "stopped/images");

    // 20 fair bits are worth -20 log 2 = -13.86 nats; the side and pixels at 0.9 and 0.2 -0.7 - 10 (0.33 + 0.50) = -9.
    let test = place.results("whole/images")["test"]["elbo"]["value"].as_f64().unwrap();
    assert!(test > -11.5 && test < -8.0, "{test}");
    place.write("alone.safetensors", place.read("whole/images/model.safetensors"));
    for model in ["whole/images", "alone.safetensors"] {
        let said = place.succeeds(&format!("evaluate {model} --data test.csv"));
        let line = said.stdout.lines().nth(1).unwrap().split(',').nth(1).unwrap();
        assert!((line.parse::<f64>().unwrap() - test).abs() < 1e-6, "{line} {test}");
    }
    let (_, rows) = place.succeeds("reconstruct whole/images").told();
    assert_eq!((rows.len(), rows[0].len()), (200, 20));
    let (_, drawn) = place.succeeds("sample whole/images -n 300 --draw").table();
    let (_, stored) = crate::common::table(&place.text("images.csv"));
    for pixel in 0..20 {
        // Both are means of 0/1: a standard error of at most 0.05, and the fit's own distance.
        let (one, other) = (crate::common::mean(&drawn, pixel), crate::common::mean(&stored, pixel));
        assert!((one - other).abs() < 0.3, "pixel {pixel}: {one} {other}");
    }
    let report = place.text("whole/images/report.html");
    assert!(report.contains("Samples from the prior") && report.contains("Latent dimensions"));
    assert_eq!(report.contains("Of two layers"), shape == TWO_LAYERS);
}

#[test]
fn convolutions_fit_resume_and_evaluate() {
    fits_resumes_and_evaluates(CONVOLUTIONAL);
}

#[test]
fn two_layers_fit_resume_and_evaluate() {
    fits_resumes_and_evaluates(TWO_LAYERS);
}

#[test]
fn digits_are_fitted_with_convolutions() {
    let place = Place::new();
    let said = place.succeeds(
        "train digits --network convolutional --channels 4,8,8 --hidden none --latent 3 --epochs 2",
    );
    assert!(said.stderr.contains("1×8×8 → 4×4×4 → 8×2×2 → 8×1×1"), "{said:?}");
    place.succeeds("reconstruct runs/digits --output rows.png");
    let (header, rows) = place.succeeds("encode runs/digits").table();
    assert_eq!((header.len(), rows.len()), (8, 1797));
}

#[test]
fn both_layers_are_encoded_and_told_of() {
    let place = place();
    let said = place.succeeds(&format!("train --data images.csv {TWO_LAYERS} --epochs 3"));
    assert!(said.stderr.contains("kl          the term of z2 given z1 is in closed form"), "{said:?}");
    let (header, rows) = place.succeeds("encode runs/images").told();
    let names = ["z1_1", "z1_2", "z1_3", "z2_1", "z2_2"];
    let named = |what: &str| names.map(|name| format!("{name}_{what}"));
    assert_eq!(header, [named("mean"), named("sd")].concat());
    assert!(rows.iter().all(|row| row[5..].iter().all(|&sd| sd > 0.0)));
    let sampled = place.succeeds("evaluate runs/images --kl monte-carlo --samples 64");
    let partly = place.succeeds("evaluate runs/images --samples 64");
    assert!(
        partly.stderr.contains("note: the KL of z2 given z1") && !sampled.stderr.contains("the KL of z2")
    );
    let kl = |said: &crate::common::Said| crate::common::mean(&said.table().1[3..4], 1);
    assert!((kl(&sampled) - kl(&partly)).abs() < 0.1 && kl(&sampled) != kl(&partly));
}

#[test]
fn what_cannot_be_built_is_told() {
    let place = place();
    place.write("data.csv", measurements(40));
    place.fails(
        "train --data data.csv --label-column kind --network convolutional",
        2,
        &["--network convolutional needs images, but the rows of `", "data.csv` are none"],
        "--image HxW says what size",
    );
    place.fails(
        "train digits --channels 4",
        2,
        &["--channels, --kernel and --stride are of convolutions, but the network is dense"],
        "add --network convolutional",
    );
    place.fails(
        "train digits --hidden2 50",
        2,
        &["--hidden2 lies between two layers of z, but there is one"],
        "--latent 100,50 makes two",
    );
    place.fails(
        "train digits --latent 5,2 --family bernoulli",
        2,
        &["two layers of z must be Gaussian"],
        "leave --family out",
    );
    place.fails(
        "train digits --latent 5,2 --objective noiseless --likelihood gaussian --sigma 0.1",
        2,
        &["--objective noiseless is of one layer of z"],
        "give one number for --latent",
    );
    let message = ["stride is 4, but must be at most 3, the kernel's side"];
    place.fails("train digits --network convolutional --stride 4", 1, &message, "");
    for bad in ["--latent 5,2,1", "--latent 5,", "--latent 0", "--channels none", "--network deep"] {
        place.refuses(&format!("train digits {bad}"), &["invalid value"]);
    }
    let huge = "train digits --network convolutional --channels 100000,100000";
    place.fails(huge, 2, &["the model would have 1.8e11 weights"], "choose smaller");
    assert!(!place.exists("runs"));
}
