//! `elbo describe`.

use std::path::PathBuf;

use clap::Args;
use elbo_fit::Error;

use super::{fitted::Output, source::Source};

/// Show what a file holds: each column, what it was understood as and why, and what a fit does with it.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elbo describe wine.csv
  elbo describe prices.csv --delimiter semicolon --decimal , --type year=category
  elbo describe --data wine.csv --output columns.csv")]
pub(crate) struct Describe {
    /// The file that is described, as --data takes it, or the data set that is built in: `digits`.
    #[arg(value_name = "PATH", conflicts_with = "data", required_unless_present = "data")]
    path: Option<PathBuf>,
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    pub(crate) output: Output,
}

impl Describe {
    /// The data that are asked about.
    pub(crate) fn source(&self) -> Result<elbo_fit::Source, Error> {
        let data = self.path.clone().or_else(|| self.source.data.clone());
        let builtin =
            data.as_deref().filter(|path| path.as_os_str() == "digits" && !path.exists()).map(|_| "digits");
        Source { data, ..self.source.clone() }.named(builtin)
    }

    pub(crate) fn memory(&self) -> Option<u64> {
        self.source.memory
    }
}
