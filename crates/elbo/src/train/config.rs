//! How steps are taken.

use serde::{Deserialize, Serialize};

use super::Inference;
use crate::{
    Error,
    gradient::Form,
    objective::{KlWeight, Objective, elbo::KlForm},
    optimiser::Optimiser,
    schedule::Schedule,
};

/// How steps are taken. The default maximises the ELBO by Adam in joint steps of 1e-3, one sample a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainConfig {
    /// The rule of ascent, for θ and φ each with a state of its own.
    pub optimiser: Optimiser,
    /// α′, the step size of θ.
    pub step_size: f64,
    /// α, the step size of φ.
    pub encoder_step_size: f64,
    /// L, Monte Carlo samples a row; k of the importance-weighted bound.
    pub samples: usize,
    /// What is maximised.
    #[serde(default)]
    pub objective: Objective,
    /// How its gradient is estimated.
    #[serde(default)]
    pub estimator: Form,
    /// The form of the ELBO's KL term.
    pub kl: KlForm,
    /// Its weight in what is maximised.
    #[serde(default)]
    pub kl_weight: KlWeight,
    /// Whether each row has a guide of its own.
    #[serde(default)]
    pub inference: Inference,
    /// Which block moves when.
    pub schedule: Schedule,
    /// The standard deviation of a prior N(0, s²) on every parameter of θ: log p(θ) joins the bound as a global term,
    /// counted once and not N/B times. θ is a point all the same, so log p(x|θ) is what the rows' bound bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior_sd: Option<f64>,
    /// The gradient of the bound per datum, over the blocks that move, is shortened to this norm where it is
    /// longer.
    pub clip_norm: Option<f64>,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            optimiser: Optimiser::Adam,
            step_size: 1e-3,
            encoder_step_size: 1e-3,
            samples: 1,
            objective: Objective::Elbo,
            estimator: Form::Reparameterised,
            kl: KlForm::Analytic,
            kl_weight: KlWeight::default(),
            inference: Inference::Amortised,
            schedule: Schedule::Joint,
            prior_sd: None,
            clip_norm: None,
        }
    }
}

impl TrainConfig {
    /// Checks every number that does not depend on the model.
    ///
    /// # Errors
    /// Where a step size, the number of samples, the clipping norm, the prior's width or the steps of ψ are not > 0, or
    /// the weight of the KL is below 0.
    pub fn check(&self) -> Result<(), Error> {
        for (what, size) in [("step_size", self.step_size), ("encoder_step_size", self.encoder_step_size)] {
            if !(size > 0.0 && size.is_finite()) {
                return Err(Error::invalid(what, size, "must be > 0 and finite"));
            }
        }
        if self.samples == 0 {
            return Err(Error::invalid("samples", 0, "must be at least 1"));
        }
        self.kl_weight.check()?;
        self.inference.check()?;
        if let Some(sd) = self.prior_sd
            && !(sd > 0.0 && sd.is_finite())
        {
            return Err(Error::invalid("prior_sd", sd, "must be > 0 and finite"));
        }
        if let Some(norm) = self.clip_norm
            && (norm <= 0.0 || norm.is_nan())
        {
            return Err(Error::invalid("clip_norm", norm, "must be > 0"));
        }
        Ok(())
    }
}
