//! KL between Gaussians (E8, E9), and between log-normals, whose logarithms they are.
//!
//! In the coordinates in which p is standard, q = N(m, M Mᵀ), and with M lower triangular
//! KL = ½ [Σ_i (M_ii² − 1 − log M_ii²) + Σ_{i>j} M_ij² + |m|²]: E8 without its cancelling n.

use super::{KullbackLeibler, same_dimension, to_standard};
use crate::{
    Error,
    distribution::{
        DiagonalGaussian, FullGaussian, Gaussian, LogNormal, LowRankGaussian, cholesky::dot,
        low_rank_gaussian::gram,
    },
    special::ln_ratio,
};

/// E9 in p's coordinates: m = (μ_q − μ_p)/σ_p, s = 2 log(σ_q/σ_p).
fn univariate(q: &Gaussian, p: &Gaussian) -> f64 {
    to_standard((q.location() - p.location()) / p.sigma(), 2.0 * ln_ratio(q.sigma(), p.sigma()))
}

impl KullbackLeibler for Gaussian {
    fn kl(&self, p: &Self) -> Result<f64, Error> {
        Ok(univariate(self, p))
    }
}

impl KullbackLeibler for LogNormal {
    fn kl(&self, p: &Self) -> Result<f64, Error> {
        self.logarithm().kl(p.logarithm())
    }
}

impl KullbackLeibler for DiagonalGaussian {
    fn kl(&self, p: &Self) -> Result<f64, Error> {
        same_dimension(self.coordinates().len(), p.coordinates().len())?;
        Ok(self.coordinates().iter().zip(p.coordinates()).map(|(q, p)| univariate(q, p)).sum())
    }
}

impl KullbackLeibler for FullGaussian {
    /// E8 by M = L_p⁻¹ L_q: a triangular solve, no inverse.
    fn kl(&self, p: &Self) -> Result<f64, Error> {
        same_dimension(self.location().len(), p.location().len())?;
        let mean = p.standardise(self.location());
        let relative = p.factor().solve_factor(self.factor());
        let rows = mean.iter().enumerate().map(|(i, m)| {
            let below = &relative.row(i)[..i];
            // log M_ii from the two diagonals: their quotient is rounded already.
            let ln_diagonal = ln_ratio(self.factor().row(i)[i], p.factor().row(i)[i]);
            to_standard(*m, 2.0 * ln_diagonal) + 0.5 * dot(below, below)
        });
        Ok(rows.sum())
    }
}

impl KullbackLeibler for LowRankGaussian {
    /// In the coordinates in which p's diagonal is standard, q = N(m, S² + T Tᵀ) and p = N(0, I + V Vᵀ), with the
    /// capacitance C = I + Vᵀ V. Exact to rounding of the traces, which are not free of cancellation.
    fn kl(&self, p: &Self) -> Result<f64, Error> {
        let (q_diagonal, p_diagonal) = (self.diagonal().coordinates(), p.diagonal().coordinates());
        same_dimension(q_diagonal.len(), p_diagonal.len())?;
        let ratios: Vec<f64> =
            q_diagonal.iter().zip(p_diagonal).map(|(q, p)| q.sigma() / p.sigma()).collect();
        let scale = |rows: &[f64], rank: usize| -> Vec<f64> {
            rows.chunks(rank).zip(&ratios).flat_map(|(row, s)| row.iter().map(move |v| s * v)).collect()
        };
        let weights = scale(self.scaled(), self.rank());
        let shared = gram(p.scaled(), &weights, p.rank(), self.rank());
        let spread = scale(p.scaled(), p.rank());
        // tr C⁻¹ Vᵀ (S² + T Tᵀ) V = |L_C⁻¹ Vᵀ T|² + tr C⁻¹ (S V)ᵀ (S V).
        let explained: f64 = columns(&shared, self.rank())
            .chain(spread.chunks(p.rank()).map(<[f64]>::to_vec))
            .map(|column| p.capacitance().solve(&column))
            .map(|column| dot(&column, &column))
            .sum();
        let trace = dot(&ratios, &ratios) + dot(&weights, &weights) - explained;
        let mean: Vec<f64> = q_diagonal
            .iter()
            .zip(p_diagonal)
            .map(|(q, p)| (q.location() - p.location()) / p.sigma())
            .collect();
        let ln_determinants = p.ln_determinant() - self.ln_determinant();
        Ok(0.5 * (ln_determinants - mean.len() as f64 + trace + p.square(&mean)).max(0.0))
    }
}

/// The columns of a matrix held row by row.
fn columns(matrix: &[f64], width: usize) -> impl Iterator<Item = Vec<f64>> + '_ {
    (0..width).map(move |j| matrix.iter().skip(j).step_by(width).copied().collect())
}
