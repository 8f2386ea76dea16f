//! From data to a fitted model and its folder: no screen, no command line, no HTML.
//!
//! | what for | items |
//! |---|---|
//! | rows | [`Source`]: a file, or what is built in; [`describe()`]: what it holds; [`Query`]: new rows for a fitted model |
//! | a fit by gradients | [`auto_encoder::fit`] of an [`auto_encoder::Request`]; [`auto_encoder::resume`]; [`auto_encoder::fit_of`] networks or a likelihood of one's own, see [`auto_encoder::Networks`] |
//! | a fit by coordinate ascent | [`fit`] of a model in [`models`], each with a `Request` of its own |
//! | where and how | [`Plan`]; who watches: [`Observer`] |
//! | what comes of it | [`Outcome`], with [`Results`] and a [`Page`] that `elbo-report` draws |
//! | a fitted model | [`FittedModel`], of any kind; [`auto_encoder::AutoEncoder`] does more with one of its kind |
//! | the same fit once more, or an interrupted one to its end | [`Job`]; [`resume`] |
//! | all runs of a folder, and some side by side | [`runs`]; [`compare`] |
//!
//! ```
//! use elbo_fit::{Query, FittedModel, Estimates, Plan, Source, fit, models::{FitContext, mixture::{Mixture, Request}}};
//!
//! let folder = std::env::temp_dir().join(format!("elbo-fit-{}", std::process::id()));
//! std::fs::create_dir_all(&folder)?;
//! let rows: String = (0..60).map(|i| format!("{},{}\n", i % 7 + 50 * (i % 2), i % 5)).collect();
//! std::fs::write(folder.join("rows.csv"), format!("x,y\n{rows}"))?;
//!
//! let request = Request { components: 3, ..Request::default() };
//! let source = Source::file(&folder.join("rows.csv"))?;
//! let done = fit::<Mixture>(&request, source, &FitContext::default(), &Plan::in_folder(folder.join("runs")))?;
//! assert_eq!(done.results.converged, Some(true));
//! let Estimates::Mixture { columns, .. } = &done.results.all_rows().expect("of all rows").found else { panic!() };
//! assert_eq!(columns, &["x", "y"]);
//!
//! let model = FittedModel::load(&done.folder)?;
//! let told = model.predict(&Query::default(), 0, &())?;
//! let component = told.table.column("component")?;
//! assert_ne!(component.cell(0, 0), component.cell(1, 0));
//! # std::fs::remove_dir_all(folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod anomalies;
pub mod auto_encoder;
mod columns;
mod compare;
mod describe;
mod error;
mod estimates;
pub mod figure;
mod fitted;
mod fitted_model;
mod folder;
mod impute;
mod job;
mod latents;
mod metrics;
pub mod models;
mod moments;
mod number;
mod observer;
mod outcome;
mod page;
mod plan;
mod query;
mod remedy;
mod results;
mod resume_options;
mod room;
mod rows;
mod runs;
mod scaling;
mod settings;
mod source;
mod subset;
mod table;
mod text;
mod took_part;
mod values;
mod variable;

pub use elbo_data::{Column, Table};

pub use anomalies::Anomalies;
pub use compare::{ComparedRun, Comparison, Difference, RunPair, compare};
pub use describe::{Description, describe};
pub use error::{Error, Kind};
pub use estimates::{Estimates, ExactSpins, Tokens};
pub use fitted::{Fitted, Latents, Means, ModelMetadata, Pictures, is_fitted};
pub use fitted_model::FittedModel;
pub use folder::{Folder, Place};
pub use impute::{Imputation, Imputed};
pub use job::{Job, RepeatOptions, resume};
pub use latents::{Decoded, STEPS, Traverse};
pub use metrics::Metrics;
pub use models::fit;
pub use number::{percent, plus_minus, significant};
pub use observer::{Choice, Observer, Sweep};
pub use outcome::Outcome;
pub use page::{AscentPage, AutoEncoderPage, Epoch, Page, Terms};
pub use plan::Plan;
pub use query::{Answer, Approximation, Evaluation, Query, Selection, Term, Uncertainty};
pub use results::{AllRows, FinalBound, HeldOut, Linear, Results};
pub use resume_options::ResumeOptions;
pub use rows::{DataConfig, Fingerprinted, Rows};
pub use runs::{RunBound, RunEntry, RunStatus, is_of_run, runs};
pub use scaling::Scaling;
pub use source::{Source, absolute};
pub use text::{Reference, Text};
