//! p(x, z): generative models.

mod joint;
mod linear_gaussian;
mod vae;

pub use joint::Joint;
pub use linear_gaussian::LinearGaussian;
pub use vae::{Generative, Likelihood, Sigma, Vae, VaeConfig};
