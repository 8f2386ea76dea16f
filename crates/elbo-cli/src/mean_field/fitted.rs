//! A fitted mean-field model on new rows: `predict`, `sample`, `evaluate`.

use std::path::{Path, PathBuf};

use elbo::{mean_field, objective::elbo::Mean, random::Key};
use elbo_data::{Column, Dataset, Table};
use serde::{Deserialize, Serialize};

use super::mixture;
use super::topics::{self, TopicModel};
use super::{factors::FactorAnalysis, regress::Regression};
use super::{hidden_markov::States, ising::Spins, series, state_space::Series};
use crate::{
    arguments::{Evaluate, Predict, Reconstruct, Sample, Source},
    error::Error,
    results::{csv, print},
    source::SourceConfig,
    table, tell,
};

/// The contents of `model.json`.
#[derive(Serialize, Deserialize)]
pub(crate) struct Fitted {
    pub(crate) elbo: String,
    /// The names of a row's columns; of words, where they have names.
    pub(crate) columns: Vec<String>,
    /// Where the rows of the fit are.
    pub(crate) source: SourceConfig,
    #[serde(flatten)]
    pub(crate) model: Model,
}

/// The factors of a model.
#[derive(Serialize, Deserialize)]
#[serde(tag = "model", content = "posterior", rename_all = "kebab-case")]
pub(crate) enum Model {
    Mixture(mean_field::mixture::Posterior),
    Normal {
        column: usize,
        posterior: mean_field::normal_gamma::Posterior,
    },
    #[serde(rename = "regress")]
    Regression(Regression),
    #[serde(rename = "factors")]
    FactorAnalysis(FactorAnalysis),
    #[serde(rename = "hmm")]
    HiddenMarkov(States),
    StateSpace(Series),
    Ising(Spins),
    Topics(TopicModel),
}

impl Fitted {
    pub(crate) fn new(columns: &[String], source: &SourceConfig, model: Model) -> Self {
        let (columns, source) = (columns.to_vec(), source.clone());
        Self { elbo: env!("CARGO_PKG_VERSION").into(), columns, source, model }
    }

    fn read(path: &Path) -> Result<Self, Error> {
        let file = file_of(path);
        let text = std::fs::read_to_string(&file).map_err(|cause| Error::io("read", &file, &cause))?;
        serde_json::from_str(&text).map_err(|cause| {
            Error::plain(format!("`{}` is not a model that elbo wrote: {cause}", file.display()))
                .hint("give a run folder as runs/faithful-mixture, or its model.json")
        })
    }

    /// Rows of a file as the model takes them: those of the fit where none is named.
    fn rows(&self, source: &Source) -> Result<Dataset<f64>, Error> {
        if let Model::Ising(_) = self.model {
            return self.no_rows(source);
        }
        let config = if source.data.is_some() {
            let asked = SourceConfig::new(None, source)?;
            let label_column = asked.label_column.or_else(|| self.source.label_column.clone());
            SourceConfig { label_column, ..asked }
        } else {
            self.source.clone()
        };
        let mut data = config.read_exact(source.memory)?;
        // The others find their columns by name.
        let by_place = !matches!(self.model, Model::Regression(_) | Model::FactorAnalysis(_));
        if by_place && data.columns.len() != self.columns.len() {
            let (got, needed) = (data.columns.len(), self.columns.len());
            return Err(Error::plain(format!(
                "`{}` has {got} columns, but the model's rows have {needed}: {}",
                data.name,
                self.columns.join(", ")
            ))
            .hint("rows need the columns of the fit, in their order; --label-column sets a label aside"));
        }
        if matches!(&self.model, Model::Mixture(q) if q.covariance(0).is_none()) {
            mixture::cut(&mut data)?;
        }
        Ok(data)
    }

    /// A field is of spins, not of rows: their names, where they have any but their numbers.
    fn no_rows(&self, source: &Source) -> Result<Dataset<f64>, Error> {
        if let Some(path) = &source.data {
            let message = format!("an Ising model has no rows: `{}` is not read", path.display());
            return Err(Error::usage(message, "leave --data out"));
        }
        Ok(Dataset {
            name: self.source.data.clone(),
            columns: Vec::new(),
            values: Vec::new().into(),
            labels: self.columns.first().filter(|first| *first != "1").map(|_| self.columns.clone()),
            image: None,
            full_scale: None,
            first_line: 1,
        })
    }
}

/// The cells of one column.
fn cells(x: &[f64], column: usize, fitted: &Fitted) -> Vec<f64> {
    x.iter().skip(column).step_by(fitted.columns.len()).copied().collect()
}

fn file_of(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("model.json") } else { path.to_path_buf() }
}

/// Whether a run folder or file holds a model fitted by coordinate ascent.
pub(crate) fn is_mean_field(path: &Path) -> bool {
    let file = file_of(path);
    file.is_file() && file.extension().is_some_and(|ending| ending == "json")
}

