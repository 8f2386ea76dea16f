//! `elbo train`: from arguments to a run folder.

use std::time::{Duration, Instant};

use burn::tensor::Device;
use elbo::{
    diagnose::{CollapseWatch, Level},
    fit::{EpochReport, Finished, Fit},
    minibatch::Rows,
    objective::elbo::Mean,
    random::Key,
};
use elbo_data::Dataset;

use crate::{
    arguments::Train,
    config::{Config, words},
    error::Error,
    mean_field,
    progress::Display,
    results,
    run::{self, Metrics, Run},
    source::{SourceConfig, absolute, describe, prepare, read_rows, same_data},
    tell,
};

/// The state is written no more often than this: what a kill can cost, beside the epoch it falls in.
const SAVE_EVERY: Duration = Duration::from_secs(5);

pub(crate) fn train(arguments: &Train, device: &Device) -> Result<Level, Error> {
    if let Some(path) = &arguments.config
        && let Some(config) = mean_field::Config::read(path)?
    {
        return mean_field::repeat(config, arguments);
    }
    if let Some(run) = arguments.resume.as_deref().filter(|run| mean_field::is_mean_field(run)) {
        return Err(Error::usage(
            format!("`{}` is a fit by coordinate ascent, which is whole", run.display()),
            format!("--config {} repeats it", run.join("config.toml").display()),
        ));
    }
    let opened = arguments.resume.as_deref().map(Run::open).transpose()?;
    let memory = arguments.source.memory;
    let (config, data) = match (&opened, &arguments.config) {
        (Some(run), _) => repeat(run.read_config()?, memory)?,
        (None, Some(path)) => {
            let mut config = run::read_config(path)?;
            if let Some(data) = &arguments.source.data {
                config.data.source = config.data.source.at(data)?;
            }
            if let Some(test) = &arguments.test {
                config.data.test = Some(config.data.source.at(test)?);
            }
            let missing = config.data.source.is_missing();
            let config = Config { name: arguments.name.clone().unwrap_or(config.name), ..config };
            repeat(config, memory).map_err(|error| {
                if missing { error.hint("--data PATH says where the rows are now") } else { error }
            })?
        }
        (None, None) => begin(arguments)?,
    };
    let begin_at = arguments.begin_at.as_deref().map(absolute).transpose()?.or(config.begin_at.clone());
    fit(arguments, opened, &Config { begin_at, ..config }, data, device)
}

fn begin(arguments: &Train) -> Result<(Config, Dataset), Error> {
    let source = SourceConfig::new(arguments.builtin.as_deref(), &arguments.source)?;
    let data = source.read(arguments.source.memory, false)?;
    describe(&data);
    let config = Config::check(arguments, source, &data)?;
    Ok((config, data))
}

fn repeat(config: Config, memory: Option<u64>) -> Result<(Config, Dataset), Error> {
    let data = config.data.source.read(memory, false)?;
    describe(&data);
    same_data(&data.name, &data.fingerprint(), &config.data.fingerprint)?;
    Ok((config, data))
}

fn fit(
    arguments: &Train,
    opened: Option<Run>,
    config: &Config,
    data: Dataset,
    device: &Device,
) -> Result<Level, Error> {
    let memory = arguments.source.memory;
    check_memory(memory, config.fit.batch.min(data.rows()), config.data.columns.len())?;
    let left = memory.map(|bytes| bytes.saturating_sub(data.values.held()));
    let test = config.data.test.as_ref().map(|source| read_rows(config, source, left)).transpose()?;
    let data = prepare(config, data)?;
    let all = Rows::all(&data.x, config.data.columns.len());
    let (train, validation) = all.split(config.data.validation, Key::new(config.fit.seed));
    let (rows, steps) = (train.len(), train.len().div_ceil(config.fit.batch.max(1)));
    tell(format!(
        "rows        {rows} for training, {} for validation{}",
        validation.len(),
        test.as_ref().map_or(String::new(), |test| format!(", {} for the test", test.rows))
    ));
    let mut fit = Fit::new(config.fit.clone(), train.clone(), &validation, device)?;
    if let (Some(path), None) = (&config.begin_at, &opened) {
        fit = fit.begin_at(&run::read_model(path, device)?.vae)?;
        tell(format!("begins at   {}", path.display()));
    }
    let mut history = Vec::new();
    let resumed = opened.is_some();
    // A folder is made last: what is wrong with the request has been found by then.
    let run = match opened {
        Some(run) => run,
        None => Run::create(&arguments.runs, &config.name, &config.to_toml()?, arguments.name.is_some())?,
    };
    if resumed {
        fit = fit.resume(run.read_state()?)?;
        history = run.read_metrics(fit.progress().epoch)?;
        run.write_metrics(&history)?;
        tell(format!("resumed     after epoch {}", fit.progress().epoch));
    }
    tell(format!("run         {}", run.folder().display()));
    if !resumed || fit.finished().is_none() {
        epochs(&run, config, &mut fit, &mut history, rows, steps)?;
    }
    let best = fit.best()?;
    run.write_model("model.safetensors", &best, &fit.progress().best, config)?;
    run.write_model("last.safetensors", &best, &fit.progress().state.parameters, config)?;
    let results = results::results(&fit, &train, &validation, test.as_ref(), &history, config, device)?;
    run.write("results.json", &serde_json::to_vec_pretty(&results)?)?;
    let report = results::report(&fit, &best, &data, &results, &history, config, device)?;
    run.write("report.html", report.to_html().as_bytes())?;
    results.tell();
    tell_per_datum(&history, results.best_epoch);
    tell(format!("report      {}", run.path("report.html").display()));
    results::print(&format!("{}\n", run.folder().display()))?;
    Ok(results.verdict.map_or(Level::Caution, |verdict| verdict.level))
}

