//! One-step-ahead residuals: each cell given the rows before it and the cells to its left, by Kalman's filter at the means of
//! the parameters.
//!
//! The noises of a row's cells are independent, so that the filter takes a cell after the other, y_p | … ~ N(c·m, c·Pc + r), m
//! and P the mean and the covariance of z given what came before (Koopman and Durbin 2000).

use faer::{Col, Mat};

use super::Posterior;
use crate::{Error, check, mean_field::sequences::Sequences, special::normal_cdf};

impl Posterior {
    /// The probability integral transforms of a sequence `[T, P]`, each cell given the rows before it and the cells to its
    /// left: uniform and independent where the model is right. NaN of a cell that is missing.
    ///
    /// # Errors
    /// Where `y` is not of whole rows, a value is infinite, or the variance of a cell is no number > 0.
    pub fn transforms(&self, y: &[f64]) -> Result<Vec<f64>, Error> {
        let (columns, states) = (self.columns(), self.states());
        Sequences::one(y, columns)?;
        let transition = Mat::from_fn(states, states, |i, j| self.dynamics.row(i)[j]);
        let map = |p: usize| Col::from_fn(states, |i| self.observation.row(p)[i]);
        let maps: Vec<Col<f64>> = (0..columns).map(map).collect();
        let mut mean = Col::from_fn(states, |i| self.mean[i]);
        let mut covariance = Mat::from_fn(states, states, |i, j| self.covariance[i * states + j]);
        let mut out = Vec::with_capacity(y.len());
        for row in y.chunks_exact(columns) {
            for (p, (y, map)) in row.iter().zip(&maps).enumerate() {
                if y.is_nan() {
                    out.push(f64::NAN);
                    continue;
                }
                let carried = &covariance * map;
                let variance = map.transpose() * &carried + self.observation.noise[p].mean().recip();
                let sd = check::positive("the variance of a cell given those before it", variance)?.sqrt();
                let away = (y - map.transpose() * &mean) / sd;
                out.push(normal_cdf(away));
                for i in 0..states {
                    mean[i] += carried[i] * away / sd;
                    for j in 0..states {
                        covariance[(i, j)] -= carried[i] * carried[j] / variance;
                    }
                }
            }
            mean = &transition * &mean;
            covariance = &transition * &covariance * transition.transpose();
            for i in 0..states {
                covariance[(i, i)] += self.dynamics.noise[i].mean().recip();
            }
        }
        Ok(out)
    }
}
