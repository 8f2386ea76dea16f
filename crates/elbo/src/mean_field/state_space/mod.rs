//! The linear-Gaussian state space model, q(z) q(A) q(α) q(Q) q(C) q(γ) q(R), with q(z) exact by Kalman's filter and smoother.
//!
//! z_1 ~ N(m_0, P_0), z_t = A z_{t−1} + N(0, Q), y_t = C z_t + N(0, R); Q and R are diagonal, and each of A, C, Q, R is known or
//! not. With Q = I known, which loses nothing where C is free, the relevance α, γ of the columns of A and C chooses how many
//! states are used (Beal 2003, chapter 5; Luttinen 2013). With C = 1 it is the local level model or, with A free, an
//! autoregression seen through noise. There is no constant, and a relevance is common to all columns: centre the columns of
//! y, and bring them to one scale.

mod expectations;
mod fit;
mod innovations;
mod joint_diagonal;
mod kalman;
mod linear;
mod parameters;
mod posterior;
mod precision;
mod prior;
mod rotation;
mod start;

pub use fit::{Fit, State};
pub use linear::{Linear, LinearPrior};
pub use parameters::Posterior;
pub use posterior::{Forecast, Smoothed, Values};
pub use precision::Precision;
pub use prior::Prior;
