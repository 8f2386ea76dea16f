//! q(z): guides.

mod amortised;
mod hierarchical;
mod per_datum;
mod posterior;

pub use amortised::Amortised;
pub use hierarchical::Hierarchical;
pub(crate) use hierarchical::layers;
pub use per_datum::{Covariance, PerDatum};
pub use posterior::{Family, Posterior};
