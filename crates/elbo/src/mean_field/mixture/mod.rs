//! Mixtures of conjugate components, π, z, θ: q(z) q(π) q(θ) (Bishop 2006, section 10.2; Corduneanu and Bishop 2001; Blei
//! and Jordan 2006).
//!
//! z_n ~ π, x_n | z_n = k ~ p(x|θ_k): Gaussians with a covariance of each component, one for all, a diagonal one or a
//! multiple of I, or columns of 0 and 1. Each pass over the rows makes r and what r weighs, and keeps no r.

mod beta;
mod components;
mod e_step;
mod gamma;
mod weights;
mod wishart;

use serde::{Deserialize, Serialize};

pub use self::{
    beta::BetaBernoulli,
    gamma::NormalGamma,
    weights::{Weights, WeightsPosterior},
    wishart::NormalWishart,
};
use self::{
    components::Components,
    e_step::{Assign, Chosen, Sums, responsibilities_of, sums},
};
use super::{Annealed, MeanField, Start, Stochastic, start};
use crate::{
    Error,
    objective::Bound,
    random::{Key, Purpose},
    special::ln_sum_exp,
};

/// What the covariances of Gaussian components are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Covariance {
    /// A matrix for each component.
    #[default]
    Full,
    /// One matrix for all.
    Tied,
    /// A variance for each component and column.
    Diagonal,
    /// A variance for each component.
    Spherical,
}

/// The prior of Gaussian components.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GaussianPrior {
    /// What the covariances are.
    pub covariance: Covariance,
    /// m₀, `[D]`.
    pub mean: Vec<f64>,
    /// β₀: how many rows m₀ is worth.
    pub mean_precision: f64,
    /// ν₀ > D − 1 for a matrix, > 0 for variances: how many rows `scale` is worth.
    pub freedom: f64,
    /// W₀⁻¹, `[D, D]`; of a diagonal `[D]`, of one variance `[1]`: ν₀ times the covariance expected.
    pub scale: Vec<f64>,
}

impl GaussianPrior {
    /// A weak prior in the units of the rows: m₀ the columns' means, worth one row, and the columns' variances, worth D
    /// rows. NaN is a missing value.
    ///
    /// # Errors
    /// Where a column has no two values that differ, or one that is infinite.
    pub fn of(x: &[f64], width: usize, covariance: Covariance) -> Result<Self, Error> {
        check_finite(x, width)?;
        let (mut mean, mut variance) = (Vec::with_capacity(width), Vec::with_capacity(width));
        for d in 0..width {
            let column = || x.iter().skip(d).step_by(width).filter(|x| !x.is_nan());
            let count = column().count().max(1) as f64;
            let m = column().sum::<f64>() / count;
            let v = column().map(|x| (x - m).powi(2)).fold(0.0, |sum, square| sum + square) / count;
            let varied = column().next().is_some_and(|first| column().any(|x| x != first));
            if !varied || v.is_nan() || v <= 0.0 {
                let rule = "must be > 0: a column of one value says nothing of components, leave it out";
                return Err(Error::invalid(&format!("the variance of column {}", d + 1), v, rule));
            }
            mean.push(m);
            variance.push(v);
        }
        let freedom = width as f64;
        let scale = match covariance {
            Covariance::Full | Covariance::Tied => (0..width * width)
                .map(|e| if e / width == e % width { freedom * variance[e / width] } else { 0.0 })
                .collect(),
            Covariance::Diagonal => variance.iter().map(|v| freedom * v).collect(),
            Covariance::Spherical => vec![variance.iter().sum()],
        };
        Ok(Self { covariance, mean, mean_precision: 1.0, freedom, scale })
    }
}

/// What the components are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Gaussians.
    Gaussian(GaussianPrior),
    /// Columns of 0 and 1 that are independent given the component, each with θ ~ Beta(a, b).
    Bernoulli([f64; 2]),
}

/// The prior of a mixture: with the rows, all that determines the fit but its start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// K.
    pub components: usize,
    /// The weights' prior.
    pub weights: Weights,
    /// The components' prior.
    pub family: Family,
}

/// q(θ).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComponentsPosterior {
    /// Gaussians with matrices.
    NormalWishart(NormalWishart),
    /// Gaussians with variances.
    NormalGamma(NormalGamma),
    /// Columns of 0 and 1.
    BetaBernoulli(BetaBernoulli),
}

