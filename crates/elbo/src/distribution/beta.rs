//! The beta distribution: p(x) = xᵃ⁻¹ (1 − x)ᵇ⁻¹ / B(a, b).

use crate::{
    Error, check,
    distribution::{
        Entropy, LogDensity, Moments, PathGradient, Sample, Score,
        standard_gamma::{ln_gamma_path_derivative, ln_standard_gamma},
        stream::Stream,
    },
    random::Key,
    special::{digamma, ln_beta, logistic},
};

/// Beta(a, b).
///
/// ```
/// use elbo::distribution::{Beta, LogDensity};
/// let p = Beta::new(2.0, 1.0)?; // 2x
/// assert!(p.log_density(&0.5).abs() < 1e-15);
/// assert_eq!(p.log_density(&1.5), f64::NEG_INFINITY);
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beta {
    a: f64,
    b: f64,
}

impl Beta {
    /// Makes the distribution from a and b.
    ///
    /// # Errors
    /// It fails where either is not a finite number > 0.
    pub fn new(a: f64, b: f64) -> Result<Self, Error> {
        Ok(Self { a: check::positive("a", a)?, b: check::positive("b", b)? })
    }

    /// The first parameter, a.
    pub fn a(&self) -> f64 {
        self.a
    }

    /// The second parameter, b.
    pub fn b(&self) -> f64 {
        self.b
    }

    /// log g of the two gamma variables with x = g_a/(g_a + g_b).
    fn sample_ln_gammas(&self, key: Key, row: u64) -> [f64; 2] {
        let mut stream = Stream::new(key, row);
        [self.a, self.b].map(|shape| ln_standard_gamma(shape, &mut stream))
    }
}

impl LogDensity<f64> for Beta {
    fn log_density(&self, x: &f64) -> f64 {
        if *x <= 0.0 || *x >= 1.0 {
            return f64::NEG_INFINITY;
        }
        (self.a - 1.0) * x.ln() + (self.b - 1.0) * (-x).ln_1p() - ln_beta(self.a, self.b)
    }
}

impl Sample for Beta {
    type Value = f64;
    /// A draw that rounds to 0 or 1 is the nearest normal number within (0, 1).
    fn sample(&self, key: Key, row: u64) -> f64 {
        let [ln_a, ln_b] = self.sample_ln_gammas(key, row);
        let x = 1.0 / (1.0 + libm::exp(ln_b - ln_a));
        x.clamp(f64::MIN_POSITIVE, 1.0 - 0.5 * f64::EPSILON)
    }
}

impl Moments for Beta {
    type Value = f64;
    fn mean(&self) -> Option<f64> {
        Some(self.a / (self.a + self.b))
    }
    fn variance(&self) -> Option<f64> {
        let total = self.a + self.b;
        Some(self.a / total * (self.b / total) / (total + 1.0))
    }
}

impl Entropy for Beta {
    /// log B(a, b) − (a − 1) ψ(a) − (b − 1) ψ(b) + (a + b − 2) ψ(a + b).
    fn entropy(&self) -> f64 {
        let whole = digamma(self.a + self.b);
        ln_beta(self.a, self.b)
            + (self.a - 1.0) * (whole - digamma(self.a))
            + (self.b - 1.0) * (whole - digamma(self.b))
    }
}

impl Score<f64> for Beta {
    /// ∂/∂(a, b) = (log x − ψ(a), log(1 − x) − ψ(b)) + ψ(a + b).
    fn score(&self, x: &f64) -> Vec<f64> {
        let whole = digamma(self.a + self.b);
        vec![x.ln() - digamma(self.a) + whole, (-x).ln_1p() - digamma(self.b) + whole]
    }
}

impl PathGradient for Beta {
    /// Through the two gamma variables: ∂x/∂(a, b) = x (1 − x) (∂ log g_a/∂a, −∂ log g_b/∂b).
    fn path_gradient(&self, key: Key, row: u64, cotangent: &f64) -> Vec<f64> {
        let [ln_a, ln_b] = self.sample_ln_gammas(key, row);
        let slope = cotangent * logistic(ln_a - ln_b) * logistic(ln_b - ln_a);
        vec![slope * ln_gamma_path_derivative(self.a, ln_a), -slope * ln_gamma_path_derivative(self.b, ln_b)]
    }
}
