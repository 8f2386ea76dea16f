//! What gradients fit, and the mathematics under it: one binary, since each takes long to link.

#![allow(missing_docs)]

mod annealed;
mod ascent_verdict;
mod bounds;
mod columns;
mod common;
mod convolutional;
mod coordinate_ascent;
mod discrete;
mod distributions;
mod divergences;
mod errors;
mod estimators;
mod gap_ledger;
mod gradient;
mod guards;
mod hierarchical;
mod joint;
mod khat;
mod likelihood;
mod linear_oracle;
mod per_datum;
mod reading;
mod reference;
mod reproducible;
mod training;
mod transforms;
mod unbiased;
mod verdict;
