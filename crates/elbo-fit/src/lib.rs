//! From data to a fitted model and its folder: no screen, no command line, no HTML.

mod asked;
pub mod auto_encoder;
mod columns;
mod error;
pub mod figure;
mod fitted;
mod folder;
mod metrics;
pub mod models;
mod moments;
mod number;
mod observer;
mod remedy;
mod rows;
mod scaling;
mod settings;
mod source;
mod subset;
mod table;
mod text;

pub use asked::{Asked, Evaluation, Spread, Term, Told};
pub use error::{Error, Kind};
pub use fitted::{About, Fitted};
pub use folder::{Folder, Place};
pub use metrics::Metrics;
pub use models::{FittedModel, Job, Outcome, Plan, Results, fit, is_fitted, repeat};
pub use number::{plus_minus, significant};
pub use observer::{Choice, Observer, Sweep};
pub use rows::{DataConfig, Fingerprinted, Rows};
pub use scaling::Scaling;
pub use source::{Source, absolute};
pub use text::{Mention, Text};
