//! Probabilities of K outcomes, known or Dirichlet.

use serde::{Deserialize, Serialize};

use crate::{
    Error,
    distribution::{Dirichlet, Sample},
    divergence::KullbackLeibler,
    random::Key,
    special::digamma,
};

/// How far from 1 known probabilities may add up.
const ROUNDING: f64 = 1e-9;

/// The probabilities of K outcomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shares {
    /// Known, each at least 0: an outcome of probability 0 never happens.
    Known(Vec<f64>),
    /// Unknown, Dirichlet(α).
    Dirichlet(Vec<f64>),
}

impl Shares {
    /// Dirichlet with every α the same; of one outcome, that one.
    ///
    /// ```
    /// use elbo::mean_field::hidden_markov::Shares;
    /// assert_eq!(Shares::symmetric(2, 0.5), Shares::Dirichlet(vec![0.5, 0.5]));
    /// assert_eq!(Shares::symmetric(1, 0.5), Shares::Known(vec![1.0]));
    /// ```
    pub fn symmetric(outcomes: usize, concentration: f64) -> Self {
        if outcomes == 1 { Self::Known(vec![1.0]) } else { Self::Dirichlet(vec![concentration; outcomes]) }
    }

    /// K.
    pub fn outcomes(&self) -> usize {
        let (Self::Known(values) | Self::Dirichlet(values)) = self;
        values.len()
    }

    /// E\[p\].
    pub fn mean(&self) -> Vec<f64> {
        let (Self::Known(values) | Self::Dirichlet(values)) = self;
        let total: f64 = values.iter().sum();
        values.iter().map(|value| value / total).collect()
    }

    /// E\[log p\]; −∞ of an outcome known to be impossible.
    pub(super) fn expected_log(&self) -> Vec<f64> {
        match self {
            Self::Known(p) => p.iter().map(|&p| libm::log(p)).collect(),
            Self::Dirichlet(alpha) => {
                let whole = digamma(alpha.iter().sum());
                alpha.iter().map(|&alpha| digamma(alpha) - whole).collect()
            }
        }
    }

    pub(super) fn check(&self, what: &str) -> Result<(), Error> {
        let Self::Known(p) = self else { return self.dirichlet().map(|_| ()) };
        let total: f64 = p.iter().sum();
        if p.iter().all(|&p| p >= 0.0) && (total - 1.0).abs() <= ROUNDING {
            return Ok(());
        }
        Err(Error::invalid(what, format!("{p:?}"), "must be numbers ≥ 0 that add up to 1"))
    }

    /// As prior: the posterior, given how often each outcome was.
    pub(super) fn updated(&self, counts: &[f64]) -> Self {
        match self {
            Self::Known(p) => Self::Known(p.clone()),
            Self::Dirichlet(alpha) => {
                Self::Dirichlet(alpha.iter().zip(counts).map(|(alpha, n)| alpha + n).collect())
            }
        }
    }

    /// From a prior of the same kind; of known probabilities 0.
    pub(super) fn kl(&self, prior: &Self) -> Result<f64, Error> {
        if let Self::Known(_) = self { Ok(0.0) } else { self.dirichlet()?.kl(&prior.dirichlet()?) }
    }

    /// A draw, as known probabilities.
    pub(super) fn draw(&self, key: Key, row: u64) -> Result<Self, Error> {
        if let Self::Known(_) = self {
            return Ok(self.clone());
        }
        Ok(Self::Known(self.dirichlet()?.sample(key, row)))
    }

    fn dirichlet(&self) -> Result<Dirichlet, Error> {
        let (Self::Known(values) | Self::Dirichlet(values)) = self;
        Dirichlet::new(values.clone())
    }
}
