//! What lies between x and the dense layers.

use serde::{Deserialize, Serialize};

use super::Convolutional;

/// What lies between x and the dense layers of an encoder and a decoder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NetworkConfig {
    /// Nothing lies between: all layers are dense.
    #[default]
    Dense,
    /// Convolutions of an image lie between, and in the decoder the transposed ones.
    Convolutional(Convolutional),
}
