//! 0 or 1: x ~ Bernoulli(S(f)) (E10).

use super::cell::{Cell, Gradient, Start};
use crate::random::Key;

#[derive(Debug)]
pub(super) struct Bernoulli;

impl Cell for Bernoulli {
    fn accepts(&self, x: f64) -> bool {
        x == 0.0 || x == 1.0
    }

    fn values(&self) -> &'static str {
        "0 and 1"
    }

    fn log_density(&self, x: f64, output: &[f64], _: &[f64], gradient: Option<Gradient<'_>>) -> f64 {
        let f = output[0];
        if let Some(Gradient { output, .. }) = gradient {
            output[0] = if x > 0.0 { logistic(-f) } else { -logistic(f) };
        }
        ln_logistic(if x > 0.0 { f } else { -f })
    }

    fn mean(&self, output: &[f64], _: &[f64]) -> f64 {
        logistic(output[0])
    }

    fn probabilities(&self, output: &[f64], _: &[f64]) -> Option<Vec<f64>> {
        Some(vec![logistic(-output[0]), logistic(output[0])])
    }

    fn draw(&self, output: &[f64], _: &[f64], key: Key, row: u64) -> f64 {
        let mut x = [logistic(output[0]) as f32];
        key.bernoulli(row, &mut x);
        x[0].into()
    }

    fn start(&self, x: &[f64], _: f64) -> Start {
        let ones = x.iter().filter(|&&x| x > 0.0).count();
        Start { output: vec![logit_of(ones, x.len())], own: Vec::new(), floor: Vec::new() }
    }

    /// −1 or 1: a missing cell stands between them.
    fn encode(&self, x: f64, out: &mut [f32]) {
        out[0] = if x > 0.0 { 1.0 } else { -1.0 };
    }
}

/// The logit of a share of `n`, kept half a count from 0 and 1.
pub(super) fn logit_of(count: usize, n: usize) -> f64 {
    libm::log((count as f64 + 0.5) / ((n - count) as f64 + 0.5))
}

/// S(x), by libm.
pub(super) fn logistic(x: f64) -> f64 {
    let small = libm::exp(-x.abs());
    if x < 0.0 { small / (1.0 + small) } else { 1.0 / (1.0 + small) }
}

/// ln S(x), by libm.
pub(super) fn ln_logistic(x: f64) -> f64 {
    x.min(0.0) - libm::log1p(libm::exp(-x.abs()))
}
