//! The command line.

use std::{num::NonZeroUsize, path::PathBuf};

use burn::tensor::Device;
use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use elbo::{
    device,
    distribution::bernoulli::Binarise,
    gradient::Form,
    guide::Family,
    model::Sigma,
    network::Activation,
    objective::{Objective, elbo::KlForm},
    optimiser::Optimiser,
    schedule::{Decay, Schedule},
};
use serde::{
    Deserialize,
    de::{IntoDeserializer, value::Error as NameError},
};

use crate::{
    error::Error,
    mean_field::{
        factors::Factors, hidden_markov::HiddenMarkov, ising::Ising, mixture::Mixture, normal::Normal,
        regress::Regress, state_space::StateSpace, topics::Topics,
    },
};

/// Fit latent-variable models by maximising the evidence lower bound (ELBO).
///
/// A model p(x, z) is of your rows x and of latent z; a guide q approximates the posterior of z. Fitting raises the ELBO, a
/// lower bound on log p(x), in nats: larger is better. `train` fits variational auto-encoders, by gradients; `mixture`,
/// `regress`, `factors`, `normal`, `hmm`, `state-space`, `ising` and `topics` fit conjugate models, by exact coordinate
/// ascent, and may have missing cells.
#[derive(Debug, Parser)]
#[command(name = "elbo", version, after_help = "Start with: elbo train digits")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
    /// Threads to use (all cores, if not given). The results do not depend on it, to the bit.
    #[arg(long, global = true, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Where to compute. A GPU may round products to TF32, and its results are not repeatable to the bit.
    #[arg(long, global = true, value_enum, default_value_t)]
    pub(crate) device: DeviceArgument,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum DeviceArgument {
    /// The processor.
    #[default]
    Cpu,
    /// The first NVIDIA GPU; needs a program built with `--features cuda`.
    Cuda,
}

