//! p(x, z): generative models.

mod config;
mod joint;
mod linear_gaussian;
mod vae;

pub use config::{Likelihood, SecondLayer, Sigma, VaeConfig};
pub use joint::Joint;
pub use linear_gaussian::LinearGaussian;
pub use vae::{Generative, Vae};