/// Says what the validation rows' own q came to at the best epoch; all that is kept of a fit for rows to come is the encoder.
fn tell_per_datum(history: &[Metrics], best_epoch: u64) {
    let best = history.iter().find(|metrics| metrics.epoch.epoch == best_epoch);
    let Some(Metrics { epoch: EpochReport { validation, amortised: Some(by_encoder), .. }, .. }) = best
    else {
        return;
    };
    let of = |mean: Mean| format!("{:.3} ± {:.3}", mean.value, mean.standard_error);
    tell(format!(
        "per-datum   ELBO {} of the validation rows at epoch {best_epoch}, each under its own q; by the encoder {}, as \
         are all figures above, the report's but for its curves, and what other commands give",
        of(validation.elbo),
        of(by_encoder.validation.elbo),
    ));
}

/// Checks that a minibatch, which is a copy of so many rows, fits.
fn check_memory(memory: Option<u64>, rows: usize, width: usize) -> Result<(), Error> {
    let needed = (rows * width * size_of::<f32>()) as u64;
    match memory {
        Some(memory) if memory < needed => Err(Error::usage(
            format!("--memory {memory} is too small: a minibatch of {rows} rows takes {needed} bytes"),
            format!("give --memory {needed} or more, or a smaller --batch"),
        )),
        _ => Ok(()),
    }
}

/// Runs the epochs that are left; the run folder always holds a state to go on from.
fn epochs(
    run: &Run,
    config: &Config,
    fit: &mut Fit<'_>,
    history: &mut Vec<Metrics>,
    rows: usize,
    steps: usize,
) -> Result<(), Error> {
    let mut display = Display::new(steps as u64, words(config.fit.train.objective));
    display.start();
    let mut saved = Instant::now();
    // What the epochs before an interruption brought has been said.
    let mut watch = CollapseWatch::default();
    for active in history.iter().filter_map(|metrics| metrics.epoch.active) {
        watch.observe(active);
    }
    while fit.finished().is_none() {
        let start = Instant::now();
        let outcome = fit.epoch(|_| display.step());
        let epoch = match outcome {
            Ok(epoch) => epoch,
            Err(error) => {
                display.finish();
                return Err(keep_last_good(run, config, fit, error));
            }
        };
        let seconds = start.elapsed().as_secs_f64();
        let metrics = Metrics { epoch, seconds, rows_per_second: rows as f64 / seconds };
        let left =
            Duration::from_secs_f64(seconds * config.fit.epochs.saturating_sub(metrics.epoch.epoch) as f64);
        display.epoch(&metrics, left);
        if let Some(change) = metrics.epoch.active.and_then(|active| watch.observe(active)) {
            display.collapse(change);
        }
        run.append_metrics(&metrics)?;
        history.push(metrics);
        if saved.elapsed() >= SAVE_EVERY || history.len() == 1 {
            run.write_state(fit.progress())?;
            saved = Instant::now();
        }
    }
    run.write_state(fit.progress())?;
    display.finish();
    let why = match fit.finished() {
        Some(Finished::Converged) => {
            format!("the validation {} no longer rises", words(config.fit.train.objective).objective)
        }
        _ => "all epochs are done".into(),
    };
    tell(format!("\nfinished    after epoch {}: {why}", fit.progress().epoch));
    Ok(())
}

/// Keeps the parameters before the step that failed, and adds to the error where they are.
fn keep_last_good(run: &Run, config: &Config, fit: &Fit<'_>, error: elbo::Error) -> Error {
    let progress = fit.progress();
    let kept = fit.best().map_err(Error::from).and_then(|shape| {
        run.write_model("last.safetensors", &shape, &progress.state.parameters, config)?;
        if progress.epoch > 0 {
            run.write_model("model.safetensors", &shape, &progress.best, config)?;
        }
        Ok(())
    });
    match kept {
        Ok(()) => tell(format!(
            "\nkept        {}: the parameters before the step that failed",
            run.path("last.safetensors").display()
        )),
        Err(error) => tell(format!("\nnot kept    the last good parameters: {error:?}")),
    }
    error.into()
}
