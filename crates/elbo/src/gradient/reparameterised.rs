//! Reparameterised estimators: z = μ_φ(x) + σ_φ(x) ⊙ ε, so that ∇_φ goes inside the expectation (E14).

use std::sync::Arc;

use burn::tensor::Tensor;

use super::{
    Estimator, FusedEstimator,
    choice::{Choice, Chosen, needs_gaussian, needs_gaussian_weights},
    importance_weighted::ImportanceWeighted,
};
use crate::{
    guide::Guide,
    model::Latent,
    objective::{
        KlCost,
        elbo::{KlForm, Terms, elbo},
    },
};

/// The derivative of the ELBO's Monte Carlo estimate itself (Kingma and Welling 2014), in either form of the KL
/// (E7).
#[derive(Clone, Copy, Debug)]
pub struct Reparameterised(pub KlForm);

impl Estimator for Reparameterised {
    fn estimate(
        &self,
        model: &dyn Latent,
        guide: &dyn Guide,
        x: &Tensor<2>,
        noise: &[Tensor<2>],
        _: &[f64],
    ) -> (Terms, Tensor<1>) {
        let terms = elbo(model, guide, x, noise, self.0);
        let surrogate = terms.elbo();
        (terms, surrogate)
    }

    fn way(&self) -> Option<FusedEstimator> {
        Some(FusedEstimator::Reparameterised(self.0))
    }

    /// Free bits need the KL in closed form.
    fn at_cost(&self, cost: KlCost) -> Option<Box<dyn Estimator>> {
        let weighs = self.0 == KlForm::Analytic || cost.free_bits == 0.0;
        if weighs { Some(Box::new(WeightedKl { form: self.0, cost })) } else { None }
    }
}

impl Choice for Reparameterised {
    type Number = ();
    const ABOUT: &'static str = "It goes through the draws of z, and takes Gaussian latents; it serves the importance-weighted bound too";
    const WEIGHS_KL: bool = true;

    fn of_elbo((): (), kl: KlForm, model: &dyn Latent, _: &dyn Guide) -> Chosen {
        needs_gaussian(model)?;
        Ok(Arc::new(Self(kl)))
    }

    fn of_importance_weighted((): (), model: &dyn Latent) -> Chosen {
        needs_gaussian_weights(model)?;
        Ok(Arc::new(ImportanceWeighted))
    }
}

/// The reparameterised estimator with the KL weighed, see [`KlWeight`](crate::objective::KlWeight): the surrogate's
/// value is what is maximised, and not the bound.
#[derive(Clone, Copy, Debug)]
pub struct WeightedKl {
    /// The form of the KL; free bits are of the closed form.
    pub form: KlForm,
    /// What it costs.
    pub cost: KlCost,
}

impl Estimator for WeightedKl {
    fn estimate(
        &self,
        model: &dyn Latent,
        guide: &dyn Guide,
        x: &Tensor<2>,
        noise: &[Tensor<2>],
        _: &[f64],
    ) -> (Terms, Tensor<1>) {
        let terms = elbo(model, guide, x, noise, self.form);
        let KlCost { beta, free_bits } = self.cost;
        let cost = if free_bits > 0.0 {
            let kl = model.kl(&guide.posterior(x.clone()), noise);
            kl.clamp_min(free_bits).sum_dim(1).squeeze_dim(1)
        } else {
            terms.kl.clone()
        };
        let surrogate = terms.log_likelihood.clone() - cost.mul_scalar(beta);
        (terms, surrogate)
    }
}

/// The reparameterised estimator without the score of q (Roeder, Wu, Duvenaud 2017): log q_φ(z|x) is differentiated
/// through z alone.
///
/// The term left out has mean zero. What remains is exactly zero where q is the posterior, whatever the noise.
/// The KL is by Monte Carlo.
#[derive(Clone, Copy, Debug)]
pub struct StickingTheLanding;

impl Estimator for StickingTheLanding {
    fn estimate(
        &self,
        model: &dyn Latent,
        guide: &dyn Guide,
        x: &Tensor<2>,
        noise: &[Tensor<2>],
        _: &[f64],
    ) -> (Terms, Tensor<1>) {
        let samples = noise.len() as f64;
        let q = guide.posterior(x.clone());
        let held = q.detach();
        let term = |e: &Tensor<2>| {
            let z = q.sample(e.clone());
            Terms {
                log_likelihood: model.log_likelihood(x.clone(), z.clone()),
                kl: held.log_density(z.clone()) - model.log_prior(z),
            }
        };
        let add = |a: Terms, b: Terms| Terms {
            log_likelihood: a.log_likelihood + b.log_likelihood,
            kl: a.kl + b.kl,
        };
        let sum = noise.iter().map(term).reduce(add).expect("at least one sample");
        let mean = |sum: Tensor<1>| sum.div_scalar(samples);
        let terms = Terms { log_likelihood: mean(sum.log_likelihood), kl: mean(sum.kl) };
        let surrogate = terms.elbo();
        (terms, surrogate)
    }

    fn way(&self) -> Option<FusedEstimator> {
        Some(FusedEstimator::StickingTheLanding)
    }
}

impl Choice for StickingTheLanding {
    type Number = ();
    const ABOUT: &'static str =
        "It is the same without the score of q: it has no noise where q is the posterior";

    fn of_elbo((): (), _: KlForm, model: &dyn Latent, _: &dyn Guide) -> Chosen {
        needs_gaussian(model)?;
        Ok(Arc::new(Self))
    }
}
