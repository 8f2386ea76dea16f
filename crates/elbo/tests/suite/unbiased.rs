//! Estimates of a linear decoder's bound and gradient against their expectations in closed form, and the bound
//! against log p(x), which is exact for it.

use crate::common::{
    Estimator, GAUSSIAN, assert_unbiased, assert_unbiased_derivative, data, evaluate, generic_vae, gradient,
    linear::{D, K, Linear, exact_posterior},
    minibatch, normals, shape, tensor,
};
use burn::tensor::Device;
use elbo::{
    guide::Family,
    minibatch::{Minibatch, Rows},
    model::Vae,
    objective::elbo::{KlForm, elbo},
    parameters,
    random::Key,
    schedule::ActiveBlocks,
};

const ROWS: usize = 5;
/// Noise keys a mean is taken over, each of `SAMPLES` samples a row.
const KEYS: u64 = 600;
const SAMPLES: usize = 8;

fn vae() -> Vae {
    generic_vae(&shape(&[], K, GAUSSIAN), D, 8)
}

fn values() -> Vec<f32> {
    normals(21, ROWS * D).into_iter().map(|v| 1.5 * v as f32).collect()
}

fn rows_of(minibatch: &Minibatch) -> Vec<Vec<f64>> {
    minibatch.values.chunks(D).map(|x| x.iter().map(|&v| f64::from(v)).collect()).collect()
}

/// Three z-tests, 2.4e-6 together.
#[test]
fn bound_and_monte_carlo_kl_have_their_exact_expectations() {
    let values = values();
    let minibatch = minibatch(&Rows::all(&values, D), 0..ROWS);
    let vae = vae();
    let linear = Linear::of(&parameters::values::<f64, _>(&vae));
    let x = rows_of(&minibatch);
    let exact: f64 = x.iter().map(|x| linear.elbo(x)).sum();
    let kl: f64 = x.iter().map(|x| linear.kl(x)).sum();
    let draws = |form| -> (Vec<f64>, Vec<f64>) {
        (0..KEYS)
            .map(|seed| {
                let noise = Family::Gaussian.noise::<f64>(
                    Key::new(seed),
                    &minibatch.rows,
                    K,
                    SAMPLES,
                    &Device::flex(),
                );
                let terms = elbo(&vae.model, &vae.guide, &data(&minibatch), &noise, form);
                (terms.elbo().sum().into_scalar::<f64>(), terms.kl.sum().into_scalar::<f64>())
            })
            .unzip()
    };
    let (bound, analytic) = draws(KlForm::Analytic);
    assert_unbiased(&bound, exact, "the bound, analytic KL");
    assert!(analytic.iter().all(|k| (k - kl).abs() < 1e-12 * kl), "{} {kl}", analytic[0]);
    let (bound, estimated) = draws(KlForm::MonteCarlo);
    assert_unbiased(&bound, exact, "the bound, Monte Carlo KL");
    assert_unbiased(&estimated, kl, "the Monte Carlo KL");
}

/// A z-test for each of 26 parameters and both forms: 52 tests, together 5e-5 (Bonferroni).
#[test]
fn the_gradient_has_the_exact_gradient_as_its_mean() {
    let values = values();
    let rows = Rows::all(&values, D);
    // Three of the five rows: the gradient is scaled by 5/3.
    let minibatch = minibatch(&rows, [3, 0, 4]);
    let vae = vae();
    let p: Vec<f64> = parameters::values(&vae);
    let x = rows_of(&minibatch);
    let exact = |p: &[f64]| 5.0 / 3.0 * x.iter().map(|x| Linear::of(p).elbo(x)).sum::<f64>();
    for form in [KlForm::Analytic, KlForm::MonteCarlo] {
        let draws: Vec<Vec<f64>> = (0..KEYS)
            .map(|seed| {
                let estimator = Estimator { samples: SAMPLES, form, noise: Key::new(seed) };
                gradient(&vae, &minibatch, ActiveBlocks::BOTH, estimator).unwrap().gradient
            })
            .collect();
        for block in parameters::layout(&vae) {
            for i in block.range() {
                assert_unbiased_derivative(&draws, i, &p, &exact, &format!("{form:?}: {} {i}", block.name));
            }
        }
    }
}

