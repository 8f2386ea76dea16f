//! The fit of a hidden Markov model: forward and backward, then each parameter at its optimum.

use std::mem::discriminant;

use super::{Emission, Parameters, Posterior, Start, expectations::Expectations, posterior::possible, start};
use crate::{
    Error,
    conjugate::Expectations as _,
    mean_field::{Annealed, MeanField, Resumable, sequences::Sequences},
    random::{Key, Purpose},
    terms::Bound,
};

/// A fit to sequences.
#[derive(Clone, Debug)]
pub struct Fit<'a> {
    data: Sequences<'a>,
    prior: Parameters,
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
    pub fn new(
        x: &'a [f64],
        lengths: &[usize],
        prior: Parameters,
        start: Start,
        key: Key,
    ) -> Result<Self, Error> {
        let posterior = Posterior::try_from(prior.clone())?;
        let data = posterior.sequences(x, Some(lengths))?;
        let states = prior.states();
        let path = start::assign(start, &data, &prior, key.purpose(Purpose::Start));
        let mut expectations = Expectations::none(&prior);
        let mut rest = path.as_slice();
        for sequence in data.iter() {
            let (path, after) = rest.split_at(sequence.len() / prior.columns());
            rest = after;
            path.windows(2).for_each(|pair| expectations.transitions[pair[0]].0[pair[1]] += 1.0);
            let certain: Vec<f64> =
                path.iter().flat_map(|&state| (0..states).map(move |k| f64::from(k == state))).collect();
            expectations.add_rows(sequence, &certain, prior.columns());
            expectations.base += posterior.ln_base(sequence);
        }
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
        let (chain, expected) = (q.chain(beta)?, q.expected()?);
        let add = |sum: &mut Expectations, number: usize, sequence: &[f64]| {
            let mut emissions = q.emissions(&expected, sequence);
            for b in &mut emissions {
                *b *= beta;
            }
            let smoothed = chain.smooth(&emissions);
            possible(smoothed.log_likelihood, number)?;
            sum.add_transitions(&smoothed.transitions);
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
        let q = &mut self.posterior.0;
        match factor {
            0 => self.expectations = self.expect()?,
            1 => q.initial = self.prior.initial.updated(&self.expectations.initial)?,
            2 => {
                let rows = self.prior.transitions.iter().zip(&self.expectations.transitions);
                q.transitions = rows.map(|(row, counts)| row.updated(counts)).collect::<Result<_, _>>()?;
            }
            _ => {
                let prior = self.prior.emission.iter().flatten();
                let factors = q.emission.iter_mut().flatten();
                for ((q, prior), statistics) in factors.zip(prior).zip(&self.expectations.emission) {
                    *q = prior.updated(statistics)?;
                }
            }
        }
        Ok(())
    }

    fn bound(&self) -> Bound {
        let terms = || -> Result<[f64; 3], Error> {
            let (states, logs) = (&self.expectations, self.posterior.expected_logs()?);
            let values = self.posterior.expected()?;
            let values = values.iter().flatten().zip(&states.emission);
            let log_likelihood = states.base + values.map(|(column, of)| column.sum(of)).sum::<f64>();
            let shares = std::iter::once(&states.initial).chain(&states.transitions);
            let prior: f64 = shares.zip(&logs).map(|(counts, logs)| logs.log_likelihood(counts)).sum();
            Ok([log_likelihood, states.negative_entropy - prior, -self.kl()?])
        };
        let [log_likelihood, kl, global] = terms().unwrap_or([f64::NAN; 3]);
        Bound { log_likelihood, kl, scale: 1.0, global, beta: 1.0 }
    }
}

impl Annealed for Fit<'_> {
    fn temper(&mut self, inverse_temperature: f64) {
        self.inverse_temperature = inverse_temperature;
    }
}

impl Resumable for Fit<'_> {
    /// q(z) is made anew at the beginning of a sweep.
    type State = Posterior;

    fn state(&self) -> Posterior {
        self.posterior.clone()
    }

    fn restore(&mut self, state: Posterior) -> Result<(), Error> {
        let sizes = |q: &Posterior| [q.states(), q.columns()];
        Error::check_shape("the state of the model", &sizes(&self.posterior), &sizes(&state))?;
        let classes = |emission: &Emission| {
            if let Emission::Categorical(shares) = emission { shares.outcomes() } else { 0 }
        };
        let pairs = self.posterior.emission.iter().flatten().zip(state.emission.iter().flatten());
        for (own, other) in pairs {
            let kind = |of: &Emission| usize::from(discriminant(of) == discriminant(own));
            let (expected, got) = ([classes(own), kind(own)], [classes(other), kind(other)]);
            Error::check_shape("the classes of an emission of the same kind", &expected, &got)?;
        }
        self.posterior = state;
        Ok(())
    }
}
