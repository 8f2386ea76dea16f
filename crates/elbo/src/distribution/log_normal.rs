//! The log-normal: x = e^z, z ~ N(μ, σ²).

use crate::{
    Error,
    distribution::{Entropy, Gaussian, LogDensity, Moments, PathGradient, Sample, Score},
    random::Key,
};

/// The distribution of e^z, z ~ N(μ, σ²).
///
/// ```
/// use elbo::distribution::{LogDensity, LogNormal, Moments};
/// let q = LogNormal::new(0.0, 1.0)?;
/// assert_eq!(q.mean(), Some(0.5f64.exp()));
/// assert_eq!(q.log_density(&0.0), f64::NEG_INFINITY);
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogNormal(Gaussian);

impl LogNormal {
    /// Makes the distribution from the mean and the standard deviation of log x.
    ///
    /// # Errors
    /// It fails where `mean` is not finite, or `sigma` not a finite number > 0.
    pub fn new(mean: f64, sigma: f64) -> Result<Self, Error> {
        Gaussian::new(mean, sigma).map(Self)
    }

    /// The distribution of log x.
    pub fn logarithm(&self) -> &Gaussian {
        &self.0
    }
}

impl LogDensity<f64> for LogNormal {
    fn log_density(&self, x: &f64) -> f64 {
        if *x <= 0.0 || x.is_infinite() {
            return f64::NEG_INFINITY;
        }
        self.0.log_density(&x.ln()) - x.ln()
    }
}

impl Sample for LogNormal {
    type Value = f64;
    fn sample(&self, key: Key, row: u64) -> f64 {
        libm::exp(self.0.sample(key, row))
    }
}

impl Moments for LogNormal {
    type Value = f64;
    fn mean(&self) -> Option<f64> {
        Some((self.0.location() + 0.5 * self.0.sigma().powi(2)).exp())
    }
    fn variance(&self) -> Option<f64> {
        let sigma2 = self.0.sigma().powi(2);
        Some(sigma2.exp_m1() * (2.0 * self.0.location() + sigma2).exp())
    }
}

impl Entropy for LogNormal {
    fn entropy(&self) -> f64 {
        self.0.entropy() + self.0.location()
    }
}

impl Score<f64> for LogNormal {
    fn score(&self, x: &f64) -> Vec<f64> {
        self.0.score(&x.ln())
    }
}

impl PathGradient for LogNormal {
    /// ∂x/∂λ = x ∂z/∂λ.
    fn path_gradient(&self, key: Key, row: u64, cotangent: &f64) -> Vec<f64> {
        self.0.path_gradient(key, row, &(cotangent * self.sample(key, row)))
    }
}
