//! The pass over the rows: the q(z_n) of each, kept as sums over the rows that show column d, with z̃ = (z, 1) and the
//! residuals e_nd = x_nd − w̃⁰_dᵀ E\[z̃_n\] about the w̃⁰ = E\[(w, μ)\] of the pass.
//!
//! For w̃ = w̃⁰ + δ, Σ_n E(x_nd − w̃ᵀz̃_n)² = Σ e² − 2 δᵀ Σ e E\[z̃\] + δᵀ Σ E\[z̃\] E\[z̃\]ᵀ δ + tr E\[w̃ w̃ᵀ\] Σ Cov\[z̃\] + …: sums of the
//! size of the noise, where Σ x² would cancel with as many digits as the signal has over it.

use rayon::prelude::*;

use super::{
    Posterior,
    latent::{Latent, Pattern, patterns},
};
use crate::{Error, check, distribution::cholesky::dot};

/// Parts of the rows that run in parallel: a fixed number, so that sums do not depend on the threads.
const PARTS: usize = 16;

/// Rows, with what of them does not change.
#[derive(Clone, Debug)]
pub(super) struct Observed<'a> {
    pub(super) x: &'a [f64],
    pub(super) columns: usize,
    /// How many rows each stands for, `[N]`; one, where there are none.
    weights: Option<&'a [f64]>,
    /// Patterns that show anything: a row that shows nothing has q(z) = p(z).
    pub(super) patterns: Vec<Pattern>,
    /// Cells of each column, each as often as it counts, their mean, and their squares about it.
    pub(super) counts: Vec<f64>,
    pub(super) centre: Vec<f64>,
    pub(super) squares: Vec<f64>,
}

impl<'a> Observed<'a> {
    pub(super) fn of(x: &'a [f64], columns: usize, weights: Option<&'a [f64]>) -> Result<Self, Error> {
        let mut patterns = patterns(x, columns)?;
        if let Some(weights) = weights {
            check::row_weights(weights, x.len() / columns)?;
        }
        let weight = |n: usize| weights.map_or(1.0, |weights| weights[n]);
        patterns.retain(|pattern| !pattern.seen.is_empty());
        let (mut counts, mut centre, mut squares) =
            (vec![0.0; columns], vec![0.0; columns], vec![0.0; columns]);
        for (i, &value) in x.iter().enumerate().filter(|(_, x)| !x.is_nan()) {
            let (d, weight) = (i % columns, weight(i / columns));
            if weight > 0.0 {
                // Welford's recurrence.
                counts[d] += weight;
                let before = value - centre[d];
                centre[d] += weight * before / counts[d];
                squares[d] += weight * before * (value - centre[d]);
            }
        }
        if let Some(d) = squares.iter().position(|s| !s.is_finite()) {
            let what = format!("the squared size of column {}", d + 1);
            return Err(Error::Overflow { what, value: squares[d] });
        }
        Ok(Self { x, columns, weights, patterns, counts, centre, squares })
    }

    /// How many rows row n stands for.
    pub(super) fn weight(&self, n: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[n])
    }

    pub(super) fn row(&self, n: usize) -> &'a [f64] {
        &self.x[n * self.columns..(n + 1) * self.columns]
    }

    /// Whether no row that shows anything lacks a cell.
    fn complete(&self) -> bool {
        self.patterns.iter().all(|pattern| pattern.seen.len() == self.columns)
    }
}

/// The sums. A matrix stands once for each column, or once for all where nothing is missing.
#[derive(Clone, Debug)]
pub(super) struct Statistics {
    complete: bool,
    wide: usize,
    /// Σ E\[z̃\] E\[z̃\]ᵀ, `[D or 1, K + 1, K + 1]`.
    pub(super) grams: Vec<f64>,
    /// Σ Cov\[z̃\], likewise.
    pub(super) spreads: Vec<f64>,
    /// Σ E\[z̃ z̃ᵀ\] over all rows that show anything, `[K + 1, K + 1]`.
    pub(super) all: Vec<f64>,
    /// w̃⁰, `[D, K + 1]`.
    pub(super) reference: Vec<f64>,
    /// Σ e², `[D]`.
    residuals: Vec<f64>,
    /// Σ e E\[z̃\], `[D, K + 1]`.
    pub(super) products: Vec<f64>,
    /// Σ KL(q(z_n) ‖ p(z)), in nats.
    pub(super) kl: f64,
}

