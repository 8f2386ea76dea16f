//! A fitted model: what can be done with it, and how it is kept.

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
};

use elbo::guide::Family;
use elbo_data::{Dataset, sha256};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    anomalies::Anomalies,
    columns::{self, check_chosen},
    error::Error,
    observer::Observer,
    query::{Answer, Evaluation, Query, Selection},
    rows::{DataConfig, weights as weights_of},
    source::{check_time, check_units, describe_new, same_data},
    text::Text,
    took_part::{MOST_NUMBERS, bits, took_part},
};

/// What a fitted model can do. `ModelMetadata` says which columns it is of, and reads rows for it.
pub trait Fitted: fmt::Debug + Send + Sync {
    /// What the model says about each row, and of this many rows ahead, where rows are in time order.
    ///
    /// # Errors
    /// Where the rows cannot be read, or are not such as the model is of.
    fn predict(
        &self,
        about: &ModelMetadata,
        asked: &Query,
        ahead: usize,
        watch: &dyn Observer,
    ) -> Result<Answer, Error>;

    /// New rows.
    ///
    /// # Errors
    /// Where rows of the fit are needed and are not there any more.
    fn sample(
        &self,
        about: &ModelMetadata,
        number: usize,
        seed: u64,
        watch: &dyn Observer,
    ) -> Result<Answer, Error>;

    /// Measures how probable rows are: all of them, or as many as are asked for, which are drawn from the seed.
    ///
    /// # Errors
    /// Where the rows cannot be read, or are not such as the model is of.
    fn evaluate(
        &self,
        about: &ModelMetadata,
        asked: &Query,
        number: Option<usize>,
        seed: u64,
        watch: &dyn Observer,
    ) -> Result<Evaluation, Error>;

    /// Rows with what is missing of them filled, of models that can.
    ///
    /// # Errors
    /// Where the model fills nothing, or the rows cannot be read.
    fn reconstruct(
        &self,
        _about: &ModelMetadata,
        _asked: &Query,
        _which: Selection,
        _watch: &dyn Observer,
    ) -> Result<Answer, Error> {
        Err(fills_nothing())
    }

    /// How odd rows are, and which of their cells make them so, of models with a density of each row.
    ///
    /// # Errors
    /// Where the model has none, or the rows cannot be read.
    fn anomalies(
        &self,
        _about: &ModelMetadata,
        _asked: &Query,
        _seed: u64,
        _watch: &dyn Observer,
    ) -> Result<Anomalies, Error> {
        Err(Error::request(
            "this model has no density of a row by itself, by which rows would be odd",
            "«elbo train», «elbo mixture» and «elbo factors» fit such models",
        ))
    }

    /// The model as a function of z, where it is one.
    fn latents(&self) -> Option<&dyn Latents> {
        None
    }

    /// Whether rows follow one another: then there are rows ahead of them, and none may be left out.
    fn in_order(&self) -> bool {
        false
    }
}

/// A fitted model whose x is a function of z, and noise.
pub trait Latents {
    /// The names of the columns of z, of which x is a function: `z_1`, …; of categorical z a column for each class, as
    /// `z_1_2`.
    fn names(&self) -> Vec<String>;

    /// What z is.
    fn family(&self) -> Family;

    /// The mean of q(z) of each row, `[N, Z]`, and the rows' labels.
    ///
    /// # Errors
    /// Where the rows cannot be read, or are not such as the model is of.
    fn means(&self, about: &ModelMetadata, asked: &Query, watch: &dyn Observer) -> Result<Means, Error>;

    /// E\[x|z\] of rows of z, `[R, Z]` to `[R, D]`, in the units of the file.
    ///
    /// # Errors
    /// Where the number of values is not a multiple of Z.
    fn decode(&self, z: &[f64]) -> Result<Vec<f64>, Error>;

    /// Rows of x in the units of the file, `[R, D]`, as pictures, where they are some.
    fn pictures(&self, _x: &[f64]) -> Option<Pictures> {
        None
    }
}

/// The means of q(z) of rows.
#[derive(Debug)]
pub struct Means {
    /// `[N, Z]`.
    pub z: Vec<f64>,
    /// A label each.
    pub labels: Option<Vec<String>>,
}

