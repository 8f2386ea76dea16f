//! A fit once more, from the `config.toml` of a run.

use std::path::{Path, PathBuf};

use crate::{
    auto_encoder::{self, Config, Networks, StandardNetworks},
    error::Error,
    folder::{CONFIG, Folder},
    models,
    observer::Observer,
    outcome::Outcome,
    plan::Plan,
    resume_options::ResumeOptions,
    settings::{job_text, not_a_job},
    source::Source,
};

/// What a `config.toml` holds: with the data, all that determines a fit to the bit.
#[derive(Clone, Debug)]
pub struct Job {
    path: PathBuf,
    of: Of,
}

#[derive(Clone, Debug)]
enum Of {
    AutoEncoder(Box<Config>),
    Ascent(Box<models::Config<toml::Value>>),
}

/// What is else about a fit that is made once more; but for `begin_at` nothing of it changes the result.
#[derive(Clone, Debug, Default)]
pub struct RepeatOptions {
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
        let text = job_text(path)?;
        let table: toml::Table = toml::from_str(&text).map_err(|cause| not_a_job(path, &text, &cause))?;
        // Fits of earlier versions to auto-encoders name no model.
        let model = table.get("model").and_then(toml::Value::as_str).unwrap_or(auto_encoder::NAME);
        let of = if model == auto_encoder::NAME {
            Of::AutoEncoder(Box::new(Config::of(&text, path)?))
        } else {
            models::check_name(model)?;
            Of::Ascent(Box::new(models::Config::of(&text, path)?))
        };
        Ok(Self { path: path.into(), of })
    }

    /// The name of the model that it is of, as `auto-encoder` or `mixture`.
    pub fn model(&self) -> &str {
        match &self.of {
            Of::AutoEncoder(_) => auto_encoder::NAME,
            Of::Ascent(config) => &config.model,
        }
    }

    /// Where its rows came from, and how many there were.
    pub(crate) fn data(&self) -> (&Source, usize) {
        match &self.of {
            Of::AutoEncoder(config) => (&config.data.source, config.data.rows),
            Of::Ascent(config) => (&config.data.source, config.data.rows),
        }
    }

    /// The settings of a model that is fitted by coordinate ascent.
    pub(crate) fn settings(&self) -> Option<&toml::Value> {
        if let Of::Ascent(config) = &self.of { Some(&config.settings) } else { None }
    }

    /// Makes the fit once more.
    ///
    /// # Errors
    /// It fails where the data are not those of the job, or as for the fit itself.
    pub fn repeat(
        self,
        again: RepeatOptions,
        plan: &Plan,
        observer: &dyn Observer,
    ) -> Result<Outcome, Error> {
        self.repeat_of(&StandardNetworks, again, plan, observer)
    }

    /// Does the same where an auto-encoder has networks, or a likelihood, of one's own.
    ///
    /// # Errors
    /// As for [`Self::repeat`]; where the job is of other networks.
    pub fn repeat_of(
        self,
        networks: &impl Networks,
        again: RepeatOptions,
        plan: &Plan,
        observer: &dyn Observer,
    ) -> Result<Outcome, Error> {
        let RepeatOptions { data, test, begin_at } = again;
        match self.of {
            Of::AutoEncoder(config) => {
                let paths = [data.as_deref(), test.as_deref()];
                auto_encoder::repeat(networks, *config, paths, begin_at.as_deref(), plan, observer)
            }
            Of::Ascent(_) if test.is_some() || begin_at.is_some() => {
                let message = "a fit by coordinate ascent has no test rows, and begins where its starts are";
                Err(Error::request(message, "leave «test» and «begin-at» out"))
            }
            Of::Ascent(config) => models::repeat(*config, &self.path, data.as_deref(), plan, observer),
        }
    }
}

/// Goes on with an interrupted fit of any model in its folder: the result is the same, to the bit, as without the
/// interruption. A fit that is finished has its results written again, or is carried on as `more` says.
///
/// # Errors
/// As for the fit itself; where the data are not those of the fit, or another process is at it.
pub fn resume(
    folder: &Path,
    more: &ResumeOptions,
    plan: &Plan,
    observer: &dyn Observer,
) -> Result<Outcome, Error> {
    let folder = Folder::open(folder)?;
    match Job::read(&folder.path(CONFIG))?.of {
        Of::AutoEncoder(config) => {
            auto_encoder::go_on(&StandardNetworks, folder, *config, more, plan, observer)
        }
        Of::Ascent(config) => models::resume(*config, folder, more, plan, observer),
    }
}
