//! A fit of an auto-encoder: from what is asked for to a run folder.

use std::{
    fmt::Display,
    path::Path,
    time::{Duration, Instant},
};

use elbo::{
    burn::tensor::Device,
    diagnose::CollapseWatch,
    fit::{EpochReport, Fit},
    guide::Guide,
    minibatch::Rows,
    model::Latent,
    parameters::BurnModule,
    random::Key,
};
use elbo_data::{AnyDataset, Coding, Dataset};

use super::{
    choose::choose,
    config::Config,
    density::Stored,
    kept::read_model,
    networks::{Networks, StandardNetworks},
    page::page,
    prepare::{Prepared, Scaled, check_same, prepare, read_rows, stored},
    request::Request,
    results,
};
use crate::{
    error::Error,
    folder::{CONFIG, Folder},
    metrics::Metrics,
    number::plus_minus,
    observer::{Observer, ObserverExt},
    outcome::Outcome,
    page::Page,
    plan::Plan,
    results::Results,
    resume_options::ResumeOptions,
    settings::job_text,
    source::{Source, describe},
};

/// The state is written no more often than this: what a kill can cost, beside the epoch it falls in.
const SAVE_EVERY: Duration = Duration::from_secs(5);

/// Fits what is asked for to a source, and leaves a run folder; `test` rows measure the finished fit. The fit begins at the
/// parameters of the model `begin_at`, or at random ones.
///
/// # Errors
/// Where the data cannot be read, the request does not suit them, or the bound stops being a number. The last good
/// parameters are then in the folder.
pub fn fit(
    request: &Request,
    source: Source,
    test: Option<Source>,
    begin_at: Option<&Path>,
    plan: &Plan,
    observer: &dyn Observer,
) -> Result<Outcome, Error> {
    fit_of(&StandardNetworks, request, source, test, begin_at, plan, observer)
}

/// Does this for networks, or a likelihood, of one's own.
///
/// # Errors
/// As for [`fit`].
pub fn fit_of(
    networks: &impl Networks,
    request: &Request,
    source: Source,
    test: Option<Source>,
    begin_at: Option<&Path>,
    plan: &Plan,
    observer: &dyn Observer,
) -> Result<Outcome, Error> {
    let several = !request.families.is_empty();
    let (config, rows) = match source.read_any(plan.memory, several)? {
        (AnyDataset::Single(data), codings) => {
            chosen(networks, request, (source, test), (data, codings), plan, observer)?
        }
        (AnyDataset::Double(data), codings) => {
            chosen(networks, request, (source, test), (data, codings), plan, observer)?
        }
    };
    begin(networks, &Config { begin_at: begin_at.map(Into::into), ..config }, &rows, plan, observer)
}

/// What is chosen by the rows of a source, of which there may be others for the test; and the rows as the fit takes them.
fn chosen<T: Scaled + Display>(
    networks: &impl Networks,
    request: &Request,
    (source, test): (Source, Option<Source>),
    (data, codings): (Dataset<T>, Vec<Coding>),
    plan: &Plan,
    observer: &dyn Observer,
) -> Result<(Config, Split), Error> {
    describe(&data, observer);
    let name = plan.place.name.as_deref();
    let config = choose(networks, request, name, source, test, (&data, &codings), observer)?;
    let rows = Split::read(networks, &config, data, plan.memory, observer)?;
    Ok((config, rows))
}

/// Makes a fit once more; `data` and `test` say where its rows are now.
pub(crate) fn repeat(
    networks: &impl Networks,
    mut config: Config,
    [data, test]: [Option<&Path>; 2],
    begin_at: Option<&Path>,
    plan: &Plan,
    observer: &dyn Observer,
) -> Result<Outcome, Error> {
    if let Some(data) = data {
        config.data.source = config.data.source.at(data)?;
    }
    if let Some(test) = test {
        config.data.test = Some(config.data.source.at(test)?);
    }
    let begin_at = begin_at.map(Into::into).or(config.begin_at);
    let name = plan.place.name.clone().unwrap_or(config.name);
    let config = Config { name, begin_at, ..config };
    config.check_networks(networks, Path::new("config.toml"))?;
    let rows =
        read(networks, &config, plan.memory, observer).map_err(|error| config.data.source.moved(error))?;
    begin(networks, &config, &rows, plan, observer)
}

