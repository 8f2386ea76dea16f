//! The linear-Gaussian state space model, q(z) q(A) q(α) q(Q) q(C) q(γ) q(R), with q(z) exact by Kalman's filter and smoother.
//!
//! z_1 ~ N(m_0, P_0), z_t = A z_{t−1} + N(0, Q), y_t = C z_t + N(0, R); Q and R are diagonal, and each of A, C, Q, R is known or
//! not. With Q = I known, which loses nothing where C is free, the relevance α, γ of the columns of A and C chooses how many
//! states are used (Beal 2003, chapter 5; Luttinen 2013). With C = 1 it is the local level model or, with A free, an
//! autoregression seen through noise. There is no constant, and a relevance is common to all columns: centre the columns of
//! y, and bring them to one scale.

mod expectations;
mod joint_diagonal;
mod kalman;
mod linear;
mod posterior;
mod precision;
mod prior;
mod rotation;
mod start;

pub use linear::{Linear, LinearPrior};
pub use posterior::{Forecast, Smoothed, Values};
pub use precision::Precision;
pub use prior::Prior;

use std::f64::consts::TAU;

use faer::{Col, Mat};
use serde::{Deserialize, Serialize};

use super::{MeanField, sequences::Sequences};
use crate::{
    Error,
    distribution::Cholesky,
    random::{Key, Purpose},
    terms::Bound,
};
use expectations::Expectations;
use kalman::{Chain, Potential};
use prior::check_first;
use start::start;

/// The factors of the parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Posterior {
    /// m_0, `[D]`, known.
    pub mean: Vec<f64>,
    /// P_0, `[D, D]`, known.
    pub covariance: Vec<f64>,
    /// A and Q.
    pub dynamics: Linear,
    /// C and R.
    pub observation: Linear,
}

impl Posterior {
    /// D.
    pub fn states(&self) -> usize {
        self.mean.len()
    }

    /// P.
    pub fn columns(&self) -> usize {
        self.observation.outputs()
    }

    /// Refuses what serde may have read.
    fn check(&self) -> Result<(), Error> {
        let d = self.states();
        check_first(&self.mean, &self.covariance)?;
        self.dynamics.check("the dynamics", d, d)?;
        self.observation.check("the observation", d, self.columns())
    }

    fn chain(&self) -> Chain {
        let (d, map) = (self.states(), &self.dynamics);
        let precision = |k: usize| map.noise[k].mean();
        Chain {
            mean: Col::from_fn(d, |i| self.mean[i]),
            covariance: Mat::from_fn(d, d, |i, j| self.covariance[i * d + j]),
            transition: Mat::from_fn(d, d, |i, j| map.weights[i * d + j]),
            noise: Mat::from_fn(d, d, |i, j| if i == j { precision(i).recip() } else { 0.0 }),
            excess: Mat::from_fn(d, d, |i, j| (0..d).map(|k| precision(k) * map.covariance(k, i, j)).sum()),
        }
    }

    /// E\[log p(y_t|z_t)\] in z_t, of the values that each row has.
    fn potentials(&self, sequence: &[f64]) -> Vec<Potential> {
        let (d, map) = (self.states(), &self.observation);
        let informed = |p: usize| Mat::from_fn(d, d, |i, j| map.noise[p].mean() * map.second(p, i, j));
        let information: Vec<Mat<f64>> = (0..self.columns()).map(informed).collect();
        let potential = |row: &[f64]| {
            let none = Potential { information: Mat::zeros(d, d), linear: Col::zeros(d) };
            row.iter().enumerate().filter(|(_, y)| !y.is_nan()).fold(none, |mut sum, (p, y)| {
                sum.information += &information[p];
                let weight = map.noise[p].mean() * y;
                sum.linear += Col::from_fn(d, |i| weight * map.row(p)[i]);
                sum
            })
        };
        sequence.chunks(self.columns()).map(potential).collect()
    }

    /// Σ E\[log p(z_1)\].
    fn expected_log_initial(&self, states: &Expectations) -> Result<f64, Error> {
        let d = self.states();
        let factor = Cholesky::of(&self.covariance, d)?;
        let column = |j: usize| states.initial[j * d..(j + 1) * d].to_vec();
        let trace: f64 = (0..d).map(|j| factor.solve_transposed(&factor.solve(&column(j)))[j]).sum();
        Ok(-0.5 * (states.sequences * (d as f64 * TAU.ln() + factor.ln_determinant()) + trace))
    }
}

/// A factor.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Factor {
    States,
    Dynamics,
    DynamicsRelevance,
    DynamicsNoise,
    Observation,
    ObservationRelevance,
    ObservationNoise,
    Rotation,
}

/// A fit to sequences.
#[derive(Clone, Debug)]
pub struct Fit<'a> {
    data: Sequences<'a>,
    prior: Prior,
    posterior: Posterior,
    expectations: Expectations,
    /// Those of what is not known.
    factors: Vec<Factor>,
    /// The bound when the rotation last had its turn.
    rotated_at: f64,
}

