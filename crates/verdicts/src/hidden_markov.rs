//! A hidden Markov model, fitted to sequences of one, and to others.

use elbo::{special::ln_sum_exp, terms::Mean};
use elbo_fit::models::{
    FitContext,
    hidden_markov::{HiddenMarkov, Request},
};

use crate::{
    Draw, Error, Generator, Judged, Rows,
    density::{ln_normal, ln_student},
    fit_rows,
};

/// New sequences that a fit is judged by, and their length.
const NEW: usize = 10;
const LENGTH: usize = 300;

/// Emissions about means with so much between them, of states that stay with this probability.
#[derive(Clone, Copy)]
struct Truth {
    states: usize,
    apart: f64,
    stays: f64,
    emission: Emission,
}

#[derive(Clone, Copy, PartialEq)]
enum Emission {
    Gaussian,
    /// Student's t of 3.
    Heavy,
    Poisson,
    /// What is left of the row before besides.
    Chained,
}

impl Truth {
    fn mean(&self, state: usize) -> f64 {
        if self.emission == Emission::Poisson {
            1.0 + self.apart * state as f64
        } else {
            self.apart * state as f64
        }
    }

    fn share(&self, from: usize, to: usize) -> f64 {
        match self.states {
            1 => 1.0,
            _ if from == to => self.stays,
            n => (1.0 - self.stays) / (n - 1) as f64,
        }
    }

    fn draw(&self, random: &mut Draw, length: usize) -> Vec<f64> {
        let (mut state, mut left) = (random.choose(&vec![1.0; self.states]), 0.0);
        let row = |_| {
            let mean = self.mean(state);
            let x = match self.emission {
                Emission::Gaussian => mean + random.normal(),
                Emission::Heavy => mean + random.student(3),
                Emission::Poisson => random.poisson(mean),
                Emission::Chained => {
                    left = 0.7 * left + 0.714 * random.normal();
                    mean + left
                }
            };
            state = random.choose(&(0..self.states).map(|to| self.share(state, to)).collect::<Vec<f64>>());
            x
        };
        (0..length).map(row).collect()
    }

    /// log p(x) of a sequence, exact.
    fn ln(&self, x: &[f64]) -> f64 {
        let mut forward = vec![-(self.states as f64).ln(); self.states];
        let mut total = 0.0;
        for (t, &x_t) in x.iter().enumerate() {
            for (state, ln) in forward.iter_mut().enumerate() {
                let mean = self.mean(state);
                *ln += match self.emission {
                    Emission::Gaussian => ln_normal(x_t - mean),
                    Emission::Heavy => ln_student(3, x_t - mean),
                    Emission::Poisson => x_t * mean.ln() - mean - elbo::special::ln_gamma(x_t + 1.0),
                    // Of one state alone.
                    Emission::Chained => {
                        let before = if t == 0 { 0.0 } else { x[t - 1] - mean };
                        let sd = if t == 0 { 1.0 } else { 0.714 };
                        ln_normal((x_t - mean - 0.7 * before) / sd) - f64::ln(sd)
                    }
                };
            }
            let here = ln_sum_exp(&forward);
            total += here;
            let p: Vec<f64> = forward.iter().map(|ln| (ln - here).exp()).collect();
            let next =
                |to: usize| p.iter().enumerate().map(|(from, p)| p * self.share(from, to)).sum::<f64>().ln();
            forward = (0..self.states).map(next).collect();
        }
        total
    }
}

fn judge(truth: Truth, rows: usize, states: usize, seed: u64) -> Result<Judged, Error> {
    let mut random = Draw::new(seed, 5);
    let data = Rows { width: 1, values: truth.draw(&mut random, rows) };
    let request = Request { states, ..Request::default() };
    let fitted = fit_rows::<HiddenMarkov>(&data, &request, &FitContext { seed, ..FitContext::default() })?;
    let mut lost = Vec::new();
    for _ in 0..NEW {
        let values = truth.draw(&mut random, LENGTH);
        let exact = truth.ln(&values);
        let bound: f64 = fitted.log_density(&Rows { width: 1, values })?.iter().sum();
        lost.push((exact - bound) / LENGTH as f64);
    }
    Ok(Judged { lost: Some(Mean::of(&lost)), ..Judged::new(fitted.results.verdict.clone()) })
}

pub(crate) fn generators() -> Vec<Generator> {
    use Emission::{Chained, Gaussian, Heavy, Poisson};
    let of = |(name, states, apart, emission, rows, fitted): (&str, usize, f64, Emission, usize, usize)| {
        let truth = Truth { states, apart, stays: 0.9, emission };
        Generator::new("hmm", format!("{name}, {rows} rows, {fitted} states"), move |seed| {
            judge(truth, rows, fitted, seed)
        })
    };
    [
        ("two states", 2, 5.0, Gaussian, 400, 2),
        ("two states", 2, 4.0, Gaussian, 600, 2),
        ("two states", 2, 3.0, Gaussian, 800, 2),
        ("two states", 2, 4.0, Gaussian, 500, 3),
        ("three states", 3, 4.0, Gaussian, 800, 3),
        ("three states", 3, 5.0, Gaussian, 1000, 3),
        ("two states of counts", 2, 8.0, Poisson, 500, 2),
        ("two states of counts", 2, 6.0, Poisson, 800, 2),
        ("too few states", 2, 5.0, Gaussian, 300, 1),
        ("too few states", 2, 4.0, Gaussian, 400, 1),
        ("too few states", 3, 5.0, Gaussian, 400, 2),
        ("too few states", 4, 4.0, Gaussian, 500, 2),
        ("too few states of counts", 2, 8.0, Poisson, 300, 1),
        ("too few states of counts", 2, 6.0, Poisson, 400, 1),
        ("Student's t of 3", 1, 0.0, Heavy, 300, 1),
        ("Student's t of 3", 2, 8.0, Heavy, 400, 2),
        ("a chain", 1, 0.0, Chained, 300, 1),
        ("a chain", 1, 0.0, Chained, 400, 1),
        ("few rows", 2, 3.0, Gaussian, 25, 2),
        ("few rows", 3, 3.0, Gaussian, 50, 4),
    ]
    .map(of)
    .into()
}
