//! A real number with outliers: x ~ t_ν(f, s²); log s and log ν are the column's own.

use super::{
    cell::{Cell, Gradient, Start},
    gaussian,
};
use crate::{
    distribution::{Sample, StudentT as T},
    random::Key,
    special::{digamma, ln_gamma},
};

/// ν lies between these: a Cauchy's tails, and a Gaussian's to four digits.
const FREEDOM: [f64; 2] = [1.0, 1e4];
/// Where ν starts.
const START: f64 = 5.0;

#[derive(Debug)]
pub(super) struct StudentT;

/// ν of its logarithm.
fn freedom(own: f64) -> f64 {
    libm::exp(own).clamp(FREEDOM[0], FREEDOM[1])
}

impl Cell for StudentT {
    fn own(&self) -> usize {
        2
    }

    fn accepts(&self, x: f64) -> bool {
        x.is_finite()
    }

    fn values(&self) -> &'static str {
        "finite numbers"
    }

    fn log_density(&self, x: f64, output: &[f64], own: &[f64], gradient: Option<Gradient<'_>>) -> f64 {
        let (precision, nu) = (libm::exp(-own[0]), freedom(own[1]));
        let (u, half) = ((x - output[0]) * precision, 0.5 * (nu + 1.0));
        let tail = libm::log1p(u * u / nu);
        if let Some(Gradient { output, own: by_own }) = gradient {
            let weight = (nu + 1.0) / (nu + u * u);
            output[0] = weight * u * precision;
            by_own[0] = weight * u * u - 1.0;
            let by_nu = 0.5 * (digamma(half) - digamma(0.5 * nu) - 1.0 / nu - tail + weight * u * u / nu);
            by_own[1] = if nu == libm::exp(own[1]) { nu * by_nu } else { 0.0 };
        }
        let normaliser = ln_gamma(half) - ln_gamma(0.5 * nu) - 0.5 * libm::log(nu * std::f64::consts::PI);
        normaliser - own[0] - half * tail
    }

    /// Its location, which is the mean where ν > 1.
    fn mean(&self, output: &[f64], _: &[f64]) -> f64 {
        output[0]
    }

    fn draw(&self, output: &[f64], own: &[f64], key: Key, row: u64) -> f64 {
        let of = T::new(freedom(own[1]), output[0], libm::exp(own[0]));
        of.map_or(f64::NAN, |of| of.sample(key, row))
    }

    /// The median, and the scale that has the column's interquartile range.
    fn start(&self, x: &[f64], resolution: f64) -> Start {
        let Start { own, floor, .. } = gaussian::start(x, resolution);
        let mut sorted = x.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let at = |p: f64| sorted.get((p * sorted.len() as f64) as usize).copied().unwrap_or(0.0);
        let (median, range) = (at(0.5), at(0.75) - at(0.25));
        let scale = if range > 0.0 { libm::log(range / 1.35) } else { own[0] };
        let start = [scale.max(floor[0]), libm::log(START)];
        Start { output: vec![median], own: start.into(), floor: vec![floor[0], libm::log(FREEDOM[0])] }
    }

    fn encode(&self, x: f64, out: &mut [f32]) {
        out[0] = x as f32;
    }
}
