//! A fitted model of any kind, on rows old and new.

use std::path::{Path, PathBuf};

use elbo::burn::tensor::Device;

use crate::{
    asked::{Asked, Evaluation, Told},
    auto_encoder::AutoEncoder,
    error::Error,
    fitted::{About, Fitted, file_of, is_fitted},
    models,
    observer::Observer,
    results::Results,
};

/// A fitted model of any kind, on rows old and new.
///
/// [`AutoEncoder`] does more with one of its kind: it infers, audits and shows pictures.
#[derive(Debug)]
pub struct FittedModel {
    path: PathBuf,
    about: About,
    fitted: Box<dyn Fitted>,
}

impl FittedModel {
    /// Reads the model of a run folder, or a model file.
    ///
    /// # Errors
    /// Where there is none, or it has changed since it was written.
    pub fn load(path: &Path) -> Result<Self, Error> {
        if is_fitted(path) {
            let (about, fitted) = models::read(&file_of(path))?;
            return Ok(Self { path: path.into(), about, fitted });
        }
        Ok(AutoEncoder::load(path, &Device::flex())?.into())
    }

    /// What the fit came to, where the run folder says it.
    ///
    /// # Errors
    /// Where the file is damaged.
    pub fn results(&self) -> Result<Option<Results>, Error> {
        Results::read(&self.path)
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
    pub fn reconstruct(
        &self,
        asked: &Asked,
        number: Option<usize>,
        observer: &dyn Observer,
    ) -> Result<Told, Error> {
        self.fitted.reconstruct(&self.about, asked, number, observer)
    }
}

impl From<AutoEncoder> for FittedModel {
    /// The same as any fitted model, as one of networks of one's own, or on a GPU.
    fn from(model: AutoEncoder) -> Self {
        Self { path: model.path().into(), about: model.about(), fitted: Box::new(model) }
    }
}
