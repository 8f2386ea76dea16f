//! What an encoder or decoder is made of.

mod convolutional;
mod dense;
mod glorot;

pub use convolutional::{Convolutional, Convolutions, TransposedConvolutions};
pub use dense::{Activation, Dense};

use serde::{Deserialize, Serialize};

/// What lies between x and the dense layers of an encoder and a decoder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NetworkConfig {
    /// Nothing: all layers are dense.
    #[default]
    Dense,
    /// Convolutions of an image, and in the decoder the transposed ones.
    Convolutional(Convolutional),
}