/// Rows as pictures: values in [0, 1], or nearly.
#[derive(Debug)]
pub struct Pictures {
    /// A row each.
    pub rows: Vec<Vec<f32>>,
    /// What becomes of each.
    pub reconstructions: Vec<Vec<f32>>,
    /// Height and width.
    pub shape: (usize, usize),
}

/// The error that a model fills in no missing cells.
pub(crate) fn fills_nothing() -> Error {
    Error::request(
        "this model reconstructs nothing",
        "«elbo predict» gives what it says of each row; «elbo factors» fits a model that fills cells",
    )
}

/// What a fitted model is of.
#[derive(Clone, Debug)]
pub struct ModelMetadata {
    /// The version that fitted it.
    pub elbo: String,
    /// The names of its columns; of words or spins, where they have names.
    pub columns: Vec<String>,
    /// What it was fitted to.
    pub data: DataConfig,
}

impl ModelMetadata {
    pub(crate) fn new(columns: &[String], data: &DataConfig) -> Self {
        Self { elbo: env!("CARGO_PKG_VERSION").into(), columns: columns.to_vec(), data: data.clone() }
    }

    /// The rows that are asked about: these of the model's columns.
    pub(crate) fn rows(
        &self,
        asked: &Query,
        columns: &[String],
        watch: &dyn Observer,
    ) -> Result<Dataset<f64>, Error> {
        Ok(self.rows_with(asked, columns, None, watch)?.0)
    }

    /// All columns of the rows that are asked about, and how many rows each stands for, where rows of the fit stood for several
    /// and a column of these says so too.
    pub(crate) fn weighted_rows(
        &self,
        asked: &Query,
        watch: &dyn Observer,
    ) -> Result<(Dataset<f64>, Option<Vec<f64>>), Error> {
        self.rows_with(asked, &self.columns, self.data.row_weights.as_ref(), watch)
    }

    fn rows_with(
        &self,
        asked: &Query,
        columns: &[String],
        weights: Option<&String>,
        watch: &dyn Observer,
    ) -> Result<(Dataset<f64>, Option<Vec<f64>>), Error> {
        self.data.source.for_model(asked.source.as_ref(), |source| {
            let new = asked.source.is_some();
            let read = |wanted: &[String]| source.read_exact(asked.memory, new.then_some(wanted));
            let place = |data: &Dataset<f64>| data.columns.iter().position(|name| Some(name) == weights);
            let wanted = [columns, weights.map(std::slice::from_ref).unwrap_or_default()].concat();
            let data = match read(&wanted) {
                // New rows may lack weights: then only the columns of the model are looked for.
                Ok(data) if weights.is_none() || place(&data).is_some() || source.is_read_once() => data,
                Err(error) if weights.is_none() || source.is_read_once() => return Err(error),
                _ => read(columns)?,
            };
            if new {
                describe_new(&data.reading, watch);
                check_chosen(&data, (&source.table, &self.data.source.table), &wanted)?;
                if let Some(time) = &self.data.source.time_column {
                    check_time(&data, time, &source.label_columns, watch)?;
                }
            } else {
                self.same_data(&data.name, &data.fingerprint())?;
            }
            let of_fit = &self.data.columns;
            let labelled = !self.data.source.label_columns.is_empty();
            let kept = || {
                let known: HashMap<&String, usize> =
                    of_fit.iter().enumerate().map(|(place, name)| (name, place)).collect();
                columns.iter().filter_map(|name| known.get(name).copied()).collect()
            };
            let places = columns::places(&data, columns, of_fit.len(), of_fit, kept, labelled, watch)?;
            if new {
                check_units(&data, &self.data.source.units, (columns, &places), watch)?;
            }
            let weights = place(&data).filter(|place| !places.contains(place));
            let weights = weights.map(|place| weights_of(&data, place)).transpose()?;
            let data = data.keep_columns(&places)?;
            Ok((Dataset { columns: columns.to_vec(), ..data }, weights))
        })
    }

    /// How many of these rows, of all columns of the model, took part in the fit; none where its own are not there any more.
    pub(crate) fn took_part(&self, asked: &Query, data: &Dataset<f64>) -> usize {
        if asked.source.is_none() {
            return data.rows();
        }
        let many = self.data.rows.saturating_mul(self.columns.len()) > MOST_NUMBERS;
        if many || self.data.source.is_read_once() || self.data.source.is_missing() {
            return 0;
        }
        let own = Query { source: None, memory: asked.memory };
        let Ok(fitted) = self.rows(&own, &self.columns, &()) else { return 0 };
        let rows = |data: &Dataset<f64>| (0..data.rows()).map(|row| bits(data.row(row))).collect::<Vec<_>>();
        took_part(rows(&fitted), rows(data))
    }

