//! The terms of a bound as numbers, kept apart: of rows, their means with standard errors, of a whole data set, and the
//! importance weights of a row.
//!
//! Everything here is in nats, and larger is better but for a KL.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The terms of the bound of some rows as numbers, in nats.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowTerms {
    /// E_q[log p_θ(x|z)] of each row.
    pub log_likelihood: Vec<f64>,
    /// KL(q_φ(z|x) ‖ p(z)) of each row.
    pub kl: Vec<f64>,
}

impl RowTerms {
    /// The bound of each row.
    pub fn elbo(&self) -> Vec<f64> {
        self.log_likelihood.iter().zip(&self.kl).map(|(l, k)| l - k).collect()
    }

    /// Whether every row's bound is finite.
    pub fn are_finite(&self) -> bool {
        self.log_likelihood.iter().zip(&self.kl).all(|(l, k)| (l - k).is_finite())
    }

    /// Appends the rows of another.
    pub fn extend(&mut self, other: &Self) {
        self.log_likelihood.extend_from_slice(&other.log_likelihood);
        self.kl.extend_from_slice(&other.kl);
    }

    /// Means over the rows, with standard errors.
    pub fn summary(&self) -> Summary {
        Summary {
            rows: self.kl.len(),
            elbo: Mean::of(&self.elbo()),
            log_likelihood: Mean::of(&self.log_likelihood),
            kl: Mean::of(&self.kl),
        }
    }
}

/// A mean over rows and its standard error, the sample standard deviation over √n.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mean {
    /// The mean.
    pub value: f64,
    /// Its standard error; NaN of a single row, which has none, and then not written.
    #[serde(default = "unknown", skip_serializing_if = "is_unknown")]
    pub standard_error: f64,
}

fn unknown() -> f64 {
    f64::NAN
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_unknown(standard_error: &f64) -> bool {
    standard_error.is_nan()
}

impl Mean {
    /// The mean of some values. Of none it is NaN.
    ///
    /// ```
    /// use elbo::terms::Mean;
    /// assert_eq!(Mean::of(&[1.0, 3.0]), Mean { value: 2.0, standard_error: 1.0 });
    /// assert_eq!((Mean::of(&[5.0]).value, Mean::of(&[5.0]).error()), (5.0, None)); // of one row there is no error
    /// ```
    pub fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let value = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - value).powi(2)).sum();
        Self { value, standard_error: if n > 1.0 { (squares / (n - 1.0) / n).sqrt() } else { unknown() } }
    }

    /// The mean of values that count as many times as their weights say: that of each value written so many times.
    ///
    /// ```
    /// use elbo::terms::Mean;
    /// assert_eq!(Mean::weighted(&[1.0, 3.0, 7.0], &[2.0, 1.0, 0.0]), Mean::of(&[1.0, 1.0, 3.0]));
    /// ```
    pub fn weighted(values: &[f64], weights: &[f64]) -> Self {
        let n: f64 = weights.iter().sum();
        let sum = |of: &dyn Fn(f64) -> f64| values.iter().zip(weights).map(|(&v, w)| w * of(v)).sum::<f64>();
        let value = sum(&|v| v) / n;
        let squares = sum(&|v| (v - value).powi(2));
        Self { value, standard_error: if n > 1.0 { (squares / (n - 1.0) / n).sqrt() } else { unknown() } }
    }

    /// Its standard error, where it has one.
    pub fn error(self) -> Option<f64> {
        (!self.standard_error.is_nan()).then_some(self.standard_error)
    }
}

impl std::ops::Sub for Mean {
    type Output = Self;

    /// The difference of two independent means.
    fn sub(self, other: Self) -> Self {
        let standard_error = self.standard_error.hypot(other.standard_error);
        Self { value: self.value - other.value, standard_error }
    }
}

/// The bound of a data set, in nats per datum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How many rows it is the mean of.
    pub rows: usize,
    /// The bound.
    pub elbo: Mean,
    /// Its first term.
    pub log_likelihood: Mean,
    /// Its second term, which it subtracts.
    pub kl: Mean,
}

