//! The gamma distribution with shape a and rate b: p(x) = bᵃ xᵃ⁻¹ e^(−bx) / Γ(a).

use std::f64::consts::TAU;

use crate::{
    Error, check,
    distribution::{
        Entropy, LogDensity, Moments, PathGradient, Sample, Score,
        deviance::ln_poisson,
        standard_gamma::{ln_gamma_path_derivative, ln_standard_gamma},
        stream::Stream,
    },
    random::Key,
    special::{binet, binet_slope, digamma, ln_ratio},
};

/// Gamma(a, b), b the rate.
///
/// ```
/// use elbo::distribution::{Entropy, Gamma, LogDensity};
/// let exponential = Gamma::new(1.0, 2.0)?;
/// assert!((exponential.log_density(&3.0) - (2f64.ln() - 6.0)).abs() < 1e-14);
/// assert!((exponential.entropy() - (1.0 - 2f64.ln())).abs() < 1e-15);
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gamma {
    shape: f64,
    rate: f64,
}

impl Gamma {
    /// Makes the distribution from the shape a and the rate b.
    ///
    /// # Errors
    /// It fails where either is not a finite number > 0.
    pub fn new(shape: f64, rate: f64) -> Result<Self, Error> {
        Ok(Self { shape: check::positive("shape", shape)?, rate: check::positive("rate", rate)? })
    }

    /// The shape a.
    pub fn shape(&self) -> f64 {
        self.shape
    }

    /// The rate b.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// log x of the draw of `row`: exact also where x underflows, as it does at small shapes.
    pub(super) fn sample_ln(&self, key: Key, row: u64) -> f64 {
        ln_standard_gamma(self.shape, &mut Stream::new(key, row)) - libm::log(self.rate)
    }
}

impl LogDensity<f64> for Gamma {
    fn log_density(&self, x: &f64) -> f64 {
        let scaled = self.rate * x;
        if *x <= 0.0 || scaled.is_infinite() {
            return f64::NEG_INFINITY;
        }
        let ratio = if scaled.is_normal() {
            ln_ratio(scaled, self.shape)
        } else {
            self.rate.ln() + x.ln() - self.shape.ln()
        };
        // As a Poisson mass in a, which stays exact where a is large.
        self.shape.ln() - x.ln() + ln_poisson(self.shape, scaled, ratio)
    }
}

impl Sample for Gamma {
    type Value = f64;
    /// Marsaglia and Tsang 2000. A draw below the least positive normal number is that number.
    fn sample(&self, key: Key, row: u64) -> f64 {
        libm::exp(self.sample_ln(key, row)).max(f64::MIN_POSITIVE)
    }
}

impl Moments for Gamma {
    type Value = f64;
    fn mean(&self) -> Option<f64> {
        Some(self.shape / self.rate)
    }
    fn variance(&self) -> Option<f64> {
        Some(self.shape / self.rate / self.rate)
    }
}

impl Entropy for Gamma {
    /// a − log b + ln Γ(a) + (1 − a) ψ(a).
    fn entropy(&self) -> f64 {
        standard_entropy(self.shape) - self.rate.ln()
    }
}

impl Score<f64> for Gamma {
    /// ∂/∂(a, b) = (log bx − ψ(a), a/b − x).
    fn score(&self, x: &f64) -> Vec<f64> {
        vec![self.rate.ln() + x.ln() - digamma(self.shape), self.shape / self.rate - x]
    }
}

impl PathGradient for Gamma {
    /// Implicit in the shape; x = g/b in the rate.
    fn path_gradient(&self, key: Key, row: u64, cotangent: &f64) -> Vec<f64> {
        let ln_x = self.sample_ln(key, row);
        let x = self.sample(key, row) * cotangent;
        vec![x * ln_gamma_path_derivative(self.shape, ln_x + self.rate.ln()), -x / self.rate]
    }
}

/// The entropy of Gamma(a, 1) in Binet's function, ½ log 2πea − 1/(2a) + δ(a) + (1 − a) δ′(a): large a do not
/// cancel.
pub(super) fn standard_entropy(a: f64) -> f64 {
    0.5 * (1.0 + TAU.ln() + a.ln()) - 0.5 / a + binet(a) + (1.0 - a) * binet_slope(a)
}
