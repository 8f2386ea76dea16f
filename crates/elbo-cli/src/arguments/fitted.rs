//! The verbs of fitted models.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use elbo::objective::elbo::KlForm;
use elbo_fit::{
    Imputation, STEPS,
    auto_encoder::{self, Annealed, AuditRequest},
};

use super::{
    source::Source,
    values::{KL, named, parse_count, parse_fraction, parse_memory, parse_positive},
};

/// A fitted model.
#[derive(Args, Debug)]
pub(crate) struct Fitted {
    /// A run folder, or a model file of one.
    pub(crate) run: PathBuf,
}

/// Where a table goes.
#[derive(Args, Debug)]
pub(crate) struct Output {
    /// The file that is written (.csv, .npy, .parquet or .json; .png where rows are images and a picture can be drawn). Without
    /// it, CSV goes to standard output.
    #[arg(long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// Write JSON to standard output, and not CSV.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Output {
    /// A file, where there is one.
    pub(crate) fn file(path: Option<&Path>) -> Self {
        Self { output: path.map(Into::into), json: false }
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        self.output.as_deref()
    }
}

/// How q(z) of a row is found by itself.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Inference {
    /// Take a q(z) with any covariance, and not one of independent dimensions.
    #[arg(long, help_heading = "Inference")]
    pub(crate) full_covariance: bool,
    /// How many Monte Carlo samples of z each row has at each step.
    #[arg(long, value_name = "L", default_value_t = auto_encoder::Inference::default().step_samples, value_parser = parse_count::<usize>, help_heading = "Inference")]
    pub(crate) step_samples: usize,
    /// The first step size, in units of the posterior's width.
    #[arg(long, value_name = "SIZE", default_value_t = auto_encoder::Inference::default().step_size, value_parser = parse_positive, allow_negative_numbers = true,
          help_heading = "Inference")]
    pub(crate) step_size: f64,
    /// The smallest rise of a row's bound, in nats, that counts as a rise.
    #[arg(long, value_name = "NATS", default_value_t = auto_encoder::Inference::default().tolerance, value_parser = parse_positive, allow_negative_numbers = true,
          help_heading = "Inference")]
    pub(crate) tolerance: f64,
    /// The largest number of steps for a row; it is rounded up to a multiple of 24.
    #[arg(long, value_name = "N", default_value_t = auto_encoder::Inference::default().steps, value_parser = parse_count::<usize>, help_heading = "Inference")]
    pub(crate) steps: usize,
}

#[derive(Args, Debug)]
#[command(after_help = "\
The guide q of each row starts at the encoder's and goes uphill until its bound no longer rises, while the model is held. These
columns are written for each row: row, label, z_1_mean, …, z_1_sd, …, log_density (here a bound, as log_density_is says), the same as
per_datum_elbo with its standard error, the encoder's bound amortised_elbo, steps, converged. With --output that goes to
the file, and the means over the rows go to standard output.

Examples:
  elbo infer runs/wine --data more.csv --output latent.csv")]
