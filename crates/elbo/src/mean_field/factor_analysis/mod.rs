//! Bayesian factor analysis, x = Wz + μ + ε, z ~ N(0, I_K), ε_d ~ N(0, 1/τ_d): q(W, μ) q(α) q(τ) Π_n q(z_n).
//!
//! w_dk ~ N(0, 1/α_k), so that a latent dimension that explains nothing is switched off (automatic relevance determination),
//! α_k ~ Gamma, μ_d ~ N(0, sd²), τ_d ~ Gamma; with one τ for all columns it is probabilistic PCA (Bishop 1999, *Variational
//! principal components*). A missing cell takes no part: q(z_n) rests on the columns that row n shows.
//!
//! q(z_n) = N(Λ⁻¹ Σ_d E\[τ_d w_d (x_nd − μ_d)\], Λ⁻¹), Λ = I + Σ_d E\[τ_d w_d w_dᵀ\], over the columns d seen in the row.
//! q(w_d, μ_d) is the Gaussian regression of column d on (z, 1), with the moments of z for its rows. A sweep ends with a
//! rotation, which moves q(W, μ), q(α) and q(z) together, and a pass over the rows.

use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{MeanField, Resumable};
use crate::{
    Error,
    conjugate::{Conjugate, Expectations as _, Squares},
    distribution::{Cholesky, Gamma, Gaussian},
    divergence::KullbackLeibler,
    terms::Bound,
};

mod factors;
mod latent;
mod posterior;
mod prior;
mod rotation;
mod start;
mod statistics;

pub use factors::Posterior;
pub use posterior::{Latents, Reconstruction};
pub use prior::{Noise, Prior};
pub use start::Start;
use statistics::{Observed, Statistics};

/// A fit to rows x, `[N, D]`.
#[derive(Clone, Debug)]
pub struct Fit<'a> {
    prior: Prior,
    /// Shared with the copy that a rotation tries.
    observed: Arc<Observed<'a>>,
    posterior: Posterior,
    /// Σ_d log |Cov\[w_d, μ_d\]|.
    ln_volume: f64,
    statistics: Statistics,
    /// E Σ_n (x_nd − w_dᵀ z_n − μ_d)² over the rows that show column d, `[D]`, under q(W, μ) and the statistics.
    squares: Vec<f64>,
}

/// Columns that a thread takes at least: fewer are done before another has begun.
const COLUMNS: usize = 256;

impl<'a> Fit<'a> {
    /// Of rows x, `[N, columns]`, row by row; a NaN is missing.
    ///
    /// # Errors
    /// Where the prior is none, x is not of whole rows, or a value is infinite.
    ///
    /// ```
    /// use elbo::mean_field::{Ascent, ascend, factor_analysis::{Fit, Noise, Prior, Start}};
    /// // Points near the line (1, 2) t, of which one lacks a cell.
    /// let mut x: Vec<f64> = (0..40)
    ///     .map(f64::from)
    ///     .flat_map(|t| [0.1 * t + 0.02 * (9.0 * t).sin(), 0.2 * t + 0.02 * (7.0 * t).cos()])
    ///     .collect();
    /// let hidden = std::mem::replace(&mut x[41], f64::NAN);
    /// let mut fit = Fit::new(&x, 2, Prior::new(1, Noise::Shared), Start::Principal)?;
    /// ascend(&mut fit, &Ascent::default(), |_, _| {})?;
    /// assert!((fit.posterior().impute(&x)?[41] - hidden).abs() < 0.1);
    /// # Ok::<(), elbo::Error>(())
    /// ```
    pub fn new(x: &'a [f64], columns: usize, prior: Prior, start: Start) -> Result<Self, Error> {
        Self::of(Observed::of(x, columns, None)?, prior, start)
    }

    /// The same of rows that stand for so many each, `[N]`: the bound is that of rows repeated as often.
    ///
    /// # Errors
    /// As [`Self::new`]; where a weight is not a finite number ≥ 0, or all are 0.
    pub fn weighted(
        x: &'a [f64],
        columns: usize,
        weights: &'a [f64],
        prior: Prior,
        start: Start,
    ) -> Result<Self, Error> {
        Self::of(Observed::of(x, columns, Some(weights))?, prior, start)
    }

