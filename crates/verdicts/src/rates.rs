//! How often a verdict is what it should not be, with binomial intervals.

use std::fmt;

use elbo::diagnose::Level;

use crate::Outcome;

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub of: usize,
    /// Of how many.
    pub all: usize,
}

impl Rate {
    /// The share; NaN of none.
    pub fn share(self) -> f64 {
        self.of as f64 / self.all as f64
    }

    /// The 95 % interval of Wilson (1927).
    ///
    /// ```
    /// use verdicts::Rate;
    /// let (low, high) = Rate { of: 0, all: 150 }.interval();
    /// assert!(low == 0.0 && (high - 0.024_97).abs() < 1e-4);
    /// ```
    pub fn interval(self) -> (f64, f64) {
        let (n, p, z2) = (self.all as f64, self.share(), 1.959_964f64.powi(2));
        let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = (z2 * (p * (1.0 - p) / n + z2 / (4.0 * n * n))).sqrt() / (1.0 + z2 / n);
        (f64::max(centre - half, 0.0), f64::min(centre + half, 1.0))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.all == 0 {
            return f.pad("none");
        }
        let (low, high) = self.interval();
        let [share, low, high] = [self.share(), low, high].map(|share| 100.0 * share);
        f.pad(&format!("{share:.1} % ({low:.1}-{high:.1}) of {}", self.all))
    }
}

/// The rates that say how good verdicts are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// `trust` of wrong fits.
    pub wrong_trusted: Rate,
    /// `do not trust` of good fits.
    pub good_not_trusted: Rate,
    /// `trust` of good fits.
    pub good_trusted: Rate,
}

impl Rates {
    /// Over some outcomes.
    pub fn of<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Self {
        let mut rates = Self::default();
        for Outcome { wrong, judged, .. } in outcomes {
            let level = judged.verdict.level;
            let count = |rate: &mut Rate, of: bool| {
                rate.all += 1;
                rate.of += usize::from(of);
            };
            if *wrong {
                count(&mut rates.wrong_trusted, level == Level::Trust);
            } else {
                count(&mut rates.good_trusted, level == Level::Trust);
                count(&mut rates.good_not_trusted, level == Level::DoNotTrust);
            }
        }
        rates
    }
}
