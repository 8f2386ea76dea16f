//! The command line.

mod ascent;
mod describe;
mod factors;
mod fitted;
mod hidden_markov;
mod ising;
mod mixture;
mod normal;
mod registry;
mod regress;
mod resume;
mod runs;
mod source;
mod state_space;
mod topics;
mod train;
mod values;

use std::num::NonZeroUsize;

use clap::{
    Parser, Subcommand, ValueEnum,
    error::{ContextKind, ContextValue, ErrorKind},
};
pub(crate) use describe::Describe;
use elbo::{burn::tensor::Device, device};
use elbo_fit::Error;
pub(crate) use fitted::{
    Anomalies, Audit, Decode, Encode, Evaluate, Impute, Infer, Interpolate, Output, Predict, Reconstruct,
    Sample, StartArgument, Traverse,
};
pub(crate) use registry::Fit;
pub(crate) use resume::Resume;
pub(crate) use runs::{Compare, Runs};
pub(crate) use train::Train;
use values::parse_threads;

/// Fit latent-variable models by maximising the evidence lower bound (ELBO).
///
/// A model p(x, z) is of your rows x and of latent z; a guide q approximates the posterior of z. Fitting raises the ELBO, a
/// lower bound on log p(x), in nats: larger is better. `train` fits variational auto-encoders, by gradients; the verbs between
/// `train` and `predict` fit conjugate models, by exact coordinate ascent, and may have missing cells.
#[derive(Parser)]
#[command(name = "elbo", version, after_help = "Start with: elbo train digits")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
    /// How many threads are used; without it, one for each core. The results do not depend on it, to the bit.
    #[arg(long, global = true, value_name = "N", value_parser = parse_threads)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Where the program computes. A GPU may round products to TF32, and its results are not repeatable to the bit.
    #[arg(long, global = true, value_enum, default_value_t)]
    pub(crate) device: DeviceArgument,
    /// Write nothing to standard error but errors, and a verdict that is not `trust`. The exit codes stay as they are.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

/// Says what is wrong with a command line, and ends the program. Where a file stands by itself, how one is given is said too.
pub(crate) fn refuse(mut error: clap::Error) -> ! {
    if error.kind() == ErrorKind::UnknownArgument
        && let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg)
        && !argument.starts_with('-')
    {
        let tip = format!("a file is given by a flag, as --data {argument}");
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error.exit()
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum DeviceArgument {
    /// The processor.
    #[default]
    Cpu,
    /// The first NVIDIA GPU, which needs a program that was built with `--features cuda`.
    Cuda,
}

impl DeviceArgument {
    pub(crate) fn open(self) -> Result<Device, Error> {
        match self {
            Self::Cpu => Ok(Device::flex()),
            Self::Cuda if cfg!(feature = "cuda") => device::cuda().ok_or_else(|| {
                let error = Error::new("no CUDA device was found");
                error.remedy("it takes an NVIDIA GPU and its driver; «device cpu» needs neither")
            }),
            Self::Cuda => Err(Error::request(
                "this program was built for the CPU alone",
                "for «device cuda» build it with `cargo build --release --features cuda`",
            )),
        }
    }
}

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Show what a file holds: each column, what it was understood as and why, and what a fit does with it.
    Describe(Describe),
    /// Fit a variational auto-encoder to data, and write a run folder with the model and a report.
    Train(Box<Train>),
    #[command(flatten)]
    Ascent(Fit),
    /// Go on with a fit of any model that was interrupted, or carry a finished one on.
    Resume(Resume),
    /// Tell what a model that was fitted by coordinate ascent says about each row: its component, value, state, topics or
    /// latents; of a series it tells also of the rows ahead.
    Predict(Predict),
    /// Find where the nats of a fit are lost, row by row, and whether it can be trusted.
    Audit(Audit),
    /// Measure how probable data are under a fitted model: print the ELBO and its terms, or the log density, with standard errors.
    Evaluate(Evaluate),
    /// Find q(z) of each row by itself, which is better than the encoder's.
    Infer(Infer),
    /// Put data beside what the model makes of them (x → z → x); `elbo factors` fills in missing cells.
    Reconstruct(Reconstruct),
    /// Find the rows that are odd under a fitted model, and the cells that make them so.
    Anomalies(Anomalies),
    /// Fill in the missing cells of a table, by an auto-encoder that was fitted to one.
    Impute(Impute),
    /// Draw new rows from a fitted model.
    Sample(Sample),
    /// Write the mean and the standard deviation of q(z) for each row of data.
    Encode(Encode),
    /// Make rows of x from given rows of z.
    Decode(Decode),
    /// Show what each dimension of z does to x: one is moved, and the others are held.
    Traverse(Traverse),
    /// Make rows of x along the straight line in z from one row of the data to another.
    Interpolate(Interpolate),
    /// List the runs of a folder with their figures.
    Runs(Runs),
    /// Compare runs side by side: how much more one has than another on the same rows, with its standard error.
    Compare(Compare),
}
