//! Objectives: what a fit maximises.

pub mod elbo;
