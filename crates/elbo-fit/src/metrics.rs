//! An epoch of a fit, and how long it took.

use elbo::fit::EpochReport;
use serde::{Deserialize, Serialize};

/// A line of `metrics.jsonl`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Metrics {
    /// What it brought.
    #[serde(flatten)]
    pub epoch: EpochReport,
    /// Wall-clock time of the epoch.
    pub seconds: f64,
    /// Training rows a second.
    pub rows_per_second: f64,
}
