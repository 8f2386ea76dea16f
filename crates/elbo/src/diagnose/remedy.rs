//! What may mend a finding: things to do, which each front end words in its own way.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Remedy {
    /// More epochs.
    MoreEpochs,
    /// More sweeps of a coordinate ascent.
    MoreSweeps,
    /// So many starts of a coordinate ascent.
    MoreStarts(usize),
    /// A temperature that falls over the first sweeps.
    Anneal,
    /// A mixture, of which some components may be wide.
    Mixture,
    /// A mixture of so many components.
    MixtureOf(usize),
    /// A linear model with latent variables.
    Factors,
    /// A state space, of rows that follow one another.
    StateSpace,
    /// A hidden Markov model of them.
    HiddenMarkov,
    /// An auto-encoder: only in files of earlier versions.
    AutoEncoder,
    /// The logarithm of a column.
    Logarithm,
    /// The square root of a column of counts.
    SquareRoot,
    /// The ranks of a column, made normal.
    NormalScores,
    /// A likelihood of counts.
    CountLikelihood,
    /// Differences of rows that follow one another.
    Differences,
    /// What a regression on the calendar leaves.
    CalendarResiduals,
    /// Squares and products of columns, as columns of their own.
    Squares,
    /// More components of a mixture.
    MoreComponents,
    /// More states of a hidden Markov model or a state space.
    MoreStates,
    /// More latent dimensions.
    MoreLatents,
    /// More topics.
    MoreTopics,
    /// Covariances of components of any form.
    FullCovariance,
    /// Covariances of components that are alike, or diagonal.
    SimplerCovariance,
    /// Fewer parameters, or more rows.
    FewerParameters,
    /// Fewer columns, or more rows.
    FewerColumns,
    /// More rows.
    MoreRows,
    /// One prior standard deviation for all coefficients.
    SharedPrior,
    /// A prior that is scaled by the noise.
    ConjugatePrior,
    /// A q in which no parameter is taken for independent.
    JointPosterior,
    /// A weight of the KL that rises from 0 over the first epochs.
    KlWarmUp,
    /// Nats of each latent variable that cost nothing.
    FreeBits,
    /// This weight of the KL.
    Beta(f64),
    /// Steps of the encoder alone between those of both.
    EncoderSteps,
    /// An end of the fit where the validation bound no longer rises.
    Patience,
    /// A prior on the parameters.
    ParameterPrior,
    /// Hidden layers of another size.
    HiddenLayers,
    /// The ELBO as the objective.
    MaximiseElbo,
    /// The score-function estimator.
    ScoreFunction,
    /// Grey values drawn as 0 or 1.
    Binarise,
    /// Another way to find σ.
    NoiseScale,
    /// Another scale of the columns.
    ColumnScale,
    /// Another step size.
    StepSize,
    /// A q of its own for each row of the fit.
    PerDatumGuide,
    /// Inference for each row by itself, after the fit.
    InferEachRow,
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MoreStarts(number) => write!(f, "{number} starts"),
            Self::Beta(beta) => write!(f, "a weight of {beta} for the KL"),
            Self::MoreEpochs => f.write_str("more epochs"),
            Self::MoreSweeps => f.write_str("more sweeps"),
            Self::Anneal => f.write_str("annealing"),
            Self::Mixture => f.write_str("a mixture"),
            Self::MixtureOf(number) => write!(f, "a mixture of {number} components"),
            Self::Factors => f.write_str("a linear model with latent variables"),
            Self::StateSpace => f.write_str("a state space model"),
            Self::HiddenMarkov => f.write_str("a hidden Markov model"),
            Self::AutoEncoder => f.write_str("an auto-encoder"),
            Self::Logarithm => f.write_str("the logarithm of the column"),
            Self::SquareRoot => f.write_str("the square root of the column, whose values are counts"),
            Self::NormalScores => f.write_str("the ranks of the column as normal scores"),
            Self::CountLikelihood => f.write_str("a likelihood of counts, which the values are"),
            Self::Differences => {
                f.write_str("differences of each row and the one before it, or a season before it")
            }
            Self::CalendarResiduals => {
                f.write_str("the residuals of a regression on columns of the calendar")
            }
            Self::Squares => f.write_str("squares and products of columns as further columns"),
            Self::MoreComponents => f.write_str("more components"),
            Self::MoreStates => f.write_str("more states"),
            Self::MoreLatents => f.write_str("more latent dimensions"),
            Self::MoreTopics => f.write_str("more topics"),
            Self::FullCovariance => f.write_str("full covariances"),
            Self::SimplerCovariance => f.write_str("covariances that are tied or diagonal"),
            Self::FewerColumns => f.write_str("fewer columns, or more rows"),
            Self::MoreRows => f.write_str("more rows"),
            Self::SharedPrior => f.write_str("one prior standard deviation for all coefficients"),
            Self::ConjugatePrior => f.write_str("a prior that is scaled by the noise"),
            Self::FewerParameters => f.write_str("fewer parameters, or more rows"),
            Self::JointPosterior => f.write_str("a q in which no coefficient is taken for independent"),
            Self::KlWarmUp => f.write_str("a warm-up of the KL"),
            Self::FreeBits => f.write_str("free nats"),
            Self::EncoderSteps => f.write_str("extra steps of the encoder"),
            Self::Patience => f.write_str("an earlier end of the fit"),
            Self::ParameterPrior => f.write_str("a prior on the parameters"),
            Self::HiddenLayers => f.write_str("hidden layers of another size"),
            Self::MaximiseElbo => f.write_str("the ELBO as the objective"),
            Self::ScoreFunction => f.write_str("the score-function estimator"),
            Self::Binarise => f.write_str("grey values drawn as 0 or 1"),
            Self::NoiseScale => f.write_str("another way to find sigma"),
            Self::ColumnScale => f.write_str("another scale of the columns"),
            Self::StepSize => f.write_str("another step size"),
            Self::PerDatumGuide => f.write_str("a guide per datum"),
            Self::InferEachRow => f.write_str("inference for each row by itself"),
        }
    }
}
