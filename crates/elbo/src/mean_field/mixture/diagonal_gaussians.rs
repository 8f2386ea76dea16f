//! Gaussian components whose columns are independent: Gaussian-gamma, with a precision for each column, or one for all.
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
    Covariance, GaussianPrior,
    components::{Components, Draw, Expectations},
};
use crate::{
    Error, check,
    conjugate::{
        Conjugate, Expectations as _, GaussianExpectations, Location, Moments, Square, Squares, Statistics,
        student_t,
    },
    distribution::{Gamma, Gaussian, LogDensity, Sample},
    divergence::KullbackLeibler,
    random::Key,
};

/// q(μ_k, τ_k).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Serialised", into = "Serialised")]
pub(super) struct DiagonalGaussians {
    prior: GaussianPrior,
    /// p(τ) of each column, or of one for all.
    prior_precisions: Vec<Gamma>,
    /// m, `[K, D]`.
    mean: Vec<f64>,
    /// β, `[K, D]`: the rows that the mean is worth.
    strength: Vec<f64>,
    /// q(τ), `[K, D]`; of one for all columns `[K]`.
    precisions: Vec<Gamma>,
}

/// As in a file.
#[derive(Serialize, Deserialize)]
struct Serialised {
    prior: GaussianPrior,
    mean: Vec<f64>,
    mean_precision: Vec<f64>,
    shape: Vec<f64>,
    rate: Vec<f64>,
}

impl TryFrom<Serialised> for DiagonalGaussians {
    type Error = Error;

    fn try_from(Serialised { prior, mean, mean_precision, shape, rate }: Serialised) -> Result<Self, Error> {
        let empty = Self::new(&prior, 0)?;
        check::all_finite("a mean", &mean)?;
        let (width, each) = (empty.width(), empty.prior_precisions.len());
        let number = mean.len() / width;
        Error::check_shape(
            "q of the components",
            &[number * width, number * width, number * each, number * each],
            &[mean.len(), mean_precision.len(), shape.len(), rate.len()],
        )?;
        let of = |e: usize| format!("component {}", e + 1);
        for (e, &beta) in mean_precision.iter().enumerate() {
            check::positive("β", beta).map_err(|error| error.within(&of(e / width)))?;
        }
        let gamma = |(e, (&a, &b)): (usize, (&f64, &f64))| {
            Gamma::new(a, b).map_err(|error| error.within(&of(e / each)))
        };
        let precisions = shape.iter().zip(&rate).enumerate().map(gamma).collect::<Result<_, _>>()?;
        Ok(Self { mean, strength: mean_precision, precisions, ..empty })
    }
}

impl From<DiagonalGaussians> for Serialised {
    fn from(of: DiagonalGaussians) -> Self {
        let (shape, rate) = of.precisions.iter().map(|q| (q.shape(), q.rate())).unzip();
        Self { prior: of.prior, mean: of.mean, mean_precision: of.strength, shape, rate }
    }
}

impl DiagonalGaussians {
    /// The prior, K times.
    pub(super) fn new(prior: &GaussianPrior, components: usize) -> Result<Self, Error> {
        prior.check()?;
        let (width, prior_precisions) = (prior.mean.len(), prior.gammas()?);
        Ok(Self {
            mean: prior.mean.repeat(components),
            strength: vec![prior.mean_precision; components * width],
            precisions: prior_precisions.repeat(components),
            prior_precisions,
            prior: prior.clone(),
        })
    }

    fn width(&self) -> usize {
        self.prior.mean.len()
    }

    fn spherical(&self) -> bool {
        self.prior.covariance == Covariance::Spherical
    }

    /// The place of the precision of a cell of the means.
    fn place(&self, e: usize) -> usize {
        if self.spherical() { e / self.width() } else { e }
    }

    fn precision(&self, e: usize) -> &Gamma {
        &self.precisions[self.place(e)]
    }

    /// p(τ) of a place.
    fn prior_precision(&self, place: usize) -> &Gamma {
        &self.prior_precisions[place % self.prior_precisions.len()]
    }

    fn location(&self, e: usize) -> Location {
        Location { mean: self.mean[e], strength: self.strength[e] }
    }

    fn prior_location(&self, e: usize) -> Location {
        Location { mean: self.prior.mean[e % self.width()], strength: self.prior.mean_precision }
    }

    fn expected(&self, e: usize) -> GaussianExpectations {
        self.location(e).expectations(Conjugate::<Gaussian>::expectations(self.precision(e)))
    }

    /// Of the rows of a component and column.
    fn moments(&self, statistics: &[f64], origins: &[f64], e: usize) -> Moments<Square> {
        let (width, d) = (self.width(), e % self.width());
        let own = &statistics[e / width * 3 * width..][..3 * width];
        Moments::of_sums(origins[e], [own[d], own[width + d], own[2 * width + d]])
    }
}

impl Components for DiagonalGaussians {
    fn number(&self) -> usize {
        self.mean.len() / self.width()
    }

    fn size(&self) -> usize {
        3 * self.width()
    }

