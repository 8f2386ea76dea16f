//! Estimates of a linear decoder's bound and gradient against their expectations in closed form, and the bound
//! against log p(x), which is exact for it.

#![allow(missing_docs)]

mod common;

use std::f64::consts::TAU;

use burn::tensor::Device;
use common::{GAUSSIAN, data, generic_vae, minibatch, normals, shape};
use elbo::{
    gradient::reparameterised::{Estimator, gradient},
    minibatch::{Minibatch, Rows},
    model::Vae,
    objective::elbo::{KlForm, elbo, evaluate, noise},
    parameters,
    random::Key,
    schedule::Moves,
};

const K: usize = 2;
const D: usize = 3;
const ROWS: usize = 5;
/// Noise keys a mean is taken over, each of `SAMPLES` samples a row.
const KEYS: u64 = 600;
const SAMPLES: usize = 8;

/// x = Wz + b + σ·noise and its guide, read from the flat parameters in their documented order.
struct Linear {
    /// w[j] is the column of W that belongs to z_j.
    w: [[f64; D]; K],
    b: [f64; D],
    log_sigma: f64,
    /// The encoder's weights, `[D, 2K]`, and biases.
    encoder: [[f64; 2 * K]; D],
    encoder_bias: [f64; 2 * K],
}

/// K·D + D + 1 + D·2K + 2K.
const PARAMETERS: usize = 26;

impl Linear {
    fn of(p: &[f64]) -> Self {
        assert_eq!(p.len(), PARAMETERS);
        Self {
            w: std::array::from_fn(|j| std::array::from_fn(|d| p[j * D + d])),
            b: std::array::from_fn(|d| p[6 + d]),
            log_sigma: p[9],
            encoder: std::array::from_fn(|d| std::array::from_fn(|j| p[10 + d * 2 * K + j])),
            encoder_bias: std::array::from_fn(|j| p[22 + j]),
        }
    }

    /// μ(x) and log σ²(x).
    fn guide(&self, x: &[f64]) -> ([f64; K], [f64; K]) {
        let output = |j: usize| self.encoder_bias[j] + (0..D).map(|d| x[d] * self.encoder[d][j]).sum::<f64>();
        (std::array::from_fn(output), std::array::from_fn(|j| 30.0 * (output(K + j) / 30.0).tanh()))
    }

    fn kl(&self, x: &[f64]) -> f64 {
        let (mu, s) = self.guide(x);
        (0..K).map(|j| 0.5 * (s[j].exp() + mu[j] * mu[j] - 1.0 - s[j])).sum()
    }

    /// The bound with its expectation taken: E‖x − W(μ + σ⊙ε) − b‖² = ‖x − Wμ − b‖² + Σ_j σ_j²‖w_j‖².
    fn elbo(&self, x: &[f64]) -> f64 {
        let (mu, s) = self.guide(x);
        let mut squares: f64 = (0..D)
            .map(|d| (x[d] - self.b[d] - (0..K).map(|j| self.w[j][d] * mu[j]).sum::<f64>()).powi(2))
            .sum();
        for j in 0..K {
            squares += s[j].exp() * self.w[j].iter().map(|w| w * w).sum::<f64>();
        }
        let sigma2 = (2.0 * self.log_sigma).exp();
        -0.5 * squares / sigma2 - 0.5 * D as f64 * (TAU * sigma2).ln() - self.kl(x)
    }

    /// log N(x; b, WWᵀ + σ²I) by Gaussian elimination: of [C | x − b], C = LU, the pivots give log |C|.
    fn log_evidence(&self, x: &[f64]) -> f64 {
        let sigma2 = (2.0 * self.log_sigma).exp();
        let r: [f64; D] = std::array::from_fn(|d| x[d] - self.b[d]);
        let mut m: [[f64; D + 1]; D] = std::array::from_fn(|a| {
            std::array::from_fn(|c| {
                if c == D {
                    return r[a];
                }
                let diagonal = if a == c { sigma2 } else { 0.0 };
                diagonal + (0..K).map(|j| self.w[j][a] * self.w[j][c]).sum::<f64>()
            })
        });
        for pivot in 0..D {
            for row in pivot + 1..D {
                let factor = m[row][pivot] / m[pivot][pivot];
                for c in pivot..=D {
                    m[row][c] -= factor * m[pivot][c];
                }
            }
        }
        let mut solution = [0.0; D];
        for row in (0..D).rev() {
            let known: f64 = (row + 1..D).map(|c| m[row][c] * solution[c]).sum();
            solution[row] = (m[row][D] - known) / m[row][row];
        }
        let log_det: f64 = (0..D).map(|d| m[d][d].ln()).sum();
        let mahalanobis: f64 = r.iter().zip(solution).map(|(r, s)| r * s).sum();
        -0.5 * (mahalanobis + log_det + D as f64 * TAU.ln())
    }
}

