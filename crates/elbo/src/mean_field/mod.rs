//! Mean field: q(z) = Π_j q_j(z_j), each factor exactly at its optimum given the others (E21).
//!
//! q_j*(z_j) ∝ exp(E_{q_−j}\[log p(x, z)\]). Where complete conditionals are of the exponential family, every expectation
//! is a closed form: no gradient, no step size, no noise. [`ascend`] updates one factor after the other, and the exact
//! evidence lower bound never falls. In f64, without tensors.
//!
//! A model is three types in a module of its name: the `Prior`, which with the data is all that determines it; the
//! `Posterior`, the factors that outlive the fit, which predicts; and the `Fit`, which holds both beside the data and is
//! a [`MeanField`]. Missing values are NaN.
//!
//! Source: Jordan, Ghahramani, Jaakkola and Saul (1999), *An introduction to variational methods for graphical models*;
//! Bishop (2006), chapter 10.

mod ascent;
mod cells;
pub mod factor_analysis;
pub mod graph;
pub mod hidden_markov;
pub mod ising;
pub mod lda;
pub mod mixture;
pub mod normal_gamma;
pub mod random_field;
pub mod regression;
mod restarts;
mod rosenblatt;
mod row_major;
mod sequences;
mod start;
pub mod state_space;
mod stochastic;

pub use ascent::{Annealed, Annealing, Ascent, AscentTrace, MeanField, Resumable, ascend, ascend_on};
pub use restarts::{Best, best_of};
pub use rosenblatt::CellTransforms;
pub use start::{Start, centres};
pub use stochastic::{RobbinsMonro, Stochastic};
