//! Student's t: p(x) = (1 + u²/ν)^(−(ν+1)/2) / (s √ν B(½, ν/2)), u = (x − μ)/s.

use crate::{
    Error, check,
    distribution::{
        Entropy, LogDensity, Moments, PathGradient, Sample, Score,
        standard_gamma::{ln_gamma_path_derivative, ln_standard_gamma},
        stream::Stream,
    },
    random::Key,
    special::{digamma, ln_beta},
};

/// Student's t with ν degrees of freedom, location μ and scale s.
///
/// ```
/// use elbo::distribution::{LogDensity, Moments, StudentT};
/// let cauchy = StudentT::new(1.0, 0.0, 1.0)?;
/// assert!((cauchy.log_density(&0.0) + std::f64::consts::PI.ln()).abs() < 1e-15);
/// assert_eq!((cauchy.mean(), cauchy.variance()), (None, None));
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StudentT {
    freedom: f64,
    location: f64,
    scale: f64,
}

impl StudentT {
    /// Makes the distribution from the degrees of freedom ν, the location μ and the scale s.
    ///
    /// # Errors
    /// It fails where `location` is not finite, or one of the others not a finite number > 0.
    pub fn new(freedom: f64, location: f64, scale: f64) -> Result<Self, Error> {
        Ok(Self {
            freedom: check::positive("degrees of freedom", freedom)?,
            location: check::finite("location", location)?,
            scale: check::positive("scale", scale)?,
        })
    }

    /// The degrees of freedom ν.
    pub fn freedom(&self) -> f64 {
        self.freedom
    }

    /// The location μ.
    pub fn location(&self) -> f64 {
        self.location
    }

    /// The scale s.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// log g, g ~ Gamma(ν/2, 1), and u = ε √(ν/2g) of the draw of `row`.
    fn sample_standard(&self, key: Key, row: u64) -> (f64, f64) {
        let mut stream = Stream::new(key, row);
        let normal = stream.normal();
        let ln_g = ln_standard_gamma(0.5 * self.freedom, &mut stream);
        (ln_g, normal * libm::exp(0.5 * (libm::log(0.5 * self.freedom) - ln_g)))
    }

    /// log(1 + u²/ν), of a u whose square may overflow.
    fn ln_tail(&self, u: f64) -> f64 {
        if u.abs() < 1e100 { (u * u / self.freedom).ln_1p() } else { 2.0 * u.abs().ln() - self.freedom.ln() }
    }

    /// (ν + 1) u²/(ν + u²), likewise.
    fn pull(&self, u: f64) -> f64 {
        (self.freedom + 1.0) / (self.freedom / u / u + 1.0)
    }
}

impl LogDensity<f64> for StudentT {
    fn log_density(&self, x: &f64) -> f64 {
        let tail = self.ln_tail((x - self.location) / self.scale);
        let volume = ln_beta(0.5, 0.5 * self.freedom) + 0.5 * self.freedom.ln() + self.scale.ln();
        -0.5 * (self.freedom + 1.0) * tail - volume
    }
}

impl Sample for StudentT {
    type Value = f64;
    fn sample(&self, key: Key, row: u64) -> f64 {
        self.location + self.scale * self.sample_standard(key, row).1
    }
}

impl Moments for StudentT {
    type Value = f64;
    fn mean(&self) -> Option<f64> {
        (self.freedom > 1.0).then_some(self.location)
    }
    /// s² ν/(ν − 2), for ν > 2.
    fn variance(&self) -> Option<f64> {
        (self.freedom > 2.0).then(|| self.scale * self.scale * (self.freedom / (self.freedom - 2.0)))
    }
}

impl Entropy for StudentT {
    /// (ν + 1)/2 (ψ((ν + 1)/2) − ψ(ν/2)) + log s √ν B(½, ν/2).
    fn entropy(&self) -> f64 {
        let half = 0.5 * self.freedom;
        let volume = ln_beta(0.5, half) + 0.5 * self.freedom.ln() + self.scale.ln();
        (half + 0.5) * (digamma(half + 0.5) - digamma(half)) + volume
    }
}

impl Score<f64> for StudentT {
    /// ∂/∂(ν, μ, s), with w = (ν + 1) u²/(ν + u²):
    /// (½ (ψ((ν+1)/2) − ψ(ν/2) − log(1 + u²/ν) + (w − 1)/ν), w/(us), (w − 1)/s).
    fn score(&self, x: &f64) -> Vec<f64> {
        let (u, half) = ((x - self.location) / self.scale, 0.5 * self.freedom);
        let pull = self.pull(u);
        let of_gamma = digamma(half + 0.5) - digamma(half);
        vec![
            0.5 * (of_gamma - self.ln_tail(u) + (pull - 1.0) / self.freedom),
            if u == 0.0 { 0.0 } else { pull / u / self.scale },
            (pull - 1.0) / self.scale,
        ]
    }
}

impl PathGradient for StudentT {
    /// ∂u/∂ν = u (1/(2ν) − ¼ ∂ log g/∂(ν/2)), implicit in the gamma variable.
    fn path_gradient(&self, key: Key, row: u64, cotangent: &f64) -> Vec<f64> {
        let (ln_g, u) = self.sample_standard(key, row);
        let of_gamma = ln_gamma_path_derivative(0.5 * self.freedom, ln_g);
        let in_freedom = self.scale * u * (0.5 / self.freedom - 0.25 * of_gamma);
        vec![cotangent * in_freedom, *cotangent, cotangent * u]
    }
}
