//! The arithmetic of a fit: gradients of a step, and the figures of a fitted model.
//!
//! There are two engines, and the same fit takes either: kernels on slices for dense layers on the CPU, and
//! tensors for everything else. The choice is made once for a fit and once for a [`Reader`]; where both can,
//! they agree to 1e-5.

mod checks;
mod choose;
mod fused;
mod read;
mod tensors;
mod traits;

pub(crate) use choose::engine;
pub use tensors::{Estimate, first_non_finite, gradient};
pub(crate) use traits::{Ascent, Engine, Step, record};
pub use traits::{Measure, Reader};
