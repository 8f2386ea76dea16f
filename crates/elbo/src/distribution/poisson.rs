//! The Poisson distribution: p(x) = λˣ e^(−λ) / x!.

use crate::{
    Error, check,
    distribution::{
        LogDensity, Moments, Sample, Score, binomial::draw_binomial, deviance::ln_poisson,
        standard_gamma::ln_standard_gamma, stream::Stream,
    },
    random::Key,
    special::ln_ratio,
};

/// Poisson(λ).
///
/// ```
/// use elbo::distribution::{LogDensity, Poisson};
/// let p = Poisson::new(2.0)?;
/// assert_eq!(p.log_density(&0), -2.0);
/// assert!((p.log_density(&3) - (8f64 / 6.0).ln() + 2.0).abs() < 1e-15);
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Poisson {
    rate: f64,
}

impl Poisson {
    /// Makes the distribution from the mean λ.
    ///
    /// # Errors
    /// It fails where `rate` is not a finite number > 0.
    pub fn new(rate: f64) -> Result<Self, Error> {
        Ok(Self { rate: check::positive("rate", rate)? })
    }

    /// The mean λ.
    pub fn rate(&self) -> f64 {
        self.rate
    }
}

impl LogDensity<u64> for Poisson {
    fn log_density(&self, x: &u64) -> f64 {
        let x = *x as f64;
        if x == 0.0 { -self.rate } else { ln_poisson(x, self.rate, ln_ratio(self.rate, x)) }
    }
}

impl Sample for Poisson {
    type Value = u64;
    /// Of a rate beyond 1e18 the mean itself, at most the greatest `u64`.
    fn sample(&self, key: Key, row: u64) -> u64 {
        draw_poisson(self.rate, &mut Stream::new(key, row))
    }
}

impl Moments for Poisson {
    type Value = f64;
    fn mean(&self) -> Option<f64> {
        Some(self.rate)
    }
    fn variance(&self) -> Option<f64> {
        Some(self.rate)
    }
}

impl Score<u64> for Poisson {
    /// ∂/∂λ = x/λ − 1.
    fn score(&self, x: &u64) -> Vec<f64> {
        vec![(*x as f64 - self.rate) / self.rate]
    }
}

/// Ahrens and Dieter 1974: the m-th arrival of a unit-rate process halves the problem until λ is small; then
/// arrivals are counted one by one.
pub(super) fn draw_poisson(mut rate: f64, stream: &mut Stream) -> u64 {
    // There a draw is its mean to a relative 1e-9, and the next power of ten would overflow the count.
    if rate > 1e18 {
        return rate as u64;
    }
    let mut count = 0;
    while rate > 16.0 {
        let m = (0.875 * rate).floor();
        let arrival = libm::exp(ln_standard_gamma(m, stream));
        if arrival > rate {
            return count + draw_binomial(m as u64 - 1, rate / arrival, stream);
        }
        count += m as u64;
        rate -= arrival;
    }
    let mut time = stream.exponential();
    while time < rate {
        count += 1;
        time += stream.exponential();
    }
    count
}
