//! q(z|x) of some rows, as numbers.

/// q_φ(z|x) of some rows, row-major; Z is K, or K·C of a categorical latent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Encoded {
    /// E_q[z|x], `[R, Z]`.
    pub mean: Vec<f32>,
    /// The standard deviation of each column of z, `[R, Z]`.
    pub standard_deviation: Vec<f32>,
    /// KL(q(z_j|x) ‖ p(z_j)) of each latent variable, `[R, K]`, in nats; of two layers an estimate, see
    /// [`Latent::kl`](crate::model::Latent::kl).
    pub kl: Vec<f32>,
}
