//! `elbo train`.

use std::{convert::Infallible, path::PathBuf};

use clap::Args;
use elbo::{
    distribution::bernoulli::Binarise,
    gradient::EstimatorConfig,
    guide::Family,
    likelihood::{LikelihoodFamily, Sigma},
    network::Activation,
    objective::{KlWeight, Objective, elbo::KlForm},
    optimiser::Optimiser,
    schedule::{Decay, Schedule},
};
use elbo_fit::auto_encoder::{ColumnFamily, Guide, Network, Request, Scale};
use serde::{
    Deserialize as _,
    de::{IntoDeserializer as _, value::Error as NameError},
};

use super::{
    source::Source,
    values::{
        EstimatorParser, KL, Widths, named, parse_builtin, parse_count, parse_decay, parse_family,
        parse_fraction, parse_hidden, parse_latent, parse_positive, parse_sigma, parse_weight, parse_widths,
        shown,
    },
};

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elbo train digits                                   1,797 handwritten digits, built in
  elbo train --data train-images-idx3-ubyte.gz --test t10k-images-idx3-ubyte.gz --epochs 20
  elbo train --data wine.csv --label-column target --sigma learned
  elbo train --resume runs/digits                     go on where it was interrupted, to the same bits
  elbo train --config runs/digits/config.toml         the same fit once more")]