fn vae() -> Vae {
    generic_vae(&shape(&[], K, GAUSSIAN), D, 8)
}

fn values() -> Vec<f32> {
    normals(21, ROWS * D).into_iter().map(|v| 1.5 * v as f32).collect()
}

fn rows_of(minibatch: &Minibatch) -> Vec<Vec<f64>> {
    minibatch.values.chunks(D).map(|x| x.iter().map(|&v| f64::from(v)).collect()).collect()
}

/// |z| < 5 for a mean of 600: by Student's t with 599 degrees of freedom a false alarm has probability 8e-7.
fn assert_unbiased(draws: &[f64], expected: f64, what: &str) {
    let n = draws.len() as f64;
    let mean = draws.iter().sum::<f64>() / n;
    let variance = draws.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    assert!(variance > 0.0, "{what}: no noise");
    let z = (mean - expected) / (variance / n).sqrt();
    assert!(z.abs() < 5.0, "{what}: mean {mean} for {expected}, z = {z}");
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
                let noise = noise::<f64>(Key::new(seed), &minibatch.rows, K, SAMPLES, &Device::flex());
                let terms = elbo(&vae, &data(&minibatch), &noise, form);
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
                gradient(&vae, &minibatch, Moves::BOTH, estimator, 0, &Device::flex()).unwrap().gradient
            })
            .collect();
        for block in parameters::layout(&vae) {
            for i in block.range() {
                let shifted = |h: f64| {
                    let mut p = p.clone();
                    p[i] += h;
                    exact(&p)
                };
                let derivative = (shifted(1e-4) - shifted(-1e-4)) / 2e-4;
                let entry: Vec<f64> = draws.iter().map(|g| g[i]).collect();
                assert_unbiased(&entry, derivative, &format!("{form:?}: {} {i}", block.name));
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
        let noise = noise::<f64>(Key::new(seed), &minibatch.rows, K, 4000, &Device::flex());
        let estimate: Vec<f64> =
            elbo(&vae, &data(&minibatch), &noise, KlForm::Analytic).elbo().into_data().try_to_vec().unwrap();
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
    let (w, b, log_sigma) = ([[0.6, 0.8, 0.0], [-1.6, 1.2, 0.5]], [0.3, -0.7, 1.1], 0.4_f64.ln());
    let sigma2 = (2.0 * log_sigma).exp();
    let mut p = [&w[0][..], &w[1], &b, &[log_sigma]].concat();
    let precision = w.map(|w| w.iter().map(|v| v * v).sum::<f64>() + sigma2);
    for d in 0..D {
        p.extend([w[0][d] / precision[0], w[1][d] / precision[1], 0.0, 0.0]);
    }
    p.extend((0..K).map(|j| -(0..D).map(|d| w[j][d] * b[d]).sum::<f64>() / precision[j]));
    // The head is log σ² = 30 tanh(a/30).
    p.extend(precision.map(|m| 30.0 * ((sigma2 / m).ln() / 30.0).atanh()));
    let device = Device::flex();
    let vae = parameters::load(vae(), &p, &device).unwrap();
    let linear = Linear::of(&p);
    let values = values();
    let minibatch = minibatch(&Rows::all(&values, D), 0..ROWS);
    let noise = noise::<f64>(Key::new(3), &minibatch.rows, K, 7, &device);
    let bound: Vec<f64> =
        elbo(&vae, &data(&minibatch), &noise, KlForm::MonteCarlo).elbo().into_data().try_to_vec().unwrap();
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
