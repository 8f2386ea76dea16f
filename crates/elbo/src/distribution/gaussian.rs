//! Gaussians: the density of a number (f64), and of tensors the standard prior, the diagonal guide (E12, E14)
//! and the likelihood (E11).
//!
//! All stand on one definition, Σ_j −½ log 2π − ½ ε_j² of [`standard_log_density`], and on the change of
//! variables log N(x; μ, σ²) = log N(ε; 0, 1) − log σ, ε = (x − μ)/σ.

use std::f64::consts::TAU;

use burn::tensor::Tensor;

use crate::{
    Error, check,
    distribution::{Entropy, LogDensity, Moments, PathGradient, Real, Row, Sample, Score},
    random::Key,
};

/// log N(z; 0, I) of each row, in nats (E12): Σ_j −½ log 2π − ½ z_j².
///
/// `z` is a number, or a tensor `[R, K]` whose result is `[R]`.
///
/// ```
/// use elbo::distribution::gaussian::standard_log_density;
/// assert_eq!(standard_log_density(0.0), -0.5 * std::f64::consts::TAU.ln());
/// ```
pub fn standard_log_density<R: Row>(z: R) -> R::Sum {
    let constant = -0.5 * z.columns() as f64 * TAU.ln();
    z.square().sum().scale(-0.5).shift(constant)
}

/// log N(x; mean, diag σ²) of each row, in nats (E11), every constant kept.
///
/// `x` and `mean` are `[R, D]`; `log_sigma` is `[1]`, one σ for all columns, or `[D]`. The result is `[R]`:
/// −½ Σ_d ((x_d − mean_d)/σ_d)² − Σ_d log σ_d − (D/2) log 2π.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use elbo::distribution::gaussian::log_likelihood;
/// let device = Device::flex();
/// let x = Tensor::<2>::from_data([[1.0, 1.0]], &device);
/// let log_sigma = Tensor::<1>::from_data([0.0], &device); // σ = 1
/// let nats: f32 = log_likelihood(x.clone(), x, log_sigma).into_scalar();
/// assert!((nats + (2.0 * std::f32::consts::PI).ln()).abs() < 1e-6); // −(2/2) log 2π
/// ```
pub fn log_likelihood(x: Tensor<2>, mean: Tensor<2>, log_sigma: Tensor<1>) -> Tensor<1> {
    let repeats = x.dims()[1] / log_sigma.dims()[0];
    let scaled = (x - mean) * log_sigma.clone().neg().exp().unsqueeze::<2>();
    standard_log_density(scaled) - log_sigma.sum().mul_scalar(repeats as f64)
}

/// N(μ, diag σ²) for each of R rows, held as μ and s = log σ², both `[R, K]`.
#[derive(Clone, Debug)]
pub struct Diagonal {
    /// μ, `[R, K]`.
    pub mean: Tensor<2>,
    /// s = log σ², `[R, K]`.
    pub log_variance: Tensor<2>,
}

/// |log σ²| of a network's output never exceeds this, so exp() stays far from overflow in f32 (e^30 ≈ 1e13) by
/// construction.
const LOG_VARIANCE_BOUND: f64 = 30.0;

impl Diagonal {
    /// Makes the distribution from a network's output, `[R, 2K]`, whose halves are μ and a, with log σ² = 30
    /// tanh(a/30): this is the identity near 0 (to 1 % for |a| ≤ 5), never beyond ±30, and has a gradient everywhere.
    pub fn of_head(output: Tensor<2>) -> Self {
        let latent = output.dims()[1] / 2;
        let mut halves = output.split(latent, 1);
        let log_variance = halves.remove(1);
        Self {
            mean: halves.remove(0),
            log_variance: log_variance.div_scalar(LOG_VARIANCE_BOUND).tanh().mul_scalar(LOG_VARIANCE_BOUND),
        }
    }

    /// A copy whose parameters are held: no derivative goes into them.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self { mean: self.mean.clone().detach(), log_variance: self.log_variance.clone().detach() }
    }

    /// σ, `[R, K]`.
    pub fn standard_deviation(&self) -> Tensor<2> {
        self.log_variance.clone().mul_scalar(0.5).exp()
    }

    /// z = μ + σ ⊙ ε (E14); differentiable in μ and s. `noise` and the result are `[R, K]`.
    pub fn sample(&self, noise: Tensor<2>) -> Tensor<2> {
        self.mean.clone() + self.standard_deviation() * noise
    }

    /// log q(z) at z = μ + σ ⊙ ε, `[R]`, in nats (E12): Σ_j −½ log 2π − ½ s_j − ½ ε_j².
    ///
    /// Written in ε, it needs no division by σ and no difference z − μ: exact also for tiny σ.
    pub fn log_density_at_noise(&self, noise: Tensor<2>) -> Tensor<1> {
        standard_log_density(noise) - self.log_variance.clone().sum_dim(1).squeeze_dim::<1>(1).mul_scalar(0.5)
    }

    /// log q(z) at any z, `[R, K]` to `[R]`, in nats; differentiable in z, μ and s.
    pub fn log_density(&self, z: Tensor<2>) -> Tensor<1> {
        self.log_density_at_noise(self.noise(z))
    }

    /// log q(z_j) of each coordinate at z = μ + σ ⊙ ε, `[R, K]`, in nats.
    pub fn log_densities_at_noise(&self, noise: Tensor<2>) -> Tensor<2> {
        (noise.square() + self.log_variance.clone()).add_scalar(TAU.ln()).mul_scalar(-0.5)
    }

    /// log q(z_j) of each coordinate at any z, `[R, K]`, in nats.
    pub fn log_densities(&self, z: Tensor<2>) -> Tensor<2> {
        self.log_densities_at_noise(self.noise(z))
    }

    /// ε of z, `[R, K]`.
    fn noise(&self, z: Tensor<2>) -> Tensor<2> {
        (z - self.mean.clone()) * self.log_variance.clone().mul_scalar(-0.5).exp()
    }
}

