//! Other objectives, latents and estimators than the usual.

use crate::common::Place;

#[test]
fn the_noiseless_objective_is_fitted_and_called_no_bound() {
    let place = Place::new();
    let said = place.succeeds(
        "train digits --likelihood gaussian --sigma 0.1 --objective noiseless --hidden 64 --epochs 20",
    );
    assert!(said.stderr.contains("no bound, per row"), "{said:?}");
    let (fit, verdict) = said.stderr.split_once("verdict").unwrap();
    assert!(!fit.contains("ELBO") && !fit.contains("nats"), "{said:?}");
    assert!(verdict.contains("the value that was maximised is not a bound"), "{said:?}");
    let results = place.results("runs/digits");
    assert_eq!(results["objective"], "noiseless");
    assert!(results["linear"].is_null());
    let report = place.text("runs/digits/report.html");
    assert!(report.contains("It is not a bound on log p(x)") && report.contains("The objective"));
    assert!(!report.contains("KL divergence, nats"));
    // Half the squared distance of a row of 64 pixels from the mean of all is about 2.3.
    let value = results["validation"]["elbo"]["value"].as_f64().unwrap();
    assert!(value > -1.5 && value < 0.0, "{value}");
    let said = place.succeeds("evaluate runs/digits");
    assert!(said.stderr.contains("standard deviations were never fitted"), "{said:?}");
    place.fails(
        "train digits --objective noiseless",
        2,
        &["--objective noiseless needs Gaussian latents and a Gaussian likelihood with a fixed sigma"],
        "--likelihood gaussian and --sigma 0.1",
    );
}

#[test]
fn discrete_latents_are_fitted_encoded_and_drawn_from() {
    let place = Place::new();
    place.succeeds("train digits --family bernoulli --latent 5 --hidden 32 --epochs 4 --name bits");
    assert!(place.text("runs/bits/config.toml").contains("estimator = \"score-function\"\n"));
    let (header, rows) = place.succeeds("encode runs/bits").told();
    let named = |what: &str| (1..=5).map(|k| format!("z_{k}_{what}")).collect::<Vec<_>>();
    assert_eq!(header, [named("mean"), named("sd")].concat());
    for row in &rows {
        for j in 0..5 {
            let p = row[j];
            assert!((0.0..=1.0).contains(&p) && (row[5 + j] - (p * (1.0 - p)).sqrt()).abs() < 1e-5);
        }
    }
    place.succeeds(
        "train digits --family categorical:3 --latent 2 --estimator enumerated --hidden 32 --epochs 3 --name choices",
    );
    let (header, rows) = place.succeeds("encode runs/choices").told();
    let means = ["z_1_1", "z_1_2", "z_1_3", "z_2_1", "z_2_2", "z_2_3"].map(|name| format!("{name}_mean"));
    assert_eq!(header[..6], means);
    assert!(rows.iter().all(|row| (row[..3].iter().sum::<f64>() - 1.0).abs() < 1e-5));
    // Nine states: no more than nine different means are drawn.
    let (_, mut drawn) = place.succeeds("sample runs/choices -n 200").table();
    drawn.sort_by(|a, b| a.partial_cmp(b).unwrap());
    drawn.dedup();
    assert!(drawn.len() > 1 && drawn.len() <= 9, "{}", drawn.len());
    place.succeeds("evaluate runs/choices --samples 2");
    place.succeeds("reconstruct runs/choices --output shown.png");
}

#[test]
fn a_relaxed_fit_says_that_it_is_biased() {
    let place = Place::new();
    place.succeeds("train digits --family bernoulli --estimator relaxed:0.5 --hidden 32 --epochs 2");
    assert!(place.text("runs/digits/report.html").contains("a biased estimate"));
    let message = ["the estimator is reparameterised, but a discrete latent has no derivative"];
    let said = place.elbo("train digits --family bernoulli --estimator reparameterised");
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.contains(message[0]), "{said:?}");
    for bad in ["--family categorical:1", "--family real", "--estimator relaxed:0", "--estimator magic"] {
        place.refuses(&format!("train digits {bad}"), &["invalid value"]);
    }
}

#[test]
fn sticking_the_landing_fits() {
    let place = Place::new();
    place.succeeds("train digits --estimator sticking-the-landing --hidden 32 --epochs 20");
    let value = place.results("runs/digits")["validation"]["elbo"]["value"].as_f64().unwrap();
    assert!(value > -27.5, "{value}");
}

#[test]
fn the_importance_weighted_bound_is_fitted_and_named() {
    let place = Place::new();
    let said =
        place.succeeds("train digits --objective importance-weighted --hidden 32 --latent 4 --epochs 8");
    assert!(said.stderr.contains("L_k") && !said.stderr.contains("ELBO"), "{said:?}");
    let config = place.text("runs/digits/config.toml");
    assert!(config.contains("estimator = \"doubly-reparameterised\"\n") && config.contains("samples = 5\n"));
    assert!(place.text("runs/digits/report.html").contains("importance-weighted bound L_k with k = 5"));
    // L_5 of the validation rows lies above the ELBO of the same rows by more than its error.
    let bound = place.results("runs/digits")["validation"]["elbo"]["value"].as_f64().unwrap();
    assert!(bound > -40.0 && bound < -15.0, "{bound}");
    place.fails(
        "train digits --objective importance-weighted --family bernoulli",
        1,
        &["the importance-weighted bound needs Gaussian latents"],
        "",
    );
    place.fails("train digits --estimator doubly-reparameterised", 1, &["not of the ELBO"], "");
}

