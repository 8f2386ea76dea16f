//! The diagonal Gaussian N(μ, diag σ²) of a vector: independent coordinates (E12).

use crate::{
    Error, check,
    distribution::{Entropy, Gaussian, LogDensity, Moments, PathGradient, Sample, Score},
    random::Key,
};

/// N(μ, diag σ²), D coordinates. Its parameters are μ, then σ: 2D numbers.
///
/// ```
/// use elbo::distribution::{DiagonalGaussian, LogDensity, Moments};
/// let q = DiagonalGaussian::new(vec![0.0, 1.0], vec![1.0, 0.5])?;
/// assert_eq!(q.variance(), Some(vec![1.0, 0.25]));
/// assert!(q.log_density(&[0.0, 1.0]) > q.log_density(&[0.1, 1.0]));
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct DiagonalGaussian {
    coordinates: Vec<Gaussian>,
}

impl DiagonalGaussian {
    /// Makes the distribution from μ and σ, `[D]` each.
    ///
    /// # Errors
    /// It fails where their lengths differ or are 0, a mean is not finite, or a σ is not a finite number > 0.
    pub fn new(mean: Vec<f64>, sigma: Vec<f64>) -> Result<Self, Error> {
        check::all_finite("the mean", &mean)?;
        Error::check_shape("sigma", &[mean.len()], &[sigma.len()])?;
        let pairs = mean.into_iter().zip(sigma);
        Ok(Self { coordinates: pairs.map(|(m, s)| Gaussian::new(m, s)).collect::<Result<_, _>>()? })
    }

    /// The univariate Gaussian of each coordinate.
    pub fn coordinates(&self) -> &[Gaussian] {
        &self.coordinates
    }

    fn noise(&self, key: Key, row: u64) -> Vec<f64> {
        let mut noise = vec![0.0; self.coordinates.len()];
        key.normals(row, &mut noise);
        noise
    }
}

impl LogDensity<[f64]> for DiagonalGaussian {
    fn log_density(&self, x: &[f64]) -> f64 {
        if x.len() != self.coordinates.len() {
            return f64::NEG_INFINITY;
        }
        self.coordinates.iter().zip(x).map(|(q, x)| q.log_density(x)).sum()
    }
}

impl Sample for DiagonalGaussian {
    type Value = Vec<f64>;
    fn sample(&self, key: Key, row: u64) -> Vec<f64> {
        let noise = self.noise(key, row);
        self.coordinates.iter().zip(noise).map(|(q, e)| q.location() + q.sigma() * e).collect()
    }
}

impl Moments for DiagonalGaussian {
    type Value = Vec<f64>;
    fn mean(&self) -> Option<Vec<f64>> {
        self.coordinates.iter().map(Moments::mean).collect()
    }
    fn variance(&self) -> Option<Vec<f64>> {
        self.coordinates.iter().map(Moments::variance).collect()
    }
}

impl Entropy for DiagonalGaussian {
    fn entropy(&self) -> f64 {
        self.coordinates.iter().map(Entropy::entropy).sum()
    }
}

impl Score<[f64]> for DiagonalGaussian {
    fn score(&self, x: &[f64]) -> Vec<f64> {
        let each: Vec<Vec<f64>> = self.coordinates.iter().zip(x).map(|(q, x)| q.score(x)).collect();
        let column = |j: usize| each.iter().map(move |score| score[j]);
        column(0).chain(column(1)).collect()
    }
}

impl PathGradient for DiagonalGaussian {
    /// z = μ + σ ⊙ ε: (c, c ⊙ ε).
    fn path_gradient(&self, key: Key, row: u64, cotangent: &Vec<f64>) -> Vec<f64> {
        let in_sigma = self.noise(key, row).into_iter().zip(cotangent).map(|(e, c)| e * c);
        cotangent.iter().copied().chain(in_sigma).collect()
    }
}
