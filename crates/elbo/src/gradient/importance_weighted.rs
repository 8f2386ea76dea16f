//! Estimators of the gradient of the importance-weighted bound (E22).

use std::sync::Arc;

use burn::tensor::{Tensor, activation};

use super::{
    Estimator, FusedEstimator,
    choice::{Choice, Chosen, needs_gaussian_weights},
};
use crate::{
    error::Needs,
    guide::Guide,
    model::Latent,
    objective::{
        elbo::{KlForm, Terms},
        importance_weighted::{importance_weighted, weigh, weighted_terms},
    },
};

/// The derivative of the importance-weighted bound's estimate itself (Burda et al. 2015): Σ_i w̃_i ∇ log w_i.
#[derive(Clone, Copy, Debug)]
pub struct ImportanceWeighted;

impl Estimator for ImportanceWeighted {
    fn estimate(
        &self,
        model: &dyn Latent,
        guide: &dyn Guide,
        x: &Tensor<2>,
        noise: &[Tensor<2>],
        _: &[f64],
    ) -> (Terms, Tensor<1>) {
        let (log_weights, log_likelihood) = weigh(model, guide, x, noise);
        let terms = weighted_terms(log_weights.clone().detach(), log_likelihood.detach());
        (terms, importance_weighted(log_weights))
    }

    fn way(&self) -> Option<FusedEstimator> {
        Some(FusedEstimator::ImportanceWeighted)
    }
}

/// The doubly reparameterised gradient of the importance-weighted bound (Tucker et al. 2019).
///
/// θ: Σ_i w̃_i ∂ log w_i/∂θ; φ: Σ_i w̃_i² (∂ log w_i/∂z_i) (∂z_i/∂φ), with the self-normalised weights w̃. Unlike
/// the plain one its signal-to-noise ratio for φ does not vanish as k grows.
#[derive(Clone, Copy, Debug)]
pub struct DoublyReparameterised;

impl Estimator for DoublyReparameterised {
    fn estimate(
        &self,
        model: &dyn Latent,
        guide: &dyn Guide,
        x: &Tensor<2>,
        noise: &[Tensor<2>],
        _: &[f64],
    ) -> (Terms, Tensor<1>) {
        let (log_weights, log_likelihood) = weigh(model, guide, x, noise);
        let (log_weights, log_likelihood) = (log_weights.detach(), log_likelihood.detach());
        let weights = activation::softmax(log_weights.clone(), 0);
        let posterior = guide.posterior(x.clone());
        let held = posterior.detach();
        let surrogates = noise.iter().enumerate().map(|(i, e)| {
            let w = weights.clone().narrow(0, i, 1).squeeze_dim::<1>(0);
            let z = posterior.sample(e.clone());
            // z itself, but with its derivative times w̃: with the factor w̃ outside that makes w̃² for φ.
            let scaled = w.clone().unsqueeze_dim::<2>(1) * (z.clone() - z.clone().detach()) + z.detach();
            let log_joint = model.log_likelihood(x.clone(), scaled.clone()) + model.log_prior(scaled.clone());
            w * (log_joint - held.log_density(scaled))
        });
        let surrogate = surrogates.reduce(|a, b| a + b).expect("at least one sample");
        (weighted_terms(log_weights, log_likelihood), surrogate)
    }

    fn way(&self) -> Option<FusedEstimator> {
        Some(FusedEstimator::DoublyReparameterised)
    }
}

impl Choice for DoublyReparameterised {
    type Number = ();
    const ABOUT: &'static str = "It is of the importance-weighted bound, and takes Gaussian latents: its signal lasts as the samples grow";

    fn of_elbo((): (), _: KlForm, _: &dyn Latent, _: &dyn Guide) -> Chosen {
        Err(Needs::WeightedBound.into())
    }

    fn of_importance_weighted((): (), model: &dyn Latent) -> Chosen {
        needs_gaussian_weights(model)?;
        Ok(Arc::new(Self))
    }
}
