//! When a fit has converged: patience on the validation bound, measured against its standard error.

use serde::{Deserialize, Serialize};

use crate::terms::Mean;

/// Counts the epochs since the validation bound last rose by more than one standard error.
///
/// The rise is that of the mean of the paired differences, row by row, against the best epoch so far, and so
/// is its standard error: rows differ by tens of nats from one another, but little from epoch to epoch.
///
/// ```
/// use elbo::diagnose::Patience;
/// let mut patience = Patience::default();
/// assert!(patience.observe(1, &[-10.0, -30.0])); // the first epoch is the best so far
/// assert!(!patience.observe(2, &[-9.0, -31.0])); // no rise
/// assert!(patience.observe(3, &[-9.0, -29.0])); // +1 on every row
/// assert_eq!((patience.best_epoch, patience.waited), (3, 0));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Patience {
    /// The epoch of the best bound.
    pub best_epoch: u64,
    /// Epochs since.
    pub waited: u64,
    /// The bound of each validation row at the best epoch, nats.
    pub best: Vec<f64>,
}

impl Patience {
    /// Takes in the validation bound of each row at an epoch; says whether it is the new best.
    pub fn observe(&mut self, epoch: u64, elbo: &[f64]) -> bool {
        let rise: Vec<f64> = elbo.iter().zip(&self.best).map(|(now, best)| now - best).collect();
        let rise = Mean::of(&rise);
        let better = self.best.is_empty() || rise.value > rise.error().unwrap_or(0.0);
        if better {
            *self = Self { best_epoch: epoch, waited: 0, best: elbo.to_vec() };
        } else {
            self.waited += 1;
        }
        better
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rise_within_its_standard_error_does_not_count() {
        let mut patience = Patience::default();
        patience.observe(1, &[0.0, 0.0, 0.0, 0.0]);
        assert!(!patience.observe(2, &[3.0, -3.0, 3.0, -2.9])); // mean 0.025, standard error 1.7
        assert_eq!((patience.best_epoch, patience.waited), (1, 1));
        assert!(patience.observe(3, &[0.1, 0.1, 0.1, 0.11]));
        assert_eq!((patience.best_epoch, patience.waited), (3, 0));
    }
}
