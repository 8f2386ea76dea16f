//! The networks and the likelihood of an auto-encoder: ours, or one's own.

use std::{fmt::Debug, sync::Arc};

use elbo::{
    burn::tensor::Device,
    guide::{self, Amortised},
    likelihood::{Likelihood, LikelihoodConfig},
    model::{self, Generative, Latent, Vae, VaeConfig},
    parameters::BurnModule,
    random::Key,
};

/// The modules of some networks.
pub type Built<N> = model::AutoEncoder<<N as Networks>::Model, <N as Networks>::Guide>;

/// What is fitted: a generative model and a guide, each a module of Burn. One's own are chosen for, scaled for, fitted,
/// watched, resumed, evaluated, audited and judged as ours are.
pub trait Networks: Debug {
    /// p_θ(x, z).
    type Model: BurnModule + Latent + 'static;

    /// q_φ(z|x).
    type Guide: BurnModule + guide::Guide + 'static;

    /// The name by which a run folder knows whose networks it holds; ours have none.
    fn name(&self) -> Option<&str>;

    /// p(x|z), where `chosen` is what was asked for, or chosen by the data.
    fn likelihood(&self, chosen: &LikelihoodConfig) -> Arc<dyn Likelihood> {
        chosen.likelihood()
    }

    /// The networks for rows of `width` columns at random weights that `seed` draws. Of the shape that was asked for they
    /// may take what they like.
    ///
    /// # Errors
    /// It fails where there are no such networks.
    fn build(
        &self,
        shape: &VaeConfig,
        width: usize,
        seed: Key,
        device: &Device,
    ) -> Result<Built<Self>, elbo::Error>;
}

/// Our networks with our likelihoods.
#[derive(Clone, Copy, Debug)]
pub struct StandardNetworks;

impl Networks for StandardNetworks {
    type Model = Generative;
    type Guide = Amortised;

    fn name(&self) -> Option<&str> {
        None
    }

    fn build(&self, shape: &VaeConfig, width: usize, seed: Key, device: &Device) -> Result<Vae, elbo::Error> {
        Vae::new(shape, width, seed, device)
    }
}

/// Our networks with a likelihood of one's own.
#[derive(Clone, Debug)]
pub struct OwnLikelihood(pub Arc<dyn Likelihood>);

impl Networks for OwnLikelihood {
    type Model = Generative;
    type Guide = Amortised;

    fn name(&self) -> Option<&str> {
        Some(self.0.name())
    }

    fn likelihood(&self, _: &LikelihoodConfig) -> Arc<dyn Likelihood> {
        Arc::clone(&self.0)
    }

    fn build(&self, shape: &VaeConfig, width: usize, seed: Key, device: &Device) -> Result<Vae, elbo::Error> {
        Vae::with_likelihood(shape, Arc::clone(&self.0), width, seed, device)
    }
}
