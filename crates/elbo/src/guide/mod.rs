//! q(z): guides.

mod amortised;
mod posterior;

pub use amortised::Amortised;
pub use posterior::{Family, Posterior};
