//! One of K levels in order: p(x ≤ k) = S(c_k − f), with K − 1 cut points c₀ < c₁ < …: the first is the column's own, and so is
//! the logarithm of each difference.

use super::{
    bernoulli::{ln_logistic, logistic},
    categorical::{counts, is_level},
    cell::{Cell, Gradient, Start},
};
use crate::random::Key;

/// Differences of cut points are not below this.
const LEAST: f64 = 1e-6;

#[derive(Debug)]
pub(super) struct Ordinal(pub(super) usize);

/// c_k.
fn cut(own: &[f64], k: usize) -> f64 {
    own[0] + own[1..=k].iter().map(|&log| libm::exp(log)).sum::<f64>()
}

/// p(x = k) of each level.
fn probabilities(levels: usize, output: &[f64], own: &[f64]) -> Vec<f64> {
    (0..levels).map(|k| libm::exp(Ordinal(levels).log_density(k as f64, output, own, None))).collect()
}

impl Cell for Ordinal {
    fn own(&self) -> usize {
        self.0 - 1
    }

    fn accepts(&self, x: f64) -> bool {
        is_level(x, self.0)
    }

    fn values(&self) -> &'static str {
        "numbers of levels, from 0"
    }

    /// With a = c_{k−1} − f < b = c_k − f: S(b) − S(a) = S(b) S(−a) (1 − e^(a − b)).
    fn log_density(&self, x: f64, output: &[f64], own: &[f64], gradient: Option<Gradient<'_>>) -> f64 {
        let (k, last) = (x as usize, self.0 - 1);
        let below = (k > 0).then(|| cut(own, k - 1) - output[0]);
        let above = (k < last).then(|| cut(own, k) - output[0]);
        let step = if k > 0 && k < last { libm::exp(own[k]) } else { f64::INFINITY };
        if let Some(Gradient { output: by_output, own: by_own }) = gradient {
            // The derivative of log(1 − e^−step) in the step.
            let by_step = if step.is_finite() { 1.0 / libm::expm1(step) } else { 0.0 };
            let by_above = above.map_or(0.0, |b| logistic(-b));
            let by_below = below.map_or(0.0, |a| -logistic(a));
            by_output[0] = -by_above - by_below;
            // Each cut point is the first one and all steps up to it.
            for (j, by) in by_own.iter_mut().enumerate() {
                let both = if j < k { by_below } else { 0.0 } + if j <= k { by_above } else { 0.0 };
                let own_step = if j == k && j > 0 { by_step } else { 0.0 };
                *by = (both + own_step) * if j == 0 { 1.0 } else { libm::exp(own[j]) };
            }
        }
        let ends = above.map_or(0.0, ln_logistic) + below.map_or(0.0, |a| ln_logistic(-a));
        ends + if step.is_finite() { libm::log(-libm::expm1(-step)) } else { 0.0 }
    }

    /// The median level.
    fn mean(&self, output: &[f64], own: &[f64]) -> f64 {
        (0..self.0 - 1).find(|&k| cut(own, k) >= output[0]).unwrap_or(self.0 - 1) as f64
    }

    fn probabilities(&self, output: &[f64], own: &[f64]) -> Option<Vec<f64>> {
        Some(probabilities(self.0, output, own))
    }

    fn draw(&self, output: &[f64], own: &[f64], key: Key, row: u64) -> f64 {
        key.choose(row, &probabilities(self.0, output, own)) as f64
    }

    /// The cut points at which f = 0 gives the shares, with half a count for each level more.
    fn start(&self, x: &[f64], _: f64) -> Start {
        let counts = counts(x, self.0);
        let total: f64 = counts.iter().sum();
        let mut sum = 0.0;
        let cuts: Vec<f64> = counts[..self.0 - 1]
            .iter()
            .map(|count| {
                sum += count;
                libm::log(sum / (total - sum))
            })
            .collect();
        let steps = cuts.windows(2).map(|pair| libm::log((pair[1] - pair[0]).max(LEAST)));
        let own: Vec<f64> = cuts[..1].iter().copied().chain(steps).collect();
        let floor = std::iter::once(f64::NEG_INFINITY).chain(vec![libm::log(LEAST); own.len() - 1]);
        Start { output: vec![0.0], floor: floor.collect(), own }
    }

    /// From −1 of the first level to 1 of the last.
    fn encode(&self, x: f64, out: &mut [f32]) {
        out[0] = (2.0 * x / (self.0 - 1) as f64 - 1.0) as f32;
    }
}
