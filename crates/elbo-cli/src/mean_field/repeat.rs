//! `elbo train --config` of a fit by coordinate ascent: the same fit once more.

use std::path::Path;

use elbo::diagnose::Level;
use serde::de::DeserializeOwned;

use super::{
    Ascent, Config, DataConfig, Rows, factors, hidden_markov, ising, mixture, normal, regress, state_space,
    topics,
};
use crate::{
    arguments::Train,
    error::Error,
    source::{SourceConfig, same_data},
};

const NOT_OURS: &str = "give the config.toml of a run folder";

impl Config<toml::Value> {
    /// The configuration in a file; `None` where it is not one of a fit by coordinate ascent.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, Error> {
        let text = std::fs::read_to_string(path).map_err(|cause| Error::io("read", path, &cause))?;
        let Ok(table) = text.parse::<toml::Table>() else { return Ok(None) };
        if !table.contains_key("model") {
            return Ok(None);
        }
        table.try_into().map(Some).map_err(|cause: toml::de::Error| {
            let message =
                format!("`{}` is not a configuration of a run: {}", path.display(), cause.message());
            Error::plain(message).hint(NOT_OURS)
        })
    }
}

impl DataConfig {
    /// Checks that what was read is what this is of.
    fn check(&self, read: &Self) -> Result<(), Error> {
        same_data(&read.source.data, &read.fingerprint, &self.fingerprint)
    }
}

fn settings<S: DeserializeOwned>(value: toml::Value) -> Result<S, Error> {
    value.try_into().map_err(|cause: toml::de::Error| {
        Error::plain(format!("[settings] of the configuration: {}", cause.message())).hint(NOT_OURS)
    })
}

/// Fits once more; `--data` says where the rows are now.
pub(crate) fn repeat(config: Config<toml::Value>, arguments: &Train) -> Result<Level, Error> {
    if arguments.test.is_some() || arguments.begin_at.is_some() {
        let message = "a fit by coordinate ascent has no test rows, and begins where its starts are";
        return Err(Error::usage(message, "leave --test and --begin-at out"));
    }
    let ascent = Ascent {
        tolerance: config.ascent.tolerance,
        sweeps: config.ascent.sweeps,
        seed: config.seed,
        name: arguments.name.clone(),
        runs: arguments.runs.clone(),
        repeated: Some(config.name.clone()),
    };
    let source = match &arguments.source.data {
        Some(path) => config.data.source.at(path)?,
        None => config.data.source.clone(),
    };
    let missing = source.is_missing();
    fit(config, source, arguments.source.memory, &ascent)
        .map_err(|error| if missing { error.hint("--data PATH says where the rows are now") } else { error })
}

fn fit(
    config: Config<toml::Value>,
    source: SourceConfig,
    memory: Option<u64>,
    ascent: &Ascent,
) -> Result<Level, Error> {
    let Config { data, settings: value, .. } = config;
    let same = |rows: Rows| data.check(&rows.config).map(|()| rows);
    let rows = |source| Rows::of(source, memory).and_then(same);
    match &config.model[..] {
        "mixture" => {
            let s: mixture::Settings = settings(value)?;
            let rows = mixture::read(source, memory, s.drop_constant, s.is_bernoulli())?;
            mixture::fit(&same(rows)?, &s, ascent)
        }
        "regress" => regress::fit(rows(source)?, &settings(value)?, ascent),
        "factors" => factors::fit(rows(source)?, &settings(value)?, ascent),
        "normal" => normal::fit(&rows(source)?, &settings(value)?, ascent),
        "hmm" => hidden_markov::fit(&rows(source)?, &settings(value)?, ascent),
        "state-space" => state_space::fit(rows(source)?, &settings(value)?, ascent),
        "ising" => ising::fit(&same(ising::couplings(source)?)?, &settings(value)?, ascent),
        "topics" => {
            let s: topics::Settings = settings(value)?;
            let documents = s.read(source)?;
            data.check(&documents.config(0))?;
            topics::fit(&documents, &s, ascent)
        }
        other => {
            let message = format!("`{other}` is no model that is fitted by coordinate ascent");
            Err(Error::plain(message).hint(NOT_OURS))
        }
    }
}
