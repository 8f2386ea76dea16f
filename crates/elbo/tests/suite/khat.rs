//! k̂ (E25) against the tail index of Gaussian weights, and against ArviZ.

use crate::common::normals;
use elbo::{
    diagnose::{KHAT_LIMIT, ParetoSmoothed, khat_limit, pareto_smoothed},
    terms::Mean,
};
use serde_json::Value;

/// The same definition throughout: a tail strictly above the cutoff (the R package `loo` counts equal weights), the
/// fit, its prior, the quantiles and their truncation. Where ArviZ gives k̂ = ∞ for want of a tail, `None` stands for
/// few draws and +∞ for weights too far apart.
#[test]
fn arviz_agrees() {
    let file: Value = serde_json::from_str(include_str!("golden/khat_arviz.json")).unwrap();
    let number = |value: &Value| value.as_f64().unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 15);
    for case in cases {
        let log_weights: Vec<f64> = case["log_weights"].as_array().unwrap().iter().map(number).collect();
        let got = pareto_smoothed(&log_weights).unwrap();
        let name = case["name"].as_str().unwrap();
        let near = |what: &str, got: f64, expected: f64| {
            assert!(
                (got - expected).abs() < 1e-10 * expected.abs().max(1.0),
                "{name}, {what}: {got} {expected}"
            );
        };
        match (&case["khat"], name) {
            (Value::Null, "20 draws") => assert_eq!(got.khat, None),
            (Value::Null, _) => assert_eq!((name, got.khat), ("wider than 708 nats", Some(f64::INFINITY))),
            (khat, _) => near("k̂", got.khat.unwrap(), number(khat)),
        }
        near("log mean weight", got.log_mean_weight, number(&case["log_mean_weight"]));
        near("effective sample size", got.effective_sample_size, number(&case["effective_sample_size"]));
    }
}

/// z ~ N(0, s²I) in some dimensions, log w = log N(z; 0, I) − log N(z; 0, s²I).
fn too_narrow(s: f64, dimensions: usize, samples: usize, seed: u64) -> Vec<f64> {
    let log_weight = |e: &[f64]| {
        let squares: f64 = e.iter().map(|e| e * e).sum();
        dimensions as f64 * s.ln() + 0.5 * squares * (1.0 - s * s)
    };
    normals(seed, dimensions * samples).chunks(dimensions).map(log_weight).collect()
}

fn mean_khat(s: f64, dimensions: usize, samples: usize) -> Mean {
    let khat = |seed| pareto_smoothed(&too_narrow(s, dimensions, samples, seed)).unwrap().khat.unwrap();
    Mean::of(&(0..20).map(khat).collect::<Vec<_>>())
}

/// In two dimensions |z|²/s² is exponential, so the weights are exactly Pareto with index 1 − s², drawn towards ½
/// as the estimator says. Student's t with 19 degrees of freedom: a false alarm of |t| < 5 has probability 8e-5.
#[test]
fn the_index_of_pareto_weights() {
    for s in [0.5, 0.7, 0.9] {
        let khat = mean_khat(s, 2, 40_000);
        let expected = (600.0 * (1.0 - s * s) + 5.0) / 610.0;
        let t = (khat.value - expected) / khat.standard_error;
        assert!(t.abs() < 5.0, "s = {s}: {khat:?} for {expected}");
        assert!(khat.standard_error < 0.02, "{khat:?}");
    }
}

/// In three dimensions the index 1 − s² is reached only in the limit: with u = |z|²/s² the tail is u^½ e^(−u/2),
/// whose index at a cutoff u is (1 − s²)(1 + 1/u) − 2/u² to second order. 3/√S of χ²₃ lie above u.
#[test]
fn the_index_of_a_narrow_gaussian_in_three_dimensions() {
    // S = 90,000: 1 % lie above 11.34.
    let u = 11.34;
    for s in [0.5, 0.7, 0.9] {
        let (khat, k) = (mean_khat(s, 3, 90_000), 1.0 - s * s);
        let bias = k / u + 2.0 / (u * u) + 10.0 / 910.0 * (0.5 - k).abs();
        // The same false alarms as above, were the bias all there is.
        assert!((khat.value - k).abs() < bias + 5.0 * khat.standard_error, "s = {s}: {khat:?} for {k}");
    }
}

/// E[w] = 1; the variance of w is finite at s = 0.9. |t| < 5 as above.
#[test]
fn the_mean_weight_is_the_ratio_of_the_normalisers() {
    let estimate = |seed| {
        let log_weights = too_narrow(0.9, 3, 4000, seed);
        pareto_smoothed(&log_weights).unwrap().log_mean_weight.exp()
    };
    let mean = Mean::of(&(0..20).map(estimate).collect::<Vec<_>>());
    assert!((mean.value - 1.0).abs() < 5.0 * mean.standard_error, "{mean:?}");
    assert!(mean.standard_error < 0.005, "{mean:?}");
}

