//! The hidden Markov model, q(z) q(π) Π_k q(A_k) Π_kd q(θ_kd), with q(z) exact by forward and backward.
//!
//! p(x, z) = π(z_1) Π_t A(z_{t−1}, z_t) Π_td p(x_td|θ_{z_t d}), and log q(z) is the same chain's with each logarithm
//! replaced by its expectation. A missing value, NaN, is a factor 1. Source: MacKay (1997), *Ensemble learning for hidden
//! Markov models*; Beal (2003), chapter 3.

mod emission;
mod expectations;
mod forward_backward;
mod posterior;
mod shares;
mod start;

pub use emission::Emission;
pub use shares::Shares;
pub use start::Start;

use serde::{Deserialize, Serialize};

use super::{Annealed, MeanField, cells::wrong_cell, sequences::Sequences};
use crate::{
    Error,
    random::{Key, Purpose},
    terms::Bound,
};
use emission::Expected;
use expectations::Expectations;
use forward_backward::{Chain, weigh};

/// The distribution of all parameters: as prior or as posterior, which are of one form. What is known in the prior is
/// known in the posterior; with all of it known, the bound is log p(x).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// π: of K states, the first of a sequence.
    pub initial: Shares,
    /// A: of each state, the next.
    pub transitions: Vec<Shares>,
    /// θ: of each state, each column.
    pub emission: Vec<Vec<Emission>>,
}

/// The parameters before the data.
pub type Prior = Parameters;

/// The factors of the parameters.
pub type Posterior = Parameters;

impl Parameters {
    /// K states of which nothing tells one from another: every α of π and A is `concentration`, and `emission` has the
    /// distribution of each column.
    pub fn exchangeable(states: usize, concentration: f64, emission: &[Emission]) -> Self {
        let shares = Shares::symmetric(states, concentration);
        Self {
            initial: shares.clone(),
            transitions: vec![shares; states],
            emission: vec![emission.to_vec(); states],
        }
    }

    /// K.
    pub fn states(&self) -> usize {
        self.initial.outcomes()
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.emission.first().map_or(0, Vec::len)
    }

    fn check(&self) -> Result<(), Error> {
        let (states, columns) = (self.states(), self.columns());
        let of_rows: Vec<usize> = self.transitions.iter().map(Shares::outcomes).collect();
        Error::check_shape("the transition probabilities", &vec![states; states], &of_rows)?;
        let of_emissions: Vec<usize> = self.emission.iter().map(Vec::len).collect();
        Error::check_shape("the emissions of the states", &vec![columns; states], &of_emissions)?;
        if states == 0 || columns == 0 {
            return Err(Error::invalid("the number of states or of columns", 0, "must be at least 1"));
        }
        self.initial.check("the initial probabilities")?;
        self.transitions.iter().try_for_each(|row| row.check("a row of transition probabilities"))?;
        for column in 0..columns {
            for state in &self.emission {
                state[column].check()?;
                if state[column].family() != self.emission[0][column].family() {
                    let what = format!("the family of column {} in a state", column + 1);
                    let rule = "must be that of the first state";
                    return Err(Error::invalid(&what, format!("{:?}", state[column]), rule));
                }
            }
        }
        Ok(())
    }

