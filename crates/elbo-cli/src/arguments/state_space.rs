//! `elbo state-space`.

use clap::Args;
use elbo_fit::{
    Error,
    models::{
        self,
        state_space::{Kind, Request},
    },
};

use super::{
    ascent::{Ascent, AscentPlan, AscentVerb, SequenceArguments},
    source::Source,
    values::{named, parse_count},
};

/// Fit a local level, an autoregression or dynamic factors to rows in time order, and forecast.
#[derive(Args, Debug)]
#[command(after_help = "\
Rows are in time order, and cells may be missing. Each column is brought to mean 0 and standard deviation 1 for the fit;
the bound, and all that is told of rows, is in the units of the file.

Examples:
  elbo state-space --data nile.csv
  elbo state-space --data weather.csv --column pressure --kind autoregression --forecast 24
  elbo state-space --data sensors.csv --states 3
  elbo predict runs/nile-state-space --forecast 10    the level of each row, and ten rows ahead")]
pub(crate) struct StateSpace {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    order: SequenceArguments,
    /// The only column that is modelled, by its name.
    #[arg(long, value_name = "NAME")]
    column: Option<String>,
    /// What moves behind the rows. Without it: `level` for one column, `factors` for several.
    #[arg(long, value_parser = named::<Kind>(&KIND), help_heading = "Model")]
    kind: Option<Kind>,
    /// D, the number of factors; those that are not needed are switched off. Without it: 3, or the number of columns where that
    /// is less.
    #[arg(long, value_name = "D", value_parser = parse_count::<usize>, help_heading = "Model")]
    states: Option<usize>,
    /// How many starts of factors are made, of which the best is kept. Without it: 5, or 1 of more than 5,000 columns.
    #[arg(long, value_name = "R", value_parser = parse_count::<usize>, help_heading = "Ascent")]
    starts: Option<usize>,
    /// How many rows ahead of the last the report shows.
    #[arg(long, value_name = "H", default_value_t = Request::default().forecast, help_heading = "Run")]
    forecast: usize,
    #[command(flatten)]
    ascent: Ascent,
}

const KIND: [(&str, &str); 3] = [
    ("level", "The level wanders, z_t = z_{t−1} + noise, and is seen through noise: the local level model"),
    (
        "autoregression",
        "The state returns, z_t = a z_{t−1} + noise, to the mean of the column, and is seen through noise",
    ),
    ("factors", "D states have linear dynamics, and each column is a noisy linear map of them"),
];

impl AscentVerb for StateSpace {
    type Model = models::state_space::StateSpace;

    fn asked(&self) -> Result<(Request, elbo_fit::Source), Error> {
        let request = Request {
            sequence_column: self.order.sequence_column.clone(),
            column: self.column.clone(),
            kind: self.kind,
            states: self.states,
            starts: self.starts,
            forecast: self.forecast,
        };
        Ok((request, self.order.timed(self.source.named(None)?)))
    }

    fn plan(&self) -> AscentPlan {
        self.ascent.plan(self.source.memory)
    }
}
