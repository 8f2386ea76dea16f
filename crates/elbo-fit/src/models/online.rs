//! Minibatches before the sweeps, for many rows or documents.

use elbo::{
    Error as Fault,
    mean_field::{RobbinsMonro, Stochastic},
    random::Key,
};
use serde::{Deserialize, Serialize};

use crate::observer::{Observer, ObserverExt};

/// Natural-gradient steps from minibatches before the sweeps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Online {
    /// Rows or documents of a minibatch.
    pub batch: usize,
    /// Passes in minibatches.
    pub epochs: u32,
    /// The step sizes.
    pub schedule: RobbinsMonro,
}

impl Default for Online {
    /// For rows; documents are larger, and their minibatches smaller.
    fn default() -> Self {
        Self { batch: 10_000, epochs: 5, schedule: RobbinsMonro::default() }
    }
}

impl Online {
    /// Takes a fit through an epoch, by its number from 0, after those before it.
    pub(crate) fn epoch(
        &self,
        fit: &mut impl Stochastic,
        key: Key,
        start: usize,
        epoch: usize,
        observer: &dyn Observer,
    ) -> Result<(), Fault> {
        let Self { batch, epochs, schedule } = self;
        let mut steps = (epoch * fit.rows().div_ceil((*batch).max(1))) as u64;
        fit.epoch(*batch, schedule, key, epoch as u64, &mut steps)?;
        let text = format!("epoch {} of {epochs} of start {}: {steps} steps", epoch + 1, start + 1);
        observer.say("online", text);
        Ok(())
    }
}
