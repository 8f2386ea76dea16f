//! Whether importance weights can be relied on: the k̂ of Pareto-smoothed importance sampling (E25).
//!
//! The greatest M of S weights w_s = p(x, z_s)/q(z_s|x), z_s ~ q, above a cutoff u, are taken for draws of the generalised
//! Pareto distribution P(w − u > t) = (1 + k t/σ)^(−1/k), M = ⌈min(S/5, 3√S)⌉. Weights with tail index k have
//! finite moments of every order below 1/k: at k ≥ ½ the variance is infinite, at k ≥ 1 the mean.
//!
//! Vehtari, Simpson, Gelman, Yao and Gabry, *Pareto smoothed importance sampling* (JMLR 25, 2024); the fit is that
//! of Zhang and Stephens, *A new and efficient estimation method for the generalized Pareto distribution*
//! (Technometrics 51, 2009). As a diagnostic of q: Yao, Vehtari, Simpson and Gelman, *Yes, but did it work?*
//! (ICML 2018).

use crate::{Error, check, error::Domain};

/// The greatest k̂ at which importance estimates, and q itself, are of use (Vehtari et al. 2024, Yao et al. 2018).
pub const KHAT_LIMIT: f64 = 0.7;

/// The greatest k̂ at which S draws suffice: min(1 − 1/log₁₀ S, [`KHAT_LIMIT`]) (Vehtari et al. 2024).
///
/// Below 2,200 draws it is the stricter of the two; −∞ for a single draw.
///
/// ```
/// use elbo::diagnose::khat_limit;
/// assert_eq!(khat_limit(100), 0.5);
/// assert_eq!(khat_limit(10_000), 0.7);
/// ```
pub fn khat_limit(samples: usize) -> f64 {
    (1.0 - 1.0 / libm::log10(samples.max(1) as f64)).min(KHAT_LIMIT)
}

/// The fewest draws in the tail to which a distribution is fitted.
const LEAST_TAIL: usize = 5;

/// What S importance weights come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParetoSmoothed {
    /// The tail index k̂. −∞ where there is no tail: the greatest weight is common, as where q is the posterior and all
    /// weights are equal. +∞ where a few weights outweigh all others by more than f64 can tell. `None` where fewer
    /// than five draws lie above the cutoff: S ≤ 20, or many equal weights.
    pub khat: Option<f64>,
    /// How many draws lie above the cutoff: M, or fewer where weights at the cutoff are equal.
    pub tail: usize,
    /// 1/Σ w̃² of the smoothed weights, normalised to Σ w̃ = 1: between 1 and S.
    pub effective_sample_size: f64,
    /// log (1/S) Σ w of the smoothed weights: an estimate of log p(x), in nats.
    pub log_mean_weight: f64,
}

impl ParetoSmoothed {
    /// The standard error of k̂, to first order that of the most likely shape of so many draws, (1 + k)/√M, drawn towards ½ as
    /// k̂ is; `None` where k̂ is no number.
    ///
    /// Hosking and Wallis, *Parameter and quantile estimation for the generalized Pareto distribution* (1987).
    pub fn khat_error(&self) -> Option<f64> {
        let tail = self.tail as f64;
        let error = |khat: f64| (1.0 + khat.max(-0.5)) / tail.sqrt() * tail / (tail + 10.0);
        self.khat.filter(|khat| khat.is_finite()).map(error)
    }
}

