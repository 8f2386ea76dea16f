//! Which estimator serves which objective, and which z it needs: the one table of both.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    Baseline, DoublyReparameterised, Enumerated, Estimator, ImportanceWeighted, Relaxed, Reparameterised,
    RunningMean, ScoreFunction, StickingTheLanding,
};
use crate::{
    Error,
    guide::{Family, Guide},
    model::Latent,
    objective::{Objective, elbo::KlForm, noiseless::Noiseless},
};

/// A choice of estimator, as a configuration names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// [`Reparameterised`], with the KL in the form asked for; of L_k [`ImportanceWeighted`].
    #[default]
    Reparameterised,
    /// [`StickingTheLanding`].
    StickingTheLanding,
    /// [`DoublyReparameterised`], of L_k alone.
    DoublyReparameterised,
    /// [`ScoreFunction`] with the leave-one-out baseline.
    ScoreFunction,
    /// [`RunningMean`], the score function with the mean over earlier steps as its baseline, of this decay.
    RunningMean(f64),
    /// [`Enumerated`].
    Enumerated,
    /// [`Relaxed`] at this temperature: biased.
    Relaxed(f64),
}

impl Form {
    /// The estimator of this objective's gradient, for this model and guide.
    ///
    /// What the estimator itself knows it is asked: [`Estimator::way`] says whether the fused engine makes it,
    /// [`Estimator::at_cost`] whether the KL may be weighed.
    ///
    /// # Errors
    /// Where it does not suit the objective, or the family of z: only a Gaussian can be reparameterised, only a discrete
    /// one relaxed or enumerated. Where the objective does not suit the model.
    pub fn estimator(
        self,
        objective: Objective,
        kl: KlForm,
        model: &dyn Latent,
        guide: &dyn Guide,
    ) -> Result<Arc<dyn Estimator>, Error> {
        let gaussian = model.family() == Family::Gaussian;
        let unsuited = |rule: &str| Err(Error::invalid("the estimator", format!("{self:?}"), rule));
        Ok(match (objective, self) {
            (Objective::Noiseless, _) => Arc::new(Noiseless::new(model)?),
            (Objective::ImportanceWeighted, Self::Reparameterised | Self::DoublyReparameterised)
                if !gaussian =>
            {
                return unsuited("the importance-weighted bound needs Gaussian latents here");
            }
            (Objective::ImportanceWeighted, Self::Reparameterised) => Arc::new(ImportanceWeighted),
            (Objective::ImportanceWeighted, Self::DoublyReparameterised) => Arc::new(DoublyReparameterised),
            (Objective::ImportanceWeighted, _) => {
                return unsuited(
                    "the importance-weighted bound has two: reparameterised and doubly-reparameterised",
                );
            }
            (Objective::Elbo, Self::DoublyReparameterised) => {
                return unsuited("it is of the importance-weighted bound, not of the ELBO");
            }
            (Objective::Elbo, Self::Reparameterised | Self::StickingTheLanding) if !gaussian => {
                return unsuited(
                    "a discrete latent has no derivative: use the score function, enumeration or relaxation",
                );
            }
            (Objective::Elbo, Self::Relaxed(_)) if gaussian => {
                return unsuited("a Gaussian latent needs no relaxation");
            }
            (Objective::Elbo, Self::Relaxed(t)) if !(t > 0.0 && t.is_finite()) => {
                return unsuited("its temperature must be > 0 and finite");
            }
            (Objective::Elbo, Self::RunningMean(decay)) if !(0.0..1.0).contains(&decay) => {
                return unsuited("its decay must be at least 0 and below 1");
            }
            (Objective::Elbo, Self::Reparameterised) => Arc::new(Reparameterised(kl)),
            (Objective::Elbo, Self::StickingTheLanding) => Arc::new(StickingTheLanding),
            (Objective::Elbo, Self::ScoreFunction) => Arc::new(ScoreFunction(Baseline::LeaveOneOut)),
            (Objective::Elbo, Self::RunningMean(decay)) => Arc::new(RunningMean { decay }),
            (Objective::Elbo, Self::Enumerated) => Arc::new(Enumerated::new(model, guide)?),
            (Objective::Elbo, Self::Relaxed(temperature)) => Arc::new(Relaxed { temperature }),
        })
    }
}
