//! `elbo`: fits latent-variable models, and says how good the fit is.

mod arguments;
mod ascent;
mod describe;
mod escape;
mod fitted;
mod interrupt;
mod out;
mod progress;
mod remedy;
mod resume;
mod runs;
mod screen;
mod train;
mod words;

use std::{num::NonZeroUsize, process::ExitCode};

use arguments::{Arguments, Verb};
use clap::Parser;
use elbo::diagnose::Level;
use elbo_fit::{Error, Kind};

fn main() -> ExitCode {
    let arguments = Arguments::try_parse().unwrap_or_else(|error| arguments::refuse(error));
    if arguments.quiet {
        out::be_quiet();
    }
    match act(arguments) {
        // Fitted, or audited, but not to be trusted.
        Ok(Level::DoNotTrust) => ExitCode::from(3),
        Ok(Level::Trust | Level::Caution) => ExitCode::SUCCESS,
        Err(error) => report(&error),
    }
}

/// Says what went wrong; the program's exit code.
fn report(error: &Error) -> ExitCode {
    out::insist(format!("error: {}", words::told(error.message())));
    if let Some(remedy) = error.what_to_do() {
        out::insist(format!("\nhint: {}", words::told(remedy)));
    }
    match error.kind() {
        Kind::Request | Kind::LacksColumn => ExitCode::from(2),
        Kind::Stopped => ExitCode::from(interrupt::CODE),
        _ => ExitCode::FAILURE,
    }
}

fn act(arguments: Arguments) -> Result<Level, Error> {
    let threads = arguments.threads.map_or(0, NonZeroUsize::get);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|cause| Error::new(format!("cannot start {threads} threads: {cause}")))?;
    // Inside the pool a step's parts are handed from thread to thread; from outside each would wake it first.
    pool.install(|| {
        let device = arguments.device.open()?;
        let done = |outcome: Result<(), Error>| outcome.map(|()| Level::Trust);
        match arguments.verb {
            Verb::Describe(of) => done(describe::describe(&of)),
            Verb::Train(of) => train::train(&of, &device),
            Verb::Ascent(of) => ascent::fit(&of),
            Verb::Resume(of) => resume::resume(&of, &device),
            Verb::Predict(of) => done(fitted::predict(&of)),
            Verb::Audit(of) => fitted::audit(&of, &device),
            Verb::Evaluate(of) => done(fitted::evaluate(&of, &device)),
            Verb::Infer(of) => done(fitted::infer(&of, &device)),
            Verb::Reconstruct(of) => done(fitted::reconstruct(&of, &device)),
            Verb::Anomalies(of) => done(fitted::anomalies(&of, &device)),
            Verb::Impute(of) => done(fitted::impute(&of, &device)),
            Verb::Sample(of) => done(fitted::sample(&of, &device)),
            Verb::Encode(of) => done(fitted::encode(&of, &device)),
            Verb::Decode(of) => done(fitted::decode(&of, &device)),
            Verb::Traverse(of) => done(fitted::traverse(&of, &device)),
            Verb::Interpolate(of) => done(fitted::interpolate(&of, &device)),
            Verb::Runs(of) => done(runs::runs(&of)),
            Verb::Compare(of) => done(runs::compare(&of, &device)),
        }
    })
}
