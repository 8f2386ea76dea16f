//! The family of a column, as a configuration names it.

use serde::{Deserialize, Serialize};

use super::{
    bernoulli::Bernoulli,
    beta::Beta,
    categorical::Categorical,
    cell::{Cell, Start},
    circular::Circular,
    gaussian::Gaussian,
    hurdle::Hurdle,
    log_normal::LogNormal,
    negative_binomial::NegativeBinomial,
    ordinal::Ordinal,
    poisson::Poisson,
    standard::Standard,
    student_t::StudentT,
};
use crate::{
    Error,
    check::{self, checked},
};

checked! {
    /// A column of a table.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct ColumnConfig {
        /// Its family.
        pub family: CellFamily,
        /// Whether cells of it are missing: the encoder is then told of each whether it is.
        pub holes: bool,
        /// By what stored numbers were divided to make x, > 0: a density is that of the stored numbers. Of a mass it changes
        /// nothing.
        pub divisor: f64,
    }
}

impl ColumnConfig {
    /// A column of stored numbers.
    pub fn new(family: CellFamily, holes: bool) -> Self {
        Self { family, holes, divisor: 1.0 }
    }

    /// Checks its settings.
    ///
    /// # Errors
    /// It fails as [`CellFamily::check`] does, and where the divisor is no finite number > 0.
    pub fn check(self) -> Result<(), Error> {
        check::positive("divisor", self.divisor)?;
        self.family.check()
    }

    /// What log p of a stored number is lower by than that of x, in nats.
    pub(super) fn log_volume(self) -> f64 {
        if self.family.is_discrete() { 0.0 } else { libm::log(self.divisor) }
    }
}

/// The family of one column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CellFamily {
    /// Real numbers: a Gaussian with a σ of the column.
    Gaussian,
    /// Real numbers with outliers: Student's t with a scale and degrees of freedom of the column.
    StudentT,
    /// Positive numbers: log-normal. The standard is that of log x.
    LogNormal(Standard),
    /// Numbers ≥ 0 of which many are 0: 0, or log-normal. The standard is that of log x above 0.
    Hurdle(Standard),
    /// 0 and 1.
    Bernoulli,
    /// Levels without order, so many: their numbers, from 0.
    Categorical(usize),
    /// Levels in order, so many: their numbers, from 0.
    Ordinal(usize),
    /// Counts. The standard is that of log(1 + x).
    Poisson(Standard),
    /// Counts whose variance exceeds their mean. The standard is that of log(1 + x).
    NegativeBinomial(Standard),
    /// Shares, between 0 and 1.
    Beta,
    /// Angles in radians.
    Circular,
}

impl CellFamily {
    /// The field's name of the family.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gaussian => "Gaussian",
            Self::StudentT => "Student's t",
            Self::LogNormal(_) => "log-normal",
            Self::Hurdle(_) => "zero or log-normal",
            Self::Bernoulli => "Bernoulli",
            Self::Categorical(_) => "categorical",
            Self::Ordinal(_) => "ordinal",
            Self::Poisson(_) => "Poisson",
            Self::NegativeBinomial(_) => "negative binomial",
            Self::Beta => "beta",
            Self::Circular => "von Mises",
        }
    }

    /// Whether p(x|z) is a mass, and no density: the units in which x is measured then change nothing. Of a hurdle it is both.
    pub fn is_discrete(self) -> bool {
        matches!(
            self,
            Self::Bernoulli
                | Self::Categorical(_)
                | Self::Ordinal(_)
                | Self::Poisson(_)
                | Self::NegativeBinomial(_)
        )
    }

    /// Checks its settings.
    ///
    /// # Errors
    /// It fails where there are fewer than two levels, or a standard is not finite numbers with a spread > 0.
    pub fn check(self) -> Result<(), Error> {
        match self {
            Self::Categorical(levels) | Self::Ordinal(levels) => {
                check::at_least("levels", levels, 2).map(drop)
            }
            Self::LogNormal(of) | Self::Hurdle(of) | Self::Poisson(of) | Self::NegativeBinomial(of) => {
                check::finite("centre", of.centre)?;
                check::positive("spread", of.spread).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// The mean log p of numbers that it accepts, in nats, under the constants at which a fit to them starts: what the family
    /// makes of a column by itself.
    ///
    /// ```
    /// use elbo::likelihood::CellFamily;
    /// let x = [1.0, 2.0, 3.0, 4.0];
    /// // A Gaussian at its maximum has −½ log 2πe σ².
    /// let gaussian = -0.5 * (std::f64::consts::TAU * std::f64::consts::E * 1.25).ln();
    /// assert!((CellFamily::Gaussian.log_density_at_start(&x) - gaussian).abs() < 1e-12);
    /// ```
    pub fn log_density_at_start(self, x: &[f64]) -> f64 {
        let cell = self.cell();
        let Start { output, own, .. } = cell.start(x, resolution(x));
        x.iter().map(|&x| cell.log_density(x, &output, &own, None)).sum::<f64>() / x.len() as f64
    }

    /// Whether a number may stand in an observed cell.
    pub fn accepts(self, x: f64) -> bool {
        self.cell().accepts(x)
    }

    pub(super) fn cell(self) -> Box<dyn Cell> {
        match self {
            Self::Gaussian => Box::new(Gaussian),
            Self::StudentT => Box::new(StudentT),
            Self::LogNormal(standard) => Box::new(LogNormal(standard)),
            Self::Hurdle(standard) => Box::new(Hurdle(standard)),
            Self::Bernoulli => Box::new(Bernoulli),
            Self::Categorical(levels) => Box::new(Categorical(levels)),
            Self::Ordinal(levels) => Box::new(Ordinal(levels)),
            Self::Poisson(standard) => Box::new(Poisson(standard)),
            Self::NegativeBinomial(standard) => Box::new(NegativeBinomial(standard)),
            Self::Beta => Box::new(Beta),
            Self::Circular => Box::new(Circular),
        }
    }
}

/// Cells by which the resolution of a column is found.
const LOOKED_AT: usize = 10_000;

/// The smallest difference between two of a column's observed cells, or of the first of them; ∞ where they are all equal.
pub(super) fn resolution(cells: &[f64]) -> f64 {
    let mut sorted = cells[..cells.len().min(LOOKED_AT)].to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let steps = sorted.windows(2).map(|pair| pair[1] - pair[0]);
    steps.filter(|&step| step > 0.0).fold(f64::INFINITY, f64::min)
}
