//! The Wishart of a precision matrix by V⁻¹, which observations add to: Λ ~ Wishart(ν, V).
//!
//! ν ← ν + Σ w, V⁻¹ ← V⁻¹ + Σ w e eᵀ of deviations e ~ N(0, Λ⁻¹). In one dimension it is Gamma(ν/2, V⁻¹/2).

use std::f64::consts::LN_2;

use crate::{
    Error, check,
    distribution::{Cholesky, Wishart},
    divergence::{KullbackLeibler, wishart},
    special::digamma,
};

/// Weight and outer products of deviations.
#[derive(Clone, Debug, PartialEq)]
pub struct Scatter {
    /// Σ w.
    pub weight: f64,
    /// Σ w e eᵀ, `[D, D]`.
    pub sum: Vec<f64>,
}

impl Scatter {
    /// Takes in that of other deviations.
    pub fn merge(&mut self, other: &Self) {
        self.weight += other.weight;
        self.sum.iter_mut().zip(&other.sum).for_each(|(sum, part)| *sum += part);
    }
}

/// Wishart(ν, V), held by ν and V⁻¹.
///
/// ```
/// use elbo::conjugate::{Scatter, WishartPrecision};
/// let prior = WishartPrecision::new(3.0, vec![2.0, 0.0, 0.0, 1.0])?;
/// let q = prior.updated(&Scatter { weight: 1.0, sum: vec![4.0, 2.0, 2.0, 1.0] })?;
/// assert_eq!((q.freedom(), q.inverse_scale()), (4.0, &[6.0, 2.0, 2.0, 2.0][..]));
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct WishartPrecision {
    freedom: f64,
    inverse_scale: Vec<f64>,
    /// The Cholesky factor of V⁻¹.
    factor: Cholesky,
}

impl WishartPrecision {
    /// Makes the distribution from ν and V⁻¹, `[D, D]` row by row.
    ///
    /// # Errors
    /// It fails where V⁻¹ is not symmetric and positive definite, or ν not a finite number > D − 1.
    pub fn new(freedom: f64, inverse_scale: Vec<f64>) -> Result<Self, Error> {
        let d = inverse_scale.len().isqrt();
        let factor = Cholesky::named("the inverse scale", &inverse_scale, d)?;
        Cholesky::check_symmetric("the inverse scale", &inverse_scale, d)?;
        check::above("degrees of freedom", freedom, d as f64 - 1.0)
            .map_err(|error| error.within(&format!("{d} dimensions")))?;
        Ok(Self { freedom, inverse_scale, factor })
    }

    /// ν.
    pub fn freedom(&self) -> f64 {
        self.freedom
    }

    /// V⁻¹, `[D, D]`.
    pub fn inverse_scale(&self) -> &[f64] {
        &self.inverse_scale
    }

    /// D.
    pub fn dimension(&self) -> usize {
        self.factor.dimension()
    }

    /// The factor of V⁻¹.
    pub fn factor(&self) -> &Cholesky {
        &self.factor
    }

    /// Takes this as the prior, and gives the posterior.
    ///
    /// # Errors
    /// It fails where it is none: a number overflowed.
    pub fn updated(&self, of: &Scatter) -> Result<Self, Error> {
        let sum = self.inverse_scale.iter().zip(&of.sum).map(|(own, sum)| own + sum);
        Self::new(self.freedom + of.weight, sum.collect())
    }

    /// E\[Λ\] = νV, `[D, D]`.
    pub fn mean(&self) -> Vec<f64> {
        self.factor.inverse().iter().map(|v| self.freedom * v).collect()
    }

    /// E\[log |Λ|\] = Σ_i ψ((ν − i)/2) + D log 2 + log |V|.
    pub fn expected_ln_determinant(&self) -> f64 {
        let d = self.dimension();
        let digammas: f64 = (0..d).map(|i| digamma(0.5 * (self.freedom - i as f64))).sum();
        digammas + d as f64 * LN_2 - self.factor.ln_determinant()
    }

    /// E\[vᵀ Λ v\] of a known v, `[D]`.
    pub fn expected_square(&self, v: &[f64]) -> f64 {
        self.freedom * self.factor.solve(v).iter().map(|x| x * x).sum::<f64>()
    }

    /// The same distribution in the form of [`Wishart`], by the factor of V.
    ///
    /// # Errors
    /// It fails where V is too near singular to be factorised.
    pub fn wishart(&self) -> Result<Wishart, Error> {
        Wishart::new(self.freedom, Cholesky::named("the scale", &self.factor.inverse(), self.dimension())?)
    }
}

impl KullbackLeibler for WishartPrecision {
    fn kl(&self, p: &Self) -> Result<f64, Error> {
        Error::check_shape("the inverse scale", &[p.dimension()], &[self.dimension()])?;
        // By the factors of V⁻¹: V itself is not made.
        Ok(wishart([self.freedom, p.freedom], &p.factor, &self.factor))
    }
}
