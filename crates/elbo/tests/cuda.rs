//! A GPU computes what the CPU computes.
//!
//! The bounds of the errors come from TF32: a GPU may round the factors of a product to 10 bits of fraction, by 2⁻¹⁰
//! where it cuts the rest off, so that a product is off by 2⁻⁹ at most, and a sum of many of them, whose errors largely
//! cancel, by some 1e-4 of its size. Plain f32 would stay below 1e-5. What a mistake does is far above either.
#![allow(missing_docs)]

#[path = "suite/common/mod.rs"]
mod common;

use std::io::{Write, stderr};

use burn::tensor::Device;
use common::{GAUSSIAN, bound_of, curve, evaluate, generic_vae, minibatch, shape, steps};
use elbo::{
    device,
    engine::{Estimate, gradient},
    gradient::EstimatorConfig,
    guide::Family,
    likelihood::LikelihoodConfig,
    minibatch::Rows,
    model::{Vae, VaeConfig},
    objective::{Objective, elbo::KlForm},
    optimiser::Optimiser,
    parameters,
    random::{Draws, Key},
    schedule::{ActiveBlocks, StepFactors},
    train::{TrainConfig, Trainer},
};

/// Of the bound, to which the output's bias, the constants and the KL bring no product.
const BOUND: f64 = 1e-3;
/// Of a gradient, through at most eight products one after another.
const GRADIENT: f64 = 5e-3;

const WIDTH: usize = 60;
const ROWS: usize = 1000;
/// More than one shard of the CPU, and no whole number of them.
const BATCH: usize = 333;

fn gpu() -> Option<Device> {
    let device = device::cuda();
    if device.is_none() {
        // Past the test harness, which would hide a line printed by a test that passes.
        let line = b"SKIPPED: no CUDA device was found, so nothing is compared with the CPU\n";
        stderr().write_all(line).unwrap();
    }
    device
}

/// ‖a − b‖ / ‖b‖.
fn distance<T: Copy + Into<f64>>(a: &[T], b: &[T]) -> f64 {
    assert_eq!(a.len(), b.len());
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let difference = norm(&mut a.iter().zip(b).map(|(&a, &b)| a.into() - b.into()));
    difference / norm(&mut b.iter().map(|&b| b.into()))
}

#[track_caller]
fn assert_close<T: Copy + Into<f64>>(gpu: &[T], cpu: &[T], most: f64, what: &str) {
    let distance = distance(gpu, cpu);
    assert!(distance < most, "{what}: {distance}");
}

/// An auto-encoder for each way of the estimators, and the rows it is for: values in [0, 1] for a Bernoulli likelihood.
fn cases() -> Vec<(VaeConfig, EstimatorConfig, Vec<f32>)> {
    let real = curve(ROWS, WIDTH, 5);
    let binary: Vec<f32> = real.iter().map(|&v| f32::from(v > 0.0)).collect();
    let gaussian = shape(&[48, 32], 5, GAUSSIAN);
    let bernoulli = shape(&[48], 5, LikelihoodConfig::Bernoulli);
    let bits = VaeConfig { family: Family::Bernoulli, latent: 3, ..bernoulli.clone() };
    vec![
        (gaussian.clone(), EstimatorConfig::Reparameterised, real.clone()),
        (gaussian, EstimatorConfig::StickingTheLanding, real),
        (bernoulli, EstimatorConfig::Reparameterised, binary.clone()),
        (bits, EstimatorConfig::Enumerated, binary),
    ]
}

/// The same auto-encoder, of f32, on a device.
fn vae_on(config: &VaeConfig, device: &Device) -> Vae {
    let vae = generic_vae(config, WIDTH, 3);
    parameters::load(vae.clone(), &parameters::values::<f32, _>(&vae), device).unwrap()
}