    /// Says that new rows lack the column by which those of the fit counted.
    pub(crate) fn count_once(&self, weights: Option<&[f64]>) -> Option<(&'static str, Text)> {
        let name = self.data.row_weights.as_ref().filter(|_| weights.is_none())?;
        Some(("note", lacks_weights(name, "row")))
    }

    /// Checks that data are those of the fit.
    pub(crate) fn same_data(&self, name: &str, fingerprint: &str) -> Result<(), Error> {
        let remedy = |error: Error| error.remedy("restore the file; «data PATH» takes its rows as new ones");
        same_data(name, fingerprint, &self.data.fingerprint).map_err(remedy)
    }
}

/// Says that each of these counts once, though those of the fit counted by a column.
pub(crate) fn lacks_weights(name: &str, what: &str) -> Text {
    format!(
        "{what}s of the fit counted by column `{name}`, which these {what}s lack: each {what} counts once"
    )
    .into()
}

/// The contents of `model.json`: a change of it is noticed.
#[derive(Serialize, Deserialize)]
struct Sealed<'a> {
    sha256: String,
    #[serde(borrow)]
    fitted: &'a RawValue,
}

/// A fitted model as it is kept: by the name of its kind.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Saved {
    elbo: String,
    columns: Vec<String>,
    data: DataConfig,
    pub(crate) model: String,
    pub(crate) posterior: Box<RawValue>,
}

impl Saved {
    pub(crate) fn new(about: ModelMetadata, model: &str, posterior: &impl Serialize) -> Result<Self, Error> {
        let ModelMetadata { elbo, columns, data } = about;
        Ok(Self { elbo, columns, data, model: model.into(), posterior: to_raw_value(posterior)? })
    }

    pub(crate) fn about(&self) -> ModelMetadata {
        let Self { elbo, columns, data, .. } = self;
        ModelMetadata { elbo: elbo.clone(), columns: columns.clone(), data: data.clone() }
    }

    /// What `model.json` holds.
    pub(crate) fn to_json(&self) -> Result<Vec<u8>, Error> {
        sealed(self)
    }

    /// Reads a `model.json`.
    pub(crate) fn read(file: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(file).map_err(|cause| Error::io("read", file, &cause))?;
        unsealed(&text).map_err(|broken| match broken {
            Broken::Json(cause) => not_ours(file, &cause),
            Broken::Changed => Error::new(format!("`{}` has changed since elbo wrote it", file.display()))
                .remedy(
                    "«elbo train» with «config config.toml», the file beside it, makes the fit once more",
                ),
        })
    }
}

/// Why what was sealed cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("it has changed since elbo wrote it")]
    Changed,
    #[error("{0}")]
    Json(#[from] serde_json::Error),
}

/// A value as a file that tells whether it was changed.
pub(crate) fn sealed(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    let fitted = &*to_raw_value(value)?;
    Ok(serde_json::to_vec(&Sealed { sha256: sha256(fitted.get().as_bytes()), fitted })?)
}

/// The value of such a file.
pub(crate) fn unsealed<T: DeserializeOwned>(text: &str) -> Result<T, Broken> {
    let Sealed { sha256: seal, fitted } = serde_json::from_str(text)?;
    if seal != sha256(fitted.get().as_bytes()) {
        return Err(Broken::Changed);
    }
    Ok(serde_json::from_str(fitted.get())?)
}

/// The error that a file is not a model of this program.
pub(crate) fn not_ours(file: &Path, cause: &serde_json::Error) -> Error {
    Error::new(format!("`{}` is not a model that elbo wrote: {cause}", file.display()))
        .remedy("give a run folder as runs/faithful-mixture, or its model.json")
}

/// Whether a run folder or file holds a model fitted by coordinate ascent.
pub fn is_fitted(path: &Path) -> bool {
    let file = file_of(path);
    file.is_file() && file.extension().is_some_and(|ending| ending == "json")
}

/// The file of a model: that of a run folder, or the file itself.
pub(crate) fn file_of(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("model.json") } else { path.to_path_buf() }
}
