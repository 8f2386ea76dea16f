//! What the factors of the parameters say of a sequence, old or new.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::{
    Emission, Parameters, Shares,
    emission::Expected,
    forward_backward::{Chain, Smoothed},
};
use crate::{
    Error,
    conjugate::ClassExpectations,
    mean_field::{cells::wrong_cell, rosenblatt, sequences::Sequences},
    random::{Key, Purpose},
    special::ln_sum_exp,
};

/// The factors of the parameters, which are distributions: sizes agree, and every parameter is in its range. Known
/// parameters are such factors too, of which bounds are exact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parameters", into = "Parameters")]
pub struct Posterior(pub(super) Parameters);

impl TryFrom<Parameters> for Posterior {
    type Error = Error;

    /// # Errors
    /// It fails where sizes disagree, or a parameter is out of its range.
    fn try_from(parameters: Parameters) -> Result<Self, Error> {
        parameters.check()?;
        Ok(Self(parameters))
    }
}

impl From<Posterior> for Parameters {
    fn from(posterior: Posterior) -> Self {
        posterior.0
    }
}

impl Deref for Posterior {
    type Target = Parameters;

    fn deref(&self) -> &Parameters {
        &self.0
    }
}

impl Posterior {
    /// The data, whose values the emissions must take.
    pub(super) fn sequences<'a>(
        &self,
        x: &'a [f64],
        lengths: Option<&[usize]>,
    ) -> Result<Sequences<'a>, Error> {
        let columns = self.columns();
        let data = match lengths {
            Some(lengths) => Sequences::new(x, columns, lengths)?,
            None => Sequences::one(x, columns)?,
        };
        for (cell, &value) in x.iter().enumerate() {
            let domain = self.emission[0][cell % columns].refuses(value);
            if let Some(domain) = domain.filter(|_| !value.is_nan()) {
                return Err(wrong_cell(cell, columns, value, domain));
            }
        }
        Ok(data)
    }

    /// E\[log π\], then E\[log A\] of each state that is left.
    pub(super) fn expected_logs(&self) -> Result<Vec<ClassExpectations>, Error> {
        std::iter::once(&self.initial).chain(&self.transitions).map(Shares::expectations).collect()
    }

    pub(super) fn expected(&self) -> Result<Vec<Vec<Expected>>, Error> {
        self.emission.iter().map(|state| state.iter().map(Emission::expected).collect()).collect()
    }

    /// The chain of log q(z) at an inverse temperature.
    pub(super) fn chain(&self, inverse_temperature: f64) -> Result<Chain, Error> {
        let tempered = |of: &[ClassExpectations]| {
            of.iter().flat_map(|of| &of.0).map(|l| inverse_temperature * l).collect::<Vec<f64>>()
        };
        let logs = self.expected_logs()?;
        Ok(Chain::new(tempered(&logs[..1]), tempered(&logs[1..])))
    }

    /// E\[log p(x_t|z_t = k, θ)\] − log h(x_t) of a sequence's rows, `[T, K]`.
    pub(super) fn emissions(&self, expected: &[Vec<Expected>], sequence: &[f64]) -> Vec<f64> {
        let of_state = |state: &[Expected], row: &[f64]| -> f64 {
            state.iter().zip(row).filter(|(_, x)| !x.is_nan()).map(|(column, &x)| column.at(x)).sum()
        };
        let rows = sequence.chunks(self.columns());
        rows.flat_map(|row| expected.iter().map(move |state| of_state(state, row))).collect()
    }

    /// Σ log h(x).
    pub(super) fn ln_base(&self, sequence: &[f64]) -> f64 {
        let base = |row: &[f64]| -> f64 {
            let seen = row.iter().zip(&self.emission[0]).filter(|(x, _)| !x.is_nan());
            seen.map(|(&x, emission)| emission.ln_base(x)).sum()
        };
        sequence.chunks(self.columns()).map(base).sum()
    }

    /// q(z) of a sequence of rows: q(z_t = k), `[T, K]`.
    ///
    /// # Errors
    /// It fails where a value is not one of its column's, or no path can give the sequence.
    pub fn smoothed(&self, x: &[f64]) -> Result<Vec<f64>, Error> {
        Ok(self.smooth(x)?.marginals)
    }

    /// max over q(z) of E\[log p(x, z|θ) − log q(z)\], in nats: a lower bound on log p(x) of a new sequence as far as these
    /// factors are the posterior; log p(x) itself where all parameters are known.
    ///
    /// # Errors
    /// It fails as [`Self::smoothed`] does.
    ///
    /// ```
    /// use elbo::mean_field::hidden_markov::{Emission, Parameters, Posterior, Shares};
    /// let heads = |p| vec![Emission::Categorical(Shares::Known(vec![1.0 - p, p]))];
    /// let coins = Posterior::try_from(Parameters {
    ///     initial: Shares::Known(vec![0.5, 0.5]),
    ///     transitions: vec![Shares::Known(vec![0.5, 0.5]); 2],
    ///     emission: vec![heads(0.2), heads(0.6)],
    /// })?;
    /// // Each toss is heads with probability 0.4; one was not seen.
    /// let bound = coins.log_likelihood_bound(&[1.0, f64::NAN, 0.0])?;
    /// assert!((bound - (0.4f64 * 0.6).ln()).abs() < 1e-15);
    /// # Ok::<(), elbo::Error>(())
    /// ```
    pub fn log_likelihood_bound(&self, x: &[f64]) -> Result<f64, Error> {
        Ok(self.smooth(x)?.log_likelihood + self.ln_base(x))
    }

    /// The most probable path of the states under the expected log parameters, of which ties take the first (Viterbi).
    ///
    /// # Errors
    /// It fails as [`Self::smoothed`] does.
    pub fn most_probable_path(&self, x: &[f64]) -> Result<Vec<usize>, Error> {
        self.smooth(x)?;
        Ok(self.chain(1.0)?.most_probable_path(&self.emissions(&self.expected()?, x)))
    }

    /// The probabilities of the state after a sequence, `[K]`: q(z_T) moved by E\[A\].
    ///
    /// # Errors
    /// It fails as [`Self::smoothed`] does.
    pub fn next_state(&self, x: &[f64]) -> Result<Vec<f64>, Error> {
        let marginals = self.smoothed(x)?;
        Ok(self.after(&marginals[marginals.len() - self.states()..]))
    }

    /// The probabilities p E\[A\], `[K]`, of the state that follows a state with the probabilities p, `[K]`.
    pub fn after(&self, p: &[f64]) -> Vec<f64> {
        let mut next = vec![0.0; self.states()];
        for (p, row) in p.iter().zip(&self.transitions) {
            next.iter_mut().zip(row.mean()).for_each(|(next, a)| *next += p * a);
        }
        next
    }

    /// The mean of the row after a sequence: a number for each column or, for classes, the probability of each.
    ///
    /// # Errors
    /// It fails as [`Self::smoothed`] does.
    pub fn next_mean(&self, x: &[f64]) -> Result<Vec<Vec<f64>>, Error> {
        let next = self.next_state(x)?;
        let mut means: Vec<Vec<f64>> = self.emission[0].iter().map(|e| vec![0.0; e.mean().len()]).collect();
        for (p, state) in next.iter().zip(&self.emission) {
            for (sum, emission) in means.iter_mut().zip(state) {
                sum.iter_mut().zip(emission.mean()).for_each(|(sum, mean)| *sum += p * mean);
            }
        }
        Ok(means)
    }

    /// log p(next|x) of the row after a sequence, in nats, parameters integrated out under their factors: a mixture of
    /// Student's t, negative binomials or class probabilities.
    ///
    /// # Errors
    /// It fails as [`Self::smoothed`] does, of either.
    pub fn next_log_density(&self, x: &[f64], next: &[f64]) -> Result<f64, Error> {
        self.sequences(next, Some(&[1]))?;
        let mut of_states = Vec::with_capacity(self.states());
        for (p, state) in self.next_state(x)?.iter().zip(&self.emission) {
            let mut sum = libm::log(*p);
            for (emission, &x) in state.iter().zip(next).filter(|(_, x)| !x.is_nan()) {
                sum += emission.log_predictive(x)?;
            }
            of_states.push(sum);
        }
        Ok(ln_sum_exp(&of_states))
    }

    /// The probability integral transforms of a sequence `[T, D]`, each row given those before it, under the means of the
    /// parameters: uniform and independent where the model is right (pseudo-residuals: Zucchini, MacDonald and Langrock
    /// 2016).
    ///
    /// # Errors
    /// As [`Self::smoothed`].
    pub fn transforms(&self, x: &[f64], key: Key) -> Result<Vec<f64>, Error> {
        self.sequences(x, None)?;
        let columns = self.columns();
        let transitions: Vec<Vec<f64>> = self.transitions.iter().map(Shares::mean).collect();
        let mut weights: Vec<f64> = self.initial.mean().iter().map(|&p| libm::log(p)).collect();
        let mut out = Vec::with_capacity(x.len());
        for (t, row) in x.chunks_exact(columns).enumerate() {
            let cell = |k: usize, d: usize| self.emission[k][d].cell(row[d]);
            let uniforms = rosenblatt::uniforms(key, t, columns);
            rosenblatt::transform(row, &mut weights, &uniforms, cell, &mut out);
            let total = ln_sum_exp(&weights);
            let mut next = vec![0.0; weights.len()];
            for (weight, row) in weights.iter().zip(&transitions) {
                let p = libm::exp(weight - total);
                next.iter_mut().zip(row).for_each(|(next, a)| *next += p * a);
            }
            weights = next.into_iter().map(libm::log).collect();
        }
        Ok(out)
    }

    /// Draws all parameters, and gives them as known ones.
    ///
    /// # Errors
    /// It fails where a draw is beyond the range of numbers.
    pub fn draw(&self, key: Key) -> Result<Self, Error> {
        let (key, states) = (key.purpose(Purpose::Sample), self.states());
        let rows = self.transitions.iter().enumerate();
        let of_state = |(state, columns): (usize, &Vec<Emission>)| {
            let columns = columns.iter().enumerate();
            columns
                .map(|(column, emission)| emission.draw(key.fold(1 + state as u64), column as u64))
                .collect()
        };
        Self::try_from(Parameters {
            initial: self.initial.draw(key.fold(0), states as u64)?,
            transitions: rows.map(|(row, a)| a.draw(key.fold(0), row as u64)).collect::<Result<_, _>>()?,
            emission: self.emission.iter().enumerate().map(of_state).collect::<Result<_, _>>()?,
        })
    }

    /// Draws all parameters once, and a sequence by them: its states, `[T]`, and its rows, `[T, D]`.
    ///
    /// # Errors
    /// It fails as [`Self::draw`] does.
    pub fn sample(&self, steps: usize, key: Key) -> Result<(Vec<usize>, Vec<f64>), Error> {
        let known = self.draw(key)?;
        let (of_states, of_rows) = (key.fold(0), key.fold(1));
        let (mut states, mut rows) = (Vec::with_capacity(steps), Vec::new());
        for step in 0..steps {
            let from = states.last().map_or(&known.initial, |&state: &usize| &known.transitions[state]);
            let state = of_states.choose(step as u64, &from.mean());
            for (column, emission) in known.emission[state].iter().enumerate() {
                rows.push(emission.sample(of_rows.fold(column as u64), step as u64)?);
            }
            states.push(state);
        }
        Ok((states, rows))
    }

    fn smooth(&self, x: &[f64]) -> Result<Smoothed, Error> {
        self.sequences(x, None)?;
        let smoothed = self.chain(1.0)?.smooth(&self.emissions(&self.expected()?, x));
        possible(smoothed.log_likelihood, 0)?;
        Ok(smoothed)
    }
}

/// Whether a sequence can be.
pub(super) fn possible(log_likelihood: f64, sequence: usize) -> Result<(), Error> {
    if log_likelihood.is_finite() {
        return Ok(());
    }
    let what = format!("the log-likelihood of sequence {}", sequence + 1);
    Err(Error::Impossible { what, log_likelihood })
}
