//! The categorical distribution from logits: p(x = i) = exp(ℓ_i) / Σ_j exp(ℓ_j).

use crate::{
    Error, check,
    distribution::{Entropy, LogDensity, Sample, Score, stream::Stream},
    random::Key,
    special::ln_sum_exp,
};

/// One of K classes, numbered from 0.
///
/// ```
/// use elbo::distribution::{Categorical, Entropy, LogDensity};
/// let p = Categorical::new(vec![1e4; 4])?;
/// assert!((p.log_density(&3) + 4f64.ln()).abs() < 1e-12 && (p.entropy() - 4f64.ln()).abs() < 1e-12);
/// assert_eq!(p.log_density(&4), f64::NEG_INFINITY);
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Categorical {
    logits: Vec<f64>,
    /// log p of each class.
    log_probabilities: Vec<f64>,
}

impl Categorical {
    /// Makes the distribution from K logits, which matter up to a common constant.
    ///
    /// # Errors
    /// It fails where there is no logit, or one is not finite.
    pub fn new(logits: Vec<f64>) -> Result<Self, Error> {
        check::all_finite("logits", &logits)?;
        // Shifted first: a large common constant must not eat the digits of log Σ exp.
        let greatest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let shifted: Vec<f64> = logits.iter().map(|l| l - greatest).collect();
        let total = ln_sum_exp(&shifted);
        Ok(Self { logits, log_probabilities: shifted.iter().map(|l| l - total).collect() })
    }

    /// The logits ℓ, `[K]`.
    pub fn logits(&self) -> &[f64] {
        &self.logits
    }

    /// The probability of each class, `[K]`; a class beyond the range of exp has 0.
    pub fn probabilities(&self) -> impl Iterator<Item = f64> + '_ {
        self.log_probabilities.iter().map(|l| l.exp())
    }
}

impl LogDensity<usize> for Categorical {
    fn log_density(&self, x: &usize) -> f64 {
        self.log_probabilities.get(*x).copied().unwrap_or(f64::NEG_INFINITY)
    }
}

impl Sample for Categorical {
    type Value = usize;
    fn sample(&self, key: Key, row: u64) -> usize {
        let uniform = Stream::new(key, row).uniform();
        let mut below = 0.0;
        let passed = self.probabilities().take_while(|p| {
            below += p;
            below <= uniform
        });
        // Rounding may leave the probabilities' sum just below the uniform.
        passed.count().min(self.logits.len() - 1)
    }
}

impl Entropy for Categorical {
    fn entropy(&self) -> f64 {
        -self.log_probabilities.iter().map(|l| l.exp() * l).sum::<f64>()
    }
}

impl Score<usize> for Categorical {
    /// ∂/∂ℓ_i = 1{x = i} − p_i.
    fn score(&self, x: &usize) -> Vec<f64> {
        self.probabilities().enumerate().map(|(i, p)| f64::from(i == *x) - p).collect()
    }
}