    fn of(observed: Observed<'a>, prior: Prior, start: Start) -> Result<Self, Error> {
        prior.check()?;
        let columns = observed.columns;
        let observed = Arc::new(observed);
        let (loadings, variances) = start::start(&observed, &prior, start)?;
        let (shapes, variances): (Vec<f64>, Vec<f64>) = match prior.noise {
            Noise::Each => (observed.counts.clone(), variances),
            Noise::Shared => {
                (vec![observed.counts.iter().sum()], vec![variances.iter().sum::<f64>() / columns as f64])
            }
        };
        let noise_shape: Vec<f64> = shapes.iter().map(|cells| prior.noise_shape + 0.5 * cells).collect();
        let noise_rate = noise_shape.iter().zip(&variances).map(|(a, v)| a * v).collect();
        let wide = prior.latent + 1;
        let mut covariance = vec![0.0; columns * wide * wide];
        for (d, block) in covariance.chunks_mut(wide * wide).enumerate() {
            let variance = variances[d % variances.len()] / observed.counts[d].max(1.0);
            block.iter_mut().step_by(wide + 1).for_each(|v| *v = variance);
        }
        let ln_volume = covariance.chunks(wide * wide).map(|block| wide as f64 * libm::log(block[0])).sum();
        let posterior = Posterior {
            loadings,
            mean: observed.centre.clone(),
            covariance,
            relevance_shape: prior.relevance_shape + 0.5 * columns as f64,
            relevance_rate: vec![0.0; prior.latent],
            noise_shape,
            noise_rate,
        };
        let statistics = Statistics::none(&observed, &posterior);
        let mut fit = Self { prior, observed, posterior, ln_volume, statistics, squares: Vec::new() };
        fit.update_relevance()?;
        fit.pass()?;
        Ok(fit)
    }

    /// The factors that outlive the fit.
    pub fn posterior(&self) -> &Posterior {
        &self.posterior
    }

    /// The pass over the rows.
    fn pass(&mut self) -> Result<(), Error> {
        self.statistics = Statistics::of(&self.observed, &self.posterior)?;
        self.square();
        Ok(())
    }

    /// The expected squares of all columns, after q(W, μ) or the statistics have changed.
    fn square(&mut self) {
        let (q, statistics) = (&self.posterior, &self.statistics);
        let of_column = |(mean, step): &mut (Vec<f64>, Vec<f64>), d: usize| {
            mean.clear();
            mean.extend(q.loading(d).iter().chain([&q.mean[d]]));
            statistics.column(d).squares(mean, q.covariance_of(d), step)
        };
        let columns = (0..self.observed.columns).into_par_iter().with_min_len(COLUMNS);
        columns.map_init(Default::default, of_column).collect_into_vec(&mut self.squares);
    }

    fn update_loadings(&mut self) -> Result<(), Error> {
        let (observed, statistics) = (&self.observed, &self.statistics);
        let (latent, wide) = (self.prior.latent, self.prior.latent + 1);
        let mut prior: Vec<f64> = self.posterior.relevance();
        prior.push(self.prior.mean_precision());
        let taus: Vec<f64> = (0..observed.columns).map(|d| self.posterior.noise_precision(d)).collect();
        let q = &mut self.posterior;
        let columns = q.loadings.par_chunks_mut(latent).zip(&mut q.mean);
        let columns = columns.zip(q.covariance.par_chunks_mut(wide * wide)).enumerate();
        // In the room of the covariance stands the precision first.
        let regress =
            |step: &mut Vec<f64>, (d, ((w, mean), precision)): (usize, ((&mut [f64], &mut f64), _))| {
                let precision: &mut [f64] = precision;
                let (tau, column) = (taus[d], statistics.column(d));
                precision.iter_mut().zip(column.moments()).for_each(|(p, a)| *p = tau * a);
                precision.iter_mut().step_by(wide + 1).zip(&prior).for_each(|(p, alpha)| *p += alpha);
                let root = Cholesky::of(precision, wide).map_err(|error| {
                    error.named(&format!("the precision of the loadings of column {}", d + 1))
                })?;
                // The step from w̃⁰, where the priors are about 0.
                let towards_prior = prior.iter().zip(column.reference).map(|(alpha, w)| alpha * w);
                step.clear();
                step.extend(column.slope().zip(towards_prior).map(|(s, p)| tau * s - p));
                root.solve_both(step);
                let moved = column.reference.iter().zip(step.iter()).map(|(w, step)| w + step);
                w.iter_mut().chain([mean]).zip(moved).for_each(|(w, moved)| *w = moved);
                precision.copy_from_slice(&root.inverse());
                Ok(root.ln_determinant())
            };
        let ln_precisions = columns.with_min_len(COLUMNS).map_init(Vec::new, regress);
        let ln_precisions: Vec<f64> = ln_precisions.collect::<Result<_, Error>>()?;
        self.ln_volume = ln_precisions.iter().fold(0.0, |volume, ln| volume - ln);
        self.square();
        Ok(())
    }

