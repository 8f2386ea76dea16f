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
    ascent::{Anneal, Ascent, Fits, Going, Order},
    source::Source,
    values::{named, parse_count, parse_positive},
};

/// Fit a hidden Markov model to rows in time order, by exact coordinate ascent.
#[derive(Args, Debug)]
#[command(after_help = "\
Rows are in time order. A state has a mean and a variance of each column, or its rate of counts, or the probabilities of
its classes; A is the probability of each state after each.

Examples:
  elbo hmm --data geyser.csv --states 2
  elbo hmm --data visits.csv --states 3 --sequence-column patient --emission poisson
  elbo hmm --data geyser.csv --states 4 --anneal 0.2 --starts 20
  elbo predict runs/geyser-hmm --forecast 5           the state of each row, and five rows ahead")]
pub(crate) struct HiddenMarkov {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    order: Order,
    /// K. States that are not needed get no rows.
    #[arg(short = 'k', long, value_name = "K", default_value_t = Request::default().states, value_parser = parse_count::<usize>,
          help_heading = "Model")]
    states: usize,
    /// What a state says of every column. Without it, of each by itself: `categorical` of 0 and 1, `poisson` of whole
    /// numbers from 0 whose mean is below 20, else `gaussian`.
    #[arg(long, value_parser = named::<Kind>(&EMISSION), help_heading = "Model")]
    emission: Option<Kind>,
    /// α₀ of the Dirichlet prior of the first state, and of the next after each.
    #[arg(long, value_name = "A", default_value_t = Request::default().concentration, value_parser = parse_positive, help_heading = "Model")]
    concentration: f64,
    /// Starts, of which the best is kept.
    #[arg(long, value_name = "R", default_value_t = Request::default().starts, value_parser = parse_count::<usize>, help_heading = "Ascent")]
    starts: usize,
    /// Where each begins. Without it: `apart`; `random` for --anneal.
    #[arg(long, value_parser = named::<Start>(&START), help_heading = "Ascent")]
    start: Option<Start>,
    #[command(flatten)]
    anneal: Anneal,
    #[command(flatten)]
    ascent: Ascent,
}

const EMISSION: [(&str, &str); 3] =
    [("gaussian", "Real numbers"), ("poisson", "Counts"), ("categorical", "Classes, numbered from 0")];
const START: [(&str, &str); 2] = [
    ("apart", "Each row at the nearest of K rows that are far from one another"),
    ("random", "Each row at a state drawn by itself"),
];

impl Fits for HiddenMarkov {
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

    fn plan(&self) -> Going {
        self.ascent.plan(self.source.memory)
    }
}
