//! A model that is fitted by coordinate ascent.

use elbo::diagnose::Remedy;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    ascent::{AscentResult, Fitting},
    summary::FitSummary,
};
use crate::{error::Error, fitted::Fitted, observer::Observer, rows::Fingerprinted, source::Source};

/// A model: what is asked of it, what that becomes with the data, and how it is fitted. A line in
/// [`MODELS`](super::MODELS) gives it to every front end.
pub trait Model {
    /// The name of the model, as `mixture`.
    const NAME: &'static str;

    /// What else it was called in files of earlier versions.
    const ALIAS: &'static str = Self::NAME;

    /// What is asked for. What it leaves open is chosen by the data.
    type Request: Default;

    /// All that with the data, the ascent and the seed determines a fit.
    type Settings: Serialize + DeserializeOwned;

    /// What it is fitted to.
    type Data: Fingerprinted;

    /// What outlives a fit.
    type Posterior: Fitted + Serialize + DeserializeOwned + 'static;

    /// Reads the data, and chooses by them what the request leaves open.
    ///
    /// # Errors
    /// It fails where the data cannot be read, or the request does not suit them.
    fn choose(
        request: &Self::Request,
        source: Source,
        memory: Option<u64>,
        observer: &dyn Observer,
    ) -> Result<(Self::Data, Self::Settings), Error>;

    /// Reads the data of a fit that is made once more.
    ///
    /// # Errors
    /// It fails where the data cannot be read.
    fn read(
        settings: &Self::Settings,
        source: Source,
        memory: Option<u64>,
        observer: &dyn Observer,
    ) -> Result<Self::Data, Error>;

    /// Whether this is what may mend a fit of the model with these settings, of all that may mend one.
    fn mends(remedy: Remedy, settings: &Self::Settings) -> bool;

    /// Fits.
    ///
    /// # Errors
    /// It fails where the data do not suit the model.
    fn fit(
        data: Self::Data,
        settings: &Self::Settings,
        run: &Fitting<'_>,
    ) -> Result<(AscentResult, FitSummary<Self::Posterior>), Error>;
}
