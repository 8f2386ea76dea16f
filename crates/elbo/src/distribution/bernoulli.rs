//! The Bernoulli likelihood from logits (E10), and what to do with grey pixels.
//!
//! log p(x|z) = Σ_d x_d log S(ℓ_d) + (1 − x_d) log(1 − S(ℓ_d)), S the logistic function, evaluated as
//! Σ_d (x_d − ½) ℓ_d − ½|ℓ_d| − log(1 + exp(−|ℓ_d|)): no probability is ever rounded, and for x in {0, 1} the
//! first two terms cancel exactly where the logit is right.

use serde::{Deserialize, Serialize};

use crate::{
    Error, check,
    distribution::{Entropy, LogDensity, Moments, Row, Sample, Score, stream::Stream},
    random::Key,
    special::{logistic, softplus},
};

/// log p(x|z) of each row, in nats (E10).
///
/// `x` and `logits` are numbers, or `[R, D]` with a result `[R]`. A log density for x in {0, 1}; finite for any
/// finite logit.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use elbo::distribution::bernoulli::log_likelihood;
/// let device = Device::flex();
/// let x = Tensor::from_data([[1.0, 0.0]], &device);
/// let logits = Tensor::from_data([[0.0, 1e4]], &device);
/// let nats: f32 = log_likelihood(x, logits).into_scalar();
/// assert_eq!(nats, -(2.0f32.ln()) - 1e4);
/// ```
pub fn log_likelihood<R: Row>(x: R, logits: R) -> R::Sum {
    let magnitude = logits.clone().abs();
    let linear = x.shift(-0.5) * logits - magnitude.clone().scale(0.5);
    (linear - (-magnitude).exp().ln_1p()).sum()
}

/// log C(λ) of the continuous Bernoulli (Loaiza-Ganem, Cunningham 2019) with the given logit of λ, in nats: what
/// E10 lacks to be a log density of grey x in [0, 1]. C = ℓ / tanh(ℓ/2), at least 2.
///
/// ```
/// use elbo::distribution::bernoulli::continuous_log_normaliser;
/// assert_eq!(continuous_log_normaliser(0.0), 2f64.ln());
/// assert!((continuous_log_normaliser(1e4) - 1e4f64.ln()).abs() < 1e-15);
/// ```
pub fn continuous_log_normaliser(logit: f64) -> f64 {
    // Below 1e-8 the next term of 2 (1 + ℓ²/12) is beyond the last place, and 0/0 is avoided.
    if logit.abs() < 1e-8 { 2f64.ln() } else { (logit / (0.5 * logit).tanh()).ln() }
}

/// A Bernoulli variable with success probability S(ℓ) of the logit ℓ.
///
/// ```
/// use elbo::distribution::{Bernoulli, LogDensity};
/// let p = Bernoulli::new(1e4)?;
/// assert_eq!(p.log_density(&true), 0.0);
/// assert_eq!(p.log_density(&false), -1e4);
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bernoulli {
    logit: f64,
}

impl Bernoulli {
    /// Makes the distribution from the logit log(p/(1 − p)).
    ///
    /// # Errors
    /// It fails where `logit` is not finite.
    pub fn new(logit: f64) -> Result<Self, Error> {
        Ok(Self { logit: check::finite("logit", logit)? })
    }

    /// The logit ℓ.
    pub fn logit(&self) -> f64 {
        self.logit
    }

    /// P(x = 1) = S(ℓ).
    pub fn probability(&self) -> f64 {
        logistic(self.logit)
    }
}

impl LogDensity<bool> for Bernoulli {
    fn log_density(&self, x: &bool) -> f64 {
        log_likelihood(f64::from(*x), self.logit)
    }
}

impl Sample for Bernoulli {
    type Value = bool;
    fn sample(&self, key: Key, row: u64) -> bool {
        Stream::new(key, row).uniform() < self.probability()
    }
}

impl Moments for Bernoulli {
    type Value = f64;
    fn mean(&self) -> Option<f64> {
        Some(self.probability())
    }
    fn variance(&self) -> Option<f64> {
        Some(self.probability() * logistic(-self.logit))
    }
}

