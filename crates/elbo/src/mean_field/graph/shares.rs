//! Dirichlets and betas: log p(π) = Σ (α_k − 1) log π_k − log B(α).
//!
//! Natural parameters: α. Moments: E\[log π_k\] = ψ(α_k) − ψ(Σα). A beta is the Dirichlet of (1 − π, π).

use std::sync::Arc;

use super::{
    family::Family,
    space::{Constant, Probability, Simplex, Space},
    variable::Conditional,
};
use crate::{
    Error, conjugate::Conjugate, distribution::Sample, divergence::KullbackLeibler, random::Key,
    special::ln_gamma,
};

/// What is added to each share that a factor starts from.
const LEAST_SHARE: f64 = 1e-9;

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
        Simplex::factor(concentration.len(), &concentration)?;
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
        Ok(Simplex::factor(natural.len(), natural)?.expectations().0)
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