#[allow(clippy::struct_excessive_bools)]
pub(crate) struct Train {
    /// A built-in data set: `digits`.
    #[arg(value_name = "NAME", conflicts_with_all = ["data", "label_column", "labels", "image"],
          value_parser = parse_builtin)]
    pub(crate) builtin: Option<String>,
    #[command(flatten)]
    pub(crate) source: Source,
    /// The file of the rows that the finished fit is tested on, in the same form as --data.
    #[arg(long, value_name = "PATH")]
    pub(crate) test: Option<PathBuf>,
    /// The fraction of the rows that are set aside to watch the fit: the first of a permutation that is drawn from the seed.
    #[arg(long, value_name = "FRACTION", default_value = shown(&Request::default().validation), value_parser = parse_fraction,
          allow_negative_numbers = true, help_heading = "Data")]
    pub(crate) validation: f64,
    /// What the other verbs take, and this one does not.
    #[arg(long = "weights", value_name = "COLUMN", value_parser = refuse_weights, hide = true)]
    _weights: Option<Infallible>,
    /// How stored values become x.
    #[arg(long, default_value = shown(&Request::default().scale), value_parser = named::<Scale>(&SCALE), help_heading = "Data")]
    pub(crate) scale: Scale,
    /// Leave columns out that have one constant value in the training data.
    #[arg(long, help_heading = "Data")]
    pub(crate) drop_constant: bool,
    /// What happens to grey values in [0, 1] under a Bernoulli likelihood. Without it: `dynamic`; `threshold` for
    /// --guide per-datum, whose q of a row takes some steps an epoch and lags behind a row that is drawn anew at each.
    #[arg(long, value_parser = named::<Binarise>(&BINARISE), help_heading = "Data")]
    pub(crate) binarise: Option<Binarise>,

    /// The likelihood p(x|z): bernoulli, gaussian, poisson or negative-binomial of all columns. Without it: a family for each
    /// column of a table with text or with missing cells; Bernoulli for tables of 0 and 1, and for images most of whose pixels
    /// are at 0 or at their full value; else Gaussian. COLUMN=FAMILY is of one column, and may be given again: gaussian,
    /// student-t, log-normal, hurdle (zero or log-normal), bernoulli, categorical, ordinal, poisson, negative-binomial, beta, or
    /// circular:PERIOD, as hour=circular:24; of times the period is in days, or `day`, `week` or `year`.
    #[arg(long, value_name = "FAMILY", value_parser = parse_likelihood, help_heading = "Model")]
    pub(crate) likelihood: Vec<Likelihood>,
    /// σ of a Gaussian likelihood: `per-column` (one for each, learned), `learned` (one for all columns), `solved` (one, in
    /// closed form), or a number to hold it at. Without it: `per-column` for tables, `learned` for images.
    #[arg(long, value_name = "SIGMA", value_parser = parse_sigma, allow_negative_numbers = true, help_heading = "Model")]
    pub(crate) sigma: Option<Sigma>,
    /// What encoder and decoder are made of, beside the dense layers of --hidden.
    #[arg(long, default_value = shown(&Request::default().network), value_parser = named::<Network>(&NETWORK), help_heading = "Model")]
    pub(crate) network: Network,
    /// How many channels there are after each convolution. Without it: 32,64.
    #[arg(long, value_name = "CHANNELS", value_parser = parse_widths, help_heading = "Model")]
    pub(crate) channels: Option<Widths>,
    /// The side of the convolutions' kernels. Without it: 3.
    #[arg(long, value_name = "PIXELS", value_parser = parse_count::<usize>, help_heading = "Model")]
    pub(crate) kernel: Option<usize>,
    /// How many pixels lie between one place of the kernel and the next. Without it: 2, which halves the image each time.
    #[arg(long, value_name = "PIXELS", value_parser = parse_count::<usize>, help_heading = "Model")]
    pub(crate) stride: Option<usize>,
    /// The widths of the encoder's hidden layers, as 400,200 (the decoder's are the same in reverse), or `none` for
    /// a linear encoder and decoder. Without it: 400, or, in a table with at least ten times as many columns as rows for
    /// training, half as many as these rows where that is fewer.
    #[arg(long, value_name = "WIDTHS", value_parser = parse_hidden, help_heading = "Model")]
    pub(crate) hidden: Option<Widths>,
    /// The number of latent dimensions; 100,50 gives those of two layers z1 and z2, where z2 is drawn first, z1 given z2, and
    /// x given z1. Without it: 20, or half as many as columns where that is fewer; of columns of a family each one fewer than columns.
    #[arg(long, value_name = "K", value_parser = parse_latent, help_heading = "Model")]
    pub(crate) latent: Option<Widths>,
    /// The widths of the hidden layers between z1 and z2, or `none`. Without it: 100,100.
    #[arg(long, value_name = "WIDTHS", value_parser = parse_hidden, help_heading = "Model")]
    pub(crate) hidden2: Option<Widths>,
    /// What the latent variables are: `gaussian`, `bernoulli` (bits), or `categorical:C` (choices of one among C).
    #[arg(long, value_name = "FAMILY", default_value = shown(&Request::default().family), value_parser = parse_family, help_heading = "Model")]
    pub(crate) family: Family,
    /// The function between the layers.
    #[arg(long, default_value = shown(&Request::default().activation), value_parser = named::<Activation>(&ACTIVATION), help_heading = "Model")]
    pub(crate) activation: Activation,

    /// The rule by which a gradient becomes a step.
    #[arg(long, default_value = shown(&Request::default().optimiser), value_parser = named::<Optimiser>(&OPTIMISER), help_heading = "Ascent")]
    pub(crate) optimiser: Optimiser,
    /// The step size of the decoder. Without it: 1e-3 for Adam, 1e-2/N for plain ascent (the gradient is that of
    /// the bound of all N rows).
    #[arg(long, value_name = "SIZE", value_parser = parse_positive, allow_negative_numbers = true,
          help_heading = "Ascent")]
    pub(crate) step_size: Option<f64>,
    /// The step size of the encoder. Without it: that of the decoder, and a shorter one where rows have thousands of columns.
    #[arg(long, value_name = "SIZE", value_parser = parse_positive, allow_negative_numbers = true,
          help_heading = "Ascent")]
    pub(crate) encoder_step_size: Option<f64>,
    /// How the step sizes change as the epochs pass: `constant`, `cosine` (to 0 at the last epoch), or `E,F` (times F every E
    /// epochs).
    #[arg(long, value_name = "DECAY", default_value = shown(&Request::default().decay), value_parser = parse_decay, help_heading = "Ascent")]
    pub(crate) decay: Decay,
    /// How many rows a minibatch has.
    #[arg(long, value_name = "B", default_value = shown(&Request::default().batch), value_parser = parse_count::<usize>,
          help_heading = "Ascent")]
    pub(crate) batch: usize,
    /// How many Monte Carlo samples of z each row has at each step. Without it: 1; 5 for the importance-weighted bound, whose k
    /// it is, and up to 20 where cells are missing; 8 for the score function, whose baseline needs several.
    #[arg(long, value_name = "L", value_parser = parse_count::<usize>,
          help_heading = "Ascent")]
    pub(crate) samples: Option<usize>,
    /// What is maximised. Without it: `elbo`; `importance-weighted` where cells are missing.
    #[arg(long, value_parser = named::<Objective>(&OBJECTIVE), help_heading = "Ascent")]
    pub(crate) objective: Option<Objective>,
    /// How the gradient is estimated. Without it: `reparameterised` for Gaussian latents, `score-function` for discrete
    /// ones, `doubly-reparameterised` for the importance-weighted bound, `sticking-the-landing` for --guide per-datum with
    /// the KL unweighed.
    #[arg(long, value_name = "ESTIMATOR", value_parser = EstimatorParser, help_heading = "Ascent")]
    pub(crate) estimator: Option<EstimatorConfig>,
    /// Whether the KL term is computed in closed form, or as the mean over the samples of log q(z|x) − log p(z).
    #[arg(long, default_value = shown(&Request::default().kl), value_parser = named::<KlForm>(&KL), help_heading = "Ascent")]
    pub(crate) kl: KlForm,
    /// β, the weight of the KL term in what is maximised: above 1 for fewer, cleaner dimensions, below 1 against collapse.
    /// Other than 1, what is maximised is not the bound.
    #[arg(long, value_name = "BETA", default_value = shown(&Request::default().kl_weight.beta), value_parser = parse_weight, allow_negative_numbers = true,
          help_heading = "Ascent")]
    pub(crate) beta: f64,
    /// Raise the weight of the KL term from 0 over this many epochs, against a posterior that collapses at the start.
    #[arg(long, value_name = "EPOCHS", default_value = shown(&Request::default().kl_weight.warm_up), help_heading = "Ascent")]
    pub(crate) kl_warm_up: u64,
    /// How many nats of each latent dimension's KL cost nothing, against collapse. What is maximised is then not the bound.
    #[arg(long, value_name = "NATS", default_value = shown(&Request::default().kl_weight.free_bits), value_parser = parse_weight, allow_negative_numbers = true,
          help_heading = "Ascent")]
    pub(crate) free_bits: f64,
    /// How many steps the encoder takes alone before each step of both, so that it does not lag behind the decoder; each step
    /// takes a minibatch of its own.
    #[arg(
        long,
        value_name = "STEPS",
        default_value = shown(&Request::default().encoder_steps),
        conflicts_with = "schedule",
        help_heading = "Ascent"
    )]
    pub(crate) encoder_steps: u64,
    /// Where the q(z) of each row comes from.
    #[arg(long, default_value = shown(&Request::default().guide), value_parser = named::<Guide>(&GUIDE), help_heading = "Ascent")]
    pub(crate) guide: Guide,
    /// How many steps each row's own q takes at each visit to the row, under --guide per-datum. Without it: 3.
    #[arg(long, value_name = "M", value_parser = parse_count::<usize>, help_heading = "Ascent")]
    pub(crate) psi_steps: Option<usize>,
    /// The size of those steps, which Adam takes. Without it: 0.03.
    #[arg(long, value_name = "SIZE", value_parser = parse_positive, allow_negative_numbers = true,
          help_heading = "Ascent")]
    pub(crate) psi_step_size: Option<f64>,
    /// Whether encoder and decoder move together or in turn.
    #[arg(long, default_value = shown(&Request::default().schedule), value_parser = named::<Schedule>(&SCHEDULE), help_heading = "Ascent")]
    pub(crate) schedule: Schedule,
    /// Put a prior N(0, SD²) on every parameter of the decoder: log p(θ) joins the bound once, not once a row, and holds
    /// the weights near 0.
    #[arg(long, value_name = "SD", value_parser = parse_positive, allow_negative_numbers = true,
          help_heading = "Ascent")]
    pub(crate) prior_sd: Option<f64>,
    /// Shorten the gradient of the bound per row to this norm where it is longer.
    #[arg(long, value_name = "NORM", value_parser = parse_positive, allow_negative_numbers = true,
          help_heading = "Ascent")]
    pub(crate) clip_norm: Option<f64>,
    /// The largest number of epochs. Without --patience the fit runs them all.
    #[arg(long, value_name = "E", value_parser = parse_count::<u64>, help_heading = "Ascent")]
    pub(crate) epochs: Option<u64>,
    /// Stop after this many epochs in which the validation ELBO has not risen by more than one standard error (of
    /// the mean of the differences, row by row). Without it and without --epochs, it is 20 epochs, or those of 1,000 steps where that is more.
    #[arg(long, value_name = "P", value_parser = parse_count::<u64>, help_heading = "Ascent")]
    pub(crate) patience: Option<u64>,
    /// The seed of all randomness.
    #[arg(long, default_value_t = Request::default().seed, help_heading = "Ascent")]
    pub(crate) seed: u64,

    /// The name of the run folder. Without it the folder has the name of the data.
    #[arg(long, value_name = "NAME", help_heading = "Run")]
    pub(crate) name: Option<String>,
    /// The folder in which the run folder is made.
    #[arg(long, value_name = "DIR", default_value = "runs", help_heading = "Run")]
    pub(crate) runs: PathBuf,
    /// Repeat the fit of a config.toml, in a new folder: of an auto-encoder, or by coordinate ascent. --data and --test say
    /// where its rows are now.
    #[arg(long, value_name = "PATH", help_heading = "Run", conflicts_with_all = SETTINGS)]
    pub(crate) config: Option<PathBuf>,
    /// Begin at the parameters of another run's model, of the same networks, and not at random ones. This helps with a
    /// bound that climbs slowly: L_50 may begin at a fit to L_5.
    #[arg(long, value_name = "RUN", help_heading = "Run", conflicts_with = "resume")]
    pub(crate) begin_at: Option<PathBuf>,
    /// Go on with an interrupted run, as `elbo resume` does: the result is the same, to the bit, as without the interruption.
    /// --epochs and --patience carry a finished one on.
    #[arg(long, value_name = "RUN", help_heading = "Run", conflicts_with_all = &SETTINGS[2..],
          conflicts_with_all = ["config", "name", "runs", "data", "test"])]
    pub(crate) resume: Option<PathBuf>,
}

