//! Wisharts of precision matrices: log p(Λ) = ½ (ν − n − 1) log|Λ| − ½ tr V⁻¹Λ − ½ ν log|V| − ½ νn log 2 − log Γ_n(ν/2).
//!
//! Natural parameters: V⁻¹, ν, which add up as they are. Moments: E\[Λ\] = νV, E log|Λ|.

use std::{f64::consts::LN_2, sync::Arc};

use super::{
    family::Family,
    space::{self, Constant, Matrix},
    variable::Conditional,
};
use crate::{
    Error,
    distribution::{Cholesky, Sample, cholesky::dot},
    divergence::KullbackLeibler,
    random::Key,
    special::ln_multivariate_gamma,
};

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
        space::wishart(dimension, &natural)?;
        Ok(Self { dimension, natural })
    }
}

/// E\[Λ\], E log|Λ|.
pub(super) fn moments(dimension: usize, natural: &[f64]) -> Result<Vec<f64>, Error> {
    let q = space::wishart(dimension, natural)?;
    let mut moments = q.mean();
    moments.push(q.expected_ln_determinant());
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
        space::wishart(self.dimension, q)?.kl(&space::wishart(self.dimension, p)?)
    }

    fn centre(&self, natural: &mut [f64], mean: &[f64]) -> Result<(), Error> {
        let values = self.value_width();
        let inverse = centre(self.dimension, natural[values], mean)?;
        natural[..values].copy_from_slice(&inverse);
        Ok(())
    }

    fn draw(&self, natural: &[f64], key: Key, row: u64) -> Result<Vec<f64>, Error> {
        Ok(space::wishart(self.dimension, natural)?.wishart()?.sample(key, row))
    }
}
