//! The negative binomial with mean μ and inverse dispersion θ: a Poisson whose rate is Gamma(θ, θ/μ), so
//! Var[x] = μ + μ²/θ; and its zero-inflated form.

use crate::{
    Error, check,
    distribution::{
        LogDensity, Moments, Sample, Score, deviance::ln_binomial, poisson::draw_poisson,
        standard_gamma::ln_standard_gamma, stream::Stream,
    },
    random::Key,
    special::{digamma, ln_ratio, ln_sum_exp},
};

/// p(x) = Γ(x + θ)/(x! Γ(θ)) (θ/(θ + μ))^θ (μ/(θ + μ))ˣ.
///
/// ```
/// use elbo::distribution::{LogDensity, Moments, NegativeBinomial};
/// let p = NegativeBinomial::new(3.0, 1.0)?; // geometric: (1/4) (3/4)ˣ
/// assert!((p.log_density(&2) - (9f64 / 64.0).ln()).abs() < 1e-14);
/// assert_eq!(p.variance(), Some(12.0));
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NegativeBinomial {
    mean: f64,
    inverse_dispersion: f64,
}

impl NegativeBinomial {
    /// Makes the distribution from the mean μ and the inverse dispersion θ.
    ///
    /// # Errors
    /// It fails where either is not a finite number > 0.
    pub fn new(mean: f64, inverse_dispersion: f64) -> Result<Self, Error> {
        Ok(Self {
            mean: check::positive("mean", mean)?,
            inverse_dispersion: check::positive("inverse dispersion", inverse_dispersion)?,
        })
    }
}

impl LogDensity<u64> for NegativeBinomial {
    fn log_density(&self, x: &u64) -> f64 {
        let (x, mu, theta) = (*x as f64, self.mean, self.inverse_dispersion);
        if x == 0.0 {
            return -theta * ln_1p_quotient(mu, theta);
        }
        // log((x + θ)/(θ + μ)), exact also where θ swallows both.
        let total = ln_1p_ratio(x, mu, theta);
        let mass = ln_binomial(theta, x, total, total + ln_ratio(mu, x));
        mass - ln_1p_quotient(x, theta)
    }
}

/// log(1 + a/b), also where the quotient overflows.
fn ln_1p_quotient(a: f64, b: f64) -> f64 {
    let quotient = a / b;
    if quotient.is_finite() { quotient.ln_1p() } else { a.ln() - b.ln() }
}

/// log((x + θ)/(μ + θ)).
fn ln_1p_ratio(x: f64, mu: f64, theta: f64) -> f64 {
    let change = (x - mu) / (mu + theta);
    if change > -0.5 { change.ln_1p() } else { ln_ratio(x + theta, mu + theta) }
}

impl Sample for NegativeBinomial {
    type Value = u64;
    fn sample(&self, key: Key, row: u64) -> u64 {
        let mut stream = Stream::new(key, row);
        let ln_unit = ln_standard_gamma(self.inverse_dispersion, &mut stream);
        let rate = libm::exp(ln_unit + libm::log(self.mean) - libm::log(self.inverse_dispersion));
        draw_poisson(rate, &mut stream)
    }
}

impl Moments for NegativeBinomial {
    type Value = f64;
    fn mean(&self) -> Option<f64> {
        Some(self.mean)
    }
    fn variance(&self) -> Option<f64> {
        Some(self.mean + self.mean * (self.mean / self.inverse_dispersion))
    }
}

impl Score<u64> for NegativeBinomial {
    /// ∂/∂(μ, θ) = (θ (x − μ)/(μ (θ + μ)), ψ(x + θ) − ψ(θ) − log(1 + μ/θ) + (μ − x)/(θ + μ)).
    fn score(&self, x: &u64) -> Vec<f64> {
        let (x, mu, theta) = (*x as f64, self.mean, self.inverse_dispersion);
        let excess = (x - mu) / (theta + mu);
        let of_gamma = if x == 0.0 { 0.0 } else { digamma(x + theta) - digamma(theta) };
        vec![theta * excess / mu, of_gamma - ln_1p_quotient(mu, theta) - excess]
    }
}

/// 0 with probability π, else negative binomial: the counts of single-cell sequencing.
///
/// ```
/// use elbo::distribution::{LogDensity, NegativeBinomial, ZeroInflatedNegativeBinomial};
/// let counts = NegativeBinomial::new(3.0, 1.0)?;
/// let p = ZeroInflatedNegativeBinomial::new(0.5, counts)?;
/// assert!((p.log_density(&0) - 0.625f64.ln()).abs() < 1e-15); // ½ + ½ · ¼
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ZeroInflatedNegativeBinomial {
    inflation: f64,
    counts: NegativeBinomial,
}

impl ZeroInflatedNegativeBinomial {
    /// Makes the distribution from π, in [0, 1), and the counts that it inflates.
    ///
    /// # Errors
    /// It fails where `inflation` is not in [0, 1).
    pub fn new(inflation: f64, counts: NegativeBinomial) -> Result<Self, Error> {
        Ok(Self { inflation: check::in_range("inflation", inflation, 0.0..1.0)?, counts })
    }
}

impl LogDensity<u64> for ZeroInflatedNegativeBinomial {
    fn log_density(&self, x: &u64) -> f64 {
        let counted = self.counts.log_density(x);
        match *x {
            // π + (1 − π) e^c, by the form that keeps the relative accuracy of its logarithm.
            0 if counted > -0.5 => ((1.0 - self.inflation) * counted.exp_m1()).ln_1p(),
            0 => ln_sum_exp(&[self.inflation.ln(), (-self.inflation).ln_1p() + counted]),
            _ => (-self.inflation).ln_1p() + counted,
        }
    }
}

impl Sample for ZeroInflatedNegativeBinomial {
    type Value = u64;
    fn sample(&self, key: Key, row: u64) -> u64 {
        // A child key: the choice must not share its draw with the count.
        let inflated = Stream::new(key.fold(0), row).uniform() < self.inflation;
        if inflated { 0 } else { self.counts.sample(key, row) }
    }
}

impl Moments for ZeroInflatedNegativeBinomial {
    type Value = f64;
    fn mean(&self) -> Option<f64> {
        self.counts.mean().map(|mean| (1.0 - self.inflation) * mean)
    }
    /// (1 − π)(Var + π μ²).
    fn variance(&self) -> Option<f64> {
        let (mean, variance) = (self.counts.mean()?, self.counts.variance()?);
        Some((1.0 - self.inflation) * (variance + self.inflation * mean * mean))
    }
}

impl Score<u64> for ZeroInflatedNegativeBinomial {
    /// ∂/∂(π, μ, θ) = (−1/(1 − π), ∂c) above 0, c the log mass of the counts; at 0, with p = π + (1 − π) eᶜ,
    /// ((1 − eᶜ)/p, ((1 − π) eᶜ/p) ∂c), ∂c weighted by the probability that the 0 was counted.
    fn score(&self, x: &u64) -> Vec<f64> {
        let in_counts = self.counts.score(x);
        let (in_inflation, counted) = if *x == 0 {
            let (mass, total) = (self.counts.log_density(x), self.log_density(x));
            // In logarithms, where eᶜ and p may both underflow.
            (-mass.exp_m1() / total.exp(), ((-self.inflation).ln_1p() + mass - total).exp())
        } else {
            ((self.inflation - 1.0).recip(), 1.0)
        };
        vec![in_inflation, counted * in_counts[0], counted * in_counts[1]]
    }
}
