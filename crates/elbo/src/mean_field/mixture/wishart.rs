//! Gaussian components whose precision is a matrix, one for each or one for all: Normal-Wishart.
//!
//! Λ_k ~ W(ν₀, W₀), μ_k|Λ_k ~ N(m₀, (β₀ Λ_k)⁻¹) (Bishop 2006, section 10.2). A missing cell is a latent variable beside
//! z_n, with the exact Gaussian factor of its own given z_n = k.

use std::f64::consts::{LN_2, TAU};

use elbo_kernels::{
    Level,
    mixture::{Block, add_full, full_gaussian},
};
use serde::{Deserialize, Serialize};

use super::{
    GaussianPrior,
    components::{Components, Draw, Expectations, student_t},
};
use crate::{
    Error,
    distribution::{
        Cholesky, FullGaussian, LogDensity, Sample, Wishart, all_finite, cholesky::dot, positive,
    },
    divergence::KullbackLeibler,
    random::Key,
    special::digamma,
};

/// q(μ_k, Λ_k), with one Λ for each component, or one for all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NormalWishart {
    pub(super) prior: GaussianPrior,
    /// m, `[K, D]`.
    pub(super) mean: Vec<f64>,
    /// β, `[K]`: the rows that the mean is worth.
    pub(super) mean_precision: Vec<f64>,
    /// ν, `[K]`, or of one for all `[1]`.
    pub(super) freedom: Vec<f64>,
    /// W⁻¹ of each ν, `[D, D]`.
    pub(super) inverse_scale: Vec<Vec<f64>>,
}

/// Entries of a lower triangle, row by row.
fn triangle(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n).flat_map(|i| (0..=i).map(move |j| (i, j)))
}

/// A symmetric matrix from its lower triangle.
fn symmetric(lower: &[f64], n: usize) -> Vec<f64> {
    let at = |i: usize, j: usize| lower[i * (i + 1) / 2 + j];
    (0..n * n).map(|e| at((e / n).max(e % n), (e / n).min(e % n))).collect()
}

impl NormalWishart {
    /// The prior, K times.
    pub(super) fn new(prior: &GaussianPrior, components: usize, tied: bool) -> Result<Self, Error> {
        let (width, precisions) = (prior.mean.len(), if tied { 1 } else { components });
        Cholesky::of(&prior.scale, width)?;
        if prior.freedom.is_nan() || prior.freedom <= width as f64 - 1.0 {
            return Err(Error::invalid("degrees of freedom", prior.freedom, "must be > columns - 1"));
        }
        Ok(Self {
            mean: prior.mean.repeat(components),
            mean_precision: vec![prior.mean_precision; components],
            freedom: vec![prior.freedom; precisions],
            inverse_scale: vec![prior.scale.clone(); precisions],
            prior: prior.clone(),
        })
    }

    fn width(&self) -> usize {
        self.prior.mean.len()
    }

    fn tied(&self) -> bool {
        self.freedom.len() < self.mean_precision.len()
    }

    /// The place of Λ_k's parameters.
    fn precision(&self, component: usize) -> usize {
        if self.tied() { 0 } else { component }
    }

    fn mean_of(&self, component: usize) -> &[f64] {
        &self.mean[component * self.width()..][..self.width()]
    }

    /// The factor of W⁻¹ of each Λ.
    pub(super) fn factors(&self) -> Result<Vec<Cholesky>, Error> {
        self.inverse_scale.iter().map(|inverse_scale| Cholesky::of(inverse_scale, self.width())).collect()
    }

    /// E\[log |Λ|\] = Σ_i ψ((ν − i)/2) + D log 2 + log |W|.
    fn expected_ln_determinant(freedom: f64, factor: &Cholesky) -> f64 {
        let n = factor.dimension();
        let digammas: f64 = (0..n).map(|i| digamma(0.5 * (freedom - i as f64))).sum();
        digammas + n as f64 * LN_2 - factor.ln_determinant()
    }

    /// E\[Cov\] of the rows of a component, W⁻¹/ν, `[D, D]`.
    pub fn covariance(&self, component: usize) -> Vec<f64> {
        let place = self.precision(component);
        self.inverse_scale[place].iter().map(|w| w / self.freedom[place]).collect()
    }

