//! Central intervals: the q with P(|x − μ| ≤ q) = level, from P(|t_ν| > u) = I_{ν/(ν + u²)}(ν/2, ½) (DLMF 8.17).

use crate::{
    Error, check,
    distribution::{Gaussian, StudentT},
    special::ln_beta,
};

/// A symmetric distribution whose intervals can be given.
///
/// ```
/// use elbo::distribution::{CentralInterval, Gaussian};
/// let (low, high) = Gaussian::new(1.0, 2.0)?.central_interval(0.95)?;
/// assert!((high - (1.0 + 2.0 * 1.959_963_984_540_054)).abs() < 1e-13);
/// assert_eq!(low, 2.0 - high);
/// # Ok::<(), elbo::Error>(())
/// ```
pub trait CentralInterval {
    /// The interval about the centre with probability `level`.
    ///
    /// # Errors
    /// It fails where `level` is outside (0, 1).
    fn central_interval(&self, level: f64) -> Result<(f64, f64), Error>;
}

impl CentralInterval for Gaussian {
    fn central_interval(&self, level: f64) -> Result<(f64, f64), Error> {
        let u = quantile(level, |u| libm::erfc(u / std::f64::consts::SQRT_2))?;
        Ok((self.location() - u * self.sigma(), self.location() + u * self.sigma()))
    }
}

impl CentralInterval for StudentT {
    fn central_interval(&self, level: f64) -> Result<(f64, f64), Error> {
        let u = quantile(level, |u| two_sided_tail(self.freedom(), u))?;
        Ok((self.location() - u * self.scale(), self.location() + u * self.scale()))
    }
}

impl StudentT {
    /// P(≤ x).
    ///
    /// ```
    /// use elbo::distribution::StudentT;
    /// // Of Cauchy's ½ + atan(x)/π.
    /// let t = StudentT::new(1.0, 0.0, 2.0)?;
    /// assert!((t.cumulative(2.0) - 0.75).abs() < 1e-15 && t.cumulative(0.0) == 0.5);
    /// # Ok::<(), elbo::Error>(())
    /// ```
    pub fn cumulative(&self, x: f64) -> f64 {
        let u = (x - self.location()) / self.scale();
        let beyond = if u == 0.0 { 0.5 } else { 0.5 * two_sided_tail(self.freedom(), u.abs()) };
        if u > 0.0 { 1.0 - beyond } else { beyond }
    }
}

/// The u > 0 with P(|x| > u) = 1 − level, by bisection to the last digit.
fn quantile(level: f64, tail: impl Fn(f64) -> f64) -> Result<f64, Error> {
    let outside = 1.0 - check::between("the level of an interval", level, 0.0, 1.0)?;
    let (mut low, mut high) = (0.0, 1.0);
    while tail(high) > outside && high < 1e300 {
        (low, high) = (high, 2.0 * high);
    }
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return Ok(high);
        }
        if tail(middle) > outside { low = middle } else { high = middle }
    }
}

/// P(|t_ν| > u).
fn two_sided_tail(freedom: f64, u: f64) -> f64 {
    let (a, b) = (0.5 * freedom, 0.5);
    // ν/(ν + u²) and u²/(ν + u²), neither of which may lose its digits.
    let ratio = u / freedom * u;
    let (x, rest) = (1.0 / (1.0 + ratio), 1.0 / (1.0 + ratio.recip()));
    let front = libm::exp(a * -libm::log1p(ratio) + b * libm::log(rest) - ln_beta(a, b));
    if x < (a + 1.0) / (a + b + 2.0) {
        front / (a * fraction(a, b, x))
    } else {
        1.0 - front / (b * fraction(b, a, rest))
    }
}

/// The continued fraction of I_x(a, b), 1 + d₁/(1 + d₂/(1 + …)) (DLMF 8.17.22), by Lentz's recurrence.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    let (mut value, mut above, mut below) = (1.0, 1.0, 0.0);
    for n in 1..10_000 {
        let half = f64::from(n / 2);
        let end = a + 2.0 * half;
        let term = if n % 2 == 0 {
            half * (b - half) * x / ((end - 1.0) * end)
        } else {
            -(a + half) * (a + b + half) * x / (end * (end + 1.0))
        };
        below = 1.0 / (1.0 + term * below);
        above = 1.0 + term / above;
        value *= above * below;
        if (above * below - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Closed forms: ν = 1 is Cauchy's, ν = 2 has u = p √(2/(1 − p²)); ν → ∞ is the normal.
    #[test]
    fn intervals_of_students_t_are_the_known_ones() {
        for level in [1e-3, 0.5, 0.9, 0.95, 0.999_999] {
            let at = |freedom| StudentT::new(freedom, 0.0, 1.0).unwrap().central_interval(level).unwrap().1;
            let cauchy = (0.5 * std::f64::consts::PI * level).tan();
            assert!((at(1.0) / cauchy - 1.0).abs() < 1e-9, "{level}: {} {cauchy}", at(1.0));
            let two = level * (2.0 / ((1.0 - level) * (1.0 + level))).sqrt();
            assert!((at(2.0) / two - 1.0).abs() < 1e-9, "{level}: {} {two}", at(2.0));
            let normal = Gaussian::new(0.0, 1.0).unwrap().central_interval(level).unwrap().1;
            assert!((at(1e9) / normal - 1.0).abs() < 1e-7, "{level}: {} {normal}", at(1e9));
        }
        // By the closed form of even ν, to 40 digits.
        let ten = StudentT::new(10.0, 3.0, 2.0).unwrap().central_interval(0.95).unwrap();
        assert!((ten.1 - (3.0 + 2.0 * 2.228_138_851_986_274)).abs() < 1e-12, "{ten:?}");
        assert!(Gaussian::new(0.0, 1.0).unwrap().central_interval(1.0).is_err());
    }
}
