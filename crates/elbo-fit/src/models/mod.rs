//! Models that are fitted by exact coordinate ascent (E21), a file each, and what they share.
//!
//! A run folder holds `config.toml`, `state.json` (all that a fit needs to go on), `model.json` (the factors, by which [`FittedModel`](crate::FittedModel) works), `metrics.jsonl` (a line for
//! each sweep of each start) and `results.json`.

mod ascent;
mod documents;
pub mod factors;
pub mod hidden_markov;
pub mod ising;
mod job;
mod kept;
pub mod mixture;
mod model;
pub mod normal;
mod online;
mod registry;
pub mod regress;
mod row_model;
mod series;
pub mod state_space;
mod summary;
pub mod topics;

pub use ascent::{AscentResult, FitContext, Fitting};
pub(crate) use job::Config;
pub use job::fit;
pub use model::Model;
pub use online::Online;
pub use registry::MODELS;
pub(crate) use registry::{check_name, read, repeat, resume};
pub use summary::FitSummary;
