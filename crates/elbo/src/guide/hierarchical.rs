//! Two layers of z (Burda et al. 2015): q(z₁, z₂|x) = q(z₁|x) q(z₂|z₁), p(z₁, z₂) = p(z₂) p(z₁|z₂), each factor a diagonal
//! Gaussian and p(z₂) the standard one. z stands as (z₁, z₂), K₁ + K₂ columns.
//!
//! KL(q ‖ p) = E_q[log q(z₁|x) − log p(z₁|z₂)] + E_q[KL(q(z₂|z₁) ‖ N(0, I))]: of the first there is no closed form.

use burn::{module::Module, tensor::Tensor};

use crate::{distribution::gaussian::Diagonal, divergence::diagonal_to_standard, network::Dense};

/// q(z₁, z₂|x) of R rows.
#[derive(Clone, Debug)]
pub struct Hierarchical {
    pub(super) first: Diagonal,
    /// From z₁ to the parameters of q(z₂|z₁).
    pub(super) second: Dense,
}

/// z₁, `[R, first]`, and z₂, the columns after it.
pub(crate) fn layers(z: Tensor<2>, first: usize) -> [Tensor<2>; 2] {
    let second = z.dims()[1] - first;
    [z.clone().narrow(1, 0, first), z.narrow(1, first, second)]
}

impl Hierarchical {
    fn layers(&self, z: Tensor<2>) -> [Tensor<2>; 2] {
        layers(z, self.first.mean.dims()[1])
    }

    fn second(&self, z1: Tensor<2>) -> Diagonal {
        Diagonal::of_head(self.second.forward(z1))
    }

    /// z₁ = μ(x) + σ(x) ⊙ ε₁, z₂ = μ(z₁) + σ(z₁) ⊙ ε₂; ε and z are `[R, K₁ + K₂]`.
    pub(super) fn sample(&self, noise: Tensor<2>) -> Tensor<2> {
        let [e1, e2] = self.layers(noise);
        let z1 = self.first.sample(e1);
        let z2 = self.second(z1.clone()).sample(e2);
        Tensor::cat(vec![z1, z2], 1)
    }

    /// log q(z₁|x) + log q(z₂|z₁), `[R]`, in nats.
    pub(super) fn log_density(&self, z: Tensor<2>) -> Tensor<1> {
        let [z1, z2] = self.layers(z);
        self.first.log_density(z1.clone()) + self.second(z1).log_density(z2)
    }

    /// The same at the draw `z` that `noise` gave.
    pub(super) fn log_density_of_draw(&self, noise: Tensor<2>, z: Tensor<2>) -> Tensor<1> {
        let ([e1, e2], [z1, _]) = (self.layers(noise), self.layers(z));
        self.first.log_density_at_noise(e1) + self.second(z1).log_density_at_noise(e2)
    }

    /// What each variable adds to KL(q ‖ p), `[R, K₁ + K₂]`, in nats, at the draw that `noise` gives: an unbiased
    /// estimate, of z₁ as log q − log p and of z₂ in closed form given z₁. `prior` is p(z₁|z₂), a function of z₂.
    pub(crate) fn kl(&self, noise: Tensor<2>, prior: impl Fn(Tensor<2>) -> Diagonal) -> Tensor<2> {
        let [e1, e2] = self.layers(noise);
        let z1 = self.first.sample(e1.clone());
        let q2 = self.second(z1.clone());
        let p1 = prior(q2.sample(e2));
        let first = self.first.log_densities_at_noise(e1) - p1.log_densities(z1);
        Tensor::cat(vec![first, diagonal_to_standard(&q2)], 1)
    }

    /// E[z₁|x], then E[z₂|z₁] at that z₁.
    pub(super) fn mean(&self) -> Tensor<2> {
        let z1 = self.first.mean.clone();
        Tensor::cat(vec![z1.clone(), self.second(z1).mean], 1)
    }

    /// The standard deviation of z₁ given x, then of z₂ given z₁ = E[z₁|x].
    pub(super) fn standard_deviation(&self) -> Tensor<2> {
        let second = self.second(self.first.mean.clone());
        Tensor::cat(vec![self.first.standard_deviation(), second.standard_deviation()], 1)
    }

    pub(super) fn detach(&self) -> Self {
        Self { first: self.first.detach(), second: self.second.clone().no_grad() }
    }
}
