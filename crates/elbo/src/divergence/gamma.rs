//! KL within the families made of Γ: gamma, inverse gamma, beta, Dirichlet, Wishart.
//!
//! ln Γ(b) − ln Γ(a) − (b − a) ψ(a) is split into b (a/b − 1 − log(a/b)), which joins the other terms, and the
//! Bregman divergence of ln Γ(x) − x ln x + x, which is small and exact near a = b.

use super::{KullbackLeibler, same_dimension};
use crate::{
    Error,
    distribution::{Beta, Cholesky, Dirichlet, Gamma, InverseGamma, Wishart, cholesky::dot},
    special::{exp_remainder, gamma_bregman, ln_ratio, relative_entropy_term},
};

impl KullbackLeibler for Gamma {
    /// a_p R(log(m_q/m_p)) + Bregman(a_p, a_q), m = a/b the means.
    fn kl(&self, p: &Self) -> Result<f64, Error> {
        let ln_means = ln_ratio(self.shape(), p.shape()) + ln_ratio(p.rate(), self.rate());
        Ok(p.shape() * exp_remainder(ln_means) + gamma_bregman(p.shape(), self.shape()))
    }
}

impl KullbackLeibler for InverseGamma {
    /// That of 1/x.
    fn kl(&self, p: &Self) -> Result<f64, Error> {
        self.reciprocal().kl(p.reciprocal())
    }
}

impl KullbackLeibler for Beta {
    /// That of the Dirichlet (a, b).
    fn kl(&self, p: &Self) -> Result<f64, Error> {
        Ok(simplex(&[self.a(), self.b()], &[p.a(), p.b()]))
    }
}

impl KullbackLeibler for Dirichlet {
    fn kl(&self, p: &Self) -> Result<f64, Error> {
        same_dimension(self.concentration().len(), p.concentration().len())?;
        Ok(simplex(self.concentration(), p.concentration()))
    }
}

/// β₀ KL(β/β₀ ‖ α/α₀) + Σ_i Bregman(β_i, α_i) − Bregman(β₀, α₀), of q's α and p's β with their sums α₀, β₀.
fn simplex(q: &[f64], p: &[f64]) -> f64 {
    let (q_total, p_total) = (q.iter().sum::<f64>(), p.iter().sum::<f64>());
    let ln_totals = ln_ratio(p_total, q_total);
    let term = |(&q, &p): (&f64, &f64)| {
        let share = relative_entropy_term(p, p_total * (q / q_total), ln_ratio(q, p) + ln_totals);
        share + gamma_bregman(p, q)
    };
    // Not below 0, which rounding of the one difference could take it.
    (q.iter().zip(p).map(term).sum::<f64>() - gamma_bregman(p_total, q_total)).max(0.0)
}

impl KullbackLeibler for Wishart {
    /// ν_q/2 (|M|² − n) − ν_p/2 log |M Mᵀ| + Σ_i (ln Γ(b_i) − ln Γ(a_i) − (b_i − a_i) ψ(a_i)), M = L_p⁻¹ L_q, and
    /// a_i, b_i the shapes (ν − i)/2 of q and p.
    fn kl(&self, p: &Self) -> Result<f64, Error> {
        same_dimension(self.scale().dimension(), p.scale().dimension())?;
        Ok(wishart([self.freedom(), p.freedom()], self.scale(), p.scale()))
    }
}

/// KL(q ‖ p) of Wisharts of these ν, by M = L_p⁻¹ L_q with the factors of the Vs; or by those of the inverses, given as q's the
/// factor of p's: then M = L_q⁻¹ L_p has the same |M|² and the same log |M Mᵀ|.
pub(crate) fn wishart([of_q, of_p]: [f64; 2], own: &Cholesky, other: &Cholesky) -> f64 {
    let relative = other.solve_factor(own);
    let row = |i: usize| {
        let [a, b] = [of_q, of_p].map(|freedom| 0.5 * (freedom - i as f64));
        let below = &relative.row(i)[..i];
        let s = 2.0 * ln_ratio(own.row(i)[i], other.row(i)[i]);
        // ν_q/2 (eˢ − 1) − ν_p/2 s, by R where it is near 0.
        let of_scale = 0.5 * (of_q * exp_remainder(s) + (of_q - of_p) * s);
        let of_shape = b * exp_remainder(ln_ratio(a, b)) + gamma_bregman(b, a);
        of_scale + of_shape + 0.5 * of_q * dot(below, below)
    };
    (0..own.dimension()).map(row).sum()
}
