//! q(z): guides.

mod amortised;

pub use amortised::Amortised;
