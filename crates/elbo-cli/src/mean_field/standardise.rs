//! Columns brought to mean 0 and standard deviation 1, and back.

use elbo_data::Dataset;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The moments of some columns.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Standardise {
    pub(crate) names: Vec<String>,
    pub(crate) mean: Vec<f64>,
    pub(crate) sd: Vec<f64>,
}

impl Standardise {
    /// Of columns of the data, by what is not missing; with `scale` false they stay as they are. A column of one value is
    /// centred alone.
    pub(crate) fn of(data: &Dataset<f64>, columns: &[usize], scale: bool) -> Self {
        let moments = |&d: &usize| {
            let column = || data.values.iter().skip(d).step_by(data.width()).filter(|x| !x.is_nan());
            let count = column().count().max(1) as f64;
            let mean = column().sum::<f64>() / count;
            let variance = column().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
            // Of equal values the mean may be off by a rounding, and the variance with it.
            let varied = variance.sqrt() > 1e-12 * mean.abs();
            (mean, if varied { variance.sqrt() } else { 1.0 })
        };
        let names = columns.iter().map(|&d| data.columns[d].clone()).collect();
        let (mean, sd) = if scale {
            columns.iter().map(moments).unzip()
        } else {
            (vec![0.0; columns.len()], vec![1.0; columns.len()])
        };
        Self { names, mean, sd }
    }

    /// The columns of these names, `[N, D]`, as the model takes them.
    pub(crate) fn apply(&self, data: &Dataset<f64>) -> Result<Vec<f64>, Error> {
        let find = |name: &String| {
            data.columns.iter().position(|column| column == name).ok_or_else(|| {
                Error::plain(format!("`{}` has no column `{name}`", data.name))
                    .hint(format!("the model needs {}", self.names.join(", ")))
            })
        };
        let places: Vec<usize> = self.names.iter().map(find).collect::<Result<_, _>>()?;
        let row = |row: &[f64]| -> Vec<f64> {
            let moments = self.mean.iter().zip(&self.sd);
            places.iter().zip(moments).map(|(&d, (mean, sd))| (row[d] - mean) / sd).collect()
        };
        Ok(data.values.chunks_exact(data.width()).flat_map(row).collect())
    }

    /// Rows `[N, D]` in stored units.
    pub(crate) fn undo(&self, x: &[f64]) -> Vec<f64> {
        let width = self.names.len();
        x.iter().enumerate().map(|(e, x)| self.mean[e % width] + self.sd[e % width] * x).collect()
    }

    /// Σ log sd of the columns that a row has: what a density of stored values is lower by than one of scaled.
    pub(crate) fn log_volume(&self, row: &[f64]) -> f64 {
        row.iter().zip(&self.sd).filter(|(x, _)| !x.is_nan()).map(|(_, sd)| sd.ln()).sum()
    }
}
