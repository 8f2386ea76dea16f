//! Where the q of each row comes from.

use serde::{Deserialize, Serialize};

use crate::Error;

/// Where the q of each row comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inference {
    /// From one encoder for all rows (E17).
    #[default]
    Amortised,
    /// From a ψ of the row's own (E16), which starts at the encoder's output: of the ELBO of a dense auto-encoder with Gaussian latents, in f32 on the CPU.
    PerDatum {
        /// m, steps of ψ at each visit.
        steps: usize,
        /// The step size of ψ, in Adam's units; it decays as the others do.
        step_size: f64,
    },
}

/// What a guide per datum needs.
const NEEDS: &str = "needs the ELBO of dense layers with one layer of Gaussian latents, reparameterised, in f32 \
                                on the CPU";

impl Inference {
    pub(super) fn check(self) -> Result<(), Error> {
        let Self::PerDatum { steps, step_size } = self else { return Ok(()) };
        if steps == 0 {
            return Err(Error::invalid("the steps of ψ", 0, "must be at least 1"));
        }
        if !(step_size > 0.0 && step_size.is_finite()) {
            return Err(Error::invalid("the step size of ψ", step_size, "must be > 0 and finite"));
        }
        Ok(())
    }
}

/// No trainer whose guide is per-datum is made where this is the error.
pub(super) fn unsuited() -> Error {
    Error::invalid("the guide", "per-datum", NEEDS)
}
