//! Weight, mean and scatter of weighted numbers, joined by pooled means so that nothing cancels (Chan, Golub and LeVeque 1983).
//!
//! The scatter is Σ w d(x, x̄) in a Bregman divergence d, of which the mean is the centre:
//! Σ w d(x, m) = Σ w d(x, x̄) + (Σ w) d(x̄, m) (Banerjee, Merugu, Dhillon and Ghosh 2005). Gaussians have d = (x − m)², and
//! Poissons d = x log(x/m) − x + m.

use std::{fmt, marker::PhantomData};

use super::Statistics;
use crate::special::{ln_ratio, relative_entropy_term};

/// d(x, m) ≥ 0, 0 where x = m.
pub trait Bregman {
    /// d(x, m).
    fn divergence(x: f64, m: f64) -> f64;
}

/// (x − m)².
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Square {}

/// x log(x/m) − x + m, by which log p(x|m) of a Poisson's count lies below log p(x|x).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deviance {}

impl Bregman for Square {
    fn divergence(x: f64, m: f64) -> f64 {
        (x - m) * (x - m)
    }
}

impl Bregman for Deviance {
    fn divergence(x: f64, m: f64) -> f64 {
        // A mean of values above 0 is 0 where it underflows.
        if x == 0.0 || m == 0.0 { m } else { relative_entropy_term(x, m, ln_ratio(m, x)) }
    }
}

/// Weight, mean and scatter of numbers; a missing one, NaN, adds nothing.
///
/// ```
/// use elbo::conjugate::{Moments, Square, Statistics};
/// let mut moments = Moments::<Square>::from_origin(1e9);
/// for x in [1e9 + 1.0, f64::NAN, 1e9 + 3.0] {
///     moments.add(0.5, &x);
/// }
/// assert_eq!((moments.weight(), moments.step(1e9), moments.scatter()), (1.0, 2.0, 1.0));
/// ```
pub struct Moments<D> {
    /// What numbers are measured from.
    origin: f64,
    weight: f64,
    /// Σ w x/Σ w, from the origin.
    mean: f64,
    scatter: f64,
    divergence: PhantomData<D>,
}

impl<D> Clone for Moments<D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D> Copy for Moments<D> {}

impl<D> fmt::Debug for Moments<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, weight, mean, scatter, .. } = self;
        write!(f, "Moments {{ origin: {origin}, weight: {weight}, mean: {mean}, scatter: {scatter} }}")
    }
}

impl<D: Bregman> Moments<D> {
    /// The moments of no number yet, to be measured from `origin`; for counts that is 0.
    pub fn from_origin(origin: f64) -> Self {
        Self { origin, weight: 0.0, mean: 0.0, scatter: 0.0, divergence: PhantomData }
    }

    /// Σ w.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// Σ w x/Σ w − m; of no number `origin` − m.
    pub fn step(&self, m: f64) -> f64 {
        self.origin - m + self.mean
    }

    /// Σ w d(x, x̄).
    pub fn scatter(&self) -> f64 {
        self.scatter
    }

    /// Σ w (x − origin), from the mean.
    pub(super) fn sum(&self) -> f64 {
        self.weight * self.mean
    }

    /// Σ w d(x, m).
    pub fn about(&self, m: f64) -> f64 {
        self.scatter + self.weight * D::divergence(self.mean, m - self.origin)
    }

    fn pool(&mut self, weight: f64, mean: f64, scatter: f64) {
        if weight > 0.0 {
            let total = self.weight + weight;
            let pooled = self.mean + weight / total * (mean - self.mean);
            let of_parts = [(self.weight, self.mean), (weight, mean)];
            self.scatter += scatter;
            self.scatter += of_parts.map(|(w, m)| w * D::divergence(m, pooled)).iter().sum::<f64>();
            (self.weight, self.mean) = (total, pooled);
        }
    }
}

impl Moments<Square> {
    /// The moments from Σ w, Σ w e and Σ w e², where e = x − `origin`.
    ///
    /// ```
    /// use elbo::conjugate::Moments;
    /// let moments = Moments::of_sums(10.0, [2.0, 6.0, 20.0]); // 12 and 14
    /// assert_eq!((moments.step(0.0), moments.scatter()), (13.0, 2.0));
    /// ```
    pub fn of_sums(origin: f64, [weight, sum, squares]: [f64; 3]) -> Self {
        // Below the smallest share of a number there is no mean to speak of.
        let mean = if weight > f64::MIN_POSITIVE { sum / weight } else { 0.0 };
        let scatter = (squares - weight * mean * mean).max(0.0);
        Self { origin, weight, mean, scatter, divergence: PhantomData }
    }
}

impl<D: Bregman> Statistics<f64> for Moments<D> {
    fn add(&mut self, weight: f64, x: &f64) {
        if !x.is_nan() {
            self.pool(weight, x - self.origin, 0.0);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.pool(other.weight, other.mean, other.scatter);
    }
}
