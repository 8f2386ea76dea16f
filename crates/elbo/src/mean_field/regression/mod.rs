//! Bayesian linear regression, y = Xw + ε, ε ~ N(0, 1/τ), q(w) q(α) q(τ): Bishop 2006, section 10.3.
//!
//! w_j ~ N(0, 1/α_j) with α known, of one unknown α (ridge) or of an α_j for each column (automatic relevance
//! determination; MacKay 1994, Tipping 2001); τ known or Gamma. Or w_j|τ ~ N(0, 1/(α_j τ)), the normal-inverse-gamma
//! prior: q(w, τ) is then one exact factor (Drugowitsch 2013), and with α known its bound is the evidence.
//!
//! q(w) = N(m, V), V⁻¹ = diag E\[α\] + E\[τ\] XᵀX, m = E\[τ\] V Xᵀy; scaled, q(w|τ) = N(m, V/τ), V⁻¹ = diag E\[α\] + XᵀX,
//! b = b₀ + ½ (‖y − Xm‖² + Σ E\[α_j\] m_j²). Of fewer rows than columns the same is found where the rows lie: a sweep is then
//! cubic in the rows, and linear in the columns.

use std::ops::Range;

use faer::{Mat, MatRef};
use serde::{Deserialize, Serialize};

use super::{MeanField, Resumable};
use crate::{
    Error, check,
    conjugate::{Conjugate, Expectations as _, PrecisionExpectations, Squares},
    distribution::{Gamma, Gaussian, cholesky::dot},
    divergence::KullbackLeibler,
    terms::Bound,
};

mod covariance;
mod gibbs;
mod posterior;
mod prior;
mod statistics;

pub use covariance::Covariance;
pub use gibbs::Chain;
pub use posterior::{Posterior, Prediction};
pub use prior::{Noise, Prior, Weights};
use prior::{gamma, known};
use statistics::{Basis, Observed, Statistics, triangle};

#[derive(Clone, Copy, Debug)]
enum Factor {
    Weights,
    Relevance,
    Noise,
}

/// Coefficients whose prior has one precision.
struct Group {
    precision: PrecisionExpectations,
    coefficients: Range<usize>,
}