/// A family of all columns, or of one.
#[derive(Clone, Debug)]
pub(crate) enum Likelihood {
    All(LikelihoodFamily),
    Of(String, ColumnFamily),
}

/// The families of a column, but for the circular one, which has a period.
const FAMILIES: [(&str, ColumnFamily); 10] = [
    ("gaussian", ColumnFamily::Gaussian),
    ("student-t", ColumnFamily::StudentT),
    ("log-normal", ColumnFamily::LogNormal),
    ("hurdle", ColumnFamily::Hurdle),
    ("bernoulli", ColumnFamily::Bernoulli),
    ("categorical", ColumnFamily::Categorical),
    ("ordinal", ColumnFamily::Ordinal),
    ("poisson", ColumnFamily::Poisson),
    ("negative-binomial", ColumnFamily::NegativeBinomial),
    ("beta", ColumnFamily::Beta),
];
/// Periods of times, in days.
const PERIODS: [(&str, f64); 3] = [("day", 1.0), ("week", 7.0), ("year", 365.2425)];

fn parse_likelihood(text: &str) -> Result<Likelihood, String> {
    let Some((column, family)) = text.rsplit_once('=') else {
        let all = LikelihoodFamily::NAMES.iter().map(|(name, _)| *name);
        let known = all.clone().collect::<Vec<_>>().join(", ");
        let family: Result<LikelihoodFamily, NameError> =
            LikelihoodFamily::deserialize(text.into_deserializer());
        return family.map(Likelihood::All).map_err(|_| {
            format!(
                "the families of all columns are {known}; a family of one column is given as COLUMN=FAMILY"
            )
        });
    };
    if let Some(period) = family.strip_prefix("circular:") {
        let known = PERIODS.iter().find(|(name, _)| *name == period).map(|(_, days)| *days);
        let period =
            known.or_else(|| period.parse().ok()).filter(|period: &f64| period.is_finite() && *period > 0.0);
        let period =
            period.ok_or("give a period > 0, as hour=circular:24; of times `day`, `week` or `year`")?;
        return Ok(Likelihood::Of(column.into(), ColumnFamily::Circular(period)));
    }
    let known = FAMILIES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let found = FAMILIES.iter().find(|(name, _)| *name == family);
    let found = found.ok_or(format!("the families of a column are {known} and circular:PERIOD"))?;
    Ok(Likelihood::Of(column.into(), found.1))
}

