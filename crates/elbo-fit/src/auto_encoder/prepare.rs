//! Rows as a fitted auto-encoder takes them.

use elbo::{distribution::bernoulli::Binarise, likelihood::Support, random::Key};
use elbo_data::{Cells, Dataset};

use super::config::{Config, DataConfig};
use crate::{
    asked::Asked,
    columns,
    error::Error,
    source::{Source, same_data},
};

/// Rows ready for a model.
pub(crate) struct Prepared {
    /// Row-major `[rows, D]`, scaled.
    pub(crate) x: Cells,
    pub(crate) rows: usize,
    pub(crate) labels: Option<Vec<String>>,
    name: String,
    first_line: usize,
}

impl Prepared {
    /// Keeps the first rows only.
    pub(crate) fn truncate(&mut self, rows: usize) {
        let width = self.x.len() / self.rows;
        self.rows = self.rows.min(rows);
        self.x.truncate(self.rows * width);
        if let Some(labels) = &mut self.labels {
            labels.truncate(rows);
        }
    }

    /// Makes the rows what the encoder is given where nothing is drawn: cut at 1/2 under `threshold`, and grey
    /// as they are under `dynamic`, which is the mean of the draws.
    pub(crate) fn as_encoded(&mut self, binarise: Binarise) -> Result<(), Error> {
        if binarise == Binarise::Threshold {
            let width = self.x.len() / self.rows;
            self.x.change(width, width, |row| binarise.apply(Key::new(0), 0, row))?;
        }
        Ok(())
    }

    /// Checks that a likelihood of discrete values, by its name, can take every value.
    fn check_support(&self, columns: &[String], name: &str, support: Support) -> Result<(), Error> {
        let Some(place) = self.x.iter().position(|&v| !support.accepts(v)) else { return Ok(()) };
        let (row, column) = (place / columns.len(), place % columns.len());
        Err(Error::new(format!(
            "`{}`: column `{}` line {} is {}, but a {name} likelihood needs {}",
            self.name,
            columns[column],
            self.first_line + row,
            self.x[place],
            support.values()
        ))
        .remedy(if support == Support::Binary { "«scale unit» maps the range of the training rows to [0, 1]; «likelihood gaussian» takes any number" } else { "«scale none» leaves counts as they are; «likelihood gaussian» takes any number" }))
    }
}

/// Reads rows for a fitted model: those named, or those that it was fitted to.
pub(crate) fn read_for(config: &Config, asked: &Asked) -> Result<Prepared, Error> {
    config.data.source.for_model(asked.source.as_ref(), |rows| read_rows(config, rows, asked.memory))
}

/// Reads the rows that a model was fitted to, and checks that they are the same.
pub(crate) fn read_own(config: &Config, memory: Option<u64>) -> Result<Prepared, Error> {
    let source = &config.data.source;
    let data = source.read(memory, false).map_err(|error| source.moved(error))?;
    same_data(&data.name, &data.fingerprint(), &config.data.fingerprint)?;
    prepare(config, data)
}

/// Reads the rows of a source for a model, or for its test.
pub(crate) fn read_rows(config: &Config, source: &Source, memory: Option<u64>) -> Result<Prepared, Error> {
    prepare(config, source.read(memory, true)?)
}

/// Rows of a file as the model takes them: its columns by their names, or by their places where a file has no header.
pub(crate) fn prepare(config: &Config, data: Dataset) -> Result<Prepared, Error> {
    let DataConfig { columns, stored_columns, scaling, .. } = &config.data;
    let kept = || {
        if scaling.columns.is_empty() { (0..*stored_columns).collect() } else { scaling.columns.clone() }
    };
    let places = columns::places(&data, columns, *stored_columns, columns, kept)?;
    let data = data.keep_columns(&places)?;
    let (rows, mut x) = (data.rows(), data.values);
    scaling.apply(&mut x, columns.len())?;
    let prepared = Prepared { x, rows, labels: data.labels, name: data.name, first_line: data.first_line };
    let likelihood = config.fit.vae.likelihood.likelihood();
    if likelihood.support().is_discrete() {
        prepared.check_support(columns, likelihood.name(), likelihood.support())?;
    }
    Ok(prepared)
}
