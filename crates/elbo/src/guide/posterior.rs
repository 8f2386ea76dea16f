//! q(z|x) of some rows, whatever its [`Family`].

use burn::tensor::{Tensor, activation};

use super::{Family, Hierarchical};
use crate::{
    distribution::{bernoulli, gaussian::Diagonal},
    divergence::diagonal_to_standard,
};

/// q(z|x) of R rows.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "tensors are handles, and one is made for a whole batch")]
pub enum Posterior {
    /// q is N(μ, diag σ²).
    Gaussian(Diagonal),
    /// q is given by logits, `[R, K]`.
    Bernoulli(Tensor<2>),
    /// q is given by normalised log-probabilities, `[R, K, C]`.
    Categorical(Tensor<3>),
    /// q is two layers of Gaussians.
    Hierarchical(Hierarchical),
}

impl Posterior {
    /// Makes the distribution from a network's output, `[R, O]`, of [`Family::outputs`] numbers a row. For a Gaussian
    /// they are its halves, see [`Diagonal::of_head`]; for a Bernoulli z logits; for a categorical z the logits whose
    /// softmax is taken over each variable's classes.
    pub fn of_head(family: Family, output: Tensor<2>) -> Self {
        match family {
            Family::Gaussian => Self::Gaussian(Diagonal::of_head(output)),
            Family::Bernoulli => Self::Bernoulli(output),
            Family::Categorical(classes) => {
                let [rows, outputs] = output.dims();
                let output = output.reshape([rows, outputs / classes, classes]);
                Self::Categorical(activation::log_softmax(output, 2))
            }
        }
    }

    /// A draw of z, `[R, Z]`, from the family's noise; differentiable for the Gaussian alone.
    pub fn sample(&self, noise: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Gaussian(q) => q.sample(noise),
            Self::Bernoulli(logits) => half_sign(logits.clone() + noise),
            Self::Categorical(log_p) => {
                let perturbed = log_p.clone() + noise.reshape(log_p.dims());
                let chosen = (perturbed.clone() - perturbed.max_dim(2)).sign().add_scalar(1.0);
                chosen.flatten(1, 2)
            }
            Self::Hierarchical(q) => q.sample(noise),
        }
    }

    /// A relaxed draw, differentiable, between the states: the Gumbel-softmax or concrete distribution at a
    /// temperature > 0, which tends to [`Self::sample`] as that falls. It is *not* a draw from q, and what is
    /// estimated from it is biased. The Gaussian needs no relaxation.
    pub fn relaxed(&self, noise: Tensor<2>, temperature: f64) -> Tensor<2> {
        match self {
            Self::Gaussian(q) => q.sample(noise),
            Self::Bernoulli(logits) => activation::sigmoid((logits.clone() + noise).div_scalar(temperature)),
            Self::Categorical(log_p) => {
                let perturbed = (log_p.clone() + noise.reshape(log_p.dims())).div_scalar(temperature);
                activation::softmax(perturbed, 2).flatten(1, 2)
            }
            Self::Hierarchical(q) => q.sample(noise),
        }
    }

    /// log q(z|x), `[R, Z]` to `[R]`, in nats.
    pub fn log_density(&self, z: Tensor<2>) -> Tensor<1> {
        match self {
            Self::Gaussian(q) => q.log_density(z),
            Self::Bernoulli(logits) => bernoulli::log_likelihood(z, logits.clone()),
            Self::Categorical(log_p) => (log_p.clone().flatten::<2>(1, 2) * z).sum_dim(1).squeeze_dim(1),
            Self::Hierarchical(q) => q.log_density(z),
        }
    }

    /// log q at the draw `z` that `noise` gave; for the Gaussian exact also for tiny σ.
    pub fn log_density_of_draw(&self, noise: Tensor<2>, z: Tensor<2>) -> Tensor<1> {
        match self {
            Self::Gaussian(q) => q.log_density_at_noise(noise),
            Self::Hierarchical(q) => q.log_density_of_draw(noise, z),
            other => other.log_density(z),
        }
    }

    /// KL(q(z_j|x) ‖ p(z_j)) of each row and variable, `[R, K]`, in nats, in closed form. None for two layers, which
    /// have none: see [`Latent::kl`](crate::model::Latent::kl).
    pub fn kl(&self) -> Option<Tensor<2>> {
        Some(match self {
            Self::Gaussian(q) => diagonal_to_standard(q),
            Self::Bernoulli(logits) => {
                // log 2 − H(q), H = log(1 + e^−a) + a S(−a), a = |ℓ|.
                let a = logits.clone().abs();
                let entropy = a.clone().neg().exp().log1p() + a.clone() * activation::sigmoid(a.neg());
                entropy.neg().add_scalar(std::f64::consts::LN_2)
            }
            Self::Categorical(log_p) => {
                let classes = log_p.dims()[2] as f64;
                let terms = log_p.clone().exp() * log_p.clone().add_scalar(classes.ln());
                terms.sum_dim(2).squeeze_dim(2)
            }
            Self::Hierarchical(_) => return None,
        })
    }

    /// The mean of z under q, `[R, Z]`; of two layers that of z₁, then that of z₂ given z₁ = E[z₁|x].
    pub fn mean(&self) -> Tensor<2> {
        match self {
            Self::Gaussian(q) => q.mean.clone(),
            Self::Bernoulli(logits) => activation::sigmoid(logits.clone()),
            Self::Categorical(log_p) => log_p.clone().exp().flatten(1, 2),
            Self::Hierarchical(q) => q.mean(),
        }
    }

    /// The standard deviation of each column of z, `[R, Z]`; of z₂ that given z₁ = E[z₁|x].
    pub fn standard_deviation(&self) -> Tensor<2> {
        match self {
            Self::Gaussian(q) => q.standard_deviation(),
            Self::Hierarchical(q) => q.standard_deviation(),
            other => {
                let p = other.mean();
                (p.clone() - p.square()).clamp_min(0.0).sqrt()
            }
        }
    }

    /// A copy of q whose parameters are held: no derivative goes into them.
    #[must_use]
    pub fn detach(&self) -> Self {
        match self {
            Self::Gaussian(q) => Self::Gaussian(q.detach()),
            Self::Bernoulli(logits) => Self::Bernoulli(logits.clone().detach()),
            Self::Categorical(log_p) => Self::Categorical(log_p.clone().detach()),
            Self::Hierarchical(q) => Self::Hierarchical(q.detach()),
        }
    }
}

/// 1 where a > 0, else 0 (½ at 0 itself, which has probability 0).
fn half_sign(a: Tensor<2>) -> Tensor<2> {
    a.sign().add_scalar(1.0).mul_scalar(0.5)
}