/// A fit. It keeps a triangle of the rows, or the rows where they are fewer than the columns: an update does not depend on the
/// number of those that are more.
#[derive(Clone, Debug)]
pub struct Fit {
    prior: Prior,
    statistics: Statistics,
    /// Where fewer rows than columns lie, the columns in their own units.
    basis: Option<Basis>,
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
        Self::of(Observed { x, columns, y, weights: None }, prior)
    }

    /// The same of rows that stand for so many each, `[N]`: the bound is that of rows repeated as often.
    ///
    /// # Errors
    /// As [`Self::new`]; where a weight is not a finite number ≥ 0, or all are 0.
    pub fn weighted(
        x: &[f64],
        columns: usize,
        y: &[f64],
        weights: &[f64],
        prior: Prior,
    ) -> Result<Self, Error> {
        Self::of(Observed { x, columns, y, weights: Some(weights) }, prior)
    }

    fn of(observed: Observed<'_>, prior: Prior) -> Result<Self, Error> {
        prior.check()?;
        let columns = observed.columns;
        let statistics = Statistics::of(observed, prior.intercept.is_some())?;
        let basis = statistics.is_wide().then(|| statistics.basis(|_| 1.0));
        let rows = statistics.rows.max(1.0);
        let variance = statistics.target_squares() / rows;
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
            v: Covariance::Diagonal { deviations: Vec::new() },
            noise,
            relevance_shape,
            relevance_rate,
        };
        let mut fit = Self { prior, statistics, basis, posterior, squares: 0.0, spread: 0.0 };
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
        Ok(Some(check::finite("log p(y)", full.bound().value())?))
    }

    fn list(&self) -> Vec<Factor> {
        let relevance = !matches!(self.prior.weights, Weights::Known { .. });
        let noise = matches!(self.prior.noise, Noise::Gamma { .. }) && !self.prior.scaled;
        let optional = [(relevance, Factor::Relevance), (noise, Factor::Noise)];
        let optional = optional.into_iter().filter_map(|(is, factor)| is.then_some(factor));
        std::iter::once(Factor::Weights).chain(optional).collect()
    }

    /// The precisions of the coefficients' prior.
    fn groups(&self) -> Result<Vec<Group>, Error> {
        let (q, first, width) =
            (&self.posterior, usize::from(self.prior.intercept.is_some()), self.statistics.width());
        let intercept = self.prior.intercept.map(|sd| Group { precision: known(sd), coefficients: 0..1 });
        let weights = match self.prior.weights {
            Weights::Known { sd } => vec![(known(sd), first..width)],
            Weights::Shared { .. } => vec![(gamma(q.relevance_shape, q.relevance_rate[0])?, first..width)],
            Weights::Each { .. } => {
                let rates = q.relevance_rate.iter().zip(first..);
                let each = rates.map(|(b, j)| Ok((gamma(q.relevance_shape, *b)?, j..j + 1)));
                each.collect::<Result<_, Error>>()?
            }
        };
        let weights = weights.into_iter().map(|(precision, coefficients)| Group { precision, coefficients });
        Ok(intercept.into_iter().chain(weights).collect())
    }

    /// q(w), or q(w, τ).
    fn update_weights(&mut self) -> Result<(), Error> {
        let groups = self.groups()?;
        let alpha: Vec<f64> = groups
            .iter()
            .flat_map(|of| std::iter::repeat_n(of.precision.mean, of.coefficients.len()))
            .collect();
        let tau = if self.prior.scaled { 1.0 } else { self.posterior.noise.expectations()?.mean };
        let (mean, v) = self.solution(tau, &alpha);
        self.posterior.mean = mean;
        if self.prior.factorised {
            let sd =
                |(j, alpha): (usize, &f64)| (alpha + tau * self.statistics.column_squares(j)).sqrt().recip();
            self.posterior.v =
                Covariance::Diagonal { deviations: alpha.iter().enumerate().map(sd).collect() };
            let variances = self.posterior.v.variances().into_iter().enumerate();
            self.spread = variances.map(|(j, v)| v * self.statistics.column_squares(j)).sum();
        } else {
            self.posterior.v = v;
        }
        let numbers = self.posterior.mean.iter().chain(self.posterior.v.parameters());
        if let Some(wrong) = numbers.copied().find(|v| !v.is_finite()) {
            return Err(Error::Overflow { what: "a parameter of q(w)".into(), value: wrong });
        }
        self.squares = self.statistics.squares(&self.posterior.mean);
        if self.prior.joint() {
            let of_prior: f64 = alpha.iter().zip(&self.posterior.mean).map(|(a, m)| a * m * m).sum();
            self.update_noise(self.squares + of_prior)?;
        }
        Ok(())
    }

    /// m and V, in the way that costs less.
    fn solution(&mut self, tau: f64, alpha: &[f64]) -> (Vec<f64>, Covariance) {
        match self.basis.clone() {
            Some(basis) => self.solve_wide(basis, tau, alpha),
            None => self.solve(tau, alpha),
        }
    }

    /// m and V.
    fn solve(&mut self, tau: f64, alpha: &[f64]) -> (Vec<f64>, Covariance) {
        let equations = self.statistics.equations();
        let (mean, factor) = solved(equations, tau, alpha);
        self.spread = (equations.submatrix(0, 0, equations.nrows(), alpha.len()) * &factor).squared_norm_l2();
        (mean, Covariance::Full { factor: by_rows(&factor) })
    }

    /// The same where the rows lie, in which the prior of v has precision 1.
    fn solve_wide(&mut self, basis: Basis, tau: f64, alpha: &[f64]) -> (Vec<f64>, Covariance) {
        let (equations, first) = (self.statistics.equations(), usize::from(self.prior.intercept.is_some()));
        let deviations: Vec<f64> = alpha[first..].iter().map(|alpha| alpha.sqrt().recip()).collect();
        // Deviations that are all alike move no direction.
        let (basis, unit) = match self.prior.weights {
            Weights::Each { .. } => (self.statistics.basis(|j| deviations[j]), 1.0),
            _ => (basis, deviations[0]),
        };
        let rank = basis.lower.nrows();
        let reduced = Mat::from_fn(rank, first + rank + 1, |i, j| {
            if j < first {
                equations[(i, 0)]
            } else if j < first + rank {
                unit * basis.lower[(i, j - first)]
            } else {
                equations[(i, alpha.len())]
            }
        });
        let precisions: Vec<f64> =
            alpha[..first].iter().copied().chain(std::iter::repeat_n(1.0, rank)).collect();
        let (mean, factor) = solved(reduced.as_ref(), tau, &precisions);
        self.spread = (reduced.submatrix(0, 0, rank, first + rank) * &factor).squared_norm_l2();
        let weights = basis.basis.chunks(rank).zip(&deviations).map(|(q, s)| s * dot(q, &mean[first..]));
        let of_all = mean[..first].iter().copied().chain(weights).collect();
        (of_all, Covariance::LowRank { deviations, basis: basis.basis, factor: by_rows(&factor) })
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
        let (Weights::Shared { shape, rate } | Weights::Each { shape, rate }) = self.prior.weights else {
            return Ok(());
        };
        let (prior, groups) = (Gamma::new(shape, rate)?, self.groups()?);
        let of_groups = groups.iter().zip(self.second_moments(&groups)?);
        let updated = |(group, sum): (&Group, f64)| {
            let squares = Squares { weight: group.coefficients.len() as f64, sum };
            Ok(Conjugate::<Gaussian>::updated(&prior, &squares)?.rate())
        };
        let first = usize::from(self.posterior.intercept);
        self.posterior.relevance_rate = of_groups.skip(first).map(updated).collect::<Result<_, Error>>()?;
        Ok(())
    }

    /// Σ E\[w_j²\] of the coefficients of each group, times τ where the prior is scaled.
    fn second_moments(&self, groups: &[Group]) -> Result<Vec<f64>, Error> {
        let q = &self.posterior;
        let tau = if q.scaled { q.noise.expectations()?.mean } else { 1.0 };
        let variances = match self.prior.weights {
            Weights::Each { .. } => q.v.variances(),
            _ => q.v.sums_of_variances(q.intercept),
        };
        let square = |of: &Group| q.mean[of.coefficients.clone()].iter().map(|m| m * m).sum::<f64>();
        Ok(groups.iter().zip(variances).map(|(of, v)| v + tau * square(of)).collect())
    }

    /// Of the deviations, in units in which what is spread by V has E\[τ\] in it already.
    fn residuals(&self, tau: PrecisionExpectations) -> Squares {
        let spread = if self.prior.scaled { self.spread / tau.mean } else { self.spread };
        Squares { weight: self.statistics.rows, sum: self.squares + spread }
    }
}

