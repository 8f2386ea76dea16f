//! What the factors say of rows: latents, missing cells, new rows, densities.

use std::f64::consts::TAU;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    Posterior,
    latent::{Latent, patterns},
};
use crate::{
    Error,
    distribution::{Cholesky, FullGaussian, Gamma, Sample, cholesky::dot},
    mean_field::rosenblatt::{self, CellTransforms},
    random::{Key, Purpose},
};

/// q(z) of some rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latents {
    /// E\[z\], `[R, K]`.
    pub mean: Vec<f64>,
    /// Cov\[z\], `[R, K, K]`.
    pub covariance: Vec<f64>,
}

impl Latents {
    /// The standard deviation of each latent, `[R, K]`.
    pub fn sd(&self) -> Vec<f64> {
        if self.mean.is_empty() {
            return Vec::new();
        }
        let k = self.covariance.len() / self.mean.len();
        let diagonals = self.covariance.chunks(k * k).flat_map(|block| block.iter().step_by(k + 1));
        diagonals.map(|v| v.sqrt()).collect()
    }
}

/// Every cell of some rows, as predicted from the cells that the row shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reconstruction {
    /// E\[Wz + μ\], `[R, D]`.
    pub mean: Vec<f64>,
    /// The standard deviation of a new measurement of the cell, noise and the uncertainty of z, W and μ together, `[R, D]`.
    pub sd: Vec<f64>,
}

