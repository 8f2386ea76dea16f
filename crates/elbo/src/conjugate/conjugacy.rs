//! Conjugacy: what a prior and its likelihood are to one another.

use crate::{Error, divergence::KullbackLeibler, error::Domain, random::Key};

/// A distribution of the parameter θ of the likelihood L, of a family that observations do not leave: prior and posterior
/// alike.
///
/// Its divergence from a prior is [`KullbackLeibler`]. An observation that is missing, NaN, says nothing: it adds nothing to
/// statistics, and its density is 1.
pub trait Conjugate<L>: KullbackLeibler + Sized {
    /// What one observation is: the number of a cell, or a row of them.
    type Observation: ?Sized;
    /// The sufficient statistics of weighted observations.
    type Statistics: Statistics<Self::Observation>;
    /// The expectations of θ that a pass over observations needs.
    type Expectations: Expectations<Self::Observation, Self::Statistics>;

    /// The statistics of no observation, to which observations are added; measured from where this distribution is, so that
    /// no digits are lost far from 0.
    fn statistics(&self) -> Self::Statistics;

    /// The posterior, with this as the prior: ∝ p(θ) Π p(x|θ)^w.
    ///
    /// # Errors
    /// It fails where a parameter of it overflows, or a matrix is not positive definite.
    fn updated(&self, of: &Self::Statistics) -> Result<Self, Error>;

    /// E\[log p(x|θ)\] as a function of x, the special functions taken once.
    fn expectations(&self) -> Self::Expectations;

    /// log ∫ p(x|θ) q(θ) dθ, in nats: −∞ of what is no observation, 0 of a missing one.
    fn log_predictive(&self, x: &Self::Observation) -> f64;

    /// θ ~ q, the draw of `row`, as the likelihood that has it.
    ///
    /// # Errors
    /// It fails where a draw is beyond the range of numbers.
    fn draw(&self, key: Key, row: u64) -> Result<L, Error>;

    /// What an observation must be, where it is not; none of a missing one.
    fn refuses(&self, x: &Self::Observation) -> Option<Domain>;

    /// log h(x), in nats: the part of log p(x|θ) that no θ changes.
    fn ln_base(_: &Self::Observation) -> f64 {
        0.0
    }
}

/// Sums over weighted observations.
pub trait Statistics<X: ?Sized>: Clone {
    /// Takes in an observation with a weight w ≥ 0; of a missing one nothing.
    fn add(&mut self, weight: f64, x: &X);

    /// Takes in those of other observations, begun alike.
    fn merge(&mut self, other: &Self);
}

/// E\[log p(x|θ)\] − log h(x), in nats, as a function of x.
pub trait Expectations<X: ?Sized, S> {
    /// At one observation; 0 of a missing one.
    fn log_density(&self, x: &X) -> f64;

    /// Σ w of it over the observations that statistics are of.
    fn log_likelihood(&self, of: &S) -> f64;
}
