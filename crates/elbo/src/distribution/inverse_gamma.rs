//! The inverse gamma: x = 1/g, g ~ Gamma(a, β), so p(x) = βᵃ x^(−a−1) e^(−β/x) / Γ(a).

use crate::{
    Error, check,
    distribution::{Entropy, Gamma, LogDensity, Moments, PathGradient, Sample, Score},
    random::Key,
    special::digamma,
};

/// InverseGamma(a, β), β the scale: the prior of a variance.
///
/// ```
/// use elbo::distribution::{InverseGamma, Moments};
/// let p = InverseGamma::new(1.5, 2.0)?;
/// assert_eq!(p.mean(), Some(4.0));
/// assert_eq!(p.variance(), None); // infinite for a ≤ 2
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InverseGamma {
    reciprocal: Gamma,
}

impl InverseGamma {
    /// Makes the distribution from the shape a and the scale β.
    ///
    /// # Errors
    /// It fails where either is not a finite number > 0.
    pub fn new(shape: f64, scale: f64) -> Result<Self, Error> {
        // Its own check, so that the message names the scale.
        let scale = check::positive("scale", scale)?;
        Ok(Self { reciprocal: Gamma::new(shape, scale)? })
    }

    /// The distribution of 1/x.
    pub fn reciprocal(&self) -> &Gamma {
        &self.reciprocal
    }
}

impl LogDensity<f64> for InverseGamma {
    fn log_density(&self, x: &f64) -> f64 {
        if *x <= 0.0 || x.is_infinite() {
            return f64::NEG_INFINITY;
        }
        self.reciprocal.log_density(&x.recip()) - 2.0 * x.ln()
    }
}

impl Sample for InverseGamma {
    type Value = f64;
    /// A draw beyond the greatest number is 1/(the least positive normal number).
    fn sample(&self, key: Key, row: u64) -> f64 {
        self.reciprocal.sample(key, row).recip()
    }
}

impl Moments for InverseGamma {
    type Value = f64;
    /// β/(a − 1), for a > 1.
    fn mean(&self) -> Option<f64> {
        let (shape, scale) = (self.reciprocal.shape(), self.reciprocal.rate());
        (shape > 1.0).then(|| scale / (shape - 1.0))
    }
    /// β²/((a − 1)² (a − 2)), for a > 2.
    fn variance(&self) -> Option<f64> {
        let shape = self.reciprocal.shape();
        self.mean().filter(|_| shape > 2.0).map(|mean| mean * mean / (shape - 2.0))
    }
}

impl Entropy for InverseGamma {
    /// a + log β + ln Γ(a) − (1 + a) ψ(a): that of 1/x, plus E\[log x²\].
    fn entropy(&self) -> f64 {
        self.reciprocal.entropy() + 2.0 * (self.reciprocal.rate().ln() - digamma(self.reciprocal.shape()))
    }
}

impl Score<f64> for InverseGamma {
    fn score(&self, x: &f64) -> Vec<f64> {
        self.reciprocal.score(&x.recip())
    }
}

impl PathGradient for InverseGamma {
    /// ∂x/∂λ = −x² ∂g/∂λ.
    fn path_gradient(&self, key: Key, row: u64, cotangent: &f64) -> Vec<f64> {
        let x = self.sample(key, row);
        self.reciprocal.path_gradient(key, row, &(-x * x * cotangent))
    }
}
