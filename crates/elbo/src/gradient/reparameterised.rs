//! Reparameterised estimators: z = μ_φ(x) + σ_φ(x) ⊙ ε, so that ∇_φ goes inside the expectation (E14).

use burn::tensor::{Tensor, activation};

use super::Estimator;
use crate::{
    model::Vae,
    objective::{
        elbo::{KlForm, Terms, elbo},
        importance_weighted::{importance_weighted, weigh, weighted_terms},
    },
};

/// The derivative of the ELBO's Monte Carlo estimate itself (Kingma and Welling 2014), in either form of the KL
/// (E7).
#[derive(Clone, Copy, Debug)]
pub struct Reparameterised(pub KlForm);

impl Estimator for Reparameterised {
    fn estimate(&self, vae: &Vae, x: &Tensor<2>, noise: &[Tensor<2>]) -> (Terms, Tensor<1>) {
        let terms = elbo(vae, x, noise, self.0);
        let surrogate = terms.elbo();
        (terms, surrogate)
    }
}

/// The same with the KL weighed, see [`KlWeight`](crate::objective::KlWeight): the surrogate's value is what is
/// maximised, not the bound.
#[derive(Clone, Copy, Debug)]
pub struct WeightedKl {
    /// The form of the KL; free bits are of the closed form.
    pub form: KlForm,
    /// β.
    pub beta: f64,
    /// λ, nats of each latent variable that cost nothing.
    pub free_bits: f64,
}

impl Estimator for WeightedKl {
    fn estimate(&self, vae: &Vae, x: &Tensor<2>, noise: &[Tensor<2>]) -> (Terms, Tensor<1>) {
        let terms = elbo(vae, x, noise, self.form);
        let cost = if self.free_bits > 0.0 {
            let kl = vae.kl(&vae.guide.posterior(x.clone()), noise);
            kl.clamp_min(self.free_bits).sum_dim(1).squeeze_dim(1)
        } else {
            terms.kl.clone()
        };
        let surrogate = terms.log_likelihood.clone() - cost.mul_scalar(self.beta);
        (terms, surrogate)
    }
}

/// The same without the score of q (Roeder, Wu, Duvenaud 2017): log q_φ(z|x) is differentiated through z alone.
///
/// The term left out has mean zero. What remains is exactly zero where q is the posterior, whatever the noise.
/// The KL is by Monte Carlo.
#[derive(Clone, Copy, Debug)]
pub struct StickingTheLanding;

impl Estimator for StickingTheLanding {
    fn estimate(&self, vae: &Vae, x: &Tensor<2>, noise: &[Tensor<2>]) -> (Terms, Tensor<1>) {
        let samples = noise.len() as f64;
        let q = vae.guide.posterior(x.clone());
        let held = q.detach();
        let mut log_likelihood = None;
        let mut kl = None;
        for e in noise {
            let z = q.sample(e.clone());
            add(&mut log_likelihood, vae.model.log_likelihood(x.clone(), z.clone()));
            add(&mut kl, held.log_density(z.clone()) - vae.model.log_prior(z));
        }
        let mean = |sum: Option<Tensor<1>>| sum.expect("at least one sample").div_scalar(samples);
        let terms = Terms { log_likelihood: mean(log_likelihood), kl: mean(kl) };
        let surrogate = terms.elbo();
        (terms, surrogate)
    }
}

/// The derivative of the importance-weighted bound's estimate itself (Burda et al. 2015): Σ_i w̃_i ∇ log w_i.
#[derive(Clone, Copy, Debug)]
pub struct ImportanceWeighted;

impl Estimator for ImportanceWeighted {
    fn estimate(&self, vae: &Vae, x: &Tensor<2>, noise: &[Tensor<2>]) -> (Terms, Tensor<1>) {
        let (log_weights, log_likelihood) = weigh(vae, x, noise);
        let terms = weighted_terms(log_weights.clone().detach(), log_likelihood.detach());
        (terms, importance_weighted(log_weights))
    }
}

/// The doubly reparameterised gradient of the importance-weighted bound (Tucker et al. 2019).
///
/// θ: Σ_i w̃_i ∂ log w_i/∂θ; φ: Σ_i w̃_i² (∂ log w_i/∂z_i) (∂z_i/∂φ), with the self-normalised weights w̃. Unlike
/// the plain one its signal-to-noise ratio for φ does not vanish as k grows.
#[derive(Clone, Copy, Debug)]
pub struct DoublyReparameterised;

impl Estimator for DoublyReparameterised {
    fn estimate(&self, vae: &Vae, x: &Tensor<2>, noise: &[Tensor<2>]) -> (Terms, Tensor<1>) {
        let (log_weights, log_likelihood) = weigh(vae, x, noise);
        let (log_weights, log_likelihood) = (log_weights.detach(), log_likelihood.detach());
        let weights = activation::softmax(log_weights.clone(), 0);
        let q = vae.guide.posterior(x.clone());
        let held = q.detach();
        let mut surrogate = None;
        for (i, e) in noise.iter().enumerate() {
            let w = weights.clone().narrow(0, i, 1).squeeze_dim::<1>(0);
            let z = q.sample(e.clone());
            // z itself, but with its derivative times w̃: with the factor w̃ outside that makes w̃² for φ.
            let scaled = w.clone().unsqueeze_dim::<2>(1) * (z.clone() - z.clone().detach()) + z.detach();
            let log_joint =
                vae.model.log_likelihood(x.clone(), scaled.clone()) + vae.model.log_prior(scaled.clone());
            add(&mut surrogate, w * (log_joint - held.log_density(scaled)));
        }
        (weighted_terms(log_weights, log_likelihood), surrogate.expect("at least one sample"))
    }
}

fn add(sum: &mut Option<Tensor<1>>, term: Tensor<1>) {
    *sum = Some(match sum.take() {
        Some(sum) => sum + term,
        None => term,
    });
}
