//! A fit in which each row has a q of its own.

use crate::common::{Place, measurements};
use serde_json::Value;

const SMALL: &str = "train digits --guide per-datum --hidden 32 --latent 4";

fn epochs(place: &Place, run: &str) -> Vec<Value> {
    let text = place.text(&format!("{run}/metrics.jsonl"));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn both_bounds_are_told_and_the_rows_are_not_drawn_anew() {
    let place = Place::new();
    let said = place.succeeds(&format!("{SMALL} --epochs 40"));
    for part in [
        "guide       each training and validation row has its own q(z|x), which starts as the encoder gives it and takes 3 steps",
        "binarise    threshold: the q of a row would lag behind one that is drawn anew at each epoch",
        "per-datum   ELBO of the validation rows at epoch ",
    ] {
        assert!(said.stderr.contains(part), "no {part:?} in {said:?}");
    }
    assert_eq!(said.stderr.matches("  by the encoder ").count(), 40, "{said:?}");
    let config = place.text("runs/digits/config.toml");
    assert!(config.contains("binarise = \"threshold\"\n"), "{config}");
    assert!(config.contains("estimator = \"sticking-the-landing\"\n"), "{config}");
    let last = epochs(&place, "runs/digits").pop().unwrap();
    let value = |of: &Value| of["elbo"]["value"].as_f64().unwrap();
    // The same 180 rows by the same noise: each under its own q, and under the encoder's.
    let (own, by_encoder) = (value(&last["validation"]), value(&last["amortised"]["validation"]));
    assert!(own > by_encoder + 0.02 && own < by_encoder + 5.0, "{own} {by_encoder}");
    // What is fitted for rows to come is an encoder as of any fit.
    let evaluated = value(&place.results("runs/digits")["validation"]);
    assert!((evaluated - by_encoder).abs() < 0.5, "{evaluated} {by_encoder}");
    place.succeeds("evaluate runs/digits --samples 2");
    place.succeeds("encode runs/digits");
}

#[test]
fn what_was_asked_for_is_done_and_told() {
    let place = Place::new();
    let said = place.succeeds(&format!("{SMALL} --binarise dynamic --psi-steps 1 --beta 0.5 --epochs 2"));
    assert!(said.stderr.contains("note        --binarise dynamic draws grey rows anew"), "{said:?}");
    let config = place.text("runs/digits/config.toml");
    assert!(config.contains("binarise = \"dynamic\"\n") && config.contains("steps = 1\n"), "{config}");
    assert!(config.contains("estimator = \"reparameterised\"\n"), "{config}");
    place.write("data.csv", measurements(100));
    let said = place.succeeds("train --data data.csv --label-column kind --guide per-datum --epochs 2");
    assert!(!said.stderr.contains("binarise"), "{said:?}");
}

#[test]
fn an_interrupted_fit_goes_on_to_the_same_bits_with_any_number_of_threads() {
    let place = Place::new();
    place.succeeds(&format!("{SMALL} --runs whole --epochs 7 --threads 1"));
    place.succeeds(&format!("{SMALL} --runs killed --epochs 3 --threads 2"));
    let config = place.text("killed/digits/config.toml").replace("epochs = 3\n", "epochs = 7\n");
    place.write("killed/digits/config.toml", config);
    let said = place.succeeds("train --resume killed/digits --threads 3");
    assert!(said.stderr.contains("resumed     after epoch 3"), "{said:?}");
    place.same_fit("whole/digits", "killed/digits");
    assert!(place.read("whole/digits/state") == place.read("killed/digits/state"));
    place.succeeds("train --config whole/digits/config.toml --runs again");
    place.same_fit("whole/digits", "again/digits");
}

#[test]
fn a_configuration_from_before_there_was_a_choice_is_amortised() {
    let place = Place::new();
    place.succeeds("train digits --hidden 32 --latent 4 --epochs 2");
    let config = place.text("runs/digits/config.toml");
    let old = config.replace("inference = \"amortised\"\n", "");
    assert_ne!(config, old);
    place.write("old.toml", old);
    place.succeeds("train --config old.toml --runs again");
    place.same_fit("runs/digits", "again/digits");
    assert!(epochs(&place, "runs/digits").iter().all(|epoch| epoch["amortised"].is_null()));
}

#[test]
fn a_state_without_its_psi_is_refused() {
    let place = Place::new();
    place.succeeds(&format!("{SMALL} --epochs 2"));
    place.succeeds("train digits --hidden 32 --latent 4 --epochs 2 --name plain --binarise threshold");
    place.write("runs/digits/state", place.read("runs/plain/state"));
    let said = place.elbo("train --resume runs/digits");
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stderr.contains("ψ of the training rows"), "{said:?}");
}

#[test]
fn what_has_no_psi_is_refused_with_a_hint() {
    let place = Place::new();
    for more in [
        "--objective importance-weighted",
        "--family bernoulli",
        "--network convolutional",
        "--latent 8,4",
        "--objective noiseless --likelihood gaussian --sigma 0.1",
    ] {
        place.fails(
            &format!("train digits --guide per-datum {more}"),
            2,
            &["--guide per-datum is of the ELBO of dense layers with one layer of Gaussian latents"],
            "or --guide amortised",
        );
    }
    place.fails(
        "train digits --psi-steps 4",
        2,
        &["--psi-steps and --psi-step-size are of a q for each row"],
        "add --guide per-datum",
    );
    for bad in ["--psi-steps 0", "--psi-step-size 0", "--guide own"] {
        place.refuses(&format!("train digits {bad}"), &["invalid value"]);
    }
    place.refuses("train --resume runs/digits --guide per-datum", &["cannot be used with"]);
}
