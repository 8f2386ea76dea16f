//! `elbo mixture`.

use clap::Args;
use elbo::mean_field::{Start, mixture::Covariance};
use elbo_fit::{
    Error,
    models::{
        self,
        mixture::{Kind, Request, WeightsPrior},
    },
};

use super::{
    ascent::{Anneal, Ascent, AscentPlan, AscentVerb, Minibatches},
    source::Source,
    values::{named, parse_builtin, parse_count, parse_positive, shown},
};

/// Fit a Bayesian mixture by exact coordinate ascent: Gaussians, or columns of 0 and 1.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elbo mixture --data faithful.csv --components 6
  elbo mixture --data faithful.csv --share-prior dirichlet-process --components 20
  elbo mixture digits --family bernoulli --components 20     pixels cut at half of full ink
  elbo predict runs/faithful-mixture --data more.csv")]
pub(crate) struct Mixture {
    /// A built-in data set: `digits`.
    #[arg(value_name = "NAME", conflicts_with = "data", value_parser = parse_builtin)]
    builtin: Option<String>,
    #[command(flatten)]
    source: Source,
    /// The column that says how many rows each row stands for, a number ≥ 0; it is not data. Without it each row stands for one.
    #[arg(long = "weights", value_name = "COLUMN")]
    row_weights: Option<String>,
    /// K, the number of components. Those that are not needed lose all their rows where the concentration is small.
    #[arg(short = 'k', long, value_name = "K", default_value_t = Request::default().components, value_parser = parse_count::<usize>,
          help_heading = "Model")]
    components: usize,
    /// What the components are. Without it: Bernoulli where all cells are 0 or 1, else Gaussian.
    #[arg(long, value_parser = named::<Kind>(&FAMILY), help_heading = "Model")]
    family: Option<Kind>,
    /// What the covariances of Gaussian components are. Without it: `full`.
    #[arg(long, value_parser = named::<Covariance>(&COVARIANCE), help_heading = "Model")]
    covariance: Option<Covariance>,
    /// The prior of the components' shares.
    #[arg(long = "share-prior", default_value = shown(&Request::default().weights), value_parser = named::<WeightsPrior>(&WEIGHTS), help_heading = "Model")]
    weights: WeightsPrior,
    /// α₀ of the Dirichlet (1/K without it), or γ of the Dirichlet process (1 without it).
    #[arg(long, value_name = "A", value_parser = parse_positive, help_heading = "Model")]
    concentration: Option<f64>,
    /// How many rows the prior of a Gaussian component's mean is worth. Without it: 1 row.
    #[arg(long, value_name = "ROWS", value_parser = parse_positive, help_heading = "Model")]
    mean_precision: Option<f64>,
    /// Leave out columns that have one value, such as pixels that are always empty.
    #[arg(long)]
    drop_constant: bool,
    /// How many starts are made, of which the best is kept.
    #[arg(long, value_name = "R", default_value_t = Request::default().starts, value_parser = parse_count::<usize>, help_heading = "Ascent")]
    starts: usize,
    /// Where each start begins.
    #[arg(long, default_value = shown(&Request::default().start), value_parser = named::<Start>(&START), help_heading = "Ascent")]
    start: Start,
    #[command(flatten)]
    anneal: Anneal,
    #[command(flatten)]
    minibatches: Minibatches,
    #[command(flatten)]
    ascent: Ascent,
}

const FAMILY: [(&str, &str); 2] = [
    ("gaussian", "The columns hold real numbers"),
    ("bernoulli", "The columns hold 0 and 1, and are independent given the component"),
];
const COVARIANCE: [(&str, &str); 4] = [
    ("full", "Each component has a matrix of its own"),
    ("tied", "All components share one matrix"),
    ("diagonal", "Each component has a variance for each column"),
    ("spherical", "Each component has one variance for all columns"),
];
const WEIGHTS: [(&str, &str); 2] = [
    ("dirichlet", "The shares are drawn from Dir(α₀, …, α₀)"),
    ("dirichlet-process", "The shares are drawn from a Dirichlet process, of which K components are used"),
];
const START: [(&str, &str); 2] = [
    ("k-means", "The components begin where k-means ends, which begins at rows far from one another"),
    ("random", "The components begin at rows that are drawn, each row with the same probability"),
];
/// Rows of a minibatch, where they are not asked for.
const BATCH: usize = 10_000;

impl AscentVerb for Mixture {
    type Model = models::mixture::Mixture;

    fn asked(&self) -> Result<(Request, elbo_fit::Source), Error> {
        let request = Request {
            components: self.components,
            family: self.family,
            covariance: self.covariance,
            weights: self.weights,
            concentration: self.concentration,
            mean_precision: self.mean_precision,
            drop_constant: self.drop_constant,
            starts: self.starts,
            start: self.start,
            anneal: self.anneal.anneal,
            online: self.minibatches.online(BATCH),
            row_weights: self.row_weights.clone(),
        };
        Ok((request, self.source.named(self.builtin.as_deref())?))
    }

    fn plan(&self) -> AscentPlan {
        self.ascent.plan(self.source.memory)
    }
}
