//! Dirichlets and betas: log p(π) = Σ (α_k − 1) log π_k − log B(α).
//!
//! Natural parameters: α. Moments: E\[log π_k\] = ψ(α_k) − ψ(Σα). A beta is the Dirichlet of (1 − π, π).

use std::sync::Arc;

use super::{
    family::Family,
    variable::{Conditional, Constant, Space},
};
use crate::{
    Error,
    distribution::{Beta, Dirichlet as Factor, Sample, positive},
    divergence::KullbackLeibler,
    random::Key,
    special::{digamma, ln_gamma},
};

/// Shares of K ≥ 2 classes, which add up to 1; their factors are Dirichlets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Simplex {}

impl Space for Simplex {
    type Factor = Factor;

    fn factor(_: usize, natural: &[f64]) -> Result<Factor, Error> {
        Factor::new(natural.to_vec())
    }
}

/// What is added to each share that a factor starts from.
const LEAST_SHARE: f64 = 1e-9;

/// How far from 1 known shares may add up.
const ROUNDING: f64 = 1e-9;

impl Constant for Simplex {
    fn known(value: &[f64]) -> Result<(Vec<f64>, usize), Error> {
        value.iter().try_for_each(|&share| positive("a share", share).map(|_| ()))?;
        let total: f64 = value.iter().sum();
        if value.len() < 2 || (total - 1.0).abs() > ROUNDING {
            return Err(Error::invalid("the sum of the shares", total, "must be 1, of at least 2 shares"));
        }
        Ok((value.iter().map(|&share| libm::log(share)).collect(), value.len()))
    }
}

/// Probabilities; their factors are betas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probability {}

impl Space for Probability {
    type Factor = Beta;

    fn factor(_: usize, natural: &[f64]) -> Result<Beta, Error> {
        Beta::new(natural[1], natural[0])
    }
}

impl Constant for Probability {
    fn known(value: &[f64]) -> Result<(Vec<f64>, usize), Error> {
        match *value {
            [p] if p > 0.0 && p < 1.0 => Ok((vec![libm::log1p(-p), libm::log(p)], 2)),
            _ => Err(Error::invalid("a probability", format!("{value:?}"), "must be one number in (0, 1)")),
        }
    }
}

/// Dirichlet(α) of K ≥ 2 shares.
pub fn dirichlet(concentration: &[f64]) -> Conditional<Simplex> {
    let concentration = concentration.to_vec();
    Conditional::new(Vec::new(), move |_| Ok(Arc::new(Dirichlet::new(concentration, false)?)))
}

/// Beta(a, b), of mean a/(a + b).
pub fn beta(a: f64, b: f64) -> Conditional<Probability> {
    Conditional::new(Vec::new(), move |_| Ok(Arc::new(Dirichlet::new(vec![b, a], true)?)))
}

#[derive(Debug)]
struct Dirichlet {
    concentration: Vec<f64>,
    /// Whether a value is the one number π of (1 − π, π).
    binary: bool,
}

impl Dirichlet {
    fn new(concentration: Vec<f64>, binary: bool) -> Result<Self, Error> {
        Factor::new(concentration.clone())?;
        Ok(Self { concentration, binary })
    }
}

impl Family for Dirichlet {
    fn dimension(&self) -> usize {
        self.concentration.len()
    }

    fn value_width(&self) -> usize {
        if self.binary { 1 } else { self.concentration.len() }
    }

    fn known(&self, value: &[f64]) -> Result<Vec<f64>, Error> {
        Ok(if self.binary { Probability::known(value)? } else { Simplex::known(value)? }.0)
    }

    fn expected(&self, _: &[&[f64]], natural: &mut Vec<f64>) {
        natural.clone_from(&self.concentration);
    }

    fn gap(&self, _: &[&[f64]]) -> f64 {
        0.0
    }

    fn log_density(&self, own: &[f64], _: &[&[f64]]) -> f64 {
        let terms = self.concentration.iter().zip(own).map(|(&a, ln)| (a - 1.0) * ln - ln_gamma(a));
        terms.sum::<f64>() + ln_gamma(self.concentration.iter().sum())
    }

    fn message(&self, _: usize, _: &[f64], _: &[&[f64]], _: &mut Vec<f64>) {
        unreachable!("the concentration is known");
    }

    fn moments(&self, natural: &[f64]) -> Result<Vec<f64>, Error> {
        let q = Simplex::factor(natural.len(), natural)?;
        let whole = digamma(q.total());
        Ok(natural.iter().map(|&a| digamma(a) - whole).collect())
    }

    fn kl(&self, q: &[f64], p: &[f64]) -> Result<f64, Error> {
        Simplex::factor(q.len(), q)?.kl(&Simplex::factor(p.len(), p)?)
    }

    fn centre(&self, natural: &mut [f64], mean: &[f64]) -> Result<(), Error> {
        let total: f64 = natural.iter().sum();
        let logs = self.known(mean)?;
        natural.iter_mut().zip(logs).for_each(|(a, ln)| *a = total * libm::exp(ln));
        Ok(())
    }

    /// No share of a draw is so small that E\[log π\] is lost.
    fn draw(&self, natural: &[f64], key: Key, row: u64) -> Result<Vec<f64>, Error> {
        let shares = if self.binary {
            let p = Probability::factor(2, natural)?.sample(key, row);
            vec![1.0 - p, p]
        } else {
            Simplex::factor(natural.len(), natural)?.sample(key, row)
        };
        let total: f64 = shares.iter().map(|share| share + LEAST_SHARE).sum();
        let raised = shares.iter().map(|share| (share + LEAST_SHARE) / total);
        // Of two shares the second is the value.
        Ok(raised.skip(usize::from(self.binary)).collect())
    }
}
