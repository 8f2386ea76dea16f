//! All models, a line each.

use std::path::Path;

use serde_json::value::RawValue;

use super::{
    factors::Factors,
    hidden_markov::HiddenMarkov,
    ising::Ising,
    job::{Config, unknown},
    mixture::Mixture,
    model::Model,
    normal::Normal,
    regress::Regress,
    state_space::StateSpace,
    topics::Topics,
};
use crate::{
    error::Error,
    fitted::{About, Fitted, Saved, not_ours},
    folder::Place,
    observer::Observer,
    outcome::Outcome,
};

/// Every model that is fitted by coordinate ascent.
pub static MODELS: [Entry; 8] = [
    Entry::of::<Mixture>(),
    Entry::of::<Regress>(),
    Entry::of::<Factors>(),
    Entry::of::<Normal>(),
    Entry::of::<HiddenMarkov>(),
    Entry::of::<StateSpace>(),
    Entry::of::<Ising>(),
    Entry::of::<Topics>(),
];

type Repeat =
    fn(Config<toml::Value>, Option<&Path>, Option<u64>, Place, &dyn Observer) -> Result<Outcome, Error>;

/// A model of the registry.
#[derive(Debug)]
pub struct Entry {
    /// Its name, as `mixture`.
    pub name: &'static str,
    alias: &'static str,
    load: fn(&RawValue) -> serde_json::Result<Box<dyn Fitted>>,
    repeat: Repeat,
}

impl Entry {
    const fn of<M: Model>() -> Self {
        Self {
            name: M::NAME,
            alias: M::ALIAS,
            load: |posterior| Ok(Box::new(serde_json::from_str::<M::Posterior>(posterior.get())?)),
            repeat: Config::repeat_as::<M>,
        }
    }

    fn find(name: &str) -> Result<&'static Self, Error> {
        let found = MODELS.iter().find(|model| model.name == name || model.alias == name);
        found.ok_or_else(|| unknown(name))
    }
}

/// Makes a fit once more; `data` says where the rows are now.
pub(crate) fn repeat(
    config: Config<toml::Value>,
    data: Option<&Path>,
    memory: Option<u64>,
    place: Place,
    observer: &dyn Observer,
) -> Result<Outcome, Error> {
    let model = Entry::find(&config.model)?;
    (model.repeat)(config, data, memory, place, observer)
}

/// The model that a file holds.
pub(crate) fn read(file: &Path) -> Result<(About, Box<dyn Fitted>), Error> {
    let saved = Saved::read(file)?;
    let model = Entry::find(&saved.model)?;
    let fitted = (model.load)(&saved.posterior).map_err(|cause| not_ours(file, &cause))?;
    Ok((saved.about(), fitted))
}
