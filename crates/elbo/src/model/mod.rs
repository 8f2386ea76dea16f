//! p(x, z): generative models.

mod auto_encoder;
mod config;
mod generative;
mod joint;
mod latent;
mod linear_gaussian;

pub use auto_encoder::{AutoEncoder, Vae};
pub use config::{SecondLayer, VaeConfig};
pub use generative::Generative;
pub use joint::Joint;
pub use latent::Latent;
pub use linear_gaussian::LinearGaussian;
