//! The per-datum guide: a q_ψi(z) of its own for each datum, no network (E16).
//!
//! q_ψi(z) = N(μ, ΛΛᵀ), Λ = diag(σ) (I + U) with U strictly lower triangular, zero for the mean-field family. So
//! z = μ + σ ⊙ (I + U) ε (E14), and at that z log q(z) = −½ Σ_j (log 2π + log σ_j² + ε_j²), exactly also for tiny σ.
//! All in f64; log σ² is held within ±30.

use super::Encoded;
use crate::{Error, check, distribution::Cholesky};

/// |log σ²| never exceeds this.
const LOG_VARIANCE_BOUND: f64 = 30.0;

/// The family of each q_ψi.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Covariance {
    /// The latent variables are independent: ψ = (μ, log σ²), 2K numbers.
    #[default]
    Diagonal,
    /// The covariance is any: ψ = (μ, log σ², U), K(K + 3)/2 numbers.
    Full,
}

/// q_ψi of N rows, with K latent variables each.
///
/// ```
/// use elbo::guide::{Covariance, Encoded, PerDatum};
/// let encoded = Encoded { mean: vec![1.0, -1.0], standard_deviation: vec![0.5, 2.0], kl: vec![] };
/// let q = PerDatum::start(&encoded, 2, Covariance::Full)?;
/// let mut z = [0.0; 2];
/// let log_q = q.draw(0, &[1.0, 0.0], &mut z);
/// assert_eq!(z, [1.5, -1.0]);
/// // −½ (2 log 2π + log ½² + log 2² + 1² + 0²), where the logarithms of the variances cancel.
/// assert!((log_q + (2.0 * std::f64::consts::PI).ln() + 0.5).abs() < 1e-7);
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PerDatum {
    covariance: Covariance,
    latent: usize,
    /// ψ_1..N, row-major: μ, log σ², the rows of U below the diagonal.
    psi: Vec<f64>,
}

/// Numbers of ψ for K latent variables.
fn size(covariance: Covariance, latent: usize) -> usize {
    match covariance {
        Covariance::Diagonal => 2 * latent,
        Covariance::Full => latent * (latent + 3) / 2,
    }
}

impl PerDatum {
    /// Each q_ψi starts at q_φ(z|x_i) of a fitted guide, `[N, K]`: the semi-amortised way.
    ///
    /// # Errors
    /// It fails where a mean or standard deviation is not finite, or one of the latter is not > 0.
    pub fn start(encoded: &Encoded, latent: usize, covariance: Covariance) -> Result<Self, Error> {
        let (mean, sd) = (&encoded.mean, &encoded.standard_deviation);
        if latent == 0 || !mean.len().is_multiple_of(latent) || sd.len() != mean.len() {
            let (expected, got) = (vec![mean.len(), latent], vec![sd.len()]);
            return Err(Error::Shape { what: "the standard deviations of q".into(), expected, got });
        }
        for (place, (&mean, &sd)) in mean.iter().zip(sd).enumerate() {
            let named = |error: Error| {
                error.within(&format!("q of row {}, dimension {}", place / latent, place % latent + 1))
            };
            check::finite("the mean", mean.into()).map_err(named)?;
            check::positive("the standard deviation", sd.into()).map_err(named)?;
        }
        let mut psi = Vec::with_capacity(mean.len() / latent * size(covariance, latent));
        for (mean, sd) in mean.chunks(latent).zip(sd.chunks(latent)) {
            psi.extend(mean.iter().map(|&m| f64::from(m)));
            psi.extend(sd.iter().map(|&s| 2.0 * libm::log(f64::from(s))));
            psi.resize(psi.len() + size(covariance, latent) - 2 * latent, 0.0);
        }
        Ok(Self { covariance, latent, psi })
    }

    /// N, the number of rows.
    pub fn rows(&self) -> usize {
        self.psi.len() / self.size()
    }

    /// K, the number of latent variables.
    pub fn latent(&self) -> usize {
        self.latent
    }

    /// The family.
    pub fn covariance(&self) -> Covariance {
        self.covariance
    }

    /// Numbers of ψ of a row.
    pub(crate) fn size(&self) -> usize {
        size(self.covariance, self.latent)
    }

    /// The rows in a range.
    pub(crate) fn select(&self, rows: std::ops::Range<usize>) -> Self {
        self.with(self.psi[rows.start * self.size()..rows.end * self.size()].to_vec())
    }

    /// The same family of other rows.
    pub(crate) fn with(&self, psi: Vec<f64>) -> Self {
        Self { psi, ..*self }
    }

    /// ψ of a row.
    pub(crate) fn psi(&self, row: usize) -> &[f64] {
        &self.psi[row * self.size()..][..self.size()]
    }

