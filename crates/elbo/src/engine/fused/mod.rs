//! The bound of a dense Gaussian auto-encoder, and its gradient, as one operation with one way back.
//!
//! The same numbers as [`elbo`](crate::objective::elbo::elbo) and its derivative give (E5, E7, E14, E17), or
//! [`importance_weighted`](crate::objective::importance_weighted) and its derivatives (E22), in f32, without a graph of
//! tensors: rows pass through guide and model in shards, one thread each, and the gradient of each
//! block of weights is one product over all rows. An element of the result is one sum in the order of the rows,
//! so neither the shards nor the threads change a bit. Buffers stay from step to step.
//!
//! Whatever is not dense layers in f32 on the CPU, with one layer of Gaussian z and a likelihood that a kernel computes, is
//! for the engine of tensors.

mod density;
mod joint;
mod network;
mod packed;
mod per_datum;
mod read;
mod shard;
mod step;
#[cfg(test)]
mod tests;

pub(crate) use joint::Joint;
pub(crate) use packed::Plan;
pub(crate) use read::Reader;
pub(crate) use step::Fused;
