//! A model fitted by coordinate ascent, on new rows: `predict`, `sample`, `evaluate`, `reconstruct`.

use std::path::{Path, PathBuf};

use elbo::mean_field::{hidden_markov, mixture, normal_gamma};
use elbo_data::{Dataset, sha256};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::{
    DataConfig, factors::FactorAnalysis, ising::Spins, regress::Regression, series::Sequences,
    state_space::Series, topics::TopicModel,
};
use crate::{
    arguments::{Evaluate, Predict, Reconstruct, Sample, Source},
    error::Error,
    source::same_data,
    table, tell,
};

/// The contents of `model.json`: a change of it is noticed.
#[derive(Serialize, Deserialize)]
struct Sealed<'a> {
    sha256: String,
    #[serde(borrow)]
    fitted: &'a RawValue,
}

/// What a fit leaves.
#[derive(Serialize, Deserialize)]
pub(crate) struct Fitted {
    elbo: String,
    /// The names of the columns that the model is of; of words or spins, where they have names.
    pub(super) columns: Vec<String>,
    pub(super) data: DataConfig,
    #[serde(flatten)]
    model: Model,
}

/// The factors of a model.
#[derive(Serialize, Deserialize)]
#[serde(tag = "model", content = "posterior", rename_all = "kebab-case")]
pub(crate) enum Model {
    Mixture(mixture::Posterior),
    Normal(normal_gamma::Posterior),
    Regression(Regression),
    #[serde(rename = "factors")]
    FactorAnalysis(FactorAnalysis),
    HiddenMarkov(Sequences<hidden_markov::Posterior>),
    StateSpace(Sequences<Series>),
    Ising(Spins),
    Topics(TopicModel),
}

/// What can be done with a fitted model.
pub(super) trait Applied {
    /// `elbo predict`: what it says about each row.
    fn predict(&self, fitted: &Fitted, arguments: &Predict) -> Result<(), Error>;

    /// `elbo sample`: new rows.
    fn sample(&self, fitted: &Fitted, arguments: &Sample) -> Result<(), Error>;

    /// `elbo evaluate`: how probable rows are.
    fn evaluate(&self, fitted: &Fitted, arguments: &Evaluate) -> Result<(), Error>;

    /// Whether rows follow one another: then there are rows ahead of them, and none may be left out.
    fn in_order(&self) -> bool {
        false
    }
}

impl Model {
    fn applied(&self) -> &dyn Applied {
        match self {
            Self::Mixture(q) => q,
            Self::Normal(q) => q,
            Self::Regression(q) => q,
            Self::FactorAnalysis(q) => q,
            Self::HiddenMarkov(q) => q,
            Self::StateSpace(q) => q,
            Self::Ising(q) => q,
            Self::Topics(q) => q,
        }
    }
}

impl Fitted {
    pub(super) fn new(columns: &[String], data: &DataConfig, model: Model) -> Self {
        let elbo = env!("CARGO_PKG_VERSION").into();
        Self { elbo, columns: columns.to_vec(), data: data.clone(), model }
    }

    fn read(path: &Path) -> Result<Self, Error> {
        let file = file_of(path);
        let is_tensors = path.extension().is_some_and(|ending| ending == "safetensors");
        if is_tensors || !file.exists() && path.join("model.safetensors").exists() {
            return Err(Error::usage(
                format!("`{}` is an auto-encoder, which predicts nothing of its rows", path.display()),
                "`elbo encode` gives the latents of each row, `elbo reconstruct` what becomes of it",
            ));
        }
        let text = std::fs::read_to_string(&file).map_err(|cause| Error::io("read", &file, &cause))?;
        let remedy = "give a run folder as runs/faithful-mixture, or its model.json";
        let not_ours = |cause| {
            Error::plain(format!("`{}` is not a model that elbo wrote: {cause}", file.display())).hint(remedy)
        };
        let Sealed { sha256: sealed, fitted } = serde_json::from_str(&text).map_err(not_ours)?;
        if sealed != sha256(fitted.get().as_bytes()) {
            return Err(Error::plain(format!("`{}` has changed since elbo wrote it", file.display()))
                .hint("fit once more: `elbo train --config` with the config.toml beside it"));
        }
        serde_json::from_str(fitted.get()).map_err(not_ours)
    }

    /// What `model.json` holds.
    pub(super) fn to_json(&self) -> Result<Vec<u8>, Error> {
        let fitted = &*to_raw_value(self)?;
        Ok(serde_json::to_vec(&Sealed { sha256: sha256(fitted.get().as_bytes()), fitted })?)
    }

    /// The rows of a file, or those of the fit where none is named: these of the model's columns.
    pub(super) fn rows(&self, source: &Source, columns: &[String]) -> Result<Dataset<f64>, Error> {
        self.data.source.for_model(source, |rows| {
            let data = rows.read_exact(source.memory, true)?;
            if source.data.is_none() {
                self.same_data(&data.name, &data.fingerprint())?;
            }
            self.matched(data, columns)
        })
    }

    /// Checks that data are those of the fit.
    pub(super) fn same_data(&self, name: &str, fingerprint: &str) -> Result<(), Error> {
        let remedy = |error: Error| error.hint("restore the file; --data PATH takes its rows as new ones");
        same_data(name, fingerprint, &self.data.fingerprint).map_err(remedy)
    }

