//! A real number: x ~ N(f, σ²); log σ is the column's own.

use std::f64::consts::TAU;

use super::cell::{Cell, Gradient, Start};
use crate::random::Key;

/// The share of a column's standard deviation below which no σ falls.
const LEAST: f64 = 1e-3;

#[derive(Debug)]
pub(super) struct Gaussian;

impl Cell for Gaussian {
    fn own(&self) -> usize {
        1
    }

    fn accepts(&self, x: f64) -> bool {
        x.is_finite()
    }

    fn values(&self) -> &'static str {
        "finite numbers"
    }

    fn log_density(&self, x: f64, output: &[f64], own: &[f64], gradient: Option<Gradient<'_>>) -> f64 {
        log_normal(x, output[0], own[0], gradient)
    }

    fn mean(&self, output: &[f64], _: &[f64]) -> f64 {
        output[0]
    }

    fn draw(&self, output: &[f64], own: &[f64], key: Key, row: u64) -> f64 {
        output[0] + libm::exp(own[0]) * normal(key, row)
    }

    fn start(&self, x: &[f64], resolution: f64) -> Start {
        start(x, resolution)
    }

    fn encode(&self, x: f64, out: &mut [f32]) {
        out[0] = x as f32;
    }
}

/// log N(x; f, σ²), s = log σ.
pub(super) fn log_normal(x: f64, f: f64, s: f64, gradient: Option<Gradient<'_>>) -> f64 {
    let precision = libm::exp(-s);
    let u = (x - f) * precision;
    if let Some(Gradient { output, own }) = gradient {
        output[0] = u * precision;
        own[0] = u * u - 1.0;
    }
    -0.5 * u * u - s - 0.5 * libm::log(TAU)
}

/// A standard normal draw.
pub(super) fn normal(key: Key, row: u64) -> f64 {
    let mut noise = [0.0];
    key.normals(row, &mut noise);
    noise[0]
}

/// Mean and log standard deviation. The floor is a thousandth of the standard deviation, and δ/√12, the standard deviation of
/// what is lost by rounding to δ: the density of a column of few values would else grow without limit.
pub(super) fn start(x: &[f64], resolution: f64) -> Start {
    let (mean, sd) = moments(x);
    let sd = if sd > 0.0 { sd } else { 1.0 };
    let rounding = if resolution.is_finite() { resolution / 12f64.sqrt() } else { 0.0 };
    let floor = rounding.max(LEAST * sd).min(sd);
    Start { output: vec![mean], own: vec![libm::log(sd)], floor: vec![libm::log(floor)] }
}

/// Mean and standard deviation (divided by N), 0 and 0 of no number.
pub(super) fn moments(x: &[f64]) -> (f64, f64) {
    let n = x.len().max(1) as f64;
    let mean = x.iter().sum::<f64>() / n;
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    (mean, variance.sqrt())
}