impl Statistics {
    /// Of no rows, about the loadings of `q`.
    pub(super) fn none(observed: &Observed<'_>, q: &Posterior) -> Self {
        let reference = (0..observed.columns).flat_map(|d| q.loading(d).iter().chain([&q.mean[d]])).copied();
        Self { reference: reference.collect(), ..Self::part(observed, q) }
    }

    /// The same without the loadings.
    fn part(observed: &Observed<'_>, q: &Posterior) -> Self {
        let (wide, columns, complete) = (q.latent() + 1, observed.columns, observed.complete());
        let matrices = vec![0.0; if complete { 1 } else { columns } * wide * wide];
        Self {
            complete,
            wide,
            grams: matrices.clone(),
            spreads: matrices,
            all: vec![0.0; wide * wide],
            reference: Vec::new(),
            residuals: vec![0.0; columns],
            products: vec![0.0; columns * wide],
            kl: 0.0,
        }
    }

    /// One pass over the rows.
    pub(super) fn of(observed: &Observed<'_>, q: &Posterior) -> Result<Self, Error> {
        let rows: usize = observed.patterns.iter().map(|pattern| pattern.rows.len()).sum();
        let each = rows.div_ceil(PARTS).max(1);
        let mut last = 0;
        let in_several_parts = |pattern: &Pattern| {
            let first = last;
            last += pattern.rows.len();
            first / each < (last - 1) / each
        };
        // The q(z) of a pattern in several parts is made once, those of the others as they are needed.
        let several: Vec<bool> = observed.patterns.iter().map(in_several_parts).collect();
        let shared = observed.patterns.par_iter().zip(several);
        let shared =
            shared.map(|(pattern, several)| several.then(|| Latent::of(q, &pattern.seen)).transpose());
        let shared: Vec<Option<Latent<'_>>> = shared.collect::<Result<_, Error>>()?;
        let parts: Vec<Result<Self, Error>> = (0..PARTS)
            .into_par_iter()
            .map(|part| {
                let (from, to) = (each * part, each * (part + 1));
                let (mut sums, mut first) = (Self::part(observed, q), 0);
                for (pattern, shared) in observed.patterns.iter().zip(&shared) {
                    let last = first + pattern.rows.len();
                    if from < last && first < to {
                        let here = from.saturating_sub(first)..(to - first).min(pattern.rows.len());
                        let rows = &pattern.rows[here];
                        match shared {
                            Some(z) => sums.add(observed, q, z, rows),
                            None => sums.add(observed, q, &Latent::of(q, &pattern.seen)?, rows),
                        }
                    }
                    first = last;
                }
                Ok(sums)
            })
            .collect();
        let mut whole = Self::none(observed, q);
        for part in parts {
            let part = part?;
            for (sum, part) in [
                (&mut whole.grams, part.grams),
                (&mut whole.spreads, part.spreads),
                (&mut whole.all, part.all),
                (&mut whole.residuals, part.residuals),
                (&mut whole.products, part.products),
            ] {
                add(sum, &part);
            }
            whole.kl += part.kl;
        }
        Ok(whole)
    }

