//! What the verbs of coordinate ascent share.

use std::path::PathBuf;

use clap::Args;
use elbo::mean_field::{self, RobbinsMonro};
use elbo_fit::{
    Error, Place, Plan, Source,
    models::{Model, Online},
};

use super::values::{parse_count, parse_fraction, parse_positive, parse_weight, shown};

/// The arguments of a verb that fits a model. A line in [`VERBS`](super::registry::VERBS) makes them one, of the model's name.
pub(crate) trait AscentVerb: Args + Send + 'static {
    /// What is fitted.
    type Model: Model;

    /// What is asked for, and of which data.
    fn asked(&self) -> Result<(<Self::Model as Model>::Request, Source), Error>;

    /// How to go about the fit.
    fn plan(&self) -> AscentPlan;
}

/// How to go about a fit.
pub(crate) struct AscentPlan {
    pub(crate) ascent: mean_field::Ascent,
    pub(crate) seed: u64,
    pub(crate) plan: Plan,
}

/// How coordinate ascent goes, and where its run lies.
#[derive(Args, Debug, Clone)]
pub(crate) struct Ascent {
    /// The fit has converged when a sweep raises the bound by no more than this times the bound's size.
    #[arg(long, value_name = "T", default_value = shown(&mean_field::Ascent::default().tolerance), value_parser = parse_positive, help_heading = "Ascent")]
    pub(crate) tolerance: f64,
    /// The largest number of sweeps over the factors of q.
    #[arg(long, value_name = "S", default_value_t = mean_field::Ascent::default().sweeps, value_parser = parse_count::<usize>, help_heading = "Ascent")]
    pub(crate) sweeps: usize,
    /// The seed of everything that is random.
    #[arg(long, default_value_t = 0, help_heading = "Run")]
    pub(crate) seed: u64,
    /// The name of the run. Without it the run has the name of the data, with a number where that name is taken.
    #[arg(long, value_name = "NAME", help_heading = "Run")]
    pub(crate) name: Option<String>,
    /// The folder in which the run folder is made.
    #[arg(long, value_name = "DIR", default_value = "runs", help_heading = "Run")]
    pub(crate) runs: PathBuf,
}

impl Ascent {
    /// How to go about the fit.
    pub(crate) fn plan(&self, memory: Option<u64>) -> AscentPlan {
        let place = Place { runs: self.runs.clone(), name: self.name.clone() };
        AscentPlan {
            ascent: mean_field::Ascent { tolerance: self.tolerance, sweeps: self.sweeps },
            seed: self.seed,
            plan: Plan { place, memory, ..Plan::default() },
        }
    }
}

/// Deterministic annealing, of models whose latents can be tempered.
#[derive(Args, Debug)]
pub(crate) struct Anneal {
    /// Use deterministic annealing, which begins at this inverse temperature, for example 0.4.
    #[arg(long, value_name = "BETA", value_parser = parse_fraction, help_heading = "Ascent")]
    pub(crate) anneal: Option<f64>,
}

#[derive(Args, Debug)]
pub(crate) struct Minibatches {
    /// Take natural-gradient steps from minibatches before the sweeps, which helps where there are many rows or documents.
    #[arg(long, help_heading = "Ascent")]
    online: bool,
    /// How many rows or documents a minibatch has. Without it: 10000 rows, or 256 documents.
    #[arg(long, value_name = "B", value_parser = parse_count::<usize>, requires = "online", help_heading = "Ascent")]
    batch: Option<usize>,
    /// How many passes over the data are made in minibatches.
    #[arg(long, value_name = "E", default_value_t = Online::default().epochs, value_parser = parse_count::<u32>, requires = "online",
          help_heading = "Ascent")]
    epochs: u32,
    /// τ of the step sizes (t + τ)^(−κ); a larger τ makes the first steps smaller.
    #[arg(long, value_name = "TAU", default_value_t = Online::default().schedule.delay, value_parser = parse_weight, requires = "online",
          allow_negative_numbers = true, help_heading = "Ascent")]
    delay: f64,
    /// κ of the step sizes; it must be above 0.5, and at most 1.
    #[arg(long, value_name = "KAPPA", default_value_t = Online::default().schedule.forgetting, value_parser = parse_forgetting, requires = "online",
          allow_negative_numbers = true, help_heading = "Ascent")]
    forgetting: f64,
}

impl Minibatches {
    /// What was asked for, in minibatches of `batch` where that was left open.
    pub(crate) fn online(&self, batch: usize) -> Option<Online> {
        let schedule = RobbinsMonro { delay: self.delay, forgetting: self.forgetting };
        let batch = self.batch.unwrap_or(batch);
        self.online.then_some(Online { batch, epochs: self.epochs, schedule })
    }
}

fn parse_forgetting(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|&rate| rate > 0.5 && rate <= 1.0);
    rate.ok_or_else(|| "give a number above 0.5 and at most 1".into())
}

/// Which rows follow one another.
#[derive(Args, Debug)]
pub(crate) struct SequenceArguments {
    /// The column that says which sequence a row is of: its name, its number from 1, or `last`. The rows of a sequence must
    /// stand together, unless there are times. Without it all rows are one sequence.
    #[arg(long, value_name = "COLUMN", requires = "data", conflicts_with = "label_column")]
    pub(crate) sequence_column: Option<String>,
    /// The column that says when a row was seen, by its name: dates, instants, or numbers as years. Rows are brought to time
    /// order, a step without a row counts as a row of missing cells, and forecasts carry dates. Without it, the column is the only
    /// one of dates, or one called `time`, `date` or `year` whose numbers rise or fall throughout.
    #[arg(long, value_name = "COLUMN", requires = "data")]
    pub(crate) time: Option<String>,
}

impl SequenceArguments {
    /// The source with its column of times.
    pub(crate) fn timed(&self, source: elbo_fit::Source) -> elbo_fit::Source {
        elbo_fit::Source { time_column: self.time.clone(), ..source }
    }
}
