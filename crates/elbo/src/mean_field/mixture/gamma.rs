//! Gaussian components whose columns are independent: Normal-Gamma, with a precision for each column, or one for all.
//!
//! τ_kd ~ Gamma(ν₀/2, s_d/2), μ_kd|τ_kd ~ N(m₀d, 1/(β₀ τ_kd)). A missing cell is nothing: it is summed out of p(x|θ) at
//! once.

use std::f64::consts::TAU;

use elbo_kernels::{
    Level,
    mixture::{Block, add_diagonal, diagonal_gaussian},
};
use serde::{Deserialize, Serialize};

use super::{
    GaussianPrior,
    components::{Components, Draw, Expectations, student_t},
};
use crate::{
    Error,
    distribution::{Gamma, LogDensity, Sample, all_finite, positive},
    divergence::KullbackLeibler,
    random::Key,
    special::{digamma, exp_remainder},
};

/// q(μ_k, τ_k).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NormalGamma {
    pub(super) prior: GaussianPrior,
    pub(super) spherical: bool,
    /// m, `[K, D]`.
    pub(super) mean: Vec<f64>,
    /// β, `[K, D]`: the rows that the mean is worth.
    pub(super) mean_precision: Vec<f64>,
    /// a and b of each precision, `[K, D]`; of one for all columns `[K]`.
    pub(super) shape: Vec<f64>,
    pub(super) rate: Vec<f64>,
}

impl NormalGamma {
    /// The prior, K times.
    pub(super) fn new(prior: &GaussianPrior, components: usize, spherical: bool) -> Result<Self, Error> {
        let width = prior.mean.len();
        let rates: Vec<f64> = prior.scale.iter().map(|s| 0.5 * s).collect();
        let expected = if spherical { 1 } else { width };
        Error::check_shape("the prior's scale", &[expected], &[rates.len()])?;
        for &rate in &rates {
            Gamma::new(0.5 * prior.freedom, rate)?;
        }
        Ok(Self {
            mean: prior.mean.repeat(components),
            mean_precision: vec![prior.mean_precision; components * width],
            shape: vec![0.5 * prior.freedom; components * rates.len()],
            rate: rates.repeat(components),
            spherical,
            prior: prior.clone(),
        })
    }

    fn width(&self) -> usize {
        self.prior.mean.len()
    }

    /// The place of the precision of a column.
    fn place(&self, component: usize, column: usize) -> usize {
        if self.spherical { component } else { component * self.width() + column }
    }

    /// E\[variance\] of each column of a component's rows, as b/a.
    pub fn variance(&self, component: usize) -> Vec<f64> {
        (0..self.width())
            .map(|d| self.place(component, d))
            .map(|place| self.rate[place] / self.shape[place])
            .collect()
    }

    /// N, x̄ − c and Σ r (x − x̄)² of a column.
    fn moments(&self, statistics: &[f64], component: usize, column: usize) -> (f64, f64, f64) {
        let width = self.width();
        let own = &statistics[component * 3 * width..][..3 * width];
        let (count, sum, squares) = (own[column], own[width + column], own[2 * width + column]);
        let mean = if count > f64::MIN_POSITIVE { sum / count } else { 0.0 };
        (count, mean, (squares - count * mean * mean).max(0.0))
    }
}

impl Components for NormalGamma {
    fn check(&self) -> Result<(), Error> {
        all_finite("the prior's mean", &self.prior.mean)?;
        let (number, width) = (self.number(), self.width());
        let places = if self.spherical { number } else { number * width };
        Error::check_shape(
            "q of the components",
            &[number * width, number * width, places, places],
            &[self.mean.len(), self.mean_precision.len(), self.shape.len(), self.rate.len()],
        )?;
        all_finite("a mean", &self.mean)?;
        let mut parameters = self.mean_precision.iter().chain(&self.shape).chain(&self.rate);
        parameters.try_for_each(|&x| positive("β, a or b of a component", x).map(|_| ()))
    }

    fn number(&self) -> usize {
        self.mean.len() / self.width()
    }

    fn size(&self) -> usize {
        3 * self.width()
    }