/// m and U, upper triangular, of equations \[T t\] and precisions of the prior.
fn solved(equations: MatRef<'_, f64>, tau: f64, alpha: &[f64]) -> (Vec<f64>, Mat<f64>) {
    let width = alpha.len();
    let likelihood = faer::Scale(tau.sqrt()) * equations;
    let prior = Mat::from_fn(width, width + 1, |i, j| if i == j { alpha[i].sqrt() } else { 0.0 });
    let r = triangle(likelihood.as_ref(), prior.as_ref());
    let mut inverse = Mat::<f64>::identity(width, width);
    r.submatrix(0, 0, width, width).solve_upper_triangular_in_place(inverse.as_mut());
    let mean = &inverse * r.submatrix(0, width, width, 1);
    (mean.col(0).iter().copied().collect(), inverse)
}

fn by_rows(matrix: &Mat<f64>) -> Vec<f64> {
    let width = matrix.ncols();
    (0..matrix.nrows() * width).map(|e| matrix[(e / width, e % width)]).collect()
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
            let groups = self.groups()?;
            let of_group = |(group, square): (&Group, f64)| {
                let Group { precision: alpha, coefficients } = group;
                alpha.mean * square - coefficients.len() as f64 * (alpha.ln + 1.0)
            };
            let of_prior: f64 = groups.iter().zip(self.second_moments(&groups)?).map(of_group).sum();
            let of_weights = 0.5 * (of_prior - q.v.ln_determinant());
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

/// What a sweep begins with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    posterior: Posterior,
    squares: f64,
    spread: f64,
}

impl Resumable for Fit {
    type State = State;

    fn state(&self) -> State {
        State { posterior: self.posterior.clone(), squares: self.squares, spread: self.spread }
    }

    fn restore(&mut self, State { posterior, squares, spread }: State) -> Result<(), Error> {
        let sizes = |q: &Posterior| {
            let flags = [q.intercept, q.scaled].map(usize::from);
            [q.mean.len(), q.relevance_rate.len(), flags[0], flags[1]]
        };
        Error::check_shape("the state of the coefficients", &sizes(&self.posterior), &sizes(&posterior))?;
        (self.posterior, self.squares, self.spread) = (posterior, squares, spread);
        Ok(())
    }
}