    /// The data, whose values the emissions must take.
    fn sequences<'a>(&self, x: &'a [f64], lengths: Option<&[usize]>) -> Result<Sequences<'a>, Error> {
        self.check()?;
        let columns = self.columns();
        let data = match lengths {
            Some(lengths) => Sequences::new(x, columns, lengths)?,
            None => Sequences::one(x, columns)?,
        };
        for (cell, &value) in x.iter().enumerate() {
            let rule = self.emission[0][cell % columns].refuses(value);
            if let Some(rule) = rule.filter(|_| !value.is_nan()) {
                return Err(wrong_cell(cell, columns, value, &rule));
            }
        }
        Ok(data)
    }

    /// E\[log π\] and E\[log A\].
    fn expected_logs(&self) -> (Vec<f64>, Vec<f64>) {
        (self.initial.expected_log(), self.transitions.iter().flat_map(Shares::expected_log).collect())
    }

    fn expected(&self) -> Vec<Vec<Expected>> {
        self.emission.iter().map(|state| state.iter().map(Emission::expected).collect()).collect()
    }

    /// The chain of log q(z) at an inverse temperature.
    fn chain(&self, inverse_temperature: f64) -> Chain {
        let tempered = |logs: Vec<f64>| logs.into_iter().map(|l| inverse_temperature * l).collect();
        let (initial, transitions) = self.expected_logs();
        Chain::new(tempered(initial), tempered(transitions))
    }

    /// E\[log p(x_t|z_t = k, θ)\] − log h(x_t) of a sequence's rows, `[T, K]`.
    fn emissions(&self, expected: &[Vec<Expected>], sequence: &[f64]) -> Vec<f64> {
        let of_state = |state: &[Expected], row: &[f64]| -> f64 {
            state.iter().zip(row).filter(|(_, x)| !x.is_nan()).map(|(column, &x)| column.at(x)).sum()
        };
        let rows = sequence.chunks(self.columns());
        rows.flat_map(|row| expected.iter().map(move |state| of_state(state, row))).collect()
    }

    /// Σ log h(x).
    fn ln_base(&self, sequence: &[f64]) -> f64 {
        let base = |row: &[f64]| -> f64 {
            let seen = row.iter().zip(&self.emission[0]).filter(|(x, _)| !x.is_nan());
            seen.map(|(&x, emission)| emission.ln_base(x)).sum()
        };
        sequence.chunks(self.columns()).map(base).sum()
    }
}

/// A fit to sequences.
#[derive(Clone, Debug)]
pub struct Fit<'a> {
    data: Sequences<'a>,
    prior: Prior,
    posterior: Posterior,
    expectations: Expectations,
    inverse_temperature: f64,
}

impl<'a> Fit<'a> {
    /// To `x`, row by row, in sequences of `lengths` rows each. The states begin as `start` says, drawn from `key`, and
    /// the parameters at their optimum given these.
    ///
    /// # Errors
    /// Where the prior is none, the sizes disagree, or a value is not one of its column's.
    ///
    /// ```
    /// use elbo::{mean_field::{Ascent, ascend, hidden_markov::{Emission, Fit, Prior, Start}}, random::Key};
    /// let x = [0.1, -0.2, 0.0, 0.1, 5.2, 4.9, 5.0, 5.1, 0.2, -0.1, 0.0, 0.1];
    /// let emission = Emission::Gaussian { mean: 2.0, precision: 0.01, shape: 1.0, rate: 0.1 };
    /// let prior = Prior::exchangeable(2, 1.0, &[emission]);
    /// let mut fit = Fit::new(&x, &[12], prior, Start::Apart, Key::new(1))?;
    /// assert!(ascend(&mut fit, &Ascent::default(), |_, _| {})?.converged);
    /// let path = fit.posterior().most_probable_path(&x)?;
    /// assert!(path[..4] == path[8..] && path[0] != path[4]);
    /// # Ok::<(), elbo::Error>(())
    /// ```
    pub fn new(x: &'a [f64], lengths: &[usize], prior: Prior, start: Start, key: Key) -> Result<Self, Error> {
        let data = prior.sequences(x, Some(lengths))?;
        let states = prior.states();
        let path = start::assign(start, &data, &prior, key.purpose(Purpose::Start));
        let mut expectations = Expectations::none(&prior);
        let mut rest = path.as_slice();
        for sequence in data.iter() {
            let (path, after) = rest.split_at(sequence.len() / prior.columns());
            rest = after;
            path.windows(2).for_each(|pair| expectations.transitions[pair[0] * states + pair[1]] += 1.0);
            let certain: Vec<f64> =
                path.iter().flat_map(|&state| (0..states).map(move |k| f64::from(k == state))).collect();
            expectations.add_rows(sequence, &certain, prior.columns());
            expectations.base += prior.ln_base(sequence);
        }
        let posterior = prior.clone();
        let mut fit = Self { data, prior, posterior, expectations, inverse_temperature: 1.0 };
        (1..fit.factors().len()).try_for_each(|factor| fit.update(factor))?;
        Ok(fit)
    }

