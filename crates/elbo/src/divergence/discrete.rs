//! KL within the discrete families: each a sum of p R(log(q/p)) over outcomes.

use super::{KullbackLeibler, same_dimension};
use crate::{
    Error,
    distribution::{Bernoulli, Binomial, Categorical, LogDensity, Poisson},
    special::{ln_logistic, ln_ratio, logistic, relative_entropy_term},
};

impl KullbackLeibler for Bernoulli {
    fn kl(&self, p: &Self) -> Result<f64, Error> {
        let (q, p) = (self.logit(), p.logit());
        Ok(outcome(q, p) + outcome(-q, -p))
    }
}

/// The term of the outcome with probability S(ℓ), from the logits of q and p.
fn outcome(q: f64, p: f64) -> f64 {
    let step = p - q;
    // log S(p)/S(q) = −log(1 + (1 − S(q)) (e^(q−p) − 1)): no difference of logarithms where they are near.
    let ln_ratio = if step.abs() < 1.0 {
        -(logistic(-q) * (-step).exp_m1()).ln_1p()
    } else {
        ln_logistic(p) - ln_logistic(q)
    };
    relative_entropy_term(logistic(q), logistic(p), ln_ratio)
}

impl KullbackLeibler for Categorical {
    fn kl(&self, p: &Self) -> Result<f64, Error> {
        same_dimension(self.logits().len(), p.logits().len())?;
        let steps: Vec<f64> = p.logits().iter().zip(self.logits()).map(|(p, q)| p - q).collect();
        // The logits' common constant is taken from the likeliest class of q.
        let likeliest = (0..steps.len()).max_by(|&i, &j| self.logits()[i].total_cmp(&self.logits()[j]));
        let constant = steps[likeliest.unwrap_or(0)];
        let near = steps.iter().all(|step| (step - constant).abs() < 1.0);
        // log Σ_i q_i e^step: exact near 0 where all steps are.
        let ln_total = if near {
            self.probabilities()
                .zip(&steps)
                .map(|(q, step)| q * (step - constant).exp_m1())
                .sum::<f64>()
                .ln_1p()
        } else {
            0.0
        };
        let term = |(i, (q, p_i)): (usize, (f64, f64))| {
            let ln_ratio =
                if near { steps[i] - constant - ln_total } else { p.log_density(&i) - self.log_density(&i) };
            relative_entropy_term(q, p_i, ln_ratio)
        };
        Ok(self.probabilities().zip(p.probabilities()).enumerate().map(term).sum())
    }
}

impl KullbackLeibler for Binomial {
    /// n times that of one trial. With fewer trials in p it is infinite; with more it has no closed form, which is
    /// an error.
    fn kl(&self, p: &Self) -> Result<f64, Error> {
        match self.trials().cmp(&p.trials()) {
            std::cmp::Ordering::Greater => Ok(f64::INFINITY),
            std::cmp::Ordering::Equal if self.trials() == 0 => Ok(0.0),
            std::cmp::Ordering::Equal => Ok(self.trials() as f64 * self.success().kl(p.success())?),
            std::cmp::Ordering::Less => Err(Error::Unequal {
                what: "the number of trials".into(),
                number: self.trials() as usize,
                expected: p.trials() as usize,
                of: "that of p, for a closed form".into(),
            }),
        }
    }
}

impl KullbackLeibler for Poisson {
    /// λ_q R(log(λ_p/λ_q)).
    fn kl(&self, p: &Self) -> Result<f64, Error> {
        Ok(relative_entropy_term(self.rate(), p.rate(), ln_ratio(p.rate(), self.rate())))
    }
}
