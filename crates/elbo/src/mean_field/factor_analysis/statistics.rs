//! The pass over the rows: q(z_n) of each, kept as Σ_n E\[z̃ z̃ᵀ\] and Σ_n x_nd E\[z̃\], z̃ = (z, 1), and its KL.

use rayon::prelude::*;

use super::{
    Posterior,
    latent::{Latent, Pattern, patterns},
};
use crate::{Error, distribution::cholesky::dot};

/// Parts of the rows that run in parallel: a fixed number, so that sums do not depend on the threads.
const PARTS: usize = 16;

/// Rows, with what of them does not change.
#[derive(Clone, Debug)]
pub(super) struct Observed<'a> {
    pub(super) x: &'a [f64],
    pub(super) columns: usize,
    /// Patterns that show anything: a row that shows nothing has q(z) = p(z).
    pub(super) patterns: Vec<Pattern>,
    /// Cells of each column, their mean, and their squares about it.
    pub(super) counts: Vec<f64>,
    pub(super) centre: Vec<f64>,
    pub(super) squares: Vec<f64>,
}

impl<'a> Observed<'a> {
    pub(super) fn of(x: &'a [f64], columns: usize) -> Result<Self, Error> {
        let mut patterns = patterns(x, columns)?;
        patterns.retain(|pattern| !pattern.seen.is_empty());
        let (mut counts, mut centre, mut squares) =
            (vec![0.0; columns], vec![0.0; columns], vec![0.0; columns]);
        for (d, &value) in x.iter().enumerate().map(|(i, x)| (i % columns, x)).filter(|(_, x)| !x.is_nan()) {
            // Welford's recurrence.
            counts[d] += 1.0;
            let before = value - centre[d];
            centre[d] += before / counts[d];
            squares[d] += before * (value - centre[d]);
        }
        if let Some(d) = squares.iter().position(|s| !s.is_finite()) {
            let what = format!("the squared size of column {}", d + 1);
            return Err(Error::invalid(&what, squares[d], "must be finite: scale the columns"));
        }
        Ok(Self { x, columns, patterns, counts, centre, squares })
    }

    pub(super) fn row(&self, n: usize) -> &'a [f64] {
        &self.x[n * self.columns..(n + 1) * self.columns]
    }

    /// Whether no row that shows anything lacks a cell.
    fn complete(&self) -> bool {
        self.patterns.iter().all(|pattern| pattern.seen.len() == self.columns)
    }
}

/// Σ over rows of the moments of z̃ under q.
#[derive(Clone, Debug)]
pub(super) struct Statistics {
    /// Whether one gram serves all columns.
    complete: bool,
    wide: usize,
    /// Σ E\[z̃ z̃ᵀ\] over the rows that show column d, `[D, K + 1, K + 1]`, or `[1, …]` where nothing is missing.
    pub(super) grams: Vec<f64>,
    /// The same over all rows, `[K + 1, K + 1]`.
    pub(super) all: Vec<f64>,
    /// Σ (x_nd − centre_d) E\[z̃\], `[D, K + 1]`.
    pub(super) products: Vec<f64>,
    /// Σ KL(q(z_n) ‖ p(z)), in nats.
    pub(super) kl: f64,
}

impl Statistics {
    pub(super) fn none(observed: &Observed<'_>, latent: usize) -> Self {
        let (wide, complete) = (latent + 1, observed.complete());
        let grams = if complete { 1 } else { observed.columns };
        Self {
            complete,
            wide,
            grams: vec![0.0; grams * wide * wide],
            all: vec![0.0; wide * wide],
            products: vec![0.0; observed.columns * wide],
            kl: 0.0,
        }
    }

    /// One pass over the rows.
    pub(super) fn of(observed: &Observed<'_>, q: &Posterior) -> Result<Self, Error> {
        let rows: usize = observed.patterns.iter().map(|pattern| pattern.rows.len()).sum();
        let each = rows.div_ceil(PARTS).max(1);
        let parts: Vec<Result<Self, Error>> = (0..PARTS)
            .into_par_iter()
            .map(|part| {
                let (from, to) = (each * part, each * (part + 1));
                let (mut sums, mut first) = (Self::none(observed, q.latent()), 0);
                for pattern in &observed.patterns {
                    let last = first + pattern.rows.len();
                    if from < last && first < to {
                        let here = from.saturating_sub(first)..(to - first).min(pattern.rows.len());
                        sums.add(observed, q, &pattern.seen, &pattern.rows[here])?;
                    }
                    first = last;
                }
                Ok(sums)
            })
            .collect();
        let mut whole = Self::none(observed, q.latent());
        for part in parts {
            let part = part?;
            whole.grams.iter_mut().zip(part.grams).for_each(|(sum, v)| *sum += v);
            whole.all.iter_mut().zip(part.all).for_each(|(sum, v)| *sum += v);
            whole.products.iter_mut().zip(part.products).for_each(|(sum, v)| *sum += v);
            whole.kl += part.kl;
        }
        Ok(whole)
    }

    /// Rows that all show the columns `seen`.
    fn add(
        &mut self,
        observed: &Observed<'_>,
        q: &Posterior,
        seen: &[usize],
        rows: &[usize],
    ) -> Result<(), Error> {
        let (latent, wide, count) = (q.latent(), self.wide, rows.len() as f64);
        let z = Latent::of(q, seen)?;
        let mut gram = vec![0.0; wide * wide];
        for i in 0..latent {
            for j in 0..latent {
                gram[i * wide + j] = count * z.covariance[i * latent + j];
            }
        }
        let mut mean = vec![1.0; wide];
        for &n in rows {
            let row = observed.row(n);
            z.mean(row, &mut mean[..latent]);
            for (sums, m) in gram.chunks_mut(wide).zip(&mean) {
                sums.iter_mut().zip(&mean).for_each(|(sum, other)| *sum += m * other);
            }
            for &d in seen {
                let deviation = row[d] - observed.centre[d];
                let sums = &mut self.products[d * wide..(d + 1) * wide];
                sums.iter_mut().zip(&mean).for_each(|(sum, m)| *sum += deviation * m);
            }
            self.kl += 0.5 * dot(&mean[..latent], &mean[..latent]);
        }
        let trace: f64 = z.covariance.iter().step_by(latent + 1).sum();
        self.kl += 0.5 * count * (trace - latent as f64 + z.ln_precision);
        self.all.iter_mut().zip(&gram).for_each(|(sum, v)| *sum += v);
        let grams = if self.complete { &[0][..] } else { seen };
        for &d in grams {
            let sums = &mut self.grams[d * wide * wide..(d + 1) * wide * wide];
            sums.iter_mut().zip(&gram).for_each(|(sum, v)| *sum += v);
        }
        Ok(())
    }

    /// The rows that show anything.
    pub(super) fn rows(&self) -> f64 {
        self.all[self.all.len() - 1]
    }

    /// Σ E\[z̃ z̃ᵀ\] over the rows that show column d.
    pub(super) fn gram(&self, d: usize) -> &[f64] {
        let (size, place) = (self.wide * self.wide, if self.complete { 0 } else { d });
        &self.grams[place * size..(place + 1) * size]
    }

    /// Σ (x_nd − centre_d) E\[z̃\].
    pub(super) fn product(&self, d: usize) -> &[f64] {
        &self.products[d * self.wide..(d + 1) * self.wide]
    }
}
