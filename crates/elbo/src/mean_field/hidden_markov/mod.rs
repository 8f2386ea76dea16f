//! The hidden Markov model, q(z) q(π) Π_k q(A_k) Π_kd q(θ_kd), with q(z) exact by forward and backward.
//!
//! p(x, z) = π(z_1) Π_t A(z_{t−1}, z_t) Π_td p(x_td|θ_{z_t d}), and log q(z) is the same chain's with each logarithm
//! replaced by its expectation. A missing value, NaN, is a factor 1. Source: MacKay (1997), *Ensemble learning for hidden
//! Markov models*; Beal (2003), chapter 3.

mod emission;
mod expectations;
mod fit;
mod forward_backward;
mod parameters;
mod posterior;
mod shares;
mod start;

pub use emission::Emission;
pub use fit::Fit;
pub use parameters::Parameters;
pub use posterior::Posterior;
pub use shares::Shares;
pub use start::Start;

/// The parameters before the data.
pub type Prior = Parameters;
