//! `elbo normal`.

use clap::Args;
use elbo_fit::{
    Error,
    models::{self, normal::Request},
};

use super::{
    ascent::{Ascent, AscentPlan, AscentVerb},
    source::Source,
    values::parse_positive,
};

/// Find the mean and the precision of one column, by exact coordinate ascent.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elbo normal --data faithful.csv --column waiting
  elbo normal --data faithful.csv --column waiting --prior-mean 70 --prior-precision 2 --conjugate")]
pub(crate) struct Normal {
    #[command(flatten)]
    source: Source,
    /// The column that says how many rows each row stands for, a number ≥ 0; it is not data. The default is one.
    #[arg(long = "weights", value_name = "COLUMN")]
    row_weights: Option<String>,
    /// The column, by its name; it need not be given where there is only one.
    #[arg(long, value_name = "NAME")]
    column: Option<String>,
    /// The prior mean of μ. The default is the column's mean, about which the prior is nearly flat.
    #[arg(long, value_name = "M", allow_negative_numbers = true, help_heading = "Model")]
    prior_mean: Option<f64>,
    /// The prior precision of μ, or with --conjugate the number of rows that the prior mean is worth. The default is
    /// 1e-6 rows.
    #[arg(long, value_name = "L", value_parser = parse_positive, help_heading = "Model")]
    prior_precision: Option<f64>,
    /// The prior of μ is scaled by the precision, which makes the model conjugate: the Normal-Gamma prior.
    #[arg(long, help_heading = "Model")]
    conjugate: bool,
    /// The shape of the precision's gamma prior.
    #[arg(long, value_name = "A", default_value_t = Request::default().shape, value_parser = parse_positive, help_heading = "Model")]
    shape: f64,
    /// The rate of the precision's gamma prior. The default is 1e-6 of the column's variance.
    #[arg(long, value_name = "B", value_parser = parse_positive, help_heading = "Model")]
    rate: Option<f64>,
    #[command(flatten)]
    ascent: Ascent,
}

impl AscentVerb for Normal {
    type Model = models::normal::Normal;

    fn asked(&self) -> Result<(Request, elbo_fit::Source), Error> {
        let request = Request {
            column: self.column.clone(),
            prior_mean: self.prior_mean,
            prior_precision: self.prior_precision,
            conjugate: self.conjugate,
            shape: self.shape,
            rate: self.rate,
            row_weights: self.row_weights.clone(),
        };
        Ok((request, self.source.named(None)?))
    }

    fn plan(&self) -> AscentPlan {
        self.ascent.plan(self.source.memory)
    }
}
