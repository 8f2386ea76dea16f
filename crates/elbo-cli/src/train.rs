//! `elbo train`: a fit of an auto-encoder, told and reported; or a configuration once more.

use elbo::{burn::tensor::Device, diagnose::Level};
use elbo_fit::{
    Error, Job, Place, absolute,
    auto_encoder::{Outcome, Plan, fit, repeat, resume},
    is_fitted,
};

use crate::{
    arguments::Train,
    ascent,
    out::{print, tell, write_report},
    remedy,
    screen::Screen,
    words::flags,
};

pub(crate) fn train(arguments: &Train, device: &Device) -> Result<Level, Error> {
    if let Some(path) = &arguments.config
        && let Some(job) = Job::read(path)?
    {
        return ascent::repeat(job, arguments);
    }
    if let Some(run) = arguments.resume.as_deref().filter(|run| is_fitted(run)) {
        return Err(Error::request(
            format!("`{}` is a fit by coordinate ascent, which is whole", run.display()),
            format!("«config {}» repeats it", run.join("config.toml").display()),
        ));
    }
    let Train { source, test, begin_at, runs, name, .. } = arguments;
    let place = Place { runs: runs.clone(), name: name.clone() };
    let plan = Plan { place, memory: source.memory, device: device.clone() };
    let begin_at = begin_at.as_deref().map(absolute).transpose()?;
    let screen = Screen::default();
    let outcome = match (&arguments.resume, &arguments.config) {
        (Some(run), _) => resume(run, &plan, &screen)?,
        (None, Some(config)) => {
            let paths = [source.data.as_deref(), test.as_deref()];
            repeat(config, paths, begin_at.as_deref(), &plan, &screen)?
        }
        (None, None) => {
            let rows = source.named(arguments.builtin.as_deref())?;
            let test = test.as_deref().map(|path| rows.at(path)).transpose()?;
            fit(&arguments.request(), rows, test, begin_at.as_deref(), &plan, &screen)?
        }
    };
    finish(&outcome)
}

/// Writes the report of a fit, and tells how it went.
fn finish(outcome: &Outcome) -> Result<Level, Error> {
    let report = outcome.folder.join("report.html");
    write_report(&report, &elbo_report::auto_encoder(&outcome.page, &flags, &remedy::words))?;
    let results = &outcome.results;
    for (name, value) in results.facts() {
        tell(format!("{name:<11} {value}"));
    }
    if let Some(verdict) = &results.verdict {
        tell(format!("verdict     {}", verdict.worded(&remedy::words)));
    }
    if let Some(text) = &outcome.per_datum {
        tell(format!("per-datum   {text}"));
    }
    tell(format!("report      {}", report.display()));
    print(&format!("{}\n", outcome.folder.display()))?;
    Ok(results.verdict.as_ref().map_or(Level::Caution, |verdict| verdict.level))
}