#[test]
fn bound_and_gradient_of_a_minibatch() {
    let Some(gpu) = gpu() else { return };
    for (config, form, values) in cases() {
        let rows = Rows::all(&values, WIDTH);
        let batch = minibatch(&rows, (0..BATCH).map(|i| 3 * i));
        let on = |device: &Device| -> Estimate<f32> {
            let vae = vae_on(&config, device);
            let estimator =
                form.estimator(Objective::Elbo, KlForm::Analytic, &vae.model, &vae.guide).unwrap();
            let draws = Draws { samples: 2, key: Key::new(7) };
            gradient(&vae, &batch, ActiveBlocks::BOTH, &*estimator, draws, (0, &[]), device).unwrap()
        };
        let (there, here) = (on(&gpu), on(&Device::flex()));
        let what = |part: &str| format!("{part} of {config:?} by {form:?}");
        let (a, b) = (&there.terms, &here.terms);
        assert_close(&a.log_likelihood, &b.log_likelihood, BOUND, &what("log-likelihood"));
        assert_close(&a.kl, &b.kl, BOUND, &what("KL"));
        for block in parameters::layout(&vae_on(&config, &Device::flex())) {
            let (a, b) = (&there.gradient[block.range()], &here.gradient[block.range()]);
            assert_close(a, b, GRADIENT, &what(&block.name));
        }
    }
}

#[test]
fn some_steps_of_training() {
    let Some(gpu) = gpu() else { return };
    for (config, estimator, values) in cases() {
        let rows = Rows::all(&values, WIDTH);
        // Plain ascent: Adam would turn a rounding error near 0 into a whole step.
        let train = TrainConfig { estimator, ..steps(Optimiser::Sgd, 1e-3 / ROWS as f64) };
        let on = |device: &Device| -> (Vec<f64>, Vec<f32>) {
            let vae = vae_on(&config, device);
            let (mut trainer, mut state) = Trainer::init(train.clone(), &vae, Key::new(11), device).unwrap();
            let start = state.parameters.clone();
            let bounds = (0..8).map(|i| {
                let batch = minibatch(&rows, (0..BATCH).map(|j| (i * BATCH + j) % ROWS));
                trainer.step(&mut state, &batch, StepFactors::FULL).unwrap().terms.elbo().iter().sum()
            });
            let bounds = bounds.collect();
            (bounds, state.parameters.iter().zip(start).map(|(after, before)| after - before).collect())
        };
        let (there, here) = (on(&gpu), on(&Device::flex()));
        assert_close(&there.0, &here.0, BOUND, &format!("bounds of {config:?} by {estimator:?}"));
        assert_close(&there.1, &here.1, GRADIENT, &format!("way of {config:?} by {estimator:?}"));
    }
}

#[test]
fn a_model_that_is_read() {
    let Some(gpu) = gpu() else { return };
    for (config, _, values) in cases().into_iter().filter(|(config, ..)| config.family == Family::Gaussian) {
        let rows = Rows::all(&values, WIDTH);
        let all = minibatch(&rows, 0..ROWS);
        let on = |device: &Device| {
            let vae = vae_on(&config, device);
            let terms = evaluate(&vae, &all, Key::new(2), KlForm::MonteCarlo, 3, device).unwrap();
            let weighted = bound_of(&vae, &all, Key::new(2), 70, device).unwrap();
            let encoded = vae.reader(device).encode(&values).unwrap();
            let x = vae.reader(device).reconstruct(&values).unwrap();
            (
                [terms.log_likelihood, terms.kl, weighted],
                [encoded.mean, encoded.standard_deviation, encoded.kl, x],
            )
        };
        let (there, here) = (on(&gpu), on(&Device::flex()));
        for (a, b) in there.0.iter().zip(&here.0) {
            assert_close(a, b, BOUND, &format!("{config:?}"));
        }
        for (a, b) in there.1.iter().zip(&here.1) {
            assert_close(a, b, GRADIENT, &format!("{config:?}"));
        }
    }
}
