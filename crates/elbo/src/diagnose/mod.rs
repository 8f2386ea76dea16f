//! Whether a fit can be trusted, and where it went wrong.

mod active_units;
pub mod annealed;
pub mod bdmc;
mod convergence;
mod hamiltonian;
mod non_finite;

pub use active_units::{LatentSummary, latent_summary};
pub use convergence::Patience;
pub use non_finite::first_non_finite;
