//! Columns brought to mean 0 and standard deviation 1, and back.

use elbo_data::Dataset;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The moments of columns, in their order: 0 and 1 of those that stay as they are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Standardise {
    pub(crate) mean: Vec<f64>,
    pub(crate) sd: Vec<f64>,
}

/// As in a file.
#[derive(Deserialize)]
struct Stored {
    mean: Vec<f64>,
    sd: Vec<f64>,
}

impl TryFrom<Stored> for Standardise {
    type Error = Error;

    fn try_from(Stored { mean, sd }: Stored) -> Result<Self, Error> {
        if mean.len() != sd.len() {
            let message = format!("{} means of columns, but {} standard deviations", mean.len(), sd.len());
            return Err(Error::new(message));
        }
        if let Some(wrong) = mean.iter().find(|mean| !mean.is_finite()) {
            return Err(Error::new(format!("the mean of a column is {wrong}, but must be finite")));
        }
        if let Some(wrong) = sd.iter().find(|sd| !(sd.is_finite() && **sd > 0.0)) {
            let message =
                format!("the standard deviation of a column is {wrong}, but must be finite and > 0");
            return Err(Error::new(message));
        }
        Ok(Self { mean, sd })
    }
}

impl Standardise {
    /// Refuses those of other columns than so many.
    pub(crate) fn check(&self, columns: usize) -> Result<(), Error> {
        if self.sd.len() == columns {
            return Ok(());
        }
        let message = format!("the scale is of {} columns, but the model of {columns}", self.sd.len());
        Err(Error::new(message))
    }

    /// Of the columns of the data, by what is not missing; with `scale` false they stay as they are. A column of one value
    /// is centred alone.
    pub(crate) fn of(data: &Dataset<f64>, scale: bool) -> Self {
        if !scale {
            return Self { mean: vec![0.0; data.width()], sd: vec![1.0; data.width()] };
        }
        let (mean, sd) = moments(data).into_iter().map(|of| (of.mean, of.sd())).unzip();
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

/// Of what a column has.
#[derive(Clone, Copy)]
pub(crate) struct Moments {
    pub(crate) mean: f64,
    pub(crate) variance: f64,
}

impl Moments {
    /// Whether the standard deviation is more than 1e-10 of the mean: else what tells rows apart is lost in rounding.
    pub(crate) fn varies(self) -> bool {
        self.variance.sqrt() > 1e-10 * self.mean.abs()
    }

    /// The standard deviation; 1 of a column that does not vary.
    pub(crate) fn sd(self) -> f64 {
        if self.varies() { self.variance.sqrt() } else { 1.0 }
    }
}

/// The moments of all columns, in passes over the rows.
pub(crate) fn moments(data: &Dataset<f64>) -> Vec<Moments> {
    let width = data.width();
    let sums = |of: &dyn Fn(usize, f64) -> f64| {
        let mut sums = vec![0.0; width];
        for row in data.values.chunks_exact(width) {
            for (d, x) in row.iter().enumerate().filter(|(_, x)| !x.is_nan()) {
                sums[d] += of(d, *x);
            }
        }
        sums
    };
    let count = sums(&|_, _| 1.0);
    let mean = sums(&|d, x| x / count[d]);
    let variance = sums(&|d, x| (x - mean[d]).powi(2) / count[d]);
    mean.iter().zip(variance).map(|(&mean, variance)| Moments { mean, variance }).collect()
}
