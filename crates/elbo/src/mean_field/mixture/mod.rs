//! Mixtures of conjugate components, π, z, θ: q(z) q(π) q(θ) (Bishop 2006, section 10.2; Corduneanu and Bishop 2001; Blei
//! and Jordan 2006).
//!
//! z_n ~ π, x_n | z_n = k ~ p(x|θ_k): Gaussians with a covariance of each component, one for all, a diagonal one or a
//! multiple of I, or columns of 0 and 1. Each pass over the rows makes r and what r weighs, and keeps no r.

mod bernoullis;
mod components;
mod diagonal_gaussians;
mod e_step;
mod full_gaussians;
mod posterior;
mod prior;
mod weights;

use std::mem::discriminant;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::{
    e_step::{Assign, Chosen, Sums, sums},
    posterior::ComponentsPosterior,
    prior::check_rows,
};
pub use self::{
    posterior::Posterior,
    prior::{Covariance, Family, GaussianPrior, Prior},
    weights::{Weights, WeightsPosterior},
};
use super::{Annealed, MeanField, Resumable, Start, Stochastic, start};
use crate::{
    Error, check,
    random::{Key, Purpose},
    special::ln_sum_exp,
    terms::Bound,
};

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
/// assert!(record.converged && (r[0] + r[1] - 1.0).abs() < 1e-12);
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Fit<'a> {
    x: &'a [f64],
    width: usize,
    weights: Option<&'a [f64]>,
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
        prior.check_size(width)?;
        let centres = start::centres(x, width, prior.components, start, key);
        let labels = start::labels(x, width, &centres, start, key);
        Self::begin(Chosen { x, width, index: None, weights: None }, prior, centres, &labels)
    }

    /// The same of rows that stand for so many each, `[N]`: the bound is that of rows repeated as often. It begins as if they
    /// stood for one.
    ///
    /// # Errors
    /// As [`Self::new`]; where a weight is not a finite number ≥ 0, or all are 0.
    pub fn weighted(
        x: &'a [f64],
        width: usize,
        weights: &'a [f64],
        prior: Prior,
        start: Start,
        key: Key,
    ) -> Result<Self, Error> {
        check_rows(x, width, matches!(prior.family, Family::Bernoulli(_)))?;
        check::row_weights(weights, x.len() / width)?;
        prior.check_size(width)?;
        let centres = start::centres(x, width, prior.components, start, key);
        let labels = start::labels(x, width, &centres, start, key);
        Self::begin(Chosen { x, width, index: None, weights: Some(weights) }, prior, centres, &labels)
    }

    /// The same with the component of each row at the start.
    ///
    /// # Errors
    /// As [`Self::new`]; where there is not a component for each row.
    pub fn with_labels(x: &'a [f64], width: usize, prior: Prior, labels: &[u32]) -> Result<Self, Error> {
        check_rows(x, width, matches!(prior.family, Family::Bernoulli(_)))?;
        prior.check_size(width)?;
        Error::check_shape("the labels", &[x.len() / width], &[labels.len()])?;
        let below = |&label: &u32| check::index("a label", label as usize, prior.components, "components");
        labels.iter().try_for_each(below)?;
        let mut origins = vec![0.0; prior.components * width];
        let mut counts = vec![0.0; prior.components * width];
        for (row, &label) in x.chunks_exact(width).zip(labels) {
            for (d, x) in row.iter().enumerate().filter(|(_, x)| !x.is_nan()) {
                let e = label as usize * width + d;
                counts[e] += 1.0;
                origins[e] += (x - origins[e]) / counts[e];
            }
        }
        // A component that no row is given to begins among the others' rows.
        for d in 0..width {
            let own = (d..origins.len()).step_by(width);
            let total: f64 = own.clone().map(|e| counts[e]).sum();
            let mean = own.clone().map(|e| counts[e] / total.max(1.0) * origins[e]).sum();
            for e in own.filter(|&e| counts[e] == 0.0) {
                origins[e] = mean;
            }
        }
        Self::begin(Chosen { x, width, index: None, weights: None }, prior, origins, labels)
    }

    fn begin(rows: Chosen<'a>, prior: Prior, origins: Vec<f64>, labels: &[u32]) -> Result<Self, Error> {
        let Chosen { x, width, weights: row_weights, .. } = rows;
        prior.weights.check()?;
        let components = ComponentsPosterior::new(&prior, width)?;
        let weights = prior.weights.posterior(&vec![0.0; prior.components])?;
        let posterior = Posterior { weights, components };
        let q = posterior.components.components();
        let empty = Sums::new(q.number(), q.size());
        let sums = sums(rows, &*q.expectations(), Assign::Labels(labels), &origins, &empty);
        Ok(Self { x, width, weights: row_weights, prior, posterior, origins, sums, inverse_temperature: 1.0 })
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
        let key = key.purpose(Purpose::Evaluate);
        let one = |row: u64| {
            let (ln_weights, of_weights) =
                self.prior.weights.draw(&self.posterior.weights, key.fold(0), row)?;
            let theta = self.posterior.components.components().draw(key.fold(1), row)?;
            let mut terms = vec![0.0; ln_weights.len()];
            let mut total = of_weights + theta.log_ratio;
            for (n, x) in self.x.chunks_exact(self.width).enumerate() {
                (theta.log_density)(x, &mut terms);
                terms.iter_mut().zip(&ln_weights).for_each(|(term, ln_weight)| *term += ln_weight);
                total += self.weights.map_or(1.0, |weights| weights[n]) * ln_sum_exp(&terms);
            }
            Ok(total)
        };
        (0..draws as u64).into_par_iter().map(one).collect()
    }

    fn pass(&self, index: Option<&[usize]>) -> Result<Sums, Error> {
        let q = self.posterior.components.components();
        let ln_weights = self.posterior.weights.expected_ln()?;
        let assign =
            Assign::Optimally { ln_weights: &ln_weights, inverse_temperature: self.inverse_temperature };
        let rows = Chosen { x: self.x, width: self.width, index, weights: self.weights };
        let empty = Sums::new(q.number(), q.size());
        Ok(sums(rows, &*q.expectations(), assign, &self.origins, &empty))
    }

    fn set_components(&mut self) -> Result<(), Error> {
        self.posterior.components.components_mut().set(&self.sums.statistics, &self.origins)
    }

    fn set_weights(&mut self) -> Result<(), Error> {
        self.posterior.weights = self.prior.weights.posterior(&self.sums.counts)?;
        Ok(())
    }
}

