//! Which estimator serves which objective, and which z it needs: the one table of both.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    Baseline, DoublyReparameterised, Enumerated, Estimator, ImportanceWeighted, Relaxed, Reparameterised,
    RunningMean, ScoreFunction, StickingTheLanding,
};
use crate::{
    Error, check,
    error::Needs,
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
    /// Checks the numbers of the choice.
    ///
    /// # Errors
    /// Where a temperature is not a finite number > 0, or a decay not in [0, 1).
    pub fn check(self) -> Result<(), Error> {
        match self {
            Self::Relaxed(temperature) => check::positive("the temperature of the relaxation", temperature)?,
            Self::RunningMean(decay) => check::in_range("the decay of the running mean", decay, 0.0..1.0)?,
            _ => return Ok(()),
        };
        Ok(())
    }

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
        self.check()?;
        let gaussian = model.family() == Family::Gaussian;
        let unsuited = |needs| Err(Error::unsuited("the estimator", format_args!("{self:?}"), needs));
        Ok(match (objective, self) {
            (Objective::Noiseless, _) => Arc::new(Noiseless::new(model)?),
            (Objective::ImportanceWeighted, Self::Reparameterised | Self::DoublyReparameterised)
                if !gaussian =>
            {
                return unsuited(Needs::WeightedGaussian);
            }
            (Objective::ImportanceWeighted, Self::Reparameterised) => Arc::new(ImportanceWeighted),
            (Objective::ImportanceWeighted, Self::DoublyReparameterised) => Arc::new(DoublyReparameterised),
            (Objective::ImportanceWeighted, _) => {
                return unsuited(Needs::WeightedReparameterised);
            }
            (Objective::Elbo, Self::DoublyReparameterised) => {
                return unsuited(Needs::WeightedBound);
            }
            (Objective::Elbo, Self::Reparameterised | Self::StickingTheLanding) if !gaussian => {
                return unsuited(Needs::DiscreteEstimator);
            }
            (Objective::Elbo, Self::Relaxed(_)) if gaussian => {
                return unsuited(Needs::RelaxedDiscrete);
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