    fn expectations(&self) -> Box<dyn Expectations + '_> {
        let of = |e| {
            let GaussianExpectations { constant, precision, .. } = self.expected(e);
            (precision, constant)
        };
        let (precision, constant) = (0..self.mean.len()).map(of).unzip();
        Box::new(Expected { means: &self.mean, width: self.width(), precision, constant })
    }

    fn set(&mut self, statistics: &[f64], origins: &[f64]) -> Result<(), Error> {
        let mut of_precisions = vec![Squares::default(); self.precisions.len()];
        for e in 0..self.mean.len() {
            let (q, squares) = self.prior_location(e).updated(&self.moments(statistics, origins, e));
            of_precisions[self.place(e)].merge(&squares);
            (self.mean[e], self.strength[e]) = (q.mean, q.strength);
        }
        for (place, squares) in of_precisions.iter().enumerate() {
            self.precisions[place] = Conjugate::<Gaussian>::updated(self.prior_precision(place), squares)
                .map_err(|error| {
                    let each = self.prior_precisions.len();
                    error.within(&format!("the precision of component {}", place / each + 1))
                })?;
        }
        Ok(())
    }

    fn log_likelihood(&self, statistics: &[f64], origins: &[f64]) -> f64 {
        let of = |e| self.expected(e).log_likelihood(&self.moments(statistics, origins, e));
        (0..self.mean.len()).map(of).sum()
    }

    fn kl(&self) -> Result<f64, Error> {
        let of_precisions = self.precisions.iter().enumerate();
        let of_precisions: f64 =
            of_precisions.map(|(place, q)| q.kl(self.prior_precision(place))).sum::<Result<_, _>>()?;
        let of_mean = |e| {
            let tau = self.precision(e);
            self.location(e).kl(&self.prior_location(e), tau.shape() / tau.rate())
        };
        Ok(of_precisions + (0..self.mean.len()).map(of_mean).sum::<f64>())
    }

    /// Student's t with 2a degrees of freedom: one for each column, or of all columns where they share τ.
    fn log_predictive(&self, component: usize, x: &[f64]) -> f64 {
        let width = self.width();
        let term = |d: usize| {
            let e = component * width + d;
            let (tau, location) = (self.precision(e), self.location(e));
            let variance = tau.rate() / tau.shape() * location.spread();
            (2.0 * tau.shape(), variance, (x[d] - location.mean).powi(2) / variance)
        };
        let seen = (0..width).filter(|&d| !x[d].is_nan()).map(term);
        if !self.spherical() {
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
        student_t(2.0 * self.precisions[component].shape(), n, ln_determinant, squares)
    }

    fn sample(&self, component: usize, key: Key, row: u64) -> Result<Vec<f64>, Error> {
        let width = self.width();
        let mut noise = vec![0.0; width];
        key.fold(0).normals(row, &mut noise);
        let cell = |d: usize| {
            let e = component * width + d;
            // The same draw of τ for all columns that share it.
            let shared = if self.spherical() { 0 } else { d as u64 };
            let tau = self.precision(e).sample(key.fold(1 + shared), row);
            self.mean[e] + (self.location(e).spread() / tau).sqrt() * noise[d]
        };
        Ok((0..width).map(cell).collect())
    }

    fn mean(&self, component: usize) -> &[f64] {
        &self.mean[component * self.width()..][..self.width()]
    }

    /// b/a of each column on the diagonal.
    fn covariance(&self, component: usize, [i, j]: [usize; 2]) -> Option<f64> {
        let tau = self.precision(component * self.width() + i);
        Some(if i == j { tau.rate() / tau.shape() } else { 0.0 })
    }

    fn draw(&self, key: Key, row: u64) -> Result<Draw, Error> {
        let (width, prior) = (self.width(), &self.prior);
        let mut log_ratio = 0.0;
        let mut precisions = Vec::with_capacity(self.precisions.len());
        for (place, q) in self.precisions.iter().enumerate() {
            let tau = q.sample(key.fold(place as u64), row);
            log_ratio += self.prior_precision(place).log_density(&tau) - q.log_density(&tau);
            precisions.push(tau);
        }
        let precision: Vec<f64> = (0..self.mean.len()).map(|e| precisions[self.place(e)]).collect();
        let mut noise = vec![0.0; self.mean.len()];
        key.fold(u64::MAX).normals(row, &mut noise);
        let mut mean = Vec::with_capacity(self.mean.len());
        for (e, (noise, tau)) in noise.iter().zip(&precision).enumerate() {
            let beta = self.strength[e];
            mean.push(self.mean[e] + noise / (beta * tau).sqrt());
            let square = prior.mean_precision * tau * (mean[e] - prior.mean[e % width]).powi(2);
            log_ratio += 0.5 * ((prior.mean_precision / beta).ln() - square + noise * noise);
        }
        let ln_precision: Vec<f64> = precision.iter().map(|tau| (tau / TAU).ln()).collect();
        let log_density = move |x: &[f64], out: &mut [f64]| {
            for (k, out) in out.iter_mut().enumerate() {
                let seen = (0..width).filter(|&d| !x[d].is_nan()).map(|d| (x[d], k * width + d));
                let term = |(x, e): (f64, usize)| {
                    let square: f64 = precision[e] * (x - mean[e]).powi(2);
                    0.5 * (ln_precision[e] - square)
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
