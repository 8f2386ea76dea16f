//! A likelihood of one's own: a Laplace distribution of each column, whose location and scale the decoder both gives, so
//! that its width may change with z.

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use std::sync::Arc;

use elbo::{
    burn::tensor::{Device, Tensor},
    distribution::{Laplace, Sample},
    fit::{Fit, FitConfig},
    guide::{Amortised, Family},
    likelihood::{Likelihood, Support},
    minibatch::Rows,
    model::{AutoEncoder, Generative},
    network::{Activation, Dense},
    random::Key,
    train::TrainConfig,
};

/// p(x|z) = e^(−|x − m|/s)/(2s), log s held within ±10.
#[derive(Debug)]
struct Robust;

/// m and log s, `[R, D]` each, of the decoder's output.
fn parameters(output: &Tensor<2>) -> [Tensor<2>; 2] {
    let mut halves = output.clone().split(output.dims()[1] / 2, 1);
    let scale = halves.remove(1);
    [halves.remove(0), scale.div_scalar(10.0).tanh().mul_scalar(10.0)]
}

impl Likelihood for Robust {
    fn name(&self) -> &'static str {
        "Laplace"
    }

    fn support(&self) -> Support {
        Support::Real
    }

    fn outputs(&self) -> usize {
        2
    }

    fn log_density(&self, x: Tensor<2>, output: Tensor<2>, _: Option<Tensor<1>>) -> Tensor<1> {
        let [location, log_scale] = parameters(&output);
        let distance = (x - location).abs() * log_scale.clone().neg().exp();
        (distance + log_scale).add_scalar(2f64.ln()).neg().sum_dim(1).squeeze_dim(1)
    }

    fn mean(&self, output: Tensor<2>, _: Option<Tensor<1>>) -> Tensor<2> {
        let [location, _] = parameters(&output);
        location
    }

    fn draw(&self, output: &[f32], _: &[f32], key: Key, row: u64, x: &mut [f32]) {
        let scales = output[x.len()..].iter().map(|&a| (10.0 * (f64::from(a) / 10.0).tanh()).exp());
        for ((column, x), scale) in (0..).zip(x).zip(scales) {
            let drawn = Laplace::new(f64::from(*x), scale).map(|p| p.sample(key.fold(column), row));
            *x = drawn.map_or(f32::NAN, |x| x as f32);
        }
    }

    fn start(&self, mean: f64, _: usize) -> Vec<f64> {
        vec![mean, 0.0]
    }
}

fn main() -> Result<(), elbo::Error> {
    let device = Device::flex();
    // A line whose noise grows along it.
    let mut values = vec![0.0; 1000];
    for (row, x) in values.chunks_mut(2).enumerate() {
        let mut e = [0.0; 3];
        Key::new(1).standard_normals(row as u64, &mut e);
        let noise = 0.3 * e[0].exp();
        x.copy_from_slice(&[e[0] + 0.02 * e[1], 2.0 * e[0] + noise * e[2]]);
    }
    let (train, validation) = Rows::all(&values, 2).split(0.2, Key::new(1));
    let dense = |widths: &[usize], seed| Dense::new(widths, Activation::Tanh, Key::new(seed), &device);
    let model = Generative::new(dense(&[1, 16, 4], 2), Arc::new(Robust), Family::Gaussian, 2, &device)?;
    let guide = Amortised::new(dense(&[2, 16, 2], 3), Family::Gaussian);
    let start = AutoEncoder { model, guide }.start_at(&train, &device)?;
    let steps = TrainConfig { step_size: 1e-2, encoder_step_size: 1e-2, ..TrainConfig::default() };
    let config = FitConfig { batch: 32, epochs: 30, train: steps, ..FitConfig::default() };
    let mut fit = Fit::of(config, &start, train, &validation, &device)?;
    let first = fit.epoch(|_| {})?.validation;
    let mut last = first;
    while fit.finished().is_none() {
        last = fit.epoch(|_| {})?.validation;
    }
    println!("the bound rose from {:.2} to {:.2} nats a row", first.elbo.value, last.elbo.value);
    assert!(last.elbo.value > first.elbo.value + 0.5);
    Ok(())
}
