//! Inference for a density written by hand: the rate of each row's counts, z = its logarithm, p(z) = N(0, 1).
//!
//! No network and no fit: [`elbo::infer`] asks of a model its log p(x|z), its log p(z), and their derivatives in z.

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use elbo::{
    guide::{Covariance, Encoded, PerDatum},
    infer::{InferConfig, bounds, infer, log_weights},
    minibatch::Minibatch,
    model::Joint,
    random::Key,
    special::ln_gamma,
};

/// x_d ~ Poisson(eᶻ), D counts a row.
struct Rates {
    width: usize,
}

impl Joint for Rates {
    fn latent(&self) -> usize {
        1
    }

    fn width(&self) -> usize {
        self.width
    }

    fn log_likelihood(&self, x: &[f32], z: &[f32], out: &mut [f64], gradient: Option<&mut [f32]>) {
        let rows = x.len() / self.width;
        let row = |draw: usize| &x[draw % rows * self.width..][..self.width];
        for (draw, (out, &z)) in out.iter_mut().zip(z).enumerate() {
            let (z, term) = (f64::from(z), |&x: &f32| (f64::from(x), ln_gamma(f64::from(x) + 1.0)));
            *out = row(draw).iter().map(term).map(|(x, log_factorial)| x * z - z.exp() - log_factorial).sum();
        }
        for (draw, (slope, &z)) in gradient.into_iter().flatten().zip(z).enumerate() {
            *slope = row(draw).iter().map(|x| x - z.exp()).sum();
        }
    }

    fn log_prior(&self, z: &[f32], out: &mut [f64], gradient: Option<&mut [f32]>) {
        for (out, &z) in out.iter_mut().zip(z) {
            *out = -0.5 * (std::f64::consts::TAU.ln() + f64::from(z * z));
        }
        for (slope, z) in gradient.into_iter().flatten().zip(z) {
            *slope = -z;
        }
    }
}

fn main() -> Result<(), elbo::Error> {
    let model = Rates { width: 4 };
    let data = Minibatch {
        rows: vec![0, 1],
        values: vec![0.0, 1.0, 0.0, 2.0, 9.0, 12.0, 7.0, 10.0],
        width: 4,
        total: 2,
    };
    let start = Encoded { mean: vec![0.0; 2], standard_deviation: vec![1.0; 2], kl: Vec::new() };
    let start = PerDatum::start(&start, 1, Covariance::Diagonal)?;
    let found = infer(&model, &data, &start, &InferConfig::default(), Key::new(1), |_| {})?;
    let weights = log_weights(&model, &data, &found.q, 1000, Key::new(2))?;
    for (row, bound) in bounds(&weights, 1000, 1).iter().enumerate() {
        let (mean, sd) = (found.q.mean(row)[0], found.q.standard_deviation(row)[0]);
        println!("row {row}: log rate {mean:.2} ± {sd:.2}, ELBO {:.3} nats", bound.value);
        // The mode of p(z|x), where Σx = D eᶻ + z, by Newton's method.
        let total: f64 = data.values[4 * row..][..4].iter().map(|&x| f64::from(x)).sum();
        let step = |z: f64| z - (total - 4.0 * z.exp() - z) / (-4.0 * z.exp() - 1.0);
        let mode = (0..50).fold(0.0, |z, _| step(z));
        assert!((mean - mode).abs() < 0.5 * sd, "{mean} for {mode}");
    }
    Ok(())
}