impl DeviceArgument {
    pub(crate) fn open(self) -> Result<Device, Error> {
        match self {
            Self::Cpu => Ok(Device::flex()),
            Self::Cuda if cfg!(feature = "cuda") => device::cuda().ok_or_else(|| {
                let error = Error::plain("no CUDA device was found");
                error.hint("it takes an NVIDIA GPU and its driver; --device cpu needs neither")
            }),
            Self::Cuda => Err(Error::usage(
                "this program was built for the CPU alone",
                "for --device cuda build it with `cargo build --release --features cuda`",
            )),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Fit a variational auto-encoder to data, and write a run folder with the model and a report.
    Train(Box<Train>),
    /// Fit a Bayesian mixture by exact coordinate ascent: Gaussians, or columns of 0 and 1.
    Mixture(Box<Mixture>),
    /// Bayesian linear regression by exact coordinate ascent: ridge, relevance determination, or a known prior.
    Regress(Regress),
    /// Bayesian factor analysis or probabilistic PCA by exact coordinate ascent, with missing cells.
    Factors(Factors),
    /// The mean and the precision of one column, by exact coordinate ascent.
    Normal(Normal),
    /// Fit a hidden Markov model to rows in time order, by exact coordinate ascent.
    Hmm(Box<HiddenMarkov>),
    /// Fit a local level, an autoregression or dynamic factors to rows in time order, and forecast.
    StateSpace(Box<StateSpace>),
    /// The mean field of an Ising model: a bound on log Z, and the mean of each spin.
    Ising(Ising),
    /// Topics of documents, by latent Dirichlet allocation: exact coordinate ascent.
    Topics(Box<Topics>),
    /// What a model fitted by coordinate ascent says about each row: its component, value, state, topics or latents; and of
    /// rows ahead.
    Predict(Predict),
    /// Where the nats of a fit are lost, row by row, and whether it can be trusted.
    Audit(Audit),
    /// How probable data are under a fitted model: the ELBO and its terms, or the log density, with standard errors.
    Evaluate(Evaluate),
    /// q(z) of each row found by itself, better than the encoder's.
    Infer(Infer),
    /// Data beside what the model makes of them: x → z → x; of factors, missing cells filled.
    Reconstruct(Reconstruct),
    /// Draw new rows from a fitted model.
    Sample(Sample),
    /// The latent mean and standard deviation of each row of data.
    Encode(Encode),
}

/// Where rows come from.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct Source {
    /// Rows to read: IDX images (MNIST; also .gz) or a table of numbers (.csv, .tsv; also .gz).
    #[arg(long, value_name = "PATH")]
    pub(crate) data: Option<PathBuf>,
    /// A column of the table that is no data but a label: its name, its number from 1, or `last`.
    #[arg(long, value_name = "COLUMN", requires = "data")]
    pub(crate) label_column: Option<String>,
    /// IDX file of labels for IDX images (found by itself where it is named as MNIST's).
    #[arg(long, value_name = "PATH", requires = "data")]
    pub(crate) labels: Option<PathBuf>,
    /// The rows of a table are images of this size.
    #[arg(long, value_name = "HxW", value_parser = parse_image, requires = "data")]
    pub(crate) image: Option<(usize, usize)>,
    /// Memory for rows, as 500M or 2G (1G = 1024M; a plain number is bytes). Where they take more, they lie in a
    /// temporary file in the folder that TMPDIR names (/tmp, if it names none): 4 bytes a value, 8 for coordinate ascent.
    /// The results are the same, to the bit.
    #[arg(long, value_name = "SIZE", value_parser = parse_memory)]
    pub(crate) memory: Option<u64>,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elbo train digits                                   1,797 handwritten digits, built in
  elbo train --data train-images-idx3-ubyte.gz --test t10k-images-idx3-ubyte.gz --epochs 20
  elbo train --data wine.csv --label-column target --sigma per-column
  elbo train --resume runs/digits                     go on where it was interrupted, to the same bits
  elbo train --config runs/digits/config.toml         the same fit once more")]
#[allow(clippy::struct_excessive_bools)]
pub(crate) struct Train {
    /// A built-in data set: `digits`.
    #[arg(value_name = "NAME", conflicts_with_all = ["data", "label_column", "labels", "image"],
          value_parser = ["digits"])]
    pub(crate) builtin: Option<String>,
    #[command(flatten)]
    pub(crate) source: Source,
    /// Rows to test the finished fit on, in the same form as --data.
    #[arg(long, value_name = "PATH")]
    pub(crate) test: Option<PathBuf>,
    /// The fraction of the rows set aside to watch the fit: the first of a permutation drawn from the seed.
    #[arg(long, value_name = "FRACTION", default_value = "0.1", value_parser = parse_fraction,
          allow_negative_numbers = true, help_heading = "Data")]
    pub(crate) validation: f64,
    /// How stored values become x.
    #[arg(long, value_enum, default_value_t, help_heading = "Data")]
    pub(crate) scale: ScaleArgument,
    /// Leave columns out that have one constant value in the training data.
    #[arg(long, help_heading = "Data")]
    pub(crate) drop_constant: bool,
    /// What happens to grey values in [0, 1] under a Bernoulli likelihood. Without it: `dynamic`; `threshold` for
    /// --guide per-datum, whose q of a row takes some steps an epoch and lags behind a row that is drawn anew at each.
    #[arg(long, value_parser = named::<Binarise>(&BINARISE), help_heading = "Data")]
    pub(crate) binarise: Option<Binarise>,

    /// p(x|z). Without it: Bernoulli for images and 0/1 tables, else Gaussian.
    #[arg(long, value_enum, help_heading = "Model")]
    pub(crate) likelihood: Option<LikelihoodArgument>,
    /// σ of a Gaussian likelihood: `learned` (one for all columns), `per-column`, `solved` (one, in closed form),
    /// or a number to hold it at.
    #[arg(long, value_name = "SIGMA", default_value = "learned", value_parser = parse_sigma,
          allow_negative_numbers = true, help_heading = "Model")]
    pub(crate) sigma: Sigma,
    /// What encoder and decoder are made of, beside the dense layers of --hidden.
    #[arg(long, value_enum, default_value_t, help_heading = "Model")]
    pub(crate) network: NetworkArgument,
    /// Channels after each convolution. Without it: 32,64.
    #[arg(long, value_name = "CHANNELS", value_parser = parse_widths, help_heading = "Model")]
    pub(crate) channels: Option<Widths>,
    /// The side of the convolutions' kernels. Without it: 3.
    #[arg(long, value_name = "PIXELS", value_parser = parse_count::<usize>, help_heading = "Model")]
    pub(crate) kernel: Option<usize>,
    /// Pixels from one place of the kernel to the next. Without it: 2, which halves the image each time.
    #[arg(long, value_name = "PIXELS", value_parser = parse_count::<usize>, help_heading = "Model")]
    pub(crate) stride: Option<usize>,
    /// Widths of the encoder's hidden layers, as 400,200 (the decoder's are the same in reverse), or `none` for
    /// a linear encoder and decoder.
    #[arg(long, value_name = "WIDTHS", default_value = "400", value_parser = parse_hidden, help_heading = "Model")]
    pub(crate) hidden: Widths,
    /// The number of latent dimensions; as 100,50 those of two layers z1 and z2, where z2 is drawn first, z1 given z2, and
    /// x given z1. Without it: 20, or half as many as columns where that is fewer.
    #[arg(long, value_name = "K", value_parser = parse_latent, help_heading = "Model")]
    pub(crate) latent: Option<Widths>,
    /// Widths of the hidden layers between z1 and z2, or `none`. Without it: 100,100.
    #[arg(long, value_name = "WIDTHS", value_parser = parse_hidden, help_heading = "Model")]
    pub(crate) hidden2: Option<Widths>,
    /// What the latent variables are: `gaussian`, `bernoulli` (bits), or `categorical:C` (choices of one among C).
    #[arg(long, value_name = "FAMILY", default_value = "gaussian", value_parser = parse_family, help_heading = "Model")]
    pub(crate) family: Family,
    /// The function between the layers.
    #[arg(long, default_value = "relu", value_parser = named::<Activation>(&ACTIVATION), help_heading = "Model")]
    pub(crate) activation: Activation,

    /// Adam, or plain stochastic gradient ascent.
    #[arg(long, default_value = "adam", value_parser = named::<Optimiser>(&OPTIMISER), help_heading = "Ascent")]
    pub(crate) optimiser: Optimiser,
    /// The step size of the decoder. Without it: 1e-3 for Adam, 1e-2/N for plain ascent (the gradient is that of
    /// the bound of all N rows).
    #[arg(long, value_name = "SIZE", value_parser = parse_positive, allow_negative_numbers = true,
          help_heading = "Ascent")]
    pub(crate) step_size: Option<f64>,
    /// The step size of the encoder. Without it: that of the decoder.
    #[arg(long, value_name = "SIZE", value_parser = parse_positive, allow_negative_numbers = true,
          help_heading = "Ascent")]
    pub(crate) encoder_step_size: Option<f64>,
    /// The step sizes as the epochs pass: `constant`, `cosine` (to 0 at the last epoch), or `E,F` (times F every E
    /// epochs).
    #[arg(long, value_name = "DECAY", default_value = "constant", value_parser = parse_decay, help_heading = "Ascent")]
    pub(crate) decay: Decay,
    /// Rows a minibatch.
    #[arg(long, value_name = "B", default_value = "128", value_parser = parse_count::<usize>,
          help_heading = "Ascent")]
    pub(crate) batch: usize,
    /// Monte Carlo samples of z a row and step. Without it: 1; 5 for the importance-weighted bound, whose k it is; 8 for the
    /// score function, whose baseline needs others.
    #[arg(long, value_name = "L", value_parser = parse_count::<usize>,
          help_heading = "Ascent")]
    pub(crate) samples: Option<usize>,
    /// What is maximised.
    #[arg(long, default_value = "elbo", value_parser = named::<Objective>(&OBJECTIVE), help_heading = "Ascent")]
    pub(crate) objective: Objective,
    /// How the gradient is estimated: `reparameterised` or `sticking-the-landing` (Gaussian latents), `score-function`
    /// (any; with a leave-one-out baseline over the samples), `enumerated` (exact, few discrete states), or
    /// `relaxed:T` (discrete latents relaxed at temperature T: biased); of the importance-weighted bound
    /// `reparameterised` or `doubly-reparameterised`. Without it: `reparameterised` for Gaussian latents,
    /// `score-function` for discrete ones, `doubly-reparameterised` for the importance-weighted bound,
    /// `sticking-the-landing` for --guide per-datum with the KL unweighed.
    #[arg(long, value_name = "ESTIMATOR", value_parser = parse_estimator, help_heading = "Ascent")]
    pub(crate) estimator: Option<Form>,
    /// The KL term in closed form, or as the mean over the samples of log q(z|x) − log p(z).
    #[arg(long, default_value = "analytic", value_parser = named::<KlForm>(&KL), help_heading = "Ascent")]
    pub(crate) kl: KlForm,
    /// β, the weight of the KL term in what is maximised: above 1 for fewer, cleaner dimensions, below 1 against collapse.
    /// Other than 1, what is maximised is not the bound.
    #[arg(long, value_name = "BETA", default_value = "1", value_parser = parse_weight, allow_negative_numbers = true,
          help_heading = "Ascent")]
    pub(crate) beta: f64,
    /// Raise the weight of the KL term from 0 over this many epochs, against a posterior that collapses at the start.
    #[arg(long, value_name = "EPOCHS", default_value = "0", help_heading = "Ascent")]
    pub(crate) kl_warm_up: u64,
    /// Nats of each latent dimension's KL that cost nothing, against collapse. What is maximised is then not the bound.
    #[arg(long, value_name = "NATS", default_value = "0", value_parser = parse_weight, allow_negative_numbers = true,
          help_heading = "Ascent")]
    pub(crate) free_bits: f64,
    /// Steps of the encoder alone before each step of both, so that it does not lag behind the decoder; each step takes a
    /// minibatch of its own.
    #[arg(
        long,
        value_name = "STEPS",
        default_value = "0",
        conflicts_with = "schedule",
        help_heading = "Ascent"
    )]
    pub(crate) encoder_steps: u64,
    /// Where the q(z) of each row comes from.
    #[arg(long, value_enum, default_value_t, help_heading = "Ascent")]
    pub(crate) guide: GuideArgument,
    /// Steps of each row's own q at each visit to it, under --guide per-datum. Without it: 3.
    #[arg(long, value_name = "M", value_parser = parse_count::<usize>, help_heading = "Ascent")]
    pub(crate) psi_steps: Option<usize>,
    /// The size of those steps, which Adam takes. Without it: 0.03.
    #[arg(long, value_name = "SIZE", value_parser = parse_positive, allow_negative_numbers = true,
          help_heading = "Ascent")]
    pub(crate) psi_step_size: Option<f64>,
    /// Move encoder and decoder together, or in turn.
    #[arg(long, default_value = "joint", value_parser = named::<Schedule>(&SCHEDULE), help_heading = "Ascent")]
    pub(crate) schedule: Schedule,
    /// A prior N(0, SD²) on every parameter of the decoder: log p(θ) joins the bound once, not once a row, and holds
    /// the weights near 0.
    #[arg(long, value_name = "SD", value_parser = parse_positive, allow_negative_numbers = true,
          help_heading = "Ascent")]
    pub(crate) prior_sd: Option<f64>,
    /// Shorten the gradient of the bound per row to this norm where it is longer.
    #[arg(long, value_name = "NORM", value_parser = parse_positive, allow_negative_numbers = true,
          help_heading = "Ascent")]
    pub(crate) clip_norm: Option<f64>,
    /// Epochs at most. Given without --patience, the fit runs them all.
    #[arg(long, value_name = "E", value_parser = parse_count::<u64>, help_heading = "Ascent")]
    pub(crate) epochs: Option<u64>,
    /// Stop after this many epochs in which the validation ELBO has not risen by more than one standard error (of
    /// the mean of the differences, row by row). Without it and without --epochs: 20, or 1,000 steps where that is more.
    #[arg(long, value_name = "P", value_parser = parse_count::<u64>, help_heading = "Ascent")]
    pub(crate) patience: Option<u64>,
    /// The seed of all randomness.
    #[arg(long, default_value_t = 0, help_heading = "Ascent")]
    pub(crate) seed: u64,

    /// The name of the run folder. Without it: that of the data.
    #[arg(long, value_name = "NAME", help_heading = "Run")]
    pub(crate) name: Option<String>,
    /// Where run folders are made.
    #[arg(long, value_name = "DIR", default_value = "runs", help_heading = "Run")]
    pub(crate) runs: PathBuf,
    /// Repeat the fit of a config.toml, in a new folder: of an auto-encoder, or by coordinate ascent. --data and --test say
    /// where its rows are now.
    #[arg(long, value_name = "PATH", help_heading = "Run", conflicts_with_all = SETTINGS)]
    pub(crate) config: Option<PathBuf>,
    /// Begin at the parameters of another run's model, of the same networks, and not at random ones: as with a bound that is
    /// slow to climb, L_50 from a fit to L_5.
    #[arg(long, value_name = "RUN", help_heading = "Run", conflicts_with = "resume")]
    pub(crate) begin_at: Option<PathBuf>,
    /// Go on with an interrupted run: the result is the same, to the bit, as without the interruption.
    #[arg(long, value_name = "RUN", help_heading = "Run", conflicts_with_all = SETTINGS,
          conflicts_with_all = ["config", "name", "runs", "data", "test"])]
    pub(crate) resume: Option<PathBuf>,
}