/// E6: the bound falls short of log p(x) by KL(q‖posterior) ≥ 0; random guides are well short of it.
#[test]
fn the_bound_is_below_the_evidence() {
    let values = values();
    let minibatch = minibatch(&Rows::all(&values, D), 0..ROWS);
    for seed in 0..20 {
        let vae = generic_vae(&shape(&[], K, GAUSSIAN), D, seed);
        let linear = Linear::of(&parameters::values::<f64, _>(&vae));
        let noise = Family::Gaussian.noise::<f64>(Key::new(seed), &minibatch.rows, K, 4000, &Device::flex());
        let estimate: Vec<f64> = elbo(&vae.model, &vae.guide, &data(&minibatch), &noise, KlForm::Analytic)
            .elbo()
            .into_data()
            .try_to_vec()
            .unwrap();
        for (x, estimate) in rows_of(&minibatch).iter().zip(estimate) {
            let (bound, evidence) = (linear.elbo(x), linear.log_evidence(x));
            assert!(bound < evidence, "{bound} {evidence}");
            // The gap is nats, the Monte Carlo error of 4,000 samples a few hundredths of it.
            assert!(estimate < evidence, "{estimate} {evidence}");
        }
    }
}

/// With W's columns orthogonal the posterior is diagonal and the linear guide can be it exactly. Then
/// log p(x, z) − log q(z|x) = log p(x) at every z: the estimate has no variance, and every constant counts.
#[test]
fn with_the_exact_posterior_the_bound_is_the_evidence() {
    let p = exact_posterior();
    let device = Device::flex();
    let vae = parameters::load(vae(), &p, &device).unwrap();
    let linear = Linear::of(&p);
    let values = values();
    let minibatch = minibatch(&Rows::all(&values, D), 0..ROWS);
    let noise = Family::Gaussian.noise::<f64>(Key::new(3), &minibatch.rows, K, 7, &device);
    let bound: Vec<f64> = elbo(&vae.model, &vae.guide, &data(&minibatch), &noise, KlForm::MonteCarlo)
        .elbo()
        .into_data()
        .try_to_vec()
        .unwrap();
    let single = parameters::load(vae, &p.iter().map(|&v| v as f32).collect::<Vec<_>>(), &device).unwrap();
    let stored = evaluate(&single, &minibatch, Key::new(3), KlForm::MonteCarlo, 1, &device).unwrap().elbo();
    for ((x, bound), stored) in rows_of(&minibatch).iter().zip(bound).zip(stored) {
        let evidence = linear.log_evidence(x);
        assert!((linear.elbo(x) - evidence).abs() < 1e-10, "{} {evidence}", linear.elbo(x));
        assert!((bound - evidence).abs() < 1e-10, "{bound} {evidence}");
        // In f32, with terms of tens of nats.
        assert!((stored - evidence).abs() < 1e-4, "{stored} {evidence}");
    }
}

/// E6 to rounding, whatever q: the library's bound and its KL of full Gaussians add up to log p(x).
///
/// With a linear decoder the log-likelihood is quadratic in z, so the noise ±√K e_j, whose mean is 0 and covariance I,
/// makes the Monte Carlo estimate exact.
#[test]
fn the_bound_and_the_divergence_from_the_posterior_add_up_to_the_evidence() {
    let values = values();
    let minibatch = minibatch(&Rows::all(&values, D), 0..ROWS);
    for seed in 0..20 {
        let vae = generic_vae(&shape(&[], K, GAUSSIAN), D, seed);
        let linear = Linear::of(&parameters::values::<f64, _>(&vae));
        let root = (K as f64).sqrt();
        let noise: Vec<_> = (0..2 * K)
            .map(|point| {
                let mut e = vec![0.0; ROWS * K];
                for row in e.chunks_mut(K) {
                    row[point / 2] = if point % 2 == 0 { root } else { -root };
                }
                tensor(e, [ROWS, K])
            })
            .collect();
        let bound: Vec<f64> = elbo(&vae.model, &vae.guide, &data(&minibatch), &noise, KlForm::Analytic)
            .elbo()
            .into_data()
            .try_to_vec()
            .unwrap();
        for (x, bound) in rows_of(&minibatch).iter().zip(bound) {
            let gap = linear.divergence_from_the_posterior(x);
            let evidence = linear.log_evidence(x);
            assert!((bound + gap - evidence).abs() < 1e-10 * evidence.abs(), "{bound} + {gap} = {evidence}");
        }
    }
}
