//! How often a verdict is what it should not be, with binomial intervals.

use std::fmt;

use elbo::diagnose::Level;

use crate::Half;

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

/// The rates of each model and half in the lines of outcomes, in their order.
pub fn rates(lines: &str) -> Vec<(String, Half, Rates)> {
    let mut all: Vec<(String, Half, Rates)> = Vec::new();
    for line in lines.lines() {
        let mut fields = line
            .split_once(",\"")
            .map(|(model, rest)| (model, rest.split("\",").nth(1).unwrap_or("").split(',')));
        let Some((model, fields)) = &mut fields else { continue };
        let half = if fields.next() == Some("set") { Half::Set } else { Half::Measured };
        let (wrong, level) = (fields.nth(1) == Some("true"), fields.next().unwrap_or(""));
        let place = all.iter().position(|(of, at, _)| of == model && *at == half);
        let place = place.unwrap_or_else(|| {
            all.push(((*model).to_owned(), half, Rates::default()));
            all.len() - 1
        });
        all[place].2.count(wrong, level);
    }
    all
}

impl Rates {
    fn count(&mut self, wrong: bool, level: &str) {
        let count = |rate: &mut Rate, of: Level| {
            rate.all += 1;
            rate.of += usize::from(level == of.to_string());
        };
        if wrong {
            count(&mut self.wrong_trusted, Level::Trust);
        } else {
            count(&mut self.good_trusted, Level::Trust);
            count(&mut self.good_not_trusted, Level::DoNotTrust);
        }
    }
}
