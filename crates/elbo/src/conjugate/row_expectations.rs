//! E\[log N(x; μ, Λ⁻¹)\] as a function of a row x, and what it says of cells that are missing.

use std::f64::consts::TAU;

use faer::{Mat, MatRef};

use super::{Expectations, RowMoments};
use crate::{
    Error,
    distribution::{Cholesky, cholesky::dot},
};

/// E\[log N(x; μ, Λ⁻¹)\] = constant − ½ |A (x − m)|², AᵀA = E\[Λ\].
#[derive(Clone, Debug, PartialEq)]
pub struct RowExpectations {
    /// m, `[D]`.
    pub(super) mean: Vec<f64>,
    /// The rows of A, lower triangular, up to the diagonal.
    pub(super) whitening: Vec<f64>,
    pub(super) constant: f64,
}

/// A row whose missing cells have their Gaussian factor.
#[derive(Clone, Debug, PartialEq)]
pub struct Completed {
    /// The row, missing cells at their means.
    pub row: Vec<f64>,
    /// Which cells were missing.
    pub missing: Vec<usize>,
    /// Their covariance, `[M, M]`.
    pub covariance: Vec<f64>,
    /// log ∫ exp E\[log p(x|μ, Λ)\] over them, in nats.
    pub log_density: f64,
    /// The entropy of their factor, in nats.
    pub entropy: f64,
}

impl RowExpectations {
    /// m, `[D]`.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The rows of A up to the diagonal, `[D (D + 1)/2]`.
    pub fn whitening(&self) -> &[f64] {
        &self.whitening
    }

    /// What does not depend on the row.
    pub fn constant(&self) -> f64 {
        self.constant
    }

    /// Row i of A, up to the diagonal.
    fn row(&self, i: usize) -> &[f64] {
        &self.whitening[i * (i + 1) / 2..][..=i]
    }

    /// |A v|².
    fn square(&self, v: &[f64]) -> f64 {
        (0..v.len()).map(|i| dot(self.row(i), v)).map(|y| y * y).sum()
    }

    /// E\[Λ\]_ij.
    fn precision(&self, i: usize, j: usize) -> f64 {
        (i.max(j)..self.mean.len()).map(|r| self.row(r)[i] * self.row(r)[j]).sum()
    }

    /// The factor of the missing cells of a row: q(x_missing) ∝ exp E\[log p(x|μ, Λ)\], a Gaussian.
    ///
    /// # Errors
    /// It fails where rounding leaves the block of E\[Λ\] that belongs to them not positive definite.
    pub fn complete(&self, x: &[f64]) -> Result<Completed, Error> {
        let mean = &self.mean;
        let (missing, seen): (Vec<usize>, Vec<usize>) = (0..x.len()).partition(|&d| x[d].is_nan());
        let m = missing.len();
        if m == 0 {
            let row = x.to_vec();
            let (covariance, log_density) = (Vec::new(), self.log_density(x));
            return Ok(Completed { row, missing, covariance, log_density, entropy: 0.0 });
        }
        let own: Vec<f64> = (0..m * m).map(|e| self.precision(missing[e / m], missing[e % m])).collect();
        let factor = Cholesky::named("the precision of the missing cells", &own, m)?;
        let pull: Vec<f64> = missing
            .iter()
            .map(|&i| seen.iter().map(|&j| self.precision(i, j) * (x[j] - mean[j])).sum())
            .collect();
        let shift = factor.solve_transposed(&factor.solve(&pull));
        let mut row = x.to_vec();
        missing.iter().zip(&shift).for_each(|(&i, s)| row[i] = mean[i] - s);
        let away: Vec<f64> = row.iter().zip(mean).map(|(x, m)| x - m).collect();
        let entropy = 0.5 * (m as f64 * (1.0 + TAU.ln()) - factor.ln_determinant());
        let log_density = self.constant - 0.5 * self.square(&away) + entropy - 0.5 * m as f64;
        Ok(Completed { row, missing, covariance: factor.inverse(), log_density, entropy })
    }
}

impl Expectations<[f64], RowMoments> for RowExpectations {
    /// Missing cells are integrated out of exp E\[log p\].
    fn log_density(&self, x: &[f64]) -> f64 {
        if x.iter().all(|x| x.is_nan()) {
            return 0.0;
        }
        if x.iter().any(|x| x.is_nan()) {
            return self.complete(x).map_or(f64::NAN, |of| of.log_density);
        }
        let away: Vec<f64> = x.iter().zip(&self.mean).map(|(x, m)| x - m).collect();
        self.constant - 0.5 * self.square(&away)
    }

    fn log_likelihood(&self, of: &RowMoments) -> f64 {
        let d = self.mean.len();
        // tr A S Aᵀ, S the scatter.
        let a = Mat::from_fn(d, d, |i, j| if j > i { 0.0 } else { self.row(i)[j] });
        let spread = &a * MatRef::from_row_major_slice(of.scatter(), d, d);
        let spread: f64 = (0..d).map(|i| (0..=i).map(|j| a[(i, j)] * spread[(i, j)]).sum::<f64>()).sum();
        let squares = spread + of.weight() * self.square(&of.step(&self.mean));
        of.weight() * self.constant - 0.5 * squares
    }
}
