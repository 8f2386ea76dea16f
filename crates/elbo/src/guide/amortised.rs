//! The amortised guide: q_φ(z|x) = N(μ_φ(x), diag σ_φ²(x)), one network for all rows (E17).

use burn::{
    module::Module,
    tensor::{Tensor, activation},
};

use super::{Family, Posterior};
use crate::{distribution::gaussian::Diagonal, network::Dense};

/// |log σ²| never exceeds this, so exp() stays far from overflow in f32 (e^30 ≈ 1e13) by construction.
const LOG_VARIANCE_BOUND: f64 = 30.0;

/// q_φ: a network from x to the parameters of q(z|x).
#[derive(Module, Debug)]
pub struct Amortised {
    encoder: Dense,
    #[module(skip)]
    family: Family,
}

impl Amortised {
    /// The guide of a network with [`Family::outputs`] outputs.
    pub fn new(encoder: Dense, family: Family) -> Self {
        Self { encoder, family }
    }

    /// The network.
    pub(crate) fn network(&self) -> &Dense {
        &self.encoder
    }

    /// K, the number of latent variables.
    pub fn latent(&self) -> usize {
        self.family.latent(self.encoder.output())
    }

    /// D, the number of columns of x.
    pub fn width(&self) -> usize {
        self.encoder.input()
    }

    /// q_φ(·|x) of each row of `x`, `[R, D]`.
    ///
    /// Gaussian: the output's halves are μ and a, with log σ² = 30 tanh(a/30): the identity near 0 (to 1 % for
    /// |a| ≤ 5), never beyond ±30, and with a gradient everywhere. Bernoulli: logits. Categorical: the logarithm
    /// of the softmax over each variable's classes.
    pub fn posterior(&self, x: Tensor<2>) -> Posterior {
        let output = self.encoder.forward(x);
        match self.family {
            Family::Gaussian => {
                let mut halves = output.split(self.latent(), 1);
                let log_variance = halves.remove(1);
                Posterior::Gaussian(Diagonal {
                    mean: halves.remove(0),
                    log_variance: log_variance
                        .div_scalar(LOG_VARIANCE_BOUND)
                        .tanh()
                        .mul_scalar(LOG_VARIANCE_BOUND),
                })
            }
            Family::Bernoulli => Posterior::Bernoulli(output),
            Family::Categorical(classes) => {
                let rows = output.dims()[0];
                let output = output.reshape([rows, self.latent(), classes]);
                Posterior::Categorical(activation::log_softmax(output, 2))
            }
        }
    }
}
