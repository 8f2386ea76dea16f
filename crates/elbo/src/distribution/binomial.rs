//! The binomial distribution from a logit: p(x) = C(n, x) pˣ (1 − p)ⁿ⁻ˣ, p = S(ℓ).

use crate::{
    Error,
    distribution::{
        Bernoulli, LogDensity, Moments, Sample, Score, deviance::ln_binomial,
        standard_gamma::ln_standard_gamma, stream::Stream,
    },
    random::Key,
    special::{ln_logistic, ln_ratio},
};

/// Successes in n independent trials, each with logit ℓ.
///
/// ```
/// use elbo::distribution::{Binomial, LogDensity};
/// let p = Binomial::new(2, 0.0)?; // two fair coins
/// assert!((p.log_density(&1) - 0.5f64.ln()).abs() < 1e-15);
/// assert_eq!(p.log_density(&3), f64::NEG_INFINITY);
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Binomial {
    trials: u64,
    success: Bernoulli,
}

impl Binomial {
    /// Makes the distribution from n and the logit log(p/(1 − p)).
    ///
    /// # Errors
    /// It fails where `logit` is not finite.
    pub fn new(trials: u64, logit: f64) -> Result<Self, Error> {
        Ok(Self { trials, success: Bernoulli::new(logit)? })
    }

    /// The number of trials, n.
    pub fn trials(&self) -> u64 {
        self.trials
    }

    /// The distribution of one trial.
    pub fn success(&self) -> &Bernoulli {
        &self.success
    }
}

impl LogDensity<u64> for Binomial {
    fn log_density(&self, x: &u64) -> f64 {
        let Some(failures) = self.trials.checked_sub(*x) else { return f64::NEG_INFINITY };
        let (k, m, n) = (*x as f64, failures as f64, self.trials as f64);
        let (ln_p, ln_q) = (ln_logistic(self.success.logit()), ln_logistic(-self.success.logit()));
        match (*x, failures) {
            (0, _) => m * ln_q,
            (_, 0) => k * ln_p,
            _ => ln_binomial(k, m, ln_p - ln_ratio(k, n), ln_q - ln_ratio(m, n)),
        }
    }
}

impl Sample for Binomial {
    type Value = u64;
    fn sample(&self, key: Key, row: u64) -> u64 {
        draw_binomial(self.trials, self.success.probability(), &mut Stream::new(key, row))
    }
}

impl Moments for Binomial {
    type Value = f64;
    fn mean(&self) -> Option<f64> {
        self.success.mean().map(|mean| self.trials as f64 * mean)
    }
    fn variance(&self) -> Option<f64> {
        self.success.variance().map(|variance| self.trials as f64 * variance)
    }
}

impl Score<u64> for Binomial {
    /// ∂/∂ℓ = x − np.
    fn score(&self, x: &u64) -> Vec<f64> {
        vec![*x as f64 - self.trials as f64 * self.success.probability()]
    }
}

/// Ahrens and Dieter 1974: the median of the n uniforms, a beta variable, halves the problem until n is small;
/// then trial by trial.
pub(super) fn draw_binomial(mut n: u64, mut p: f64, stream: &mut Stream) -> u64 {
    let mut count = 0;
    while n > 16 {
        let rank = n.div_ceil(2);
        let (below, above) =
            (ln_standard_gamma(rank as f64, stream), ln_standard_gamma((n + 1 - rank) as f64, stream));
        let median = 1.0 / (1.0 + libm::exp(above - below));
        if median <= p {
            count += rank;
            n -= rank;
            p = (p - median) / (1.0 - median);
        } else {
            n = rank - 1;
            p /= median;
        }
    }
    count + (0..n).filter(|_| stream.uniform() < p).count() as u64
}
