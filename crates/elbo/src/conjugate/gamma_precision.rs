//! Gamma and Gaussian: x ~ N(0, 1/τ), τ ~ Gamma(a, b). Deviations from what is expected have x² alone to say of τ.
//!
//! a ← a + ½ Σ w, b ← b + ½ Σ w x².

use std::f64::consts::TAU;

use super::{Conjugate, Expectations, Statistics};
use crate::{
    Error,
    distribution::{Gamma, Gaussian, LogDensity, Sample, StudentT},
    error::Domain,
    random::Key,
    special::digamma,
};

/// Weight and squares of deviations.
///
/// ```
/// use elbo::{conjugate::{Conjugate, Squares}, distribution::{Gamma, Gaussian}};
/// let prior = Gamma::new(1.0, 0.5)?;
/// let tau = Conjugate::<Gaussian>::updated(&prior, &Squares { weight: 4.0, sum: 3.0 })?;
/// assert_eq!((tau.shape(), tau.rate()), (3.0, 2.0));
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Squares {
    /// Σ w.
    pub weight: f64,
    /// Σ w x².
    pub sum: f64,
}

impl Squares {
    /// What these add to the shape and to the rate of the gamma.
    pub fn natural(&self) -> [f64; 2] {
        [0.5 * self.weight, 0.5 * self.sum]
    }
}

impl Statistics<f64> for Squares {
    fn add(&mut self, weight: f64, x: &f64) {
        if !x.is_nan() {
            self.merge(&Self { weight, sum: weight * x * x });
        }
    }

    fn merge(&mut self, other: &Self) {
        self.weight += other.weight;
        self.sum += other.sum;
    }
}

/// E\[τ\] and E\[log τ\].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrecisionExpectations {
    /// E\[τ\] = a/b.
    pub mean: f64,
    /// E\[log τ\] = ψ(a) − log b.
    pub ln: f64,
}

impl PrecisionExpectations {
    /// The expectations for a τ that is known.
    pub fn known(tau: f64) -> Self {
        Self { mean: tau, ln: libm::log(tau) }
    }
}

impl Expectations<f64, Squares> for PrecisionExpectations {
    fn log_density(&self, x: &f64) -> f64 {
        if x.is_nan() { 0.0 } else { self.log_likelihood(&Squares { weight: 1.0, sum: x * x }) }
    }

    fn log_likelihood(&self, of: &Squares) -> f64 {
        0.5 * (of.weight * (self.ln - TAU.ln()) - self.mean * of.sum)
    }
}

impl Conjugate<Gaussian> for Gamma {
    type Observation = f64;
    type Statistics = Squares;
    type Expectations = PrecisionExpectations;

    fn statistics(&self) -> Squares {
        Squares::default()
    }

    fn updated(&self, of: &Squares) -> Result<Self, Error> {
        let [shape, rate] = of.natural();
        Self::new(self.shape() + shape, self.rate() + rate)
    }

    fn expectations(&self) -> PrecisionExpectations {
        PrecisionExpectations {
            mean: self.shape() / self.rate(),
            ln: digamma(self.shape()) - libm::log(self.rate()),
        }
    }

    /// Student's t with 2a degrees of freedom and the scale √(b/a).
    fn log_predictive(&self, x: &f64) -> f64 {
        if x.is_nan() {
            return 0.0;
        }
        let scale = (self.rate() / self.shape()).sqrt();
        StudentT::new(2.0 * self.shape(), 0.0, scale).map_or(f64::NAN, |t| t.log_density(x))
    }

    fn draw(&self, key: Key, row: u64) -> Result<Gaussian, Error> {
        Gaussian::new(0.0, self.sample(key, row).sqrt().recip())
    }

    fn refuses(&self, x: &f64) -> Option<Domain> {
        x.is_infinite().then_some(Domain::FiniteOrMissing)
    }
}
