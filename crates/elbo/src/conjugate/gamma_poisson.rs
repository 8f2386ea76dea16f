//! Gamma and Poisson: x ~ Poisson(λ), λ ~ Gamma(a, b).
//!
//! a ← a + Σ w x, b ← b + Σ w. E\[log p(x|λ)\] = x E\[log λ\] − E\[λ\] − log x! is held against its greatest value over λ,
//! log h(x) = log p(x|x), so that great counts lose no digits: what is left is x (E\[log λ\] − log E\[λ\]) − d(x, E\[λ\]), d
//! the [`Deviance`].

use std::f64::consts::TAU;

use super::{Bregman, Conjugate, Deviance, Expectations, Moments};
use crate::{
    Error,
    distribution::{Gamma, LogDensity, NegativeBinomial, Poisson, Sample},
    error::Domain,
    random::Key,
    special::{binet, binet_slope},
};

/// The greatest count: beyond 2⁵³ a real number no longer counts by ones.
const MOST: f64 = (1u64 << 53) as f64;

/// E\[log λ\] − log E\[λ\], and E\[λ\].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateExpectations {
    excess: f64,
    rate: f64,
}

impl RateExpectations {
    /// The expectations for a λ that is known.
    pub fn known(rate: f64) -> Self {
        Self { excess: 0.0, rate }
    }
}

impl Expectations<f64, Moments<Deviance>> for RateExpectations {
    fn log_density(&self, x: &f64) -> f64 {
        if x.is_nan() { 0.0 } else { x * self.excess - Deviance::divergence(*x, self.rate) }
    }

    fn log_likelihood(&self, of: &Moments<Deviance>) -> f64 {
        of.sum() * self.excess - of.about(self.rate)
    }
}

impl Conjugate<Poisson> for Gamma {
    type Observation = f64;
    type Statistics = Moments<Deviance>;
    type Expectations = RateExpectations;

    fn statistics(&self) -> Moments<Deviance> {
        Moments::from_origin(0.0)
    }

    fn updated(&self, of: &Moments<Deviance>) -> Result<Self, Error> {
        Self::new(self.shape() + of.sum(), self.rate() + of.weight())
    }

    fn expectations(&self) -> RateExpectations {
        // ψ(a) − log a.
        let excess = binet_slope(self.shape()) - 0.5 / self.shape();
        RateExpectations { excess, rate: self.shape() / self.rate() }
    }

    /// Negative binomial, of mean a/b and inverse dispersion a.
    fn log_predictive(&self, x: &f64) -> f64 {
        if x.is_nan() {
            return 0.0;
        }
        if refuses_count(*x).is_some() {
            return f64::NEG_INFINITY;
        }
        let of_all = NegativeBinomial::new(self.shape() / self.rate(), self.shape());
        of_all.map_or(f64::NAN, |p| p.log_density(&(*x as u64)))
    }

    fn draw(&self, key: Key, row: u64) -> Result<Poisson, Error> {
        Poisson::new(self.sample(key, row))
    }

    fn refuses(&self, x: &f64) -> Option<Domain> {
        refuses_count(*x)
    }

    /// log p(x|λ) at λ = x.
    fn ln_base(x: &f64) -> f64 {
        if *x > 0.0 { -0.5 * libm::log(TAU * x) - binet(*x) } else { 0.0 }
    }
}

/// What a cell must be which is no count.
pub(crate) fn refuses_count(x: f64) -> Option<Domain> {
    let right = x.is_nan() || (0.0..=MOST).contains(&x) && x.fract() == 0.0;
    (!right).then_some(Domain::Count)
}
