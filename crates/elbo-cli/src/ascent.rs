//! Fits by coordinate ascent: run, told and reported.

use elbo::diagnose::Level;
use elbo_fit::{Error, Job, Outcome, Place, models};

use crate::{
    arguments::{Fit, Train},
    out::{print, tell, write_report},
    remedy,
    screen::Screen,
};

/// Fits what is asked for.
pub(crate) fn fit(of: &Fit) -> Result<Level, Error> {
    finish(&of.run(&Screen::default())?)
}

/// Fits the job of a configuration once more; `--data` says where the rows are now.
pub(crate) fn repeat(job: Job<toml::Value>, arguments: &Train) -> Result<Level, Error> {
    if arguments.test.is_some() || arguments.begin_at.is_some() {
        let message = "a fit by coordinate ascent has no test rows, and begins where its starts are";
        return Err(Error::request(message, "leave «test» and «begin-at» out"));
    }
    let place = Place { runs: arguments.runs.clone(), name: arguments.name.clone() };
    let (data, memory) = (arguments.source.data.as_deref(), arguments.source.memory);
    finish(&models::repeat(job, data, memory, place, &Screen::default())?)
}

/// Writes the report of a fit, and tells how it went.
fn finish(outcome: &Outcome) -> Result<Level, Error> {
    let report = outcome.folder.join("report.html");
    write_report(&report, &elbo_report::ascent(outcome, &remedy::words))?;
    let (results, [unit, shared]) = (&outcome.results, outcome.names);
    let why = if results.converged { "the bound no longer rises" } else { "all sweeps are done" };
    tell(format!("\nfinished    after {} sweeps and {:.1} s: {why}", results.sweeps, results.seconds));
    tell(format!(
        "ELBO        {:.4} nats of all {unit} = log-lik {:.4} - KL of {unit} {:.4} - KL of {shared} {:.4}",
        results.elbo,
        results.log_likelihood,
        results.kl,
        0.0 - results.global
    ));
    for (name, value) in &outcome.cards {
        tell(format!("{name:<11} {value}"));
    }
    tell(format!("verdict     {}", results.verdict.worded(&remedy::words)));
    tell(format!("report      {}", report.display()));
    print(&format!("{}\n", outcome.folder.display()))?;
    Ok(results.verdict.level)
}
