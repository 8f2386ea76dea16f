//! The Laplace distribution: p(x) = exp(−|x − μ|/b) / 2b.

use crate::{
    Error, check,
    distribution::{Entropy, LogDensity, Moments, PathGradient, Sample, Score, stream::Stream},
    random::Key,
};

/// Laplace(μ, b).
///
/// ```
/// use elbo::distribution::{Laplace, LogDensity};
/// assert_eq!(Laplace::new(1.0, 0.5)?.log_density(&1.0), 0.0); // 1/(2b) = 1
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Laplace {
    location: f64,
    scale: f64,
}

impl Laplace {
    /// Makes the distribution from the location μ and the scale b.
    ///
    /// # Errors
    /// It fails where `location` is not finite, or `scale` not a finite number > 0.
    pub fn new(location: f64, scale: f64) -> Result<Self, Error> {
        Ok(Self { location: check::finite("location", location)?, scale: check::positive("scale", scale)? })
    }

    /// The location μ.
    pub fn location(&self) -> f64 {
        self.location
    }

    /// The scale b.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// (x − μ)/b of the draw of `row`: a signed exponential.
    fn noise(key: Key, row: u64) -> f64 {
        let mut stream = Stream::new(key, row);
        let magnitude = stream.exponential();
        if stream.uniform() < 0.5 { -magnitude } else { magnitude }
    }
}

impl LogDensity<f64> for Laplace {
    fn log_density(&self, x: &f64) -> f64 {
        -(x - self.location).abs() / self.scale - self.scale.ln() - 2f64.ln()
    }
}

impl Sample for Laplace {
    type Value = f64;
    fn sample(&self, key: Key, row: u64) -> f64 {
        self.location + self.scale * Self::noise(key, row)
    }
}

impl Moments for Laplace {
    type Value = f64;
    fn mean(&self) -> Option<f64> {
        Some(self.location)
    }
    fn variance(&self) -> Option<f64> {
        Some(2.0 * self.scale * self.scale)
    }
}

impl Entropy for Laplace {
    /// 1 + log 2b.
    fn entropy(&self) -> f64 {
        1.0 + 2f64.ln() + self.scale.ln()
    }
}

impl Score<f64> for Laplace {
    /// ∂/∂(μ, b) = (sign u, |u| − 1)/b, u = (x − μ)/b; at the kink 0 for μ.
    fn score(&self, x: &f64) -> Vec<f64> {
        let u = (x - self.location) / self.scale;
        let sign = if u == 0.0 { 0.0 } else { u.signum() };
        vec![sign / self.scale, (u.abs() - 1.0) / self.scale]
    }
}

impl PathGradient for Laplace {
    fn path_gradient(&self, key: Key, row: u64, cotangent: &f64) -> Vec<f64> {
        vec![*cotangent, cotangent * Self::noise(key, row)]
    }
}
