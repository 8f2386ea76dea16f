//! Bayesian linear regression, y = Xw + ε, ε ~ N(0, 1/τ), q(w) q(α) q(τ): Bishop 2006, section 10.3.
//!
//! w_j ~ N(0, 1/α_j) with α known, of one unknown α (ridge) or of an α_j for each column (automatic relevance
//! determination; MacKay 1994, Tipping 2001); τ known or Gamma. Or w_j|τ ~ N(0, 1/(α_j τ)), the normal-inverse-gamma
//! prior: q(w, τ) is then one exact factor (Drugowitsch 2013), and with α known its bound is the evidence.
//!
//! q(w) = N(m, V), V⁻¹ = diag E\[α\] + E\[τ\] XᵀX, m = E\[τ\] V Xᵀy; scaled, q(w|τ) = N(m, V/τ), V⁻¹ = diag E\[α\] + XᵀX,
//! b = b₀ + ½ (‖y − Xm‖² + Σ E\[α_j\] m_j²).

use faer::Mat;

use super::MeanField;
use crate::{
    Error,
    conjugate::{Conjugate, Expectations as _, PrecisionExpectations, Squares},
    distribution::{Gamma, Gaussian},
    divergence::KullbackLeibler,
    terms::Bound,
};

mod posterior;
mod prior;
mod statistics;

pub use posterior::{Posterior, Prediction};
pub use prior::{Noise, Prior, Weights};
use prior::{gamma, known};
use statistics::{Statistics, triangle};

#[derive(Clone, Copy, Debug)]
enum Factor {
    Weights,
    Relevance,
    Noise,
}

/// A fit. It keeps a triangle of the rows, and not the rows: an update does not depend on their number.
#[derive(Clone, Debug)]
pub struct Fit {
    prior: Prior,
    statistics: Statistics,
    posterior: Posterior,
    /// ‖y − Xm‖², and tr XᵀX V.
    squares: f64,
    spread: f64,
}

impl Fit {
    /// Of rows x, `[N, columns]`, and y, `[N]`. Rows whose y is NaN are left out; x is given and not modelled, so a cell of
    /// it that is missing beside a y has no distribution, and is refused. q(τ) begins at the variance of y, q(α) where the
    /// prior weighs as much as one row.
    ///
    /// # Errors
    /// Where the prior is none, the lengths do not match, a value is infinite, or an x is missing beside a y.
    ///
    /// ```
    /// use elbo::mean_field::{Ascent, MeanField, ascend, regression::{Fit, Prior}};
    /// let x: Vec<f64> = (0..50).map(f64::from).collect();
    /// let y: Vec<f64> = x.iter().map(|x| 3.0 + 0.5 * x + 0.1 * (7.0 * x).sin()).collect();
    /// let mut fit = Fit::new(&x, 1, &y, Prior::default())?;
    /// ascend(&mut fit, &Ascent::default(), |_, _| {})?;
    /// assert!((fit.posterior().mean[0] - 3.0).abs() < 0.1);
    /// assert!((fit.posterior().mean[1] - 0.5).abs() < 0.01);
    /// assert!((fit.posterior().predict(&[100.0])?.mean[0] - 53.0).abs() < 0.3);
    /// # Ok::<(), elbo::Error>(())
    /// ```
    pub fn new(x: &[f64], columns: usize, y: &[f64], prior: Prior) -> Result<Self, Error> {
        prior.check()?;
        let statistics = Statistics::of(x, columns, y, prior.intercept.is_some())?;
        let rows = statistics.rows.max(1.0);
        let variance = statistics.target_squares(prior.intercept.is_some()) / rows;
        let noise = match prior.noise {
            Noise::Gamma { shape, .. } if variance > 0.0 && variance.is_finite() => {
                let shape = shape + 0.5 * statistics.rows;
                Noise::Gamma { shape, rate: shape * variance }
            }
            prior => prior,
        };
        let unit = if prior.scaled { 1.0 } else { noise.expectations()?.mean } / rows;
        let first = usize::from(prior.intercept.is_some());
        let of_columns = (0..columns).map(|j| unit * statistics.column_squares(first + j));
        let (relevance_shape, relevance_rate) = match prior.weights {
            Weights::Known { .. } => (1.0, Vec::new()),
            Weights::Shared { shape, rate } => {
                let a = shape + 0.5 * columns as f64;
                (a, vec![start(a, of_columns.sum::<f64>() / columns.max(1) as f64, shape / rate)])
            }
            Weights::Each { shape, rate } => {
                (shape + 0.5, of_columns.map(|alpha| start(shape + 0.5, alpha, shape / rate)).collect())
            }
        };
        let posterior = Posterior {
            intercept: prior.intercept.is_some(),
            scaled: prior.scaled,
            mean: vec![0.0; statistics.width()],
            factor: Vec::new(),
            noise,
            relevance_shape,
            relevance_rate,
        };
        let mut fit = Self { prior, statistics, posterior, squares: 0.0, spread: 0.0 };
        fit.update_weights()?;
        Ok(fit)
    }