    /// Statistics of a component: N, x̄ − c, and the scatter about x̄ (lower triangle).
    fn moments(&self, statistics: &[f64], component: usize) -> (f64, Vec<f64>, Vec<f64>) {
        let (width, size) = (self.width(), self.size());
        let own = &statistics[component * size..][..size];
        let (count, sum, squares) = (own[0], &own[1..=width], &own[1 + width..]);
        // Below a component's smallest share of a row there is no mean to speak of.
        let mean: Vec<f64> =
            sum.iter().map(|s| if count > f64::MIN_POSITIVE { s / count } else { 0.0 }).collect();
        let scatter = triangle(width).zip(squares).map(|((i, j), s)| s - count * mean[i] * mean[j]).collect();
        (count, mean, scatter)
    }
}

impl Components for NormalWishart {
    fn check(&self) -> Result<(), Error> {
        all_finite("the prior's mean", &self.prior.mean)?;
        let (number, width, precisions) = (self.number(), self.width(), self.freedom.len());
        let places = if precisions == 1 { 1 } else { number };
        Error::check_shape(
            "q of the components",
            &[number * width, places, places],
            &[self.mean.len(), precisions, self.inverse_scale.len()],
        )?;
        for inverse_scale in &self.inverse_scale {
            Error::check_shape("W⁻¹", &[width * width], &[inverse_scale.len()])?;
        }
        all_finite("a mean", &self.mean)?;
        for &beta in &self.mean_precision {
            positive("the precision of a mean", beta)?;
        }
        for freedom in &self.freedom {
            positive("degrees of freedom beyond columns - 1", freedom - (width as f64 - 1.0))?;
        }
        Ok(())
    }

    fn number(&self) -> usize {
        self.mean_precision.len()
    }

    fn size(&self) -> usize {
        let width = self.width();
        1 + width + width * (width + 1) / 2
    }