/// What a config.toml holds already: given beside one, it would be ignored.
#[rustfmt::skip]
const SETTINGS: [&str; 41] = [
    "network", "channels", "kernel", "stride", "hidden2",
    "builtin", "label_column", "labels", "image", "validation", "scale", "drop_constant",
    "binarise", "likelihood", "sigma", "hidden", "latent", "family", "activation", "optimiser", "step_size",
    "encoder_step_size", "decay", "batch", "samples", "objective", "estimator", "kl", "beta", "kl_warm_up", "free_bits", "encoder_steps", "schedule", "prior_sd", "clip_norm", "epochs",
    "patience", "seed", "guide", "psi_steps", "psi_step_size",
];

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
    #[arg(long, value_name = "L", default_value = "8", value_parser = parse_count::<usize>, help_heading = "Inference")]
    pub(crate) step_samples: usize,
    /// The first step size, in units of the posterior's width.
    #[arg(long, value_name = "SIZE", default_value = "0.1", value_parser = parse_positive, allow_negative_numbers = true,
          help_heading = "Inference")]
    pub(crate) step_size: f64,
    /// A rise of a row's bound that is no more than this is none, in nats.
    #[arg(long, value_name = "NATS", default_value = "0.02", value_parser = parse_positive, allow_negative_numbers = true,
          help_heading = "Inference")]
    pub(crate) tolerance: f64,
    /// Steps a row at most, rounded up to windows of 24.
    #[arg(long, value_name = "N", default_value = "2000", value_parser = parse_count::<usize>, help_heading = "Inference")]
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
    #[arg(long, value_name = "R", default_value = "500", value_parser = parse_count::<usize>)]
    pub(crate) rows: usize,
    /// Draws of z a row behind each figure.
    #[arg(long, value_name = "K", default_value = "2000", value_parser = parse_count::<usize>)]
    pub(crate) importance_samples: usize,
    /// log p(x) by annealed importance sampling, too: slow, and a second opinion.
    #[arg(long)]
    pub(crate) annealed: bool,
    /// How many of the worst rows are named.
    #[arg(long, value_name = "N", default_value = "10")]
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
    #[arg(long, value_name = "T", default_value = "1000", value_parser = parse_count::<usize>, requires = "annealed",
          help_heading = "The evidence log p(x)")]
    pub(crate) temperatures: usize,
    /// Leapfrog steps of a move at each temperature.
    #[arg(long, value_name = "L", default_value = "10", value_parser = parse_count::<usize>, requires = "annealed",
          help_heading = "The evidence log p(x)")]
    pub(crate) leapfrog: usize,
    /// Chains a row.
    #[arg(long, value_name = "C", default_value = "16", value_parser = parse_count::<usize>, requires = "annealed",
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

