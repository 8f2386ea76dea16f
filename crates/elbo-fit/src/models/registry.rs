//! All models, a line each.

use std::path::Path;

use serde_json::value::RawValue;

use super::{
    job::{Config, unknown},
    model::Model,
};
use crate::{
    error::Error,
    fitted::{Fitted, ModelMetadata, Saved, not_ours},
    folder::Folder,
    observer::Observer,
    outcome::Outcome,
    plan::Plan,
    resume_options::ResumeOptions,
};

/// Every model that is fitted by coordinate ascent.
pub static MODELS: &[Entry] = &[
    Entry::of::<super::mixture::Mixture>(),
    Entry::of::<super::regress::Regress>(),
    Entry::of::<super::factors::Factors>(),
    Entry::of::<super::normal::Normal>(),
    Entry::of::<super::hidden_markov::HiddenMarkov>(),
    Entry::of::<super::state_space::StateSpace>(),
    Entry::of::<super::ising::Ising>(),
    Entry::of::<super::topics::Topics>(),
];

type Repeat = fn(Config<toml::Value>, &Path, Option<&Path>, &Plan, &dyn Observer) -> Result<Outcome, Error>;
type Resume = fn(Config<toml::Value>, Folder, &ResumeOptions, &Plan, &dyn Observer) -> Result<Outcome, Error>;

/// A model of the registry.
#[derive(Debug)]
pub struct Entry {
    /// The name of the model, as `mixture`.
    pub name: &'static str,
    alias: &'static str,
    load: fn(&RawValue) -> serde_json::Result<Box<dyn Fitted>>,
    repeat: Repeat,
    resume: Resume,
}

impl Entry {
    const fn of<M: Model>() -> Self {
        Self {
            name: M::NAME,
            alias: M::ALIAS,
            load: |posterior| Ok(Box::new(serde_json::from_str::<M::Posterior>(posterior.get())?)),
            repeat: Config::repeat_as::<M>,
            resume: Config::resume_as::<M>,
        }
    }

    fn find(name: &str) -> Result<&'static Self, Error> {
        let found = MODELS.iter().find(|model| model.name == name || model.alias == name);
        found.ok_or_else(|| unknown(name))
    }
}

/// Refuses the name of no model.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    Entry::find(name).map(drop)
}

/// Goes on with the fit of a folder.
pub(crate) fn resume(
    config: Config<toml::Value>,
    folder: Folder,
    more: &ResumeOptions,
    plan: &Plan,
    observer: &dyn Observer,
) -> Result<Outcome, Error> {
    let model = Entry::find(&config.model)?;
    (model.resume)(config, folder, more, plan, observer)
}

/// Makes the fit of a file once more; `data` says where the rows are now.
pub(crate) fn repeat(
    config: Config<toml::Value>,
    path: &Path,
    data: Option<&Path>,
    plan: &Plan,
    observer: &dyn Observer,
) -> Result<Outcome, Error> {
    let model = Entry::find(&config.model)?;
    (model.repeat)(config, path, data, plan, observer)
}

/// The model that a file holds, and the name of its kind.
pub(crate) fn read(file: &Path) -> Result<(String, ModelMetadata, Box<dyn Fitted>), Error> {
    let saved = Saved::read(file)?;
    let model = Entry::find(&saved.model)?;
    let fitted = (model.load)(&saved.posterior).map_err(|cause| not_ours(file, &cause))?;
    Ok((model.name.into(), saved.about(), fitted))
}