    /// The factors.
    pub fn posterior(&self) -> &Posterior {
        &self.posterior
    }

    /// log p(y|X), in nats, exactly; `None` where it has no closed form: where α is unknown, or τ is without the prior of w
    /// being scaled by it.
    ///
    /// # Errors
    /// As [`MeanField::update`].
    pub fn log_evidence(&self) -> Result<Option<f64>, Error> {
        let closed = self.prior.scaled || matches!(self.prior.noise, Noise::Known { .. });
        if !closed || !matches!(self.prior.weights, Weights::Known { .. }) {
            return Ok(None);
        }
        // The full q(w, τ) is then the posterior, and its bound the evidence (E6).
        let mut full = self.clone();
        full.prior.factorised = false;
        full.update_weights()?;
        Ok(Some(full.bound().value()))
    }

    fn list(&self) -> Vec<Factor> {
        let relevance = !matches!(self.prior.weights, Weights::Known { .. });
        let noise = matches!(self.prior.noise, Noise::Gamma { .. }) && !self.prior.scaled;
        let optional = [(relevance, Factor::Relevance), (noise, Factor::Noise)];
        let optional = optional.into_iter().filter_map(|(is, factor)| is.then_some(factor));
        std::iter::once(Factor::Weights).chain(optional).collect()
    }

    /// Of the precision of each coefficient.
    fn precisions(&self) -> Result<Vec<PrecisionExpectations>, Error> {
        let (q, intercept) = (&self.posterior, self.prior.intercept.map(known));
        let columns = self.statistics.width() - usize::from(intercept.is_some());
        let of_column = |j: usize| match self.prior.weights {
            Weights::Known { sd } => Ok(known(sd)),
            Weights::Shared { .. } => gamma(q.relevance_shape, q.relevance_rate[0]),
            Weights::Each { .. } => gamma(q.relevance_shape, q.relevance_rate[j]),
        };
        intercept.into_iter().map(Ok).chain((0..columns).map(of_column)).collect()
    }

    /// q(w), or q(w, τ).
    fn update_weights(&mut self) -> Result<(), Error> {
        let (width, alpha) = (self.statistics.width(), self.precisions()?);
        let tau = if self.prior.scaled { 1.0 } else { self.posterior.noise.expectations()?.mean };
        let likelihood = faer::Scale(tau.sqrt()) * self.statistics.equations();
        let prior = Mat::from_fn(width, width + 1, |i, j| if i == j { alpha[i].mean.sqrt() } else { 0.0 });
        let r = triangle(likelihood.as_ref(), prior.as_ref());
        let root = r.submatrix(0, 0, width, width);
        let mut inverse = Mat::<f64>::identity(width, width);
        root.solve_upper_triangular_in_place(inverse.as_mut());
        let mean = &inverse * r.submatrix(0, width, width, 1);
        if self.prior.factorised {
            inverse =
                Mat::from_fn(width, width, |i, j| if i == j { root.col(j).norm_l2().recip() } else { 0.0 });
        }
        self.posterior.mean = mean.col(0).iter().copied().collect();
        self.posterior.factor = (0..width * width).map(|k| inverse[(k / width, k % width)]).collect();
        let numbers = self.posterior.mean.iter().chain(&self.posterior.factor);
        if let Some(wrong) = numbers.copied().find(|v| !v.is_finite()) {
            return Err(Error::Overflow { what: "a parameter of q(w)".into(), value: wrong });
        }
        self.squares = self.statistics.squares(&self.posterior.mean);
        self.spread = (self.statistics.design() * &inverse).squared_norm_l2();
        if self.prior.joint() {
            let of_prior: f64 = alpha.iter().zip(&self.posterior.mean).map(|(a, m)| a.mean * m * m).sum();
            self.update_noise(self.squares + of_prior)?;
        }
        Ok(())
    }

    /// q(τ), from the squares of as many deviations as there are rows.
    fn update_noise(&mut self, sum: f64) -> Result<(), Error> {
        if let Noise::Gamma { shape, rate } = self.prior.noise {
            let squares = Squares { weight: self.statistics.rows, sum };
            let q = Conjugate::<Gaussian>::updated(&Gamma::new(shape, rate)?, &squares)?;
            self.posterior.noise = Noise::Gamma { shape: q.shape(), rate: q.rate() };
        }
        Ok(())
    }