/// Goes on with an interrupted fit: the result is the same, to the bit, as without the interruption.
///
/// # Errors
/// As for [`fit`]; where the rows are not those of the configuration, or the folder holds no state to go on from.
pub fn resume(folder: &Path, plan: &Plan, observer: &dyn Observer) -> Result<Outcome, Error> {
    resume_of(&StandardNetworks, folder, plan, observer)
}

/// Does this for networks, or a likelihood, of one's own.
///
/// # Errors
/// As for [`resume`]; where the fit was one of other networks.
pub fn resume_of(
    networks: &impl Networks,
    folder: &Path,
    plan: &Plan,
    observer: &dyn Observer,
) -> Result<Outcome, Error> {
    let folder = Folder::open(folder)?;
    let path = folder.path(CONFIG);
    let config = Config::of(&job_text(&path)?, &path)?;
    go_on(networks, folder, config, &ResumeOptions::default(), plan, observer)
}

/// Goes on from the state of a folder, or from the beginning where it has none yet.
pub(crate) fn go_on(
    networks: &impl Networks,
    mut folder: Folder,
    mut config: Config,
    more: &ResumeOptions,
    plan: &Plan,
    observer: &dyn Observer,
) -> Result<Outcome, Error> {
    config.check_networks(networks, &folder.path(CONFIG))?;
    let mut progress = folder.read_state()?;
    let rows = read(networks, &config, plan.memory, observer)?;
    if let Some((epochs, patience, anew)) =
        more.epochs((config.fit.epochs, config.fit.patience), progress.as_ref())?
    {
        (config.fit.epochs, config.fit.patience) = (epochs, patience);
        if let Some(progress) = progress.as_mut().filter(|_| anew) {
            progress.patience.waited = 0;
        }
        config.fit.check()?;
        folder.replace_config(&config.to_toml()?)?;
        if anew && let Some(progress) = &progress {
            folder.write_state(progress)?;
        }
    }
    let Some(progress) = progress else {
        let fit = started(networks, &config, &rows, plan, observer)?;
        folder.recover_metrics::<Metrics>(0, |_| None)?;
        observer.say("resumed", "from the beginning: the fit was stopped before its first state");
        return to_the_end(&folder, &config, fit, Vec::new(), true, &rows, plan, observer);
    };
    let fit = start(networks, &config, &rows, &plan.device)?.resume(progress)?;
    let last = fit.progress().epoch;
    let place = |of: &Metrics| (1..=last).contains(&of.epoch.epoch).then_some((0, of.epoch.epoch as usize));
    let (history, lost) = folder.recover_metrics(last as usize, place)?;
    if let Some(lost) = lost {
        observer.note(&lost);
    }
    observer.say("resumed", format!("after epoch {last}"));
    let under_way = fit.finished().is_none();
    to_the_end(&folder, &config, fit, history, under_way, &rows, plan, observer)
}

/// Reads the rows of a fit that is made once more, or goes on.
fn read(
    networks: &impl Networks,
    config: &Config,
    memory: Option<u64>,
    observer: &dyn Observer,
) -> Result<Split, Error> {
    match stored(config, &config.data.source, memory, None)? {
        AnyDataset::Single(data) => once_more(networks, config, data, memory, observer),
        AnyDataset::Double(data) => once_more(networks, config, data, memory, observer),
    }
}

fn once_more<T: Scaled + Display>(
    networks: &impl Networks,
    config: &Config,
    data: Dataset<T>,
    memory: Option<u64>,
    observer: &dyn Observer,
) -> Result<Split, Error> {
    describe(&data, observer);
    check_same(&data, config)?;
    Split::read(networks, config, data, memory, observer)
}

/// A fit at its start.
fn start<'a, N: Networks>(
    networks: &N,
    config: &Config,
    rows: &'a Split,
    device: &Device,
) -> Result<Fit<'a, N::Model, N::Guide>, Error> {
    let (train, validation) = rows.parts(config);
    config.fit.check()?;
    let built = networks.build(&config.fit.vae, train.width(), Key::new(config.fit.seed), device)?;
    let (own, said) = (built.model.likelihood(), networks.likelihood(&config.fit.vae.likelihood));
    if (own.name(), own.support()) != (said.name(), said.support()) {
        let message =
            format!("the networks have a {} likelihood, but say that it is {}", own.name(), said.name());
        return Err(Error::new(message).remedy("build them with the likelihood that they say"));
    }
    Ok(Fit::of(config.fit.clone(), &built.start_at(&train, device)?, train, &validation, device)?)
}

