//! Probabilities of K outcomes, known or Dirichlet.

use serde::{Deserialize, Serialize};

use crate::{
    Error, check,
    conjugate::{ClassCounts, ClassExpectations, Conjugate},
    distribution::{Dirichlet, Sample},
    divergence::KullbackLeibler,
    random::Key,
};

/// The probabilities of K outcomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shares {
    /// The probabilities are known, each at least 0: an outcome of probability 0 never happens.
    Known(Vec<f64>),
    /// The probabilities are unknown, with a Dirichlet(α) distribution.
    Dirichlet(Vec<f64>),
}

impl Shares {
    /// A Dirichlet distribution with every α the same; a single outcome has the probability 1.
    ///
    /// ```
    /// use elbo::mean_field::hidden_markov::Shares;
    /// assert_eq!(Shares::symmetric(2, 0.5), Shares::Dirichlet(vec![0.5, 0.5]));
    /// assert_eq!(Shares::symmetric(1, 0.5), Shares::Known(vec![1.0]));
    /// ```
    pub fn symmetric(outcomes: usize, concentration: f64) -> Self {
        if outcomes == 1 { Self::Known(vec![1.0]) } else { Self::Dirichlet(vec![concentration; outcomes]) }
    }

    /// K, the number of outcomes.
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
    pub(super) fn expectations(&self) -> Result<ClassExpectations, Error> {
        match self {
            Self::Known(p) => Ok(ClassExpectations::known(p)),
            Self::Dirichlet(alpha) => Ok(Dirichlet::new(alpha.clone())?.expectations()),
        }
    }

    pub(super) fn check(&self, what: &str) -> Result<(), Error> {
        match self {
            Self::Dirichlet(alpha) => Dirichlet::new(alpha.clone()).map(|_| ()),
            Self::Known(p) => check::probabilities(what, p),
        }
    }

    /// As prior: the posterior, given how often each outcome was. What is known stays.
    pub(super) fn updated(&self, counts: &ClassCounts) -> Result<Self, Error> {
        match self {
            Self::Known(p) => Ok(Self::Known(p.clone())),
            Self::Dirichlet(alpha) => {
                let q = Dirichlet::new(alpha.clone())?.updated(counts)?;
                Ok(Self::Dirichlet(q.concentration().to_vec()))
            }
        }
    }

    /// From a prior of the same kind; of known probabilities 0.
    pub(super) fn kl(&self, prior: &Self) -> Result<f64, Error> {
        match (self, prior) {
            (Self::Dirichlet(q), Self::Dirichlet(p)) => {
                Dirichlet::new(q.clone())?.kl(&Dirichlet::new(p.clone())?)
            }
            _ => Ok(0.0),
        }
    }

    /// A draw, as known probabilities.
    pub(super) fn draw(&self, key: Key, row: u64) -> Result<Self, Error> {
        match self {
            Self::Known(p) => Ok(Self::Known(p.clone())),
            Self::Dirichlet(alpha) => Ok(Self::Known(Dirichlet::new(alpha.clone())?.sample(key, row))),
        }
    }
}
