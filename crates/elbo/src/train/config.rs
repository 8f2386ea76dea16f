//! How steps are taken.

use std::ops::Bound::{Excluded, Unbounded};

use super::Inference;
use crate::{
    Error,
    check::{self, checked},
    gradient::EstimatorConfig,
    objective::{KlWeight, Objective, elbo::KlForm},
    optimiser::Optimiser,
    schedule::Schedule,
};

checked! {
    /// How steps are taken. The default maximises the ELBO by Adam in joint steps of 1e-3, one sample a row.
    #[derive(Clone, Debug, PartialEq)]
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
        pub estimator: EstimatorConfig,
        /// The form of the ELBO's KL term.
        pub kl: KlForm,
        /// The weight of the KL in what is maximised.
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
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            optimiser: Optimiser::Adam,
            step_size: 1e-3,
            encoder_step_size: 1e-3,
            samples: 1,
            objective: Objective::Elbo,
            estimator: EstimatorConfig::Reparameterised,
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
    /// It fails where a step size, the number of samples, the clipping norm, the prior's width or the steps of ψ are
    /// not > 0, or the weight of the KL is below 0.
    pub fn check(&self) -> Result<(), Error> {
        check::positive("step_size", self.step_size)?;
        check::positive("encoder_step_size", self.encoder_step_size)?;
        check::at_least("samples", self.samples, 1)?;
        self.estimator.check()?;
        self.kl_weight.check()?;
        self.inference.check()?;
        if let Some(sd) = self.prior_sd {
            check::positive("prior_sd", sd)?;
        }
        if let Some(norm) = self.clip_norm {
            check::in_range("clip_norm", norm, (Excluded(0.0), Unbounded))?;
        }
        Ok(())
    }
}
