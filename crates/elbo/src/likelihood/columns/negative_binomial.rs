//! A count whose variance exceeds its mean (E36): mean μ = e^a, a = 30 tanh(f/30), variance μ + α μ²; log α is the column's own.

use super::{
    cell::{Cell, Gradient, Start},
    gaussian,
    poisson::{bounded, is_count},
    standard::Standard,
};
use crate::{
    distribution::{self, Sample},
    likelihood::counts::output_of,
    random::Key,
    special::{digamma, ln_gamma},
};

/// log α lies between ∓ this; below, the counts are a Poisson's to six digits.
const BOUND: f64 = 14.0;

#[derive(Debug)]
pub(super) struct NegativeBinomial(pub(super) Standard);

impl Cell for NegativeBinomial {
    fn own(&self) -> usize {
        1
    }

    fn accepts(&self, x: f64) -> bool {
        is_count(x)
    }

    fn values(&self) -> &'static str {
        "counts: 0, 1, 2, …"
    }

    fn log_density(&self, x: f64, output: &[f64], own: &[f64], gradient: Option<Gradient<'_>>) -> f64 {
        let (a, slope) = bounded(output[0]);
        let mean = libm::exp(a);
        let log_dispersion = own[0].clamp(-BOUND, BOUND);
        let (size, by_mean) = (libm::exp(-log_dispersion), libm::exp(log_dispersion + a));
        let spread = libm::log1p(by_mean);
        if let Some(Gradient { output, own: by_own }) = gradient {
            let excess = (x - mean) / (1.0 + by_mean);
            output[0] = excess * slope;
            let of_gamma = if x == 0.0 { 0.0 } else { digamma(size) - digamma(x + size) };
            let held = (own[0] - log_dispersion).abs() > 0.0;
            by_own[0] = if held { 0.0 } else { size * (spread + of_gamma) + excess };
        }
        // log of αμ/(1 + αμ), which neither a large nor a small αμ makes inexact.
        let odds = log_dispersion + a - spread;
        ln_gamma(x + size) - ln_gamma(size) - ln_gamma(x + 1.0) + x * odds - size * spread
    }

    fn mean(&self, output: &[f64], _: &[f64]) -> f64 {
        libm::exp(bounded(output[0]).0)
    }

    fn draw(&self, output: &[f64], own: &[f64], key: Key, row: u64) -> f64 {
        let size = libm::exp(-own[0].clamp(-BOUND, BOUND));
        let of = distribution::NegativeBinomial::new(self.mean(output, own), size);
        of.map_or(f64::NAN, |of| of.sample(key, row) as f64)
    }

    /// The dispersion of the moments, a thousandth at the least.
    fn start(&self, x: &[f64], _: f64) -> Start {
        let (mean, sd) = gaussian::moments(x);
        let dispersion = ((sd * sd - mean) / (mean * mean)).clamp(1e-3, 1e3);
        let own = libm::log(if dispersion.is_nan() { 1.0 } else { dispersion });
        Start { output: vec![output_of(mean, x.len().max(1))], own: vec![own], floor: vec![-BOUND] }
    }

    fn encode(&self, x: f64, out: &mut [f32]) {
        out[0] = self.0.apply(libm::log1p(x)) as f32;
    }
}
