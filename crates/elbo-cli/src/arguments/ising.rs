//! `elbo ising`.

use std::path::PathBuf;

use clap::Args;
use elbo_fit::{
    Error,
    models::{self, ising::Request},
};

use super::{
    ascent::{Anneal, Ascent, AscentPlan, AscentVerb},
    values::parse_count,
};

/// Find the mean field of an Ising model: a bound on log Z, and the mean of each spin.
#[derive(Args, Debug)]
#[command(after_help = "\
p(s) = exp(½ sᵀJs + hᵀs)/Z of spins s of −1 and 1. Mean field gives a lower bound on log Z, and the mean of each spin; for 20
spins or fewer both stand beside the exact values.

Examples:
  elbo ising --couplings J.csv
  elbo ising --couplings J.csv --fields h.csv --starts 50
  elbo predict runs/J-ising                           the mean of each spin
  elbo sample runs/J-ising -n 10                      spins drawn from q
  elbo evaluate runs/J-ising                          the bound on log Z")]
pub(crate) struct Ising {
    /// The file of J, a symmetric table of n rows and n columns, with 0 on the diagonal.
    #[arg(long, value_name = "PATH")]
    couplings: PathBuf,
    /// The file of h, a table of n rows of one number. The default is 0.
    #[arg(long, value_name = "PATH")]
    fields: Option<PathBuf>,
    /// How many starts are made, of which the best is kept: the first is at means of 0, the others are random.
    #[arg(long, value_name = "R", default_value_t = Request::default().starts, value_parser = parse_count::<usize>, help_heading = "Ascent")]
    starts: usize,
    #[command(flatten)]
    anneal: Anneal,
    #[command(flatten)]
    ascent: Ascent,
}

impl AscentVerb for Ising {
    type Model = models::ising::Ising;

    fn asked(&self) -> Result<(Request, elbo_fit::Source), Error> {
        let request =
            Request { fields: self.fields.clone(), starts: self.starts, anneal: self.anneal.anneal };
        Ok((request, elbo_fit::Source::file(&self.couplings)?))
    }

    fn plan(&self) -> AscentPlan {
        self.ascent.plan(None)
    }
}
