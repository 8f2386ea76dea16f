//! q(z): guides.

mod amortised;
mod per_datum;
mod posterior;

pub use amortised::Amortised;
pub use per_datum::{Covariance, PerDatum};
pub use posterior::{Family, Posterior};
