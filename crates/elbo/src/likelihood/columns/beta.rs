//! A share in (0, 1): x ~ Beta(mφ, (1 − m)φ), m = S(f); log 1/φ is the column's own.

use super::{
    bernoulli::logistic,
    cell::{Cell, Gradient, Start},
    gaussian,
};
use crate::{
    distribution::{self, Sample},
    random::Key,
    special::{digamma, ln_gamma},
};

/// The logit of the mean lies between ∓ this.
const BOUND: f64 = 15.0;

#[derive(Debug)]
pub(super) struct Beta;

/// m and its derivative in f.
fn location(f: f64) -> (f64, f64) {
    let t = libm::tanh(f / BOUND);
    let m = logistic(BOUND * t);
    (m, m * (1.0 - m) * (1.0 - t * t))
}

impl Cell for Beta {
    fn own(&self) -> usize {
        1
    }

    fn accepts(&self, x: f64) -> bool {
        x > 0.0 && x < 1.0
    }

    fn values(&self) -> &'static str {
        "numbers between 0 and 1, both excluded"
    }

    fn log_density(&self, x: f64, output: &[f64], own: &[f64], gradient: Option<Gradient<'_>>) -> f64 {
        let ((m, slope), phi) = (location(output[0]), libm::exp(-own[0]));
        let (a, b) = (m * phi, (1.0 - m) * phi);
        let (log, log_rest) = (libm::log(x), libm::log1p(-x));
        if let Some(Gradient { output, own }) = gradient {
            let (by_a, by_b) = (log - digamma(a), log_rest - digamma(b));
            output[0] = phi * slope * (by_a - by_b);
            own[0] = -(phi * digamma(phi) + a * by_a + b * by_b);
        }
        ln_gamma(phi) - ln_gamma(a) - ln_gamma(b) + (a - 1.0) * log + (b - 1.0) * log_rest
    }

    fn mean(&self, output: &[f64], _: &[f64]) -> f64 {
        location(output[0]).0
    }

    fn draw(&self, output: &[f64], own: &[f64], key: Key, row: u64) -> f64 {
        let (m, phi) = (location(output[0]).0, libm::exp(-own[0]));
        distribution::Beta::new(m * phi, (1.0 - m) * phi).map_or(f64::NAN, |of| of.sample(key, row))
    }

    /// By the moments. A standard deviation is not below that of what is lost by rounding.
    fn start(&self, x: &[f64], resolution: f64) -> Start {
        let (mean, sd) = gaussian::moments(x);
        let mean = mean.clamp(1e-6, 1.0 - 1e-6);
        let room = mean * (1.0 - mean);
        let dispersion = |variance: f64| libm::log(variance / (room - variance).max(1e-3 * room));
        let least = (resolution.min(1.0) / 12f64.sqrt()).max(1e-3 * sd).clamp(1e-6, 0.5 * room.sqrt());
        let floor = dispersion(least * least);
        let own = dispersion((sd * sd).min(0.9 * room)).max(floor);
        let f = BOUND * libm::atanh(libm::log(mean / (1.0 - mean)).clamp(-14.0, 14.0) / BOUND);
        Start { output: vec![f], own: vec![own], floor: vec![floor] }
    }

    /// From −1 to 1.
    fn encode(&self, x: f64, out: &mut [f32]) {
        out[0] = (2.0 * x - 1.0) as f32;
    }
}
