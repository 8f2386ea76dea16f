//! What a generative model needs of a decoder.

use burn::tensor::{Device, Tensor};

use super::Dense;
use crate::parameters::BurnModule;

/// A network from z to the likelihood's outputs: any module of Burn.
pub trait Decoder: BurnModule {
    /// Z, the columns of z.
    fn input(&self) -> usize;

    /// How many outputs it gives.
    fn output(&self) -> usize;

    /// The outputs of some rows of z, `[R, Z]` to `[R, O]`.
    fn forward(&self, z: Tensor<2>) -> Tensor<2>;

    /// The same, but with outputs that start at these numbers, `[O]`, where it can: a fit whose first outputs are those of
    /// the data's means begins much nearer to its end.
    #[must_use]
    fn with_output_bias(self, bias: Vec<f32>, device: &Device) -> Self {
        let _ = (bias, device);
        self
    }

    /// The dense layers that are all of it, if they are: the fused engine takes those.
    fn dense(&self) -> Option<&Dense> {
        None
    }
}

impl Decoder for Dense {
    fn input(&self) -> usize {
        Self::input(self)
    }

    fn output(&self) -> usize {
        Self::output(self)
    }

    fn forward(&self, z: Tensor<2>) -> Tensor<2> {
        Self::forward(self, z)
    }

    fn with_output_bias(self, bias: Vec<f32>, device: &Device) -> Self {
        Self::with_output_bias(self, bias, device)
    }

    fn dense(&self) -> Option<&Dense> {
        Some(self)
    }
}