impl ComponentsPosterior {
    fn new(prior: &Prior, width: usize) -> Result<Self, Error> {
        Ok(match &prior.family {
            Family::Gaussian(gaussian) => {
                let k = prior.components;
                if gaussian.mean.len() != width {
                    let (expected, got) = (vec![width], vec![gaussian.mean.len()]);
                    return Err(Error::Shape { what: "the prior's mean".into(), expected, got });
                }
                let beta = gaussian.mean_precision;
                if beta.is_nan() || beta <= 0.0 || beta.is_infinite() {
                    return Err(Error::invalid("the mean's precision", beta, "must be a finite number > 0"));
                }
                match gaussian.covariance {
                    Covariance::Full => Self::NormalWishart(NormalWishart::new(gaussian, k, false)?),
                    Covariance::Tied => Self::NormalWishart(NormalWishart::new(gaussian, k, true)?),
                    Covariance::Diagonal => Self::NormalGamma(NormalGamma::new(gaussian, k, false)?),
                    Covariance::Spherical => Self::NormalGamma(NormalGamma::new(gaussian, k, true)?),
                }
            }
            Family::Bernoulli(prior_of_cell) => {
                Self::BetaBernoulli(BetaBernoulli::new(*prior_of_cell, prior.components, width)?)
            }
        })
    }

    fn components(&self) -> &dyn Components {
        match self {
            Self::NormalWishart(q) => q,
            Self::NormalGamma(q) => q,
            Self::BetaBernoulli(q) => q,
        }
    }

    fn components_mut(&mut self) -> &mut dyn Components {
        match self {
            Self::NormalWishart(q) => q,
            Self::NormalGamma(q) => q,
            Self::BetaBernoulli(q) => q,
        }
    }
}

/// q(π) q(θ): what a fit leaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Posterior {
    /// q(π).
    pub weights: WeightsPosterior,
    /// q(θ).
    pub components: ComponentsPosterior,
}

impl Posterior {
    /// K.
    pub fn number(&self) -> usize {
        self.components.components().number()
    }

    /// D.
    pub fn width(&self) -> usize {
        self.mean(0).len()
    }

    /// The mean of a component's rows, `[D]`.
    ///
    /// # Panics
    /// Where there is no such component.
    pub fn mean(&self, component: usize) -> &[f64] {
        self.components.components().mean(component)
    }

    /// The covariance that a Gaussian component's rows are expected to have, `[D, D]`; none of one of 0 and 1.
    pub fn covariance(&self, component: usize) -> Option<Vec<f64>> {
        match &self.components {
            ComponentsPosterior::NormalWishart(q) => Some(q.covariance(component)),
            ComponentsPosterior::NormalGamma(q) => {
                let variance = q.variance(component);
                let n = variance.len();
                Some((0..n * n).map(|e| if e / n == e % n { variance[e / n] } else { 0.0 }).collect())
            }
            ComponentsPosterior::BetaBernoulli(_) => None,
        }
    }

    /// r of rows `[N, D]`, NaN missing: the probability of each component, `[N, K]`.
    ///
    /// # Errors
    /// Where the rows are not those of the model.
    pub fn responsibilities(&self, x: &[f64]) -> Result<Vec<f64>, Error> {
        let rows = self.rows(x)?;
        let q = self.components.components();
        let (expectations, ln_weights) = (q.expectations(), self.weights.expected_ln());
        let assign = Assign::Optimally { ln_weights: &ln_weights, inverse_temperature: 1.0 };
        let origins: Vec<f64> = (0..self.number()).flat_map(|k| self.mean(k).to_vec()).collect();
        Ok(responsibilities_of(rows, &*expectations, assign, &origins, &Sums::new(q.number(), q.size())))
    }

    /// log p(x|data) of each row, `[N]`, in nats: of the posterior predictive density under q, which is a mixture of
    /// Student's t, or of the cells that are not missing. The weights are taken at their mean.
    ///
    /// # Errors
    /// Where the rows are not those of the model.
    pub fn log_predictive(&self, x: &[f64]) -> Result<Vec<f64>, Error> {
        use rayon::prelude::*;
        let rows = self.rows(x)?;
        let (weights, q) = (self.shares(), self.components.components());
        let of = |x: &[f64]| {
            let terms: Vec<f64> =
                weights.iter().enumerate().map(|(k, w)| w.ln() + q.log_predictive(k, x)).collect();
            ln_sum_exp(&terms)
        };
        Ok(x.par_chunks_exact(rows.width).map(of).collect())
    }

    /// The components' expected shares, which sum to 1 (of a Dirichlet process, among the components that q has).
    pub fn shares(&self) -> Vec<f64> {
        let weights = self.weights.mean();
        let total: f64 = weights.iter().sum();
        weights.iter().map(|w| w / total).collect()
    }

