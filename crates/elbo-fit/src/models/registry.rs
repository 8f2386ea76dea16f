//! All models, a line each.

use std::path::{Path, PathBuf};

use serde_json::value::RawValue;

use super::{
    job::{Job, Outcome, unknown},
    model::Model,
};
use crate::{
    asked::{Asked, Evaluation, Told},
    error::Error,
    fitted::{About, Fitted, Saved, not_ours},
    folder::Place,
    observer::Observer,
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

type Repeat =
    fn(Job<toml::Value>, Option<&Path>, Option<u64>, Place, &dyn Observer) -> Result<Outcome, Error>;

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
            repeat: Job::repeat_as::<M>,
        }
    }

    fn find(name: &str) -> Result<&'static Self, Error> {
        let found = MODELS.iter().find(|model| model.name == name || model.alias == name);
        found.ok_or_else(|| unknown(name))
    }
}

/// Makes the fit of a job once more; `data` says where the rows are now.
///
/// # Errors
/// Where the data are not those of the job, or as for [`fit`](crate::fit).
pub fn repeat(
    job: Job<toml::Value>,
    data: Option<&Path>,
    memory: Option<u64>,
    place: Place,
    observer: &dyn Observer,
) -> Result<Outcome, Error> {
    let model = Entry::find(&job.model)?;
    (model.repeat)(job, data, memory, place, observer)
}

/// A model that was fitted by coordinate ascent, on rows old and new.
#[derive(Debug)]
pub struct FittedModel {
    about: About,
    fitted: Box<dyn Fitted>,
}

impl FittedModel {
    /// Reads the model of a run folder, or a `model.json`.
    ///
    /// # Errors
    /// Where there is none, or it has changed since it was written.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let file = file_of(path);
        let is_tensors = path.extension().is_some_and(|ending| ending == "safetensors");
        if is_tensors || !file.exists() && path.join("model.safetensors").exists() {
            return Err(Error::request(
                format!("`{}` is an auto-encoder, which predicts nothing of its rows", path.display()),
                "«elbo encode» gives the latents of each row, «elbo reconstruct» what becomes of it",
            ));
        }
        let saved = Saved::read(&file)?;
        let model = Entry::find(&saved.model)?;
        let fitted = (model.load)(&saved.posterior).map_err(|cause| not_ours(&file, &cause))?;
        Ok(Self { about: saved.about(), fitted })
    }

    /// What it is of.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// What it says about each row, and of so many rows ahead.
    ///
    /// # Errors
    /// Where rows cannot be read, are not such as the model is of, or have nothing ahead of them.
    pub fn predict(&self, asked: &Asked, ahead: usize, observer: &dyn Observer) -> Result<Told, Error> {
        if ahead > 0 && !self.fitted.in_order() {
            let message = "the rows of this model have no order: nothing lies ahead of them";
            return Err(Error::request(message, "leave «forecast» out"));
        }
        self.fitted.predict(&self.about, asked, ahead, observer)
    }

    /// New rows.
    ///
    /// # Errors
    /// Where rows of the fit are needed and are not there any more.
    pub fn sample(&self, number: usize, seed: u64, observer: &dyn Observer) -> Result<Told, Error> {
        self.fitted.sample(&self.about, number, seed, observer)
    }

    /// How probable rows are: all of them, or so many drawn from the seed.
    ///
    /// # Errors
    /// As for [`Self::predict`]; where some rows cannot be left out.
    pub fn evaluate(
        &self,
        asked: &Asked,
        number: Option<usize>,
        seed: u64,
        observer: &dyn Observer,
    ) -> Result<Evaluation, Error> {
        self.fitted.evaluate(&self.about, asked, number, seed, observer)
    }

    /// The first rows, or all, with their missing cells filled.
    ///
    /// # Errors
    /// As for [`Self::predict`]; where the model fills nothing.
    pub fn reconstruct(&self, asked: &Asked, number: Option<usize>) -> Result<Told, Error> {
        self.fitted.reconstruct(&self.about, asked, number)
    }
}

/// Whether a run folder or file holds a model fitted by coordinate ascent.
pub fn is_fitted(path: &Path) -> bool {
    let file = file_of(path);
    file.is_file() && file.extension().is_some_and(|ending| ending == "json")
}

fn file_of(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("model.json") } else { path.to_path_buf() }
}
