//! What an estimator says of itself, so that it can be chosen by its name.

use std::sync::Arc;

use super::Estimator;
use crate::{
    Error,
    error::Needs,
    guide::{Family, Guide},
    model::Latent,
    objective::{Objective, elbo::KlForm, noiseless::Noiseless},
};

/// An estimator, or that it suits something not.
pub(super) type Chosen = Result<Arc<dyn Estimator>, Refusal>;

/// Why there is no estimator.
pub(super) enum Refusal {
    /// What the choice needs.
    Needs(Needs),
    /// What else is wrong.
    Fault(Error),
}

impl From<Needs> for Refusal {
    fn from(needs: Needs) -> Self {
        Self::Needs(needs)
    }
}

impl From<Error> for Refusal {
    fn from(fault: Error) -> Self {
        Self::Fault(fault)
    }
}

/// An estimator that can be chosen: a line of [`EstimatorConfig`](super::EstimatorConfig).
pub(super) trait Choice: Estimator + Sized {
    /// What is given beside its name: nothing, or a number.
    type Number;

    /// What it is, and for which z.
    const ABOUT: &'static str;

    /// Samples of z a row and step, where none are asked for.
    const SAMPLES: usize = 1;

    /// Whether its mean is the gradient.
    const UNBIASED: bool = true;

    /// Whether it may be asked for the KL at another cost, see [`Estimator::at_cost`].
    const WEIGHS_KL: bool = false;

    /// Checks its number.
    fn check(_: Self::Number) -> Result<(), Error> {
        Ok(())
    }

    /// The estimator of the ELBO's gradient, for this model and guide.
    fn of_elbo(number: Self::Number, kl: KlForm, model: &dyn Latent, guide: &dyn Guide) -> Chosen;

    /// That of L_k's.
    fn of_importance_weighted(_: Self::Number, _: &dyn Latent) -> Chosen {
        Err(Needs::WeightedReparameterised.into())
    }

    /// That of an objective's.
    fn of(
        number: Self::Number,
        (objective, kl): (Objective, KlForm),
        model: &dyn Latent,
        guide: &dyn Guide,
    ) -> Chosen {
        match objective {
            Objective::Elbo => Self::of_elbo(number, kl, model, guide),
            Objective::ImportanceWeighted => Self::of_importance_weighted(number, model),
            // Its gradient is exact.
            Objective::Noiseless => Ok(Arc::new(Noiseless::new(model)?)),
        }
    }
}

/// Refuses a z that has no derivative.
pub(super) fn needs_gaussian(model: &dyn Latent) -> Result<(), Refusal> {
    if model.family() == Family::Gaussian {
        return Ok(());
    }
    Err(Needs::DiscreteEstimator.into())
}

/// The same of L_k, of which there is no other estimator.
pub(super) fn needs_gaussian_weights(model: &dyn Latent) -> Result<(), Refusal> {
    if model.family() == Family::Gaussian { Ok(()) } else { Err(Needs::WeightedGaussian.into()) }
}