    /// A new row, and the component that it is from: the draw of `row` from the posterior predictive density.
    ///
    /// # Errors
    /// Where a component's covariance has no factor.
    pub fn sample(&self, key: Key, row: u64) -> Result<(usize, Vec<f64>), Error> {
        let key = key.purpose(Purpose::Sample);
        let mut uniform = [0.0];
        key.fold(0).uniforms(row, &mut uniform);
        let mut left = f64::from(uniform[0]);
        let component = self.shares().iter().position(|share| {
            left -= share;
            left < 0.0
        });
        let component = component.unwrap_or(self.number() - 1);
        Ok((component, self.components.components().sample(component, key.fold(1), row)?))
    }

    fn rows<'a>(&self, x: &'a [f64]) -> Result<Chosen<'a>, Error> {
        let binary = matches!(self.components, ComponentsPosterior::BetaBernoulli(_));
        let width = self.width();
        check_rows(x, width, binary)?;
        Ok(Chosen { x, width, index: None })
    }
}

fn check_finite(x: &[f64], width: usize) -> Result<(), Error> {
    if width == 0 || x.is_empty() || !x.len().is_multiple_of(width) {
        return Err(Error::Shape { what: "the rows".into(), expected: vec![width], got: vec![x.len()] });
    }
    cells(x, width, f64::is_infinite, "must be finite")
}

fn check_rows(x: &[f64], width: usize, binary: bool) -> Result<(), Error> {
    check_finite(x, width)?;
    if binary { cells(x, width, |x| !x.is_nan() && x != 0.0 && x != 1.0, "must be 0 or 1") } else { Ok(()) }
}

fn cells(x: &[f64], width: usize, wrong: impl Fn(f64) -> bool, rule: &str) -> Result<(), Error> {
    match x.iter().position(|&x| wrong(x)) {
        Some(cell) => {
            let what = format!("row {}, column {}", cell / width + 1, cell % width + 1);
            Err(Error::invalid(&what, x[cell], rule))
        }
        None => Ok(()),
    }
}

/// A fit to rows.
///
/// ```
/// use elbo::{
///     mean_field::{Ascent, Start, ascend, mixture::{Covariance, Family, Fit, GaussianPrior, Prior, Weights}},
///     random::Key,
/// };
/// // Two groups on a line.
/// let x = [0.1, -0.2, 0.0, 0.3, 9.8, 10.1, 10.2];
/// let gaussian = GaussianPrior::of(&x, 1, Covariance::Full)?;
/// let prior = Prior { components: 2, weights: Weights::Dirichlet(1.0), family: Family::Gaussian(gaussian) };
/// let mut fit = Fit::new(&x, 1, prior, Start::KMeans, Key::new(1))?;
/// let record = ascend(&mut fit, &Ascent::default(), |_, _| {})?;
/// let r = fit.posterior().responsibilities(&[0.0, 10.0])?;
/// assert!(r[0].max(r[1]) > 0.99 && (r[0] - r[3]).abs() < 0.02);
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Fit<'a> {
    x: &'a [f64],
    width: usize,
    prior: Prior,
    posterior: Posterior,
    origins: Vec<f64>,
    sums: Sums,
    inverse_temperature: f64,
}

impl<'a> Fit<'a> {
    /// Of rows `[N, D]`, NaN missing, whose first r are those of the nearest of some first centres.
    ///
    /// # Errors
    /// Where the prior is none, or the rows are not as it says.
    pub fn new(x: &'a [f64], width: usize, prior: Prior, start: Start, key: Key) -> Result<Self, Error> {
        check_rows(x, width, matches!(prior.family, Family::Bernoulli(_)))?;
        if prior.components == 0 {
            return Err(Error::invalid("the number of components", 0, "must be at least 1"));
        }
        let centres = start::centres(x, width, prior.components, start, key);
        let labels = start::nearest(x, width, &centres);
        Self::begin(x, width, prior, centres, &labels)
    }

    /// The same with the component of each row at the start.
    ///
    /// # Errors
    /// As [`Self::new`]; where there is not a component for each row.
    pub fn with_labels(x: &'a [f64], width: usize, prior: Prior, labels: &[u32]) -> Result<Self, Error> {
        check_rows(x, width, matches!(prior.family, Family::Bernoulli(_)))?;
        if labels.len() != x.len() / width {
            let (expected, got) = (vec![x.len() / width], vec![labels.len()]);
            return Err(Error::Shape { what: "the labels".into(), expected, got });
        }
        if let Some(wrong) = labels.iter().find(|&&label| label as usize >= prior.components) {
            let rule = format!("must be less than the {} components", prior.components);
            return Err(Error::invalid("a label", wrong, &rule));
        }
        let mut origins = vec![0.0; prior.components * width];
        let mut counts = vec![0.0; prior.components * width];
        for (row, &label) in x.chunks_exact(width).zip(labels) {
            for (d, x) in row.iter().enumerate().filter(|(_, x)| !x.is_nan()) {
                let e = label as usize * width + d;
                counts[e] += 1.0;
                origins[e] += (x - origins[e]) / counts[e];
            }
        }
        Self::begin(x, width, prior, origins, labels)
    }