/// Smooths the tail of S importance weights given as log w, in nats, of one row or of several together.
///
/// The tail's weights become quantiles of the fitted distribution, none above the greatest weight; where there is no
/// finite k̂ they stay as they are. A log weight of −∞ is a weight of 0.
///
/// ```
/// use elbo::diagnose::pareto_smoothed;
/// // Weights 1/√u, u uniform on (0, 1): the tail index is ½.
/// let log_weights: Vec<f64> = (0..4000).map(|i| -0.5 * ((f64::from(i) + 0.5) / 4000.0).ln()).collect();
/// let smoothed = pareto_smoothed(&log_weights)?;
/// assert_eq!(smoothed.tail, 190);
/// assert!((smoothed.khat.unwrap() - 0.5).abs() < 0.05);
/// assert!((smoothed.log_mean_weight - 2f64.ln()).abs() < 0.02); // E[w] = 2
/// # Ok::<(), elbo::Error>(())
/// ```
///
/// # Errors
/// It fails where there are no weights, all are 0, or one is infinite or NaN.
pub fn pareto_smoothed(log_weights: &[f64]) -> Result<ParetoSmoothed, Error> {
    let samples = log_weights.len();
    check::at_least("the number of log weights", samples, 1)?;
    if let Some(s) = log_weights.iter().position(|w| w.is_nan() || *w == f64::INFINITY) {
        let (what, domain) = (format!("log weight {s}"), Domain::LogWeight);
        return Err(Error::Domain { what, value: log_weights[s], domain });
    }
    let mut x = log_weights.to_vec();
    x.sort_unstable_by(f64::total_cmp);
    let greatest = x[samples - 1];
    check::finite("the greatest log weight", greatest)?;
    for log_weight in &mut x {
        *log_weight -= greatest;
    }

    let most = (samples as f64 / 5.0).min(3.0 * (samples as f64).sqrt()).ceil() as usize;
    // A cutoff that f64 can tell from 0.
    let least = libm::log(f64::MIN_POSITIVE);
    let at = x[(samples - 1).saturating_sub(most)];
    let cutoff = at.max(least);
    let body = x.partition_point(|&log_weight| log_weight <= cutoff);
    let tail = samples - body;

    let mut weights: Vec<f64> = x.iter().map(|&log_weight| libm::exp(log_weight)).collect();
    let khat = if most < LEAST_TAIL {
        None
    } else if tail >= LEAST_TAIL {
        let above = libm::exp(cutoff);
        // Exact differences, also where the weights are nearly equal.
        let excess: Vec<f64> = x[body..].iter().map(|&v| above * libm::expm1(v - cutoff)).collect();
        let fit = GeneralisedPareto::fit(&excess);
        if fit.shape < f64::INFINITY {
            for (i, weight) in weights[body..].iter_mut().enumerate() {
                let p = (i as f64 + 0.5) / tail as f64;
                *weight = (above + fit.quantile(p)).min(1.0);
            }
        }
        Some(fit.shape)
    } else if at < least {
        Some(f64::INFINITY)
    } else if tail == 0 {
        Some(f64::NEG_INFINITY)
    } else {
        None
    };

    let sum: f64 = weights.iter().sum();
    // Smoothed, even the greatest, which is the last, may be so small that squares underflow.
    let scale = weights[samples - 1];
    let squares: f64 = weights.iter().map(|w| (w / scale).powi(2)).sum();
    Ok(ParetoSmoothed {
        khat,
        tail,
        effective_sample_size: (sum / scale).powi(2) / squares,
        log_mean_weight: greatest + libm::log(sum / samples as f64),
    })
}

/// The generalised Pareto distribution of the excess over a cutoff.
struct GeneralisedPareto {
    shape: f64,
    scale: f64,
}

impl GeneralisedPareto {
    /// Zhang and Stephens' estimate from ascending positive values, its shape drawn towards ½ with the weight of ten
    /// observations (Vehtari et al. 2024). Where the shape is NaN, it is given as +∞.
    fn fit(excess: &[f64]) -> Self {
        let n = excess.len() as f64;
        let quartile = excess[(n / 4.0 + 0.5) as usize - 1];
        let greatest = excess[excess.len() - 1];
        // The likelihood at b = −k/σ, for which its k is given: a quadrature over b, whose prior lies about the quartile.
        let points = 30 + n.sqrt() as usize;
        let grid: Vec<f64> = (1..=points)
            .map(|j| 1.0 / greatest + (1.0 - (points as f64 / (j as f64 - 0.5)).sqrt()) / (3.0 * quartile))
            .collect();
        let profile: Vec<f64> = grid
            .iter()
            .map(|&b| {
                let Self { shape, scale } = Self::at(b, excess);
                -n * (libm::log(scale) + shape + 1.0)
            })
            .collect();
        let greatest = profile.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let likelihood: Vec<f64> = profile.iter().map(|l| libm::exp(l - greatest)).collect();
        let weighted: f64 = grid.iter().zip(&likelihood).map(|(b, l)| b * l).sum();
        let Self { shape, scale } = Self::at(weighted / likelihood.iter().sum::<f64>(), excess);
        let shape = (n * shape + 5.0) / (n + 10.0);
        Self { shape: if shape.is_nan() { f64::INFINITY } else { shape }, scale }
    }

    /// The most likely shape and scale where −shape/scale is b.
    fn at(b: f64, excess: &[f64]) -> Self {
        let mean = |f: &dyn Fn(f64) -> f64| excess.iter().map(|&x| f(x)).sum::<f64>() / excess.len() as f64;
        if b == 0.0 {
            return Self { shape: 0.0, scale: mean(&|x| x) };
        }
        let shape = mean(&|x| libm::log1p(-b * x));
        Self { shape, scale: -shape / b }
    }

    fn quantile(&self, p: f64) -> f64 {
        let exponential = -libm::log1p(-p);
        if self.shape == 0.0 {
            return self.scale * exponential;
        }
        self.scale * libm::expm1(self.shape * exponential) / self.shape
    }
}
