//! The noiseless limit of the Gaussian auto-encoder (E20): a regularised auto-encoder. It is *not* a bound.
//!
//! As σ_φ → 0, σ²·(−ELBO) → ½‖x − f_θ(μ_φ(x))‖² + (σ²/2)‖μ_φ(x)‖² + const, where the const holds −σ² Σ_j log σ_φ,
//! which diverges and is dropped. What is maximised here is minus the first two terms.

use burn::tensor::Tensor;

use super::elbo::Terms;
use crate::{
    Error,
    error::Needs,
    guide::{Family, Guide},
    model::Latent,
};

/// The noiseless objective of a Gaussian auto-encoder with a fixed σ, and its exact gradient.
#[derive(Clone, Copy, Debug)]
pub struct Noiseless {
    sigma: f64,
}

impl Noiseless {
    /// Makes the objective for this model.
    ///
    /// # Errors
    /// It fails where z is not Gaussian or has two layers, or the likelihood is not Gaussian with a fixed σ: σ² weighs
    /// the two terms, and without the constants of the bound nothing would hold a σ that may change.
    pub fn new(model: &dyn Latent) -> Result<Self, Error> {
        if model.family() != Family::Gaussian {
            return Err(Error::unsuited("the latent", model.family(), Needs::NoiselessGaussian));
        }
        if model.is_hierarchical() {
            return Err(Error::unsuited("the number of layers of z", 2, Needs::NoiselessOneLayer));
        }
        let Some(sigma) = model.likelihood().held_scale() else {
            return Err(Error::unsuited(
                "the likelihood",
                model.likelihood().name(),
                Needs::NoiselessFixedSigma,
            ));
        };
        Ok(Self { sigma })
    }

    /// The two terms of the objective, `[R]` each: −½‖x − f(μ(x))‖² stands in the place of the log-likelihood, and
    /// (σ²/2)‖μ(x)‖² in that of the KL. They are not in nats; their `elbo()` is the objective, of which larger is
    /// better, and no bound.
    pub fn terms(&self, model: &dyn Latent, guide: &dyn Guide, x: &Tensor<2>) -> Terms {
        let mean = guide.posterior(x.clone()).mean();
        let squares = |t: Tensor<2>| t.square().sum_dim(1).squeeze_dim::<1>(1);
        let residual = x.clone() - model.decode(mean.clone());
        Terms {
            log_likelihood: squares(residual).mul_scalar(-0.5),
            kl: squares(mean).mul_scalar(0.5 * self.sigma * self.sigma),
        }
    }
}
