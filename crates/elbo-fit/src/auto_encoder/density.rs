//! A log density of x told as that of the values in the file: x = (stored − offset) / divisor has the density of the stored
//! values times the product of the divisors. Every figure that leaves a fit goes through here.

use elbo::{
    diagnose::GapLedger,
    fit::EpochReport,
    likelihood::{Likelihood, Support},
    objective::Objective,
    terms::{Mean, RowTerms, Summary},
};

use super::config::Config;

/// Σ log divisor of a row: what its log density is lower by than that of x, in nats. Every row has all its cells, so it is that
/// of each; 0 of probabilities, which have no units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stored(f64);

impl Stored {
    /// For log densities of rows, and bounds on them.
    pub(super) fn of(config: &Config, likelihood: &dyn Likelihood) -> Self {
        let row = vec![0.0; config.data.columns.len()];
        // Columns of a family each have their densities in the units of the file.
        let told = likelihood.support().is_discrete() || likelihood.support() == Support::Mixed;
        Self(if told { 0.0 } else { config.data.taken.scaling.log_volume(&row) })
    }

    /// For values of what was maximised, which the noiseless limit makes none of a density.
    pub(super) fn of_objective(config: &Config, likelihood: &dyn Likelihood) -> Self {
        match config.fit.train.objective {
            Objective::Noiseless => Self(0.0),
            Objective::Elbo | Objective::ImportanceWeighted => Self::of(config, likelihood),
        }
    }

    /// Whether both densities are the same.
    pub(super) fn is_none(self) -> bool {
        self.0 == 0.0
    }

    pub(super) fn value(self, of_x: f64) -> f64 {
        of_x - self.0
    }

    pub(super) fn mean(self, of_x: Mean) -> Mean {
        Mean { value: self.value(of_x.value), ..of_x }
    }

    pub(super) fn rows(self, of_x: Vec<f64>) -> Vec<f64> {
        of_x.into_iter().map(|density| self.value(density)).collect()
    }

    pub(super) fn terms(self, of_x: RowTerms) -> RowTerms {
        RowTerms { log_likelihood: self.rows(of_x.log_likelihood), ..of_x }
    }

    pub(super) fn summary(self, of_x: Summary) -> Summary {
        Summary { elbo: self.mean(of_x.elbo), log_likelihood: self.mean(of_x.log_likelihood), ..of_x }
    }

    pub(super) fn epoch(self, of_x: EpochReport) -> EpochReport {
        let mut told = of_x;
        let amortised = told.amortised.iter_mut().flat_map(|of| [&mut of.train, &mut of.validation]);
        for summary in [&mut told.train, &mut told.validation].into_iter().chain(amortised) {
            *summary = self.summary(*summary);
        }
        told.objective = told.objective.map(|objective| self.value(objective));
        told
    }

    pub(super) fn ledger(self, mut of_x: GapLedger) -> GapLedger {
        for row in &mut of_x.rows {
            for density in [&mut row.log_evidence, &mut row.per_datum, &mut row.amortised] {
                *density = self.value(*density);
            }
        }
        of_x
    }
}
