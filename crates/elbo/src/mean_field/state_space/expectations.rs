//! What q(z) is to the parameters: its expected sufficient statistics.

use faer::Col;

use super::{Posterior, kalman, linear::Pairs};

/// The expected sufficient statistics of the states.
#[derive(Clone, Debug)]
pub(super) struct Expectations {
    pub(super) sequences: f64,
    /// Σ E\[(z_1 − m_0)(z_1 − m_0)ᵀ\], `[D, D]`.
    pub(super) initial: Vec<f64>,
    /// (z_{t−1}, z_t).
    pub(super) dynamics: Pairs,
    /// (z_t, y_t).
    pub(super) observation: Pairs,
    /// −E\[log q(z)\].
    pub(super) entropy: f64,
}

impl Expectations {
    pub(super) fn none(of: &Posterior) -> Self {
        let d = of.states();
        Self {
            sequences: 0.0,
            initial: vec![0.0; d * d],
            dynamics: Pairs::none(&of.dynamics),
            observation: Pairs::none(&of.observation),
            entropy: 0.0,
        }
    }

    /// Takes in a sequence of rows and what they say of its states.
    pub(super) fn add(&mut self, q: &Posterior, sequence: &[f64], z: &kalman::Smoothed) {
        let d = q.states();
        let first: Vec<f64> = (0..d).map(|i| z.means[0][i] - q.mean[i]).collect();
        for (cell, sum) in self.initial.iter_mut().enumerate() {
            *sum += first[cell / d] * first[cell % d] + z.covariances[0][(cell / d, cell % d)];
        }
        let second = |t: usize, i: usize, j: usize| z.means[t][i] * z.means[t][j] + z.covariances[t][(i, j)];
        // Of e = v − w⁰·z: its mean, and Cov[z] w⁰.
        let about = |weights: &[f64], v: f64, t: usize| {
            let weights = Col::from_fn(d, |i| weights[i]);
            (v - weights.transpose() * &z.means[t], &z.covariances[t] * &weights, weights)
        };
        for t in 1..z.means.len() {
            for k in 0..d {
                let (e, known, weights) = about(self.dynamics.reference(k), z.means[t][k], t - 1);
                let lagged = z.lagged[t - 1].row(k);
                // A variance, whatever rounding makes of it.
                let variance =
                    z.covariances[t][(k, k)] - 2.0 * lagged * &weights + weights.transpose() * &known;
                let cross = |i: usize| e * z.means[t - 1][i] + lagged[i] - known[i];
                self.dynamics.add(k, e * e + variance.max(0.0), cross, |i, j| second(t - 1, i, j));
            }
        }
        for (t, row) in sequence.chunks(q.columns()).enumerate() {
            for (p, &y) in row.iter().enumerate().filter(|(_, y)| !y.is_nan()) {
                let (e, known, weights) = about(self.observation.reference(p), y, t);
                let square = e * e + weights.transpose() * &known;
                self.observation.add(p, square, |i| e * z.means[t][i] - known[i], |i, j| second(t, i, j));
            }
        }
        self.sequences += 1.0;
        self.entropy += z.entropy;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.sequences += other.sequences;
        self.initial.iter_mut().zip(&other.initial).for_each(|(sum, part)| *sum += part);
        self.dynamics.merge(&other.dynamics);
        self.observation.merge(&other.observation);
        self.entropy += other.entropy;
    }
}
