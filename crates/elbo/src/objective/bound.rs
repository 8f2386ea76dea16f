//! The bound of a whole data set as a value whose terms and factors stay apart (E5, E17).
//!
//! N/B · (Σ log-likelihood − β Σ KL) + global terms. With β = 1 it is the evidence lower bound, or, from a minibatch, an
//! unbiased estimate of it; with any other β it is not, and says so.

use std::fmt;

use crate::objective::elbo::RowTerms;

/// A bound, in nats of the whole data set.
///
/// ```
/// use elbo::objective::{Bound, elbo::RowTerms};
/// let rows = RowTerms { log_likelihood: vec![-3.0, -5.0], kl: vec![1.0, 2.0] };
/// let bound = Bound::new(&rows, 10.0).with_global(-4.0); // 2 rows of 20, and log p(θ) = −4
/// assert_eq!(bound.value(), 10.0 * (-8.0 - 3.0) - 4.0);
/// assert_eq!(bound.to_string(), "-114.000 nats = 10 × (-8.000 - 3.000) - 4.000");
/// let weighted = bound.with_beta(0.5);
/// assert!(!weighted.is_elbo());
/// assert_eq!(weighted.to_string(), "-99.000 (not the ELBO: the KL is weighted by 0.5) = 10 × (-8.000 - 0.5 × 3.000) - 4.000");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
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
