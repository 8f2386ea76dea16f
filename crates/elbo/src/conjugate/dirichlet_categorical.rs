//! Dirichlet and categorical: x = k with probability π_k, π ~ Dir(α). α_k ← α_k + Σ w of class k.

use super::{Conjugate, Expectations, Statistics};
use crate::{
    Error,
    distribution::{Categorical, Dirichlet, Sample, cholesky::dot},
    error::Domain,
    random::Key,
    special::digamma,
};

/// Σ w of each class, `[K]`.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassCounts(pub Vec<f64>);

impl Statistics<f64> for ClassCounts {
    /// # Panics
    /// It panics where the class is not one of K.
    fn add(&mut self, weight: f64, x: &f64) {
        if !x.is_nan() {
            self.0[*x as usize] += weight;
        }
    }

    fn merge(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(sum, part)| *sum += part);
    }
}

/// E\[log π_k\], `[K]`; −∞ of a class that is known to be impossible.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassExpectations(pub Vec<f64>);

impl ClassExpectations {
    /// The expectations for a π that is known.
    pub fn known(shares: &[f64]) -> Self {
        Self(shares.iter().map(|&p| libm::log(p)).collect())
    }
}

impl Expectations<f64, ClassCounts> for ClassExpectations {
    fn log_density(&self, x: &f64) -> f64 {
        if x.is_nan() { 0.0 } else { self.0[*x as usize] }
    }

    /// What has no weight may be impossible.
    fn log_likelihood(&self, of: &ClassCounts) -> f64 {
        let (weights, logs): (Vec<f64>, Vec<f64>) =
            of.0.iter().zip(&self.0).filter(|(w, _)| **w != 0.0).unzip();
        dot(&weights, &logs)
    }
}

impl Conjugate<Categorical> for Dirichlet {
    type Observation = f64;
    type Statistics = ClassCounts;
    type Expectations = ClassExpectations;

    fn statistics(&self) -> ClassCounts {
        ClassCounts(vec![0.0; self.concentration().len()])
    }

    fn updated(&self, of: &ClassCounts) -> Result<Self, Error> {
        Self::new(self.concentration().iter().zip(&of.0).map(|(alpha, n)| alpha + n).collect())
    }

    fn expectations(&self) -> ClassExpectations {
        let whole = digamma(self.total());
        ClassExpectations(self.concentration().iter().map(|&alpha| digamma(alpha) - whole).collect())
    }

    fn log_predictive(&self, x: &f64) -> f64 {
        if x.is_nan() {
            return 0.0;
        }
        match self.refuses(x) {
            Some(_) => f64::NEG_INFINITY,
            None => libm::log(self.concentration()[*x as usize] / self.total()),
        }
    }

    fn draw(&self, key: Key, row: u64) -> Result<Categorical, Error> {
        Categorical::new(self.sample(key, row).into_iter().map(libm::log).collect())
    }

    fn refuses(&self, x: &f64) -> Option<Domain> {
        refuses_class(self.concentration().len(), *x)
    }
}

/// What a cell must be which is none of so many classes.
pub(crate) fn refuses_class(classes: usize, x: f64) -> Option<Domain> {
    let right = x.is_nan() || (0.0..classes as f64).contains(&x) && x.fract() == 0.0;
    (!right).then_some(Domain::Class(classes))
}
