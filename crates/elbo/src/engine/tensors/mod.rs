//! Any model and guide on the tensor engine, differentiated automatically, on any device.

mod evaluate;
mod gradient;
mod joint;
mod non_finite;
mod reader;
mod step;

pub use gradient::{Estimate, gradient};
pub(crate) use joint::Joint;
pub use non_finite::first_non_finite;
pub(crate) use reader::Reader;
pub(crate) use step::Tensors;
