//! Whether a fit can be trusted, and where it went wrong.

mod active_units;
pub mod annealed;
pub mod bdmc;
mod collapse;
mod convergence;
mod findings;
mod gap_ledger;
mod hamiltonian;
mod khat;
mod left_out;
mod mutual_information;
mod noise_report;
mod reason;
mod remedy;
mod rules;
mod skew;
mod transforms;
mod verdict;

pub use active_units::{LatentSummary, latent_summary};
pub use collapse::{COLLAPSED_AFTER, Collapse, CollapseWatch};
pub use convergence::Patience;
pub use findings::{Estimated, Findings, HeldOutDocuments, KhatShares, Predictive, Scale, Starts};
pub use gap_ledger::{GapLedger, Gaps, LedgerConfig, LedgerSummary, gap_ledger};
pub use khat::{KHAT_LIMIT, ParetoSmoothed, khat_limit, pareto_smoothed};
pub use left_out::Residuals;
pub use mutual_information::mutual_information;
pub use noise_report::{BlockNoise, noise_report};
pub use reason::{Claim, Level, Reason};
pub use remedy::Remedy;
pub use skew::Skewed;
pub use transforms::{Departure, Transformed, Transforms};
pub use verdict::Verdict;