/// Why there are no row weights here.
fn refuse_weights(_: &str) -> Result<Infallible, String> {
    let why = "`train` takes no row weights, since each row of a minibatch counts once";
    Err(format!(
        "{why}: write a row of weight 3 three times, or fit `mixture`, `factors`, `regress` or `normal`"
    ))
}

/// What a config.toml holds already: given beside one, it would be ignored.
#[rustfmt::skip]
const SETTINGS: [&str; 47] = [
    // Those that are of how long a fit goes, too.
    "epochs", "patience",
    "network", "channels", "kernel", "stride", "hidden2",
    "builtin", "label_column", "labels", "image", "header", "delimiter", "decimal", "columns", "drop", "types", "validation", "scale", "drop_constant",
    "binarise", "likelihood", "sigma", "hidden", "latent", "family", "activation", "optimiser", "step_size",
    "encoder_step_size", "decay", "batch", "samples", "objective", "estimator", "kl", "beta", "kl_warm_up", "free_bits", "encoder_steps", "schedule", "prior_sd", "clip_norm", "seed",
    "guide", "psi_steps", "psi_step_size",
];

impl Train {
    /// What is asked for.
    pub(crate) fn request(&self) -> Request {
        Request {
            validation: self.validation,
            scale: self.scale,
            drop_constant: self.drop_constant,
            binarise: self.binarise,
            likelihood: self.likelihood.iter().rev().find_map(|asked| match asked {
                Likelihood::Of(..) => None,
                Likelihood::All(family) => Some(*family),
            }),
            families: self
                .likelihood
                .iter()
                .filter_map(|asked| match asked {
                    Likelihood::Of(column, family) => Some((column.clone(), *family)),
                    Likelihood::All(_) => None,
                })
                .collect(),
            sigma: self.sigma,
            network: self.network,
            channels: self.channels.clone().map(|widths| widths.0),
            kernel: self.kernel,
            stride: self.stride,
            hidden: self.hidden.clone().map(|widths| widths.0),
            latent: self.latent.clone().map(|widths| widths.0),
            hidden2: self.hidden2.clone().map(|widths| widths.0),
            family: self.family,
            activation: self.activation,
            optimiser: self.optimiser,
            step_size: self.step_size,
            encoder_step_size: self.encoder_step_size,
            decay: self.decay,
            batch: self.batch,
            samples: self.samples,
            objective: self.objective,
            estimator: self.estimator,
            kl: self.kl,
            kl_weight: KlWeight { beta: self.beta, warm_up: self.kl_warm_up, free_bits: self.free_bits },
            encoder_steps: self.encoder_steps,
            guide: self.guide,
            psi_steps: self.psi_steps,
            psi_step_size: self.psi_step_size,
            schedule: self.schedule,
            prior_sd: self.prior_sd,
            clip_norm: self.clip_norm,
            epochs: self.epochs,
            patience: self.patience,
            seed: self.seed,
        }
    }
}