fn begin(
    networks: &impl Networks,
    config: &Config,
    rows: &Split,
    plan: &Plan,
    observer: &dyn Observer,
) -> Result<Outcome, Error> {
    let fit = started(networks, config, rows, plan, observer)?;
    // A folder is made last: what is wrong with the request has been found by then.
    let folder = Folder::create(&plan.place, &config.name, &config.to_toml()?)?;
    to_the_end(&folder, config, fit, Vec::new(), true, rows, plan, observer)
}

/// A fit at its start, or at the parameters that it begins at.
fn started<'a, N: Networks>(
    networks: &N,
    config: &Config,
    rows: &'a Split,
    plan: &Plan,
    observer: &dyn Observer,
) -> Result<Fit<'a, N::Model, N::Guide>, Error> {
    let fit = start(networks, config, rows, &plan.device)?;
    let Some(path) = &config.begin_at else { return Ok(fit) };
    observer.say("begins at", path.display().to_string());
    Ok(fit.begin_at(&read_model(networks, path, &plan.device)?.1)?)
}

/// The rows of a fit, and those of its test.
struct Split {
    data: Prepared,
    test: Option<Prepared>,
}

impl Split {
    fn read<T: Scaled>(
        networks: &impl Networks,
        config: &Config,
        data: Dataset<T>,
        memory: Option<u64>,
        observer: &dyn Observer,
    ) -> Result<Self, Error> {
        check_memory(memory, config.fit.batch.min(data.rows()), config.data.columns.len())?;
        let left = memory.map(|bytes| bytes.saturating_sub(data.values.held()));
        let likelihood = networks.likelihood(&config.fit.vae.likelihood);
        let of = (config, &*likelihood);
        let read_test = |source| read_rows(of, source, left, observer);
        let test = config.data.test.as_ref().map(read_test).transpose()?;
        let rows = Self { data: prepare(of, data, memory, observer)?, test };
        let (train, validation) = rows.parts(config);
        let test = rows.test.as_ref().map_or(String::new(), |test| format!(", {} for the test", test.rows));
        observer
            .say("rows", format!("{} for training, {} for validation{test}", train.len(), validation.len()));
        Ok(rows)
    }

    /// Those for training, and those for validation.
    fn parts(&self, config: &Config) -> (Rows<'_>, Rows<'_>) {
        let all = Rows::all(&self.data.x, config.data.columns.len());
        all.split(config.data.validation, Key::new(config.fit.seed))
    }
}

/// Runs the epochs that are left, and leaves the finished fit in the folder.
#[allow(clippy::too_many_arguments, reason = "all that a fit is made of")]
fn to_the_end(
    folder: &Folder,
    config: &Config,
    mut fit: Fit<'_, impl BurnModule + Latent, impl BurnModule + Guide>,
    mut history: Vec<Metrics>,
    under_way: bool,
    rows: &Split,
    plan: &Plan,
    observer: &dyn Observer,
) -> Result<Outcome, Error> {
    let (train, validation) = rows.parts(config);
    observer.say("run", folder.folder().display().to_string());
    if under_way {
        let size = [train.len(), train.len().div_ceil(config.fit.batch.max(1))];
        epochs(folder, config, &mut fit, &mut history, size, observer)?;
    }
    let best = fit.best()?;
    folder.write_model("model.safetensors", &best, &fit.progress().best, config)?;
    folder.write_model("last.safetensors", &best, &fit.progress().state.parameters, config)?;
    let test = rows.test.as_ref();
    let keep = |results: &Results| folder.write("results.json", &serde_json::to_vec_pretty(results)?);
    let device = &plan.device;
    let results =
        results::results(&fit, [&train, &validation], test, &history, config, device, observer, keep)?;
    keep(&results)?;
    let page = page(&fit, &*best.reader(&plan.device), &rows.data, &results, &history, config)?;
    let mut facts = results::facts(results.held_out().expect("rows were held out"));
    facts.extend(per_datum(&history, page.best_epoch as u64).map(|text| ("per-datum".into(), text.into())));
    Ok(Outcome { folder: folder.folder().into(), results, facts, page: Page::AutoEncoder(Box::new(page)) })
}

/// What the validation rows' own q came to at the best epoch; all that is kept of a fit for rows to come is the encoder.
fn per_datum(history: &[Metrics], best_epoch: u64) -> Option<String> {
    let best = history.iter().find(|metrics| metrics.epoch.epoch == best_epoch)?;
    let EpochReport { validation, amortised: Some(by_encoder), .. } = &best.epoch else { return None };
    Some(format!(
        "ELBO of the validation rows at epoch {best_epoch}: {} with each row's own q, {} with the encoder's; all other figures are \
         with the encoder's, but the curves of the report",
        plus_minus(validation.elbo),
        plus_minus(by_encoder.validation.elbo),
    ))
}

