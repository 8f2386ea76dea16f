//! Gaussians, numbers and vectors: log N(x; μ, Λ⁻¹) = ½ log|Λ| − (D/2) log 2π − ½ (x − μ)ᵀ Λ (x − μ).
//!
//! Natural parameters: h = Λμ, then Λ, of exp(hᵀx − ½ xᵀΛx). Moments: the mean, then the covariance, which a known value
//! has not; centred, so that a large mean costs no digits. The precision is a matrix, or τ I.

use std::{f64::consts::TAU, sync::Arc};

use super::{
    family::Family,
    space::{Constant, Positive, Real, Space, Vector},
    variable::{Argument, Conditional, Mean, Precision},
};
use crate::{
    Error, check,
    conjugate::Squares,
    distribution::{Cholesky, Sample, cholesky::dot},
    divergence::KullbackLeibler,
    random::Key,
};

/// N(mean, 1/precision).
pub fn gaussian(mean: impl Into<Mean>, precision: impl Into<Argument<Positive>>) -> Conditional<Real> {
    let parents = vec![mean.into().0, precision.into().source];
    Conditional::new(parents, |_| Ok(Arc::new(Gaussian { dimension: 1, isotropic: true })))
}

/// N(mean, precision⁻¹) of D coordinates, the precision a matrix Λ `[D, D]` or a number τ that stands for τ I.
pub fn gaussian_vector(
    mean: impl Into<Argument<Vector>>,
    precision: impl Into<Precision>,
) -> Conditional<Vector> {
    let (precision, isotropic) = match precision.into() {
        Precision::Multiple(tau) => (tau.source, true),
        Precision::Matrix(matrix) => (matrix.source, false),
    };
    Conditional::new(vec![mean.into().source, precision], move |dimensions| {
        let (dimension, precision) = (dimensions[0], dimensions[1]);
        if !isotropic && precision != dimension {
            let what = "the precision".into();
            return Err(Error::Shape { what, expected: vec![dimension; 2], got: vec![precision; 2] });
        }
        Ok(Arc::new(Gaussian { dimension, isotropic }))
    })
}

/// The slot of the mean; the other is that of the precision.
const MEAN: usize = 0;

/// N(μ, Λ⁻¹) given μ and Λ, or τ where `isotropic`.
#[derive(Debug)]
pub(super) struct Gaussian {
    pub(super) dimension: usize,
    pub(super) isotropic: bool,
}

/// Σ C_ii.
fn trace(covariance: &[f64], dimension: usize) -> f64 {
    covariance.iter().step_by(dimension + 1).sum()
}

impl Gaussian {
    /// E\[Λ\] `value`, E\[Λ\]: the natural parameters that belong to a mean, or come from a value.
    fn information(&self, value: &[f64], precision: &[f64], natural: &mut Vec<f64>) {
        let d = self.dimension;
        natural.clear();
        if self.isotropic {
            natural.extend(value[..d].iter().map(|x| precision[0] * x));
            natural.extend((0..d * d).map(|k| if k % (d + 1) == 0 { precision[0] } else { 0.0 }));
        } else {
            natural.extend(precision[..d * d].chunks(d).map(|row| dot(row, &value[..d])));
            natural.extend(&precision[..d * d]);
        }
    }

    /// E\[(x − μ)ᵀ Λ (x − μ)\].
    fn square(&self, own: &[f64], mean: &[f64], precision: &[f64]) -> f64 {
        let d = self.dimension;
        let ((x, x_covariance), (m, m_covariance)) = (own.split_at(d), mean.split_at(d));
        let step = |i: usize| x[i] - m[i];
        if self.isotropic {
            let steps: f64 = (0..d).map(|i| step(i) * step(i)).sum();
            return precision[0] * (steps + trace(x_covariance, d) + trace(m_covariance, d));
        }
        let row = |i: usize| (0..d).map(|j| precision[i * d + j] * step(j)).sum::<f64>();
        let steps: f64 = (0..d).map(|i| step(i) * row(i)).sum();
        steps + dot(x_covariance, precision) + dot(m_covariance, precision)
    }

