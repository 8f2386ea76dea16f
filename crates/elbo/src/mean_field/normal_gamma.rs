//! A Gaussian sample of unknown mean and precision, q(μ) q(τ): the smallest model that mean field does not solve at once.
//!
//! x_n ~ N(μ, 1/τ), τ ~ Gamma(a₀, b₀), and μ ~ N(m₀, 1/λ₀) by itself or, as in the conjugate Normal-Gamma prior,
//! μ|τ ~ N(m₀, 1/(λ₀ τ)) (Bishop 2006, section 10.1.3).

use std::f64::consts::TAU;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{MeanField, Resumable};
use crate::{
    Error,
    check::{self, checked},
    conjugate::{
        Conjugate, Expectations, Location, Moments, PrecisionExpectations, Square, Squares, Statistics,
    },
    distribution::{Gamma, Gaussian, Sample},
    divergence::KullbackLeibler,
    error::Domain,
    random::{Key, Purpose},
    special::{exp_remainder, ln_gamma, ln_sum_exp},
    terms::Bound,
};

checked! {
    /// The prior of μ and τ.
    #[derive(Clone, Copy, Debug, PartialEq)]
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
}

impl Default for Prior {
    /// Nearly flat.
    fn default() -> Self {
        Self { mean: 0.0, precision: 1e-6, scaled: false, shape: 1e-6, rate: 1e-6 }
    }
}

impl Prior {
    fn check(&self) -> Result<(), Error> {
        check::finite("the mean", self.mean)?;
        check::positive("the precision of the mean", self.precision)?;
        self.precision().map(drop)
    }

    fn precision(&self) -> Result<Gamma, Error> {
        Gamma::new(self.shape, self.rate)
    }

    /// Of μ, its strength in units of a τ of this mean.
    fn location(&self, tau: f64) -> Location {
        Location {
            mean: self.mean,
            strength: if self.scaled { self.precision } else { self.precision / tau },
        }
    }
}

/// q(μ) q(τ).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Serialised")]
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

/// As in a file.
#[derive(Deserialize)]
struct Serialised {
    mean: f64,
    precision: f64,
    shape: f64,
    rate: f64,
}

impl TryFrom<Serialised> for Posterior {
    type Error = Error;

    fn try_from(Serialised { mean, precision, shape, rate }: Serialised) -> Result<Self, Error> {
        let tau = Gamma::new(shape, rate)?;
        let (mean, precision) =
            (check::finite("the mean", mean)?, check::positive("the precision of the mean", precision)?);
        Ok(Self { mean, precision, shape: tau.shape(), rate: tau.rate() })
    }
}

impl Posterior {
    /// E\[τ\].
    pub fn expected_precision(&self) -> f64 {
        self.shape / self.rate
    }

    /// log p(x|data) of each value, in nats, to about 1e-9; 0 of one that is missing.
    ///
    /// It is ∫ N(x; m, 1/λ + 1/τ) q(τ) dτ, μ integrated out.
    pub fn log_predictive(&self, x: &[f64]) -> Vec<f64> {
        x.par_iter().map(|&x| if x.is_nan() { 0.0 } else { self.log_predictive_of(x) }).collect()
    }

    /// By the trapezoidal rule in s = log τ − log a/b, whose density is aᵃ e⁻ᵃ/Γ(a) e^(−a R(s)), R(s) = eˢ − 1 − s. The integrand
    /// is smooth and falls off at least exponentially on both sides, so the rule converges as fast.
    fn log_predictive_of(&self, x: f64) -> f64 {
        let Self { mean, precision, shape, rate } = *self;
        let square = (x - mean) * (x - mean);
        // Its mode lies between that of q and that of τ given x at μ = m; beyond, at least e^-40 is lost to both ends.
        let mode = libm::log((shape + 0.5) / shape / (1.0 + 0.5 * square / rate)).min(0.0);
        let reach = (80.0 / shape).sqrt();
        let (low, high) = (mode - reach - 40.0 / shape, reach.min(2.0 + libm::log1p(80.0 / shape)));
        let nodes = ((high - low) / (0.6 / (shape + 0.5).sqrt()).min(0.25)).ceil();
        let step = (high - low) / nodes;
        let term = |node: usize| {
            let s = low + node as f64 * step;
            let variance = precision.recip() + rate / shape * libm::exp(-s);
            -shape * exp_remainder(s) - 0.5 * (libm::log(TAU * variance) + square / variance)
        };
        let terms: Vec<f64> = (0..=nodes as usize).map(term).collect();
        shape * libm::log(shape) - shape - ln_gamma(shape) + libm::log(step) + ln_sum_exp(&terms)
    }

    /// A new value: the draw of `row`, of μ, τ and x.
    ///
    /// # Errors
    /// Where a factor's parameters are out of range.
    pub fn sample(&self, key: Key, row: u64) -> Result<f64, Error> {
        let key = key.purpose(Purpose::Sample);
        let mu = self.location()?.sample(key.fold(0), row);
        let tau = self.precision()?.sample(key.fold(1), row);
        Ok(Gaussian::new(mu, tau.sqrt().recip())?.sample(key.fold(2), row))
    }

