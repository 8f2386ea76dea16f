//! What an encoder or decoder is made of.

mod config;
mod convolutional;
mod decoder;
mod dense;
mod glorot;

pub use config::NetworkConfig;
pub use convolutional::{Convolutional, Convolutions, TransposedConvolutions};
pub use decoder::Decoder;
pub use dense::{Activation, Dense};