    /// E log|Λ|.
    fn ln_determinant(&self, precision: &[f64]) -> f64 {
        let d = self.dimension;
        if self.isotropic { d as f64 * precision[1] } else { precision[d * d] }
    }
}

impl Family for Gaussian {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn value_width(&self) -> usize {
        self.dimension
    }

    fn known(&self, value: &[f64]) -> Result<Vec<f64>, Error> {
        Ok(Vector::known(value)?.0)
    }

    fn expected(&self, parents: &[&[f64]], natural: &mut Vec<f64>) {
        self.information(parents[0], parents[1], natural);
    }

    fn gap(&self, parents: &[&[f64]]) -> f64 {
        let (d, precision) = (self.dimension, parents[1]);
        let covariance = &parents[0][d..];
        let (spread, of_mean) = if self.isotropic {
            (precision[0] * trace(covariance, d), Ok(d as f64 * libm::log(precision[0])))
        } else {
            let factor = Cholesky::of(&precision[..d * d], d);
            (dot(covariance, precision), factor.map(|factor| factor.ln_determinant()))
        };
        0.5 * (spread + of_mean.unwrap_or(f64::NAN) - self.ln_determinant(precision))
    }

    fn log_density(&self, own: &[f64], parents: &[&[f64]]) -> f64 {
        let constant = self.dimension as f64 * libm::log(TAU);
        0.5 * (self.ln_determinant(parents[1]) - constant - self.square(own, parents[0], parents[1]))
    }

    fn message(&self, slot: usize, own: &[f64], parents: &[&[f64]], message: &mut Vec<f64>) {
        let (d, mean) = (self.dimension, parents[0]);
        if slot == MEAN {
            return self.information(own, parents[1], message);
        }
        message.clear();
        if self.isotropic {
            // Shape and rate of a gamma.
            let squares = Squares { weight: d as f64, sum: self.square(own, mean, &[1.0]) };
            message.extend(squares.natural());
            return;
        }
        // V⁻¹ and ν of a Wishart.
        let covariance = |of: &[f64], k: usize| of.get(d + k).copied().unwrap_or(0.0);
        let entry = |i: usize, j: usize| {
            let spread = covariance(own, i * d + j) + covariance(mean, i * d + j);
            (own[i] - mean[i]) * (own[j] - mean[j]) + spread
        };
        message.extend((0..d * d).map(|k| entry(k / d, k % d)));
        message.push(1.0);
    }

    fn moments(&self, natural: &[f64]) -> Result<Vec<f64>, Error> {
        let d = self.dimension;
        if d == 1 {
            let precision = check::positive("the precision", natural[1])?;
            return Ok(vec![natural[0] / precision, precision.recip()]);
        }
        let precision = Cholesky::named("the precision", &natural[d..], d)?;
        let mut moments = precision.solve_transposed(&precision.solve(&natural[..d]));
        moments.extend(precision.inverse());
        Ok(moments)
    }

    fn kl(&self, q: &[f64], p: &[f64]) -> Result<f64, Error> {
        if self.dimension == 1 {
            return Real::factor(1, q)?.kl(&Real::factor(1, p)?);
        }
        Vector::factor(self.dimension, q)?.kl(&Vector::factor(self.dimension, p)?)
    }

    fn centre(&self, natural: &mut [f64], mean: &[f64]) -> Result<(), Error> {
        let (h, precision) = natural.split_at_mut(self.dimension);
        h.iter_mut().zip(precision.chunks(self.dimension)).for_each(|(h, row)| *h = dot(row, mean));
        Ok(())
    }

    fn draw(&self, natural: &[f64], key: Key, row: u64) -> Result<Vec<f64>, Error> {
        Ok(Vector::factor(self.dimension, natural)?.sample(key, row))
    }
}
