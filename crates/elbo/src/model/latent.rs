//! What a model is asked.

use std::sync::Arc;

use burn::tensor::{Device, Tensor};

use crate::{
    Error,
    guide::{Family, Posterior},
    likelihood::Likelihood,
    minibatch::Rows,
    network::Dense,
};

/// p_θ(x, z) = p(z) p_θ(x|z), as estimators and objectives see it.
pub trait Latent {
    /// What z is.
    fn family(&self) -> Family;

    /// p(x|z), given the outputs.
    fn likelihood(&self) -> &Arc<dyn Likelihood>;

    /// The likelihood's own parameters, where it has some.
    fn own(&self) -> Option<Tensor<1>> {
        None
    }

    /// The outputs f_θ(z) before the likelihood's link, `[R, Z]` to `[R, O·D]`.
    fn decode(&self, z: Tensor<2>) -> Tensor<2>;

    /// log p_θ(x|z), `[R, D]` and `[R, Z]` to `[R]`, in nats.
    fn log_likelihood(&self, x: Tensor<2>, z: Tensor<2>) -> Tensor<1> {
        self.likelihood().log_density(x, self.decode(z), self.own())
    }

    /// E[x|z], `[R, Z]` to `[R, D]`.
    fn mean(&self, z: Tensor<2>) -> Tensor<2> {
        self.likelihood().mean(self.decode(z), self.own())
    }

    /// log p(z), `[R, Z]` to `[R]`, in nats (E12).
    fn log_prior(&self, z: Tensor<2>) -> Tensor<1> {
        self.family().log_prior(z)
    }

    /// z from p(z), given draws of [`Family::sample_prior`], `[R, Z]`.
    fn prior_draw(&self, noise: Tensor<2>) -> Tensor<2> {
        noise
    }

    /// KL(q(z_j|x) ‖ p(z_j)) of each row and variable, `[R, K]`, in nats, in closed form.
    ///
    /// Of two layers of z it is an estimate, the mean over the draws that `noise` gives of what each variable adds to
    /// KL(q(z₁, z₂|x) ‖ p(z₁, z₂)): log q(z₁ⱼ|x) − log p(z₁ⱼ|z₂), which may be below 0, and KL(q(z₂ⱼ|z₁) ‖ N(0, 1)). `q` is
    /// of this model's z; of one layer `noise` is not looked at.
    ///
    /// # Panics
    /// It panics where z has two layers and `noise` is empty.
    fn kl(&self, q: &Posterior, noise: &[Tensor<2>]) -> Tensor<2> {
        let _ = noise;
        q.kl().expect("one layer has a closed form")
    }

    /// Moves the parameters to where a fit to these rows, `[N, D]`, begins; without such knowledge they stay as they
    /// are.
    ///
    /// # Errors
    /// It fails where the likelihood meets a value that it is no density of, or columns for which it has no maximum.
    fn start_at(self, _rows: &Rows<'_>, _device: &Device) -> Result<Self, Error>
    where
        Self: Sized,
    {
        Ok(self)
    }

    /// Whether z has two layers.
    fn is_hierarchical(&self) -> bool {
        false
    }

    /// The dense layers that are all of f, with p(z) = N(0, I), if they are: the fused engine takes those. The likelihood's
    /// own parameters then follow theirs in the flat order.
    fn dense(&self) -> Option<&Dense> {
        None
    }
}