    fn expectations(&self) -> Box<dyn Expectations + '_> {
        let width = self.width();
        let places = || (0..self.mean.len()).map(|e| (e, self.place(e / width, e % width)));
        let precision = places().map(|(_, place)| self.shape[place] / self.rate[place]).collect();
        let constant = places()
            .map(|(e, place)| {
                let ln_tau = digamma(self.shape[place]) - self.rate[place].ln();
                0.5 * (ln_tau - TAU.ln() - self.mean_precision[e].recip())
            })
            .collect();
        Box::new(Expected { means: &self.mean, width, precision, constant })
    }

    fn set(&mut self, statistics: &[f64], origins: &[f64]) -> Result<(), Error> {
        let width = self.width();
        let Self { shape, rate, .. } = Self::new(&self.prior, self.number(), self.spherical)?;
        (self.shape, self.rate) = (shape, rate);
        for e in 0..self.mean.len() {
            let (k, d) = (e / width, e % width);
            let (count, mean, scatter) = self.moments(statistics, k, d);
            let (place, prior) = (self.place(k, d), &self.prior);
            let (total, away) = (prior.mean_precision + count, mean + origins[e] - prior.mean[d]);
            self.shape[place] += 0.5 * count;
            self.rate[place] += 0.5 * (scatter + prior.mean_precision * count / total * away * away);
            self.mean[e] = prior.mean[d] + count / total * away;
            self.mean_precision[e] = total;
        }
        self.shape.iter().zip(&self.rate).try_for_each(|(&a, &b)| Gamma::new(a, b).map(|_| ()))
    }

    fn log_likelihood(&self, statistics: &[f64], origins: &[f64]) -> f64 {
        let width = self.width();
        let of = |e: usize| {
            let (count, mean, scatter) = self.moments(statistics, e / width, e % width);
            let place = self.place(e / width, e % width);
            let (a, b) = (self.shape[place], self.rate[place]);
            let away = mean + origins[e] - self.mean[e];
            let per_row = digamma(a) - b.ln() - TAU.ln() - self.mean_precision[e].recip();
            0.5 * (count * per_row - a / b * (scatter + count * away * away))
        };
        (0..self.mean.len()).map(of).sum()
    }

    fn kl(&self) -> f64 {
        let kl = || -> Result<f64, Error> {
            let (width, prior) = (self.width(), &self.prior);
            let mut total = 0.0;
            for (place, (&a, &b)) in self.shape.iter().zip(&self.rate).enumerate() {
                let p = Gamma::new(0.5 * prior.freedom, 0.5 * prior.scale[place % prior.scale.len()])?;
                total += Gamma::new(a, b)?.kl(&p)?;
            }
            for e in 0..self.mean.len() {
                let place = self.place(e / width, e % width);
                let away = self.mean[e] - prior.mean[e % width];
                let ratio = prior.mean_precision / self.mean_precision[e];
                let squares = prior.mean_precision * self.shape[place] / self.rate[place] * away * away;
                total += 0.5 * (exp_remainder(ratio.ln()) + squares);
            }
            Ok(total)
        };
        kl().unwrap_or(f64::NAN)
    }

    /// Student's t with 2a degrees of freedom: one for each column, or of all columns where they share τ.
    fn log_predictive(&self, component: usize, x: &[f64]) -> f64 {
        let width = self.width();
        let term = |d: usize| {
            let (e, place) = (component * width + d, self.place(component, d));
            let (freedom, beta) = (2.0 * self.shape[place], self.mean_precision[e]);
            let variance = self.rate[place] / self.shape[place] * (1.0 + beta) / beta;
            (freedom, variance, (x[d] - self.mean[e]).powi(2) / variance)
        };
        let seen = (0..width).filter(|&d| !x[d].is_nan()).map(term);
        if !self.spherical {
            return seen
                .map(|(freedom, variance, square)| student_t(freedom, 1, variance.ln(), square))
                .sum();
        }
        let (mut n, mut ln_determinant, mut squares) = (0, 0.0, 0.0);
        for (_, variance, square) in seen {
            n += 1;
            ln_determinant += variance.ln();
            squares += square;
        }
        student_t(2.0 * self.shape[component], n, ln_determinant, squares)
    }

    fn sample(&self, component: usize, key: Key, row: u64) -> Result<Vec<f64>, Error> {
        let width = self.width();
        let mut noise = vec![0.0; width];
        key.fold(0).normals(row, &mut noise);
        (0..width)
            .map(|d| {
                let (e, place) = (component * width + d, self.place(component, d));
                // The same draw of τ for all columns that share it.
                let shared = if self.spherical { 0 } else { d as u64 };
                let tau = Gamma::new(self.shape[place], self.rate[place])?.sample(key.fold(1 + shared), row);
                let spread = (1.0 + self.mean_precision[e].recip()) / tau;
                Ok(self.mean[e] + spread.sqrt() * noise[d])
            })
            .collect()
    }

    fn mean(&self, component: usize) -> &[f64] {
        &self.mean[component * self.width()..][..self.width()]
    }

    fn draw(&self, key: Key, row: u64) -> Result<Draw, Error> {
        let (width, prior) = (self.width(), &self.prior);
        let mut log_ratio = 0.0;
        let mut precisions = Vec::with_capacity(self.shape.len());
        for (place, (&a, &b)) in self.shape.iter().zip(&self.rate).enumerate() {
            let p = Gamma::new(0.5 * prior.freedom, 0.5 * prior.scale[place % prior.scale.len()])?;
            let q = Gamma::new(a, b)?;
            let tau = q.sample(key.fold(place as u64), row);
            log_ratio += p.log_density(&tau) - q.log_density(&tau);
            precisions.push(tau);
        }
        let precision: Vec<f64> =
            (0..self.mean.len()).map(|e| precisions[self.place(e / width, e % width)]).collect();
        let mut noise = vec![0.0; self.mean.len()];
        key.fold(u64::MAX).normals(row, &mut noise);
        let mut mean = Vec::with_capacity(self.mean.len());
        for (e, (noise, tau)) in noise.iter().zip(&precision).enumerate() {
            let beta = self.mean_precision[e];
            mean.push(self.mean[e] + noise / (beta * tau).sqrt());
            let square = prior.mean_precision * tau * (mean[e] - prior.mean[e % width]).powi(2);
            log_ratio += 0.5 * ((prior.mean_precision / beta).ln() - square + noise * noise);
        }
        let log_density = move |x: &[f64], out: &mut [f64]| {
            for (k, out) in out.iter_mut().enumerate() {
                let seen = (0..width).filter(|&d| !x[d].is_nan()).map(|d| (x[d], k * width + d));
                let term = |(x, e): (f64, usize)| {
                    let square: f64 = precision[e] * (x - mean[e]).powi(2);
                    0.5 * ((precision[e] / TAU).ln() - square)
                };
                *out = seen.map(term).sum();
            }
        };
        Ok(Draw { log_ratio, log_density: Box::new(log_density) })
    }
}