    fn expectations(&self) -> Box<dyn Expectations + '_> {
        let width = self.width();
        let factors = self.factors().unwrap_or_default();
        let of = |component: usize| {
            let place = self.precision(component);
            let (freedom, factor) = (self.freedom[place], &factors[place]);
            // The rows of √ν L⁻¹, W⁻¹ = L Lᵀ: E[Λ] = ν L⁻ᵀ L⁻¹.
            let mut rows = vec![0.0; width * (width + 1) / 2];
            for j in 0..width {
                let unit: Vec<f64> = (0..width).map(|i| f64::from(i == j)).collect();
                let column = factor.solve(&unit);
                (j..width).for_each(|i| rows[i * (i + 1) / 2 + j] = freedom.sqrt() * column[i]);
            }
            let constant = 0.5
                * (Self::expected_ln_determinant(freedom, factor)
                    - width as f64 * (TAU.ln() + self.mean_precision[component].recip()));
            (rows, constant)
        };
        let (whitening, constants) = (0..self.number()).map(of).unzip();
        Box::new(Expected { means: &self.mean, width, size: self.size(), whitening, constants })
    }

    fn set(&mut self, statistics: &[f64], origins: &[f64]) -> Result<(), Error> {
        let width = self.width();
        let precisions = self.freedom.len();
        let mut freedom = vec![self.prior.freedom; precisions];
        let lower: Vec<f64> = triangle(width).map(|(i, j)| self.prior.scale[i * width + j]).collect();
        let mut scatter = vec![lower; precisions];
        for k in 0..self.number() {
            let (count, mean, own) = self.moments(statistics, k);
            let (place, prior) = (self.precision(k), &self.prior);
            let total = prior.mean_precision + count;
            let mean: Vec<f64> = mean.iter().zip(&origins[k * width..]).map(|(m, c)| m + c).collect();
            let away: Vec<f64> = mean.iter().zip(&prior.mean).map(|(x, m)| x - m).collect();
            let shrunk = prior.mean_precision * count / total;
            freedom[place] += count;
            for ((scatter, own), (i, j)) in scatter[place].iter_mut().zip(own).zip(triangle(width)) {
                *scatter += own + shrunk * away[i] * away[j];
            }
            for (d, m) in self.mean[k * width..][..width].iter_mut().enumerate() {
                *m = prior.mean[d] + count / total * away[d];
            }
            self.mean_precision[k] = total;
        }
        let scale: Vec<Vec<f64>> = scatter.iter().map(|scatter| symmetric(scatter, width)).collect();
        scale.iter().try_for_each(|scale| Cholesky::of(scale, width).map(|_| ()))?;
        (self.freedom, self.inverse_scale) = (freedom, scale);
        Ok(())
    }

    fn log_likelihood(&self, statistics: &[f64], origins: &[f64]) -> f64 {
        let width = self.width();
        let Ok(factors) = self.factors() else { return f64::NAN };
        let of = |k: usize| {
            let place = self.precision(k);
            let (freedom, factor) = (self.freedom[place], &factors[place]);
            let (count, mean, scatter) = self.moments(statistics, k);
            let away: Vec<f64> =
                (0..width).map(|d| mean[d] + origins[k * width + d] - self.mean_of(k)[d]).collect();
            let whitened = factor.solve(&away);
            // tr(W scatter), W the inverse of W⁻¹.
            let w = factor.inverse();
            let trace: f64 = triangle(width)
                .zip(&scatter)
                .map(|((i, j), s)| if i == j { s * w[i * width + i] } else { 2.0 * s * w[i * width + j] })
                .sum();
            let squares = freedom * (trace + count * dot(&whitened, &whitened));
            let per_row = Self::expected_ln_determinant(freedom, factor)
                - width as f64 * (TAU.ln() + self.mean_precision[k].recip());
            0.5 * (count * per_row - squares)
        };
        (0..self.number()).map(of).sum()
    }

    fn kl(&self) -> f64 {
        let kl = || -> Result<f64, Error> {
            let (width, prior) = (self.width(), &self.prior);
            let scale = |inverse_scale: &[f64]| -> Result<Cholesky, Error> {
                Cholesky::of(&Cholesky::of(inverse_scale, width)?.inverse(), width)
            };
            let p = Wishart::new(prior.freedom, scale(&prior.scale)?)?;
            let mut total = 0.0;
            for (freedom, inverse_scale) in self.freedom.iter().zip(&self.inverse_scale) {
                total += Wishart::new(*freedom, scale(inverse_scale)?)?.kl(&p)?;
            }
            let factors = self.factors()?;
            for k in 0..self.number() {
                let place = self.precision(k);
                let away: Vec<f64> = self.mean_of(k).iter().zip(&prior.mean).map(|(m, p)| m - p).collect();
                let whitened = factors[place].solve(&away);
                let ratio = prior.mean_precision / self.mean_precision[k];
                let of_width = width as f64 * crate::special::exp_remainder(ratio.ln());
                total +=
                    0.5 * (of_width + prior.mean_precision * self.freedom[place] * dot(&whitened, &whitened));
            }
            Ok(total)
        };
        kl().unwrap_or(f64::NAN)
    }

    /// Student's t with ν + 1 − D degrees of freedom, of the columns that are there.
    fn log_predictive(&self, component: usize, x: &[f64]) -> f64 {
        let width = self.width();
        let seen: Vec<usize> = (0..width).filter(|&d| !x[d].is_nan()).collect();
        let n = seen.len();
        if n == 0 {
            return 0.0;
        }
        let place = self.precision(component);
        let (beta, freedom) = (self.mean_precision[component], self.freedom[place] + 1.0 - width as f64);
        let scale = (1.0 + beta) / (beta * freedom);
        let matrix: Vec<f64> = seen
            .iter()
            .flat_map(|&i| seen.iter().map(move |&j| (i, j)))
            .map(|(i, j)| scale * self.inverse_scale[place][i * width + j])
            .collect();
        let Ok(factor) = Cholesky::of(&matrix, n) else { return f64::NAN };
        let away: Vec<f64> = seen.iter().map(|&d| x[d] - self.mean_of(component)[d]).collect();
        let whitened = factor.solve(&away);
        student_t(freedom, n, factor.ln_determinant(), dot(&whitened, &whitened))
    }

    fn sample(&self, component: usize, key: Key, row: u64) -> Result<Vec<f64>, Error> {
        let (width, place) = (self.width(), self.precision(component));
        let scale = Cholesky::of(&Cholesky::of(&self.inverse_scale[place], width)?.inverse(), width)?;
        let precision = Wishart::new(self.freedom[place], scale)?.sample(key.fold(0), row);
        // x = m + √(1 + 1/β) e, e ~ N(0, Λ⁻¹): μ and x at once.
        let covariance = Cholesky::of(&precision, width)?.inverse();
        let spread = 1.0 + self.mean_precision[component].recip();
        let covariance: Vec<f64> = covariance.iter().map(|c| spread * c).collect();
        let mean = self.mean_of(component).to_vec();
        Ok(FullGaussian::new(mean, Cholesky::of(&covariance, width)?)?.sample(key.fold(1), row))
    }

    fn mean(&self, component: usize) -> &[f64] {
        self.mean_of(component)
    }

    fn draw(&self, key: Key, row: u64) -> Result<Draw, Error> {
        let (width, prior) = (self.width(), &self.prior);
        let wishart = |freedom: f64, inverse_scale: &[f64]| {
            Wishart::new(freedom, Cholesky::of(&Cholesky::of(inverse_scale, width)?.inverse(), width)?)
        };
        let p = wishart(prior.freedom, &prior.scale)?;
        let (mut log_ratio, mut factors) = (0.0, Vec::new());
        for (place, (&freedom, inverse_scale)) in self.freedom.iter().zip(&self.inverse_scale).enumerate() {
            let q = wishart(freedom, inverse_scale)?;
            let precision = q.sample(key.fold(place as u64), row);
            log_ratio += p.log_density(&precision) - q.log_density(&precision);
            factors.push(Cholesky::of(&precision, width)?);
        }
        let mut means = Vec::with_capacity(self.mean.len());
        let mut noise = vec![0.0; width];
        for k in 0..self.number() {
            let (factor, beta) = (&factors[self.precision(k)], self.mean_precision[k]);
            key.fold((self.number() + k) as u64).normals(row, &mut noise);
            let away = factor.solve_transposed(&noise);
            let mean: Vec<f64> =
                self.mean_of(k).iter().zip(&away).map(|(m, e)| m + e / beta.sqrt()).collect();
            let from_prior: Vec<f64> = mean.iter().zip(&prior.mean).map(|(m, p)| m - p).collect();
            let whitened = transposed_product(factor, &from_prior);
            // |Λ| is in both.
            log_ratio += 0.5 * width as f64 * (prior.mean_precision / beta).ln()
                - 0.5 * (prior.mean_precision * dot(&whitened, &whitened) - dot(&noise, &noise));
            means.extend(mean);
        }
        let covariances: Vec<Vec<f64>> = factors.iter().map(Cholesky::inverse).collect();
        let tied = self.tied();
        let log_density = move |x: &[f64], out: &mut [f64]| {
            let seen: Vec<usize> = (0..width).filter(|&d| !x[d].is_nan()).collect();
            let constant = -0.5 * seen.len() as f64 * TAU.ln();
            for (k, out) in out.iter_mut().enumerate() {
                let place = if tied { 0 } else { k };
                let away: Vec<f64> = seen.iter().map(|&d| x[d] - means[k * width + d]).collect();
                *out = constant
                    + if seen.len() == width {
                        let whitened = transposed_product(&factors[place], &away);
                        0.5 * (factors[place].ln_determinant() - dot(&whitened, &whitened))
                    } else {
                        marginal(&covariances[place], width, &seen, &away)
                    };
            }
        };
        Ok(Draw { log_ratio, log_density: Box::new(log_density) })
    }
}