    fn update_relevance(&mut self) -> Result<(), Error> {
        let prior = Gamma::new(self.prior.relevance_shape, self.prior.relevance_rate)?;
        let weight = self.observed.columns as f64;
        let updated = |sum| Ok(Conjugate::<Gaussian>::updated(&prior, &Squares { weight, sum })?.rate());
        let squares = self.posterior.squared_loadings().into_iter();
        self.posterior.relevance_rate = squares.map(updated).collect::<Result<_, Error>>()?;
        Ok(())
    }

    /// Of the residuals of a column.
    fn residuals(&self, d: usize) -> Squares {
        Squares { weight: self.observed.counts[d], sum: self.squares[d] }
    }

    fn update_noise(&mut self) -> Result<(), Error> {
        let prior = Gamma::new(self.prior.noise_shape, self.prior.noise_rate)?;
        let mut squares: Vec<Squares> = (0..self.observed.columns).map(|d| self.residuals(d)).collect();
        if self.prior.noise == Noise::Shared {
            let weight = squares.iter().map(|of| of.weight).sum();
            squares = vec![Squares { weight, sum: squares.iter().map(|of| of.sum).sum() }];
        }
        let updated = |of: &Squares| Ok(Conjugate::<Gaussian>::updated(&prior, of)?.rate());
        self.posterior.noise_rate = squares.iter().map(updated).collect::<Result<_, Error>>()?;
        Ok(())
    }

    /// −KL(q(W, μ, α, τ) ‖ p).
    fn global(&self) -> Result<f64, Error> {
        let (q, prior) = (&self.posterior, &self.prior);
        let columns = self.observed.columns as f64;
        let of_prior = Gamma::new(prior.relevance_shape, prior.relevance_rate)?;
        let (mut of_loadings, mut of_relevance) = (-self.ln_volume, 0.0);
        for (square, &b) in q.squared_loadings().into_iter().zip(&q.relevance_rate) {
            let relevance = Gamma::new(q.relevance_shape, b)?;
            let alpha = Conjugate::<Gaussian>::expectations(&relevance);
            of_loadings += alpha.mean * square - columns * (alpha.ln + 1.0);
            of_relevance += relevance.kl(&of_prior)?;
        }
        let precision = prior.mean_precision();
        let of_mean = q.squared_means() * precision - columns * (libm::log(precision) + 1.0);
        let of_prior = Gamma::new(prior.noise_shape, prior.noise_rate)?;
        let noise = q.noise_shape.iter().zip(&q.noise_rate);
        let of_noise: f64 =
            noise.map(|(&a, &b)| Gamma::new(a, b)?.kl(&of_prior)).sum::<Result<_, Error>>()?;
        Ok(-(0.5 * (of_loadings + of_mean) + of_relevance + of_noise))
    }
}

impl MeanField for Fit<'_> {
    fn factors(&self) -> Vec<String> {
        ["q(W, μ)", "q(α)", "q(τ)", "q(z)"].map(String::from).into()
    }

    fn update(&mut self, factor: usize) -> Result<(), Error> {
        match factor {
            0 => self.update_loadings()?,
            1 => self.update_relevance()?,
            2 => self.update_noise()?,
            3 => {
                // With the pass, by which what rounding leaves of moved sums is gone.
                self.rotate();
                self.pass()?;
            }
            _ => panic!("no factor {factor}"),
        }
        Ok(())
    }

    fn bound(&self) -> Bound {
        let terms = || -> Result<[f64; 2], Error> {
            let column = |d: usize| Ok(self.posterior.noise(d)?.log_likelihood(&self.residuals(d)));
            let columns = (0..self.observed.columns).map(column);
            Ok([columns.sum::<Result<_, Error>>()?, self.global()?])
        };
        let [log_likelihood, global] = terms().unwrap_or([f64::NAN; 2]);
        Bound { log_likelihood, kl: self.statistics.kl, scale: 1.0, global, beta: 1.0 }
    }
}

/// What a sweep begins with; the pass over the rows, with which a sweep ends, is made of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    posterior: Posterior,
    ln_volume: f64,
}

impl Resumable for Fit<'_> {
    type State = State;

    fn state(&self) -> State {
        State { posterior: self.posterior.clone(), ln_volume: self.ln_volume }
    }

    fn restore(&mut self, State { posterior, ln_volume }: State) -> Result<(), Error> {
        let sizes = |q: &Posterior| [q.columns(), q.latent(), q.noise_rate.len()];
        Error::check_shape("the state of the factors", &sizes(&self.posterior), &sizes(&posterior))?;
        (self.posterior, self.ln_volume) = (posterior, ln_volume);
        self.pass()
    }
}