impl MeanField for Fit<'_> {
    fn factors(&self) -> Vec<String> {
        vec!["q(θ)".into(), "q(π)".into(), "q(z)".into()]
    }

    fn update(&mut self, factor: usize) -> Result<(), Error> {
        match factor {
            0 => self.set_components()?,
            1 => self.set_weights()?,
            _ => {
                let q = self.posterior.components.components();
                // All sums are made anew: about where the rows are now.
                self.origins = (0..q.number()).flat_map(|k| q.mean(k)).copied().collect();
                self.sums = self.pass(None)?;
            }
        }
        Ok(())
    }

    fn bound(&self) -> Bound {
        let q = self.posterior.components.components();
        let terms = || -> Result<[f64; 2], Error> {
            let ln_weights = self.posterior.weights.expected_ln()?;
            let of_prior: f64 = self.sums.counts.iter().zip(&ln_weights).map(|(n, w)| n * w).sum();
            let global = -(q.kl()? + self.prior.weights.kl(&self.posterior.weights)?);
            Ok([-self.sums.entropy - of_prior, global])
        };
        let [kl, global] = terms().unwrap_or([f64::NAN; 2]);
        // Of what is missing E[log p(x|θ)] − log q(x): a bound on what is observed.
        let log_likelihood = q.log_likelihood(&self.sums.statistics, &self.origins) + self.sums.missing;
        Bound { log_likelihood, kl, scale: 1.0, global, beta: 1.0 }
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

    /// The bound is then that of no q, until the next pass over all rows.
    fn step(&mut self, rows: &[usize], scale: f64, step_size: f64) -> Result<(), Error> {
        let minibatch = self.pass(Some(rows))?;
        self.sums.blend(1.0 - step_size, step_size * scale, &minibatch);
        self.set_components()?;
        self.set_weights()
    }
}

/// What a sweep begins with: q(θ) and q(π) at their optimum, and the sums over rows that the next ones come of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    posterior: Posterior,
    origins: Vec<f64>,
    sums: Sums,
}

impl Resumable for Fit<'_> {
    type State = State;

    fn state(&self) -> State {
        let Self { posterior, origins, sums, .. } = self;
        State { posterior: posterior.clone(), origins: origins.clone(), sums: sums.clone() }
    }

    fn restore(&mut self, state: State) -> Result<(), Error> {
        let sizes = |posterior: &Posterior, origins: &[f64], sums: &Sums| {
            let q = posterior.components.components();
            [q.number(), q.size(), origins.len(), sums.statistics.len(), sums.counts.len()]
        };
        let State { posterior, origins, sums } = &state;
        let own = sizes(&self.posterior, &self.origins, &self.sums);
        Error::check_shape("the state of a mixture", &own, &sizes(posterior, origins, sums))?;
        let kinds = |of: &Posterior| (discriminant(&of.weights), discriminant(&of.components));
        if kinds(posterior) != kinds(&self.posterior) || posterior.width() != self.width {
            let (what, expected) = ("the columns of a mixture of another kind".into(), vec![self.width]);
            return Err(Error::Shape { what, expected, got: vec![posterior.width()] });
        }
        (self.posterior, self.origins, self.sums) = (state.posterior, state.origins, state.sums);
        Ok(())
    }
}
