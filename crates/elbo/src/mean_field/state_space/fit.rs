//! The fit of a state space model.

use serde::{Deserialize, Serialize};

use super::{Posterior, Precision, Prior, expectations::Expectations, start::start};
use crate::{
    Error,
    mean_field::{MeanField, Resumable, sequences::Sequences},
    random::{Key, Purpose},
    terms::Bound,
};

/// A factor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Factor {
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
    pub(super) prior: Prior,
    pub(super) posterior: Posterior,
    pub(super) expectations: Expectations,
    /// Those of what is not known.
    pub(super) factors: Vec<Factor>,
    /// The bound when the rotation last had its turn.
    pub(super) rotated_at: f64,
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

    pub(super) fn expect(&self) -> Result<Expectations, Error> {
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
    factors.extend(prior.is_free().then_some(Factor::Rotation));
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
        let terms = || -> Result<[f64; 3], Error> {
            let kl = dynamics.kl(&self.prior.dynamics)? + observation.kl(&self.prior.observation)?;
            let (log_likelihood, of_states) = self.posterior.terms(&self.expectations)?;
            Ok([log_likelihood, of_states, -kl])
        };
        let [log_likelihood, kl, global] = terms().unwrap_or([f64::NAN; 3]);
        Bound { log_likelihood, kl, scale: 1.0, global, beta: 1.0 }
    }
}

/// What a sweep begins with: q(z) is made anew in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    posterior: Posterior,
    /// None before the rotation's first turn.
    rotated_at: Option<f64>,
}

impl Resumable for Fit<'_> {
    type State = State;

    fn state(&self) -> State {
        let rotated_at = Some(self.rotated_at).filter(|bound| bound.is_finite());
        State { posterior: self.posterior.clone(), rotated_at }
    }

    fn restore(&mut self, State { posterior, rotated_at }: State) -> Result<(), Error> {
        let sizes = |q: &Posterior| {
            [q.states(), q.columns(), q.dynamics.covariances.len(), q.observation.covariances.len()]
        };
        Error::check_shape("the state of the model", &sizes(&self.posterior), &sizes(&posterior))?;
        self.posterior = posterior;
        self.rotated_at = rotated_at.unwrap_or(f64::NEG_INFINITY);
        Ok(())
    }
}
