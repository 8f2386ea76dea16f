//! Gradient estimators against one another and against the exact gradient of a linear decoder's bound.

use crate::common::{
    GAUSSIAN, assert_unbiased_derivative, generic_vae, greatest,
    linear::{D, K, Linear, exact_posterior},
    minibatch, normals, shape,
};
use burn::tensor::Device;
use elbo::{
    diagnose::noise_report,
    engine::gradient,
    gradient::{
        Baseline, DoublyReparameterised, Estimator, EstimatorConfig, ImportanceWeighted, Reparameterised,
        RunningMean, ScoreFunction, StickingTheLanding,
    },
    minibatch::{Minibatch, Rows},
    model::Vae,
    objective::{KlCost, Objective, elbo::KlForm},
    parameters,
    random::{Draws, Key},
    schedule::ActiveBlocks,
    terms::RowTerms,
};

/// Noise keys a mean is taken over.
const KEYS: u64 = 600;

fn vae() -> Vae {
    generic_vae(&shape(&[], K, GAUSSIAN), D, 8)
}

/// Three of five rows: the gradient is scaled by 5/3.
fn three_of_five() -> Minibatch {
    let values: Vec<f32> = normals(21, 5 * D).into_iter().map(|v| 1.5 * v as f32).collect();
    minibatch(&Rows::all(&values, D), [3, 0, 4])
}

fn draw(vae: &Vae, estimator: &dyn Estimator, samples: usize, seed: u64) -> (RowTerms, Vec<f64>) {
    let draws = Draws { samples, key: Key::new(seed) };
    let estimate =
        gradient(vae, &three_of_five(), ActiveBlocks::BOTH, estimator, draws, (0, &[]), &Device::flex())
            .unwrap();
    (estimate.terms, estimate.gradient)
}

/// Every estimator of the ELBO's gradient has the exact gradient as its mean: 26 z-tests for each, 156 together,
/// a false alarm with probability 2e-4 (Bonferroni).
#[test]
fn estimators_of_the_elbo_have_its_exact_gradient_as_their_mean() {
    let vae = vae();
    let p: Vec<f64> = parameters::values(&vae);
    let batch = three_of_five();
    let x: Vec<Vec<f64>> =
        batch.values.chunks(D).map(|x| x.iter().map(|&v| f64::from(v)).collect()).collect();
    let exact = |p: &[f64]| 5.0 / 3.0 * x.iter().map(|x| Linear::of(p).elbo(x)).sum::<f64>();
    let estimators: [&dyn Estimator; 6] = [
        &Reparameterised(KlForm::Analytic),
        &Reparameterised(KlForm::MonteCarlo),
        &StickingTheLanding,
        &ScoreFunction(Baseline::None),
        &ScoreFunction(Baseline::Constant(-7.0)),
        &ScoreFunction(Baseline::LeaveOneOut),
    ];
    for (number, estimator) in estimators.into_iter().enumerate() {
        let draws: Vec<Vec<f64>> = (0..KEYS).map(|seed| draw(&vae, estimator, 8, seed).1).collect();
        for i in 0..p.len() {
            assert_unbiased_derivative(&draws, i, &p, &exact, &format!("estimator {number}, parameter {i}"));
        }
    }
}

/// Both estimators of L_5's gradient have that of its value by quadrature as their mean: 26 z-tests for each, a false alarm
/// with probability 4e-5 together (Bonferroni). The quadrature itself is right to six digits where k is 1.
#[test]
fn estimators_of_the_importance_weighted_gradient_have_its_gradient_as_their_mean() {
    let vae = vae();
    let p: Vec<f64> = parameters::values(&vae);
    let batch = three_of_five();
    let x: Vec<Vec<f64>> =
        batch.values.chunks(D).map(|x| x.iter().map(|&v| f64::from(v)).collect()).collect();
    for x in &x {
        let of = Linear::of(&p);
        let (one, five, evidence) = (of.elbo(x), of.importance_weighted(x, 5), of.log_evidence(x));
        assert!((of.importance_weighted(x, 1) - one).abs() < 1e-6 * one.abs(), "{one}");
        assert!(one < five && five < evidence, "{one} {five} {evidence}");
    }
    let exact =
        |p: &[f64]| 5.0 / 3.0 * x.iter().map(|x| Linear::of(p).importance_weighted(x, 5)).sum::<f64>();
    for estimator in [&ImportanceWeighted as &dyn Estimator, &DoublyReparameterised] {
        let draws: Vec<Vec<f64>> = (0..KEYS).map(|seed| draw(&vae, estimator, 5, seed).1).collect();
        for i in 0..p.len() {
            assert_unbiased_derivative(&draws, i, &p, &exact, &format!("parameter {i}"));
        }
    }
}

