//! Kalman's filter and the smoother of Rauch, Tung and Striebel, of a chain whose matrices may be uncertain.
//!
//! q(z) ∝ N(z_1; m_0, P_0) Π_t exp(−½ E\[(z_{t+1} − A z_t)ᵀ Q⁻¹ (z_{t+1} − A z_t)\]) Π_t exp(−½ z_tᵀ W_t z_t + w_tᵀ z_t).
//! With Q̂ = E\[Q⁻¹\]⁻¹ the expectation is that of the known chain Ā, Q̂ and a further ½ z_tᵀ V z_t,
//! V = E\[AᵀQ⁻¹A\] − ĀᵀQ̂⁻¹Ā: what is not known of A joins W_t for every t but the last (Barber and Chiappa 2007).

use std::f64::consts::TAU;

use faer::{Col, Mat, Side, linalg::solvers::Llt, prelude::Solve};

use crate::{Error, distribution::cholesky::no_factor};

/// The chain, D states.
pub(super) struct Chain {
    /// m_0.
    pub(super) mean: Col<f64>,
    /// P_0.
    pub(super) covariance: Mat<f64>,
    /// Ā.
    pub(super) transition: Mat<f64>,
    /// Q̂, diagonal.
    pub(super) noise: Mat<f64>,
    /// V.
    pub(super) excess: Mat<f64>,
}

/// What the observations say of one step, exp(−½ zᵀWz + wᵀz).
pub(super) struct Potential {
    /// W.
    pub(super) information: Mat<f64>,
    /// w.
    pub(super) linear: Col<f64>,
}

/// q(z).
pub(super) struct Smoothed {
    /// E\[z_t\].
    pub(super) means: Vec<Col<f64>>,
    /// Cov\[z_t\].
    pub(super) covariances: Vec<Mat<f64>>,
    /// Cov\[z_{t+1}, z_t\], one fewer.
    pub(super) lagged: Vec<Mat<f64>>,
    /// −E\[log q(z)\].
    pub(super) entropy: f64,
}

/// What the filter leaves of a step.
struct Filtered {
    mean: Col<f64>,
    covariance: Mat<f64>,
    /// The mean of the next step before its observations, and the gain by which what is learned of it comes back.
    next: Col<f64>,
    gain: Mat<f64>,
}

impl Chain {
    /// q(z) of at least one step.
    pub(super) fn smooth(&self, potentials: &[Potential]) -> Result<Smoothed, Error> {
        let d = self.mean.nrows();
        let (mut filtered, mut ln_determinants) = (Vec::with_capacity(potentials.len()), 0.0);
        let (mut mean, mut factor) =
            (self.mean.clone(), factorise("the covariance of the first state", &self.covariance)?);
        ln_determinants += ln_determinant(&factor);
        for (t, Potential { information, linear }) in potentials.iter().enumerate() {
            let last = t + 1 == potentials.len();
            let information = if last { information.clone() } else { information + &self.excess };
            // With P = L Lᵀ the posterior's covariance is L (I + LᵀWL)⁻¹ Lᵀ: nothing cancels, however sharp W.
            let lower = factor.L().to_owned();
            let inner = factorise(
                "a state's precision given its row, in units of that before it,",
                &(Mat::<f64>::identity(d, d) + lower.transpose() * &information * &lower),
            )?;
            let covariance = symmetric(&(&lower * inner.solve(lower.transpose())));
            let pull = lower.transpose() * (linear - &information * &mean);
            let here = &mean + &lower * inner.solve(&pull);
            let next = &self.transition * &here;
            let carried = &self.transition * &covariance;
            ln_determinants -= ln_determinant(&inner);
            if !last {
                factor = factorise(
                    "the covariance of the next state",
                    &(&carried * self.transition.transpose() + &self.noise),
                )?;
                ln_determinants += (0..d).map(|i| libm::log(self.noise[(i, i)])).sum::<f64>();
            }
            let gain = factor.solve(&carried).transpose().to_owned();
            mean.clone_from(&next);
            filtered.push(Filtered { mean: here, covariance, next, gain });
        }
        let size = (potentials.len() * d) as f64;
        let entropy = 0.5 * (size * (1.0 + TAU.ln()) + ln_determinants);
        Ok(self.backward(&filtered, entropy))
    }

    fn backward(&self, filtered: &[Filtered], entropy: f64) -> Smoothed {
        let d = self.mean.nrows();
        let (mut means, mut covariances, mut lagged) = (Vec::new(), Vec::new(), Vec::new());
        for Filtered { mean, covariance, next, gain } in filtered.iter().rev() {
            let (Some(after), Some(of_after)) = (means.last(), covariances.last()) else {
                means.push(mean.clone());
                covariances.push(covariance.clone());
                continue;
            };
            // Joseph's form: a sum of what cannot be negative.
            let kept = Mat::<f64>::identity(d, d) - gain * &self.transition;
            let own = &kept * covariance * kept.transpose();
            let smoothed = symmetric(&(own + gain * (of_after + &self.noise) * gain.transpose()));
            lagged.push(of_after * gain.transpose());
            means.push(mean + gain * (after - next));
            covariances.push(smoothed);
        }
        means.reverse();
        covariances.reverse();
        lagged.reverse();
        Smoothed { means, covariances, lagged, entropy }
    }
}

fn symmetric(matrix: &Mat<f64>) -> Mat<f64> {
    faer::Scale(0.5) * (matrix + matrix.transpose())
}

fn factorise(what: &str, matrix: &Mat<f64>) -> Result<Llt<f64>, Error> {
    matrix.llt(Side::Lower).map_err(|cause| no_factor(what, matrix, cause))
}

fn ln_determinant(factor: &Llt<f64>) -> f64 {
    let lower = factor.L();
    2.0 * (0..lower.nrows()).map(|i| libm::log(lower[(i, i)])).sum::<f64>()
}
