//! The verbs of fitted models.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use elbo::objective::elbo::KlForm;
use elbo_fit::auto_encoder::{self, Annealed, Asking};

use super::{
    source::Source,
    values::{KL, named, parse_count, parse_positive},
};

/// A fitted model.
#[derive(Args, Debug)]
pub(crate) struct Fitted {
    /// A run folder, or a model file of one.
    pub(crate) run: PathBuf,
}

/// How q(z) of a row is found by itself.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Inference {
    /// A q(z) with any covariance, and not of independent dimensions.
    #[arg(long, help_heading = "Inference")]
    pub(crate) full_covariance: bool,
    /// Monte Carlo samples of z a row and step.
    #[arg(long, value_name = "L", default_value_t = auto_encoder::Inference::default().step_samples, value_parser = parse_count::<usize>, help_heading = "Inference")]
    pub(crate) step_samples: usize,
    /// The first step size, in units of the posterior's width.
    #[arg(long, value_name = "SIZE", default_value_t = auto_encoder::Inference::default().step_size, value_parser = parse_positive, allow_negative_numbers = true,
          help_heading = "Inference")]
    pub(crate) step_size: f64,
    /// A rise of a row's bound that is no more than this is none, in nats.
    #[arg(long, value_name = "NATS", default_value_t = auto_encoder::Inference::default().tolerance, value_parser = parse_positive, allow_negative_numbers = true,
          help_heading = "Inference")]
    pub(crate) tolerance: f64,
    /// Steps a row at most, rounded up to windows of 24.
    #[arg(long, value_name = "N", default_value_t = auto_encoder::Inference::default().steps, value_parser = parse_count::<usize>, help_heading = "Inference")]
    pub(crate) steps: usize,
}

#[derive(Args, Debug)]
#[command(after_help = "\
The guide q of each row starts at the encoder's and goes uphill until its bound no longer rises, the model held. Standard
output is a table with a line for each row: mean and standard deviation of each dimension of z, the bound and its
standard error, the encoder's bound, the steps taken, and whether it converged; with --output that goes to the file.")]
pub(crate) struct Infer {
    #[command(flatten)]
    pub(crate) fitted: Fitted,
    #[command(flatten)]
    pub(crate) source: Source,
    /// Only this many rows, drawn from the seed.
    #[arg(long, value_name = "R", value_parser = parse_count::<usize>)]
    pub(crate) rows: Option<usize>,
    /// Raise the importance-weighted bound of K samples, and not the ELBO.
    #[arg(long, value_name = "K", default_value = "1", value_parser = parse_count::<usize>, help_heading = "Inference")]
    pub(crate) importance_samples: usize,
    #[command(flatten)]
    pub(crate) inference: Inference,
    /// The seed of the noise and of the binarisation.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// A table (.csv, .npy, .parquet). Without it: CSV on standard output.
    #[arg(long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(after_help = "\
log p(x) less the best per-datum bound is what the family of q(z|x) loses (approximation gap), that less the encoder's
bound what the encoder loses (amortisation gap). Without --data the rows are the run's test rows, or, where it has none,
its validation rows; as many training rows stand beside them, also beside --data where the rows of the fit are still
there. Exit code 3: the verdict is `do not trust`.")]
pub(crate) struct Audit {
    #[command(flatten)]
    pub(crate) fitted: Fitted,
    #[command(flatten)]
    pub(crate) source: Source,
    /// Rows at most, drawn from the seed.
    #[arg(long, value_name = "R", default_value_t = Asking::default().rows, value_parser = parse_count::<usize>)]
    pub(crate) rows: usize,
    /// Draws of z a row behind each figure.
    #[arg(long, value_name = "K", default_value_t = Asking::default().importance_samples, value_parser = parse_count::<usize>)]
    pub(crate) importance_samples: usize,
    /// log p(x) by annealed importance sampling, too: slow, and a second opinion.
    #[arg(long)]
    pub(crate) annealed: bool,
    /// How many of the worst rows are named.
    #[arg(long, value_name = "N", default_value_t = Asking::default().worst)]
    pub(crate) worst: usize,
    #[command(flatten)]
    pub(crate) inference: Inference,
    /// The seed of the noise and of the binarisation.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Write the ledger of each row: .csv, .npy or .parquet.
    #[arg(long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Without --data the rows are those of the fit. Of an auto-encoder the figures are the ELBO and its terms. Of a model fitted by
coordinate ascent:
  mixture, normal      log p(x | the fit's rows)
  regress              log p(y | x, the fit's rows) of the target y; but for --conjugate and a known noise, of a Gaussian
                       with the mean and the variance that are predicted
  factors              log p(x) with the parameters at their means
  hmm, state-space     a lower bound on log p(x) of the sequences, parameters as fitted
  topics               the bound and the perplexity of the documents, a word at a time
  ising                the bound on log Z
--samples, --kl and the options of the evidence are for auto-encoders; rows in time order are evaluated together, without
--rows.")]
pub(crate) struct Evaluate {
    #[command(flatten)]
    pub(crate) fitted: Fitted,
    #[command(flatten)]
    pub(crate) source: Source,
    /// Monte Carlo samples of z a row. Without it: 16.
    #[arg(long, value_name = "L", value_parser = parse_count::<usize>)]
    pub(crate) samples: Option<usize>,
    /// The KL term in closed form, or by the same samples. Without it: in closed form.
    #[arg(long, value_parser = named::<KlForm>(&KL))]
    pub(crate) kl: Option<KlForm>,
    /// Only this many rows, drawn from the seed; the heading of the figures then says so.
    #[arg(long, value_name = "R", value_parser = parse_count::<usize>)]
    pub(crate) rows: Option<usize>,
    /// The importance-weighted bound of K samples a row, too: it tends to log p(x) as K grows.
    #[arg(long, value_name = "K", value_parser = parse_count::<usize>, help_heading = "The evidence log p(x)")]
    pub(crate) importance_samples: Option<usize>,
    /// log p(x) by annealed importance sampling, too, and bounds on both sides of it (BDMC) for as many rows
    /// simulated from the model. About R·C·T·L passes through the decoder and back, and twice that for the bounds.
    #[arg(long, help_heading = "The evidence log p(x)")]
    pub(crate) annealed: bool,
    /// Temperatures from the start to the posterior: the more, the closer.
    #[arg(long, value_name = "T", default_value_t = Annealed::default().temperatures, value_parser = parse_count::<usize>, requires = "annealed",
          help_heading = "The evidence log p(x)")]
    pub(crate) temperatures: usize,
    /// Leapfrog steps of a move at each temperature.
    #[arg(long, value_name = "L", default_value_t = Annealed::default().leapfrog, value_parser = parse_count::<usize>, requires = "annealed",
          help_heading = "The evidence log p(x)")]
    pub(crate) leapfrog: usize,
    /// Chains a row.
    #[arg(long, value_name = "C", default_value_t = Annealed::default().chains, value_parser = parse_count::<usize>, requires = "annealed",
          help_heading = "The evidence log p(x)")]
    pub(crate) chains: usize,
    /// Where chains start.
    #[arg(
        long,
        value_name = "START",
        value_enum,
        default_value_t,
        requires = "annealed",
        help_heading = "The evidence log p(x)"
    )]
    pub(crate) anneal_from: StartArgument,
    /// The seed of all that is random.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Write the figures of each row, too: .csv, .npy or .parquet.
    #[arg(long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Without --data the rows are those of the fit. A model of `elbo factors` fills the cells that are missing: beside each column
