//! What an encoder is given of x.

use burn::tensor::Tensor;

/// A fixed function of each value, before the encoder's first layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// The encoder is given x itself.
    #[default]
    Identity,
    /// The encoder is given log(1 + x): counts that range over orders of magnitude become numbers of order one.
    Log1p,
}

impl Encoding {
    /// The encoder's input for some rows, `[R, D]` to `[R, D]`.
    pub fn apply(self, x: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Identity => x,
            Self::Log1p => x.log1p(),
        }
    }
}