/// N(μ, σ²) of a number.
///
/// ```
/// use elbo::distribution::{Gaussian, LogDensity, Moments};
/// let q = Gaussian::new(1.0, 0.5)?; // μ, σ
/// assert_eq!(q.variance(), Some(0.25));
/// assert!(q.log_density(&1.0) > q.log_density(&1.1));
/// assert_eq!(Gaussian::new(0.0, -0.2).unwrap_err().to_string(), "sigma is -0.2, but must be > 0 and finite");
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaussian {
    mean: f64,
    sigma: f64,
}

impl Gaussian {
    /// Makes the distribution N(`mean`, `sigma`²).
    ///
    /// # Errors
    /// It fails where `mean` is not finite, or `sigma` not a finite number > 0.
    pub fn new(mean: f64, sigma: f64) -> Result<Self, Error> {
        Ok(Self { mean: check::finite("mean", mean)?, sigma: check::positive("sigma", sigma)? })
    }

    /// The standard deviation σ.
    pub fn sigma(&self) -> f64 {
        self.sigma
    }

    /// The mean μ.
    pub fn location(&self) -> f64 {
        self.mean
    }

    /// The ε ~ N(0, 1) of which the draw of `row` is made.
    pub(super) fn noise(key: Key, row: u64) -> f64 {
        let mut noise = [0.0];
        key.normals(row, &mut noise);
        noise[0]
    }
}

impl LogDensity<f64> for Gaussian {
    fn log_density(&self, x: &f64) -> f64 {
        standard_log_density((x - self.mean) / self.sigma) - self.sigma.ln()
    }
}

impl Sample for Gaussian {
    type Value = f64;
    fn sample(&self, key: Key, row: u64) -> f64 {
        self.mean + self.sigma * Self::noise(key, row)
    }
}

impl Moments for Gaussian {
    type Value = f64;
    fn mean(&self) -> Option<f64> {
        Some(self.mean)
    }
    fn variance(&self) -> Option<f64> {
        Some(self.sigma * self.sigma)
    }
}

impl Entropy for Gaussian {
    /// ½ log 2πe + log σ.
    fn entropy(&self) -> f64 {
        0.5 + 0.5 * TAU.ln() + self.sigma.ln()
    }
}

impl Score<f64> for Gaussian {
    /// ∂/∂(μ, σ) = (ε, ε² − 1)/σ.
    fn score(&self, x: &f64) -> Vec<f64> {
        let noise = (x - self.mean) / self.sigma;
        vec![noise / self.sigma, (noise * noise - 1.0) / self.sigma]
    }
}

impl PathGradient for Gaussian {
    /// z = μ + σε: ∂z/∂(μ, σ) = (1, ε).
    fn path_gradient(&self, key: Key, row: u64, cotangent: &f64) -> Vec<f64> {
        vec![*cotangent, cotangent * Self::noise(key, row)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, TensorData};

    fn tensor<const D: usize>(values: &[f64], shape: [usize; D]) -> Tensor<D> {
        Tensor::from_data(TensorData::new(values.to_vec(), shape), (&Device::flex(), DType::F64))
    }

    fn log_normal(x: f64, mean: f64, sigma: f64) -> f64 {
        -0.5 * TAU.ln() - sigma.ln() - 0.5 * ((x - mean) / sigma).powi(2)
    }

    #[test]
    fn densities_agree_with_the_univariate_formula() {
        let x = [0.3, -1.2, 2.0, 0.1, 0.0, -0.7];
        let mean = [0.1, 0.2, 0.3, -0.4, 0.5, 0.6];
        let sigma = [0.5, 2.0, 1e-3];
        let logs = sigma.map(f64::ln);
        let got = log_likelihood(tensor(&x, [2, 3]), tensor(&mean, [2, 3]), tensor(&logs, [3]));
        let got: Vec<f64> = got.into_data().try_to_vec().unwrap();
        for row in 0..2 {
            let expected: f64 = (0..3).map(|d| log_normal(x[3 * row + d], mean[3 * row + d], sigma[d])).sum();
            assert!((got[row] - expected).abs() < 1e-12 * expected.abs());
        }
        // One σ for all columns.
        let got = log_likelihood(tensor(&x, [2, 3]), tensor(&mean, [2, 3]), tensor(&[0.5_f64.ln()], [1]));
        let got: Vec<f64> = got.into_data().try_to_vec().unwrap();
        let expected: f64 = (0..3).map(|d| log_normal(x[d], mean[d], 0.5)).sum();
        assert!((got[0] - expected).abs() < 1e-12 * expected.abs());
    }

    #[test]
    fn log_density_at_noise_is_the_density_at_the_sample() {
        let (mu, s, e) = ([0.4, -3.0], [-2.0, 1.0], [1.3, -0.2]);
        let q = Diagonal { mean: tensor(&mu, [1, 2]), log_variance: tensor(&s, [1, 2]) };
        let z: Vec<f64> = q.sample(tensor(&e, [1, 2])).into_data().try_to_vec().unwrap();
        let got: f64 = q.log_density_at_noise(tensor(&e, [1, 2])).into_scalar();
        let expected: f64 = (0..2).map(|j| log_normal(z[j], mu[j], (s[j] / 2.0).exp())).sum();
        assert!((got - expected).abs() < 1e-12);
        let prior: f64 = standard_log_density(tensor(&z, [1, 2])).into_scalar();
        let expected: f64 = z.iter().map(|&z| log_normal(z, 0.0, 1.0)).sum();
        assert!((prior - expected).abs() < 1e-12);
    }
}
