//! Minibatches before the sweeps, for many rows or documents.

use clap::Args;
use elbo::{
    Error as Fault,
    mean_field::{RobbinsMonro, Stochastic},
    random::Key,
};
use serde::{Deserialize, Serialize};

use crate::{
    arguments::{parse_count, parse_weight},
    tell,
};

#[derive(Args, Debug)]
pub(super) struct Minibatches {
    /// Natural-gradient steps from minibatches before the sweeps, where there are many rows or documents.
    #[arg(long, help_heading = "Ascent")]
    online: bool,
    /// Rows or documents of a minibatch. Without it: 10000 rows, 256 documents.
    #[arg(long, value_name = "B", value_parser = parse_count::<usize>, requires = "online", help_heading = "Ascent")]
    batch: Option<usize>,
    /// Passes in minibatches.
    #[arg(long, value_name = "E", default_value = "5", value_parser = parse_count::<u32>, requires = "online",
          help_heading = "Ascent")]
    epochs: u32,
    /// τ of the step sizes (t + τ)^(−κ), which holds the first back.
    #[arg(long, value_name = "TAU", default_value = "10", value_parser = parse_weight, requires = "online",
          allow_negative_numbers = true, help_heading = "Ascent")]
    delay: f64,
    /// κ of the step sizes, above 0.5 and at most 1.
    #[arg(long, value_name = "KAPPA", default_value = "0.7", value_parser = parse_forgetting, requires = "online",
          allow_negative_numbers = true, help_heading = "Ascent")]
    forgetting: f64,
}

impl Minibatches {
    /// What was asked for, in minibatches of `batch` where that was left open.
    pub(super) fn online(&self, batch: usize) -> Option<Online> {
        let schedule = RobbinsMonro { delay: self.delay, forgetting: self.forgetting };
        let batch = self.batch.unwrap_or(batch);
        self.online.then_some(Online { batch, epochs: self.epochs, schedule })
    }
}

fn parse_forgetting(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|&rate| rate > 0.5 && rate <= 1.0);
    rate.ok_or_else(|| "give a number above 0.5 and at most 1".into())
}

/// Steps before the sweeps.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Online {
    batch: usize,
    epochs: u32,
    schedule: RobbinsMonro,
}

impl Online {
    /// Takes a fit through all epochs.
    pub(super) fn run(&self, fit: &mut impl Stochastic, key: Key, start: usize) -> Result<(), Fault> {
        let Self { batch, epochs, schedule } = self;
        let mut steps = 0;
        for epoch in 0..*epochs {
            fit.epoch(*batch, schedule, key, epoch.into(), &mut steps)?;
            tell(format!(
                "online      epoch {} of {epochs} of start {}: {steps} steps",
                epoch + 1,
                start + 1
            ));
        }
        Ok(())
    }
}
