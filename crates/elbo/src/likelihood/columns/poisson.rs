//! A count: x ~ Poisson(e^a), a = 30 tanh(f/30).

use super::{
    cell::{Cell, Gradient, Start},
    gaussian,
    standard::Standard,
};
use crate::{
    distribution::{self, Sample},
    likelihood::counts::{BOUND, output_of},
    random::Key,
    special::ln_gamma,
};

#[derive(Debug)]
pub(super) struct Poisson(pub(super) Standard);

/// a = 30 tanh(f/30), and its derivative.
pub(super) fn bounded(f: f64) -> (f64, f64) {
    let t = libm::tanh(f / BOUND);
    (BOUND * t, 1.0 - t * t)
}

impl Cell for Poisson {
    fn accepts(&self, x: f64) -> bool {
        is_count(x)
    }

    fn values(&self) -> &'static str {
        "counts: 0, 1, 2, …"
    }

    fn log_density(&self, x: f64, output: &[f64], _: &[f64], gradient: Option<Gradient<'_>>) -> f64 {
        let (a, slope) = bounded(output[0]);
        let mean = libm::exp(a);
        if let Some(Gradient { output, .. }) = gradient {
            output[0] = (x - mean) * slope;
        }
        x * a - mean - ln_gamma(x + 1.0)
    }

    fn mean(&self, output: &[f64], _: &[f64]) -> f64 {
        libm::exp(bounded(output[0]).0)
    }

    fn draw(&self, output: &[f64], own: &[f64], key: Key, row: u64) -> f64 {
        let of = distribution::Poisson::new(self.mean(output, own));
        of.map_or(f64::NAN, |of| of.sample(key, row) as f64)
    }

    fn start(&self, x: &[f64], _: f64) -> Start {
        let output = vec![output_of(gaussian::moments(x).0, x.len().max(1))];
        Start { output, own: Vec::new(), floor: Vec::new() }
    }

    fn encode(&self, x: f64, out: &mut [f32]) {
        out[0] = self.0.apply(libm::log1p(x)) as f32;
    }
}

/// Whether x is 0, 1, 2, …
pub(super) fn is_count(x: f64) -> bool {
    x >= 0.0 && x.is_finite() && x.fract() == 0.0
}
