//! `elbo factors`.

use clap::Args;
use elbo_fit::{
    Error,
    models::{self, factors::Request},
};

use super::{
    ascent::{Ascent, AscentPlan, AscentVerb},
    source::Source,
    values::{parse_builtin, parse_count},
};

/// Fit Bayesian factor analysis or probabilistic PCA by exact coordinate ascent; cells may be missing.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elbo factors --data wine.csv --label-column target --latent 6
  elbo factors digits --latent 20 --pca
  elbo predict runs/wine-factors                    the latents of each row
  elbo reconstruct runs/wine-factors --data gaps.csv   cells that are missing, filled")]
pub(crate) struct Factors {
    /// A built-in data set: `digits`.
    #[arg(value_name = "NAME", conflicts_with = "data", value_parser = parse_builtin)]
    builtin: Option<String>,
    #[command(flatten)]
    source: Source,
    /// The column that says how many rows each row stands for, a number ≥ 0; it is not data. Without it each row stands for one.
    #[arg(long = "weights", value_name = "COLUMN")]
    row_weights: Option<String>,
    /// The number of latent dimensions; those that explain nothing are switched off. Without it: 10, or half the number of
    /// columns where that is less.
    #[arg(long, value_name = "K", value_parser = parse_count::<usize>, help_heading = "Model")]
    latent: Option<usize>,
    /// Give all columns the same noise, which is probabilistic PCA. Without it each column has its own, which is factor analysis.
    #[arg(long, help_heading = "Model")]
    pca: bool,
    /// Leave the columns as they are stored; without it each is brought to mean 0 and standard deviation 1.
    #[arg(long, help_heading = "Model")]
    unscaled: bool,
    /// How many starts are made, of which the best is kept: the first is at the principal components, one in
    /// three is random, and the others are each at columns of their own.
    /// Without it: 5, or 1 of more than 20,000 columns.
    #[arg(long, value_name = "R", value_parser = parse_count::<usize>, help_heading = "Ascent")]
    starts: Option<usize>,
    #[command(flatten)]
    ascent: Ascent,
}

impl AscentVerb for Factors {
    type Model = models::factors::Factors;

    fn asked(&self) -> Result<(Request, elbo_fit::Source), Error> {
        let request = Request {
            latent: self.latent,
            pca: self.pca,
            unscaled: self.unscaled,
            starts: self.starts,
            row_weights: self.row_weights.clone(),
        };
        Ok((request, self.source.named(self.builtin.as_deref())?))
    }

    fn plan(&self) -> AscentPlan {
        self.ascent.plan(self.source.memory)
    }
}