/// E\[log N(x_d; μ, 1/τ)\] = constant − ½ E\[τ\] (x_d − m)² of each column.
struct Expected<'a> {
    means: &'a [f64],
    width: usize,
    precision: Vec<f64>,
    constant: Vec<f64>,
}

impl Expectations for Expected<'_> {
    fn log_densities(&self, level: Level, x: &[Block], _: &mut [Block], out: &mut [Block]) {
        for (k, out) in out.iter_mut().enumerate() {
            let own = k * self.width..(k + 1) * self.width;
            let constant = self.constant[own.clone()].iter().sum();
            diagonal_gaussian(level, x, &self.means[own.clone()], &self.precision[own], constant, out);
        }
    }

    fn add(
        &self,
        level: Level,
        x: &[Block],
        origins: &[f64],
        r: &[Block],
        _: &mut [Block],
        statistics: &mut [f64],
    ) {
        let own = r.iter().zip(origins.chunks(self.width)).zip(statistics.chunks_mut(3 * self.width));
        for ((r, origin), statistics) in own {
            add_diagonal(level, x, origin, r, statistics);
        }
    }

    fn log_densities_of_incomplete(&self, x: &[f64], out: &mut [f64]) {
        for (k, out) in out.iter_mut().enumerate() {
            let seen = (0..self.width).filter(|&d| !x[d].is_nan()).map(|d| (x[d], k * self.width + d));
            *out = seen
                .map(|(x, e)| self.constant[e] - 0.5 * self.precision[e] * (x - self.means[e]).powi(2))
                .sum();
        }
    }

    fn add_incomplete(&self, x: &[f64], origins: &[f64], r: &[f64], statistics: &mut [f64]) -> f64 {
        let width = self.width;
        for (k, (&r, own)) in r.iter().zip(statistics.chunks_mut(3 * width)).enumerate() {
            for d in (0..width).filter(|&d| !x[d].is_nan()) {
                let e = x[d] - origins[k * width + d];
                own[d] += r;
                own[width + d] += r * e;
                own[2 * width + d] += r * e * e;
            }
        }
        0.0
    }
}
