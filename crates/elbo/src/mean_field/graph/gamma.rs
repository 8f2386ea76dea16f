//! Gammas: log p(x) = a log b − log Γ(a) + (a − 1) log x − b x, of a known shape a and a rate b, which may be a gamma too.
//!
//! Natural parameters: a, b. Moments: E\[x\], E\[log x\].

use std::sync::Arc;

use super::{
    family::Family,
    space::{Constant, Positive, Space},
    variable::{Argument, Conditional},
};
use crate::{
    Error, check,
    conjugate::Conjugate,
    distribution::{Gaussian, Sample},
    divergence::KullbackLeibler,
    random::Key,
    special::ln_gamma,
};

/// Gamma(shape, rate).
pub fn gamma(shape: f64, rate: impl Into<Argument<Positive>>) -> Conditional<Positive> {
    Conditional::new(vec![rate.into().source], move |_| {
        Ok(Arc::new(Gamma { shape: check::positive("shape", shape)? }))
    })
}

#[derive(Debug)]
struct Gamma {
    shape: f64,
}

impl Family for Gamma {
    fn dimension(&self) -> usize {
        1
    }

    fn value_width(&self) -> usize {
        1
    }

    fn known(&self, value: &[f64]) -> Result<Vec<f64>, Error> {
        Ok(Positive::known(value)?.0)
    }

    fn expected(&self, parents: &[&[f64]], natural: &mut Vec<f64>) {
        natural.clear();
        natural.extend([self.shape, parents[0][0]]);
    }

    fn gap(&self, parents: &[&[f64]]) -> f64 {
        self.shape * (libm::log(parents[0][0]) - parents[0][1])
    }

    fn log_density(&self, own: &[f64], parents: &[&[f64]]) -> f64 {
        let (x, ln_x, rate, ln_rate) = (own[0], own[1], parents[0][0], parents[0][1]);
        self.shape * ln_rate - ln_gamma(self.shape) + (self.shape - 1.0) * ln_x - rate * x
    }

    fn message(&self, _: usize, own: &[f64], _: &[&[f64]], message: &mut Vec<f64>) {
        message.clear();
        message.extend([self.shape, own[0]]);
    }

    fn moments(&self, natural: &[f64]) -> Result<Vec<f64>, Error> {
        let of = Conjugate::<Gaussian>::expectations(&Positive::factor(1, natural)?);
        Ok(vec![of.mean, of.ln])
    }

    fn kl(&self, q: &[f64], p: &[f64]) -> Result<f64, Error> {
        Positive::factor(1, q)?.kl(&Positive::factor(1, p)?)
    }

    fn centre(&self, natural: &mut [f64], mean: &[f64]) -> Result<(), Error> {
        natural[1] = natural[0] / check::positive("a mean", mean[0])?;
        Ok(())
    }

    fn draw(&self, natural: &[f64], key: Key, row: u64) -> Result<Vec<f64>, Error> {
        // A draw of a small shape may underflow.
        Ok(vec![Positive::factor(1, natural)?.sample(key, row).max(f64::MIN_POSITIVE)])
    }
}
