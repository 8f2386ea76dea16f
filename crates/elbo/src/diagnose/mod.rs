//! Whether a fit can be trusted, and where it went wrong.

mod active_units;
mod collapse;
mod convergence;
mod non_finite;

pub use active_units::{LatentSummary, latent_summary};
pub use collapse::{COLLAPSED_AFTER, Collapse, CollapseWatch};
pub use convergence::Patience;
pub use non_finite::first_non_finite;
