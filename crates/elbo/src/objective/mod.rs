//! Objectives: what a fit maximises.

mod config;
pub mod elbo;
pub mod importance_weighted;
mod kl_weight;
pub mod noiseless;

pub use config::Objective;
pub use kl_weight::{KlCost, KlWeight};