/// Lᵀ v.
fn transposed_product(factor: &Cholesky, v: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; v.len()];
    for (i, v) in v.iter().enumerate() {
        out.iter_mut().zip(factor.row(i)).for_each(|(out, l)| *out += l * v);
    }
    out
}

/// −½ (log |Σ| + dᵀ Σ⁻¹ d) of some columns' Σ.
fn marginal(covariance: &[f64], width: usize, columns: &[usize], away: &[f64]) -> f64 {
    if columns.is_empty() {
        return 0.0;
    }
    let own: Vec<f64> = columns
        .iter()
        .flat_map(|&i| columns.iter().map(move |&j| (i, j)))
        .map(|(i, j)| covariance[i * width + j])
        .collect();
    Cholesky::of(&own, columns.len()).map_or(f64::NAN, |factor| {
        let whitened = factor.solve(away);
        -0.5 * (factor.ln_determinant() + dot(&whitened, &whitened))
    })
}

/// E\[log N(x; μ_k, Λ_k⁻¹)\] = constant − ½ |A (x − m)|², AᵀA = E\[Λ\].
struct Expected<'a> {
    means: &'a [f64],
    width: usize,
    size: usize,
    whitening: Vec<Vec<f64>>,
    constants: Vec<f64>,
}

/// A row's missing cells under one component: what they are expected to be, their covariance, and the rest.
struct Completed {
    row: Vec<f64>,
    missing: Vec<usize>,
    covariance: Vec<f64>,
    /// log ∫ exp E\[log p(x)\] over them.
    log_density: f64,
    entropy: f64,
}

