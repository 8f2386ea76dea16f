//! p(x, z): generative models.

mod linear_gaussian;
mod vae;

pub use linear_gaussian::LinearGaussian;
pub use vae::{Generative, Likelihood, Sigma, Vae, VaeConfig};
