//! Categoricals and Bernoullis: log p(x = k) = log π_k.
//!
//! Natural parameters: logits. Moments: the probability of each class. A Bernoulli is the categorical of two classes whose
//! number is its value.

use std::sync::Arc;

use super::{
    family::Family,
    space::{Binary, Class, Probability, Simplex, Space},
    variable::{Argument, Conditional},
};
use crate::{
    Error, check,
    distribution::{Dirichlet, Sample, cholesky::dot},
    divergence::KullbackLeibler,
    error::Domain,
    random::Key,
    special::ln_sum_exp,
};

/// One of K classes with probabilities π.
pub fn categorical(probabilities: impl Into<Argument<Simplex>>) -> Conditional<Class> {
    Conditional::new(vec![probabilities.into().source], |dimensions| {
        Ok(Arc::new(Categorical { classes: dimensions[0], binary: false }))
    })
}

/// A value that is 1 with this probability, else 0.
pub fn bernoulli(probability: impl Into<Argument<Probability>>) -> Conditional<Binary> {
    Conditional::new(vec![probability.into().source], |_| {
        Ok(Arc::new(Categorical { classes: 2, binary: true }))
    })
}

#[derive(Debug)]
struct Categorical {
    classes: usize,
    binary: bool,
}

impl Family for Categorical {
    fn dimension(&self) -> usize {
        self.classes
    }

    fn value_width(&self) -> usize {
        1
    }

    fn mean_width(&self) -> usize {
        if self.binary { 1 } else { self.classes }
    }

    fn known(&self, value: &[f64]) -> Result<Vec<f64>, Error> {
        let class = (0..self.classes).find(|&class| class as f64 == value[0]).ok_or_else(|| {
            Error::Domain { what: "the value".into(), value: value[0], domain: Domain::Class(self.classes) }
        })?;
        Ok((0..self.classes).map(|k| f64::from(u8::from(k == class))).collect())
    }

    fn expected(&self, parents: &[&[f64]], natural: &mut Vec<f64>) {
        natural.clear();
        natural.extend(parents[0]);
    }

    /// A is 0, and log Σ exp E\[log π_k\] < 0 what it is at E\[log π\].
    fn gap(&self, parents: &[&[f64]]) -> f64 {
        -ln_sum_exp(parents[0])
    }

    fn log_density(&self, own: &[f64], parents: &[&[f64]]) -> f64 {
        dot(own, parents[0])
    }

    fn message(&self, _: usize, own: &[f64], _: &[&[f64]], message: &mut Vec<f64>) {
        message.clear();
        message.extend(own);
    }

    fn moments(&self, natural: &[f64]) -> Result<Vec<f64>, Error> {
        let greatest = natural.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = natural.iter().map(|logit| libm::exp(logit - greatest)).collect();
        let total: f64 = weights.iter().sum();
        Ok(weights.iter().map(|weight| weight / total).collect())
    }

    fn kl(&self, q: &[f64], p: &[f64]) -> Result<f64, Error> {
        Class::factor(self.classes, q)?.kl(&Class::factor(self.classes, p)?)
    }

    /// `mean` is the probability of each class; of a binary value that of 1.
    fn centre(&self, natural: &mut [f64], mean: &[f64]) -> Result<(), Error> {
        let binary = if self.binary { Some([1.0 - mean[0], mean[0]]) } else { None };
        let mean = binary.as_ref().map_or(mean, |both| both);
        check::probabilities("the probabilities", mean)?;
        // Logits are finite.
        natural.iter_mut().zip(mean).for_each(|(logit, p)| *logit = libm::log(p.max(f64::MIN_POSITIVE)));
        Ok(())
    }

    /// Uniform on the simplex: a start that says nothing of the classes, but breaks their symmetry.
    fn draw(&self, _: &[f64], key: Key, row: u64) -> Result<Vec<f64>, Error> {
        let shares = Dirichlet::new(vec![1.0; self.classes])?.sample(key, row);
        Ok(if self.binary { vec![shares[1]] } else { shares })
    }
}