    pub(crate) fn psi_mut(&mut self, row: usize) -> &mut [f64] {
        let size = self.size();
        &mut self.psi[row * size..][..size]
    }

    /// Makes q of a row the best of its family for a Gaussian posterior of this mean and precision.
    pub(crate) fn set(&mut self, row: usize, mean: &[f64], precision: &Cholesky) -> Result<(), Error> {
        let (k, covariance) = (self.latent, self.covariance);
        let psi = self.psi_mut(row);
        psi[..k].copy_from_slice(mean);
        match covariance {
            Covariance::Diagonal => {
                let precision = precision.product();
                (0..k).for_each(|i| psi[k + i] = -libm::log(precision[i * k + i]));
            }
            Covariance::Full => {
                let scale = Cholesky::of(&precision.inverse(), k)?;
                let mut at = 2 * k;
                for i in 0..k {
                    let line = scale.row(i);
                    psi[k + i] = 2.0 * libm::log(line[i]);
                    for along in &line[..i] {
                        psi[at] = along / line[i];
                        at += 1;
                    }
                }
            }
        }
        for s in &mut psi[k..2 * k] {
            *s = s.clamp(-LOG_VARIANCE_BOUND, LOG_VARIANCE_BOUND);
        }
        Ok(())
    }

    /// μ, log σ² and U of a row.
    fn parts(&self, row: usize) -> (&[f64], &[f64], &[f64]) {
        let (mean, rest) = self.psi(row).split_at(self.latent);
        let (log_variance, u) = rest.split_at(self.latent);
        (mean, log_variance, u)
    }

    /// E_q\[z\] of a row, `[K]`.
    pub fn mean(&self, row: usize) -> &[f64] {
        self.parts(row).0
    }

    /// Λ of a row, its lower triangle by rows, `[K(K + 1)/2]`: the covariance is ΛΛᵀ.
    pub fn scale(&self, row: usize) -> Vec<f64> {
        let (_, log_variance, u) = self.parts(row);
        let mut scale = Vec::with_capacity(self.latent * (self.latent + 1) / 2);
        for (i, &s) in log_variance.iter().enumerate() {
            let sd = standard_deviation(s);
            match self.covariance {
                Covariance::Diagonal => scale.resize(scale.len() + i, 0.0),
                Covariance::Full => {
                    scale.extend(u[i * i.saturating_sub(1) / 2..][..i].iter().map(|u| sd * u));
                }
            }
            scale.push(sd);
        }
        scale
    }

    /// The standard deviation of each latent variable of a row, `[K]`.
    pub fn standard_deviation(&self, row: usize) -> Vec<f64> {
        let scale = self.scale(row);
        let line = |i: usize| &scale[i * (i + 1) / 2..][..=i];
        (0..self.latent).map(|i| line(i).iter().map(|v| v * v).sum::<f64>().sqrt()).collect()
    }

    /// Writes z = g(ε) of a row into `z`, `[K]`, and returns log q(z), in nats.
    pub fn draw(&self, row: usize, noise: &[f32], z: &mut [f32]) -> f64 {
        let (mean, log_variance, u) = self.parts(row);
        let mut log_density = 0.0;
        let mut start = 0;
        for (i, z) in z.iter_mut().enumerate() {
            let e = f64::from(noise[i]);
            let mut along = e;
            if !u.is_empty() {
                along += u[start..start + i].iter().zip(noise).map(|(u, &e)| u * f64::from(e)).sum::<f64>();
                start += i;
            }
            let s = log_variance[i].clamp(-LOG_VARIANCE_BOUND, LOG_VARIANCE_BOUND);
            *z = (mean[i] + libm::exp(0.5 * s) * along) as f32;
            log_density -= 0.5 * (std::f64::consts::TAU.ln() + s + e * e);
        }
        log_density
    }

    /// Adds `weight` times the derivative in ψ of f(z) − log q(z), at the draw that `noise` gave, to `gradient`; `slope` is
    /// f's derivative in z, `[K]`, and the ψ of log q itself is held: for f = log p(x, z) that is the gradient of the ELBO
    /// less the score, whose mean is 0.
    ///
    /// The derivative in μ is by μ/σ: steps are then in units of the posterior's own width.
    pub(crate) fn path_gradient(
        &self,
        row: usize,
        noise: &[f32],
        slope: &[f32],
        weight: f64,
        room: &mut Vec<f64>,
        gradient: &mut [f64],
    ) {
        let (_, log_variance, u) = self.parts(row);
        let k = self.latent;
        // −∂ log q/∂z = Λ⁻ᵀ ε = (w ⊘ σ) with (I + U)ᵀ w = ε.
        room.clear();
        room.extend(noise.iter().map(|&e| f64::from(e)));
        if !u.is_empty() {
            for i in (1..k).rev() {
                let (above, here) = room.split_at_mut(i);
                for (w, u) in above.iter_mut().zip(&u[i * (i - 1) / 2..][..i]) {
                    *w -= u * here[0];
                }
            }
        }
        let (by_mean, rest) = gradient.split_at_mut(k);
        let (by_s, by_u) = rest.split_at_mut(k);
        let mut start = 0;
        for i in 0..k {
            // σ times the derivative in z.
            let along = weight * (f64::from(slope[i]) * standard_deviation(log_variance[i]) + room[i]);
            by_mean[i] += along;
            let mut unit = f64::from(noise[i]);
            if !u.is_empty() {
                for ((g, u), &e) in by_u[start..start + i].iter_mut().zip(&u[start..]).zip(noise) {
                    *g += along * f64::from(e);
                    unit += u * f64::from(e);
                }
                start += i;
            }
            by_s[i] += 0.5 * along * unit;
        }
    }

