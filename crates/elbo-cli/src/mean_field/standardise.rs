//! Columns brought to mean 0 and standard deviation 1, and back.

use elbo_data::Dataset;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The moments of columns, in their order: 0 and 1 of those that stay as they are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Standardise {
    pub(crate) mean: Vec<f64>,
    pub(crate) sd: Vec<f64>,
}

impl Standardise {
    /// Of the columns of the data, by what is not missing; with `scale` false they stay as they are. A column of one value
    /// is centred alone.
    pub(crate) fn of(data: &Dataset<f64>, scale: bool) -> Self {
        let of_column = |d: usize| {
            let (mean, variance) = moments(data, d);
            (mean, if varies(data, d) { variance.sqrt() } else { 1.0 })
        };
        let columns = 0..data.width();
        let (mean, sd) = columns.map(|d| if scale { of_column(d) } else { (0.0, 1.0) }).unzip();
        Self { mean, sd }
    }

    /// The same, of columns that stay about 0.
    pub(crate) fn uncentred(self) -> Self {
        Self { mean: vec![0.0; self.mean.len()], ..self }
    }

    /// Makes rows what the model takes, or of each its first columns.
    pub(crate) fn apply(&self, data: &mut Dataset<f64>) -> Result<(), Error> {
        let width = data.width();
        Ok(data.values.change(width, width, |row| {
            for (x, (mean, sd)) in row.iter_mut().zip(self.mean.iter().zip(&self.sd)) {
                *x = (*x - mean) / sd;
            }
        })?)
    }

    /// A cell of column `d` in stored units.
    pub(crate) fn undo(&self, d: usize, x: f64) -> f64 {
        self.mean[d] + self.sd[d] * x
    }

    /// Rows `[N, D]` in stored units.
    pub(crate) fn undo_rows(&self, x: &[f64]) -> Vec<f64> {
        x.iter().enumerate().map(|(e, &x)| self.undo(e % self.sd.len(), x)).collect()
    }

    /// Σ log sd of the cells that rows `[N, D]` have: what a density of stored values is lower by than one of scaled.
    pub(crate) fn log_volume(&self, x: &[f64]) -> f64 {
        x.iter().zip(self.sd.iter().cycle()).filter(|(x, _)| !x.is_nan()).map(|(_, sd)| sd.ln()).sum()
    }
}

/// Whether the standard deviation of a column is more than 1e-10 of its mean: else what tells rows apart is lost in rounding.
pub(crate) fn varies(data: &Dataset<f64>, column: usize) -> bool {
    let (mean, variance) = moments(data, column);
    variance.sqrt() > 1e-10 * mean.abs()
}

/// The mean and the variance of what a column has.
pub(crate) fn moments(data: &Dataset<f64>, column: usize) -> (f64, f64) {
    let seen = || data.column(column).filter(|x| !x.is_nan());
    let n = seen().count() as f64;
    let mean = seen().map(|x| x / n).sum::<f64>();
    (mean, seen().map(|x| (x - mean).powi(2) / n).sum())
}
