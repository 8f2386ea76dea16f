//! A fit once more, from the `config.toml` of a run.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    auto_encoder::{self, Config, Networks, Ours},
    error::Error,
    models,
    observer::Observer,
    outcome::Outcome,
    plan::Plan,
};

/// What a `config.toml` holds: with the data, all that determines a fit to the bit.
#[derive(Clone, Debug)]
pub struct Job(Of);

#[derive(Clone, Debug)]
enum Of {
    AutoEncoder(Box<Config>),
    Ascent(Box<models::Config<toml::Value>>),
}

/// What is else about a fit that is made once more; but for `begin_at` nothing of it changes the result.
#[derive(Clone, Debug, Default)]
pub struct Again {
    /// The path of its rows now, if it is not the one in the configuration.
    pub data: Option<PathBuf>,
    /// The path of its test rows, or of those that are to be its test rows.
    pub test: Option<PathBuf>,
    /// The model whose parameters an auto-encoder begins at, if not that of the job.
    pub begin_at: Option<PathBuf>,
}

impl Job {
    /// The job of a run folder's `config.toml`.
    ///
    /// # Errors
    /// It fails where the file cannot be read, or is no job.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|cause| Error::io("read", path, &cause))?;
        let table = text.parse().unwrap_or_else(|_| toml::Table::new());
        // Fits of earlier versions to auto-encoders name no model.
        let model = table.get("model").and_then(toml::Value::as_str).unwrap_or(auto_encoder::NAME);
        if model == auto_encoder::NAME {
            return Ok(Self(Of::AutoEncoder(Box::new(Config::of(&text, path)?))));
        }
        models::check_name(model)?;
        Ok(Self(Of::Ascent(Box::new(models::Config::of(table, path)?))))
    }

    /// The name of the model that it is of, as `auto-encoder` or `mixture`.
    pub fn model(&self) -> &str {
        match &self.0 {
            Of::AutoEncoder(_) => auto_encoder::NAME,
            Of::Ascent(config) => &config.model,
        }
    }

    /// Makes the fit once more.
    ///
    /// # Errors
    /// It fails where the data are not those of the job, or as for the fit itself.
    pub fn repeat(self, again: Again, plan: &Plan, observer: &dyn Observer) -> Result<Outcome, Error> {
        self.repeat_of(&Ours, again, plan, observer)
    }

    /// Does the same where an auto-encoder has networks, or a likelihood, of one's own.
    ///
    /// # Errors
    /// As for [`Self::repeat`]; where the job is of other networks.
    pub fn repeat_of(
        self,
        networks: &impl Networks,
        again: Again,
        plan: &Plan,
        observer: &dyn Observer,
    ) -> Result<Outcome, Error> {
        let Again { data, test, begin_at } = again;
        match self.0 {
            Of::AutoEncoder(config) => {
                let paths = [data.as_deref(), test.as_deref()];
                auto_encoder::repeat(networks, *config, paths, begin_at.as_deref(), plan, observer)
            }
            Of::Ascent(_) if test.is_some() || begin_at.is_some() => {
                let message = "a fit by coordinate ascent has no test rows, and begins where its starts are";
                Err(Error::request(message, "leave «test» and «begin-at» out"))
            }
            Of::Ascent(config) => models::repeat(*config, data.as_deref(), plan, observer),
        }
    }
}