/// A form is called by one name in configurations and in the table, and what is known of it before it is made is what it
/// then does.
#[test]
fn a_form_is_what_its_line_says() {
    let forms = [
        EstimatorConfig::Reparameterised,
        EstimatorConfig::StickingTheLanding,
        EstimatorConfig::DoublyReparameterised,
        EstimatorConfig::ScoreFunction,
        EstimatorConfig::RunningMean(0.9),
        EstimatorConfig::Enumerated,
        EstimatorConfig::Relaxed(0.5),
    ];
    let vae = vae();
    for form in forms {
        let stored = serde_json::to_value(form).unwrap();
        let (name, number) = match &stored {
            serde_json::Value::String(name) => (name, false),
            other => (other.as_object().unwrap().keys().next().unwrap(), true),
        };
        let of_table = |text: &str| match text.split_once(':') {
            Some((before, _)) => before == name && number,
            None => text == name && !number,
        };
        assert_eq!(EstimatorConfig::NAMES.iter().filter(|(text, _)| of_table(text)).count(), 1, "{stored}");
        let name = name.clone();
        assert_eq!(serde_json::from_value::<EstimatorConfig>(stored).unwrap(), form);
        let half = KlCost { beta: 0.5, free_bits: 0.0 };
        let made = form.estimator(Objective::Elbo, KlForm::Analytic, &vae.model, &vae.guide);
        let weighs = made.is_ok_and(|estimator| estimator.at_cost(half).is_some());
        assert_eq!(form.weighs_kl(), weighs, "{name}");
        assert_eq!(form.is_unbiased(), !matches!(form, EstimatorConfig::Relaxed(_)));
    }
    assert_eq!(
        [EstimatorConfig::Reparameterised, EstimatorConfig::ScoreFunction].map(EstimatorConfig::samples),
        [1, 8]
    );
}

/// With one sample the weights are 1: the plain estimator is the fully Monte Carlo one, the doubly reparameterised
/// one is sticking the landing.
#[test]
fn with_one_sample_the_importance_weighted_estimators_are_those_of_the_elbo() {
    let vae = vae();
    let pairs: [(&dyn Estimator, &dyn Estimator); 2] = [
        (&ImportanceWeighted, &Reparameterised(KlForm::MonteCarlo)),
        (&DoublyReparameterised, &StickingTheLanding),
    ];
    for (weighted, plain) in pairs {
        let ((weighted_terms, weighted), (terms, plain)) =
            (draw(&vae, weighted, 1, 4), draw(&vae, plain, 1, 4));
        for (a, b) in weighted.iter().zip(&plain) {
            assert!((a - b).abs() <= 1e-10 * b.abs().max(1.0), "{a} {b}");
        }
        for (a, b) in weighted_terms.elbo().iter().zip(terms.elbo()) {
            assert!((a - b).abs() < 1e-10, "{a} {b}");
        }
    }
}

/// At q = posterior, log p(x, z) − log q(z|x) is log p(x) whatever z: its derivative through z is zero for each draw,
/// and the score of q, which the other estimators keep, is not.
#[test]
fn sticking_the_landing_is_zero_at_the_posterior() {
    let p = exact_posterior();
    let vae = parameters::load(vae(), &p, &Device::flex()).unwrap();
    let guide_start = K * D + D + 1;
    for seed in 0..20 {
        let all_below = |estimator: &dyn Estimator, limit: f64| {
            let (_, g) = draw(&vae, estimator, 3, seed);
            g[guide_start..].iter().all(|g| g.abs() < limit)
        };
        // Rounding: of terms of tens of nats, in f64.
        assert!(all_below(&StickingTheLanding, 1e-11));
        assert!(all_below(&DoublyReparameterised, 1e-11));
        let (_, plain) = draw(&vae, &Reparameterised(KlForm::MonteCarlo), 3, seed);
        assert!(greatest(plain[guide_start..].iter().map(|g| g.abs())) > 1e-3);
    }
}