    /// q(α), each from the weights of its columns.
    fn update_relevance(&mut self) -> Result<(), Error> {
        let tau = self.posterior.noise.expectations()?;
        let weights = self.second_moments(tau).split_off(usize::from(self.posterior.intercept));
        let (shape, rate, of_each): (_, _, Vec<&[f64]>) = match self.prior.weights {
            Weights::Known { .. } => return Ok(()),
            Weights::Shared { shape, rate } => (shape, rate, vec![&weights]),
            Weights::Each { shape, rate } => (shape, rate, weights.chunks(1).collect()),
        };
        let prior = Gamma::new(shape, rate)?;
        let updated = |weights: &&[f64]| {
            let squares = Squares { weight: weights.len() as f64, sum: weights.iter().sum() };
            Ok(Conjugate::<Gaussian>::updated(&prior, &squares)?.rate())
        };
        self.posterior.relevance_rate = of_each.iter().map(updated).collect::<Result<_, Error>>()?;
        Ok(())
    }

    /// E\[w_j²\], times τ where the prior is scaled, of each coefficient.
    fn second_moments(&self, tau: PrecisionExpectations) -> Vec<f64> {
        let q = &self.posterior;
        let tau = if q.scaled { tau.mean } else { 1.0 };
        q.mean.iter().zip(q.variances()).map(|(m, v)| v + tau * m * m).collect()
    }

    /// Of the deviations, in units in which what is spread by V has E\[τ\] in it already.
    fn residuals(&self, tau: PrecisionExpectations) -> Squares {
        let spread = if self.prior.scaled { self.spread / tau.mean } else { self.spread };
        Squares { weight: self.statistics.rows, sum: self.squares + spread }
    }
}

/// The rate of a Gamma of this shape and mean, or of `otherwise` where that is no precision.
fn start(shape: f64, mean: f64, otherwise: f64) -> f64 {
    shape / if mean > 0.0 && mean.is_finite() { mean } else { otherwise }
}

impl MeanField for Fit {
    fn factors(&self) -> Vec<String> {
        let name = |factor| match factor {
            Factor::Weights if self.prior.joint() => "q(w, τ)",
            Factor::Weights => "q(w)",
            Factor::Relevance => "q(α)",
            Factor::Noise => "q(τ)",
        };
        self.list().into_iter().map(|factor| name(factor).into()).collect()
    }

    fn update(&mut self, factor: usize) -> Result<(), Error> {
        match self.list()[factor] {
            Factor::Weights => self.update_weights(),
            Factor::Noise => self.update_noise(self.squares + self.spread),
            Factor::Relevance => self.update_relevance(),
        }
    }

    fn bound(&self) -> Bound {
        let terms = || -> Result<[f64; 2], Error> {
            let (q, tau) = (&self.posterior, self.posterior.noise.expectations()?);
            // E of KL(q(w) ‖ N(0, diag 1/α)): where both are scaled by τ, their log τ cancel.
            let ln_volume: f64 = q.deviations().map(|sd| 2.0 * libm::log(sd)).sum();
            let of_prior = self.precisions()?.into_iter().zip(self.second_moments(tau));
            let of_weights = 0.5
                * (of_prior.map(|(alpha, square)| alpha.mean * square - alpha.ln - 1.0).sum::<f64>()
                    - ln_volume);
            let kl = |q: (f64, f64), p: (f64, f64)| Gamma::new(q.0, q.1)?.kl(&Gamma::new(p.0, p.1)?);
            let of_relevance = match self.prior.weights {
                Weights::Known { .. } => 0.0,
                Weights::Shared { shape, rate } | Weights::Each { shape, rate } => {
                    let rates = q.relevance_rate.iter();
                    rates.map(|&b| kl((q.relevance_shape, b), (shape, rate))).sum::<Result<_, _>>()?
                }
            };
            let of_noise = match (q.noise, self.prior.noise) {
                (Noise::Gamma { shape: a, rate: b }, Noise::Gamma { shape, rate }) => {
                    kl((a, b), (shape, rate))?
                }
                _ => 0.0,
            };
            let log_likelihood = tau.log_likelihood(&self.residuals(tau));
            Ok([log_likelihood, -(of_weights + of_relevance + of_noise)])
        };
        let [log_likelihood, global] = terms().unwrap_or([f64::NAN; 2]);
        Bound { log_likelihood, kl: 0.0, scale: 1.0, global, beta: 1.0 }
    }
}
