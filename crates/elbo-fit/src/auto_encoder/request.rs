//! An auto-encoder, as it is asked for: what is left open is chosen by the data.

use std::collections::BTreeMap;

use elbo::{
    distribution::bernoulli::Binarise,
    gradient::EstimatorConfig,
    guide::Family,
    likelihood::{LikelihoodFamily, Sigma},
    network::Activation,
    objective::{KlWeight, Objective, elbo::KlForm},
    optimiser::Optimiser,
    schedule::{Decay, Schedule},
};
use serde::{Deserialize, Serialize};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Request {
    /// The fraction of the rows set aside to watch the fit.
    pub validation: f64,
    /// How stored values become x.
    pub scale: Scale,
    /// Leave columns out that have one constant value in the training data.
    pub drop_constant: bool,
    /// What happens to grey values under a Bernoulli likelihood; if open, they are drawn anew at each epoch, or cut where each
    /// row has a q of its own.
    pub binarise: Option<Binarise>,
    /// p(x|z); if open, Bernoulli for tables of 0 and 1 and images of ink and paper, else Gaussian.
    pub likelihood: Option<LikelihoodFamily>,
    /// The families of columns by their names, which make a likelihood of a family each.
    pub families: BTreeMap<String, ColumnFamily>,
    /// σ of a Gaussian likelihood; if open, one for each column of a table, and one for all pixels of images.
    pub sigma: Option<Sigma>,
    /// What encoder and decoder are made of, beside the dense layers.
    pub network: Network,
    /// Channels after each convolution; if open, 32 and 64.
    pub channels: Option<Vec<usize>>,
    /// The side of the convolutions' kernels; if open, 3.
    pub kernel: Option<usize>,
    /// Pixels from one place of the kernel to the next; if open, 2.
    pub stride: Option<usize>,
    /// Widths of the encoder's hidden layers; the decoder's are the same in reverse. If open, one of 400, or of half as many
    /// as the training rows of a table with at least ten times as many columns, where that is fewer.
    pub hidden: Option<Vec<usize>>,
    /// The number of latent dimensions, of one layer or of two; if open, 20, or half as many as columns where that is fewer;
    /// of columns of a family each one fewer than columns, where that is fewer.
    pub latent: Option<Vec<usize>>,
    /// Widths of the hidden layers between two layers of z; if open, 100 and 100.
    pub hidden2: Option<Vec<usize>>,
    /// What the latent variables are.
    pub family: Family,
    /// The function between the layers.
    pub activation: Activation,
    /// The rule of ascent.
    pub optimiser: Optimiser,
    /// The step size of the decoder; if open, 1e-3 for Adam, 1e-2/N for plain ascent.
    pub step_size: Option<f64>,
    /// The step size of the encoder; if open, that of the decoder.
    pub encoder_step_size: Option<f64>,
    /// The step sizes as the epochs pass.
    pub decay: Decay,
    /// Rows a minibatch.
    pub batch: usize,
    /// Monte Carlo samples of z a row and step; if open, what the estimator needs.
    pub samples: Option<usize>,
    /// What is maximised; if open, the importance-weighted bound of rows with missing cells, which are filled in by importance
    /// weights, else the ELBO.
    pub objective: Option<Objective>,
    /// How its gradient is estimated; if open, what suits the objective and the latents.
    pub estimator: Option<EstimatorConfig>,
    /// The form of the KL term.
    pub kl: KlForm,
    /// Its weight in what is maximised.
    pub kl_weight: KlWeight,
    /// Steps of the encoder alone before each step of both.
    pub encoder_steps: u64,
    /// Where the q(z) of each row comes from.
    pub guide: Guide,
    /// Steps of each row's own q at each visit to it; if open, 3.
    pub psi_steps: Option<usize>,
    /// The size of those steps; if open, 0.03.
    pub psi_step_size: Option<f64>,
    /// Which block moves when.
    pub schedule: Schedule,
    /// The standard deviation of a prior on every parameter of the decoder.
    pub prior_sd: Option<f64>,
    /// The gradient per row is shortened to this norm where it is longer.
    pub clip_norm: Option<f64>,
    /// Epochs at most; if open, 1,000.
    pub epochs: Option<u64>,
    /// Epochs without a rise of the validation bound after which the fit is over; if open, and no number of epochs is given,
    /// 20, or 1,000 steps where that is more.
    pub patience: Option<u64>,
    /// The seed of all randomness.
    pub seed: u64,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            validation: 0.1,
            scale: Scale::Auto,
            drop_constant: false,
            binarise: None,
            likelihood: None,
            families: BTreeMap::new(),
            sigma: None,
            network: Network::Dense,
            channels: None,
            kernel: None,
            stride: None,
            hidden: None,
            latent: None,
            hidden2: None,
            family: Family::Gaussian,
            activation: Activation::Relu,
            optimiser: Optimiser::Adam,
            step_size: None,
            encoder_step_size: None,
            decay: Decay::Constant,
            batch: 128,
            samples: None,
            objective: None,
            estimator: None,
            kl: KlForm::Analytic,
            kl_weight: KlWeight::default(),
            encoder_steps: 0,
            guide: Guide::Amortised,
            psi_steps: None,
            psi_step_size: None,
            schedule: Schedule::Joint,
            prior_sd: None,
            clip_norm: None,
            epochs: None,
            patience: None,
            seed: 0,
        }
    }
}

/// How stored values become x.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Images by their full value, columns of a Gaussian likelihood to mean 0 and standard deviation 1, others as they are.
    #[default]
    Auto,
    /// As they are.
    None,
    /// By the value of a full pixel.
    Full,
    /// The range of the training rows to [0, 1].
    Unit,
    /// Each column to mean 0 and standard deviation 1 over the training rows.
    Standard,
}

/// The family of a column, as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnFamily {
    /// Real numbers.
    Gaussian,
    /// Real numbers, some of which lie far out.
    StudentT,
    /// Positive numbers.
    LogNormal,
    /// Positive numbers, and many zeros.
    Hurdle,
    /// Two levels, or 0 and 1.
    Bernoulli,
    /// Levels without order.
    Categorical,
    /// Levels in their order.
    Ordinal,
    /// Counts.
    Poisson,
    /// Counts whose variance exceeds their mean.
    NegativeBinomial,
    /// Numbers between 0 and 1.
    Beta,
    /// Numbers that come round after this period, as hours after 24; of times it is in days.
    Circular(f64),
}

/// What encoder and decoder are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// Dense layers.
    #[default]
    Dense,
    /// Convolutions before dense layers, of images.
    Convolutional,
}

/// Where the q(z) of each row comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guide {
    /// From the encoder alone.
    #[default]
    Amortised,
    /// Each row has its own, which begins at the encoder's.
    PerDatum,
}
