//! A job of coordinate ascent: what is fitted to what, and how. With the data it determines the fit to the bit.

use std::path::Path;

use elbo::{diagnose::Verdict, mean_field::Ascent, terms::Bound};
use serde::{Deserialize, Serialize};

use super::{
    ascent::{AscentResult, FitContext, Fitting},
    kept::Keeper,
    model::Model,
    summary::FitSummary,
};
use crate::{
    error::Error,
    fitted::Saved,
    folder::{CONFIG, Folder, Place},
    observer::Observer,
    outcome::Outcome,
    page::{AscentPage, Page},
    plan::Plan,
    results::{AllRows, FinalBound, Results},
    resume_options::ResumeOptions,
    rows::{DataConfig, Fingerprinted},
    settings::{not_a_job, settings, to_toml},
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
    pub(crate) data: DataConfig,
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
    run: &FitContext<'_>,
    plan: &Plan,
) -> Result<Outcome, Error> {
    let (data, settings) = M::choose(request, source, plan.memory, run.observer)?;
    fit_to::<M>(data, settings, None, run, &plan.place)
}

fn fit_to<M: Model>(
    data: M::Data,
    settings: M::Settings,
    repeated: Option<String>,
    run: &FitContext<'_>,
    place: &Place,
) -> Result<Outcome, Error> {
    place.check(repeated.as_deref())?;
    let of = data.config();
    let name = place.name.clone().or(repeated);
    let config = Config {
        elbo: env!("CARGO_PKG_VERSION").into(),
        name: name.unwrap_or_else(|| format!("{}-{}", of.source.name(), M::NAME)),
        model: M::NAME.into(),
        data: of,
        ascent: run.ascent,
        seed: run.seed,
        settings,
    };
    config.fit::<M>(data, None, place, run.observer)
}

impl<S: Serialize> Config<S> {
    /// Fits, from the beginning or from the state in a folder, and leaves a whole run folder.
    fn fit<M: Model<Settings = S>>(
        self,
        data: M::Data,
        folder: Option<Folder>,
        place: &Place,
        observer: &dyn Observer,
    ) -> Result<Outcome, Error> {
        let keeper = Keeper::new(place, self.name.clone(), to_toml(&self)?, folder);
        let fitting = Fitting { ascent: self.ascent, seed: self.seed, observer, keeper: &keeper };
        match M::fit(data, &self.settings, &fitting) {
            Ok((course, story)) => self.finish::<M>(course, story, &keeper.into_folder()?),
            Err(error) => {
                keeper.abandon();
                Err(error)
            }
        }
    }

    /// Writes what a fit came to.
    fn finish<M: Model<Settings = S>>(
        self,
        course: AscentResult,
        story: FitSummary<M::Posterior>,
        folder: &Folder,
    ) -> Result<Outcome, Error> {
        let rows = course.rows.unwrap_or(story.about.data.rows);
        let saved = Saved::new(story.about, &self.model, &story.posterior)?;
        folder.write("model.json", &saved.to_json()?)?;
        let bounds = &course.record.bounds;
        let Some(bound) = bounds.last() else { return Err(Error::new("no sweep was made")) };
        let reached = AllRows {
            rows,
            elbo: bound.value(),
            log_likelihood: bound.log_likelihood,
            kl: bound.kl,
            global: bound.global,
            sweeps: bounds.len(),
            starts: course.starts.clone(),
            found: course.found,
        };
        let facts = facts(&reached, course.names, course.record.converged, course.seconds, &story.cards);
        let has_prior = reached.global != 0.0;
        let results = Results {
            reached: FinalBound::AllRows(reached),
            seconds: course.seconds,
            converged: Some(course.record.converged),
            verdict: Verdict::of(&course.findings).with_remedies(|remedy| M::mends(remedy, &self.settings)),
            findings: course.findings,
        };
        folder.write("results.json", &serde_json::to_vec_pretty(&results)?)?;
        let page = AscentPage {
            title: folder.folder().file_name().unwrap_or_default().to_string_lossy().into(),
            kind: story.kind,
            rows,
            names: course.names,
            has_prior,
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
    // Of what has a prior, the bound is on the evidence under that prior.
    let prior = if reached.global == 0.0 { "" } else { " under this prior" };
    let bound = format!(
        "{:.4} nats of all {unit}{prior} = log-lik {:.4} - KL of {unit} {:.4} - KL of {shared} {:.4}",
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
    /// Where it lacks something.
    pub(crate) fn of(text: &str, path: &Path) -> Result<Self, Error> {
        toml::from_str(text).map_err(|cause| not_a_job(path, text, &cause))
    }

    fn parsed<M: Model>(self, path: &Path) -> Result<Config<M::Settings>, Error> {
        let Self { elbo, name, model, data, ascent, seed, settings } = self;
        let settings = settings.try_into().map_err(|cause: toml::de::Error| {
            let message = format!("`{}`, [settings]: {}", path.display(), cause.message());
            Error::new(message).remedy(NOT_OURS)
        })?;
        Ok(Config { elbo, name, model, data, ascent, seed, settings })
    }

    /// The fit once more, `M` being the model of this name; `data` says where the rows are now.
    pub(crate) fn repeat_as<M: Model>(
        self,
        path: &Path,
        data: Option<&Path>,
        plan: &Plan,
        observer: &dyn Observer,
    ) -> Result<Outcome, Error> {
        let Config { name, data: recorded, ascent, seed, settings, .. } = self.parsed::<M>(path)?;
        let source = match data {
            Some(path) => recorded.source.at(path)?,
            None => recorded.source.clone(),
        };
        let again = || {
            let data = recorded.read::<M>(&settings, source.clone(), plan, observer)?;
            fit_to::<M>(data, settings, Some(name), &FitContext { ascent, seed, observer }, &plan.place)
        };
        again().map_err(|error| source.moved(error))
    }

    /// The fit from where it is in its folder.
    pub(crate) fn resume_as<M: Model>(
        self,
        mut folder: Folder,
        more: &ResumeOptions,
        plan: &Plan,
        observer: &dyn Observer,
    ) -> Result<Outcome, Error> {
        let mut config = self.parsed::<M>(&folder.path(CONFIG))?;
        let (source, further) = (config.data.source.clone(), more.ascent(config.ascent)?);
        let data = config.data.read::<M>(&config.settings, source, plan, observer)?;
        if let Some(ascent) = further {
            config.ascent = ascent;
            folder.replace_config(&to_toml(&config)?)?;
        }
        config.fit::<M>(data, Some(folder), &plan.place, observer)
    }
}

impl DataConfig {
    /// The data of a fit, which are what they were.
    fn read<M: Model>(
        &self,
        settings: &M::Settings,
        source: Source,
        plan: &Plan,
        observer: &dyn Observer,
    ) -> Result<M::Data, Error> {
        let data = M::read(settings, source, plan.memory, observer)?;
        let (name, fingerprint) = data.fingerprint();
        same_data(name, fingerprint, &self.fingerprint)?;
        Ok(data)
    }
}

/// That no model has the name that a job gives.
pub(crate) fn unknown(name: &str) -> Error {
    Error::new(format!("`{name}` is no model")).remedy(NOT_OURS)
}
