//! What a finished fit came to.

use std::path::Path;

use elbo::{
    diagnose::{Findings, Verdict},
    fit::Finished,
    objective::Objective,
    terms::{Mean, Summary},
};
use serde::{Deserialize, Serialize};

use crate::{error::Error, estimates::Estimates};

/// The contents of `results.json`, of any model.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Results {
    /// The bound that was reached.
    #[serde(flatten)]
    pub reached: FinalBound,
    /// Wall-clock time of the fit.
    pub seconds: f64,
    /// Whether the bound had stopped rising; none where that is not known.
    #[serde(default)]
    pub converged: Option<bool>,
    /// Whether the fit can be trusted.
    #[serde(default = "unknown")]
    pub verdict: Verdict,
    /// What the verdict stands on.
    #[serde(default)]
    pub findings: Findings,
}

/// The verdict where nothing was looked at.
fn unknown() -> Verdict {
    Verdict::of(&Findings::default())
}

/// The bound that a fit reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FinalBound {
    /// The fit was by gradients: the bound is a mean over rows that were held out.
    HeldOut(HeldOut),
    /// The fit was by coordinate ascent: the bound is that of all rows together.
    AllRows(AllRows),
}

/// What a fit by gradients came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HeldOut {
    /// What was maximised, and what `validation` and `test` are values of.
    pub objective: Objective,
    /// Why it is over.
    pub finished: Finished,
    /// How many epochs there were.
    pub epochs: u64,
    /// The one whose parameters are kept.
    pub best_epoch: u64,
    /// The bound of the validation rows at the best epoch.
    pub validation: Summary,
    /// The bound of the test rows under the best parameters.
    pub test: Option<Summary>,
    /// The learned, solved or fixed σ of the scaled values, where there is one for all columns.
    pub sigma: Option<f64>,
    /// σ of each column, in the units of the file, of a Gaussian likelihood.
    #[serde(default)]
    pub column_sigma: Option<Vec<ColumnSigma>>,
    /// Probabilistic PCA fitted to the same training rows.
    pub linear: Option<Linear>,
}

/// σ of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnSigma {
    /// The name of the column.
    pub column: String,
    /// Its σ, in the units of the file.
    pub sigma: f64,
}

/// The linear model of the same latent size (of two layers the first), beside the fit, on the same held-out rows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Linear {
    /// The number of its latent dimensions.
    pub latent: usize,
    /// `validation` or `test`.
    pub rows: String,
    /// log p(x), exact, nats per row.
    #[serde(rename = "log_density", alias = "log_evidence")]
    pub log_evidence: Mean,
    /// The fit's ELBO minus it, row by row.
    pub advantage: Mean,
}

/// What a fit by coordinate ascent came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AllRows {
    /// How many rows, or documents, it was fitted to.
    pub rows: usize,
    /// The ELBO of all rows, in nats.
    pub elbo: f64,
    /// E_q of the log-likelihood.
    pub log_likelihood: f64,
    /// The KL of what each row has of its own.
    pub kl: f64,
    /// Minus the KL of what all rows share.
    pub global: f64,
    /// How many sweeps the best start took.
    pub sweeps: usize,
    /// The bound that each start reached.
    pub starts: Vec<f64>,
    /// What was found.
    #[serde(flatten)]
    pub found: Estimates,
}

impl Results {
    /// Reads the results in a run folder; there are none where the fit was not finished, or the path is that of a model
    /// file.
    ///
    /// # Errors
    /// It fails where the file is damaged.
    pub fn read(run: &Path) -> Result<Option<Self>, Error> {
        let path = run.join("results.json");
        let Ok(text) = std::fs::read(&path) else { return Ok(None) };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|cause| Error::new(format!("`{}` is damaged: {cause}", path.display())))
    }

    /// The results of a fit by gradients.
    pub fn held_out(&self) -> Option<&HeldOut> {
        if let FinalBound::HeldOut(reached) = &self.reached { Some(reached) } else { None }
    }

    /// The results of a fit by coordinate ascent.
    pub fn all_rows(&self) -> Option<&AllRows> {
        if let FinalBound::AllRows(reached) = &self.reached { Some(reached) } else { None }
    }
}
