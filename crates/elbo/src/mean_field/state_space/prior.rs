//! What is known before the data, and what is not.

use super::{LinearPrior, Precision};
use crate::{
    Error,
    check::{self, checked},
    distribution::Cholesky,
};

checked! {
    /// The prior of D states and P columns.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Prior {
        /// m_0, `[D]`.
        pub mean: Vec<f64>,
        /// P_0, `[D, D]`.
        pub covariance: Vec<f64>,
        /// A and Q, of D outputs.
        pub dynamics: LinearPrior,
        /// C and R, of P outputs.
        pub observation: LinearPrior,
    }
}

/// A vague gamma: its mean is 1.
const VAGUE: Precision = Precision::Gamma { shape: 1e-3, rate: 1e-3 };

impl Prior {
    /// The prior of D factors behind P columns: A and C are unknown with relevances, Q = I, and R is unknown.
    pub fn factors(states: usize, columns: usize) -> Self {
        let relevance = || Some(vec![VAGUE; states]);
        Self {
            mean: vec![0.0; states],
            covariance: identity(states),
            dynamics: LinearPrior {
                weights: vec![0.0; states * states],
                relevance: relevance(),
                noise: vec![Precision::Known(1.0); states],
            },
            observation: LinearPrior {
                weights: vec![0.0; columns * states],
                relevance: relevance(),
                noise: vec![VAGUE; columns],
            },
        }
    }

    /// The prior of a level that walks at random, z_t = z_{t−1} + N(0, q), behind y_t = z_t + N(0, r), with q and r
    /// unknown. `variance` is that of the first level.
    pub fn local_level(mean: f64, variance: f64) -> Self {
        let known = || LinearPrior { weights: vec![1.0], relevance: None, noise: vec![VAGUE] };
        Self { mean: vec![mean], covariance: vec![variance], dynamics: known(), observation: known() }
    }

    /// The prior of an autoregression: a local level with z_t = a z_{t−1} + N(0, q) and a ~ N(0, 1) in its place.
    pub fn autoregression(mean: f64, variance: f64) -> Self {
        let level = Self::local_level(mean, variance);
        let relevance = Some(vec![Precision::Known(1.0)]);
        Self { dynamics: LinearPrior { weights: vec![0.0], relevance, ..level.dynamics }, ..level }
    }

    /// P, the number of columns.
    pub fn columns(&self) -> usize {
        self.observation.noise.len()
    }

    /// Whether A and C are unknown and the states about 0, so that they may be turned.
    pub(super) fn is_free(&self) -> bool {
        let unknown = self.dynamics.relevance.is_some() && self.observation.relevance.is_some();
        unknown && self.mean.iter().all(|&m| m == 0.0)
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let d = self.mean.len();
        check_first(&self.mean, &self.covariance)?;
        self.dynamics.check("the dynamics", d, d)?;
        self.observation.check("the observation", d, self.columns())
    }
}

/// P_0.
pub(super) const OF_FIRST: &str = "the covariance of the first state";

/// Whether m_0 and P_0 are those of a Gaussian.
pub(super) fn check_first(mean: &[f64], covariance: &[f64]) -> Result<(), Error> {
    check::each_finite("the mean of the first state", mean)?;
    Cholesky::named(OF_FIRST, covariance, mean.len()).map(drop)
}

/// I, row by row.
pub(super) fn identity(n: usize) -> Vec<f64> {
    (0..n * n).map(|cell| f64::from(cell / n == cell % n)).collect()
}
