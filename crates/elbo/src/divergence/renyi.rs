//! Rényi's divergence of order α, D_α(q‖p) = log E_p[(q/p)^α] / (α − 1), and Bhattacharyya's distance, ½ D_½
//! (van Erven, Harremoës, *Rényi divergence and Kullback-Leibler divergence*, 2014).

use faer::Mat;

use super::{KullbackLeibler, same_dimension};
use crate::{
    Error, check,
    distribution::{DiagonalGaussian, FullGaussian, Gaussian},
    special::{exp_remainder, ln_ratio},
};

/// Divergences of order α in closed form.
///
/// ```
/// use elbo::{distribution::Gaussian, divergence::{KullbackLeibler, Renyi}};
/// let (q, p) = (Gaussian::new(1.0, 1.0)?, Gaussian::new(0.0, 1.0)?);
/// assert_eq!(q.renyi(&p, 0.5)?, 0.25);
/// assert_eq!(q.renyi(&p, 1.0)?, q.kl(&p)?);
/// assert_eq!(q.bhattacharyya(&p)?, 0.125);
/// # Ok::<(), elbo::Error>(())
/// ```
pub trait Renyi<P = Self>: KullbackLeibler<P> {
    /// D_α(self ‖ p), in nats, at least 0, not falling in α; at α = 1 it is KL. +∞ where the integral diverges,
    /// as it may for α > 1.
    ///
    /// # Errors
    /// It fails where α is not a finite number > 0, or the two are not over the same space.
    fn renyi(&self, p: &P, alpha: f64) -> Result<f64, Error>;

    /// −log ∫ √(q p), in nats: symmetric, ½ D_½.
    ///
    /// # Errors
    /// It fails where the two are not over the same space.
    fn bhattacharyya(&self, p: &P) -> Result<f64, Error> {
        Ok(0.5 * self.renyi(p, 0.5)?)
    }
}

/// D_α(N(m, eᵗ) ‖ N(0, 1)): ½ [α m²/v − (log v − (1 − α) t)/(α − 1)], v = α + (1 − α) eᵗ.
fn to_standard(mean: f64, t: f64, alpha: f64) -> f64 {
    let beta = 1.0 - alpha;
    let growth = beta * t.exp_m1();
    if growth <= -1.0 {
        return f64::INFINITY;
    }
    // log v: where eᵗ overflows, its logarithm does not.
    let ln_v = if growth.is_finite() { growth.ln_1p() } else { beta.ln() + t };
    // Near t = 0, and at α = 1, (log v)/β − t = R(t) − R(log v)/β.
    let of_variance = if beta == 0.0 {
        exp_remainder(t)
    } else if t.abs() < 1.0 {
        exp_remainder(t) - exp_remainder(ln_v) / beta
    } else {
        ln_v / beta - t
    };
    0.5 * (alpha * (mean * (-0.5 * ln_v).exp()).powi(2) + of_variance)
}

fn order(alpha: f64) -> Result<(), Error> {
    check::positive("alpha", alpha).map(drop)
}

fn univariate(q: &Gaussian, p: &Gaussian, alpha: f64) -> f64 {
    let mean = (q.location() - p.location()) / p.sigma();
    to_standard(mean, 2.0 * ln_ratio(q.sigma(), p.sigma()), alpha)
}

impl Renyi for Gaussian {
    fn renyi(&self, p: &Self, alpha: f64) -> Result<f64, Error> {
        order(alpha)?;
        Ok(univariate(self, p, alpha))
    }
}

impl Renyi for DiagonalGaussian {
    fn renyi(&self, p: &Self, alpha: f64) -> Result<f64, Error> {
        order(alpha)?;
        same_dimension(self.coordinates().len(), p.coordinates().len())?;
        Ok(self.coordinates().iter().zip(p.coordinates()).map(|(q, p)| univariate(q, p, alpha)).sum())
    }
}

impl Renyi for FullGaussian {
    /// Along the left singular vectors of L_p⁻¹ L_q both are independent.
    fn renyi(&self, p: &Self, alpha: f64) -> Result<f64, Error> {
        order(alpha)?;
        if alpha == 1.0 {
            return self.kl(p);
        }
        let n = self.location().len();
        same_dimension(n, p.location().len())?;
        let mean = p.standardise(self.location());
        let relative = p.factor().solve_factor(self.factor());
        let relative = Mat::from_fn(n, n, |i, j| relative.factor()[i * n + j]);
        let singular = relative.svd().map_err(|cause| {
            Error::no_singular_values("the factors of two covariances, one over the other", cause)
        })?;
        let (left, values) = (singular.U(), singular.S().column_vector());
        let along = |j: usize| {
            let projected: f64 = (0..n).map(|i| left[(i, j)] * mean[i]).sum();
            to_standard(projected, 2.0 * values[j].ln(), alpha)
        };
        Ok((0..n).map(along).sum())
    }
}
