//! A fitted model of any kind, on rows old and new.

use std::path::{Path, PathBuf};

use elbo::burn::tensor::Device;

use crate::{
    anomalies::Anomalies,
    auto_encoder::AutoEncoder,
    error::Error,
    fitted::{Fitted, Latents, ModelMetadata, file_of, is_fitted},
    latents::{self, Decoded, Traverse},
    models,
    observer::Observer,
    query::{Answer, Evaluation, Query, Selection},
    results::Results,
    room::{check_room, numbers},
};

/// What to do about too many rows.
const FEWER: &str = "ask for fewer rows; another seed draws others";

/// A fitted model of any kind, on rows old and new.
///
/// [`AutoEncoder`] does more with one of its kind: it infers, audits and shows pictures.
#[derive(Debug)]
pub struct FittedModel {
    path: PathBuf,
    /// The name of its kind, as `mixture`.
    kind: String,
    about: ModelMetadata,
    fitted: Box<dyn Fitted>,
}

impl FittedModel {
    /// Reads the model of a run folder, or a model file.
    ///
    /// # Errors
    /// It fails where there is none, or it has changed since it was written.
    pub fn load(path: &Path) -> Result<Self, Error> {
        if is_fitted(path) {
            let (kind, about, fitted) = models::read(&file_of(path))?;
            return Ok(Self { path: path.into(), kind, about, fitted });
        }
        Ok(AutoEncoder::load(path, &Device::flex())?.into())
    }

    /// What the fit came to, where the run folder says it.
    ///
    /// # Errors
    /// It fails where the file is damaged.
    pub fn results(&self) -> Result<Option<Results>, Error> {
        Results::read(&self.path)
    }

    /// What it is of.
    pub fn about(&self) -> &ModelMetadata {
        &self.about
    }

    /// What the model says about each row, and about this many rows ahead.
    ///
    /// # Errors
    /// It fails where rows cannot be read, are not such as the model is of, or have nothing ahead of them.
    pub fn predict(&self, asked: &Query, ahead: usize, observer: &dyn Observer) -> Result<Answer, Error> {
        if ahead > 0 && !self.fitted.in_order() {
            let message = "the rows of this model have no order: nothing lies ahead of them";
            return Err(Error::request(message, "leave «forecast» out"));
        }
        self.fitted.predict(&self.about, asked, ahead, observer)
    }

    /// How odd rows are, and which of their cells make them so.
    ///
    /// # Errors
    /// It fails where the model has no density of a row by itself, or rows cannot be read.
    pub fn anomalies(&self, asked: &Query, seed: u64, observer: &dyn Observer) -> Result<Anomalies, Error> {
        self.fitted.anomalies(&self.about, asked, seed, observer)
    }

    /// New rows.
    ///
    /// # Errors
    /// It fails where rows of the fit are needed and are not there any more.
    pub fn sample(&self, number: usize, seed: u64, observer: &dyn Observer) -> Result<Answer, Error> {
        let width = self.about.columns.len();
        check_room(&format!("{number} rows of {width} columns"), numbers(&[number, width + 1, 4]), FEWER)?;
        self.fitted.sample(&self.about, number, seed, observer)
    }

    /// Measures how probable rows are: all of them, or as many as are asked for, which are drawn from the seed.
    ///
    /// # Errors
    /// As for [`Self::predict`]; where some rows cannot be left out.
    pub fn evaluate(
        &self,
        asked: &Query,
        number: Option<usize>,
        seed: u64,
        observer: &dyn Observer,
    ) -> Result<Evaluation, Error> {
        self.fitted.evaluate(&self.about, asked, number, seed, observer)
    }

    /// Rows with their missing cells filled.
    ///
    /// # Errors
    /// As for [`Self::predict`]; where the model fills nothing.
    pub fn reconstruct(
        &self,
        asked: &Query,
        which: Selection,
        observer: &dyn Observer,
    ) -> Result<Answer, Error> {
        self.fitted.reconstruct(&self.about, asked, which, observer)
    }

    /// x of the rows of z that are asked about.
    ///
    /// # Errors
    /// It fails where the model has no z, or the file is no table of its columns.
    pub fn decode(&self, asked: &Query, observer: &dyn Observer) -> Result<Decoded, Error> {
        latents::decode(self.latents()?, asked, observer)
    }

    /// x along each dimension of z, the others held.
    ///
    /// # Errors
    /// It fails where the model has no z, or not the dimension or the row that is asked for.
    pub fn traverse(&self, asked: &Query, way: &Traverse, observer: &dyn Observer) -> Result<Decoded, Error> {
        latents::traverse(self.latents()?, asked, way, observer)
    }

    /// Makes rows of x along the straight line in z between the means of two rows, numbered from 1, in this many steps.
    ///
    /// # Errors
    /// It fails where the model has no z, or there are no such rows.
    pub fn interpolate(
        &self,
        asked: &Query,
        ends: [usize; 2],
        steps: usize,
        observer: &dyn Observer,
    ) -> Result<Decoded, Error> {
        latents::interpolate(self.latents()?, asked, ends, steps, observer)
    }

    fn latents(&self) -> Result<(&dyn Latents, &ModelMetadata), Error> {
        let of = self.fitted.latents().ok_or_else(|| {
            let message = format!("a model of `{}` has no z that x is a function of", self.kind);
            Error::request(message, "«elbo train» and «elbo factors» fit models that have")
        })?;
        Ok((of, &self.about))
    }
}

impl From<AutoEncoder> for FittedModel {
    /// Returns it as any fitted model, for example one of networks of one's own, or one on a GPU.
    fn from(model: AutoEncoder) -> Self {
        let (path, about) = (model.path().into(), model.about());
        Self { path, kind: "auto-encoder".into(), about, fitted: Box::new(model) }
    }
}
