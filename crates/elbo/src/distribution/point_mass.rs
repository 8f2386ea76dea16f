//! The point mass: all probability at one point, the guide of a maximum-a-posteriori fit.

use crate::{
    Error, check,
    distribution::{Entropy, LogDensity, Moments, PathGradient, Sample},
    random::Key,
};

/// x = the point, with probability 1. Its density is with respect to counting: 1 at the point, 0 elsewhere, so
/// an ELBO made of it lacks the infinite −log q of a density.
///
/// ```
/// use elbo::distribution::{LogDensity, PointMass};
/// let q = PointMass::new(vec![1.0, 2.0])?;
/// assert_eq!((q.log_density(&[1.0, 2.0]), q.log_density(&[1.0, 2.1])), (0.0, f64::NEG_INFINITY));
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PointMass {
    point: Vec<f64>,
}

impl PointMass {
    /// Puts the mass at `point`.
    ///
    /// # Errors
    /// It fails where it has no coordinate, or one is not finite.
    pub fn new(point: Vec<f64>) -> Result<Self, Error> {
        check::all_finite("the point", &point)?;
        Ok(Self { point })
    }
}

impl LogDensity<[f64]> for PointMass {
    fn log_density(&self, x: &[f64]) -> f64 {
        if x == self.point { 0.0 } else { f64::NEG_INFINITY }
    }
}

impl Sample for PointMass {
    type Value = Vec<f64>;
    fn sample(&self, _: Key, _: u64) -> Vec<f64> {
        self.point.clone()
    }
}

impl Moments for PointMass {
    type Value = Vec<f64>;
    fn mean(&self) -> Option<Vec<f64>> {
        Some(self.point.clone())
    }
    fn variance(&self) -> Option<Vec<f64>> {
        Some(vec![0.0; self.point.len()])
    }
}

impl Entropy for PointMass {
    /// 0, with respect to counting.
    fn entropy(&self) -> f64 {
        0.0
    }
}

impl PathGradient for PointMass {
    fn path_gradient(&self, _: Key, _: u64, cotangent: &Vec<f64>) -> Vec<f64> {
        cotangent.clone()
    }
}