#[test]
fn a_weighted_kl_is_called_no_bound_while_it_lasts() {
    let place = Place::new();
    let said = place.succeeds("train digits --hidden 32 --latent 4 --epochs 4 --kl-warm-up 2");
    let lines: Vec<&str> = said.stderr.lines().filter(|line| line.contains(" | ")).collect();
    let weighed: Vec<bool> = lines[2..].iter().map(|line| line.contains("not the bound")).collect();
    assert_eq!(weighed, [true, true, false, false], "{said:?}");
    assert!(place.text("runs/digits/report.html").contains("Over the first 2 epochs"));
    let first: serde_json::Value =
        serde_json::from_str(place.text("runs/digits/metrics.jsonl").lines().next().unwrap()).unwrap();
    // With a light KL what is maximised lies above the true bound.
    assert!(first["objective"].as_f64().unwrap() > first["train"]["elbo"]["value"].as_f64().unwrap());
    let said =
        place.succeeds("train digits --hidden 32 --latent 4 --epochs 2 --free-bits 0.5 --beta 2 --name free");
    assert!(said.stderr.matches("not the bound").count() == 2, "{said:?}");
    assert!(place.text("runs/free/report.html").contains("weighed the KL by 2 and left 0.5 nats"));
    place.succeeds("train digits --hidden 32 --latent 4 --epochs 2 --encoder-steps 3 --name lagging");
    assert!(place.text("runs/lagging/config.toml").contains("encoder-steps = 3"));
    place.fails(
        "train digits --objective importance-weighted --beta 2",
        2,
        &["--beta, --kl-warm-up and --free-bits weigh the KL of the ELBO"],
        "leave them out",
    );
}

/// Under a KL weighed a hundredfold no code is worth its cost: the posterior collapses, and the watch says so, once.
#[test]
fn a_collapse_is_seen_as_it_happens_and_its_remedies_named() {
    let place = Place::new();
    let said = place.succeeds("train digits --hidden 32 --latent 4 --epochs 30 --beta 100");
    assert_eq!(said.stderr.matches("collapse    for 3 epochs").count(), 1, "{said:?}");
    assert!(said.stderr.contains("--kl-warm-up 20, --free-bits 0.1"), "{said:?}");
    let said = place.succeeds("train digits --hidden 32 --latent 4 --epochs 30 --name fine");
    assert!(!said.stderr.contains("collapse"), "{said:?}");
}

/// While the KL's weight rises the bound falls: the best epoch is one after that, and patience counts from then on.
#[test]
fn epochs_are_compared_after_the_warm_up() {
    let place = Place::new();
    place.succeeds("train digits --hidden 32 --latent 4 --epochs 40 --kl-warm-up 20 --patience 3");
    assert!(place.results("runs/digits")["best_epoch"].as_u64().unwrap() > 20);
    let whole = "train digits --epochs 9 --kl-warm-up 9";
    place.fails(whole, 1, &["must be at most 8, one less than the epochs of the fit"], "");
    let two = "train digits --latent 4,2 --free-bits 0.1 --epochs 2";
    place.fails(two, 1, &["which two layers of z have not"], "");
}

#[test]
fn a_fit_begins_at_another_model() {
    let place = Place::new();
    let first = |run: &str| -> f64 {
        let line: serde_json::Value = serde_json::from_str(&(place.metrics(run)[0].clone() + "}")).unwrap();
        line["validation"]["elbo"]["value"].as_f64().unwrap()
    };
    let small = "--hidden 20 --latent 4 --seed 3";
    place.succeeds(&format!("train digits {small} --epochs 30 --name one"));
    place.succeeds(&format!("train digits {small} --epochs 1 --name fresh"));
    let weighted = "--objective importance-weighted --samples 5";
    let said = place
        .succeeds(&format!("train digits {small} {weighted} --epochs 1 --begin-at runs/one --name begun"));
    assert!(said.stderr.contains("begins at   "), "{said:?}");
    assert!(first("runs/begun") > first("runs/fresh") + 1.0);
    assert!(place.text("runs/begun/config.toml").contains("begin_at = "));
    place.succeeds("train --config runs/begun/config.toml --runs again");
    place.same_fit("runs/begun", "again/begun");
    place.fails(
        "train digits --hidden 30 --latent 4 --epochs 1 --begin-at runs/one",
        1,
        &["the parameter vector to begin at has shape"],
        "",
    );
    place.fails("train digits --begin-at none", 1, &["none` does not exist"], "give a run folder");
}