    fn begin(
        x: &'a [f64],
        width: usize,
        prior: Prior,
        origins: Vec<f64>,
        labels: &[u32],
    ) -> Result<Self, Error> {
        prior.weights.check()?;
        let components = ComponentsPosterior::new(&prior, width)?;
        let weights = prior.weights.posterior(&vec![0.0; prior.components]);
        let posterior = Posterior { weights, components };
        let q = posterior.components.components();
        let empty = Sums::new(q.number(), q.size());
        let rows = Chosen { x, width, index: None };
        let sums = sums(rows, &*q.expectations(), Assign::Labels(labels), &origins, &empty);
        Ok(Self { x, width, prior, posterior, origins, sums, inverse_temperature: 1.0 })
    }

    /// The factors of the parameters.
    pub fn posterior(&self) -> &Posterior {
        &self.posterior
    }

    /// Σ_n r_nk: the rows that each component is expected to have.
    pub fn counts(&self) -> &[f64] {
        &self.sums.counts
    }

    /// log p(x, θ)/q(θ) at draws of θ = (π, θ_1..K) from q, `[draws]`, in nats, z and missing cells summed out exactly: an
    /// estimate of the evidence from below, and k̂ of it of how well q covers the posterior. q covers one order of the
    /// components of K!, so the evidence is that of this order.
    ///
    /// # Errors
    /// Where a draw is out of range.
    pub fn log_weights(&self, draws: usize, key: Key) -> Result<Vec<f64>, Error> {
        use rayon::prelude::*;
        let key = key.purpose(Purpose::Evaluate);
        let one = |row: u64| {
            let (ln_weights, of_weights) =
                self.prior.weights.draw(&self.posterior.weights, key.fold(0), row)?;
            let theta = self.posterior.components.components().draw(key.fold(1), row)?;
            let mut terms = vec![0.0; ln_weights.len()];
            let mut total = of_weights + theta.log_ratio;
            for x in self.x.chunks_exact(self.width) {
                (theta.log_density)(x, &mut terms);
                terms.iter_mut().zip(&ln_weights).for_each(|(term, ln_weight)| *term += ln_weight);
                total += ln_sum_exp(&terms);
            }
            Ok(total)
        };
        (0..draws as u64).into_par_iter().map(one).collect()
    }

    fn pass(&self, index: Option<&[usize]>) -> Sums {
        let q = self.posterior.components.components();
        let ln_weights = self.posterior.weights.expected_ln();
        let assign =
            Assign::Optimally { ln_weights: &ln_weights, inverse_temperature: self.inverse_temperature };
        let rows = Chosen { x: self.x, width: self.width, index };
        sums(rows, &*q.expectations(), assign, &self.origins, &Sums::new(q.number(), q.size()))
    }

    fn set_components(&mut self) -> Result<(), Error> {
        self.posterior.components.components_mut().set(&self.sums.statistics, &self.origins)
    }

    fn set_weights(&mut self) {
        self.posterior.weights = self.prior.weights.posterior(&self.sums.counts);
    }
}

impl MeanField for Fit<'_> {
    fn factors(&self) -> Vec<String> {
        vec!["q(θ)".into(), "q(π)".into(), "q(z)".into()]
    }

    fn update(&mut self, factor: usize) -> Result<(), Error> {
        match factor {
            0 => self.set_components()?,
            1 => self.set_weights(),
            _ => self.sums = self.pass(None),
        }
        Ok(())
    }

    fn bound(&self) -> Bound {
        let q = self.posterior.components.components();
        let ln_weights = self.posterior.weights.expected_ln();
        let of_prior: f64 = self.sums.counts.iter().zip(&ln_weights).map(|(n, w)| n * w).sum();
        Bound {
            log_likelihood: q.log_likelihood(&self.sums.statistics, &self.origins),
            kl: -self.sums.entropy - of_prior,
            scale: 1.0,
            global: -(q.kl() + self.prior.weights.kl(&self.posterior.weights)),
            beta: 1.0,
        }
    }
}

impl Annealed for Fit<'_> {
    fn temper(&mut self, inverse_temperature: f64) {
        self.inverse_temperature = inverse_temperature;
    }
}

impl Stochastic for Fit<'_> {
    fn rows(&self) -> usize {
        self.x.len() / self.width
    }

    fn step(&mut self, rows: &[usize], scale: f64, step_size: f64) -> Result<(), Error> {
        let minibatch = self.pass(Some(rows));
        self.sums.blend(1.0 - step_size, step_size * scale, &minibatch);
        self.set_components()?;
        self.set_weights();
        Ok(())
    }
}