impl Entropy for Bernoulli {
    /// p log(1 + e^−ℓ) + (1 − p) log(1 + e^ℓ).
    fn entropy(&self) -> f64 {
        self.probability() * softplus(-self.logit) + logistic(-self.logit) * softplus(self.logit)
    }
}

impl Score<bool> for Bernoulli {
    /// ∂/∂ℓ = x − p.
    fn score(&self, x: &bool) -> Vec<f64> {
        vec![if *x { logistic(-self.logit) } else { -self.probability() }]
    }
}

/// What happens to grey values in [0, 1] before a Bernoulli likelihood sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Binarise {
    /// Each value g is drawn anew at each epoch, x ~ Bernoulli(g) (Burda et al. 2015). The ELBO reported
    /// is the expectation, over these draws, of a bound on log p(x) of binary data.
    Dynamic,
    /// A value becomes 1 where g > ½, else 0. The ELBO is a bound on log p(x) of this one binary data set.
    Threshold,
    /// A value stays as it is. Where g is 0 or 1 this changes nothing; where g is grey, E10 is *not* the logarithm of a
    /// density of g (its normalising constant is missing), so the value is not a bound on any log p(x).
    None,
}

impl Binarise {
    /// Binarises one row of values in [0, 1] in place; `key` names the epoch, `row` the data row.
    pub fn apply(self, key: Key, row: u64, values: &mut [f32]) {
        match self {
            Self::Dynamic => key.bernoulli(row, values),
            Self::Threshold => {
                for x in values {
                    *x = f32::from(*x > 0.5);
                }
            }
            Self::None => {}
        }
    }

    /// Says in a sentence what the reported ELBO is then a bound of.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Dynamic => {
                "grey values are drawn to 0/1 anew at each epoch: the ELBO is the mean, over the draws, \
                 of a bound on log p(x) of binary data"
            }
            Self::Threshold => {
                "grey values are cut at 1/2: the ELBO is a bound on log p(x) of the cut, binary data"
            }
            Self::None => {
                "grey values are used as they are: where they are neither 0 nor 1 the Bernoulli formula \
                 is not a log density, so this ELBO bounds no log p(x)"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, Tensor, TensorData};

    #[test]
    fn agrees_with_the_definition_where_that_is_accurate() {
        let logits = [-30.0, -2.0, -0.1, 0.0, 0.3, 5.0, 30.0];
        for x in [0.0, 1.0] {
            for l in logits {
                let tensor = |v: f64| {
                    Tensor::<2>::from_data(TensorData::new(vec![v], [1, 1]), (&Device::flex(), DType::F64))
                };
                let got: f64 = log_likelihood(tensor(x), tensor(l)).into_scalar();
                // log S(ℓ) and log(1 − S(ℓ)) = log S(−ℓ), each as −log1p(exp(·)).
                let expected = if x == 1.0 { -(-l).exp().ln_1p() } else { -l.exp().ln_1p() };
                assert!((got - expected).abs() <= 1e-12 * expected.abs(), "{x} {l}: {got}");
            }
        }
    }

    /// Grey 0.3 over 100,000 pixels: a z-test with false-alarm rate 6e-5; the ends never flip.
    #[test]
    fn dynamic_draws_have_the_grey_value_as_their_mean() {
        let mut x = vec![0.3; 100_000];
        Binarise::Dynamic.apply(Key::new(4), 17, &mut x);
        let mean = x.iter().sum::<f32>() / 1e5;
        let z = (f64::from(mean) - 0.3) / (0.3_f64 * 0.7 / 1e5).sqrt();
        assert!(z.abs() < 4.0, "z = {z}");
        let mut ends = [0.0, 1.0].repeat(5000);
        Binarise::Dynamic.apply(Key::new(4), 17, &mut ends);
        assert_eq!(ends, [0.0, 1.0].repeat(5000));
    }

    #[test]
    fn threshold_cuts_at_one_half_and_none_leaves_grey() {
        let mut x = [0.0, 0.5, 0.51, 1.0];
        Binarise::None.apply(Key::new(0), 0, &mut x);
        assert_eq!(x, [0.0, 0.5, 0.51, 1.0]);
        Binarise::Threshold.apply(Key::new(0), 0, &mut x);
        assert_eq!(x, [0.0, 0.0, 1.0, 1.0]);
    }
}
