//! What brings numbers to order one.

use serde::{Deserialize, Serialize};

/// The mean and standard deviation of what a network is given of a column, as of log x: so that it is of order one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standard {
    /// The mean.
    pub centre: f64,
    /// The standard deviation, > 0.
    pub spread: f64,
}

impl Standard {
    /// Of these numbers; of numbers that are all equal the spread is 1.
    pub fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let n = values.clone().count().max(1) as f64;
        let centre = values.clone().sum::<f64>() / n;
        let spread = (values.map(|x| (x - centre).powi(2)).sum::<f64>() / n).sqrt();
        Self { centre, spread: if spread > 1e-10 * centre.abs() { spread } else { 1.0 } }
    }

    pub(super) fn apply(self, x: f64) -> f64 {
        (x - self.centre) / self.spread
    }

    pub(super) fn undo(self, x: f64) -> f64 {
        self.centre + self.spread * x
    }

    pub(super) fn log_spread(self) -> f64 {
        libm::log(self.spread)
    }
}
