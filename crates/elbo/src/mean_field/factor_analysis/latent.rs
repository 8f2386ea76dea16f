//! q(z) of rows that show the same columns: one covariance Λ⁻¹ for all, and a mean that is linear in x.

use std::collections::HashMap;

use super::Posterior;
use crate::{Error, distribution::Cholesky, mean_field::cells::check_finite};

/// Rows that show the same columns.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    /// The columns that are not missing.
    pub(super) seen: Vec<usize>,
    /// The rows, ascending.
    pub(super) rows: Vec<usize>,
}

/// The patterns of rows x, `[N, columns]`, in the order in which they first occur.
pub(super) fn patterns(x: &[f64], columns: usize) -> Result<Vec<Pattern>, Error> {
    if columns == 0 || !x.len().is_multiple_of(columns) {
        return Err(Error::Shape { what: "x".into(), expected: vec![columns], got: vec![x.len()] });
    }
    check_finite(x, columns)?;
    let mut places: HashMap<Vec<u64>, usize> = HashMap::new();
    let mut patterns: Vec<Pattern> = Vec::new();
    let mut bits = vec![0u64; columns.div_ceil(64)];
    for (n, row) in x.chunks(columns).enumerate() {
        bits.fill(0);
        for (d, value) in row.iter().enumerate() {
            bits[d / 64] |= u64::from(!value.is_nan()) << (d % 64);
        }
        let place = places.get(&bits).copied().unwrap_or_else(|| {
            places.insert(bits.clone(), patterns.len());
            let seen = (0..columns).filter(|&d| !row[d].is_nan()).collect();
            patterns.push(Pattern { seen, rows: Vec::new() });
            patterns.len() - 1
        });
        patterns[place].rows.push(n);
    }
    Ok(patterns)
}

/// q(z) of the rows of a pattern.
pub(super) struct Latent<'a> {
    q: &'a Posterior,
    pub(super) seen: &'a [usize],
    /// Λ⁻¹, `[K, K]`.
    pub(super) covariance: Vec<f64>,
    /// log |Λ|.
    pub(super) ln_precision: f64,
    /// Λ⁻¹ E\[τ_d\] E\[w_d\] of each column seen, `[seen, K]`.
    gain: Vec<f64>,
    /// −Λ⁻¹ Σ_d E\[τ_d\] Cov\[w_d, μ_d\], `[K]`.
    offset: Vec<f64>,
}

impl<'a> Latent<'a> {
    /// Λ = I + Σ_d E\[τ_d\] (E\[w_d\] E\[w_d\]ᵀ + Cov\[w_d\]).
    pub(super) fn of(q: &'a Posterior, seen: &'a [usize]) -> Result<Self, Error> {
        let (latent, wide) = (q.latent(), q.latent() + 1);
        let mut precision = vec![0.0; latent * latent];
        precision.iter_mut().step_by(latent + 1).for_each(|p| *p = 1.0);
        let mut with_mean = vec![0.0; latent];
        for &d in seen {
            let (tau, w, covariance) = (q.noise_precision(d), q.loading(d), q.covariance_of(d));
            for i in 0..latent {
                // The lower triangle is all that is read.
                for j in 0..=i {
                    precision[i * latent + j] += tau * (w[i] * w[j] + covariance[i * wide + j]);
                }
                with_mean[i] -= tau * covariance[i * wide + latent];
            }
        }
        let root = Cholesky::named("the precision of q(z)", &precision, latent)?;
        let mut gain = vec![0.0; seen.len() * latent];
        for (gain, &d) in gain.chunks_mut(latent).zip(seen) {
            let tau = q.noise_precision(d);
            gain.iter_mut().zip(q.loading(d)).for_each(|(gain, w)| *gain = tau * w);
            root.solve_both(gain);
        }
        root.solve_both(&mut with_mean);
        Ok(Self {
            q,
            seen,
            gain,
            covariance: root.inverse(),
            ln_precision: root.ln_determinant(),
            offset: with_mean,
        })
    }

    /// E\[z\] of a row, `[D]`, into `mean`, `[K]`.
    pub(super) fn mean(&self, row: &[f64], mean: &mut [f64]) {
        mean.copy_from_slice(&self.offset);
        for (&d, gain) in self.seen.iter().zip(self.gain.chunks(mean.len())) {
            let deviation = row[d] - self.q.mean[d];
            mean.iter_mut().zip(gain).for_each(|(m, g)| *m += deviation * g);
        }
    }
}
