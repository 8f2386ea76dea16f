//! Bijections between unconstrained vectors and constrained ones, with the logarithm of their determinant: a
//! density of a constrained θ = T(ζ) is one of ζ by log p(ζ) = log p(T(ζ)) + log |det ∂T/∂ζ|
//! (Kucukelbir et al., *Automatic differentiation variational inference*, 2017; Stan reference manual, ch. 10).

use crate::{
    Error, check,
    distribution::{Cholesky, LogDensity},
    special::{ln_logistic, ln_ratio, logistic, softplus},
};

/// What an inverse is asked of.
const VALUE: &str = "a constrained value";

/// A smooth bijection T from Rᵈ onto the constrained values.
///
/// ```
/// use elbo::transform::{Bijection, Interval};
/// let unit = Interval::new(0.0, 1.0)?;
/// let theta = unit.forward(&[0.0, 2.0])?;
/// assert_eq!(theta[0], 0.5);
/// assert!((unit.inverse(&theta)?[1] - 2.0).abs() < 1e-15);
/// assert_eq!(unit.ln_determinant(&[0.0])?, 0.25f64.ln());
/// # Ok::<(), elbo::Error>(())
/// ```
pub trait Bijection {
    /// θ = T(ζ).
    ///
    /// # Errors
    /// It fails where `zeta` is of another length than the bijection's.
    fn forward(&self, zeta: &[f64]) -> Result<Vec<f64>, Error>;

    /// ζ = T⁻¹(θ).
    ///
    /// # Errors
    /// It fails where `theta` is of another length, or does not keep the constraint.
    fn inverse(&self, theta: &[f64]) -> Result<Vec<f64>, Error>;

    /// log |det ∂T/∂ζ| at ζ, with θ by its free coordinates: the shares of a simplex but the last, the lower
    /// triangle of a factor.
    ///
    /// # Errors
    /// It fails where `zeta` is of another length.
    fn ln_determinant(&self, zeta: &[f64]) -> Result<f64, Error>;
}

/// The density of ζ of which θ = T(ζ) has the given one.
#[derive(Clone, Debug)]
pub struct Unconstrained<P, T> {
    /// The density of θ.
    pub constrained: P,
    /// T.
    pub bijection: T,
}

impl<P: LogDensity<[f64]>, T: Bijection> LogDensity<[f64]> for Unconstrained<P, T> {
    fn log_density(&self, zeta: &[f64]) -> f64 {
        match (self.bijection.forward(zeta), self.bijection.ln_determinant(zeta)) {
            (Ok(theta), Ok(ln_determinant)) => self.constrained.log_density(&theta) + ln_determinant,
            _ => f64::NEG_INFINITY,
        }
    }
}

/// θ = e^ζ > 0, each coordinate.
#[derive(Clone, Copy, Debug)]
pub struct Exponential;

impl Bijection for Exponential {
    fn forward(&self, zeta: &[f64]) -> Result<Vec<f64>, Error> {
        Ok(zeta.iter().map(|z| z.exp()).collect())
    }
    fn inverse(&self, theta: &[f64]) -> Result<Vec<f64>, Error> {
        theta.iter().map(|&t| check::positive(VALUE, t).map(f64::ln)).collect()
    }
    fn ln_determinant(&self, zeta: &[f64]) -> Result<f64, Error> {
        Ok(zeta.iter().sum())
    }
}

/// θ = log(1 + e^ζ) > 0, each coordinate: grows no faster than ζ.
#[derive(Clone, Copy, Debug)]
pub struct Softplus;

impl Bijection for Softplus {
    fn forward(&self, zeta: &[f64]) -> Result<Vec<f64>, Error> {
        Ok(zeta.iter().map(|&z| softplus(z)).collect())
    }
    fn inverse(&self, theta: &[f64]) -> Result<Vec<f64>, Error> {
        // log(e^θ − 1) = θ + log(1 − e^−θ), which does not overflow.
        theta.iter().map(|&t| check::positive(VALUE, t).map(|t| t + (-(-t).exp_m1()).ln())).collect()
    }
    fn ln_determinant(&self, zeta: &[f64]) -> Result<f64, Error> {
        Ok(zeta.iter().map(|&z| ln_logistic(z)).sum())
    }
}

/// θ = low + (high − low) S(ζ), each coordinate, S the logistic function.
#[derive(Clone, Copy, Debug)]
pub struct Interval {
    low: f64,
    high: f64,
}

impl Interval {
    /// Onto (low, high).
    ///
    /// # Errors
    /// It fails where the ends are not finite or not in order.
    pub fn new(low: f64, high: f64) -> Result<Self, Error> {
        check::finite("the low end of an interval", low)?;
        check::above("the high end of an interval", high, low)?;
        check::finite("the length of an interval", high - low)?;
        Ok(Self { low, high })
    }
}

impl Bijection for Interval {
    fn forward(&self, zeta: &[f64]) -> Result<Vec<f64>, Error> {
        // From the nearer end, so that the distance to it keeps its digits.
        let width = self.high - self.low;
        let onto = |z: f64| {
            if z < 0.0 { self.low + width * logistic(z) } else { self.high - width * logistic(-z) }
        };
        Ok(zeta.iter().map(|&z| onto(z)).collect())
    }
    fn inverse(&self, theta: &[f64]) -> Result<Vec<f64>, Error> {
        let inside = |t: f64| check::between(VALUE, t, self.low, self.high);
        theta.iter().map(|&t| inside(t).map(|t| ln_ratio(t - self.low, self.high - t))).collect()
    }
    fn ln_determinant(&self, zeta: &[f64]) -> Result<f64, Error> {
        let width = (self.high - self.low).ln();
        Ok(zeta.iter().map(|&z| width + ln_logistic(z) + ln_logistic(-z)).sum())
    }
}

