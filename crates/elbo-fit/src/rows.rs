//! Rows of a table as models of coordinate ascent take them: in f64, text set aside, missing cells as NaN.

use elbo::{diagnose::Transforms, mean_field::CellTransforms};
use elbo_data::{Dataset, nearest};
use serde::{Deserialize, Serialize};

use crate::{
    columns::{listed, no_column, twice},
    error::Error,
    moments::weighted_moments,
    observer::{Observer, ObserverExt},
    source::{Source, describe},
    text::counted,
};

/// What a model is fitted to, as it was read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DataConfig {
    /// How many rows, or documents, it was fitted to.
    pub rows: usize,
    /// The names of the columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// SHA-256 of the values as stored.
    pub fingerprint: String,
    /// The column that says how many rows each row stands for, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_weights: Option<String>,
    /// Where they came from.
    pub source: Source,
}

impl DataConfig {
    pub(crate) fn of(source: Source, data: &Dataset<f64>) -> Self {
        let (columns, fingerprint) = (data.columns.clone(), data.fingerprint());
        Self { rows: data.rows(), columns, fingerprint, row_weights: None, source: source.named(data) }
    }
}

/// Data that are known again by their content.
pub trait Fingerprinted {
    /// Where they came from, and the SHA-256 of what was read there.
    fn fingerprint(&self) -> (&str, &str);

    /// As `config.toml` keeps them.
    fn config(&self) -> DataConfig;
}

impl Fingerprinted for Rows {
    fn fingerprint(&self) -> (&str, &str) {
        (&self.config.source.data, &self.config.fingerprint)
    }

    fn config(&self) -> DataConfig {
        self.config.clone()
    }
}

/// The least and the greatest of some values, in words.
pub(crate) fn extent(values: &[f64]) -> String {
    let seen = || values.iter().copied().filter(|x| !x.is_nan());
    let ends = seen().reduce(f64::min).zip(seen().reduce(f64::max));
    ends.map_or("without a value".into(), |(least, most)| format!("values {least} to {most}"))
}

const NAME_WEIGHTS: &str = "name the column that says how often each row counts";

/// The column at this place as the number of rows that each row stands for.
pub(crate) fn weights(data: &Dataset<f64>, place: usize) -> Result<Vec<f64>, Error> {
    let weights: Vec<f64> = data.column(place).collect();
    if let Some(row) = weights.iter().position(|weight| !(weight.is_finite() && *weight >= 0.0)) {
        let cell = data.place(row * data.width() + place);
        let message =
            format!("`{}`: {cell} is {}, but a row's weight must be a number ≥ 0", data.name, weights[row]);
        return Err(Error::new(message)
            .remedy("a weight is a number such as 1, 2.5 or 0: correct the cell, or leave the row out"));
    }
    if weights.iter().sum::<f64>() <= 0.0 {
        let message = format!("`{}`: all weights, column `{}`, are 0", data.name, data.columns[place]);
        return Err(Error::new(message).remedy(NAME_WEIGHTS));
    }
    Ok(weights)
}

/// A number of components or states that is never too large.
const LEAST_MOST: usize = 100;

/// Rows, and where they came from.
#[derive(Debug)]
pub struct Rows {
    /// As they were read.
    pub config: DataConfig,
    /// What the model takes of them.
    pub data: Dataset<f64>,
    /// How many rows each row stands for, where a column says it; that column is not data.
    pub weights: Option<Vec<f64>>,
}

impl Rows {
    /// Reads rows; `memory` is how many bytes they may take.
    ///
    /// # Errors
    /// Where the source is not a table of numbers with columns of different names.
    pub fn read(source: Source, memory: Option<u64>, observer: &dyn Observer) -> Result<Self, Error> {
        let data = source.read_exact(memory, None)?;
        Ok(Self::of(source, data, observer))
    }

