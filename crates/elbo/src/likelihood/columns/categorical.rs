//! One of K levels without order: p(x = k) = softmax(f)_k.

use super::cell::{Cell, Gradient, Start};
use crate::random::Key;

#[derive(Debug)]
pub(super) struct Categorical(pub(super) usize);

/// max f.
fn greatest(output: &[f64]) -> f64 {
    output.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// What the probabilities are in proportion to, of which the largest is 1.
fn weights(output: &[f64]) -> Vec<f64> {
    let greatest = greatest(output);
    output.iter().map(|f| libm::exp(f - greatest)).collect()
}

impl Cell for Categorical {
    fn outputs(&self) -> usize {
        self.0
    }

    fn accepts(&self, x: f64) -> bool {
        is_level(x, self.0)
    }

    fn values(&self) -> &'static str {
        "numbers of levels, from 0"
    }

    fn log_density(&self, x: f64, output: &[f64], _: &[f64], gradient: Option<Gradient<'_>>) -> f64 {
        let level = x as usize;
        let f = output[level];
        let greatest = greatest(output);
        let Some(Gradient { output: by_output, .. }) = gradient else {
            return f - greatest - libm::log(output.iter().map(|f| libm::exp(f - greatest)).sum());
        };
        for (by, f) in by_output.iter_mut().zip(output) {
            *by = -libm::exp(f - greatest);
        }
        let sum: f64 = -by_output.iter().sum::<f64>();
        for by in by_output.iter_mut() {
            *by /= sum;
        }
        by_output[level] += 1.0;
        f - greatest - libm::log(sum)
    }

    fn mean(&self, output: &[f64], _: &[f64]) -> f64 {
        let greatest = greatest(output);
        output.iter().position(|&f| f == greatest).map_or(f64::NAN, |level| level as f64)
    }

    fn probabilities(&self, output: &[f64], _: &[f64]) -> Option<Vec<f64>> {
        let weights = weights(output);
        let sum: f64 = weights.iter().sum();
        Some(weights.iter().map(|weight| weight / sum).collect())
    }

    fn draw(&self, output: &[f64], _: &[f64], key: Key, row: u64) -> f64 {
        key.choose(row, &weights(output)) as f64
    }

    /// The logarithms of the shares, with half a count for each level more.
    fn start(&self, x: &[f64], _: f64) -> Start {
        let share = counts(x, self.0).into_iter().map(|count| libm::log(count / (x.len() as f64 + 1.0)));
        Start { output: share.collect(), own: Vec::new(), floor: Vec::new() }
    }

    fn encoded(&self) -> usize {
        self.0
    }

    fn encode(&self, x: f64, out: &mut [f32]) {
        out[x as usize] = 1.0;
    }
}

/// Whether x is the number of one of `levels` levels.
pub(super) fn is_level(x: f64, levels: usize) -> bool {
    x >= 0.0 && x < levels as f64 && x.fract() == 0.0
}

/// How often each level occurs, and half a count of each more.
pub(super) fn counts(x: &[f64], levels: usize) -> Vec<f64> {
    let mut counts = vec![0.5; levels];
    for &x in x {
        counts[x as usize] += 1.0;
    }
    counts
}
