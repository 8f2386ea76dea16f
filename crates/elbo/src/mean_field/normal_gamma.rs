//! A Gaussian sample of unknown mean and precision, q(μ) q(τ): the smallest model that mean field does not solve at once.
//!
//! x_n ~ N(μ, 1/τ), τ ~ Gamma(a₀, b₀), and μ ~ N(m₀, 1/λ₀) by itself or, as in the conjugate Normal-Gamma prior,
//! μ|τ ~ N(m₀, 1/(λ₀ τ)) (Bishop 2006, section 10.1.3).

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::MeanField;
use crate::{
    Error,
    distribution::{Gamma, Gaussian, LogDensity, Sample, StudentT},
    divergence::KullbackLeibler,
    random::{Key, Purpose},
    special::digamma,
    terms::Bound,
};

/// The prior of μ and τ.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// m₀.
    pub mean: f64,
    /// λ₀ > 0: the precision of μ, or, where `scaled`, that precision in units of τ.
    pub precision: f64,
    /// Whether the prior of μ is scaled by τ, which is the Normal-Gamma prior.
    pub scaled: bool,
    /// a₀ > 0.
    pub shape: f64,
    /// b₀ > 0.
    pub rate: f64,
}

impl Default for Prior {
    /// Nearly flat.
    fn default() -> Self {
        Self { mean: 0.0, precision: 1e-6, scaled: false, shape: 1e-6, rate: 1e-6 }
    }
}

/// q(μ) q(τ).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Posterior {
    /// The mean of q(μ).
    pub mean: f64,
    /// The precision of q(μ).
    pub precision: f64,
    /// a of q(τ) = Gamma(a, b).
    pub shape: f64,
    /// b, the rate.
    pub rate: f64,
}

impl Posterior {
    /// E\[τ\].
    pub fn expected_precision(&self) -> f64 {
        self.shape / self.rate
    }

    /// log p(x|data) of each value, in nats; 0 of one that is missing.
    ///
    /// It is ∫∫ N(x; μ, 1/τ) q(μ) q(τ): with μ integrated out at τ = E\[τ\], Student's t in τ. Exact but for that.
    pub fn log_predictive(&self, x: &[f64]) -> Vec<f64> {
        // The variance of x given the data, in the units in which t has scale 1.
        let scale = (self.rate / self.shape + self.precision.recip()).sqrt();
        let of_one = StudentT::new(2.0 * self.shape, self.mean, scale);
        let of =
            |x: &f64| if x.is_nan() { 0.0 } else { of_one.as_ref().map_or(f64::NAN, |t| t.log_density(x)) };
        x.iter().map(of).collect()
    }

    /// A new value: the draw of `row`, of μ, τ and x.
    ///
    /// # Errors
    /// Where a factor's parameters are out of range.
    pub fn sample(&self, key: Key, row: u64) -> Result<f64, Error> {
        let key = key.purpose(Purpose::Sample);
        let mu = Gaussian::new(self.mean, self.precision.sqrt().recip())?.sample(key.fold(0), row);
        let tau = Gamma::new(self.shape, self.rate)?.sample(key.fold(1), row);
        Ok(Gaussian::new(mu, tau.sqrt().recip())?.sample(key.fold(2), row))
    }

    /// E\[(μ − centre)²\].
    fn about(&self, centre: f64) -> f64 {
        (self.mean - centre).powi(2) + self.precision.recip()
    }
}

/// A fit to a sample.
#[derive(Clone, Debug)]
pub struct Fit {
    prior: Prior,
    /// The number of values, their mean, and Σ (x − mean)².
    count: f64,
    centre: f64,
    scatter: f64,
    posterior: Posterior,
}

impl Fit {
    /// Of a sample, of which NaN are left out. q(τ) begins with mean 1, q(μ) as the prior.
    ///
    /// # Errors
    /// Where the prior is none, or a value is infinite.
    pub fn new(x: &[f64], prior: Prior) -> Result<Self, Error> {
        let seen: Vec<f64> = x.iter().copied().filter(|x| !x.is_nan()).collect();
        if let Some(wrong) = seen.iter().find(|x| x.is_infinite()) {
            return Err(Error::invalid("a value of the sample", wrong, "must be finite"));
        }
        let Prior { mean, precision, shape, rate, .. } = prior;
        Gaussian::new(mean, precision.sqrt().recip())?;
        Gamma::new(shape, rate)?;
        let count = seen.len() as f64;
        let centre = seen.iter().sum::<f64>() / count.max(1.0);
        let scatter = seen.iter().map(|x| (x - centre).powi(2)).sum();
        let posterior = Posterior { mean, precision, shape: 1.0, rate: 1.0 };
        Ok(Self { prior, count, centre, scatter, posterior })
    }

    /// The factors.
    pub fn posterior(&self) -> &Posterior {
        &self.posterior
    }

    /// E Σ (x − μ)².
    fn squares(&self) -> f64 {
        self.scatter + self.count * self.posterior.about(self.centre)
    }
}

impl MeanField for Fit {
    fn factors(&self) -> Vec<String> {
        vec!["q(μ)".into(), "q(τ)".into()]
    }

    fn update(&mut self, factor: usize) -> Result<(), Error> {
        let Prior { mean, precision, scaled, shape, rate } = self.prior;
        if factor == 0 {
            let tau = self.posterior.expected_precision();
            let prior = if scaled { precision * tau } else { precision };
            let total = prior + self.count * tau;
            self.posterior.mean = (prior * mean + self.count * tau * self.centre) / total;
            self.posterior.precision = total;
        } else {
            let (values, of_prior) = if scaled {
                (self.count + 1.0, precision * self.posterior.about(mean))
            } else {
                (self.count, 0.0)
            };
            self.posterior.shape = shape + 0.5 * values;
            self.posterior.rate = rate + 0.5 * (self.squares() + of_prior);
        }
        Ok(())
    }

    fn bound(&self) -> Bound {
        let Prior { mean, precision, scaled, shape, rate } = self.prior;
        let q = &self.posterior;
        let (tau, ln_tau) = (q.expected_precision(), digamma(q.shape) - q.rate.ln());
        let log_likelihood = 0.5 * (self.count * (ln_tau - TAU.ln()) - tau * self.squares());
        let tau_kl = Gamma::new(q.shape, q.rate).and_then(|q| q.kl(&Gamma::new(shape, rate)?));
        // E_q(τ) of KL(q(μ) ‖ N(m₀, 1/(λ₀ τ))).
        let (scale, ln_scale) = if scaled { (tau, ln_tau) } else { (1.0, 0.0) };
        let mean_kl =
            0.5 * (precision * scale * q.about(mean) - 1.0 + (q.precision / precision).ln() - ln_scale);
        let global = -(tau_kl.unwrap_or(f64::NAN) + mean_kl);
        Bound { log_likelihood, kl: 0.0, scale: 1.0, global, beta: 1.0 }
    }
}