    /// The factors of the parameters.
    pub fn posterior(&self) -> &Posterior {
        &self.posterior
    }

    /// The expectations of the states at their optimum.
    fn expect(&self) -> Result<Expectations, Error> {
        let (q, beta) = (&self.posterior, self.inverse_temperature);
        let (chain, expected) = (q.chain(beta), q.expected());
        let add = |sum: &mut Expectations, number: usize, sequence: &[f64]| {
            let mut emissions = q.emissions(&expected, sequence);
            for b in &mut emissions {
                *b *= beta;
            }
            let smoothed = chain.smooth(&emissions);
            possible(smoothed.log_likelihood, number)?;
            sum.transitions.iter_mut().zip(&smoothed.transitions).for_each(|(sum, p)| *sum += p);
            sum.add_rows(sequence, &smoothed.marginals, q.columns());
            sum.base += q.ln_base(sequence);
            sum.negative_entropy += smoothed.negative_entropy;
            Ok(())
        };
        self.data.sum(|| Expectations::none(q), add, Expectations::merge)
    }

    fn kl(&self) -> Result<f64, Error> {
        let (q, p) = (&self.posterior, &self.prior);
        let mut kl = q.initial.kl(&p.initial)?;
        for (q, p) in q.transitions.iter().zip(&p.transitions) {
            kl += q.kl(p)?;
        }
        for (q, p) in q.emission.iter().flatten().zip(p.emission.iter().flatten()) {
            kl += q.kl(p)?;
        }
        Ok(kl)
    }
}

impl MeanField for Fit<'_> {
    fn factors(&self) -> Vec<String> {
        ["q(z)", "q(π)", "q(A)", "q(θ)"].map(Into::into).into()
    }

    fn update(&mut self, factor: usize) -> Result<(), Error> {
        let states = self.prior.states();
        match factor {
            0 => self.expectations = self.expect()?,
            1 => self.posterior.initial = self.prior.initial.updated(&self.expectations.initial),
            2 => {
                let counts = self.expectations.transitions.chunks(states);
                let rows = self.prior.transitions.iter().zip(counts);
                self.posterior.transitions = rows.map(|(row, counts)| row.updated(counts)).collect();
            }
            _ => {
                let prior = self.prior.emission.iter().flatten();
                let factors = self.posterior.emission.iter_mut().flatten();
                for ((q, prior), statistics) in factors.zip(prior).zip(&self.expectations.emission) {
                    *q = prior.updated(statistics)?;
                }
            }
        }
        Ok(())
    }

    fn bound(&self) -> Bound {
        let states = &self.expectations;
        let (initial, transitions) = self.posterior.expected_logs();
        let expected = self.posterior.expected();
        let values = expected.iter().flatten().zip(&states.emission);
        let log_likelihood = states.base + values.map(|(column, of)| column.sum(of)).sum::<f64>();
        let prior = weigh(&states.initial, &initial) + weigh(&states.transitions, &transitions);
        let global = -self.kl().unwrap_or(f64::NAN);
        Bound { log_likelihood, kl: states.negative_entropy - prior, scale: 1.0, global, beta: 1.0 }
    }
}

impl Annealed for Fit<'_> {
    fn temper(&mut self, inverse_temperature: f64) {
        self.inverse_temperature = inverse_temperature;
    }
}

fn possible(log_likelihood: f64, sequence: usize) -> Result<(), Error> {
    if log_likelihood.is_finite() {
        return Ok(());
    }
    let what = format!("the log-likelihood of sequence {}", sequence + 1);
    Err(Error::invalid(&what, log_likelihood, "must be finite: no path of the states can give it"))
}
