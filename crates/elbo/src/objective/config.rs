//! What a fit maximises, as a configuration names it.

use serde::{Deserialize, Serialize};

/// What a fit maximises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// The evidence lower bound (E5).
    #[default]
    Elbo,
    /// The importance-weighted bound L_k (E22), k the number of samples a row.
    ImportanceWeighted,
    /// The ELBO's noiseless limit (E20), which is not a bound.
    Noiseless,
}
