//! The full Gaussian N(μ, L Lᵀ), held by its Cholesky factor: no matrix is ever inverted.

use std::f64::consts::TAU;

use crate::{
    Error, check,
    distribution::{
        Cholesky, DiagonalGaussian, Entropy, LogDensity, Moments, PathGradient, Sample, Score, cholesky::dot,
        gaussian::standard_log_density,
    },
    random::Key,
};

/// N(μ, L Lᵀ), D coordinates. Its parameters are μ, then the rows of L up to the diagonal: D + D(D + 1)/2 numbers.
///
/// ```
/// use elbo::distribution::{Cholesky, FullGaussian, LogDensity};
/// let q = FullGaussian::new(vec![0.0, 1.0], Cholesky::of(&[1.0, 0.5, 0.5, 1.0], 2)?)?;
/// let peak = -(2.0 * std::f64::consts::PI).ln() - 0.5 * 0.75f64.ln();
/// assert!((q.log_density(&[0.0, 1.0]) - peak).abs() < 1e-15);
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct FullGaussian {
    mean: Vec<f64>,
    factor: Cholesky,
}

impl FullGaussian {
    /// Makes the distribution from μ, `[D]`, and the factor of the covariance, `[D, D]`.
    ///
    /// # Errors
    /// It fails where the dimensions differ, or a mean is not finite.
    pub fn new(mean: Vec<f64>, factor: Cholesky) -> Result<Self, Error> {
        check::all_finite("the mean", &mean)?;
        Error::check_shape("the factor of the covariance", &[mean.len(); 2], &[factor.dimension(); 2])?;
        Ok(Self { mean, factor })
    }

    /// The mean μ, `[D]`.
    pub fn location(&self) -> &[f64] {
        &self.mean
    }

    /// The Cholesky factor L of the covariance, `[D, D]`.
    pub fn factor(&self) -> &Cholesky {
        &self.factor
    }

    /// ε = L⁻¹ (x − μ).
    pub(crate) fn standardise(&self, x: &[f64]) -> Vec<f64> {
        let centred: Vec<f64> = x.iter().zip(&self.mean).map(|(x, m)| x - m).collect();
        self.factor.solve(&centred)
    }

    fn noise(&self, key: Key, row: u64) -> Vec<f64> {
        let mut noise = vec![0.0; self.mean.len()];
        key.normals(row, &mut noise);
        noise
    }
}

impl From<&DiagonalGaussian> for FullGaussian {
    fn from(q: &DiagonalGaussian) -> Self {
        let n = q.coordinates().len();
        let mut factor = vec![0.0; n * n];
        for (i, coordinate) in q.coordinates().iter().enumerate() {
            factor[i * n + i] = coordinate.sigma();
        }
        let mean = q.coordinates().iter().map(super::Gaussian::location).collect();
        Self { mean, factor: Cholesky::from_factor(factor, n).expect("every sigma is positive") }
    }
}

impl LogDensity<[f64]> for FullGaussian {
    fn log_density(&self, x: &[f64]) -> f64 {
        if x.len() != self.mean.len() {
            return f64::NEG_INFINITY;
        }
        let noise: f64 = self.standardise(x).into_iter().map(standard_log_density).sum();
        noise - 0.5 * self.factor.ln_determinant()
    }
}

impl Sample for FullGaussian {
    type Value = Vec<f64>;
    fn sample(&self, key: Key, row: u64) -> Vec<f64> {
        let moved = self.factor.multiply(&self.noise(key, row));
        moved.iter().zip(&self.mean).map(|(z, m)| z + m).collect()
    }
}

impl Moments for FullGaussian {
    type Value = Vec<f64>;
    fn mean(&self) -> Option<Vec<f64>> {
        Some(self.mean.clone())
    }
    fn variance(&self) -> Option<Vec<f64>> {
        Some((0..self.mean.len()).map(|i| dot(self.factor.row(i), self.factor.row(i))).collect())
    }
}

impl Entropy for FullGaussian {
    /// D/2 log 2πe + ½ log |Σ|.
    fn entropy(&self) -> f64 {
        0.5 * (self.mean.len() as f64 * (1.0 + TAU.ln()) + self.factor.ln_determinant())
    }
}

impl Score<[f64]> for FullGaussian {
    /// ∂/∂μ = L⁻ᵀ ε; ∂/∂L_ij = (L⁻ᵀ ε)_i ε_j − 1{i = j}/L_ii, ε = L⁻¹ (x − μ).
    fn score(&self, x: &[f64]) -> Vec<f64> {
        let noise = self.standardise(x);
        let pulled = self.factor.solve_transposed(&noise);
        let mut score = pulled.clone();
        for (i, diagonal) in self.factor.diagonal().enumerate() {
            score.extend(noise[..=i].iter().map(|e| pulled[i] * e));
            *score.last_mut().expect("a row has its diagonal") -= diagonal.recip();
        }
        score
    }
}

impl PathGradient for FullGaussian {
    /// z = μ + L ε: (c, c_i ε_j for j ≤ i).
    fn path_gradient(&self, key: Key, row: u64, cotangent: &Vec<f64>) -> Vec<f64> {
        let noise = self.noise(key, row);
        let rows = cotangent.iter().enumerate().flat_map(|(i, c)| noise[..=i].iter().map(move |e| c * e));
        cotangent.iter().copied().chain(rows).collect()
    }
}
