//! Densities: one family a file.

pub mod bernoulli;
pub mod gaussian;
