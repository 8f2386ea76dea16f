//! What to make of a column that is skewed.

use serde::{Deserialize, Serialize};

use crate::terms::Mean;

/// Nats a value that a logarithm must gain, so that it is worth it.
const GAINED: f64 = 0.01;
/// Different whole numbers below which they are taken for counts, where none is 0.
const FEW: usize = 20;

/// What a skewed column is, by its own values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Skewed {
    /// Positive, skewed to the right, and more like a log-normal than a normal.
    LogNormal,
    /// Counts: whole numbers from 0.
    Counts,
    /// Anything else, to which a logarithm is no help.
    Otherwise,
}

impl Skewed {
    /// Of values, NaN where nothing is seen, each as often as its weight says.
    ///
    /// The log-likelihood of a normal at its maximum is −½ N log v but for a constant, v the variance; that of a log-normal is
    /// −½ N log v − Σ log x, v the variance of log x.
    ///
    /// ```
    /// use elbo::diagnose::Skewed;
    /// let of = |f: &dyn Fn(f64) -> f64| {
    ///     let values: Vec<f64> = (-40..=40).map(|i| f(f64::from(i) / 16.0)).collect();
    ///     Skewed::of(&values, None)
    /// };
    /// assert_eq!(of(&f64::exp), Skewed::LogNormal);
    /// assert_eq!(of(&|z| 20.0 - z.exp()), Skewed::Otherwise); // to the left
    /// assert_eq!(of(&|z| z.exp() - 1.0), Skewed::Otherwise); // below 0 there is no logarithm
    /// assert_eq!(of(&|z| (2.0 * z.exp()).floor()), Skewed::Counts);
    /// ```
    pub fn of(values: &[f64], weights: Option<&[f64]>) -> Self {
        let weight = |n: usize| weights.map_or(1.0, |weights| weights[n]);
        let seen = (0..values.len()).filter(|&n| !values[n].is_nan() && weight(n) > 0.0);
        let (x, of): (Vec<f64>, Vec<f64>) = seen.map(|n| (values[n], weight(n))).unzip();
        let least = x.iter().copied().fold(f64::INFINITY, f64::min);
        if least >= 0.0 && x.iter().all(|x| x.fract() == 0.0) {
            let mut different = x.clone();
            different.sort_unstable_by(f64::total_cmp);
            different.dedup();
            if least == 0.0 || different.len() < FEW {
                return Self::Counts;
            }
        }
        // NaN of no values too.
        if !(least > 0.0 && least < f64::INFINITY) {
            return Self::Otherwise;
        }
        let log: Vec<f64> = x.iter().map(|&x| libm::log(x)).collect();
        let mean = |x: &[f64]| Mean::weighted(x, &of).value;
        let moment = |x: &[f64], power: i32| {
            let centre = mean(x);
            mean(&x.iter().map(|x| (x - centre).powi(power)).collect::<Vec<f64>>())
        };
        let gained = 0.5 * libm::log(moment(&x, 2)) - 0.5 * libm::log(moment(&log, 2)) - mean(&log);
        if moment(&x, 3) > 0.0 && gained > GAINED { Self::LogNormal } else { Self::Otherwise }
    }
}