/// How stored values become x.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScaleArgument {
    /// `full` for images, `none` for a Bernoulli likelihood, else `standard`.
    #[default]
    Auto,
    /// As stored.
    None,
    /// Divided by the largest value that the file's kind of image can hold (255 for bytes).
    Full,
    /// To [0, 1] by the least and the greatest value of the training rows.
    Unit,
    /// Each column to mean 0 and standard deviation 1 over the training rows.
    Standard,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum NetworkArgument {
    /// Dense layers alone.
    #[default]
    Dense,
    /// Convolutions between x and the dense layers, for images; see --channels.
    Convolutional,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum GuideArgument {
    /// One encoder for all rows: q(z|x).
    #[default]
    Amortised,
    /// Each training and validation row has a q of its own, which starts at the encoder's: a tighter bound, slower. The
    /// encoder is fitted beside it, for rows to come. Dense layers and Gaussian latents, on the CPU. Beside --memory it takes
    /// 24 bytes a row and latent dimension.
    PerDatum,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LikelihoodArgument {
    /// Independent 0/1 columns; the decoder gives logits.
    Bernoulli,
    /// Independent Gaussian columns; the decoder gives means. See --sigma.
    Gaussian,
}

pub(crate) type Names = [(&'static str, &'static str)];

const BINARISE: [(&str, &str); 3] = [
    (
        "dynamic",
        "Drawn anew at each epoch, x ~ Bernoulli(grey): the ELBO is the mean over the draws of a bound",
    ),
    ("threshold", "1 where grey > 1/2: the ELBO is a bound on log p(x) of that one binary data set"),
    ("none", "Grey as it is: where it is neither 0 nor 1 the value is not a bound on any log p(x)"),
];
const ACTIVATION: [(&str, &str); 5] =
    [("relu", ""), ("tanh", ""), ("gelu", ""), ("softplus", ""), ("sigmoid", "")];
const OPTIMISER: [(&str, &str); 2] = [
    ("adam", "Steps that hardly depend on the gradient's scale"),
    ("sgd", "Plain stochastic gradient ascent"),
];
const OBJECTIVE: [(&str, &str); 3] = [
    ("elbo", "The evidence lower bound"),
    ("importance-weighted", "The tighter bound L_k = E log (1/k) Σ p(x,z_i)/q(z_i|x), with k = --samples"),
    (
        "noiseless",
        "The ELBO's limit as the guide's noise vanishes: reconstruction and penalty, not a bound; needs --sigma NUMBER",
    ),
];
const KL: [(&str, &str); 2] =
    [("analytic", "In closed form"), ("monte-carlo", "The mean of log q(z|x) − log p(z) over the samples")];
const SCHEDULE: [(&str, &str); 2] =
    [("joint", "Every step moves both"), ("alternating", "Decoder and encoder in turn, the other held")];

/// Parses one of the names that the library's type has in a configuration file.
pub(crate) fn named<T>(names: &Names) -> impl TypedValueParser<Value = T>
where
    T: for<'de> Deserialize<'de> + Clone + Send + Sync + 'static,
{
    let values: Vec<PossibleValue> =
        names.iter().map(|(name, help)| PossibleValue::new(*name).help(*help)).collect();
    PossibleValuesParser::new(values).try_map(|name| {
        let name: serde::de::value::StringDeserializer<NameError> = name.into_deserializer();
        T::deserialize(name)
    })
}

/// Widths of layers.
#[derive(Clone, Debug)]
pub(crate) struct Widths(pub(crate) Vec<usize>);

fn parse_hidden(text: &str) -> Result<Widths, String> {
    if text == "none" {
        return Ok(Widths(Vec::new()));
    }
    parse_widths(text).map_err(|_| "give widths > 0 separated by commas, as 400,200, or `none`".into())
}

fn parse_widths(text: &str) -> Result<Widths, String> {
    let width = |w: &str| w.trim().parse().ok().filter(|&w: &usize| w > 0);
    let widths: Option<Vec<usize>> = text.split(',').map(width).collect();
    widths.map(Widths).ok_or_else(|| "give numbers > 0 separated by commas, as 32,64".into())
}

fn parse_latent(text: &str) -> Result<Widths, String> {
    let layers = text.split(',').map(parse_count).collect::<Result<Vec<usize>, _>>();
    layers.ok().filter(|layers| layers.len() <= 2).map(Widths).ok_or_else(|| {
        format!("give a whole number from 1 to {}, or one for each of two layers, as 100,50", u32::MAX)
    })
}

pub(crate) fn parse_count<T: TryFrom<u32>>(text: &str) -> Result<T, String> {
    let count = text.parse().ok().filter(|&count: &u32| count > 0).and_then(|count| count.try_into().ok());
    count.ok_or_else(|| format!("give a whole number from 1 to {}", u32::MAX))
}

fn parse_memory(text: &str) -> Result<u64, String> {
    let power = text.chars().last().and_then(|unit| "KMGT".find(unit)).map_or(0, |place| place as u32 + 1);
    let number = if power == 0 { text } else { &text[..text.len() - 1] };
    let bytes = number.parse().ok().and_then(|number: u64| number.checked_mul(1024_u64.pow(power)));
    bytes
        .filter(|&bytes| bytes > 0)
        .ok_or_else(|| "give a size > 0 as 500M or 2G, or a number of bytes".into())
}

pub(crate) fn parse_positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|&number| number > 0.0 && f64::is_finite(number));
    number.ok_or_else(|| "give a number > 0".into())
}

