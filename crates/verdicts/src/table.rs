//! A model fitted to rows as a front end would, and asked about new ones.

use std::{fs, path::Path};

use elbo::terms::Mean;
use elbo_fit::{
    Column, FittedModel, Plan, Query, Results, Source, fit,
    models::{FitContext, Model},
};
use tempfile::TempDir;

use crate::Error;

/// Rows `[N, width]`.
#[derive(Clone, Debug)]
pub struct Rows {
    /// How many columns.
    pub width: usize,
    /// Row after row; NaN of a missing cell.
    pub values: Vec<f64>,
}

impl Rows {
    /// So many rows, each as `row` makes it.
    pub fn of(width: usize, number: usize, row: impl FnMut(usize) -> Vec<f64>) -> Self {
        Self { width, values: (0..number).flat_map(row).collect() }
    }

    pub(crate) fn write(&self, path: &Path) -> Result<Source, Error> {
        let names: Vec<String> = (1..=self.width).map(|d| format!("x{d}")).collect();
        let mut text = names.join(",") + "\n";
        for row in self.values.chunks(self.width) {
            let cell = |x: &f64| if x.is_nan() { "NA".into() } else { format!("{x:e}") };
            text += &(row.iter().map(cell).collect::<Vec<String>>().join(",") + "\n");
        }
        fs::write(path, text)?;
        Ok(Source::file(path)?)
    }
}

/// A model that was fitted, in a folder of its own that goes with it.
#[derive(Debug)]
pub struct Fitted {
    folder: TempDir,
    /// What the fit came to.
    pub results: Results,
    /// The model.
    pub model: FittedModel,
}

/// Fits a model to rows.
///
/// # Errors
/// Where they cannot be fitted to.
pub fn fit_rows<M: Model>(rows: &Rows, request: &M::Request, run: &FitContext<'_>) -> Result<Fitted, Error> {
    let folder = tempfile::tempdir()?;
    let source = rows.write(&folder.path().join("rows.csv"))?;
    let outcome = fit::<M>(request, source, run, &Plan::in_folder(folder.path().join("runs")))?;
    let model = FittedModel::load(&outcome.folder)?;
    Ok(Fitted { folder, results: outcome.results, model })
}

impl Fitted {
    /// The log density of each of some new rows, or of each sequence of them, in nats.
    ///
    /// # Errors
    /// Where the model refuses them.
    pub fn log_density(&self, rows: &Rows) -> Result<Vec<f64>, Error> {
        let source = rows.write(&self.folder.path().join("new.csv"))?;
        let asked = Query { source: Some(source), memory: None };
        let told = self.model.evaluate(&asked, None, 0, &())?.rows.table;
        let Column::Real(values) = told.column("log_density")? else { return Err("no density".into()) };
        Ok(values.clone())
    }

    /// The log density of new rows under the truth minus that under the fit, in nats a row.
    ///
    /// # Errors
    /// Where the model refuses them.
    pub fn lost(&self, rows: &Rows, truth: impl Fn(&[f64]) -> f64) -> Result<Mean, Error> {
        let fit = self.log_density(rows)?;
        let lost: Vec<f64> =
            rows.values.chunks(rows.width).zip(fit).map(|(row, fit)| truth(row) - fit).collect();
        Ok(Mean::of(&lost))
    }
}