/// `elbo predict`: what the model says about each row.
pub(crate) fn predict(arguments: &Predict) -> Result<(), Error> {
    table::check_ending(arguments.output.as_deref(), false)?;
    let fitted = Fitted::read(&arguments.fitted.run)?;
    if arguments.forecast > 0 && !matches!(fitted.model, Model::HiddenMarkov(_) | Model::StateSpace(_)) {
        let message = "the rows of this model have no order: nothing lies ahead of them";
        return Err(Error::usage(message, "leave --forecast out"));
    }
    if let Model::Topics(model) = &fitted.model {
        return topics::predict(&fitted, model, arguments);
    }
    let data = fitted.rows(&arguments.source)?;
    let x = &data.values[..];
    let mut out = Table::new();
    match &fitted.model {
        Model::Mixture(q) => {
            let (k, r) = (q.number(), q.responsibilities(x)?);
            let best = r.chunks(k).map(|r| {
                let most = (0..k).max_by(|&a, &b| r[a].total_cmp(&r[b])).unwrap_or(0);
                most as f64 + 1.0
            });
            out.push("component", Column::Real(best.collect()));
            for c in 0..k {
                let of = r.iter().skip(c).step_by(k).copied();
                out.push(format!("p_{}", c + 1), Column::Real(of.collect()));
            }
            out.push("log_density", Column::Real(q.log_predictive(x)?));
        }
        Model::Normal { column, posterior } => {
            out.push("log_density", Column::Real(posterior.log_predictive(&cells(x, *column, &fitted))));
        }
        Model::Regression(q) => out = q.predict(&data)?,
        Model::FactorAnalysis(q) => out = q.predict(&data)?,
        Model::HiddenMarkov(chain) => return series::predict(chain, &fitted.columns, &data, arguments),
        Model::StateSpace(chain) => return series::predict(chain, &fitted.columns, &data, arguments),
        Model::Ising(spins) => out = spins.predict(),
        Model::Topics(_) => unreachable!("documents are no rows"),
    }
    table::write(out, data.labels, arguments.output.as_deref())
}

/// `elbo sample` of a mean-field model.
pub(crate) fn sample(arguments: &Sample) -> Result<(), Error> {
    table::check_ending(arguments.output.as_deref(), false)?;
    let fitted = Fitted::read(&arguments.fitted.run)?;
    let key = Key::new(arguments.seed);
    let mut out = Table::new();
    match &fitted.model {
        Model::Mixture(q) => {
            let draws: Vec<(usize, Vec<f64>)> =
                (0..arguments.number as u64).map(|row| q.sample(key, row)).collect::<Result<_, _>>()?;
            for (d, name) in fitted.columns.iter().enumerate() {
                out.push(name, Column::Real(draws.iter().map(|(_, x)| x[d]).collect()));
            }
            out.push("component", Column::Real(draws.iter().map(|(k, _)| *k as f64 + 1.0).collect()));
        }
        Model::Normal { column, posterior } => {
            let draws: Result<Vec<f64>, _> =
                (0..arguments.number as u64).map(|row| posterior.sample(key, row)).collect();
            out.push(&fitted.columns[*column], Column::Real(draws?));
        }
        Model::Regression(q) => out = q.sample(&fitted.rows(&Source::default())?, arguments.number, key)?,
        Model::FactorAnalysis(q) => out = q.sample(arguments.number, key)?,
        Model::HiddenMarkov(states) => out = states.sample(&fitted.columns, arguments.number, key)?,
        Model::StateSpace(series) => out = series.sample(&fitted.columns, arguments.number, key)?,
        Model::Ising(spins) => out = spins.sample(&fitted.columns, arguments.number, key),
        Model::Topics(model) => return topics::sample(&fitted, model, arguments),
    }
    table::write(out, None, arguments.output.as_deref())
}

/// `elbo reconstruct` of a mean-field model: missing cells, filled.
pub(crate) fn reconstruct(arguments: &Reconstruct) -> Result<(), Error> {
    table::check_ending(arguments.output.as_deref(), false)?;
    let fitted = Fitted::read(&arguments.fitted.run)?;
    let Model::FactorAnalysis(q) = &fitted.model else {
        return Err(Error::usage(
            "this model reconstructs nothing",
            "`elbo predict` gives what it says of each row; `elbo factors` fits a model that fills cells",
        ));
    };
    let data = fitted.rows(&arguments.source)?;
    table::write(q.reconstruct(&data)?, data.labels, arguments.output.as_deref())
}

/// `elbo evaluate` of a mean-field model: the log predictive density of rows.
pub(crate) fn evaluate(arguments: &Evaluate) -> Result<(), Error> {
    table::check_ending(arguments.output.as_deref(), false)?;
    let fitted = Fitted::read(&arguments.fitted.run)?;
    if let Model::Topics(model) = &fitted.model {
        return topics::evaluate(&fitted, model, arguments);
    }
    let data = fitted.rows(&arguments.source)?;
    let x = &data.values[..];
    let log_density = match &fitted.model {
        Model::Mixture(q) => q.log_predictive(x)?,
        Model::Normal { column, posterior } => posterior.log_predictive(&cells(x, *column, &fitted)),
        Model::Regression(q) => q.log_density(&data)?,
        Model::FactorAnalysis(q) => q.log_density(&data)?,
        Model::HiddenMarkov(chain) => return series::evaluate(chain, &data, arguments),
        Model::StateSpace(chain) => return series::evaluate(chain, &data, arguments),
        Model::Ising(spins) => return spins.evaluate(arguments),
        Model::Topics(_) => unreachable!("documents are no rows"),
    };
    let mean = Mean::of(&log_density);
    tell(format!(
        "{} rows: log p(x | the fit's rows) {:.4} ± {:.4} nats per row",
        log_density.len(),
        mean.value,
        mean.standard_error
    ));
    if let Some(path) = &arguments.output {
        let mut out = Table::new();
        out.push("log_density", Column::Real(log_density));
        out.write(path)?;
    }
    print(&csv(&[("log_predictive_density", mean)]))
}