    /// The columns of these names, in this order. In a file without a header, and of a model that was fitted to one, those of
    /// the file are as those of the fit's; where no label was set aside they may be these columns alone.
    fn matched(&self, data: Dataset<f64>, columns: &[String]) -> Result<Dataset<f64>, Error> {
        let (width, of_fit) = (data.width(), &self.data.columns);
        let names = if !numbered(&data.columns) && !numbered(of_fit) {
            &data.columns
        } else if width == of_fit.len() {
            of_fit
        } else if width == columns.len() && data.labels.is_none() {
            columns
        } else {
            let message = format!("has {width} columns, but {} are needed, by their places", of_fit.len());
            return Err(Error::plain(format!("`{}` {message}", data.name))
                .hint(format!("needed are {}; --label-column NUMBER sets a label aside", listed(of_fit))));
        };
        let place = |name: &String| names.iter().position(|column| column == name);
        let places: Result<Vec<usize>, Error> = columns
            .iter()
            .map(|name| {
                place(name).ok_or_else(|| {
                    Error::plain(format!("`{}` has no column `{name}`", data.name))
                        .hint(format!("needed are {}", listed(columns)))
                })
            })
            .collect();
        let data = data.keep_columns(&places?)?;
        Ok(Dataset { columns: columns.to_vec(), ..data })
    }
}

/// The names of columns, where they are not too many.
pub(super) fn listed(columns: &[String]) -> String {
    const LISTED: usize = 20;
    let first = columns[..LISTED.min(columns.len())].join(", ");
    match columns.len().saturating_sub(LISTED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// Whether columns are called `column 1` and so on: their file has no header.
fn numbered(columns: &[String]) -> bool {
    let number = |name: &String| name.strip_prefix("column ").is_some_and(|n| n.parse::<usize>().is_ok());
    columns.iter().all(number)
}

fn file_of(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("model.json") } else { path.to_path_buf() }
}

/// Whether a run folder or file holds a model fitted by coordinate ascent.
pub(crate) fn is_mean_field(path: &Path) -> bool {
    let file = file_of(path);
    file.is_file() && file.extension().is_some_and(|ending| ending == "json")
}

/// Says where figures are of rows that were fitted to.
pub(super) fn of_the_fit(took_part: bool) {
    if took_part {
        tell("note        these rows, or most of them, took part in the fit: of others it is lower");
    }
}

/// The greatest of some probabilities, of equal ones the first.
pub(crate) fn likeliest(p: &[f64]) -> usize {
    (1..p.len()).fold(0, |best, k| if p[k] > p[best] { k } else { best })
}

pub(crate) fn predict(arguments: &Predict) -> Result<(), Error> {
    table::check_ending(arguments.output.as_deref(), false)?;
    let fitted = Fitted::read(&arguments.fitted.run)?;
    let applied = fitted.model.applied();
    if arguments.forecast > 0 && !applied.in_order() {
        let message = "the rows of this model have no order: nothing lies ahead of them";
        return Err(Error::usage(message, "leave --forecast out"));
    }
    applied.predict(&fitted, arguments)
}

pub(crate) fn sample(arguments: &Sample) -> Result<(), Error> {
    table::check_ending(arguments.output.as_deref(), false)?;
    let fitted = Fitted::read(&arguments.fitted.run)?;
    fitted.model.applied().sample(&fitted, arguments)
}

pub(crate) fn evaluate(arguments: &Evaluate) -> Result<(), Error> {
    table::check_ending(arguments.output.as_deref(), false)?;
    let fitted = Fitted::read(&arguments.fitted.run)?;
    let applied = fitted.model.applied();
    let of_auto_encoders = [
        ("--samples", arguments.samples.is_some()),
        ("--kl", arguments.kl.is_some()),
        ("--importance-samples", arguments.importance_samples.is_some()),
        ("--annealed", arguments.annealed),
    ];
    if let Some((argument, _)) = of_auto_encoders.iter().find(|(_, given)| *given) {
        let message = format!("{argument} is for auto-encoders: here no z is drawn");
        return Err(Error::usage(message, format!("leave {argument} out")));
    }
    if arguments.rows.is_some() && applied.in_order() {
        let message = "rows in time order are evaluated together: none can be left out";
        return Err(Error::usage(message, "leave --rows out"));
    }
    applied.evaluate(&fitted, arguments)
}

/// `elbo reconstruct`: missing cells, filled.
pub(crate) fn reconstruct(arguments: &Reconstruct) -> Result<(), Error> {
    table::check_ending(arguments.output.as_deref(), false)?;
    let fitted = Fitted::read(&arguments.fitted.run)?;
    let Model::FactorAnalysis(q) = &fitted.model else {
        return Err(Error::usage(
            "this model reconstructs nothing",
            "`elbo predict` gives what it says of each row; `elbo factors` fits a model that fills cells",
        ));
    };
    let data = fitted.rows(&arguments.source, &fitted.columns)?;
    let first: Vec<usize> = (0..arguments.rows.unwrap_or(usize::MAX).min(data.rows())).collect();
    let mut data = data.at_rows(&first);
    let labels = data.labels.take();
    table::write(q.reconstruct(&data)?, labels, arguments.output.as_deref())
}