    /// q(μ).
    fn location(&self) -> Result<Gaussian, Error> {
        Gaussian::new(self.mean, self.precision.sqrt().recip())
    }

    /// q(τ).
    fn precision(&self) -> Result<Gamma, Error> {
        Gamma::new(self.shape, self.rate)
    }

    fn expected(&self) -> Result<PrecisionExpectations, Error> {
        Ok(Conjugate::<Gaussian>::expectations(&self.precision()?))
    }
}

/// A fit to a sample.
#[derive(Clone, Debug)]
pub struct Fit {
    prior: Prior,
    sample: Moments<Square>,
    posterior: Posterior,
}

impl Fit {
    /// Of a sample, of which NaN are left out. q(τ) begins with mean 1, q(μ) as the prior.
    ///
    /// # Errors
    /// Where the prior is none, or a value is infinite.
    pub fn new(x: &[f64], prior: Prior) -> Result<Self, Error> {
        Self::of(x, None, prior)
    }

    /// The same of values that stand for so many each, `[N]`: the bound is that of values repeated as often.
    ///
    /// # Errors
    /// As [`Self::new`]; where a weight is not a finite number ≥ 0, or all are 0.
    pub fn weighted(x: &[f64], weights: &[f64], prior: Prior) -> Result<Self, Error> {
        check::row_weights(weights, x.len())?;
        Self::of(x, Some(weights), prior)
    }

    fn of(x: &[f64], weights: Option<&[f64]>, prior: Prior) -> Result<Self, Error> {
        if let Some(wrong) = x.iter().find(|x| x.is_infinite()) {
            let (what, domain) = ("a value of the sample".into(), Domain::FiniteOrMissing);
            return Err(Error::Domain { what, value: *wrong, domain });
        }
        let Prior { mean, precision, .. } = prior;
        let posterior = Posterior::try_from(Serialised { mean, precision, shape: 1.0, rate: 1.0 })?;
        prior.check()?;
        // From the first value, near which the others are.
        let origin = x.iter().copied().find(|x| !x.is_nan()).unwrap_or(mean);
        let mut sample = Moments::from_origin(origin);
        for (n, x) in x.iter().enumerate() {
            sample.add(weights.map_or(1.0, |weights| weights[n]), x);
        }
        Ok(Self { prior, sample, posterior })
    }

    /// The factors.
    pub fn posterior(&self) -> &Posterior {
        &self.posterior
    }

    /// The standard deviations of μ and τ under the posterior itself, by quadrature of p(μ|x), from which τ is integrated out:
    /// p(μ|x) ∝ p(μ) (b₀ + ½ Σ (x − μ)²)^(−a₀ − N/2), and τ|μ, x is Gamma. Of few values they are wider than those of q.
    ///
    /// ```
    /// use elbo::mean_field::{Ascent, ascend, normal_gamma::{Fit, Prior}};
    /// let x = [4.1, 5.3, 6.2, 4.9, 5.5];
    /// let mut fit = Fit::new(&x, Prior::default())?;
    /// ascend(&mut fit, &Ascent::default(), |_, _| {})?;
    /// let [of_mean, _] = fit.posterior_deviations();
    /// assert!(of_mean > 1.3 * fit.posterior().precision.sqrt().recip());
    /// # Ok::<(), elbo::Error>(())
    /// ```
    pub fn posterior_deviations(&self) -> [f64; 2] {
        let (q, prior) = (&self.posterior, &self.prior);
        let unit = q.precision.sqrt().recip();
        let scaled = f64::from(u8::from(prior.scaled));
        let shape = prior.shape + 0.5 * (self.sample.weight() + scaled);
        // μ = m + s sinh t reaches far tails by few steps, as far as the prior does.
        let reach = libm::asinh(1e3 + 10.0 / (prior.precision.sqrt() * unit));
        let steps = 4000;
        let point = |step: i32| {
            let t = reach * f64::from(step) / f64::from(steps);
            let mu = q.mean + unit * libm::sinh(t);
            let away = prior.precision * (mu - prior.mean).powi(2);
            let rate = prior.rate + 0.5 * (self.sample.about(mu) + scaled * away);
            let ln = libm::log(libm::cosh(t)) - shape * libm::log(rate) - 0.5 * (1.0 - scaled) * away;
            (ln, mu - q.mean, rate)
        };
        let points: Vec<(f64, f64, f64)> = (-steps..=steps).map(point).collect();
        let top = points.iter().fold(f64::NEG_INFINITY, |top, of| top.max(of.0));
        let mut sums = [0.0; 5];
        for (ln, away, rate) in points {
            let weight = libm::exp(ln - top);
            let tau = shape / rate;
            let values = [1.0, away, away * away, tau, tau * (shape + 1.0) / rate];
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += weight * value);
        }
        let deviation = |first: f64, second: f64| {
            let mean = first / sums[0];
            libm::sqrt((second / sums[0] - mean * mean).max(0.0))
        };
        [deviation(sums[1], sums[2]), deviation(sums[3], sums[4])]
    }

    /// E Σ (x − μ)², and where the prior of μ is scaled by τ what that says of τ.
    fn squares(&self) -> [Squares; 2] {
        let (q, prior) = (&self.posterior, &self.prior);
        let variance = q.precision.recip();
        let weight = self.sample.weight();
        let of_prior = if prior.scaled { 1.0 } else { 0.0 };
        let away = (q.mean - prior.mean).powi(2) + variance;
        [
            Squares { weight, sum: self.sample.about(q.mean) + weight * variance },
            Squares { weight: of_prior, sum: of_prior * prior.precision * away },
        ]
    }

    /// E_q(τ) of KL(q(μ) ‖ p(μ|τ)).
    fn kl_of_mean(&self, tau: PrecisionExpectations) -> Result<f64, Error> {
        let Prior { mean, precision, scaled, .. } = self.prior;
        // Scaled, it is that at E[τ], and half of what log E[τ] is more than E[log τ].
        let (scale, excess) = if scaled { (tau.mean, libm::log(tau.mean) - tau.ln) } else { (1.0, 0.0) };
        let p = Gaussian::new(mean, (precision * scale).sqrt().recip())?;
        Ok(self.posterior.location()?.kl(&p)? + 0.5 * excess)
    }
}