/// Checks that a minibatch, which is a copy of this many rows, fits into memory.
fn check_memory(memory: Option<u64>, rows: usize, width: usize) -> Result<(), Error> {
    let needed = (rows * width * size_of::<f32>()) as u64;
    match memory {
        Some(memory) if memory < needed => Err(Error::request(
            format!("«memory {memory}» is too small: a minibatch of {rows} rows takes {needed} bytes"),
            format!("give «memory {needed}» or more, or a smaller «batch»"),
        )),
        _ => Ok(()),
    }
}

/// Runs the epochs that are left, of this many rows and steps; the run folder always holds a state to go on from.
fn epochs(
    folder: &Folder,
    config: &Config,
    fit: &mut Fit<'_, impl BurnModule + Latent, impl BurnModule + Guide>,
    history: &mut Vec<Metrics>,
    [rows, steps]: [usize; 2],
    observer: &dyn Observer,
) -> Result<(), Error> {
    observer.epochs(steps as u64, config.fit.train.objective);
    let stored = Stored::of_objective(config, &**fit.best()?.model.likelihood());
    let mut saved = Instant::now();
    // What the epochs before an interruption brought has been said.
    let mut watch = CollapseWatch::default();
    for active in history.iter().filter_map(|metrics| metrics.epoch.active) {
        watch.observe(active);
    }
    while fit.finished().is_none() {
        let start = Instant::now();
        let outcome = fit.epoch(|_| observer.step());
        let epoch = match outcome {
            Ok(epoch) => epoch,
            Err(error) => {
                observer.epochs_end(None, config.fit.train.objective);
                return Err(keep_last_good(folder, config, fit, error, observer));
            }
        };
        let seconds = start.elapsed().as_secs_f64();
        let metrics = Metrics { epoch: stored.epoch(epoch), seconds, rows_per_second: rows as f64 / seconds };
        let left =
            Duration::from_secs_f64(seconds * config.fit.epochs.saturating_sub(metrics.epoch.epoch) as f64);
        observer.epoch(&metrics, left);
        if let Some(change) = metrics.epoch.active.and_then(|active| watch.observe(active)) {
            observer.collapse(change);
        }
        folder.append_metrics(std::slice::from_ref(&metrics))?;
        history.push(metrics);
        if saved.elapsed() >= SAVE_EVERY || history.len() == 1 {
            keep(folder, fit, observer)?;
            saved = Instant::now();
        }
        if fit.finished().is_none() && observer.stops() {
            keep(folder, fit, observer)?;
            observer.epochs_end(None, config.fit.train.objective);
            return Err(Error::stopped(&format!("epoch {}", fit.progress().epoch), folder.folder()));
        }
    }
    keep(folder, fit, observer)?;
    let ended = fit.finished().map(|why| (why, fit.progress().epoch));
    observer.epochs_end(ended, config.fit.train.objective);
    Ok(())
}

/// Writes the state, and tells of it.
fn keep(
    folder: &Folder,
    fit: &Fit<'_, impl BurnModule + Latent, impl BurnModule + Guide>,
    observer: &dyn Observer,
) -> Result<(), Error> {
    folder.write_state(fit.progress())?;
    observer.checkpoint(folder.folder(), fit.progress().epoch);
    Ok(())
}

/// Keeps the parameters before the step that failed, and says where they are.
fn keep_last_good(
    folder: &Folder,
    config: &Config,
    fit: &Fit<'_, impl BurnModule + Latent, impl BurnModule + Guide>,
    error: elbo::Error,
    observer: &dyn Observer,
) -> Error {
    let progress = fit.progress();
    let kept = fit.best().map_err(Error::from).and_then(|shape| {
        folder.write_model("last.safetensors", &shape, &progress.state.parameters, config)?;
        if progress.epoch > 0 {
            folder.write_model("model.safetensors", &shape, &progress.best, config)?;
        }
        Ok(())
    });
    match kept {
        Ok(()) => {
            let path = folder.path("last.safetensors");
            observer.say("kept", format!("{}: the parameters before the step that failed", path.display()));
        }
        Err(error) => observer.say("not kept", format!("the last good parameters: {error}")),
    }
    error.into()
}
