//! q(z): guides.

mod amortised;
mod encoded;
mod family;
mod hierarchical;
mod per_datum;
mod posterior;
mod traits;

pub use amortised::Amortised;
pub use encoded::Encoded;
pub use family::Family;
pub use hierarchical::Hierarchical;
pub(crate) use hierarchical::layers;
pub use per_datum::{Covariance, PerDatum};
pub use posterior::Posterior;
pub use traits::Guide;
