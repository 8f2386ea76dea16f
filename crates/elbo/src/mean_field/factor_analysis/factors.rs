//! q(W, μ), q(α), q(τ).

use serde::{Deserialize, Serialize};

use crate::{
    Error, check,
    conjugate::{Conjugate, PrecisionExpectations},
    distribution::{Cholesky, Gamma, Gaussian, cholesky::dot},
};

/// The factors of a fitted model of D columns and K latent dimensions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Serialised")]
#[non_exhaustive]
pub struct Posterior {
    /// E\[W\], the loadings, `[D, K]`.
    pub loadings: Vec<f64>,
    /// E\[μ\], `[D]`.
    pub mean: Vec<f64>,
    /// The covariance of (w_d, μ_d) of each column, `[D, K + 1, K + 1]`.
    pub covariance: Vec<f64>,
    /// a of q(α_k) = Gamma(a, b_k).
    pub relevance_shape: f64,
    /// b_k, `[K]`.
    pub relevance_rate: Vec<f64>,
    /// a of q(τ_d) = Gamma(a_d, b_d), `[D]`, or `[1]` of a τ for all columns.
    pub noise_shape: Vec<f64>,
    /// b_d, likewise.
    pub noise_rate: Vec<f64>,
}

/// As in a file.
#[derive(Deserialize)]
struct Serialised {
    loadings: Vec<f64>,
    mean: Vec<f64>,
    covariance: Vec<f64>,
    relevance_shape: f64,
    relevance_rate: Vec<f64>,
    noise_shape: Vec<f64>,
    noise_rate: Vec<f64>,
}

impl TryFrom<Serialised> for Posterior {
    type Error = Error;

    fn try_from(of: Serialised) -> Result<Self, Error> {
        let Serialised {
            loadings,
            mean,
            covariance,
            relevance_shape,
            relevance_rate,
            noise_shape,
            noise_rate,
        } = of;
        let q = Self { loadings, mean, covariance, relevance_shape, relevance_rate, noise_shape, noise_rate };
        let (k, d) = (q.latent(), q.columns());
        let noises = if q.noise_rate.len() == 1 { 1 } else { d };
        Error::check_shape(
            "q of the parameters",
            &[d * k, d * (k + 1) * (k + 1), noises, noises],
            &[q.loadings.len(), q.covariance.len(), q.noise_shape.len(), q.noise_rate.len()],
        )?;
        for (what, values) in [("E[μ]", &q.mean), ("E[W]", &q.loadings), ("Cov[W, μ]", &q.covariance)] {
            check::all_finite(what, values)?;
        }
        for d in 0..d {
            let named = |error: Error| error.named(&format!("the covariance of column {}", d + 1));
            Cholesky::of(q.covariance_of(d), k + 1).map_err(named)?;
        }
        let of_noise = q.noise_shape.iter().chain(&q.noise_rate);
        for &x in of_noise.chain(&q.relevance_rate).chain([&q.relevance_shape]) {
            check::positive("a or b of a precision", x)?;
        }
        Ok(q)
    }
}

impl Posterior {
    /// K, the number of latent dimensions.
    pub fn latent(&self) -> usize {
        self.relevance_rate.len()
    }

    /// D, the number of columns.
    pub fn columns(&self) -> usize {
        self.mean.len()
    }

    /// E\[w_d\], `[K]`.
    pub(super) fn loading(&self, d: usize) -> &[f64] {
        &self.loadings[d * self.latent()..(d + 1) * self.latent()]
    }

    /// E\[(w_d, μ_d)\], `[K + 1]`.
    pub(super) fn augmented(&self, d: usize) -> Vec<f64> {
        self.loading(d).iter().copied().chain([self.mean[d]]).collect()
    }

    /// Cov\[w_d, μ_d\], `[K + 1, K + 1]`.
    pub(super) fn covariance_of(&self, d: usize) -> &[f64] {
        let size = (self.latent() + 1).pow(2);
        &self.covariance[d * size..(d + 1) * size]
    }

    /// a and b of q(τ_d).
    pub(super) fn noise_parameters(&self, d: usize) -> (f64, f64) {
        let place = d % self.noise_rate.len();
        (self.noise_shape[place], self.noise_rate[place])
    }

    /// E\[τ_d\].
    pub fn noise_precision(&self, d: usize) -> f64 {
        let (shape, rate) = self.noise_parameters(d);
        shape / rate
    }

    /// E\[τ_d\] and E\[log τ_d\].
    pub(super) fn noise(&self, d: usize) -> Result<PrecisionExpectations, Error> {
        let (shape, rate) = self.noise_parameters(d);
        Ok(Conjugate::<Gaussian>::expectations(&Gamma::new(shape, rate)?))
    }

    /// E\[α_k\], `[K]`: great where a dimension is switched off.
    pub fn relevance(&self) -> Vec<f64> {
        self.relevance_rate.iter().map(|b| self.relevance_shape / b).collect()
    }

    /// E Σ_d w_dk² of each dimension, `[K]`.
    pub(super) fn squared_loadings(&self) -> Vec<f64> {
        let (latent, wide) = (self.latent(), self.latent() + 1);
        let mut sums = vec![0.0; latent];
        for (w, covariance) in self.loadings.chunks(latent).zip(self.covariance.chunks(wide * wide)) {
            let variances = covariance.iter().step_by(wide + 1);
            sums.iter_mut()
                .zip(w)
                .zip(variances)
                .for_each(|((sum, w), variance)| *sum += w.powi(2) + variance);
        }
        sums
    }

    /// E Σ_d μ_d².
    pub(super) fn squared_means(&self) -> f64 {
        let last = (self.latent() + 1).pow(2) - 1;
        self.mean.iter().enumerate().map(|(d, m)| m * m + self.covariance_of(d)[last]).sum()
    }

    /// Whether each latent dimension is in use, `[K]`: whether its loadings are greater than their own uncertainty,
    /// Σ_d E\[w_dk\]² > Σ_d Var\[w_dk\].
    pub fn active(&self) -> Vec<bool> {
        let latent = self.latent();
        let means =
            (0..latent).map(|k| self.loadings.iter().skip(k).step_by(latent).map(|w| w * w).sum::<f64>());
        means.zip(self.squared_loadings()).map(|(of_means, all)| of_means > 0.5 * all).collect()
    }

    /// The covariance of a row's cells, E\[W\] E\[W\]ᵀ + diag 1/E\[τ\], `[D, D]`, in squared units of x.
    pub fn implied_covariance(&self) -> Vec<f64> {
        let columns = self.columns();
        let entry = |d: usize, e: usize| {
            let noise = if d == e { self.noise_precision(d).recip() } else { 0.0 };
            dot(self.loading(d), self.loading(e)) + noise
        };
        (0..columns * columns).map(|i| entry(i / columns, i % columns)).collect()
    }
}