pub(crate) fn parse_weight(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|&number| number >= 0.0 && f64::is_finite(number));
    number.ok_or_else(|| "give a number ≥ 0".into())
}

pub(crate) fn parse_fraction(text: &str) -> Result<f64, String> {
    let fraction = text.parse().ok().filter(|&fraction| fraction > 0.0 && fraction < 1.0);
    fraction.ok_or_else(|| "give a fraction between 0 and 1, as 0.1".into())
}

fn parse_sigma(text: &str) -> Result<Sigma, String> {
    match text {
        "learned" => Ok(Sigma::Learned),
        "per-column" => Ok(Sigma::PerColumn),
        "solved" => Ok(Sigma::Solved),
        number => parse_positive(number)
            .map(Sigma::Fixed)
            .map_err(|_| "give `learned`, `per-column`, `solved` or a number > 0".into()),
    }
}

fn parse_family(text: &str) -> Result<Family, String> {
    match text.split_once(':') {
        None if text == "gaussian" => Ok(Family::Gaussian),
        None if text == "bernoulli" => Ok(Family::Bernoulli),
        Some(("categorical", classes)) => match classes.parse() {
            Ok(classes @ 2..=10_000) => Ok(Family::Categorical(classes)),
            _ => Err("give a number of classes of at least 2, as categorical:10".into()),
        },
        _ => Err("give `gaussian`, `bernoulli` or `categorical:C`".into()),
    }
}

