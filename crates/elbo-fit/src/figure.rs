//! What there is to see of a fit, as plain data: whoever draws it needs no model, and may be another process. All numbers
//! are finite, so that they pass through JSON; what may be missing is an [`Option`].

use elbo::terms::Mean;
use serde::{Deserialize, Serialize};

/// A picture or a table.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Figure {
    /// Names and values.
    Facts {
        /// What the values are.
        heading: [String; 2],
        /// A line each.
        lines: Vec<[String; 2]>,
    },
    /// The components of a mixture.
    Components {
        /// The names of the columns.
        columns: Vec<String>,
        /// Those that have rows.
        components: Vec<Component>,
    },
    /// Rows in the plane of two columns, and the ellipses of components.
    Ellipses(Ellipses),
    /// The coefficients of a regression.
    Coefficients {
        /// All of them.
        coefficients: Vec<Coefficient>,
        /// The probability that the intervals hold.
        level: f64,
    },
    /// The target of each row against what is predicted for it.
    Predictions {
        /// The name of the target.
        target: String,
        /// As stored.
        actual: Vec<f64>,
        /// In the same order.
        predicted: Vec<f64>,
    },
    /// The loadings of factors.
    Loadings(Loadings),
    /// Latents in a plane.
    Map(Map),
    /// Each column against time, in the colours of states.
    Coloured {
        /// The names of the columns.
        columns: Vec<String>,
        /// The rows, `[N, D]`; none where a cell is missing.
        x: Vec<Option<f64>>,
        /// How many rows each sequence has.
        lengths: Vec<usize>,
        /// The state of each row, from 0.
        states: Vec<usize>,
        /// What the rows are named by.
        #[serde(default, skip_serializing_if = "Steps::are_numbers")]
        steps: Steps,
    },
    /// The states of a hidden Markov model.
    States {
        /// What the numbers of [`State::mean`] are of.
        outcomes: Vec<String>,
        /// All of them.
        states: Vec<State>,
    },
    /// The probability of each state after each, a row for each state.
    Transitions(Vec<Vec<f64>>),
    /// Each column against time, with its mean and spread.
    Banded {
        /// A column each.
        bands: Vec<Band>,
        /// How many rows each sequence has.
        lengths: Vec<usize>,
        /// What the rows, and those ahead, are named by.
        #[serde(default, skip_serializing_if = "Steps::are_numbers")]
        steps: Steps,
    },
    /// The parameters of a state space model.
    Dynamics(Dynamics),
    /// The mean of each spin.
    Spins {
        /// Their names.
        names: Vec<String>,
        /// From −1 to 1.
        means: Vec<f64>,
        /// The exact means, where they are known.
        exact: Option<Vec<f64>>,
    },
    /// The most probable words of topics.
    TopWords(Vec<Topic>),
    /// The shares of topics.
    Shares(Vec<Topic>),
    /// What topics, held, say of documents.
    PerToken(Vec<PerToken>),
}

/// A component that has rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// From 1.
    pub number: usize,
    /// The rows that it is expected to have.
    pub rows: f64,
    /// Its share of all rows.
    pub share: f64,
    /// The mean of its rows, `[D]`.
    pub mean: Vec<f64>,
    /// The variance of each column in them, `[D]`; none where cells are 0 or 1.
    pub variance: Option<Vec<f64>>,
    /// Their covariance, `[D, D]`, of few columns that vary together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covariance: Option<Vec<f64>>,
}

/// Rows in the plane of two columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ellipses {
    /// The names of the two columns.
    pub names: [String; 2],
    /// How many columns there are.
    pub width: usize,
    /// The figure shows one row in this many.
    pub stride: usize,
    /// A row each.
    pub points: Vec<[f64; 2]>,
    /// The component that each is most probably of, from 1.
    pub of: Vec<usize>,
    /// The components.
    pub ellipses: Vec<Ellipse>,
}

/// A component in the plane of two columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ellipse {
    /// From 1.
    pub number: usize,
    /// Its mean.
    pub mean: [f64; 2],
    /// Its variances of the first and of the second column, and between them the covariance.
    pub covariance: [f64; 3],
}

/// A coefficient and its central interval, in stored units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coefficient {
    /// The column.
    pub name: String,
    /// The posterior mean.
    pub mean: f64,
    /// Where the interval begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// The standard deviation of its column, by which coefficients compare; none of the intercept.
    pub deviation: Option<f64>,
}

/// The loadings of the dimensions that are active, and the noise of each column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loadings {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The number of dimensions.
    pub latent: usize,
    /// E\[W\], `[D, K]`.
    pub weights: Vec<f64>,
    /// The standard deviation of each column's noise.
    pub noise: Vec<f64>,
    /// The standard deviation of each column, which its weights and its noise are in units of.
    pub deviations: Vec<f64>,
    /// The active dimensions, from 1, the strongest first.
    pub dimensions: Vec<usize>,
}

/// Latents in a plane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Map {
    /// A row each.
    pub points: Vec<[f64; 2]>,
    /// The label of each row.
    pub labels: Option<Vec<String>>,
    /// The names of the axes.
    pub axes: [String; 2],
}

/// A state of a hidden Markov model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The rows that it is expected to have.
    pub rows: f64,
    /// Its mean in each column, or the probability of each class.
    pub mean: Vec<f64>,
    /// The standard deviation, of a Gaussian column.
    pub deviation: Vec<Option<f64>>,
}

/// What the steps of a chart against time are named by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Steps {
    /// The name of the axis.
    pub name: String,
    /// The time of each step; none where steps have numbers alone, and an empty one of a step whose time is unknown.
    pub names: Vec<String>,
}

impl Steps {
    /// Whether steps have numbers alone.
    fn are_numbers(&self) -> bool {
        self.names.is_empty()
    }
}

impl Default for Steps {
    /// Numbers of rows, from 1.
    fn default() -> Self {
        Self { name: "row".into(), names: Vec::new() }
    }
}

/// What a model makes of a column: the mean of each row, and the standard deviation of a value, noise included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// The column.
    pub name: String,
    /// As stored, `[N]`; none where a cell is missing.
    pub values: Vec<Option<f64>>,
    /// `[N + ahead]`.
    pub mean: Vec<f64>,
    /// `[N + ahead]`; none where it is infinite, as it is where a noise's precision has no mean inverse.
    pub deviation: Vec<Option<f64>>,
}

/// The means of the parameters of a state space model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dynamics {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// C, `[P, D]`, in the units of the columns.
    pub weights: Vec<f64>,
    /// The standard deviation of each column's noise.
    pub noise: Vec<f64>,
    /// The names of the states.
    pub states: Vec<String>,
    /// A, `[D, D]`.
    pub transition: Vec<f64>,
    /// The standard deviations of A; none where it is known.
    pub deviation: Vec<f64>,
    /// The standard deviation of what moves each state.
    pub drive: Vec<f64>,
}

/// A topic of a corpus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Topic {
    /// From 1.
    pub number: usize,
    /// Its share of the tokens.
    pub share: f64,
    /// Its most probable words, and how probable they are.
    pub words: Vec<(String, f64)>,
}

/// What topics, held, say of documents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PerToken {
    /// Which documents.
    pub name: String,
    /// How many.
    pub documents: usize,
    /// How many words they have.
    pub tokens: f64,
    /// The bound, in nats per token.
    pub bound: Mean,
    /// The greatest that the perplexity can be.
    pub perplexity: Mean,
    /// The perplexity of one half of each document given the other.
    pub completion: Option<Mean>,
}
