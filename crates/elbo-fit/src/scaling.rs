//! From stored values to those that a model takes, and back.

use elbo_data::{Dataset, Number};
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    moments::{Moments, weighted_moments},
};

/// x = (stored − offset) / divisor, by column or with one pair for all; in f64, whatever x is kept in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Serialised")]
pub struct Scaling {
    offset: Vec<f64>,
    divisor: Vec<f64>,
}

/// As in a file; those of coordinate ascent were once called mean and sd.
#[derive(Deserialize)]
struct Serialised {
    #[serde(alias = "mean")]
    offset: Vec<f64>,
    #[serde(alias = "sd")]
    divisor: Vec<f64>,
}

impl TryFrom<Serialised> for Scaling {
    type Error = Error;

    fn try_from(Serialised { offset, divisor }: Serialised) -> Result<Self, Error> {
        if offset.len() != divisor.len() || offset.is_empty() {
            let (offsets, divisors) = (offset.len(), divisor.len());
            return Err(Error::new(format!(
                "a scale has {offsets} offsets, but {divisors} divisors: it takes as many, and at least one"
            )));
        }
        if let Some(wrong) = offset.iter().find(|offset| !offset.is_finite()) {
            return Err(Error::new(format!("the offset of a column is {wrong}, but must be finite")));
        }
        if let Some(wrong) = divisor.iter().find(|divisor| !(divisor.is_finite() && **divisor > 0.0)) {
            let message = format!("the divisor of a column is {wrong}, but must be finite and > 0");
            return Err(Error::new(message));
        }
        Ok(Self { offset, divisor })
    }
}

impl Scaling {
    /// Whether x is as it is stored.
    pub(crate) fn is_none(&self) -> bool {
        self.offset.iter().all(|&offset| offset == 0.0) && self.divisor.iter().all(|&divisor| divisor == 1.0)
    }

    /// One pair for all columns.
    pub(crate) fn of_all(offset: f64, divisor: f64) -> Self {
        Self { offset: vec![offset], divisor: vec![divisor] }
    }

    /// By what all values alike are divided, where nothing else is done to them.
    pub(crate) fn only_divisor(&self) -> Option<f64> {
        match (&self.offset[..], &self.divisor[..]) {
            (&[0.0], &[divisor]) => Some(divisor),
            _ => None,
        }
    }

    /// A pair for each column: what is taken off, and by what the rest is divided.
    pub(crate) fn of_each(pairs: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let (offset, divisor) = pairs.into_iter().unzip();
        Self { offset, divisor }
    }

    /// To mean 0 and standard deviation 1, by what is not missing; with `scale` false columns stay as they are. A column of
    /// one value is centred alone.
    pub(crate) fn standard(data: &Dataset<f64>, weights: Option<&[f64]>, scale: bool) -> Self {
        if scale {
            Self::of_each(weighted_moments(data, weights).into_iter().map(|of| (of.mean, of.sd())))
        } else {
            Self::of_each(vec![(0.0, 1.0); data.width()])
        }
    }

    /// The scaling of columns that stay about 0.
    pub(crate) fn uncentred(self) -> Self {
        Self { offset: vec![0.0; self.offset.len()], ..self }
    }

    /// Checks that it is for this many columns.
    pub(crate) fn is_of(&self, columns: usize) -> bool {
        self.divisor.len() == 1 || self.divisor.len() == columns
    }

    /// Refuses a scaling of another number of columns than this.
    pub(crate) fn check(&self, columns: usize) -> Result<(), Error> {
        if self.divisor.len() == columns {
            return Ok(());
        }
        let message = format!("the scale is of {} columns, but the model of {columns}", self.divisor.len());
        Err(Error::new(message))
    }

    /// Whether it leaves the size of differences as it is.
    pub(crate) fn keeps_units(&self) -> bool {
        self.divisor.iter().all(|&divisor| divisor == 1.0)
    }

    /// What is taken off column `d`, or off cell `d` of rows `[N, D]`.
    pub(crate) fn offset(&self, d: usize) -> f64 {
        self.offset[d % self.offset.len()]
    }

    /// By what the rest is divided.
    pub(crate) fn divisor(&self, d: usize) -> f64 {
        self.divisor[d % self.divisor.len()]
    }

    /// All divisors: one for each column, or one for all.
    pub(crate) fn divisors(&self) -> &[f64] {
        &self.divisor
    }

    /// The root mean square of the scaled values of column d, whose stored values have these moments.
    pub(crate) fn root_mean_square(&self, d: usize, of: Moments) -> f64 {
        ((of.mean - self.offset(d)).powi(2) + of.variance).sqrt() / self.divisor(d)
    }

    /// Makes rows x in place: all the columns of the scale, or the first of them.
    pub(crate) fn apply<T: Number>(&self, data: &mut Dataset<T>) -> Result<(), Error> {
        let width = data.width();
        let pairs: Vec<(f64, f64)> = (0..width).map(|d| (self.offset(d), self.divisor(d))).collect();
        Ok(data.values.change(width, width, |row| {
            for (x, (offset, divisor)) in row.iter_mut().zip(&pairs) {
                *x = T::of(((*x).into() - offset) / divisor);
            }
        })?)
    }

    /// The scaled rows in 32 bits; `memory` is how many bytes of them may be held.
    pub(crate) fn applied(&self, data: Dataset<f64>, memory: Option<u64>) -> Result<Dataset, Error> {
        Ok(data.converted(memory, |cell, x| ((x - self.offset(cell)) / self.divisor(cell)) as f32)?)
    }

    /// A cell of column `d` in stored units.
    pub(crate) fn undo(&self, d: usize, x: f64) -> f64 {
        self.offset(d) + self.divisor(d) * x
    }

    /// Rows `[N, D]` in stored units.
    pub(crate) fn undo_rows(&self, x: &[f64]) -> Vec<f64> {
        x.iter().enumerate().map(|(e, &x)| self.undo(e, x)).collect()
    }

    /// The scaling of weighted rows: each row counts as many times as its weight says.
    pub(crate) fn weighted_log_volume(&self, x: &[f64], weights: Option<&[f64]>) -> f64 {
        let Some(weights) = weights else { return self.log_volume(x) };
        let rows = x.chunks_exact(x.len() / weights.len());
        rows.zip(weights).map(|(row, weight)| weight * self.log_volume(row)).sum()
    }

    /// Σ log divisor of the cells that rows `[N, D]` have: what a density of stored values is lower by than one of x, in nats.
    pub(crate) fn log_volume(&self, x: &[f64]) -> f64 {
        x.iter().enumerate().filter(|(_, x)| !x.is_nan()).map(|(e, _)| self.divisor(e).ln()).sum()
    }
}
