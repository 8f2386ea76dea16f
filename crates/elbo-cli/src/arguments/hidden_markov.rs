//! `elbo hmm`.

use clap::Args;
use elbo::mean_field::hidden_markov::Start;
use elbo_fit::{
    Error,
    models::{
        self,
        hidden_markov::{Kind, Request},
    },
};

use super::{
    ascent::{Anneal, Ascent, AscentPlan, AscentVerb, SequenceArguments},
    source::Source,
    values::{named, parse_count, parse_positive},
};

/// Fit a hidden Markov model to rows in time order, by exact coordinate ascent.
#[derive(Args, Debug)]
#[command(after_help = "\
Rows are in time order. A state has a mean and a variance for each column, or a rate for counts, or the probabilities of
classes. The matrix A holds the probability of each state after each state.

Examples:
  elbo hmm --data geyser.csv --states 2
  elbo hmm --data visits.csv --states 3 --sequence-column patient --emission poisson
  elbo hmm --data geyser.csv --states 4 --anneal 0.2 --starts 20
  elbo predict runs/geyser-hmm --forecast 5           the state of each row, and five rows ahead")]
pub(crate) struct HiddenMarkov {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    order: SequenceArguments,
    /// K, the number of states. States that are not needed get no rows.
    #[arg(short = 'k', long, value_name = "K", default_value_t = Request::default().states, value_parser = parse_count::<usize>,
          help_heading = "Model")]
    states: usize,
    /// The distribution of every column, given the state. Without it, it is chosen for each column: `categorical` for 0 and 1,
    /// `poisson` for whole numbers from 0 whose mean is below 20, else `gaussian`.
    #[arg(long, value_parser = named::<Kind>(&EMISSION), help_heading = "Model")]
    emission: Option<Kind>,
    /// α₀ of the Dirichlet priors of the first state, and of the state that follows each state.
    #[arg(long, value_name = "A", default_value_t = Request::default().concentration, value_parser = parse_positive, help_heading = "Model")]
    concentration: f64,
    /// How many starts are made, of which the best is kept.
    #[arg(long, value_name = "R", default_value_t = Request::default().starts, value_parser = parse_count::<usize>, help_heading = "Ascent")]
    starts: usize,
    /// Where each start begins. Without it: `apart`, or `random` with --anneal.
    #[arg(long, value_parser = named::<Start>(&START), help_heading = "Ascent")]
    start: Option<Start>,
    #[command(flatten)]
    anneal: Anneal,
    #[command(flatten)]
    ascent: Ascent,
}

const EMISSION: [(&str, &str); 3] = [
    ("gaussian", "The column holds real numbers"),
    ("poisson", "The column holds counts"),
    ("categorical", "The column holds classes, which are numbered from 0"),
];
const START: [(&str, &str); 2] = [
    ("apart", "Each row begins in the state of the nearest of K rows that are far from one another"),
    ("random", "Each row begins in a state that is drawn by itself"),
];

impl AscentVerb for HiddenMarkov {
    type Model = models::hidden_markov::HiddenMarkov;

    fn asked(&self) -> Result<(Request, elbo_fit::Source), Error> {
        let request = Request {
            sequence_column: self.order.sequence_column.clone(),
            states: self.states,
            emission: self.emission,
            concentration: self.concentration,
            starts: self.starts,
            start: self.start,
            anneal: self.anneal.anneal,
        };
        Ok((request, self.order.timed(self.source.named(None)?)))
    }

    fn plan(&self) -> AscentPlan {
        self.ascent.plan(self.source.memory)
    }
}
