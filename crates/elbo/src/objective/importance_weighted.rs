//! The importance-weighted bound (E22; Burda et al. 2015) and the Rényi bound (Li and Turner 2016).
//!
//! With weights w_i = p_θ(x, z_i) / q_φ(z_i|x), z_i ~ q: L_k = E[log (1/k) Σ_i w_i]. L_1 is the ELBO, L_k does not
//! fall as k grows, and tends to log p(x).

use burn::tensor::{Tensor, activation};

use super::elbo::Terms;
use crate::{guide::Guide, model::Latent};

/// Computes log w_i of each row, `[k, R]`, in nats, from k tensors of noise, `[R, K]` each; it is differentiable in θ
/// and φ.
///
/// # Panics
/// It panics where `noise` is empty, or a shape is not as said.
pub fn log_weights(model: &dyn Latent, guide: &dyn Guide, x: &Tensor<2>, noise: &[Tensor<2>]) -> Tensor<2> {
    weigh(model, guide, x, noise).0
}

/// log w_i and log p_θ(x|z_i) of each row, `[k, R]` each.
pub(crate) fn weigh(
    model: &dyn Latent,
    guide: &dyn Guide,
    x: &Tensor<2>,
    noise: &[Tensor<2>],
) -> (Tensor<2>, Tensor<2>) {
    let q = guide.posterior(x.clone());
    let (weights, likelihoods) = noise
        .iter()
        .map(|e| {
            let z = q.sample(e.clone());
            let likelihood = model.log_likelihood(x.clone(), z.clone());
            let weight =
                likelihood.clone() + model.log_prior(z.clone()) - q.log_density_of_draw(e.clone(), z);
            (weight, likelihood)
        })
        .unzip();
    (Tensor::stack(weights, 0), Tensor::stack(likelihoods, 0))
}

/// L_k as terms: the log-likelihood of the samples by their weights, and what the bound leaves to the KL.
pub(crate) fn weighted_terms(log_weights: Tensor<2>, log_likelihood: Tensor<2>) -> Terms {
    let bound = importance_weighted(log_weights.clone());
    let weighted = activation::softmax(log_weights, 0) * log_likelihood;
    let log_likelihood = weighted.sum_dim(0).squeeze_dim::<1>(0);
    Terms { kl: log_likelihood.clone() - bound, log_likelihood }
}

/// log (1/k) Σ_i w_i of each row: `[k, R]` to `[R]`, in nats. Its expectation is L_k ≤ log p(x).
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use elbo::objective::importance_weighted::importance_weighted;
/// let log_weights = Tensor::<2>::from_data([[0.0], [3.0f32.ln()]], &Device::flex());
/// let bound: f32 = importance_weighted(log_weights).into_scalar();
/// assert!((bound - 2.0f32.ln()).abs() < 1e-6); // the mean of the weights 1 and 3 is 2
/// ```
pub fn importance_weighted(log_weights: Tensor<2>) -> Tensor<1> {
    renyi(log_weights, 0.0)
}

/// The Rényi bound's estimate of each row, (1/(1−α)) log (1/k) Σ_i w_i^(1−α): `[k, R]` to `[R]`, in nats.
///
/// α = 0 is the importance-weighted bound, α → 1 the ELBO, which is taken at α = 1. For 0 ≤ α its expectation is
/// not above log p(x); for α < 0 it need not be a bound for finite k.
pub fn renyi(log_weights: Tensor<2>, alpha: f64) -> Tensor<1> {
    let power = 1.0 - alpha;
    if power == 0.0 {
        return log_weights.mean_dim(0).squeeze_dim(0);
    }
    let k = log_weights.dims()[0] as f64;
    let powers = log_weights.mul_scalar(power);
    // The largest one outside: the sum is then between 1 and k, whatever the weights.
    let largest = powers.clone().max_dim(0).detach();
    let sum = (powers - largest.clone()).exp().sum_dim(0);
    (sum.log() + largest).sub_scalar(libm::log(k)).div_scalar(power).squeeze_dim(0)
}