/// K shares of a simplex from K − 1 numbers: share k is S(ζ_k − log(K − 1 − k)) of what the shares before it left,
/// so ζ = 0 are equal shares.
#[derive(Clone, Copy, Debug)]
pub struct StickBreaking {
    shares: usize,
}

impl StickBreaking {
    /// Onto the simplex of K = `shares` ≥ 2.
    ///
    /// # Errors
    /// It fails where `shares` < 2.
    pub fn new(shares: usize) -> Result<Self, Error> {
        check::at_least("the number of shares", shares, 2)?;
        Ok(Self { shares })
    }

    /// The logit of each break.
    fn logits<'a>(&'a self, zeta: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        zeta.iter().enumerate().map(|(k, z)| z - ((self.shares - 1 - k) as f64).ln())
    }
}

impl Bijection for StickBreaking {
    fn forward(&self, zeta: &[f64]) -> Result<Vec<f64>, Error> {
        length(zeta, self.shares - 1)?;
        let mut ln_rest = 0.0;
        let mut theta = Vec::with_capacity(self.shares);
        for logit in self.logits(zeta) {
            theta.push((ln_rest + ln_logistic(logit)).exp());
            ln_rest += ln_logistic(-logit);
        }
        theta.push(ln_rest.exp());
        Ok(theta)
    }
    fn inverse(&self, theta: &[f64]) -> Result<Vec<f64>, Error> {
        length(theta, self.shares)?;
        check::each_positive(VALUE, theta)?;
        check::probabilities("a vector of shares", theta)?;
        let mut zeta = vec![0.0; self.shares - 1];
        let mut rest = theta[self.shares - 1];
        // From the last share on: what is left is a sum, never a difference.
        for k in (0..self.shares - 1).rev() {
            zeta[k] = ln_ratio(theta[k], rest) + ((self.shares - 1 - k) as f64).ln();
            rest += theta[k];
        }
        Ok(zeta)
    }
    fn ln_determinant(&self, zeta: &[f64]) -> Result<f64, Error> {
        length(zeta, self.shares - 1)?;
        let (mut ln_rest, mut total) = (0.0, 0.0);
        for logit in self.logits(zeta) {
            let ln_left = ln_logistic(-logit);
            total += ln_rest + ln_logistic(logit) + ln_left;
            ln_rest += ln_left;
        }
        Ok(total)
    }
}

/// The Cholesky factor of an n × n matrix, row by row with its zeros, from n(n + 1)/2 numbers: the rows of the
/// lower triangle, the diagonal by its logarithm.
#[derive(Clone, Copy, Debug)]
pub struct CholeskyFactor {
    dimension: usize,
}

impl CholeskyFactor {
    /// Onto the factors of n × n matrices, n = `dimension` ≥ 1.
    ///
    /// # Errors
    /// It fails where `dimension` is 0.
    pub fn new(dimension: usize) -> Result<Self, Error> {
        check::at_least("the dimension of a factor", dimension, 1)?;
        Ok(Self { dimension })
    }

    fn free(self) -> usize {
        self.dimension * (self.dimension + 1) / 2
    }
}

impl Bijection for CholeskyFactor {
    fn forward(&self, zeta: &[f64]) -> Result<Vec<f64>, Error> {
        length(zeta, self.free())?;
        let mut entries = zeta.iter();
        let mut factor = vec![0.0; self.dimension * self.dimension];
        for (i, row) in factor.chunks_mut(self.dimension).enumerate() {
            for (entry, z) in row[..=i].iter_mut().zip(&mut entries) {
                *entry = *z;
            }
            row[i] = row[i].exp();
        }
        Ok(factor)
    }
    fn inverse(&self, theta: &[f64]) -> Result<Vec<f64>, Error> {
        let factor = Cholesky::from_factor(theta.to_vec(), self.dimension)?;
        let mut zeta = Vec::with_capacity(self.free());
        for i in 0..self.dimension {
            zeta.extend(&factor.row(i)[..i]);
            zeta.push(factor.row(i)[i].ln());
        }
        Ok(zeta)
    }
    fn ln_determinant(&self, zeta: &[f64]) -> Result<f64, Error> {
        length(zeta, self.free())?;
        // ζ of the diagonal, entries 0, 2, 5, 9, …
        Ok((0..self.dimension).map(|i| zeta[i * (i + 3) / 2]).sum())
    }
}

/// An increasing vector: θ_0 = ζ_0, θ_k = θ_{k−1} + e^{ζ_k}.
#[derive(Clone, Copy, Debug)]
pub struct Ordered;

impl Bijection for Ordered {
    fn forward(&self, zeta: &[f64]) -> Result<Vec<f64>, Error> {
        let mut last = 0.0;
        let mut next = |(k, z): (usize, &f64)| {
            last += if k == 0 { *z } else { z.exp() };
            last
        };
        Ok(zeta.iter().enumerate().map(&mut next).collect())
    }
    fn inverse(&self, theta: &[f64]) -> Result<Vec<f64>, Error> {
        let steps = theta
            .windows(2)
            .map(|pair| check::above("a value after another", pair[1], pair[0]).map(|t| (t - pair[0]).ln()));
        theta.first().map(|&t| Ok(t)).into_iter().chain(steps).collect()
    }
    fn ln_determinant(&self, zeta: &[f64]) -> Result<f64, Error> {
        Ok(zeta.iter().skip(1).sum())
    }
}

fn length(values: &[f64], expected: usize) -> Result<(), Error> {
    Error::check_shape("a vector", &[expected], &[values.len()])
}
