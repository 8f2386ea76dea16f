//! `elbo train`: a fit of an auto-encoder; or any configuration once more.

use elbo::{burn::tensor::Device, diagnose::Level};
use elbo_fit::{Error, Job, Place, Plan, RepeatOptions, ResumeOptions, absolute, auto_encoder::fit, resume};

use crate::{arguments::Train, out::finish, screen::Screen};

pub(crate) fn train(arguments: &Train, device: &Device) -> Result<Level, Error> {
    let Train { source, test, runs, name, .. } = arguments;
    let place = Place { runs: runs.clone(), name: name.clone() };
    let plan = Plan { place, memory: source.memory, device: device.clone() };
    let begin_at = arguments.begin_at.as_deref().map(absolute).transpose()?;
    let screen = Screen::default();
    let outcome = match (&arguments.resume, &arguments.config) {
        (Some(run), _) => {
            let more = ResumeOptions {
                epochs: arguments.epochs,
                patience: arguments.patience,
                ..ResumeOptions::default()
            };
            resume(run, &more, &plan, &screen)?
        }
        (None, Some(config)) => {
            let (data, test) = (source.data.clone(), test.clone());
            Job::read(config)?.repeat(RepeatOptions { data, test, begin_at }, &plan, &screen)?
        }
        (None, None) => {
            let rows = source.named(arguments.builtin.as_deref())?;
            let test = test.as_deref().map(|path| rows.at(path)).transpose()?;
            fit(&arguments.request(), rows, test, begin_at.as_deref(), &plan, &screen)?
        }
    };
    finish(&outcome)
}
