//! A joint move of q(W, μ), q(α) and q(z): z′ = R⁻¹(z − b), W′ = WR, μ′ = μ + Wb, which leaves Wz + μ as it is.
//!
//! One factor at a time, the bound climbs slowly along these directions (Luttinen and Ilin 2010, *Transformations in
//! variational Bayesian factor analysis to speed up learning*). With nearly flat priors of α and μ the best b is the mean of
//! z, and the best R = L V makes the covariance of z, L Lᵀ, the identity, and Lᵀ E\[WᵀW\] L, by its eigenvectors V, diagonal.
//! Under other priors it need not be the best, so the move is made only where the bound rises.

use faer::{Mat, MatRef, Side, linalg::solvers::DenseSolveCore};

use rayon::prelude::*;

use super::{COLUMNS, Fit};
use crate::{
    Error,
    distribution::{Cholesky, cholesky::axpy},
    mean_field::{
        MeanField,
        row_major::{congruence, row_by_row, store, view},
    },
};

/// The move of augmented vectors (z, 1) and (w, μ).
struct Rotation {
    /// \[R b; 0 1\].
    forth: Mat<f64>,
    /// Its inverse.
    back: Mat<f64>,
    /// The rows of the first, and those of the second's transpose.
    rows: [Vec<f64>; 2],
    ln_determinant: f64,
}

impl Rotation {
    /// For the moments Σ E\[z̃ z̃ᵀ\] of all rows, `[K + 1, K + 1]`, and Σ_d E\[w̃_d w̃_dᵀ\].
    fn of(all: MatRef<'_, f64>, loadings: MatRef<'_, f64>) -> Result<Self, Error> {
        let latent = all.nrows() - 1;
        let rows = all[(latent, latent)];
        let mean = |k: usize| all[(latent, k)] / rows;
        let covariance: Vec<f64> = (0..latent * latent)
            .map(|i| (i / latent, i % latent))
            .map(|(i, j)| all[(i, j)] / rows - mean(i) * mean(j))
            .collect();
        let root = Cholesky::named("the covariance of the latents", &covariance, latent)?;
        let lower = MatRef::from_row_major_slice(root.factor(), latent, latent);
        let squares = lower.transpose() * loadings.submatrix(0, 0, latent, latent) * lower;
        let failed = |cause| Error::no_eigenvalues("E[WᵀW]", cause);
        let eigen = squares.self_adjoint_eigen(Side::Lower).map_err(failed)?;
        // The strongest first.
        let turned = lower * eigen.U().reverse_cols();
        let forth = Mat::from_fn(latent + 1, latent + 1, |i, j| match (i < latent, j < latent) {
            (true, true) => turned[(i, j)],
            (true, false) => mean(i),
            (false, same) => f64::from(u8::from(!same)),
        });
        let back = forth.partial_piv_lu().inverse();
        let rows = [row_by_row(forth.as_ref()), row_by_row(back.transpose())];
        Ok(Self { forth, back, rows, ln_determinant: 0.5 * root.ln_determinant() })
    }

    /// Σ E\[z̃ z̃ᵀ\] of the z′.
    fn gram(&self, block: &mut [f64], room: &mut Vec<f64>) {
        congruence(&self.rows[1], block, self.back.nrows(), room);
    }

    /// Cov\[w̃\] of the w′.
    fn covariance(&self, block: &mut [f64], room: &mut Vec<f64>) {
        congruence(&self.rows[0], block, self.forth.nrows(), room);
    }
}

impl Fit<'_> {
    /// Makes the move where it raises the bound.
    pub(super) fn rotate(&mut self) {
        let (latent, wide, columns) = (self.prior.latent, self.prior.latent + 1, self.observed.columns);
        let rows = self.statistics.rows();
        if rows == 0.0 {
            return;
        }
        let mut loadings = vec![0.0; wide * wide];
        for d in 0..columns {
            axpy(&mut loadings, 1.0, self.posterior.covariance_of(d));
            let w = self.posterior.loading(d);
            w.iter().zip(loadings.chunks_mut(wide)).for_each(|(&of_row, sums)| axpy(sums, of_row, w));
        }
        // It only saves sweeps: where rounding leaves no rotation, none is made.
        let Ok(rotation) = Rotation::of(view(&self.statistics.all, wide), view(&loadings, wide)) else {
            return;
        };
        let mut moved = self.clone();
        let (q, statistics) = (&mut moved.posterior, &mut moved.statistics);
        let blocks = q.covariance.par_chunks_mut(wide * wide).with_min_len(COLUMNS);
        blocks.for_each_init(Vec::new, |room, block| rotation.covariance(block, room));
        let mut new = vec![0.0; wide];
        for (w, mean) in q.loadings.chunks_mut(latent).zip(&mut q.mean) {
            new.fill(0.0);
            w.iter().zip(rotation.rows[0].chunks(wide)).for_each(|(&w, row)| axpy(&mut new, w, row));
            w.copy_from_slice(&new[..latent]);
            *mean += new[latent];
        }
        moved.ln_volume += 2.0 * columns as f64 * rotation.ln_determinant;
        for sums in [&mut statistics.grams, &mut statistics.spreads] {
            sums.chunks_mut(wide * wide).for_each(|block| rotation.gram(block, &mut new));
        }
        let reference = view(&statistics.reference, wide) * &rotation.forth;
        store(&reference, &mut statistics.reference);
        let products = view(&statistics.products, wide) * rotation.back.transpose();
        store(&products, &mut statistics.products);
        let trace = |all: &[f64]| all.iter().step_by(wide + 1).take(latent).sum::<f64>();
        let before = trace(&statistics.all);
        rotation.gram(&mut statistics.all, &mut new);
        statistics.kl += 0.5 * (trace(&statistics.all) - before) + rows * rotation.ln_determinant;
        moved.square();
        if moved.update_relevance().is_ok() && moved.bound().value() > self.bound().value() {
            *self = moved;
        }
    }
}
