//! Pages are read back: what is drawn is what the data say.

mod ascent;
mod audit;
mod auto_encoder;
mod chains;
mod every;
mod factors;
mod mixture;
mod page;
mod picture;
mod regression;
mod samples;
mod spins;
mod topics;
