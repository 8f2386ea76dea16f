//! Relaxed draws of a discrete z: a biased estimator.

use std::sync::Arc;

use burn::tensor::Tensor;

use super::{
    Estimator,
    choice::{Choice, Chosen},
};
use crate::{
    Error, check,
    error::Needs,
    guide::{Family, Guide},
    model::Latent,
    objective::elbo::{KlForm, Terms, elbo},
};

/// The derivative of log p(x|z̃) − KL(q‖p) at relaxed draws z̃ (Gumbel-softmax; Jang, Gu, Poole 2017). *Biased*: z̃ is
/// not a draw from q. The terms told are those of true draws, so they are those of the bound.
#[derive(Clone, Copy, Debug)]
pub struct Relaxed {
    /// The temperature, > 0: lower is less biased and noisier.
    pub temperature: f64,
}

impl Estimator for Relaxed {
    fn estimate(
        &self,
        model: &dyn Latent,
        guide: &dyn Guide,
        x: &Tensor<2>,
        noise: &[Tensor<2>],
        _: &[f64],
    ) -> (Terms, Tensor<1>) {
        let posterior = guide.posterior(x.clone());
        let relaxed = noise.iter().map(|e| {
            let z = posterior.relaxed(e.clone(), self.temperature);
            model.log_likelihood(x.clone(), z)
        });
        let sum = relaxed.reduce(|a, b| a + b).expect("at least one sample");
        let terms = elbo(model, guide, x, noise, KlForm::Analytic);
        let surrogate = sum.div_scalar(noise.len() as f64) - terms.kl.clone();
        (terms, surrogate)
    }
}

impl Choice for Relaxed {
    type Number = f64;
    const ABOUT: &'static str =
        "Discrete latents are relaxed at this temperature, which makes the estimate biased";
    const UNBIASED: bool = false;

    fn check(temperature: f64) -> Result<(), Error> {
        check::positive("the temperature of the relaxation", temperature).map(drop)
    }

    fn of_elbo(temperature: f64, _: KlForm, model: &dyn Latent, _: &dyn Guide) -> Chosen {
        if model.family() == Family::Gaussian {
            return Err(Needs::RelaxedDiscrete.into());
        }
        Ok(Arc::new(Self { temperature }))
    }
}