pub(crate) struct Infer {
    #[command(flatten)]
    pub(crate) fitted: Fitted,
    #[command(flatten)]
    pub(crate) source: Source,
    /// Use only this many rows, which are drawn from the seed.
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
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
#[command(after_help = "\
The approximation gap is log p(x) less the best bound of each row: the family of q(z|x) loses so much. The amortisation gap is
that bound less the encoder's bound: the encoder loses so much. Without --data the rows are the test rows of the run, or else its
validation rows. As many training rows are measured beside them, where the rows of the fit are still there. The exit code is 3
where the verdict is `do not trust`.

Examples:
  elbo audit runs/wine --output ledger.csv")]
pub(crate) struct Audit {
    #[command(flatten)]
    pub(crate) fitted: Fitted,
    #[command(flatten)]
    pub(crate) source: Source,
    /// The largest number of rows that are used; they are drawn from the seed.
    #[arg(long, value_name = "R", default_value_t = AuditRequest::default().rows, value_parser = parse_count::<usize>)]
    pub(crate) rows: usize,
    /// How many draws of z of each row are behind each figure.
    #[arg(long, value_name = "K", default_value_t = AuditRequest::default().importance_samples, value_parser = parse_count::<usize>)]
    pub(crate) importance_samples: usize,
    /// Estimate log p(x) by annealed importance sampling too, which is slow, and is a second opinion.
    #[arg(long)]
    pub(crate) annealed: bool,
    /// How many of the worst rows are named.
    #[arg(long, value_name = "N", default_value_t = AuditRequest::default().worst)]
    pub(crate) worst: usize,
    #[command(flatten)]
    pub(crate) inference: Inference,
    /// The seed of the noise and of the binarisation.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Write the ledger of each row: .csv, .npy, .parquet or .json.
    #[arg(long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// Write the figures to standard output as JSON, with all their digits, and not as CSV.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Without --data the rows are those of the fit. `log_density` is the closest figure of log p(x) that is asked for, and the column
`is` says whether it is exact (under what was fitted), an estimate or a lower bound. The ELBO of
an auto-encoder and its terms stand below it. For a model that was fitted by coordinate ascent log_density is:
  mixture, normal      log p(x | the fit's rows)
  regress              log p(y | x, the fit's rows) of the target y, with --conjugate or a known noise; otherwise that of a
                       Gaussian with the mean and the variance that are predicted
  factors              log p(x) with the parameters at their means
  hmm, state-space     a lower bound on log p(x) of the sequences, parameters as fitted
  topics               a lower bound on log p of the documents, a word at a time; with the perplexity
  ising                the bound on log Z
--samples, --kl and the options of the evidence are for auto-encoders; rows in time order are evaluated together, without
--rows.

Examples:
  elbo evaluate runs/faithful-mixture --data more.csv --output rows.csv")]
pub(crate) struct Evaluate {
    #[command(flatten)]
    pub(crate) fitted: Fitted,
    #[command(flatten)]
    pub(crate) source: Source,
    /// How many Monte Carlo samples of z each row has. Without it: 16.
    #[arg(long, value_name = "L", value_parser = parse_count::<usize>)]
    pub(crate) samples: Option<usize>,
    /// Whether the KL term is computed in closed form, or by the same samples. Without it: in closed form.
    #[arg(long, value_parser = named::<KlForm>(&KL))]
    pub(crate) kl: Option<KlForm>,
    /// Use only this many rows, which are drawn from the seed; the heading of the figures then says so.
    #[arg(long, value_name = "R", value_parser = parse_count::<usize>)]
    pub(crate) rows: Option<usize>,
    /// Compute the importance-weighted bound of K samples for each row too, which tends to log p(x) as K grows.
    #[arg(long, value_name = "K", value_parser = parse_count::<usize>, help_heading = "The evidence log p(x)")]
    pub(crate) importance_samples: Option<usize>,
    /// Estimate log p(x) by annealed importance sampling too, with bounds on both sides of it (BDMC) for as many rows that are
    /// simulated from the model. This takes about R·C·T·L passes through the decoder and back, and twice that for the bounds.
    #[arg(long, help_heading = "The evidence log p(x)")]
    pub(crate) annealed: bool,
    /// How many temperatures lead from the start to the posterior: with more of them the estimate is closer.
    #[arg(long, value_name = "T", default_value_t = Annealed::default().temperatures, value_parser = parse_count::<usize>, requires = "annealed",
          help_heading = "The evidence log p(x)")]
    pub(crate) temperatures: usize,
    /// How many leapfrog steps a move has, at each temperature.
    #[arg(long, value_name = "L", default_value_t = Annealed::default().leapfrog, value_parser = parse_count::<usize>, requires = "annealed",
          help_heading = "The evidence log p(x)")]
    pub(crate) leapfrog: usize,
    /// How many chains each row has.
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
    /// Write the figures of each row, too: .csv, .npy, .parquet or .json.
    #[arg(long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// Write the figures to standard output as JSON, with all their digits, and not as CSV.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Without --data the rows are those of the fit. A model of `elbo factors` fills the cells that are missing: beside each column
NAME stands NAME_sd, the standard deviation of what fills it, 0 where the cell was there. In a picture each line of rows
stands above its reconstructions.

Examples:
  elbo reconstruct runs/digits --rows 20 --seed 1 --output digits.png")]
pub(crate) struct Reconstruct {
    #[command(flatten)]
    pub(crate) fitted: Fitted,
    #[command(flatten)]
    pub(crate) source: Source,
    /// Use only this many rows, which are drawn from the seed. Without it: all rows, or 40 for a picture.
    #[arg(short, long, value_name = "N", value_parser = parse_count::<usize>)]
    pub(crate) rows: Option<usize>,
    /// Take the first rows, and not rows that are drawn.
    #[arg(long)]
    pub(crate) first: bool,
    /// The seed of the draw.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Without --data the rows are those of the fit. The table that is written has the columns of the file, in its units, and its
observed cells are untouched. A number that is missing becomes its mean given the observed cells of the row, a level the most
probable one, and a level of an order the median. With --interval 0.9 NAME_low and NAME_high stand beside each column that lacks
cells, and NAME_probability beside levels. With --multiple 20 the missing cells are drawn, and twenty completed tables stand one
below the other, told apart by the column `imputation`: for analyses that must know how unsure the cells are.

Examples:
  elbo impute runs/people --output filled.csv
  elbo impute runs/people --data more.csv --interval 0.9 --output filled.csv")]
pub(crate) struct Impute {
    #[command(flatten)]
    pub(crate) fitted: Fitted,
    #[command(flatten)]
    pub(crate) source: Source,
    /// The probability of the intervals that stand beside the columns.
    #[arg(long, value_name = "P", value_parser = parse_fraction, allow_negative_numbers = true)]
    pub(crate) interval: Option<f64>,
    /// How many completed tables are drawn.
    #[arg(long, value_name = "M", value_parser = parse_count::<usize>, conflicts_with = "interval")]
    pub(crate) multiple: Option<usize>,
    /// How many draws of z each row has.
    #[arg(long, value_name = "K", default_value_t = Imputation::default().draws, value_parser = parse_count::<usize>)]
    pub(crate) draws: usize,
    /// The seed of the draws.
    #[arg(long, default_value_t = Imputation::default().seed)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Without --data the rows are those of the fit. These columns are written for each row: row, label, log_density, score, and the
three cells that make it oddest, as cell_1 and cell_1_surprise, …. The score is larger for odder rows: it is −log p(x), less what
is usual for the cells that a row has, and −log of the probability that a row of the model lies as far out in a column, for each
cell. The surprise of a cell is −log p(cell | the other cells of the row), less what is usual in its column. All is in nats. The ten
oddest rows are told. Rows that took part in the fit have pulled the model towards them: odd rows that are many and alike are
found better by a fit to rows that are known to be usual. This works for `elbo train`, mixture, factors, normal and regress.

Examples:
  elbo anomalies runs/payments --output odd.csv")]
pub(crate) struct Anomalies {
    #[command(flatten)]
    pub(crate) fitted: Fitted,
    #[command(flatten)]
    pub(crate) source: Source,
    /// The seed of the draws.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
#[command(after_help = "\
An auto-encoder draws z from the prior, and x from p(x|z); for images a row is E[x|z], unless --draw is given. Models that
were fitted by coordinate ascent draw x itself: `elbo regress` draws a target for x of its rows, which are drawn with
replacement; `elbo hmm` and `elbo state-space` draw one sequence, with its states; `elbo topics` draws documents, and writes
them to standard output in LDA-C form.

Examples:
  elbo sample runs/digits -n 100 --output drawn.png")]
pub(crate) struct Sample {
    #[command(flatten)]
    pub(crate) fitted: Fitted,
    /// How many rows are drawn.
    #[arg(short = 'n', long = "number", value_name = "N", default_value = "64", value_parser = parse_count::<usize>)]
    pub(crate) number: usize,
    /// Draw rows whose cells of these columns are given, as sex=female,age=30; of an auto-encoder of a table with text or missing
    /// cells. The flag may be given again.
    #[arg(long, value_name = "COLUMN=CELL", value_parser = parse_given, value_delimiter = ',', conflicts_with = "mean")]
    pub(crate) given: Vec<(String, String)>,
    /// Draw x itself from p(x|z). Without it this is done for all data but images.
    #[arg(long, conflicts_with = "mean")]
    pub(crate) draw: bool,
    /// Write E[x|z] of each z that is drawn; these rows vary less than those of the data. Without it this is done for images.
    /// Models that were fitted by coordinate ascent always draw x itself.
    #[arg(long)]
    pub(crate) mean: bool,
    /// The seed of the draws.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Without --data the rows are those of the fit. Columns are found by their names; the label column of the fit may be there or
not. The number of a row, from 1, and its label come first. NAME_mean is the mean of what is not known, and NAME_sd is its
standard deviation; p_1, p_2, … are the probabilities of component, state or topic 1, 2, …; log_density_is says whether log_density is
exact, an estimate or a bound:
  mixture       component, p_1, …, log_density
  regress       NAME_mean, NAME_mean_sd (how well it is known), NAME_sd (how far a row lies from it), NAME_low_95 and
                NAME_high_95 (the interval that a row lies in, of the level of the fit)
  factors       z_1_mean, …, z_1_sd, …, log_density
  normal        log_density
  hmm           state (on the most probable path), p_1, …, NAME_mean of each column (NAME_0_mean of its class 0)
  state-space   NAME_mean and NAME_sd of each column, seen once more, and of each state
  topics        topic, p_1, …, tokens, log_density
  ising         mean of each spin; of 20 spins or fewer exact_mean
Where there are several sequences, `row` counts within each, and the label tells them apart.

Examples:
  elbo predict runs/nile-state-space --forecast 12 --output ahead.csv")]
pub(crate) struct Predict {
    #[command(flatten)]
    pub(crate) fitted: Fitted,
    #[command(flatten)]
    pub(crate) source: Source,
    /// How many rows ahead are forecast after the last of each sequence, by models of rows in time order.
    #[arg(long, value_name = "H", default_value = "0")]
    pub(crate) forecast: usize,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
#[command(after_help = "\
These columns are written for each row: row, label, z_1_mean, …, z_1_sd, …. For a categorical z the column z_1_2_mean is the
probability of class 2; two layers of z have z1_1_mean, … and z2_1_mean, ….

Examples:
  elbo encode runs/wine --data more.csv --output latent.parquet")]
pub(crate) struct Encode {
    #[command(flatten)]
    pub(crate) fitted: Fitted,
    #[command(flatten)]
    pub(crate) source: Source,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
#[command(after_help = "\
The columns of z are found by their names, z_1, z_2, … or z_1_mean, z_2_mean, … as `elbo encode` writes them; in a file
without a header they must stand alone. The rows that are written are E[x|z], in the units of the file of the fit. This works
for auto-encoders and for `elbo factors`. Of two layers of z only the first is needed, z1_1, …, since x depends on no other.

Examples:
  elbo encode runs/wine --output z.csv
  elbo decode runs/wine --data z.csv --output x.csv")]
pub(crate) struct Decode {
    #[command(flatten)]
    pub(crate) fitted: Fitted,
    /// The table of z, in any format that --data takes elsewhere.
    #[arg(long, value_name = "PATH")]
    pub(crate) data: PathBuf,
    /// How much memory the rows of z may take, as 500M or 2G.
    #[arg(long, value_name = "SIZE", value_parser = parse_memory)]
    pub(crate) memory: Option<u64>,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
#[command(after_help = "\
A line of the table is a dimension, a step, the value of z there, and E[x|z]; in a picture each line is a dimension. A discrete
z goes through its levels, or its classes from 1, without --range and --steps. Of two layers of z the first is moved, since x
depends on no other.

Examples:
  elbo traverse runs/digits --row 7 --output dimensions.png")]
pub(crate) struct Traverse {
    #[command(flatten)]
    pub(crate) fitted: Fitted,
    #[command(flatten)]
    pub(crate) source: Source,
    /// The only dimension that is moved, from 1. Without it each is moved by itself.
    #[arg(long, value_name = "K", value_parser = parse_count::<usize>)]
    pub(crate) dimension: Option<usize>,
    /// Where z begins and ends. Without it: -3,3.
    #[arg(long, value_name = "FROM,TO", value_parser = parse_range, allow_hyphen_values = true)]
    pub(crate) range: Option<[f64; 2]>,
    /// How many steps there are. Without it: 11.
    #[arg(long, value_name = "N", value_parser = parse_count::<usize>)]
    pub(crate) steps: Option<usize>,
    /// The row of the data, from 1, at whose mean of q(z) the other dimensions stay. Without it they stay at the mean of the
    /// prior, which is 0 for a Gaussian z.
    #[arg(long, value_name = "I", value_parser = parse_count::<usize>)]
    pub(crate) row: Option<usize>,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
#[command(after_help = "\
The line is straight from the mean of q(z) of one row to that of the other, both ends included. A line of the table is a step,
its share of the way, and E[x|z]; a picture shows the steps side by side.

Examples:
  elbo interpolate runs/digits --from 1 --to 5 --output between.png")]
pub(crate) struct Interpolate {
    #[command(flatten)]
    pub(crate) fitted: Fitted,
    #[command(flatten)]
    pub(crate) source: Source,
    /// The row where the line begins, from 1: one of --data, or of the rows of the fit.
    #[arg(long, value_name = "I", value_parser = parse_count::<usize>)]
    pub(crate) from: usize,
    /// The row where the line ends, from 1.
    #[arg(long, value_name = "J", value_parser = parse_count::<usize>)]
    pub(crate) to: usize,
    /// How many steps there are.
    #[arg(long, value_name = "N", default_value_t = STEPS, value_parser = parse_count::<usize>)]
    pub(crate) steps: usize,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Parses a cell that is given.
fn parse_given(text: &str) -> Result<(String, String), String> {
    let (column, cell) = text.split_once('=').ok_or("give a column and its cell, as sex=female")?;
    Ok((column.trim().to_owned(), cell.trim().to_owned()))
}

/// Parses where a way begins and ends.
fn parse_range(text: &str) -> Result<[f64; 2], String> {
    let number = |part: &str| part.trim().parse::<f64>().ok().filter(|x| x.is_finite());
    let ends = text.split_once(',').and_then(|(from, to)| Some([number(from)?, number(to)?]));
    ends.ok_or_else(|| "give two numbers, as -3,3".into())
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