impl<'a> Fit<'a> {
    /// To `y`, row by row, in sequences of `lengths` rows each, NaN where a value is missing. Unknown columns of C begin at
    /// random, by `key`, on the scale of the data.
    ///
    /// # Errors
    /// Where the prior is none, the sizes disagree, or a value is infinite.
    ///
    /// ```
    /// use elbo::{mean_field::{Ascent, ascend, state_space::{Fit, Prior}}, random::Key};
    /// let y = [1.1, 0.9, 1.3, f64::NAN, 1.2, 1.6, 1.4, 1.9, 1.7, 2.1];
    /// let mut fit = Fit::new(&y, &[10], Prior::local_level(0.0, 10.0), Key::new(1))?;
    /// assert!(ascend(&mut fit, &Ascent::default(), |_, _| {})?.converged);
    /// let next = fit.posterior().forecast(&y, 3)?.rows;
    /// assert!((next.means[0] - 2.0).abs() < 0.3 && next.sds[2] > next.sds[0]);
    /// # Ok::<(), elbo::Error>(())
    /// ```
    pub fn new(y: &'a [f64], lengths: &[usize], prior: Prior, key: Key) -> Result<Self, Error> {
        prior.check()?;
        let data = Sequences::new(y, prior.columns(), lengths)?;
        let posterior = start(&prior, &data, key.purpose(Purpose::Initialise));
        let expectations = Expectations::none(&posterior);
        let factors = unknown(&prior);
        Ok(Self { data, prior, posterior, expectations, factors, rotated_at: f64::NEG_INFINITY })
    }

    /// The factors of the parameters.
    pub fn posterior(&self) -> &Posterior {
        &self.posterior
    }

    fn expect(&self) -> Result<Expectations, Error> {
        let q = &self.posterior;
        let chain = q.chain();
        let add = |sum: &mut Expectations, _, sequence: &[f64]| {
            sum.add(q, sequence, &chain.smooth(&q.potentials(sequence))?);
            Ok(())
        };
        self.data.sum(|| Expectations::none(q), add, Expectations::merge)
    }
}

fn unknown(prior: &Prior) -> Vec<Factor> {
    let some = |values: &[Precision]| values.iter().any(|p| matches!(p, Precision::Gamma { .. }));
    let mut factors = vec![Factor::States];
    for (map, [weights, relevance, noise]) in [
        (&prior.dynamics, [Factor::Dynamics, Factor::DynamicsRelevance, Factor::DynamicsNoise]),
        (&prior.observation, [Factor::Observation, Factor::ObservationRelevance, Factor::ObservationNoise]),
    ] {
        factors.extend(map.relevance.is_some().then_some(weights));
        factors.extend(map.relevance.as_ref().is_some_and(|alpha| some(alpha)).then_some(relevance));
        factors.extend(some(&map.noise).then_some(noise));
    }
    factors.extend(rotation::is_free(prior).then_some(Factor::Rotation));
    factors
}

impl MeanField for Fit<'_> {
    /// q(z), and those of A, C, Q, R and of the relevances that are not known; where A and C are not, their rotation with z.
    fn factors(&self) -> Vec<String> {
        let name = |factor: &Factor| match factor {
            Factor::States => "q(z)",
            Factor::Dynamics => "q(A)",
            Factor::DynamicsRelevance => "q(α)",
            Factor::DynamicsNoise => "q(Q)",
            Factor::Observation => "q(C)",
            Factor::ObservationRelevance => "q(γ)",
            Factor::ObservationNoise => "q(R)",
            Factor::Rotation => "the rotation of z",
        };
        self.factors.iter().map(|factor| name(factor).into()).collect()
    }

    fn update(&mut self, factor: usize) -> Result<(), Error> {
        let Self { prior, posterior: Posterior { dynamics, observation, .. }, expectations: of, .. } = self;
        match self.factors[factor] {
            Factor::States => {
                self.expectations = self.expect()?;
                Ok(())
            }
            Factor::Dynamics => dynamics.update_weights(&prior.dynamics, &of.dynamics),
            Factor::DynamicsRelevance => dynamics.update_relevance(&prior.dynamics),
            Factor::DynamicsNoise => dynamics.update_noise(&prior.dynamics, &of.dynamics),
            Factor::Observation => observation.update_weights(&prior.observation, &of.observation),
            Factor::ObservationRelevance => observation.update_relevance(&prior.observation),
            Factor::ObservationNoise => observation.update_noise(&prior.observation, &of.observation),
            Factor::Rotation => {
                self.rotate();
                Ok(())
            }
        }
    }

    fn bound(&self) -> Bound {
        let Posterior { dynamics, observation, .. } = &self.posterior;
        let kl = dynamics
            .kl(&self.prior.dynamics)
            .and_then(|kl| Ok(kl + observation.kl(&self.prior.observation)?));
        let (log_likelihood, of_states) = self.posterior.terms(&self.expectations);
        let global = -kl.unwrap_or(f64::NAN);
        Bound { log_likelihood, kl: of_states, scale: 1.0, global, beta: 1.0 }
    }
}
