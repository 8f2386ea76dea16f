//! The linear-Gaussian model, probabilistic PCA (Tipping and Bishop 1999): E27.
//!
//! p(z) = N(0, I_K), p(x|z) = N(Wz + μ, σ²I), so p(x) = N(μ, WWᵀ + σ²I) exactly. With the eigenvalues
//! λ_1 ≥ … ≥ λ_D of the data's covariance (divided by N) the evidence is greatest at W = U_K (Λ_K − σ²I)^½ and,
//! where σ is free, σ² = the mean of λ_{K+1}, …, λ_D. No linear auto-encoder's bound exceeds it.

use faer::{Mat, Side};

use crate::{Error, check, minibatch::Rows};

/// A fitted linear-Gaussian model, in f64.
#[derive(Clone, Debug)]
pub struct LinearGaussian {
    mean: Vec<f64>,
    /// U_K: one unit vector of length D for each active dimension.
    directions: Vec<Vec<f64>>,
    /// λ_j of each active dimension, each > σ².
    eigenvalues: Vec<f64>,
    sigma2: f64,
}

impl LinearGaussian {
    /// The maximum-likelihood fit with K = `latent` dimensions. With `sigma2` given, that σ² is held and W and μ
    /// are optimal; dimensions whose λ_j ≤ σ² are then unused.
    ///
    /// # Errors
    /// It fails where there are no rows, where `latent` ≥ D with σ free, or where the data have no variance left beyond
    /// `latent` dimensions: the evidence then grows without limit as σ → 0.
    pub fn fit(rows: &Rows<'_>, latent: usize, sigma2: Option<f64>) -> Result<Self, Error> {
        let width = rows.width();
        check::at_least("the number of rows", rows.len(), 1)?;
        if sigma2.is_none() {
            let most = width.saturating_sub(1);
            check::at_most("latent", latent, most, "one less than the columns, where sigma is free")?;
        }
        let (mean, _) = rows.moments();
        let Spectrum { eigenvalues, direction } = spectrum(rows, &mean)?;
        let sigma2 = sigma2.unwrap_or_else(|| {
            let rest = eigenvalues.iter().skip(latent).map(|l| l.max(0.0));
            rest.sum::<f64>() / (width - latent) as f64
        });
        // Rounding leaves eigenvalues of a singular covariance near ε · λ_1 · D.
        let rounding = eigenvalues[0] * f64::EPSILON * width as f64;
        check::above("sigma², the variance beyond the latent dimensions,", sigma2, rounding)?;
        let active = eigenvalues.iter().take(latent).take_while(|&&l| l > sigma2).count();
        Ok(Self {
            mean,
            directions: (0..active).map(direction).collect(),
            eigenvalues: eigenvalues[..active].to_vec(),
            sigma2,
        })
    }

    /// log p(x) of a row, in nats, exactly.
    pub fn log_evidence(&self, x: &[f32]) -> f64 {
        let centred: Vec<f64> = x.iter().zip(&self.mean).map(|(&x, m)| f64::from(x) - m).collect();
        let squares = centred.iter().map(|v| v * v).sum::<f64>();
        let (mut explained, mut log_det) = (0.0, 0.0);
        for (u, lambda) in self.directions.iter().zip(&self.eigenvalues) {
            let score: f64 = u.iter().zip(&centred).map(|(u, v)| u * v).sum();
            explained += score * score * (1.0 - self.sigma2 / lambda);
            log_det += lambda.ln();
        }
        let rest = (x.len() - self.eigenvalues.len()) as f64;
        log_det += rest * self.sigma2.ln();
        -0.5 * (x.len() as f64 * std::f64::consts::TAU.ln() + log_det + (squares - explained) / self.sigma2)
    }

    /// The coordinates of a row along the active directions, from the mean: its principal components.
    pub fn principal_components(&self, x: &[f32]) -> Vec<f64> {
        let project =
            |u: &Vec<f64>| u.iter().zip(x).zip(&self.mean).map(|((u, &x), m)| u * (f64::from(x) - m)).sum();
        self.directions.iter().map(project).collect()
    }

    /// μ, the mean of the rows, `[D]`.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// W = U_K (Λ_K − σ²I)^½ of the active dimensions, one row of length D for each: any rotation of them fits as well.
    pub fn weights(&self) -> Vec<Vec<f64>> {
        let pairs = self.directions.iter().zip(&self.eigenvalues);
        pairs.map(|(u, l)| u.iter().map(|u| u * (l - self.sigma2).sqrt()).collect()).collect()
    }

    /// σ², the variance of the noise.
    pub fn sigma2(&self) -> f64 {
        self.sigma2
    }

    /// How many latent dimensions carry anything: those with λ_j > σ².
    pub fn active(&self) -> usize {
        self.eigenvalues.len()
    }
}

/// Rows accumulated into the covariance at a time.
const CHUNK: usize = 1024;

/// The eigenvalues of the covariance, largest first, but for those that are 0 because there are fewer rows than columns; and
/// the unit vector of each.
struct Spectrum {
    eigenvalues: Vec<f64>,
    direction: Box<dyn Fn(usize) -> Vec<f64>>,
}

/// By the covariance of the columns, or, where there are fewer rows, by the products of rows: X Xᵀ/N has the same eigenvalues
/// as Xᵀ X/N, and an eigenvector v of it gives the other's as Xᵀ v, which is then brought to length 1.
fn spectrum(rows: &Rows<'_>, mean: &[f64]) -> Result<Spectrum, Error> {
    let (n, width) = (rows.len(), rows.width());
    if n >= width {
        let (eigenvalues, vectors) = eigen(&covariance(rows, mean))?;
        let direction = move |j: usize| vectors.col(j).iter().copied().collect();
        return Ok(Spectrum { eigenvalues, direction: Box::new(direction) });
    }
    let values: Vec<&[f32]> = rows.iter().collect();
    let centred = Mat::from_fn(n, width, |i, j| f64::from(values[i][j]) - mean[j]);
    let (eigenvalues, vectors) = eigen(&(&centred * centred.transpose() * faer::Scale(1.0 / n as f64)))?;
    let direction = move |j: usize| {
        let u = centred.transpose() * vectors.col(j);
        let length = u.norm_l2();
        u.iter().map(|u| u / length).collect()
    };
    Ok(Spectrum { eigenvalues, direction: Box::new(direction) })
}

fn covariance(rows: &Rows<'_>, mean: &[f64]) -> Mat<f64> {
    let width = rows.width();
    let mut total = Mat::<f64>::zeros(width, width);
    for chunk in rows.index().chunks(CHUNK) {
        let part = rows.select(chunk.to_vec());
        let values: Vec<&[f32]> = part.iter().collect();
        let centred = Mat::from_fn(values.len(), width, |i, j| f64::from(values[i][j]) - mean[j]);
        total += centred.transpose() * &centred;
    }
    total * faer::Scale(1.0 / rows.len() as f64)
}

/// Eigenvalues, largest first, and eigenvectors as columns in the same order.
fn eigen(symmetric: &Mat<f64>) -> Result<(Vec<f64>, Mat<f64>), Error> {
    let eigen = symmetric
        .self_adjoint_eigen(Side::Lower)
        .map_err(|cause| Error::no_eigenvalues("the covariance of the data", cause))?;
    let ascending: Vec<f64> = eigen.S().column_vector().iter().copied().collect();
    Ok((ascending.into_iter().rev().collect(), eigen.U().reverse_cols().to_owned()))
}
