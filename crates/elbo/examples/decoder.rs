//! A decoder of one's own: any module of Burn trains, validates, stops early and is read as ours are.
//!
//! Here f(z) = W tanh(Uz) + Vz, whose linear part no [`elbo::network::Dense`] has.

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use elbo::{
    burn::{
        module::Module,
        nn::{Linear, LinearConfig},
        tensor::{Device, Tensor},
    },
    fit::{Fit, FitConfig},
    guide::{Amortised, Family},
    likelihood::{LikelihoodConfig, Sigma},
    minibatch::Rows,
    model::{AutoEncoder, Generative},
    network::{Activation, Decoder, Dense},
    parameters,
    random::Key,
    train::TrainConfig,
};

#[derive(Module, Debug)]
struct Residual {
    inner: Linear,
    outer: Linear,
    straight: Linear,
}

impl Residual {
    fn new(latent: usize, hidden: usize, width: usize, device: &Device) -> Self {
        let linear = |from, to| LinearConfig::new(from, to).init(device);
        Self { inner: linear(latent, hidden), outer: linear(hidden, width), straight: linear(latent, width) }
    }
}

impl Decoder for Residual {
    fn input(&self) -> usize {
        self.straight.weight.dims()[0]
    }

    fn output(&self) -> usize {
        self.straight.weight.dims()[1]
    }

    fn forward(&self, z: Tensor<2>) -> Tensor<2> {
        self.outer.forward(self.inner.forward(z.clone()).tanh()) + self.straight.forward(z)
    }
}

fn main() -> Result<(), elbo::Error> {
    let device = Device::flex();
    // 400 points near a parabola in space.
    let mut values = vec![0.0; 1200];
    for (row, x) in values.chunks_mut(3).enumerate() {
        let mut e = [0.0; 4];
        Key::new(1).standard_normals(row as u64, &mut e);
        x.copy_from_slice(&[e[0] + 0.1 * e[1], e[0] * e[0] + 0.1 * e[2], 0.1 * e[3] - e[0]]);
    }
    let (train, validation) = Rows::all(&values, 3).split(0.2, Key::new(1));

    // Burn's own first weights are drawn from a stream that no key names: these give the same fit each time.
    let decoder = Residual::new(1, 16, 3, &device);
    let mut weights = vec![0.0; decoder.num_params()];
    Key::new(3).standard_normals(0, &mut weights);
    for w in &mut weights {
        *w *= 0.7;
    }
    let decoder = parameters::load(decoder, &weights, &device)?;
    let likelihood = LikelihoodConfig::Gaussian(Sigma::Learned).likelihood();
    let model = Generative::new(decoder, likelihood, Family::Gaussian, 3, &device)?;
    let guide =
        Amortised::new(Dense::new(&[3, 16, 2], Activation::Tanh, Key::new(9), &device), Family::Gaussian);
    let start = AutoEncoder { model, guide }.start_at(&train, &device)?;

    let steps =
        TrainConfig { step_size: 1e-2, encoder_step_size: 1e-2, samples: 8, ..TrainConfig::default() };
    let config =
        FitConfig { batch: 32, epochs: 400, patience: Some(60), train: steps, ..FitConfig::default() };
    let mut fit = Fit::of(config, &start, train, &validation, &device)?;
    let first = fit.epoch(|_| {})?.validation;
    let mut last = first;
    while fit.finished().is_none() {
        last = fit.epoch(|_| {})?.validation;
    }
    println!("the bound rose from {:.2} to {:.2} nats a row", first.elbo.value, last.elbo.value);
    assert!(last.elbo.value > first.elbo.value + 2.0);

    let reader = fit.best()?.reader(&device);
    let z = reader.encode(&values[..30])?;
    println!("z of the first ten rows: {:.2?}", z.mean);
    println!("three draws of x: {:.2?}", reader.sample(&reader.sample_prior(Key::new(3), 3), Key::new(4))?);
    Ok(())
}
