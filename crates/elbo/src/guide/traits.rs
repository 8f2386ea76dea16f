//! What a guide is asked.

use burn::tensor::Tensor;

use super::Posterior;
use crate::network::Dense;

/// q_φ(z|x) of any row.
pub trait Guide {
    /// D, the columns of x.
    fn width(&self) -> usize;

    /// K, the number of latent variables, of both layers where there are two.
    fn latent(&self) -> usize;

    /// The number of latent variables of each layer: `[K]`, or `[K₁, K₂]`.
    fn layers(&self) -> Vec<usize> {
        vec![self.latent()]
    }

    /// q_φ(·|x) of each row of `x`, `[R, D]`.
    fn posterior(&self, x: Tensor<2>) -> Posterior;

    /// The dense layers that make a diagonal Gaussian of x itself and are all of it, if they are: the fused engine takes
    /// those.
    fn dense(&self) -> Option<&Dense> {
        None
    }
}