#[test]
fn a_leave_one_out_baseline_lowers_the_noise_and_reparameterising_lowers_it_more() {
    let vae = vae();
    let noise = |estimator: &dyn Estimator| -> f64 {
        let report =
            noise_report(&vae, &three_of_five(), estimator, 8, 200, Key::new(5), &Device::flex()).unwrap();
        let guide = report.iter().filter(|block| block.name.starts_with("guide"));
        guide.map(|block| block.variance).sum()
    };
    let plain = noise(&ScoreFunction(Baseline::None));
    let leave_one_out = noise(&ScoreFunction(Baseline::LeaveOneOut));
    let reparameterised = noise(&Reparameterised(KlForm::Analytic));
    assert!(leave_one_out < 0.5 * plain, "{leave_one_out} {plain}");
    assert!(reparameterised < 0.5 * leave_one_out, "{reparameterised} {leave_one_out}");
    // A running mean of the bound, seen step by step, does nearly as well as the best constant.
    let (mean, mut carried) = (RunningMean { decay: 0.9 }, Vec::new());
    for seed in 0..50 {
        let draws = Draws { samples: 8, key: Key::new(seed) };
        let (batch, device) = (three_of_five(), Device::flex());
        let step = (seed, &carried[..]);
        let terms = gradient::<f64, _, _>(&vae, &batch, ActiveBlocks::BOTH, &mean, draws, step, &device)
            .unwrap()
            .terms;
        mean.observe(&mut carried, &terms);
    }
    assert!(noise(&ScoreFunction(RunningMean::baseline(&carried))) < plain);
}

/// Rainforth et al. 2018: for φ the plain estimator's signal-to-noise ratio falls as k grows, the doubly
/// reparameterised one's does not.
#[test]
fn the_signal_of_the_guide_survives_many_samples_only_if_doubly_reparameterised() {
    let vae = vae();
    let ratio = |estimator: &dyn Estimator, k: usize| -> f64 {
        let report =
            noise_report(&vae, &three_of_five(), estimator, k, 400, Key::new(9), &Device::flex()).unwrap();
        let (mut signal, mut variance) = (0.0, 0.0);
        for block in report.iter().filter(|block| block.name.starts_with("guide")) {
            assert_eq!(block.signal_to_noise(), (block.signal / block.variance).sqrt());
            signal += block.signal;
            variance += block.variance;
        }
        (signal / variance).sqrt()
    };
    let plain = [2, 64].map(|k| ratio(&ImportanceWeighted, k));
    let doubly = [2, 64].map(|k| ratio(&DoublyReparameterised, k));
    assert!(plain[1] < plain[0], "{plain:?}");
    assert!(doubly[1] > plain[1] && doubly[1] > doubly[0], "{plain:?} {doubly:?}");
}

#[test]
fn a_report_of_one_repeat_is_refused() {
    let error =
        noise_report(&vae(), &three_of_five(), &StickingTheLanding, 1, 1, Key::new(0), &Device::flex());
    assert_eq!(error.unwrap_err().to_string(), "repeats is 1, but must be at least 2");
}

/// Signal and variance by their definitions, from the same draws.
#[test]
fn a_report_is_the_mean_and_the_sample_variance_of_its_draws() {
    let (vae, batch, seed, repeats) = (vae(), three_of_five(), Key::new(3), 12);
    let estimator = Reparameterised(KlForm::MonteCarlo);
    let device = Device::flex();
    let report = noise_report(&vae, &batch, &estimator, 2, repeats, seed, &device).unwrap();
    let draws: Vec<Vec<f64>> = (0..repeats)
        .map(|repeat| {
            let draws = Draws { samples: 2, key: seed.fold(repeat) };
            gradient(&vae, &batch, ActiveBlocks::BOTH, &estimator, draws, (0, &[]), &device).unwrap().gradient
        })
        .collect();
    for (block, noise) in parameters::layout(&vae).into_iter().zip(report) {
        assert_eq!(block.name, noise.name);
        let (mut signal, mut variance) = (0.0, 0.0);
        for i in block.range() {
            let entry: Vec<f64> = draws.iter().map(|g| g[i]).collect();
            let mean = entry.iter().sum::<f64>() / repeats as f64;
            signal += mean * mean;
            variance += entry.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / (repeats - 1) as f64;
        }
        assert!((noise.signal - signal).abs() <= 1e-10 * signal, "{} {signal}", noise.signal);
        assert!((noise.variance - variance).abs() <= 1e-10 * variance, "{} {variance}", noise.variance);
    }
}
