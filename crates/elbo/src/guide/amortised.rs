//! The amortised guide: q_φ(z|x) = N(μ_φ(x), diag σ_φ²(x)), one network for all rows (E17).

use burn::{module::Module, tensor::Tensor};

use crate::{distribution::gaussian::Diagonal, network::Dense};

/// |log σ²| never exceeds this, so exp() stays far from overflow in f32 (e^30 ≈ 1e13) by construction.
const LOG_VARIANCE_BOUND: f64 = 30.0;

/// q_φ: a network from x to μ and to log σ², its two halves.
#[derive(Module, Debug)]
pub struct Amortised {
    encoder: Dense,
}

impl Amortised {
    /// The guide of a network whose output is twice as wide as z.
    pub fn new(encoder: Dense) -> Self {
        Self { encoder }
    }

    /// K, the dimension of z.
    pub fn latent(&self) -> usize {
        self.encoder.output() / 2
    }

    /// D, the number of columns of x.
    pub fn width(&self) -> usize {
        self.encoder.input()
    }

    /// q_φ(·|x) of each row of `x`, `[R, D]` to μ and log σ², each `[R, K]`.
    ///
    /// log σ² = 30 tanh(a/30) of the network's output a: the identity near 0 (to 1 % for |a| ≤ 5), never
    /// beyond ±30, and with a gradient everywhere.
    pub fn posterior(&self, x: Tensor<2>) -> Diagonal {
        let output = self.encoder.forward(x);
        let mut halves = output.split(self.latent(), 1);
        let log_variance = halves.remove(1);
        Diagonal {
            mean: halves.remove(0),
            log_variance: log_variance.div_scalar(LOG_VARIANCE_BOUND).tanh().mul_scalar(LOG_VARIANCE_BOUND),
        }
    }
}