impl MeanField for Fit {
    fn factors(&self) -> Vec<String> {
        vec!["q(μ)".into(), "q(τ)".into()]
    }

    fn update(&mut self, factor: usize) -> Result<(), Error> {
        if factor == 0 {
            let tau = self.posterior.expected_precision();
            let (q, _) = self.prior.location(tau).updated(&self.sample);
            self.posterior.mean = q.mean;
            self.posterior.precision = check::positive("the precision of q(μ)", q.strength * tau)?;
        } else {
            let [mut squares, of_prior] = self.squares();
            squares.merge(&of_prior);
            let q = Conjugate::<Gaussian>::updated(&self.prior.precision()?, &squares)?;
            (self.posterior.shape, self.posterior.rate) = (q.shape(), q.rate());
        }
        Ok(())
    }

    fn bound(&self) -> Bound {
        let terms = || -> Result<[f64; 2], Error> {
            let tau = self.posterior.expected()?;
            let kl = self.posterior.precision()?.kl(&self.prior.precision()?)? + self.kl_of_mean(tau)?;
            Ok([tau.log_likelihood(&self.squares()[0]), -kl])
        };
        let [log_likelihood, global] = terms().unwrap_or([f64::NAN; 2]);
        Bound { log_likelihood, kl: 0.0, scale: 1.0, global, beta: 1.0 }
    }
}

impl Resumable for Fit {
    type State = Posterior;

    fn state(&self) -> Posterior {
        self.posterior
    }

    fn restore(&mut self, state: Posterior) -> Result<(), Error> {
        self.posterior = state;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mean_field::{Ascent, ascend};

    /// Under the Normal-Gamma prior μ is Student's t of 2a degrees of freedom with scale √(b/(a λ)), and τ is Gamma(a, b).
    #[test]
    fn quadrature_has_the_closed_form_of_the_conjugate_prior() {
        let prior = Prior { mean: 0.5, precision: 0.3, scaled: true, shape: 1.5, rate: 2.0 };
        let x = [4.1, 5.3, 6.2, 4.9, 5.5];
        let mut fit = Fit::new(&x, prior).unwrap();
        ascend(&mut fit, &Ascent::default(), |_, _| {}).unwrap();
        let (n, mean) = (5.0, x.iter().sum::<f64>() / 5.0);
        let (a, strength) = (prior.shape + 0.5 * n, prior.precision + n);
        let squares: f64 = x.iter().map(|x| (x - mean).powi(2)).sum();
        let of_prior = prior.precision * n / strength * (mean - prior.mean).powi(2);
        let b = prior.rate + 0.5 * (squares + of_prior);
        let [of_mean, of_precision] = fit.posterior_deviations();
        assert!((of_mean / (b / (strength * (a - 1.0))).sqrt() - 1.0).abs() < 1e-9, "{of_mean}");
        assert!((of_precision / (a.sqrt() / b) - 1.0).abs() < 1e-9, "{of_precision}");
    }

    /// A flat prior and N values: Student's t of N − 1 degrees of freedom, √((N − 1)/(N − 3)) times s/√N.
    #[test]
    fn few_values_are_wider_than_q() {
        let x = [4.1, 5.3, 6.2, 4.9, 5.5, 5.0];
        let mut fit = Fit::new(&x, Prior { mean: 5.0, ..Prior::default() }).unwrap();
        ascend(&mut fit, &Ascent::default(), |_, _| {}).unwrap();
        let mean = x.iter().sum::<f64>() / 6.0;
        let s2 = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 5.0;
        let [of_mean, _] = fit.posterior_deviations();
        assert!((of_mean / (5.0f64 / 3.0 * s2 / 6.0).sqrt() - 1.0).abs() < 1e-3, "{of_mean}");
    }
}