stands the standard deviation of what fills it, 0 where the cell was there.")]
pub(crate) struct Reconstruct {
    #[command(flatten)]
    pub(crate) fitted: Fitted,
    #[command(flatten)]
    pub(crate) source: Source,
    /// The first rows of the data; without it all of them, but for a picture 40.
    #[arg(short, long, value_name = "N", value_parser = parse_count::<usize>)]
    pub(crate) rows: Option<usize>,
    /// A picture (.png: each line of rows above its reconstructions) or a table (.csv, .npy, .parquet). Without it:
    /// CSV on standard output.
    #[arg(long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Of an auto-encoder z is drawn from the prior, and a row is E[x|z]. Models fitted by coordinate ascent draw x itself, from
what the fit knows: of `elbo regress` a target for x of its rows, drawn with replacement; of `elbo hmm` and `elbo
state-space` one sequence, with its states; of `elbo topics` documents, on standard output in LDA-C form.")]
pub(crate) struct Sample {
    #[command(flatten)]
    pub(crate) fitted: Fitted,
    /// How many rows to draw.
    #[arg(short = 'n', long = "number", value_name = "N", default_value = "64", value_parser = parse_count::<usize>)]
    pub(crate) number: usize,
    /// Draw x itself from p(x|z); without it, E[x|z] for the z drawn. By coordinate ascent it is always x itself.
    #[arg(long)]
    pub(crate) draw: bool,
    /// The seed of the draws.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// A picture (.png) or a table (.csv, .npy, .parquet). Without it: CSV on standard output.
    #[arg(long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Without --data the rows are those of the fit. Columns are found by their names; the label column of the fit may be there or
not. What is written of each row, p_1, p_2, … being probabilities:
  mixture       component, p_1, …, log_density
  regress       NAME_mean, NAME_mean_sd (how well it is known), NAME_sd (how far a row lies from it)
  factors       mean_1, …, sd_1, … of the latents, log_density
  normal        log_density
  hmm           row, state (on the most probable path), p_1, …, and the mean of each column
  state-space   row, each column and each state with its standard deviation
  topics        topic, p_1, …, tokens, bound
  ising         spin, mean; of 20 spins or fewer exact_mean")]
pub(crate) struct Predict {
    #[command(flatten)]
    pub(crate) fitted: Fitted,
    #[command(flatten)]
    pub(crate) source: Source,
    /// Rows ahead, after those of each sequence: of models of rows in time order.
    #[arg(long, value_name = "H", default_value = "0")]
    pub(crate) forecast: usize,
    /// A table (.csv, .npy, .parquet). Without it: CSV on standard output.
    #[arg(long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Encode {
    #[command(flatten)]
    pub(crate) fitted: Fitted,
    #[command(flatten)]
    pub(crate) source: Source,
    /// A table (.csv, .npy, .parquet). Without it: CSV on standard output.
    #[arg(long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
}

/// Where annealed chains start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum StartArgument {
    /// The guide q(z|x), which is close already.
    #[default]
    Guide,
    /// The prior p(z), which owes nothing to the guide.
    Prior,
}

impl From<Inference> for auto_encoder::Inference {
    fn from(of: Inference) -> Self {
        let Inference { full_covariance, step_samples, step_size, tolerance, steps } = of;
        Self { full_covariance, step_samples, step_size, tolerance, steps }
    }
}
