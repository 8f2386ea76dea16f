//! `elbo resume`.

use std::path::PathBuf;

use clap::Args;
use elbo_fit::ResumeOptions;

use super::values::{parse_count, parse_memory, parse_positive};

/// `elbo resume`.
#[derive(Args, Debug)]
#[command(after_help = "\
A fit that was interrupted or killed ends as it would have without that, to the bit. A fit that is finished has its results written again, or is carried on: --epochs for `elbo train`, --sweeps and --tolerance
for the models of coordinate ascent. The result of more epochs is that of a fit that had them from the beginning, but for
two cases: a fit that had ended by its patience begins to wait anew, and --decay is taken over the new number of epochs.
By coordinate ascent the best of the starts that are over goes on, and those that are not over take the new end.")]
pub(crate) struct Resume {
    /// The run folder.
    pub(crate) run: PathBuf,
    /// How many epochs the fit has in all, those before included; for a fit of `elbo train`.
    #[arg(long, value_name = "E", value_parser = parse_count::<u64>)]
    pub(crate) epochs: Option<u64>,
    /// How many epochs without a rise of the validation bound end the fit; for a fit of `elbo train`.
    #[arg(long, value_name = "P", value_parser = parse_count::<u64>)]
    pub(crate) patience: Option<u64>,
    /// How many sweeps the fit has in all, those before included; for a fit by coordinate ascent.
    #[arg(long, value_name = "S", value_parser = parse_count::<usize>)]
    pub(crate) sweeps: Option<usize>,
    /// The fit has converged when a sweep raises the bound by no more than this times the bound's size.
    #[arg(long, value_name = "T", value_parser = parse_positive)]
    pub(crate) tolerance: Option<f64>,
    /// How much memory the rows may take, as 500M or 4G.
    #[arg(long, value_name = "SIZE", value_parser = parse_memory)]
    pub(crate) memory: Option<u64>,
}

impl Resume {
    /// How much further the fit goes.
    pub(crate) fn more(&self) -> ResumeOptions {
        let Self { epochs, patience, sweeps, tolerance, .. } = *self;
        ResumeOptions { epochs, patience, sweeps, tolerance }
    }
}
