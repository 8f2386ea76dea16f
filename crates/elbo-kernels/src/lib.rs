//! Fused operations with hand-written derivatives, for the inner loops of a fit.
//!
//! | module | operation |
//! |---|---|
//! | [`product`] | dense layer with bias and activation; the way back; weight and bias gradients |
//! | [`bernoulli`], [`gaussian`] | log-likelihood of rows, with its weighted gradient |
//! | [`reparameterise`] | draw, KL, and the way back to the guide's outputs |
//! | [`adam`] | the optimiser's pass over its slices |
//! | [`mixture`] | log densities, responsibilities and statistics of mixtures, in f64 |
//! | [`random`] | uniforms and normals from a counter |
//! | [`elementary`] | exp, log, tanh, … with stated error |
//! | [`double`], [`dirichlet`] | exp, log, ψ, ln Γ of f64; expectations under rows of Dirichlets |
//! | [`allocation`] | a document of latent Dirichlet allocation |
//!
//! Every operation runs on the calling thread, allocates nothing, and takes the [`Level`] of instructions to use; the
//! bits of its result do not depend on that. Matrices are [`Panels`].
//!
//! ```
//! use elbo_kernels::{Activation, Level, Panels, product};
//! let (mut x, mut w, mut y) = (Panels::new(1, 2), Panels::new(2, 1), Panels::new(1, 1));
//! x.read_rows(&[1.0, 2.0]);
//! w.read_rows(&[3.0, 4.0]);
//! product::linear(Level::best(), &x, &w, &[0.5], Activation::Relu, &mut y, None);
//! assert_eq!(y.at(0, 0), 11.5);
//! ```
#![allow(unsafe_code, reason = "instructions beyond the compiler's target; each use says why it is sound")]
#![deny(clippy::undocumented_unsafe_blocks)]
#![allow(clippy::many_single_char_names, reason = "the mathematics' own names")]
#![allow(clippy::inline_always, reason = "what a kernel calls must be compiled with its instructions")]

mod activation;
pub mod adam;
pub mod allocation;
pub mod bernoulli;
pub mod dirichlet;
pub mod double;
pub mod elementary;
pub mod gaussian;
mod level;
pub mod mixture;
mod panels;
pub mod product;
pub mod random;
pub mod reparameterise;
mod vector;

pub use activation::Activation;
pub use level::Level;
pub use panels::{Panels, Row, WIDTH, pack, pack_transposed, scale_rows};
pub use vector::{LANES, Lanes};