fn parse_estimator(text: &str) -> Result<Form, String> {
    match text {
        "reparameterised" => Ok(Form::Reparameterised),
        "sticking-the-landing" => Ok(Form::StickingTheLanding),
        "doubly-reparameterised" => Ok(Form::DoublyReparameterised),
        "score-function" => Ok(Form::ScoreFunction),
        "enumerated" => Ok(Form::Enumerated),
        other => match other.split_once(':') {
            Some(("relaxed", temperature)) => parse_positive(temperature).map(Form::Relaxed),
            _ => Err("give `reparameterised`, `sticking-the-landing`, `doubly-reparameterised`, \
                      `score-function`, `enumerated` or `relaxed:T`"
                .into()),
        },
    }
}

fn parse_decay(text: &str) -> Result<Decay, String> {
    match text {
        "constant" => Ok(Decay::Constant),
        "cosine" => Ok(Decay::Cosine),
        stepwise => {
            let numbers = stepwise.split_once(',').and_then(|(every, by)| {
                let (every, by) = (every.trim().parse().ok()?, by.trim().parse().ok()?);
                (every > 0 && by > 0.0 && f64::is_finite(by)).then_some(Decay::Stepwise { every, by })
            });
            numbers.ok_or_else(|| "give `constant`, `cosine`, or epochs and a factor as 30,0.1".into())
        }
    }
}

fn parse_image(text: &str) -> Result<(usize, usize), String> {
    let sides = text.split_once('x').and_then(|(h, w)| Some((h.parse().ok()?, w.parse().ok()?)));
    sides.filter(|&(h, w)| h > 0 && w > 0).ok_or_else(|| "give height and width as 28x28".into())
}
