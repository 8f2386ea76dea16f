//! Poissons: log p(x) = x log λ − λ − log x!.
//!
//! Natural parameter: log λ. Moments: E\[x\], and log x! of a known x.

use std::sync::Arc;

use super::{
    family::Family,
    space::{Count, Positive, Space},
    variable::{Argument, Conditional},
};
use crate::{
    Error, check, conjugate::refuses_count, distribution::Sample, divergence::KullbackLeibler, random::Key,
    special::ln_gamma,
};

/// Poisson(rate).
pub fn poisson(rate: impl Into<Argument<Positive>>) -> Conditional<Count> {
    Conditional::new(vec![rate.into().source], |_| Ok(Arc::new(Poisson)))
}

#[derive(Debug)]
struct Poisson;

impl Family for Poisson {
    fn dimension(&self) -> usize {
        1
    }

    fn value_width(&self) -> usize {
        1
    }

    fn known(&self, value: &[f64]) -> Result<Vec<f64>, Error> {
        let count = value[0];
        if let Some(domain) = refuses_count(count) {
            return Err(Error::Domain { what: "the value".into(), value: count, domain });
        }
        Ok(vec![count, ln_gamma(count + 1.0)])
    }

    fn expected(&self, parents: &[&[f64]], natural: &mut Vec<f64>) {
        natural.clear();
        natural.push(parents[0][1]);
    }

    fn gap(&self, parents: &[&[f64]]) -> f64 {
        parents[0][0] - libm::exp(parents[0][1])
    }

    fn log_density(&self, own: &[f64], parents: &[&[f64]]) -> f64 {
        own[0] * parents[0][1] - parents[0][0] - own[1]
    }

    fn message(&self, _: usize, own: &[f64], _: &[&[f64]], message: &mut Vec<f64>) {
        message.clear();
        message.extend([own[0], 1.0]);
    }

    /// E\[log x!\] has no closed form, and cancels wherever it would stand.
    fn moments(&self, natural: &[f64]) -> Result<Vec<f64>, Error> {
        Ok(vec![libm::exp(natural[0]), 0.0])
    }

    fn kl(&self, q: &[f64], p: &[f64]) -> Result<f64, Error> {
        Count::factor(1, q)?.kl(&Count::factor(1, p)?)
    }

    fn centre(&self, natural: &mut [f64], mean: &[f64]) -> Result<(), Error> {
        natural[0] = libm::log(check::positive("a mean", mean[0])?);
        Ok(())
    }

    /// Of a count of 0, its mean, which q cannot have, is a half.
    fn draw(&self, natural: &[f64], key: Key, row: u64) -> Result<Vec<f64>, Error> {
        Ok(vec![(Count::factor(1, natural)?.sample(key, row) as f64).max(0.5)])
    }
}
