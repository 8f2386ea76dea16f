//! Where the q of each row comes from.

use serde::{Deserialize, Serialize};

use crate::{Error, check, error::Needs};

/// Where the q of each row comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inference {
    /// The q of a row comes from one encoder for all rows (E17).
    #[default]
    Amortised,
    /// The q of a row comes from a ψ of its own (E16), which starts at the encoder's output. It serves the ELBO of a
    /// dense auto-encoder with Gaussian latents, in f32 on the CPU.
    PerDatum {
        /// The number m of steps of ψ at each visit.
        steps: usize,
        /// The step size of ψ, in Adam's units; it decays as the others do.
        step_size: f64,
    },
}

impl Inference {
    pub(super) fn check(self) -> Result<(), Error> {
        let Self::PerDatum { steps, step_size } = self else { return Ok(()) };
        check::at_least("the steps of ψ", steps, 1)?;
        check::positive("the step size of ψ", step_size).map(drop)
    }
}

/// No trainer whose guide is per-datum is made where this is the error.
pub(super) fn unsuited() -> Error {
    Error::unsuited("the guide", "per-datum", Needs::FusedElbo)
}
