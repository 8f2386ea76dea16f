//! A job of coordinate ascent: what is fitted to what, and how. With the data it determines the fit to the bit.

use std::path::Path;

use elbo::{diagnose::Verdict, mean_field::Ascent, terms::Bound};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    course::{Course, Run},
    model::Model,
    story::Story,
};
use crate::{
    error::Error,
    fitted::Saved,
    folder::{Folder, Place},
    observer::Observer,
    outcome::Outcome,
    page::{AscentPage, Page},
    plan::Plan,
    results::{AllRows, Reached, Results},
    rows::{DataConfig, Fingerprinted},
    settings::{settings, to_toml},
    source::{Source, same_data},
    text::Text,
};

/// The contents of `config.toml`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Config<S> {
    elbo: String,
    name: String,
    /// The name of the model.
    pub(crate) model: String,
    data: DataConfig,
    ascent: Ascent,
    seed: u64,
    pub(crate) settings: S,
}

/// Fits what is asked for, and leaves a run folder; `run` says how the ascent goes, and who watches.
///
/// # Errors
/// It fails where the data cannot be read or do not suit the request, or the folder cannot be made.
pub fn fit<M: Model>(
    request: &M::Request,
    source: Source,
    run: &Run<'_>,
    plan: &Plan,
) -> Result<Outcome, Error> {
    let (data, settings) = M::choose(request, source, plan.memory, run.observer)?;
    fit_to::<M>(data, settings, None, run, &plan.place)
}

fn fit_to<M: Model>(
    data: M::Data,
    settings: M::Settings,
    repeated: Option<String>,
    run: &Run<'_>,
    place: &Place,
) -> Result<Outcome, Error> {
    place.check(repeated.as_deref())?;
    let (course, story) = M::fit(data, &settings, run)?;
    let data = story.about.data.clone();
    let name = place.name.clone().or(repeated);
    let config = Config {
        elbo: env!("CARGO_PKG_VERSION").into(),
        name: name.unwrap_or_else(|| format!("{}-{}", data.source.name(), M::NAME)),
        model: M::NAME.into(),
        data,
        ascent: run.ascent,
        seed: run.seed,
        settings,
    };
    config.finish(course, story, place)
}

impl<S: Serialize> Config<S> {
    /// Writes the run folder of a fit.
    fn finish<Q: Serialize>(self, course: Course, story: Story<Q>, place: &Place) -> Result<Outcome, Error> {
        let folder = Folder::create(place, &self.name, &to_toml(&self)?)?;
        let saved = Saved::new(story.about, &self.model, &story.posterior)?;
        folder.write("model.json", &saved.to_json()?)?;
        let lines: serde_json::Result<Vec<String>> =
            course.metrics.iter().map(|metrics| Ok(serde_json::to_string(metrics)? + "\n")).collect();
        folder.write("metrics.jsonl", lines?.concat().as_bytes())?;
        let bounds = &course.record.bounds;
        let Some(bound) = bounds.last() else { return Err(Error::new("no sweep was made")) };
        let reached = AllRows {
            rows: self.data.rows,
            elbo: bound.value(),
            log_likelihood: bound.log_likelihood,
            kl: bound.kl,
            global: bound.global,
            sweeps: bounds.len(),
            starts: course.starts.clone(),
            found: course.found,
        };
        let facts = facts(&reached, course.names, course.record.converged, course.seconds, &story.cards);
        let results = Results {
            reached: Reached::AllRows(reached),
            seconds: course.seconds,
            converged: Some(course.record.converged),
            verdict: Verdict::of(&course.findings),
            findings: course.findings,
        };
        folder.write("results.json", &serde_json::to_vec_pretty(&results)?)?;
        let page = AscentPage {
            title: folder.folder().file_name().unwrap_or_default().to_string_lossy().into(),
            kind: story.kind,
            rows: self.data.rows,
            names: course.names,
            cards: story.cards,
            notes: story.notes,
            verdict: results.verdict.clone(),
            bounds: bounds.iter().map(Bound::value).collect(),
            starts: course.starts,
            figures: story.figures,
            settings: settings(&self),
        };
        let page = Page::Ascent(Box::new(page));
        Ok(Outcome { folder: folder.folder().into(), results, facts, page })
    }
}

/// The headlines of a fit, as (name, text).
fn facts(
    reached: &AllRows,
    [unit, shared]: [&str; 2],
    converged: bool,
    seconds: f64,
    cards: &[(String, String)],
) -> Vec<(String, Text)> {
    let why = if converged { "the bound no longer rises" } else { "all sweeps are done" };
    let bound = format!(
        "{:.4} nats of all {unit} = log-lik {:.4} - KL of {unit} {:.4} - KL of {shared} {:.4}",
        reached.elbo,
        reached.log_likelihood,
        reached.kl,
        0.0 - reached.global
    );
    let ended = format!("after {} sweeps and {seconds:.1} s: {why}", reached.sweeps);
    let own = [("finished", ended), ("ELBO", bound)].map(|(name, text)| (name.into(), text.into()));
    own.into_iter().chain(cards.iter().map(|(name, text)| (name.clone(), text.into()))).collect()
}

const NOT_OURS: &str = "give the config.toml of a run folder";

impl Config<toml::Value> {
    /// That of a file which was read.
    ///
    /// # Errors
    /// It fails where it lacks something.
    pub(crate) fn of(table: toml::Table, path: &Path) -> Result<Self, Error> {
        table.try_into().map_err(|cause: toml::de::Error| {
            let message =
                format!("`{}` is not a configuration of a run: {}", path.display(), cause.message());
            Error::new(message).remedy(NOT_OURS)
        })
    }

    /// The fit once more, `M` being the model of this name; `data` says where the rows are now.
    pub(crate) fn repeat_as<M: Model>(
        self,
        data: Option<&Path>,
        plan: &Plan,
        observer: &dyn Observer,
    ) -> Result<Outcome, Error> {
        let Self { name, data: recorded, ascent, seed, settings: value, .. } = self;
        let source = match data {
            Some(path) => recorded.source.at(path)?,
            None => recorded.source.clone(),
        };
        let run = Run { ascent, seed, observer };
        let again = || {
            let settings: M::Settings = parsed(value)?;
            let data = M::read(&settings, source.clone(), plan.memory, observer)?;
            let (name_of_data, fingerprint) = data.fingerprint();
            same_data(name_of_data, fingerprint, &recorded.fingerprint)?;
            fit_to::<M>(data, settings, Some(name), &run, &plan.place)
        };
        again().map_err(|error| source.moved(error))
    }
}

/// That no model has the name that a job gives.
pub(crate) fn unknown(name: &str) -> Error {
    Error::new(format!("`{name}` is no model")).remedy(NOT_OURS)
}

fn parsed<S: DeserializeOwned>(value: toml::Value) -> Result<S, Error> {
    value.try_into().map_err(|cause: toml::de::Error| {
        Error::new(format!("[settings] of the configuration: {}", cause.message())).remedy(NOT_OURS)
    })
}
