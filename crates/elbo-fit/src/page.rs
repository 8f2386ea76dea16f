//! What there is to see of a finished fit, as plain data.

use elbo::{diagnose::Verdict, objective::Objective};

use crate::{
    figure::{Figure, Map},
    text::Text,
};

/// The content of the report of a fit.
#[derive(Clone, Debug)]
pub enum Page {
    /// The page of an auto-encoder.
    AutoEncoder(Box<AutoEncoderPage>),
    /// The page of a model that was fitted by coordinate ascent.
    Ascent(Box<AscentPage>),
}

/// One line of the record of a fit.
#[derive(Clone, Debug)]
#[allow(clippy::struct_field_names, reason = "an epoch is known by its number")]
pub struct Epoch {
    /// The number of the epoch in the fit.
    pub epoch: usize,
    /// The bound on the training rows.
    pub train: Terms,
    /// The bound on the validation rows.
    pub validation: Terms,
    /// Wall-clock time it took.
    pub seconds: f64,
}

/// The bound and its two terms: means over rows, in nats per row; `elbo = log_likelihood - kl`.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Evidence lower bound; larger is better.
    pub elbo: f64,
    /// Standard error of `elbo`.
    pub elbo_se: f64,
    /// Expected log-likelihood of a row given its latent code.
    pub log_likelihood: f64,
    /// Kullback-Leibler divergence of the approximate posterior from the prior.
    pub kl: f64,
}

/// A finished fit of an auto-encoder.
#[derive(Clone, Debug)]
pub struct AutoEncoderPage {
    /// The name of the fit, as `digits`.
    pub title: String,
    /// Headline facts as (name, value).
    pub summary: Vec<(String, String)>,
    /// What the bound is of, and what to beware of.
    pub notes: Vec<Text>,
    /// Whether the fit can be trusted.
    pub verdict: Verdict,
    /// What was maximised.
    pub objective: Objective,
    /// The record of the fit.
    pub epochs: Vec<Epoch>,
    /// The number of the epoch with the largest validation bound.
    pub best_epoch: usize,
    /// A named horizontal line in the picture of the bound.
    pub reference: Option<(String, f64)>,
    /// Mean divergence from the prior of each latent dimension, in nats, in model order.
    pub kl_per_dimension: Vec<f64>,
    /// Whether a latent dimension is active: the variance of its posterior mean exceeds 0.01.
    pub active: Vec<bool>,
    /// The number of latent variables of each layer of z.
    pub layers: Vec<usize>,
    /// Height and width, when rows are images.
    pub image: Option<(usize, usize)>,
    /// Names of the columns of a row.
    pub columns: Vec<String>,
    /// Rows of data: images in [0, 1], tables in the units of the data.
    pub originals: Vec<Vec<f64>>,
    /// Their reconstructions, in the same order.
    pub reconstructions: Vec<Vec<f64>>,
    /// Draws from the prior pushed through the decoder's mean.
    pub samples: Vec<Vec<f64>>,
    /// Posterior means in a plane.
    pub map: Map,
    /// How the model was fitted, as ("group.name", value).
    pub settings: Vec<(String, String)>,
}

/// The content of the report of a fit by coordinate ascent.
#[derive(Clone, Debug)]
pub struct AscentPage {
    /// The name of the fit, as `faithful-mixture`.
    pub title: String,
    /// What the model is called: `Bayesian Gaussian mixture`.
    pub kind: String,
    /// How many rows, or documents, it was fitted to.
    pub rows: usize,
    /// The names of what the two KL divergences of the bound are of, in the plural: `rows` and `θ`.
    pub names: [&'static str; 2],
    /// Whether the bound is on the evidence under a prior, which another prior would change.
    pub has_prior: bool,
    /// Headline facts as (name, value).
    pub cards: Vec<(String, String)>,
    /// Notes that the reader should keep in mind.
    pub notes: Vec<String>,
    /// Whether the fit can be trusted.
    pub verdict: Verdict,
    /// The bound after each sweep of the best start, in nats of all rows.
    pub bounds: Vec<f64>,
    /// The bound that each start reached.
    pub starts: Vec<f64>,
    /// Pictures and tables with their headings.
    pub figures: Vec<(String, Figure)>,
    /// The settings of the fit, as ("group.name", value).
    pub settings: Vec<(String, String)>,
}
