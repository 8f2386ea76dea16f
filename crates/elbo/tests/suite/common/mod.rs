//! What several of the integration tests share.

#![allow(dead_code, reason = "each test binary uses its own part of this module")]

pub(crate) mod linear;
pub(crate) mod pca;

use burn::tensor::{DType, Device, Element, Tensor, TensorData};
use elbo::{
    Error,
    distribution::bernoulli::Binarise,
    engine::{self, Estimate, Measure},
    fit::FitConfig,
    gradient::Reparameterised,
    likelihood::{LikelihoodConfig, Sigma},
    minibatch::{Minibatch, Rows},
    model::{Vae, VaeConfig},
    network::Activation,
    objective::elbo::KlForm,
    optimiser::Optimiser,
    parameters::{self, Block},
    random::{Draws, Key},
    schedule::{ActiveBlocks, Decay},
    terms::RowTerms,
    train::TrainConfig,
};

pub(crate) const GAUSSIAN: LikelihoodConfig = LikelihoodConfig::Gaussian(Sigma::Learned);

/// The reparameterised estimator and its draws.
#[derive(Clone, Copy)]
pub(crate) struct Estimator {
    pub(crate) samples: usize,
    pub(crate) form: KlForm,
    pub(crate) noise: Key,
}

pub(crate) fn gradient<E: Element + std::ops::AddAssign>(
    vae: &Vae,
    minibatch: &Minibatch,
    moves: ActiveBlocks,
    Estimator { samples, form, noise: key }: Estimator,
) -> Result<Estimate<E>, Error> {
    let draws = Draws { samples, key };
    engine::gradient(vae, minibatch, moves, &Reparameterised(form), draws, (0, &[]), &Device::flex())
}

/// The terms of the ELBO of some rows.
pub(crate) fn evaluate(
    vae: &Vae,
    data: &Minibatch,
    key: Key,
    form: KlForm,
    samples: usize,
    device: &Device,
) -> Result<RowTerms, Error> {
    vae.reader(device).terms(data, Measure::Elbo(form), Draws { samples, key })
}

/// An estimate of L_k of some rows.
pub(crate) fn bound_of(
    vae: &Vae,
    data: &Minibatch,
    key: Key,
    k: usize,
    device: &Device,
) -> Result<Vec<f64>, Error> {
    Ok(vae.reader(device).weights(data, key, k)?.iter().map(elbo::terms::Weights::log_mean).collect())
}

/// The greatest of some numbers; NaN where one of them is, which no comparison lets pass.
pub(crate) fn greatest(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().reduce(|a, b| if a >= b || a.is_nan() { a } else { b }).unwrap()
}

pub(crate) fn normals(seed: u64, len: usize) -> Vec<f64> {
    let mut out = vec![0.0; len];
    Key::new(seed).normals(0, &mut out);
    out
}

pub(crate) fn shape(hidden: &[usize], latent: usize, likelihood: LikelihoodConfig) -> VaeConfig {
    VaeConfig {
        hidden: hidden.to_vec(),
        latent,
        activation: Activation::Tanh,
        likelihood,
        ..VaeConfig::default()
    }
}

/// An auto-encoder in f64 whose every parameter, biases and log σ too, is away from 0.
pub(crate) fn generic_vae(config: &VaeConfig, width: usize, seed: u64) -> Vae {
    let device = Device::flex();
    let vae = Vae::new(config, width, Key::new(seed), &device).unwrap();
    let mut values: Vec<f64> = parameters::values(&vae);
    for (value, shift) in
        values.iter_mut().zip(normals(seed, parameters::layout(&vae).last().unwrap().range().end))
    {
        *value += 0.3 * shift;
    }
    parameters::load(vae, &values, &device).unwrap()
}

pub(crate) fn block(vae: &Vae, name: &str) -> Block {
    let blocks = parameters::layout(vae);
    blocks.iter().find(|b| b.name == name).unwrap_or_else(|| panic!("no {name} in {blocks:?}")).clone()
}

pub(crate) fn tensor(values: Vec<f64>, shape: [usize; 2]) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values, shape), (&Device::flex(), DType::F64))
}

/// x of a minibatch in f64, `[B, D]`.
pub(crate) fn data(minibatch: &Minibatch) -> Tensor<2> {
    let x = TensorData::new(minibatch.values.clone(), [minibatch.rows.len(), minibatch.width]);
    Tensor::from_data(x, (&Device::flex(), DType::F64))
}

pub(crate) fn minibatch(rows: &Rows<'_>, index: impl IntoIterator<Item = usize>) -> Minibatch {
    rows.minibatch(index.into_iter(), Binarise::None, Key::new(0))
}

/// `n` points near a curve: the plane bent into `width` columns, with noise of standard deviation 0.3.
pub(crate) fn curve(n: usize, width: usize, seed: u64) -> Vec<f32> {
    let mut values = Vec::new();
    for i in 0..n {
        let e = normals(seed + i as u64, width + 1);
        values.extend((0..width).map(|d| ((e[width] * (1.0 + d as f64)).sin() + 0.3 * e[d]) as f32));
    }
    values
}

pub(crate) fn steps(optimiser: Optimiser, step_size: f64) -> TrainConfig {
    TrainConfig { optimiser, step_size, encoder_step_size: step_size, ..TrainConfig::default() }
}

pub(crate) fn fit_config(vae: VaeConfig, train: TrainConfig, batch: usize, epochs: u64) -> FitConfig {
    FitConfig {
        seed: 1,
        batch,
        epochs,
        validation_samples: 1,
        patience: None,
        decay: Decay::Constant,
        binarise: Binarise::None,
        vae,
        train,
    }
}

/// |z| < 5 for a mean of 600: by Student's t with 599 degrees of freedom a false alarm has probability 8e-7.
pub(crate) fn assert_unbiased(draws: &[f64], expected: f64, what: &str) {
    let n = draws.len() as f64;
    let mean = draws.iter().sum::<f64>() / n;
    let variance = draws.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    assert!(variance > 0.0, "{what}: no noise");
    let z = (mean - expected) / (variance / n).sqrt();
    assert!(z.abs() < 5.0, "{what}: mean {mean} for {expected}, z = {z}");
}

/// The same for component i of draws of a gradient at `p`, whose mean is to be the derivative of `exact`.
pub(crate) fn assert_unbiased_derivative(
    draws: &[Vec<f64>],
    i: usize,
    p: &[f64],
    exact: &impl Fn(&[f64]) -> f64,
    what: &str,
) {
    let shifted = |h: f64| {
        let mut p = p.to_vec();
        p[i] += h;
        exact(&p)
    };
    let derivative = (shifted(1e-4) - shifted(-1e-4)) / 2e-4;
    let entry: Vec<f64> = draws.iter().map(|g| g[i]).collect();
    assert_unbiased(&entry, derivative, what);
}