impl Expected<'_> {
    /// E\[Λ\]_ij.
    fn precision(&self, k: usize, i: usize, j: usize) -> f64 {
        let row = |r: usize| &self.whitening[k][r * (r + 1) / 2..][..=r];
        (i.max(j)..self.width).map(|r| row(r)[i] * row(r)[j]).sum()
    }

    fn complete(&self, k: usize, x: &[f64]) -> Completed {
        let width = self.width;
        let mean = &self.means[k * width..][..width];
        let missing: Vec<usize> = (0..width).filter(|&d| x[d].is_nan()).collect();
        let m = missing.len();
        let own: Vec<f64> = (0..m * m).map(|e| self.precision(k, missing[e / m], missing[e % m])).collect();
        // A block of a positive definite matrix is one, but for rounding.
        let Ok(factor) = Cholesky::of(&own, m) else {
            let (row, covariance) = (x.to_vec(), vec![f64::NAN; m * m]);
            return Completed { row, missing, covariance, log_density: f64::NAN, entropy: f64::NAN };
        };
        let pull: Vec<f64> = missing
            .iter()
            .map(|&i| {
                (0..width)
                    .filter(|&j| !x[j].is_nan())
                    .map(|j| self.precision(k, i, j) * (x[j] - mean[j]))
                    .sum()
            })
            .collect();
        let shift = factor.solve_transposed(&factor.solve(&pull));
        let mut row = x.to_vec();
        missing.iter().zip(&shift).for_each(|(&i, s)| row[i] = mean[i] - s);
        let mut squares = 0.0;
        for i in 0..width {
            let own = &self.whitening[k][i * (i + 1) / 2..][..=i];
            let y: f64 = own.iter().enumerate().map(|(j, a)| a * (row[j] - mean[j])).sum();
            squares += y * y;
        }
        let entropy = 0.5 * (m as f64 * (1.0 + TAU.ln()) - factor.ln_determinant());
        let log_density = self.constants[k] - 0.5 * squares + entropy - 0.5 * m as f64;
        Completed { row, missing, covariance: factor.inverse(), log_density, entropy }
    }
}

impl Expectations for Expected<'_> {
    fn log_densities(&self, level: Level, x: &[Block], room: &mut [Block], out: &mut [Block]) {
        for (k, out) in out.iter_mut().enumerate() {
            let mean = &self.means[k * self.width..][..self.width];
            full_gaussian(level, x, mean, &self.whitening[k], self.constants[k], room, out);
        }
    }

    fn add(
        &self,
        level: Level,
        x: &[Block],
        origins: &[f64],
        r: &[Block],
        room: &mut [Block],
        statistics: &mut [f64],
    ) {
        let own = r.iter().zip(origins.chunks(self.width)).zip(statistics.chunks_mut(self.size));
        for ((r, origin), statistics) in own {
            add_full(level, x, origin, r, room, statistics);
        }
    }

    fn log_densities_of_incomplete(&self, x: &[f64], out: &mut [f64]) {
        out.iter_mut().enumerate().for_each(|(k, out)| *out = self.complete(k, x).log_density);
    }

    fn add_incomplete(&self, x: &[f64], origins: &[f64], r: &[f64], statistics: &mut [f64]) -> f64 {
        let width = self.width;
        let mut entropy = 0.0;
        for (k, (&r, own)) in r.iter().zip(statistics.chunks_mut(self.size)).enumerate() {
            let Completed { row, missing, covariance, entropy: of_row, .. } = self.complete(k, x);
            let e: Vec<f64> = row.iter().zip(&origins[k * width..]).map(|(x, c)| x - c).collect();
            own[0] += r;
            own[1..=width].iter_mut().zip(&e).for_each(|(s, e)| *s += r * e);
            let squares = &mut own[1 + width..];
            triangle(width).zip(squares.iter_mut()).for_each(|((i, j), s)| *s += r * e[i] * e[j]);
            for (a, &i) in missing.iter().enumerate() {
                for (b, &j) in missing[..=a].iter().enumerate() {
                    squares[i * (i + 1) / 2 + j] += r * covariance[a * missing.len() + b];
                }
            }
            entropy += r * of_row;
        }
        entropy
    }
}
