//! Estimators for discrete latents beside the score function: exact enumeration, and the biased relaxation.

use burn::tensor::{Tensor, TensorData};

use super::Estimator;
use crate::{
    Error,
    model::Vae,
    objective::elbo::{KlForm, Terms, elbo},
};

/// The exact ELBO and its exact gradient: Σ_z q(z|x) [log p(x, z) − log q(z|x)] over all states of z.
#[derive(Clone, Debug)]
pub struct Enumerated {
    states: Vec<Vec<f32>>,
}

/// States of z that a row may have: each is a pass through the decoder.
const STATES: usize = 1024;

impl Enumerated {
    /// The estimator for this auto-encoder.
    ///
    /// # Errors
    /// Where z is not discrete, or has more than 1,024 states.
    pub fn new(vae: &Vae) -> Result<Self, Error> {
        match vae.model.family().states(vae.latent(), STATES) {
            Some(states) => Ok(Self { states }),
            None => Err(Error::invalid(
                "the latent",
                format!("{:?} of {} variables", vae.model.family(), vae.latent()),
                "enumeration needs a discrete one of at most 1024 states",
            )),
        }
    }
}

impl Estimator for Enumerated {
    fn estimate(&self, vae: &Vae, x: &Tensor<2>, _noise: &[Tensor<2>]) -> (Terms, Tensor<1>) {
        let q = vae.guide.posterior(x.clone());
        let rows = x.dims()[0];
        let mut log_likelihood = Tensor::zeros([rows], (&x.device(), x.dtype()));
        let mut kl = log_likelihood.clone();
        for state in &self.states {
            let width = state.len();
            let z = TensorData::new(state.repeat(rows), [rows, width]);
            let z = Tensor::from_data(z, (&x.device(), x.dtype()));
            let log_q = q.log_density(z.clone());
            let probability = log_q.clone().exp();
            let likelihood = vae.model.log_likelihood(x.clone(), z.clone());
            log_likelihood = log_likelihood + probability.clone() * likelihood;
            kl = kl + probability * (log_q - vae.model.log_prior(z));
        }
        let terms = Terms { log_likelihood, kl };
        let surrogate = terms.elbo();
        (terms, surrogate)
    }
}

/// The derivative of log p(x|z̃) − KL(q‖p) at relaxed draws z̃ (Gumbel-softmax; Jang, Gu, Poole 2017). *Biased*: z̃ is
/// not a draw from q. The terms told are those of true draws, so they are those of the bound.
#[derive(Clone, Copy, Debug)]
pub struct Relaxed {
    /// The temperature, > 0: lower is less biased and noisier.
    pub temperature: f64,
}

impl Estimator for Relaxed {
    fn estimate(&self, vae: &Vae, x: &Tensor<2>, noise: &[Tensor<2>]) -> (Terms, Tensor<1>) {
        let q = vae.guide.posterior(x.clone());
        let relaxed = noise.iter().map(|e| {
            let z = q.relaxed(e.clone(), self.temperature);
            vae.model.log_likelihood(x.clone(), z)
        });
        let sum = relaxed.reduce(|a, b| a + b).expect("at least one sample");
        let terms = elbo(vae, x, noise, KlForm::Analytic);
        let surrogate = sum.div_scalar(noise.len() as f64) - terms.kl.clone();
        (terms, surrogate)
    }
}
