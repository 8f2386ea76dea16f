//! Requests that make no sense are refused before any work is done.

use crate::common::{Place, files, measurements};

#[test]
fn arguments_out_of_range() {
    let place = Place::new();
    let count = "give a whole number from 1 to 4294967295";
    let positive = "give a number > 0";
    let fraction = "give a fraction between 0 and 1, as 0.1";
    let sigma = "give `learned`, `per-column`, `solved` or a number > 0";
    for (option, values, rule) in [
        ("latent", "0 1.5 18446744073709551615", count),
        ("batch", "0 x", count),
        ("epochs", "0 many", count),
        ("samples", "0", count),
        ("patience", "0", count),
        ("hidden", "0 400,0 400,,200", "give widths > 0 separated by commas"),
        ("validation", "0 1 -0.1 nan", fraction),
        ("sigma", "-1 0 inf wide", sigma),
        ("step-size", "-1 0 NaN inf", positive),
        ("encoder-step-size", "-1 0 NaN inf", positive),
        ("clip-norm", "0 -3 nan", positive),
        ("decay", "0,0.5 5,0 5,-1 linear", "give `constant`, `cosine`, or epochs and a factor"),
        ("image", "0x3 8 8x", "give height and width as 28x28"),
        ("memory", "0 abc G 1.5G 2GB 5KM 99999999999G", "give a size > 0 as 500M or 2G"),
        (
            "likelihood",
            "beta",
            "the families of all columns are bernoulli, gaussian, poisson, negative-binomial",
        ),
        ("likelihood", "age=beat", "the families of a column are gaussian, student-t"),
        ("likelihood", "hour=circular:-1", "give a period > 0, as hour=circular:24"),
        ("threads", "0", "1 to 256"),
        ("device", "tpu", "[possible values: cpu, cuda]"),
        ("seed", "x", "invalid digit"),
    ] {
        for value in values.split(' ') {
            let invalid = format!("invalid value '{value}' for '--{option}");
            place.refuses(&format!("train digits --{option} {value}"), &[&invalid, rule]);
        }
    }
    for verb in ["evaluate runs/x --samples", "sample runs/x -n", "reconstruct runs/x --rows"] {
        place.refuses(&format!("{verb} 0"), &["invalid value '0'", count]);
    }
    assert_eq!(files(&place.path("")).len(), 0);
}

#[test]
fn arguments_that_make_no_sense_together() {
    let place = Place::new();
    place.refuses("train digits --frobnicate", &["unexpected argument '--frobnicate'"]);
    if !cfg!(feature = "cuda") {
        let remedy = "cargo build --release --features cuda";
        place.fails("train digits --device cuda", 2, &["built for the CPU alone"], remedy);
    }
    place.refuses("train letters", &["invalid value 'letters'", "--data PATH reads a file"]);
    for verb in ["train", "mixture", "hmm"] {
        let hint = "--data PATH reads a file; for train, mixture and factors `digits` is built in";
        place.fails(verb, 2, &["no data given"], hint);
    }
    for other in ["--data x.csv", "--image 8x8", "--label-column 1", "--labels x"] {
        place.refuses(&format!("train digits {other}"), &["cannot be used with"]);
    }
    // Silently ignored, they would be taken for settings of the fit.
    for other in ["--epochs 5", "--seed 0", "--validation 0.1", "--image 8x8", "--kl analytic"] {
        place.refuses(&format!("train --config config.toml {other}"), &["cannot be used with"]);
    }
    place.fails(
        "evaluate runs/digits --label-column 1",
        2,
        &["--label-column says how a file is read"],
        "--data PATH",
    );
    place.write("data.csv", measurements(20));
    let message = ["does not say which value is full: --scale full is for images"];
    place.fails("train --data data.csv --label-column kind --scale full", 2, &message, "--scale unit");
    for sizes in ["--latent 4000000000", "--hidden 400,99999999"] {
        let hint = "choose smaller widths";
        place.fails(
            &format!("train digits {sizes}"),
            2,
            &["the model would have ", " weights, more than"],
            hint,
        );
    }
    let message = ["4000000000 draws of each row of a minibatch take ", " TB of memory, and "];
    place.fails("train digits --samples 4000000000", 2, &message, "give fewer --samples");
    let message = ["has 3 columns, which do not fit an image of 2x2"];
    place.fails("train --data data.csv --label-column kind --image 2x2", 1, &message, "height times width");
    assert!(!place.exists("runs"));
}

#[test]
fn a_configuration_that_contradicts_itself() {
    let place = Place::new();
    place.write("data.csv", measurements(20));
    place.succeeds("train --data data.csv --label-column kind --epochs 2");
    let text = place.text("runs/data/config.toml");
    for (key, value, message) in [
        ("divisor", "[]", "a scale has 3 offsets, but 0 divisors"),
        ("divisor", "[1.0, 2.0, 3.0]\ncolumns = [0, 1, 7]", "do not fit together"),
        ("offset", "[1.0, 2.0]", "a scale has 2 offsets, but 3 divisors"),
        ("columns", "['one']", "do not fit together"),
        ("stored_columns", "3\nimage = [7, 7]", "do not fit together"),
        ("validation", "7.0", "do not fit together"),
        ("batch", "0", "batch is 0, but must be at least 1"),
        ("latent", "0", "latent is 0, but must be at least 1"),
        ("rows", "'many'", "`edited.toml` is not a configuration of a run"),
    ] {
        let edit = |line: &str| match line.split_once(" = ") {
            Some((name, _)) if name == key => format!("{key} = {value}"),
            _ => line.to_owned(),
        };
        let edited: Vec<String> = text.lines().map(edit).collect();
        assert_ne!(edited.join("\n"), text.trim_end(), "no {key} to edit");
        place.write("edited.toml", edited.join("\n"));
        let said = place.elbo("train --config edited.toml");
        assert!(said.code == Some(1) && said.stderr.contains(message), "{key}: {said:?}");
    }
    assert_eq!(files(&place.path("runs")), ["data"]);
}

/// A file that stands by itself, and weights where there are none, are answered by what to do.
#[test]
fn a_file_by_itself_is_told_its_flag() {
    let place = Place::new();
    place.write("data.csv", "a,b\n1,2\n3,4\n");
    for verb in ["regress", "normal", "hmm", "state-space", "topics"] {
        place.refuses(&format!("{verb} data.csv"), &["tip: a file is given by a flag, as --data data.csv"]);
    }
    place.refuses("train data.csv", &["--data PATH reads a file"]);
    place.refuses(
        "train --data data.csv --weights a",
        &["`train` takes no row weights, since", "three times"],
    );
}