#[test]
fn a_common_factor_and_the_order_do_not_matter() {
    let log_weights = too_narrow(0.6, 3, 500, 1);
    let smoothed = pareto_smoothed(&log_weights).unwrap();
    let reversed: Vec<f64> = log_weights.iter().rev().copied().collect();
    assert_eq!(pareto_smoothed(&reversed).unwrap(), smoothed);
    let shifted: Vec<f64> = log_weights.iter().map(|w| w - 1e4).collect();
    let shifted = pareto_smoothed(&shifted).unwrap();
    assert!((shifted.khat.unwrap() - smoothed.khat.unwrap()).abs() < 1e-9);
    assert!((shifted.log_mean_weight + 1e4 - smoothed.log_mean_weight).abs() < 1e-9);
}

#[test]
fn equal_weights_have_no_tail() {
    let smoothed = pareto_smoothed(&[-3.0; 100]).unwrap();
    let expected = ParetoSmoothed {
        khat: Some(f64::NEG_INFINITY),
        tail: 0,
        effective_sample_size: 100.0,
        log_mean_weight: -3.0,
    };
    assert_eq!(smoothed, expected);
    // The same where the greatest weight is common and others are 0.
    let half: Vec<f64> = (0..100).map(|s| if s % 2 == 0 { 0.0 } else { f64::NEG_INFINITY }).collect();
    let smoothed = pareto_smoothed(&half).unwrap();
    assert_eq!(smoothed.khat, Some(f64::NEG_INFINITY));
    assert!((smoothed.log_mean_weight + 2f64.ln()).abs() < 1e-15);
}

#[test]
fn few_draws_or_few_above_the_cutoff_give_no_estimate() {
    for samples in [1, 2, 5, 20] {
        let smoothed = pareto_smoothed(&normals(1, samples)).unwrap();
        assert_eq!(smoothed.khat, None, "{samples}");
        assert!(smoothed.effective_sample_size <= samples as f64 + 1e-12);
    }
    assert!(pareto_smoothed(&normals(1, 21)).unwrap().khat.is_some());
    let mut common = vec![0.0; 100];
    common[7] = 1.0;
    assert_eq!(pareto_smoothed(&common).unwrap().khat, None);
}

#[test]
fn weights_too_far_apart_are_the_worst() {
    let far: Vec<f64> = (0..100).map(|s| -500.0 * f64::from(s)).collect();
    let smoothed = pareto_smoothed(&far).unwrap();
    assert_eq!((smoothed.khat, smoothed.effective_sample_size), (Some(f64::INFINITY), 1.0));
}

/// Never NaN, whatever the spread, and smoothing never makes more of the greatest weight.
#[test]
fn all_is_a_number_for_any_spread() {
    for exponent in -17..=4 {
        for seed in 0..20 {
            let spread = 10f64.powi(exponent);
            let log_weights: Vec<f64> = normals(seed, 60).iter().map(|e| 1.0 + spread * e).collect();
            let smoothed = pareto_smoothed(&log_weights).unwrap();
            let greatest = log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            assert!(!smoothed.khat.is_some_and(f64::is_nan), "{smoothed:?}");
            assert!(smoothed.log_mean_weight <= greatest + 1e-12, "{smoothed:?}");
            assert!((1.0 - 1e-9..=60.0 + 1e-9).contains(&smoothed.effective_sample_size), "{smoothed:?}");
        }
    }
}

#[test]
fn bad_weights_are_named() {
    let message = |log_weights: &[f64]| pareto_smoothed(log_weights).unwrap_err().to_string();
    assert_eq!(message(&[]), "the number of log weights is 0, but must be at least 1");
    let rule = "must be finite, or -inf for a weight of 0";
    assert_eq!(message(&[0.0, f64::NAN]), format!("log weight 1 is NaN, but {rule}"));
    assert_eq!(message(&[f64::INFINITY]), format!("log weight 0 is inf, but {rule}"));
    let none = "the greatest log weight is -inf, but must be finite";
    assert_eq!(message(&[f64::NEG_INFINITY; 3]), none);
}

#[test]
fn the_limit_for_few_draws_is_stricter() {
    assert_eq!(khat_limit(1), f64::NEG_INFINITY);
    assert!((khat_limit(1000) - 2.0 / 3.0).abs() < 1e-15);
    assert!(khat_limit(2154) < KHAT_LIMIT && khat_limit(2155) == KHAT_LIMIT);
}