impl Posterior {
    /// `of` each row with its q(z) and the mean of it, in the order of the rows.
    fn each_row<T: Send>(
        &self,
        x: &[f64],
        of: impl Fn(&Latent<'_>, &[f64], Vec<f64>) -> T + Sync,
    ) -> Result<Vec<T>, Error> {
        let columns = self.columns();
        let found: Vec<Result<Vec<(usize, T)>, Error>> = patterns(x, columns)?
            .par_iter()
            .map(|pattern| {
                let latent = Latent::of(self, &pattern.seen)?;
                let one = |&n: &usize| {
                    let (row, mut mean) = (&x[n * columns..(n + 1) * columns], vec![0.0; self.latent()]);
                    latent.mean(row, &mut mean);
                    (n, of(&latent, row, mean))
                };
                Ok(pattern.rows.par_iter().map(one).collect())
            })
            .collect();
        let mut rows: Vec<(usize, T)> =
            found.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        rows.sort_by_key(|(n, _)| *n);
        Ok(rows.into_iter().map(|(_, value)| value).collect())
    }

    /// q(z) of rows x, `[R, D]`, with W, μ and τ as they are; a row that shows nothing has the prior.
    ///
    /// # Errors
    /// It fails where x is not of whole rows, or a value is infinite.
    pub fn infer(&self, x: &[f64]) -> Result<Latents, Error> {
        let rows = self.each_row(x, |latent, _, mean| (mean, latent.covariance.clone()))?;
        let (mean, covariance): (Vec<Vec<f64>>, Vec<Vec<f64>>) = rows.into_iter().unzip();
        Ok(Latents { mean: mean.concat(), covariance: covariance.concat() })
    }

    /// Predicts every cell of rows x, `[R, D]`, from those that are there. The standard deviation is ∞ for a column
    /// about whose noise nothing is known.
    ///
    /// # Errors
    /// It fails as [`Self::infer`] does.
    pub fn reconstruct(&self, x: &[f64]) -> Result<Reconstruction, Error> {
        let rows = self.each_row(x, |latent, _, mut z| {
            let (k, s) = (z.len(), &latent.covariance);
            z.push(1.0);
            let cell = |d: usize| {
                let (w, covariance) = (self.loading(d), self.covariance_of(d));
                let mut variance = 0.0;
                for i in 0..k {
                    variance += w[i] * dot(&s[k * i..k * (i + 1)], w);
                    variance += dot(&s[k * i..k * (i + 1)], &covariance[(k + 1) * i..]);
                }
                for i in 0..=k {
                    variance += z[i] * dot(&z, &covariance[(k + 1) * i..(k + 1) * (i + 1)]);
                }
                let (shape, rate) = self.noise_parameters(d);
                let noise = if shape > 1.0 { rate / (shape - 1.0) } else { f64::INFINITY };
                (dot(w, &z) + self.mean[d], (variance + noise).sqrt())
            };
            (0..self.columns()).map(cell).unzip::<f64, f64, Vec<f64>, Vec<f64>>()
        })?;
        let (mean, sd): (Vec<Vec<f64>>, Vec<Vec<f64>>) = rows.into_iter().unzip();
        Ok(Reconstruction { mean: mean.concat(), sd: sd.concat() })
    }

    /// Rows x, `[R, D]`, with the missing cells at their means.
    ///
    /// # Errors
    /// It fails as [`Self::infer`] does.
    pub fn impute(&self, x: &[f64]) -> Result<Vec<f64>, Error> {
        let predicted = self.reconstruct(x)?.mean;
        Ok(x.iter().zip(predicted).map(|(&x, mean)| if x.is_nan() { mean } else { x }).collect())
    }

    /// log N(x; E\[μ\], E\[W\] E\[W\]ᵀ + diag 1/E\[τ\]) of the cells that each row shows, `[R]`, in nats: a plug-in, which
    /// ignores how uncertain W, μ and τ are, and so no bound on log p(x | the data of the fit).
    ///
    /// # Errors
    /// It fails as [`Self::infer`] does.
    pub fn plug_in_log_density(&self, x: &[f64]) -> Result<Vec<f64>, Error> {
        let point = Self { covariance: vec![0.0; self.covariance.len()], ..self.clone() };
        point.each_row(x, |latent, row, z| {
            let mut sum = dot(&z, &z) + latent.ln_precision;
            for (d, x) in row.iter().enumerate().filter(|(_, x)| !x.is_nan()) {
                let (tau, residual) = (self.noise_precision(d), x - self.mean[d] - dot(self.loading(d), &z));
                sum += tau * residual * residual + TAU.ln() - libm::log(tau);
            }
            -0.5 * sum
        })
    }

    /// The probability integral transforms of some rows `[N, D]` under N(μ, WWᵀ + diag 1/τ) at the means of the parameters:
    /// uniform and independent where it is right.
    ///
    /// # Errors
    /// Where a value is infinite, or the rows have other columns.
    pub fn transforms(&self, x: &[f64]) -> Result<CellTransforms, Error> {
        let width = self.columns();
        patterns(x, width)?;
        let (columns, rows) = (rosenblatt::columns(width), rosenblatt::rows(x.len() / width));
        let entry = |d: usize, e: usize| {
            let noise = if d == e { self.noise_precision(d).recip() } else { 0.0 };
            dot(self.loading(d), self.loading(e)) + noise
        };
        let of = rosenblatt::Gaussian {
            ln_weight: 0.0,
            mean: columns.iter().map(|&d| self.mean[d]).collect(),
            covariance: columns
                .iter()
                .flat_map(|&d| columns.iter().map(move |&e| (d, e)))
                .map(|(d, e)| entry(d, e))
                .collect(),
        };
        let cells = rosenblatt::cells(x, width, &rows, &columns);
        Ok(CellTransforms { rows, columns, values: rosenblatt::of_gaussians(&cells, &[of])? })
    }

    /// Draws `rows` rows, `[rows, D]`: W, μ and τ once from q for all of them, z and noise for each.
    ///
    /// # Errors
    /// It fails where a covariance is not positive definite.
    pub fn sample(&self, rows: usize, key: Key) -> Result<Vec<f64>, Error> {
        let (key, latent, wide) = (key.purpose(Purpose::Sample), self.latent(), self.latent() + 1);
        let draw = |d: usize| {
            let q = FullGaussian::new(
                self.augmented(d),
                Cholesky::named("Cov[w, μ] of a column", self.covariance_of(d), wide)?,
            )?;
            let (shape, rate) = self.noise_parameters(d);
            let tau = Gamma::new(shape, rate)?.sample(key.fold(0), (d % self.noise_rate.len()) as u64);
            Ok((q.sample(key.fold(1), d as u64), libm::sqrt(tau.recip())))
        };
        let parameters: Vec<(Vec<f64>, f64)> = (0..self.columns()).map(draw).collect::<Result<_, Error>>()?;
        let row = |n: usize| {
            let mut noise = vec![0.0; latent + self.columns()];
            key.fold(2).normals(n as u64, &mut noise);
            let (z, noise) = noise.split_at(latent);
            let cell = |((w, sd), e): (&(Vec<f64>, f64), &f64)| dot(w, z) + w[latent] + sd * e;
            parameters.iter().zip(noise).map(cell).collect::<Vec<f64>>()
        };
        Ok((0..rows).into_par_iter().flat_map_iter(row).collect())
    }
}
