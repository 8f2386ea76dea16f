//! `elbo`: fits variational auto-encoders, and says how good the fit is.

mod arguments;
mod config;
mod encode;
mod error;
mod evaluate;
mod progress;
mod reconstruct;
mod report;
mod results;
mod run;
mod sample;
mod shape;
mod source;
mod table;
mod train;

use std::{io::Write, num::NonZeroUsize, process::ExitCode};

use arguments::{Arguments, Verb};
use clap::Parser;
use error::Error;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match act(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}

fn act(arguments: Arguments) -> Result<(), Error> {
    let threads = arguments.threads.map_or(0, NonZeroUsize::get);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|cause| Error::plain(format!("cannot start {threads} threads: {cause}")))?;
    // Inside the pool a step's parts are handed from thread to thread; from outside each would wake it first.
    pool.install(|| {
        let device = arguments.device.open()?;
        match arguments.verb {
            Verb::Train(arguments) => train::train(&arguments, &device),
            Verb::Evaluate(arguments) => evaluate::evaluate(&arguments, &device),
            Verb::Reconstruct(arguments) => reconstruct::reconstruct(&arguments, &device),
            Verb::Sample(arguments) => sample::sample(&arguments, &device),
            Verb::Encode(arguments) => encode::encode(&arguments, &device),
        }
    })
}

/// A line to stderr: all that is not data.
fn tell(line: impl AsRef<str>) {
    // Nobody is left to be told that stderr is closed.
    let _ = writeln!(std::io::stderr(), "{}", line.as_ref());
}
