//! `elbo regress`.

use clap::Args;
use elbo_fit::{
    Error,
    models::{
        self,
        regress::{Request, WeightsPrior},
    },
};

use super::{
    ascent::{Ascent, AscentPlan, AscentVerb},
    source::Source,
    values::{named, parse_fraction, parse_positive, shown},
};

/// Fit a Bayesian linear regression by exact coordinate ascent: ridge, relevance determination, or a known prior.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elbo regress --data faithful.csv --target waiting
  elbo regress --data wine.csv --label-column target --target alcohol --prior relevance
  elbo predict runs/faithful-regress --data more.csv

Rows whose target is missing are left out of the fit. A missing cell of another column is refused, since it is given and not
modelled; --drop-incomplete leaves such rows out.")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Regress {
    #[command(flatten)]
    source: Source,
    /// The column that says how many rows each row stands for, a number ≥ 0; it is not data. The default is one.
    #[arg(long = "weights", value_name = "COLUMN")]
    row_weights: Option<String>,
    /// Leave out the rows in which a cell is missing beside the target, and say how many they are.
    #[arg(long)]
    drop_incomplete: bool,
    /// The column that is predicted from the others, by its name. The default is the last.
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// The prior of the weights.
    #[arg(long, default_value = shown(&Request::default().prior), value_parser = named::<WeightsPrior>(&PRIOR), help_heading = "Model")]
    prior: WeightsPrior,
    /// The standard deviation of the weights, for --prior known: in units of the target, or with --conjugate of the
    /// noise, for columns of standard deviation 1.
    #[arg(long, value_name = "SD", value_parser = parse_positive, required_if_eq("prior", "known"), help_heading = "Model")]
    weight_sd: Option<f64>,
    /// The standard deviation of the noise, where it is known. Without it the noise is unknown.
    #[arg(long, value_name = "SD", value_parser = parse_positive, help_heading = "Model")]
    noise_sd: Option<f64>,
    /// The prior of the weights is scaled by the noise, which with --prior known makes the model conjugate: the bound
    /// is log p(y).
    #[arg(long, help_heading = "Model")]
    conjugate: bool,
    /// Give each weight a q of its own, and not one to all of them.
    #[arg(long, help_heading = "Model")]
    factorised: bool,
    /// Fit no intercept.
    #[arg(long, help_heading = "Model")]
    no_intercept: bool,
    /// Leave the columns and the target as they are stored; without it each is brought to mean 0 and standard deviation
    /// 1. Columns that vary little about a great mean lose digits then.
    #[arg(long, help_heading = "Model")]
    unscaled: bool,
    /// The probability that the intervals hold.
    #[arg(long, value_name = "P", default_value_t = Request::default().interval, value_parser = parse_fraction)]
    interval: f64,
    #[command(flatten)]
    ascent: Ascent,
}

const PRIOR: [(&str, &str); 3] = [
    ("ridge", "All weights have one standard deviation, which is not known"),
    ("relevance", "Each weight has one of its own, which is not known: automatic relevance determination"),
    ("known", "All weights have the standard deviation that --weight-sd gives"),
];

impl AscentVerb for Regress {
    type Model = models::regress::Regress;

    fn asked(&self) -> Result<(Request, elbo_fit::Source), Error> {
        let request = Request {
            target: self.target.clone(),
            prior: self.prior,
            weight_sd: self.weight_sd,
            noise_sd: self.noise_sd,
            conjugate: self.conjugate,
            factorised: self.factorised,
            no_intercept: self.no_intercept,
            unscaled: self.unscaled,
            interval: self.interval,
            row_weights: self.row_weights.clone(),
            drop_incomplete: self.drop_incomplete,
        };
        Ok((request, self.source.named(None)?))
    }

    fn plan(&self) -> AscentPlan {
        self.ascent.plan(self.source.memory)
    }
}
