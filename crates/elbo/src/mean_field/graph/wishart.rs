//! Wisharts of precision matrices: log p(Λ) = ½ (ν − n − 1) log|Λ| − ½ tr V⁻¹Λ − ½ ν log|V| − ½ νn log 2 − log Γ_n(ν/2).
//!
//! Natural parameters: V⁻¹, ν, which add up as they are. Moments: E\[Λ\] = νV, E log|Λ|.

use std::{f64::consts::LN_2, sync::Arc};

use super::{
    family::Family,
    variable::{Conditional, Constant, Space},
};
use crate::{
    Error,
    distribution::{Cholesky, Sample, Wishart as Factor, cholesky::dot},
    divergence::KullbackLeibler,
    random::Key,
    special::{digamma, ln_multivariate_gamma},
};

/// Symmetric positive definite matrices; their factors are Wisharts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matrix {}

impl Space for Matrix {
    type Factor = Factor;

    fn factor(dimension: usize, natural: &[f64]) -> Result<Factor, Error> {
        let (inverse, freedom) = natural.split_at(dimension * dimension);
        let scale = Cholesky::of(inverse, dimension)?.inverse();
        Factor::new(freedom[0], Cholesky::of(&scale, dimension)?)
    }
}

impl Constant for Matrix {
    fn known(value: &[f64]) -> Result<(Vec<f64>, usize), Error> {
        let n = value.len().isqrt();
        let symmetric = n * n == value.len() && (0..n * n).all(|k| value[k] == value[k % n * n + k / n]);
        if !symmetric {
            return Err(Error::invalid("a matrix", format!("{value:?}"), "must be square and symmetric"));
        }
        let mut moments = value.to_vec();
        moments.push(Cholesky::of(value, n)?.ln_determinant());
        Ok((moments, n))
    }
}

/// Wishart(ν, V) of mean νV, by V⁻¹ `[n, n]`, row by row. ν > n − 1.
pub fn wishart(freedom: f64, inverse_scale: &[f64]) -> Conditional<Matrix> {
    let wishart = Wishart::new(freedom, inverse_scale);
    Conditional::new(Vec::new(), |_| Ok(Arc::new(wishart?)))
}

#[derive(Debug)]
pub(super) struct Wishart {
    pub(super) dimension: usize,
    /// Those of the prior.
    pub(super) natural: Vec<f64>,
}

impl Wishart {
    pub(super) fn new(freedom: f64, inverse_scale: &[f64]) -> Result<Self, Error> {
        let dimension = Matrix::known(inverse_scale)?.1;
        let natural = [inverse_scale, &[freedom]].concat();
        Matrix::factor(dimension, &natural)?;
        Ok(Self { dimension, natural })
    }
}

/// E\[Λ\], E log|Λ|.
pub(super) fn moments(dimension: usize, natural: &[f64]) -> Result<Vec<f64>, Error> {
    let q = Matrix::factor(dimension, natural)?;
    let mut moments: Vec<f64> = q.scale().product().iter().map(|v| q.freedom() * v).collect();
    let of_shapes: f64 = q.shapes().map(digamma).sum();
    moments.push(of_shapes + dimension as f64 * LN_2 + q.scale().ln_determinant());
    Ok(moments)
}

/// The V⁻¹ whose mean νV is `mean`.
pub(super) fn centre(dimension: usize, freedom: f64, mean: &[f64]) -> Result<Vec<f64>, Error> {
    Matrix::known(mean)?;
    Ok(Cholesky::of(mean, dimension)?.inverse().iter().map(|v| freedom * v).collect())
}

impl Family for Wishart {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn value_width(&self) -> usize {
        self.dimension * self.dimension
    }

    fn known(&self, value: &[f64]) -> Result<Vec<f64>, Error> {
        Ok(Matrix::known(value)?.0)
    }

    fn expected(&self, _: &[&[f64]], natural: &mut Vec<f64>) {
        natural.clone_from(&self.natural);
    }

    fn gap(&self, _: &[&[f64]]) -> f64 {
        0.0
    }

    fn log_density(&self, own: &[f64], _: &[&[f64]]) -> f64 {
        let (n, d) = (self.dimension, self.dimension as f64);
        let (inverse, freedom) = (&self.natural[..n * n], self.natural[n * n]);
        let ln_scale = Cholesky::of(inverse, n).map_or(f64::NAN, |factor| -factor.ln_determinant());
        let normaliser = 0.5 * freedom * (ln_scale + d * LN_2) + ln_multivariate_gamma(n, 0.5 * freedom);
        0.5 * ((freedom - d - 1.0) * own[n * n] - dot(inverse, own)) - normaliser
    }

    fn message(&self, _: usize, _: &[f64], _: &[&[f64]], _: &mut Vec<f64>) {
        unreachable!("the scale is known");
    }

    fn moments(&self, natural: &[f64]) -> Result<Vec<f64>, Error> {
        moments(self.dimension, natural)
    }

    fn kl(&self, q: &[f64], p: &[f64]) -> Result<f64, Error> {
        Matrix::factor(self.dimension, q)?.kl(&Matrix::factor(self.dimension, p)?)
    }

    fn centre(&self, natural: &mut [f64], mean: &[f64]) -> Result<(), Error> {
        let values = self.value_width();
        let inverse = centre(self.dimension, natural[values], mean)?;
        natural[..values].copy_from_slice(&inverse);
        Ok(())
    }

    fn draw(&self, natural: &[f64], key: Key, row: u64) -> Result<Vec<f64>, Error> {
        Ok(Matrix::factor(self.dimension, natural)?.sample(key, row))
    }
}