const BINARISE: [(&str, &str); 3] = [
    (
        "dynamic",
        "It is drawn anew at each epoch, x ~ Bernoulli(grey): the ELBO is the mean over the draws of a bound",
    ),
    ("threshold", "It is 1 where grey > 1/2: the ELBO is a bound on log p(x) of that one binary data set"),
    ("none", "Grey stays as it is: where it is neither 0 nor 1 the value is not a bound on any log p(x)"),
];
const ACTIVATION: [(&str, &str); 5] = [
    ("relu", "It is max(0, x)"),
    ("tanh", "It is the hyperbolic tangent"),
    ("gelu", "It is x Φ(x), with Φ the normal distribution function"),
    ("softplus", "It is log(1 + exp(x))"),
    ("sigmoid", "It is 1/(1 + exp(−x))"),
];
const OPTIMISER: [(&str, &str); 2] = [
    ("adam", "Adam takes steps that hardly depend on the gradient's scale"),
    ("sgd", "Each step is the gradient times the step size: plain stochastic gradient ascent"),
];
const OBJECTIVE: [(&str, &str); 3] = [
    ("elbo", "It is the evidence lower bound"),
    (
        "importance-weighted",
        "It is the tighter bound L_k = E log (1/k) Σ p(x,z_i)/q(z_i|x), with k = --samples",
    ),
    (
        "noiseless",
        "It is the ELBO's limit as the guide's noise vanishes: a reconstruction and a penalty, and no bound; it needs --sigma NUMBER",
    ),
];
const SCHEDULE: [(&str, &str); 2] = [
    ("joint", "Every step moves both"),
    ("alternating", "Decoder and encoder move in turn, while the other is held"),
];
const SCALE: [(&str, &str); 5] = [
    ("auto", "Images are scaled by `full`, tables of 0 and 1 by `none`, and others by `standard`"),
    ("none", "Values stay as they are stored"),
    ("full", "Values are divided by the largest one that the file's kind of image can hold (255 for bytes)"),
    ("unit", "Values are brought to [0, 1] by the least and the greatest value of the training rows"),
    ("standard", "Each column is brought to mean 0 and standard deviation 1 over the training rows"),
];
const NETWORK: [(&str, &str); 2] = [
    ("dense", "They are dense layers alone"),
    (
        "convolutional",
        "Convolutions stand between x and the dense layers, for images; --channels says how many",
    ),
];
const GUIDE: [(&str, &str); 2] = [
    ("amortised", "One encoder gives q(z|x) of all rows"),
    (
        "per-datum",
        "Each training and validation row has a q of its own, which starts at the encoder's: the bound is tighter, and the fit slower. The \
         encoder is fitted beside it, for rows to come. This takes dense layers and Gaussian latents, on the CPU. Beside --memory it \
         takes 24 bytes a row and latent dimension",
    ),
];
