//! Spaces of values. Each has one family of q, so what type-checks is conjugate.

use crate::{
    Error, check,
    conjugate::{GaussianWishart, WishartPrecision},
    distribution::{self, Cholesky},
};

/// A space of values, with the family of their factors.
pub trait Space: Copy {
    /// The distribution q of one value.
    type Factor;

    /// The factor of some natural parameters.
    ///
    /// # Errors
    /// It fails where they are those of no distribution.
    fn factor(dimension: usize, natural: &[f64]) -> Result<Self::Factor, Error>;
}

/// A space whose values may stand where a variable may.
pub trait Constant: Space {
    /// The sufficient statistics of a value, and its dimension.
    ///
    /// # Errors
    /// It fails where it is no value of the space.
    fn known(value: &[f64]) -> Result<(Vec<f64>, usize), Error>;
}

/// Numbers; their factors are Gaussian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Real {}

impl Space for Real {
    type Factor = distribution::Gaussian;

    fn factor(_: usize, natural: &[f64]) -> Result<Self::Factor, Error> {
        let precision = check::positive("the precision", natural[1])?;
        distribution::Gaussian::new(natural[0] / precision, precision.sqrt().recip())
    }
}

impl Constant for Real {
    fn known(value: &[f64]) -> Result<(Vec<f64>, usize), Error> {
        Error::check_shape("a number", &[1], &[value.len()])?;
        Ok((vec![check::finite("a number", value[0])?], 1))
    }
}

/// Vectors; their factors are Gaussian with any covariance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vector {}

impl Space for Vector {
    type Factor = distribution::FullGaussian;

    fn factor(dimension: usize, natural: &[f64]) -> Result<Self::Factor, Error> {
        let precision = Cholesky::named("the precision", &natural[dimension..], dimension)?;
        let mean = precision.solve_transposed(&precision.solve(&natural[..dimension]));
        distribution::FullGaussian::new(
            mean,
            Cholesky::named("the covariance", &precision.inverse(), dimension)?,
        )
    }
}

impl Constant for Vector {
    fn known(value: &[f64]) -> Result<(Vec<f64>, usize), Error> {
        check::at_least("the dimension of a vector", value.len(), 1)?;
        check::each_finite("a coordinate", value)?;
        Ok((value.to_vec(), value.len()))
    }
}

/// Positive numbers; their factors are gammas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Positive {}

impl Space for Positive {
    type Factor = distribution::Gamma;

    fn factor(_: usize, natural: &[f64]) -> Result<Self::Factor, Error> {
        distribution::Gamma::new(natural[0], natural[1])
    }
}

impl Constant for Positive {
    fn known(value: &[f64]) -> Result<(Vec<f64>, usize), Error> {
        Error::check_shape("a positive number", &[1], &[value.len()])?;
        let value = check::positive("a positive number", value[0])?;
        Ok((vec![value, libm::log(value)], 1))
    }
}

/// Symmetric positive definite matrices; their factors are Wisharts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matrix {}

impl Space for Matrix {
    type Factor = distribution::Wishart;

    fn factor(dimension: usize, natural: &[f64]) -> Result<Self::Factor, Error> {
        wishart(dimension, natural)?.wishart()
    }
}

impl Constant for Matrix {
    fn known(value: &[f64]) -> Result<(Vec<f64>, usize), Error> {
        let n = value.len().isqrt();
        let factor = Cholesky::of(value, n)?;
        Cholesky::check_symmetric("a matrix", value, n)?;
        let mut moments = value.to_vec();
        moments.push(factor.ln_determinant());
        Ok((moments, n))
    }
}

/// The factor of V⁻¹ and ν.
pub(super) fn wishart(dimension: usize, natural: &[f64]) -> Result<WishartPrecision, Error> {
    let (inverse, freedom) = natural.split_at(dimension * dimension);
    WishartPrecision::new(freedom[0], inverse.to_vec())
}

/// Pairs of a vector and a precision matrix; their factors are [`GaussianWishart`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeanAndPrecision {}

impl Space for MeanAndPrecision {
    type Factor = GaussianWishart;

    fn factor(dimension: usize, natural: &[f64]) -> Result<GaussianWishart, Error> {
        let (mean, rest) = natural.split_at(dimension);
        let (inverse, rest) = rest.split_at(dimension * dimension);
        let precision = WishartPrecision::new(rest[1], inverse.to_vec())?;
        GaussianWishart::new(mean.to_vec(), rest[0], precision)
    }
}

/// Shares of K ≥ 2 classes, which add up to 1; their factors are Dirichlets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Simplex {}

impl Space for Simplex {
    type Factor = distribution::Dirichlet;

    fn factor(_: usize, natural: &[f64]) -> Result<Self::Factor, Error> {
        distribution::Dirichlet::new(natural.to_vec())
    }
}

impl Constant for Simplex {
    fn known(value: &[f64]) -> Result<(Vec<f64>, usize), Error> {
        check::at_least("the number of shares", value.len(), 2)?;
        check::each_positive("a share", value)?;
        check::probabilities("a vector of shares", value)?;
        Ok((value.iter().map(|&share| libm::log(share)).collect(), value.len()))
    }
}

/// Probabilities; their factors are betas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probability {}

impl Space for Probability {
    type Factor = distribution::Beta;

    fn factor(_: usize, natural: &[f64]) -> Result<Self::Factor, Error> {
        distribution::Beta::new(natural[1], natural[0])
    }
}

impl Constant for Probability {
    fn known(value: &[f64]) -> Result<(Vec<f64>, usize), Error> {
        Error::check_shape("a probability", &[1], &[value.len()])?;
        let p = check::between("a probability", value[0], 0.0, 1.0)?;
        Ok((vec![libm::log1p(-p), libm::log(p)], 2))
    }
}

/// Classes, numbered from 0; their factors are categoricals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {}

impl Space for Class {
    type Factor = distribution::Categorical;

    fn factor(_: usize, natural: &[f64]) -> Result<Self::Factor, Error> {
        distribution::Categorical::new(natural.to_vec())
    }
}

/// 0 or 1; their factors are Bernoullis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {}

impl Space for Binary {
    type Factor = distribution::Bernoulli;

    fn factor(_: usize, natural: &[f64]) -> Result<Self::Factor, Error> {
        distribution::Bernoulli::new(natural[1] - natural[0])
    }
}

/// Counts; their factors are Poissons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {}

impl Space for Count {
    type Factor = distribution::Poisson;

    fn factor(_: usize, natural: &[f64]) -> Result<Self::Factor, Error> {
        // Under a nearly flat prior E[log λ] is below the range of exp.
        distribution::Poisson::new(libm::exp(natural[0]).max(f64::MIN_POSITIVE))
    }
}