    /// Moves ψ of a row by `step`, that of μ in units of σ.
    pub(crate) fn advance(&mut self, row: usize, step: &[f64]) {
        let k = self.latent;
        let psi = self.psi_mut(row);
        for i in 0..k {
            psi[i] += standard_deviation(psi[k + i]) * step[i];
        }
        for (p, step) in psi[k..].iter_mut().zip(&step[k..]) {
            *p += step;
        }
        for s in &mut psi[k..2 * k] {
            *s = s.clamp(-LOG_VARIANCE_BOUND, LOG_VARIANCE_BOUND);
        }
    }
}

fn standard_deviation(log_variance: f64) -> f64 {
    libm::exp(0.5 * log_variance.clamp(-LOG_VARIANCE_BOUND, LOG_VARIANCE_BOUND))
}

#[cfg(test)]
#[allow(clippy::many_single_char_names, reason = "the mathematics' own names")]
mod tests {
    use super::*;

    /// f(z) − log q_held(z) at z = g(ε), for f = Σ a_i z_i + sin z_i, differentiated in each number of ψ.
    #[test]
    fn the_path_gradient_agrees_with_central_differences() {
        let (latent, noise) = (4, [0.7f32, -1.2, 0.3, 1.9]);
        for covariance in [Covariance::Diagonal, Covariance::Full] {
            let n = size(covariance, latent);
            let psi: Vec<f64> = (0..n).map(|i| (1.3 * i as f64).sin()).collect();
            let q = PerDatum { covariance, latent, psi };
            // z in f64: what `draw` rounds last.
            let z = |q: &PerDatum| -> Vec<f64> {
                let scale = q.scale(0);
                let line = |i: usize| &scale[i * (i + 1) / 2..][..=i];
                let along =
                    |i: usize| line(i).iter().zip(&noise).map(|(l, &e)| l * f64::from(e)).sum::<f64>();
                (0..latent).map(|i| q.mean(0)[i] + along(i)).collect()
            };
            let mut rounded = vec![0.0; latent];
            q.draw(0, &noise, &mut rounded);
            for (a, b) in rounded.iter().zip(z(&q)) {
                assert!((f64::from(*a) - b).abs() < 1e-6);
            }
            // log q_held, through the inverse of its own scale.
            let held = |z: &[f64]| -> f64 {
                let (scale, mean) = (q.scale(0), q.mean(0));
                let mut e = Vec::new();
                for i in 0..latent {
                    let line = &scale[i * (i + 1) / 2..][..=i];
                    let known: f64 = line[..i].iter().zip(&e).map(|(l, e): (&f64, &f64)| l * e).sum();
                    e.push((z[i] - mean[i] - known) / line[i]);
                }
                -0.5 * e.iter().map(|e| e * e).sum::<f64>()
            };
            let f = |z: &[f64]| -> f64 { (0..latent).map(|i| (i as f64 - 1.5) * z[i] + z[i].sin()).sum() };
            let slope: Vec<f32> =
                z(&q).iter().enumerate().map(|(i, z)| (i as f64 - 1.5 + z.cos()) as f32).collect();
            let mut gradient = vec![0.0; n];
            q.path_gradient(0, &noise, &slope, 0.8, &mut Vec::new(), &mut gradient);
            for (i, got) in gradient.into_iter().enumerate() {
                let at = |by: f64| {
                    let mut moved = q.clone();
                    moved.psi[i] += by;
                    let z = z(&moved);
                    0.8 * (f(&z) - held(&z))
                };
                let h = 1e-4;
                let unit = if i < latent { standard_deviation(q.psi[latent + i]) } else { 1.0 };
                let expected = unit * (at(h) - at(-h)) / (2.0 * h);
                assert!(
                    (got - expected).abs() < 1e-6 * expected.abs().max(1.0),
                    "{covariance:?} {i}: {got} {expected}"
                );
            }
        }
    }
}