/// A bound, in nats of the whole data set.
///
/// ```
/// use elbo::terms::{Bound, RowTerms};
/// let rows = RowTerms { log_likelihood: vec![-3.0, -5.0], kl: vec![1.0, 2.0] };
/// let bound = Bound::new(&rows, 10.0).with_global(-4.0); // 2 rows of 20, and log p(θ) = −4
/// assert_eq!(bound.value(), 10.0 * (-8.0 - 3.0) - 4.0);
/// assert_eq!(bound.to_string(), "-114.000 nats = 10 × (-8.000 - 3.000) - 4.000");
/// let weighted = bound.with_beta(0.5);
/// assert!(!weighted.is_elbo());
/// assert_eq!(weighted.to_string(), "-99.000 (not the ELBO: the KL is weighted by 0.5) = 10 × (-8.000 - 0.5 × 3.000) - 4.000");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bound {
    /// Σ over the rows of E_q[log p(x|z)].
    pub log_likelihood: f64,
    /// Σ over the rows of KL(q(z|x) ‖ p(z)).
    pub kl: f64,
    /// N/B: what the rows' terms are multiplied by. A global term is not.
    pub scale: f64,
    /// Terms that belong to no row, as log p(θ), counted once.
    pub global: f64,
    /// The weight of the KL; 1 for the ELBO.
    pub beta: f64,
}

impl Bound {
    /// The bound from the terms of some rows, B of N, scaled by N/B.
    pub fn new(rows: &RowTerms, scale: f64) -> Self {
        let (log_likelihood, kl) = (rows.log_likelihood.iter().sum(), rows.kl.iter().sum());
        Self { log_likelihood, kl, scale, global: 0.0, beta: 1.0 }
    }

    /// With another term that belongs to no row.
    #[must_use]
    pub fn with_global(self, term: f64) -> Self {
        Self { global: self.global + term, ..self }
    }

    /// With the KL weighted by β.
    #[must_use]
    pub fn with_beta(self, beta: f64) -> Self {
        Self { beta, ..self }
    }

    /// N/B · (Σ log-likelihood − β Σ KL) + global terms.
    pub fn value(&self) -> f64 {
        self.scale * (self.log_likelihood - self.beta * self.kl) + self.global
    }

    /// Whether it is the ELBO: whether nothing is weighted otherwise.
    pub fn is_elbo(&self) -> bool {
        self.beta == 1.0
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { log_likelihood, kl, scale, global, beta } = self;
        write!(f, "{:.3}", self.value())?;
        if self.is_elbo() {
            write!(f, " nats = {scale} × ({log_likelihood:.3} - {kl:.3})")?;
        } else {
            write!(f, " (not the ELBO: the KL is weighted by {beta})")?;
            write!(f, " = {scale} × ({log_likelihood:.3} - {beta} × {kl:.3})")?;
        }
        if *global == 0.0 {
            return Ok(());
        }
        write!(f, " {} {:.3}", if *global < 0.0 { '-' } else { '+' }, global.abs())
    }
}

/// Importance weights of one row: Σ w and Σ w², from their logarithms, without overflow.
///
/// ```
/// use elbo::terms::Weights;
/// let weights: Weights = [1000.0, 1000.0 + 3f64.ln()].into_iter().collect();
/// assert!((weights.log_mean() - (1000.0 + 2f64.ln())).abs() < 1e-12); // the mean of the weights 1 and 3 is 2
/// assert!((weights.effective_sample_size() - 1.6).abs() < 1e-12); // (1 + 3)² / (1² + 3²)
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// The greatest log w; the sums are in its units.
    greatest: f64,
    sum: f64,
    squares: f64,
    number: usize,
}

impl Default for Weights {
    fn default() -> Self {
        Self { greatest: f64::NEG_INFINITY, sum: 0.0, squares: 0.0, number: 0 }
    }
}

impl Weights {
    /// Takes in a weight, by its logarithm.
    pub fn add(&mut self, log_weight: f64) {
        self.number += 1;
        if log_weight > self.greatest {
            let shrink = libm::exp(self.greatest - log_weight);
            self.sum = self.sum * shrink + 1.0;
            self.squares = self.squares * shrink * shrink + 1.0;
            self.greatest = log_weight;
        } else if log_weight != f64::NEG_INFINITY {
            let weight = libm::exp(log_weight - self.greatest);
            self.sum += weight;
            self.squares += weight * weight;
        }
    }

    /// log (1/k) Σ w of the k weights, in nats. Not a finite number where they are all 0, or one is none.
    pub fn log_mean(&self) -> f64 {
        self.greatest + libm::log(self.sum / self.number as f64)
    }

    /// (Σ w)² / Σ w² = 1/Σ w̃², w̃ = w/Σ w: how many weights of one size would be as good, from 1 to k (Kong 1992).
    pub fn effective_sample_size(&self) -> f64 {
        self.sum * self.sum / self.squares
    }
}

impl FromIterator<f64> for Weights {
    fn from_iter<I: IntoIterator<Item = f64>>(log_weights: I) -> Self {
        let mut weights = Self::default();
        log_weights.into_iter().for_each(|w| weights.add(w));
        weights
    }
}
