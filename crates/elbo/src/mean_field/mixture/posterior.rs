//! q(π) q(θ), and what it says of new rows.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    BetaBernoulli, Covariance, Family, NormalGamma, NormalWishart, Prior, WeightsPosterior,
    components::Components,
    e_step::{Assign, Chosen, Sums, responsibilities_of},
    prior::check_rows,
};
use crate::{
    Error,
    random::{Key, Purpose},
    special::ln_sum_exp,
};

/// q(θ).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComponentsPosterior {
    /// Gaussians with matrices.
    NormalWishart(NormalWishart),
    /// Gaussians with variances.
    NormalGamma(NormalGamma),
    /// Columns of 0 and 1.
    BetaBernoulli(BetaBernoulli),
}

impl ComponentsPosterior {
    pub(super) fn new(prior: &Prior, width: usize) -> Result<Self, Error> {
        Ok(match &prior.family {
            Family::Gaussian(gaussian) => {
                let k = prior.components;
                Error::check_shape("the prior's mean", &[width], &[gaussian.mean.len()])?;
                let beta = gaussian.mean_precision;
                if beta.is_nan() || beta <= 0.0 || beta.is_infinite() {
                    return Err(Error::invalid("the mean's precision", beta, "must be a finite number > 0"));
                }
                match gaussian.covariance {
                    Covariance::Full => Self::NormalWishart(NormalWishart::new(gaussian, k, false)?),
                    Covariance::Tied => Self::NormalWishart(NormalWishart::new(gaussian, k, true)?),
                    Covariance::Diagonal => Self::NormalGamma(NormalGamma::new(gaussian, k, false)?),
                    Covariance::Spherical => Self::NormalGamma(NormalGamma::new(gaussian, k, true)?),
                }
            }
            Family::Bernoulli(prior_of_cell) => {
                Self::BetaBernoulli(BetaBernoulli::new(*prior_of_cell, prior.components, width)?)
            }
        })
    }

    pub(super) fn components(&self) -> &dyn Components {
        match self {
            Self::NormalWishart(q) => q,
            Self::NormalGamma(q) => q,
            Self::BetaBernoulli(q) => q,
        }
    }

    pub(super) fn components_mut(&mut self) -> &mut dyn Components {
        match self {
            Self::NormalWishart(q) => q,
            Self::NormalGamma(q) => q,
            Self::BetaBernoulli(q) => q,
        }
    }
}

/// q(π) q(θ): what a fit leaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Posterior {
    /// q(π).
    pub weights: WeightsPosterior,
    /// q(θ).
    pub components: ComponentsPosterior,
}

impl Posterior {
    /// Refuses what serde may have read.
    fn check(&self) -> Result<(), Error> {
        let q = self.components.components();
        q.check()?;
        self.weights.check(q.number())
    }

    /// K.
    pub fn number(&self) -> usize {
        self.components.components().number()
    }

    /// D.
    pub fn width(&self) -> usize {
        self.mean(0).len()
    }

    /// The mean of a component's rows, `[D]`.
    ///
    /// # Panics
    /// Where there is no such component.
    pub fn mean(&self, component: usize) -> &[f64] {
        self.components.components().mean(component)
    }

    /// The covariance that a Gaussian component's rows are expected to have, `[D, D]`; none of one of 0 and 1.
    pub fn covariance(&self, component: usize) -> Option<Vec<f64>> {
        match &self.components {
            ComponentsPosterior::NormalWishart(q) => Some(q.covariance(component)),
            ComponentsPosterior::NormalGamma(q) => {
                let variance = q.variance(component);
                let n = variance.len();
                Some((0..n * n).map(|e| if e / n == e % n { variance[e / n] } else { 0.0 }).collect())
            }
            ComponentsPosterior::BetaBernoulli(_) => None,
        }
    }

    /// r of rows `[N, D]`, NaN missing: the probability of each component, `[N, K]`.
    ///
    /// # Errors
    /// Where the rows are not those of the model.
    pub fn responsibilities(&self, x: &[f64]) -> Result<Vec<f64>, Error> {
        let rows = self.rows(x)?;
        let q = self.components.components();
        let (expectations, ln_weights) = (q.expectations(), self.weights.expected_ln());
        let assign = Assign::Optimally { ln_weights: &ln_weights, inverse_temperature: 1.0 };
        let origins: Vec<f64> = (0..self.number()).flat_map(|k| self.mean(k).to_vec()).collect();
        Ok(responsibilities_of(rows, &*expectations, assign, &origins, &Sums::new(q.number(), q.size())))
    }

    /// log p(x|data) of each row, `[N]`, in nats: of the posterior predictive density under q, which is a mixture of
    /// Student's t, or of the cells that are not missing. The weights are taken at their mean.
    ///
    /// # Errors
    /// Where the rows are not those of the model.
    pub fn log_predictive(&self, x: &[f64]) -> Result<Vec<f64>, Error> {
        let rows = self.rows(x)?;
        let (weights, q) = (self.shares(), self.components.components());
        let of = |x: &[f64]| {
            let terms: Vec<f64> =
                weights.iter().enumerate().map(|(k, w)| w.ln() + q.log_predictive(k, x)).collect();
            ln_sum_exp(&terms)
        };
        Ok(x.par_chunks_exact(rows.width).map(of).collect())
    }

    /// The components' expected shares, which sum to 1 (of a Dirichlet process, among the components that q has).
    pub fn shares(&self) -> Vec<f64> {
        let weights = self.weights.mean();
        let total: f64 = weights.iter().sum();
        weights.iter().map(|w| w / total).collect()
    }

    /// A new row, and the component that it is from: the draw of `row` from the posterior predictive density.
    ///
    /// # Errors
    /// Where a component's covariance has no factor.
    pub fn sample(&self, key: Key, row: u64) -> Result<(usize, Vec<f64>), Error> {
        self.check()?;
        let key = key.purpose(Purpose::Sample);
        let component = key.fold(0).choose(row, &self.shares());
        Ok((component, self.components.components().sample(component, key.fold(1), row)?))
    }

    fn rows<'a>(&self, x: &'a [f64]) -> Result<Chosen<'a>, Error> {
        let binary = matches!(self.components, ComponentsPosterior::BetaBernoulli(_));
        self.check()?;
        if let ComponentsPosterior::NormalWishart(q) = &self.components {
            q.factors()?;
        }
        let width = self.width();
        check_rows(x, width, binary)?;
        Ok(Chosen { x, width, index: None })
    }
}
