//! The kernels against plain loops: one binary.

#![allow(missing_docs)]

mod dirichlet;
mod elementary;
mod kernels;
