//! Beta and Bernoulli: x = 1 with probability θ, else 0, θ ~ Beta(a, b). a ← a + Σ w x, b ← b + Σ w (1 − x).

use super::{Conjugate, Expectations, Statistics};
use crate::{
    Error,
    distribution::{Bernoulli, Beta, Sample},
    error::Domain,
    random::Key,
    special::digamma,
};

/// Σ w of each outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Σ w x.
    pub ones: f64,
    /// Σ w (1 − x).
    pub zeros: f64,
}

impl Statistics<f64> for Tally {
    fn add(&mut self, weight: f64, x: &f64) {
        if !x.is_nan() {
            self.merge(&Self { ones: weight * x, zeros: weight * (1.0 - x) });
        }
    }

    fn merge(&mut self, other: &Self) {
        self.ones += other.ones;
        self.zeros += other.zeros;
    }
}

/// E\[log θ\] and E\[log (1 − θ)\].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BernoulliExpectations {
    /// E\[log θ\].
    pub one: f64,
    /// E\[log (1 − θ)\].
    pub zero: f64,
}

impl Expectations<f64, Tally> for BernoulliExpectations {
    fn log_density(&self, x: &f64) -> f64 {
        if x.is_nan() {
            0.0
        } else if *x > 0.5 {
            self.one
        } else {
            self.zero
        }
    }

    fn log_likelihood(&self, of: &Tally) -> f64 {
        of.ones * self.one + of.zeros * self.zero
    }
}

impl Conjugate<Bernoulli> for Beta {
    type Observation = f64;
    type Statistics = Tally;
    type Expectations = BernoulliExpectations;

    fn statistics(&self) -> Tally {
        Tally::default()
    }

    fn updated(&self, of: &Tally) -> Result<Self, Error> {
        Self::new(self.a() + of.ones, self.b() + of.zeros)
    }

    fn expectations(&self) -> BernoulliExpectations {
        let whole = digamma(self.a() + self.b());
        BernoulliExpectations { one: digamma(self.a()) - whole, zero: digamma(self.b()) - whole }
    }

    fn log_predictive(&self, x: &f64) -> f64 {
        let p = self.a() / (self.a() + self.b());
        match *x {
            x if x.is_nan() => 0.0,
            1.0 => libm::log(p),
            0.0 => libm::log1p(-p),
            _ => f64::NEG_INFINITY,
        }
    }

    fn draw(&self, key: Key, row: u64) -> Result<Bernoulli, Error> {
        let theta = self.sample(key, row);
        Bernoulli::new(libm::log(theta) - libm::log1p(-theta))
    }

    fn refuses(&self, x: &f64) -> Option<Domain> {
        (!x.is_nan() && *x != 0.0 && *x != 1.0).then_some(Domain::Binary)
    }
}
