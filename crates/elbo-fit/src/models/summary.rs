//! What a fit by coordinate ascent came to, beside its course.

use crate::{figure::Figure, fitted::ModelMetadata};

/// What a model has to say of its fit beside the bound.
#[derive(Debug)]
pub struct FitSummary<Q> {
    /// What the model is called: `Bayesian Gaussian mixture`.
    pub kind: String,
    /// Headline facts as (name, value).
    pub cards: Vec<(String, String)>,
    /// What to keep in mind, a sentence or two each.
    pub notes: Vec<String>,
    /// Pictures and tables with their headings.
    pub figures: Vec<(String, Figure)>,
    /// What the fitted model is of.
    pub about: ModelMetadata,
    /// What outlives the fit.
    pub posterior: Q,
}
