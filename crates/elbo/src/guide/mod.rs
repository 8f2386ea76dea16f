//! q(z): guides.

mod amortised;
mod hierarchical;
mod posterior;

pub use amortised::Amortised;
pub use hierarchical::Hierarchical;
pub(crate) use hierarchical::layers;
pub use posterior::{Family, Posterior};
