//! Exact enumeration of a discrete z with few states.

use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};

use super::{
    Estimator,
    choice::{Choice, Chosen},
};
use crate::{
    Error,
    error::Needs,
    guide::Guide,
    model::Latent,
    objective::elbo::{KlForm, Terms},
};

/// The exact ELBO and its exact gradient: Σ_z q(z|x) [log p(x, z) − log q(z|x)] over all states of z.
#[derive(Clone, Debug)]
pub struct Enumerated {
    states: Vec<Vec<f32>>,
}

/// States of z that a row may have: each is a pass through the decoder.
const STATES: usize = 1024;

impl Enumerated {
    /// The estimator for this model and guide.
    ///
    /// # Errors
    /// It fails where z is not discrete, or has more than 1,024 states.
    pub fn new(model: &dyn Latent, guide: &dyn Guide) -> Result<Self, Error> {
        let Some(states) = model.family().states(guide.latent(), STATES) else {
            let z = format_args!("{} of {} variables", model.family(), guide.latent());
            return Err(Error::unsuited("the latent", z, Needs::FewStates));
        };
        Ok(Self { states })
    }
}

impl Estimator for Enumerated {
    fn estimate(
        &self,
        model: &dyn Latent,
        guide: &dyn Guide,
        x: &Tensor<2>,
        _: &[Tensor<2>],
        _: &[f64],
    ) -> (Terms, Tensor<1>) {
        let q = guide.posterior(x.clone());
        let rows = x.dims()[0];
        let mut log_likelihood = Tensor::zeros([rows], (&x.device(), x.dtype()));
        let mut kl = log_likelihood.clone();
        for state in &self.states {
            let width = state.len();
            let z = TensorData::new(state.repeat(rows), [rows, width]);
            let z = Tensor::from_data(z, (&x.device(), x.dtype()));
            let log_q = q.log_density(z.clone());
            let probability = log_q.clone().exp();
            let likelihood = model.log_likelihood(x.clone(), z.clone());
            log_likelihood = log_likelihood + probability.clone() * likelihood;
            kl = kl + probability * (log_q - model.log_prior(z));
        }
        let terms = Terms { log_likelihood, kl };
        let surrogate = terms.elbo();
        (terms, surrogate)
    }
}

impl Choice for Enumerated {
    type Number = ();
    const ABOUT: &'static str = "It is exact, and takes discrete latents with few states";

    fn of_elbo((): (), _: KlForm, model: &dyn Latent, guide: &dyn Guide) -> Chosen {
        Ok(Arc::new(Self::new(model, guide)?))
    }
}