    /// Reads the rows of a series, with the column that says when they were seen.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(crate) fn read_series(
        source: Source,
        memory: Option<u64>,
        observer: &dyn Observer,
    ) -> Result<Self, Error> {
        let (source, data) = source.read_series(memory)?;
        Ok(Self::of(source, data, observer))
    }

    fn of(source: Source, data: Dataset<f64>, observer: &dyn Observer) -> Self {
        describe(&data, observer);
        let missing = data.values.iter().filter(|x| x.is_nan()).count();
        if missing > 0 {
            observer.say("missing", format!("{} of {}", counted(missing, "cell"), data.values.len()));
        }
        Self { config: DataConfig::of(source, &data), data, weights: None }
    }

    /// Takes the column of this name, if any, for the number of rows that each row stands for.
    pub(crate) fn weighted_by(
        mut self,
        column: Option<&str>,
        observer: &dyn Observer,
    ) -> Result<Self, Error> {
        let Some(name) = column else { return Ok(self) };
        let (place, data) = (self.column(Some(name))?, &self.data);
        if data.width() == 1 {
            let message = format!("`{}` has no column beside the weights `{name}`", data.name);
            return Err(Error::new(message).remedy(NAME_WEIGHTS));
        }
        let weights = weights(data, place)?;
        let others: Vec<usize> = (0..data.width()).filter(|&d| d != place).collect();
        self.data = self.data.keep_columns(&others)?;
        let (rows, sum) = (counted(weights.len(), "row"), weights.iter().sum::<f64>());
        let left = extent(&self.data.values);
        let left = match &self.data.columns[..] {
            [column] => format!("modelled is `{column}`, {left}"),
            columns => format!("modelled are the other {} columns, {left}", columns.len()),
        };
        observer.say("weights", format!("column `{name}`: the {rows} count as {sum}; {left}"));
        (self.weights, self.config.row_weights) = (Some(weights), Some(name.into()));
        Ok(self)
    }

    /// Refuses more components or states than any rows need; `setting` is what they are called.
    pub(crate) fn check_number(&self, setting: &str, number: usize) -> Result<(), Error> {
        let most = self.data.rows().max(LEAST_MOST);
        if number <= most {
            return Ok(());
        }
        let (name, rows) = (&self.data.name, self.data.rows());
        Err(Error::request(
            format!("`{name}` has {rows} rows: «{setting} {number}» are more than they could tell apart"),
            format!("give «{setting} {most}» or fewer"),
        ))
    }

    /// Refuses columns of which nothing is known.
    pub(crate) fn need_values(&self, columns: impl IntoIterator<Item = usize>) -> Result<(), Error> {
        let Dataset { name, columns: names, .. } = &self.data;
        let empty = |d: &usize| self.data.column(*d).all(f64::is_nan);
        let Some(d) = columns.into_iter().find(empty) else { return Ok(()) };
        Err(Error::new(format!("`{name}`: column `{}` has no value", names[d]))
            .remedy("leave the column out"))
    }

    /// The places of columns, by their names.
    pub(crate) fn places(&self, names: &[String]) -> Result<Vec<usize>, Error> {
        if names == self.data.columns {
            return Ok((0..names.len()).collect());
        }
        if let Some(name) = twice(names) {
            return Err(Error::new(format!("column `{name}` is named twice")).remedy("name each column once"));
        }
        names.iter().map(|name| self.column(Some(name))).collect()
    }

    /// How many rows they stand for.
    pub(crate) fn number(&self) -> f64 {
        self.weights.as_ref().map_or(self.data.rows() as f64, |weights| weights.iter().sum())
    }

    /// The values of the column of a name; none of another.
    pub(crate) fn of_column(&self, name: &str) -> Vec<f64> {
        let place = self.data.columns.iter().position(|column| column == name);
        place.map_or_else(Vec::new, |d| self.data.column(d).collect())
    }

    /// Probability integral transforms of some of them, with their names and weights.
    pub(crate) fn transforms(&self, of: CellTransforms) -> Transforms {
        let CellTransforms { rows, columns, values } = of;
        Transforms {
            columns: columns.into_iter().map(|d| self.data.columns[d].clone()).collect(),
            values,
            weights: self.weights.as_ref().map(|weights| rows.into_iter().map(|n| weights[n]).collect()),
            ..Transforms::default()
        }
    }

    /// Without the columns of one value, which tell no rows apart, and says which; where all are such, they stay, and the
    /// model says what it makes of them.
    ///
    /// # Errors
    /// Where rows lie in a temporary file, and that cannot be written.
    pub(crate) fn without_constant(self, observer: &dyn Observer) -> Result<Self, Error> {
        let constant = self.constant();
        let kept: Vec<usize> = (0..self.data.width()).filter(|d| !constant.contains(d)).collect();
        if constant.is_empty() || kept.is_empty() {
            return Ok(self);
        }
        let names: Vec<String> = constant.iter().map(|&d| self.data.columns[d].clone()).collect();
        let left = if kept.len() == 1 { "1 column is".into() } else { format!("{} columns are", kept.len()) };
        let text = format!("{}: of one value in every row, to ten digits; {left} left", listed(&names));
        observer.say("left out", text);
        Ok(Self { data: self.data.keep_columns(&kept)?, ..self })
    }

    /// The columns that have a value, and only one.
    pub(crate) fn constant(&self) -> Vec<usize> {
        let seen = |d: &usize| self.data.column(*d).any(|x| !x.is_nan());
        let of = weighted_moments(&self.data, self.weights.as_deref());
        (0..self.data.width()).filter(|&d| !of[d].varies()).filter(seen).collect()
    }

    /// The place of the column of this name; of the only one where none is named.
    pub(crate) fn column(&self, name: Option<&str>) -> Result<usize, Error> {
        let columns = &self.data.columns;
        let found = match name {
            Some(name) => columns.iter().position(|column| column == name),
            None => (columns.len() == 1).then_some(0),
        };
        found.ok_or_else(|| {
            let message = match name {
                Some(name) => no_column(&self.data, name),
                None => format!("`{}` has {} columns", self.data.name, columns.len()),
            };
            let near = nearest(name.unwrap_or_default(), columns);
            Error::request(message, format!("name one of {}", listed(&near)))
        })
    }
}