    /// Rows that all show the columns of q(z).
    fn add(&mut self, observed: &Observed<'_>, q: &Posterior, z: &Latent<'_>, rows: &[usize]) {
        let seen = z.seen;
        let (latent, wide) = (q.latent(), self.wide);
        let count: f64 = rows.iter().map(|&n| observed.weight(n)).sum();
        let (mut gram, mut spread) = (vec![0.0; wide * wide], vec![0.0; wide * wide]);
        for i in 0..latent {
            for j in 0..latent {
                spread[i * wide + j] = count * z.covariance[i * latent + j];
            }
        }
        let mut mean = vec![1.0; wide];
        for &n in rows {
            let (row, weight) = (observed.row(n), observed.weight(n));
            z.mean(row, &mut mean[..latent]);
            for (sums, m) in gram.chunks_mut(wide).zip(&mean) {
                sums.iter_mut().zip(&mean).for_each(|(sum, other)| *sum += weight * m * other);
            }
            for &d in seen {
                let residual = row[d] - q.mean[d] - dot(q.loading(d), &mean);
                self.residuals[d] += weight * residual * residual;
                let sums = &mut self.products[d * wide..(d + 1) * wide];
                sums.iter_mut().zip(&mean).for_each(|(sum, m)| *sum += weight * residual * m);
            }
            self.kl += 0.5 * weight * dot(&mean[..latent], &mean[..latent]);
        }
        let trace: f64 = z.covariance.iter().step_by(latent + 1).sum();
        self.kl += 0.5 * count * (trace - latent as f64 + z.ln_precision);
        add(&mut self.all, &gram);
        add(&mut self.all, &spread);
        let places = if self.complete { &[0][..] } else { seen };
        for place in places.iter().map(|d| d * wide * wide..(d + 1) * wide * wide) {
            add(&mut self.grams[place.clone()], &gram);
            add(&mut self.spreads[place], &spread);
        }
    }

    /// The rows that show anything.
    pub(super) fn rows(&self) -> f64 {
        self.all[self.all.len() - 1]
    }

    /// Those of column d.
    pub(super) fn column(&self, d: usize) -> Column<'_> {
        let (wide, size) = (self.wide, self.wide * self.wide);
        let place = if self.complete { 0 } else { d * size };
        Column {
            gram: &self.grams[place..place + size],
            spread: &self.spreads[place..place + size],
            reference: &self.reference[d * wide..(d + 1) * wide],
            residual: self.residuals[d],
            product: &self.products[d * wide..(d + 1) * wide],
        }
    }
}

fn add(sum: &mut [f64], part: &[f64]) {
    sum.iter_mut().zip(part).for_each(|(sum, v)| *sum += v);
}

/// The sums of a column.
pub(super) struct Column<'a> {
    gram: &'a [f64],
    spread: &'a [f64],
    residual: f64,
    pub(super) reference: &'a [f64],
    product: &'a [f64],
}

impl Column<'_> {
    /// Σ E\[z̃ z̃ᵀ\], `[K + 1, K + 1]`.
    pub(super) fn moments(&self) -> impl Iterator<Item = f64> {
        self.gram.iter().zip(self.spread).map(|(gram, spread)| gram + spread)
    }

    /// −½ ∂/∂w̃ of the expected squares at w̃⁰: Σ e E\[z̃\] − Σ Cov\[z̃\] w̃⁰.
    pub(super) fn slope(&self) -> impl Iterator<Item = f64> {
        let rows = self.product.iter().zip(self.spread.chunks(self.reference.len()));
        rows.map(|(product, spread)| product - dot(spread, self.reference))
    }

    /// Σ_n E(x_nd − w̃ᵀz̃_n)² under a w̃ of this mean and covariance; `step` is room.
    pub(super) fn squares(&self, mean: &[f64], covariance: &[f64], step: &mut Vec<f64>) -> f64 {
        let wide = mean.len();
        step.clear();
        step.extend(mean.iter().zip(self.reference).map(|(m, r)| m - r));
        let form = |matrix: &[f64], v: &[f64]| -> f64 {
            matrix.chunks(wide).zip(v).map(|(row, v_i)| v_i * dot(row, v)).sum()
        };
        let of_means = self.residual - 2.0 * dot(step, self.product) + form(self.gram, step);
        let of_covariance: f64 = self.moments().zip(covariance).map(|(a, c)| a * c).sum();
        // Each part is a sum of squares, which rounding could take below 0.
        of_means.max(0.0) + form(self.spread, mean) + of_covariance.max(0.0)
    }
}
