//! Composed models against exact answers and against other implementations.

#![allow(clippy::many_single_char_names, reason = "they are the models' own letters")]

mod conjugate;
mod messages;
mod mistakes;
mod mixtures;
mod random;
