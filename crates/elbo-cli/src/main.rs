//! `elbo`: fits variational auto-encoders, and says how good the fit is.

mod arguments;
mod audit;
mod config;
mod encode;
mod error;
mod evaluate;
mod findings;
mod infer;
mod mean_field;
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
use elbo::diagnose::Level;
use error::Error;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match act(arguments) {
        // Fitted, or audited, but not to be trusted.
        Ok(Level::DoNotTrust) => ExitCode::from(3),
        Ok(Level::Trust | Level::Caution) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}

fn act(arguments: Arguments) -> Result<Level, Error> {
    let threads = arguments.threads.map_or(0, NonZeroUsize::get);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|cause| Error::plain(format!("cannot start {threads} threads: {cause}")))?;
    // Inside the pool a step's parts are handed from thread to thread; from outside each would wake it first.
    pool.install(|| {
        let device = arguments.device.open()?;
        let done = |outcome: Result<(), Error>| outcome.map(|()| Level::Trust);
        match arguments.verb {
            Verb::Train(arguments) => train::train(&arguments, &device),
            Verb::Mixture(arguments) => mean_field::mixture::mixture(&arguments),
            Verb::Regress(arguments) => mean_field::regress::regress(&arguments),
            Verb::Factors(arguments) => mean_field::factors::factors(&arguments),
            Verb::Normal(arguments) => mean_field::normal::normal(&arguments),
            Verb::Hmm(arguments) => mean_field::hidden_markov::hidden_markov(&arguments),
            Verb::StateSpace(arguments) => mean_field::state_space::state_space(&arguments),
            Verb::Ising(arguments) => mean_field::ising::ising(&arguments),
            Verb::Topics(arguments) => mean_field::topics::topics(&arguments),
            Verb::Predict(arguments) => done(mean_field::predict(&arguments)),
            Verb::Audit(arguments) => audit::audit(&arguments, &device),
            Verb::Evaluate(arguments) if mean_field::is_mean_field(&arguments.fitted.run) => {
                done(mean_field::evaluate(&arguments))
            }
            Verb::Evaluate(arguments) => done(evaluate::evaluate(&arguments, &device)),
            Verb::Infer(arguments) => done(infer::infer(&arguments, &device)),
            Verb::Reconstruct(arguments) if mean_field::is_mean_field(&arguments.fitted.run) => {
                done(mean_field::reconstruct(&arguments))
            }
            Verb::Reconstruct(arguments) => done(reconstruct::reconstruct(&arguments, &device)),
            Verb::Sample(arguments) if mean_field::is_mean_field(&arguments.fitted.run) => {
                done(mean_field::sample(&arguments))
            }
            Verb::Sample(arguments) => done(sample::sample(&arguments, &device)),
            Verb::Encode(arguments) => done(encode::encode(&arguments, &device)),
        }
    })
}

/// A line to stderr: all that is not data.
fn tell(line: impl AsRef<str>) {
    // Nobody is left to be told that stderr is closed.
    let _ = writeln!(std::io::stderr(), "{}", line.as_ref());
}
