//! What an encoder or decoder is made of.

mod dense;

pub use dense::{Activation, Dense};
