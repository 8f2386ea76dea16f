//! What q(z) is to the parameters: its expected sufficient statistics.

use faer::Mat;

use super::{Posterior, kalman, linear::Pairs};
use crate::{distribution::cholesky::dot, mean_field::row_major::row_by_row};

/// The expected sufficient statistics of the states.
#[derive(Clone, Debug)]
pub(super) struct Expectations {
    pub(super) sequences: f64,
    /// Σ E\[(z_1 − m_0)(z_1 − m_0)ᵀ\], `[D, D]`.
    pub(super) initial: Vec<f64>,
    /// (z_{t−1}, z_t).
    pub(super) dynamics: Pairs,
    /// Σ E\[e eᵀ\] of e = z_t − A⁰ z_{t−1}, `[D, D]`, whose diagonal the pairs have.
    pub(super) innovations: Vec<f64>,
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
            innovations: vec![0.0; d * d],
            observation: Pairs::none(&of.observation),
            entropy: 0.0,
        }
    }

    /// N, the rows of all sequences.
    pub(super) fn rows(&self) -> f64 {
        self.sequences + self.dynamics.count[0]
    }

    /// Takes in a sequence of rows and what they say of its states.
    pub(super) fn add(&mut self, q: &Posterior, sequence: &[f64], z: &kalman::Smoothed) {
        let d = q.states();
        let first: Vec<f64> = (0..d).map(|i| z.means[0][i] - q.mean[i]).collect();
        for (cell, sum) in self.initial.iter_mut().enumerate() {
            *sum += first[cell / d] * first[cell % d] + z.covariances[0][(cell / d, cell % d)];
        }
        let second = |t: usize, i: usize, j: usize| z.means[t][i] * z.means[t][j] + z.covariances[t][(i, j)];
        let transition = Mat::from_fn(d, d, |k, i| self.dynamics.reference(k)[i]);
        for t in 1..z.means.len() {
            let e = &z.means[t] - &transition * &z.means[t - 1];
            let with_input = &z.lagged[t - 1] - &transition * &z.covariances[t - 1];
            let own = &z.covariances[t]
                - &z.lagged[t - 1] * transition.transpose()
                - &transition * with_input.transpose();
            // A variance, whatever rounding makes of it.
            let square = |k: usize| e[k] * e[k] + own[(k, k)].max(0.0);
            for k in 0..d {
                let cross = |i: usize| e[k] * z.means[t - 1][i] + with_input[(k, i)];
                self.dynamics.add(k, square(k), cross, |i, j| second(t - 1, i, j));
                for l in 0..d {
                    self.innovations[k * d + l] += if k == l { square(k) } else { e[k] * e[l] + own[(k, l)] };
                }
            }
        }
        // Of many columns, without a matrix for each.
        let mut known = vec![0.0; d];
        for (t, row) in sequence.chunks(q.columns()).enumerate() {
            let (mean, covariance) = (row_by_row(z.means[t].as_mat()), row_by_row(z.covariances[t].as_ref()));
            let second: Vec<f64> = (0..d * d).map(|cell| second(t, cell / d, cell % d)).collect();
            for (p, &y) in row.iter().enumerate().filter(|(_, y)| !y.is_nan()) {
                let weights = self.observation.reference(p);
                let e = y - dot(weights, &mean);
                // −Cov[e, z].
                known.iter_mut().zip(covariance.chunks(d)).for_each(|(k, row)| *k = dot(row, weights));
                let square = e * e + dot(weights, &known);
                self.observation.add(p, square, |i| e * mean[i] - known[i], |i, j| second[i * d + j]);
            }
        }
        self.sequences += 1.0;
        self.entropy += z.entropy;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.sequences += other.sequences;
        self.initial.iter_mut().zip(&other.initial).for_each(|(sum, part)| *sum += part);
        self.dynamics.merge(&other.dynamics);
        self.innovations.iter_mut().zip(&other.innovations).for_each(|(sum, part)| *sum += part);
        self.observation.merge(&other.observation);
        self.entropy += other.entropy;
    }
}
