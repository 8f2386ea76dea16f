//! A job of coordinate ascent: what is fitted to what, and how. With the data it determines the fit to the bit.

use std::path::{Path, PathBuf};

use elbo::{
    diagnose::{Findings, Verdict},
    mean_field::Ascent,
    terms::Bound,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{
    course::{Course, Run},
    model::Model,
    story::Story,
};
use crate::{
    error::Error,
    figure::Figure,
    fitted::Saved,
    folder::{Folder, Place},
    observer::Observer,
    rows::{DataConfig, Fingerprinted},
    settings::{settings, to_toml},
    source::{Source, same_data},
};

/// The contents of `config.toml`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job<S> {
    elbo: String,
    name: String,
    /// The name of the model.
    pub(crate) model: String,
    data: DataConfig,
    ascent: Ascent,
    seed: u64,
    pub(crate) settings: S,
}

/// How to go about a fit.
#[derive(Clone, Debug)]
pub struct Plan {
    /// When coordinate ascent ends.
    pub ascent: Ascent,
    /// The seed of all that is random.
    pub seed: u64,
    /// Bytes of memory that rows may take.
    pub memory: Option<u64>,
    /// Where the run folder is made.
    pub place: Place,
}

/// The contents of `results.json`.
#[derive(Debug, Serialize)]
pub struct Results {
    /// How many rows, or documents, it was fitted to.
    pub rows: usize,
    /// The ELBO of all rows, in nats.
    pub elbo: f64,
    /// E_q of the log-likelihood.
    pub log_likelihood: f64,
    /// The KL of what each row has of its own.
    pub kl: f64,
    /// Minus the KL of what all rows share.
    pub global: f64,
    /// How many sweeps the best start took.
    pub sweeps: usize,
    /// Whether the bound had stopped rising.
    pub converged: bool,
    /// The bound that each start reached.
    pub starts: Vec<f64>,
    /// Wall-clock time.
    pub seconds: f64,
    /// Whether the fit can be trusted.
    pub verdict: Verdict,
    /// What the verdict stands on.
    pub findings: Findings,
    /// What was found, by name.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// A fit that is done, and all that there is to see of it.
#[derive(Debug)]
pub struct Outcome {
    /// The run folder.
    pub folder: PathBuf,
    /// The figures.
    pub results: Results,
    /// What the model is called: `Bayesian Gaussian mixture`.
    pub kind: String,
    /// What the two divergences of the bound are of, in the plural: `rows` and `θ`.
    pub names: [&'static str; 2],
    /// Headline facts as (name, value).
    pub cards: Vec<(String, String)>,
    /// What to keep in mind.
    pub notes: Vec<String>,
    /// The bound after each sweep of the best start, in nats of all rows.
    pub bounds: Vec<f64>,
    /// Pictures and tables with their headings.
    pub figures: Vec<(String, Figure)>,
    /// How it was fitted, as ("group.name", value).
    pub settings: Vec<(String, String)>,
}

/// Fits what is asked for, and leaves a run folder.
///
/// # Errors
/// Where the data cannot be read or do not suit the request, or the folder cannot be made.
pub fn fit<M: Model>(
    request: &M::Request,
    source: Source,
    plan: &Plan,
    observer: &dyn Observer,
) -> Result<Outcome, Error> {
    let (data, settings) = M::choose(request, source, plan.memory, observer)?;
    fit_to::<M>(data, settings, None, plan, observer)
}

fn fit_to<M: Model>(
    data: M::Data,
    settings: M::Settings,
    repeated: Option<String>,
    plan: &Plan,
    observer: &dyn Observer,
) -> Result<Outcome, Error> {
    plan.place.check(repeated.as_deref())?;
    let run = Run { ascent: plan.ascent, seed: plan.seed, observer };
    let (course, story) = M::fit(data, &settings, &run)?;
    let data = story.about.data.clone();
    let name = plan.place.name.clone().or(repeated);
    let job = Job {
        elbo: env!("CARGO_PKG_VERSION").into(),
        name: name.unwrap_or_else(|| format!("{}-{}", data.source.name(), M::NAME)),
        model: M::NAME.into(),
        data,
        ascent: plan.ascent,
        seed: plan.seed,
        settings,
    };
    job.finish(course, story, &plan.place)
}

impl<S: Serialize> Job<S> {
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
        let results = Results {
            rows: self.data.rows,
            elbo: bound.value(),
            log_likelihood: bound.log_likelihood,
            kl: bound.kl,
            global: bound.global,
            sweeps: bounds.len(),
            converged: course.record.converged,
            starts: course.starts,
            seconds: course.seconds,
            verdict: Verdict::of(&course.findings),
            findings: course.findings,
            more: course.more,
        };
        folder.write("results.json", &serde_json::to_vec_pretty(&results)?)?;
        Ok(Outcome {
            folder: folder.folder().into(),
            results,
            kind: story.kind,
            names: course.names,
            cards: story.cards,
            notes: story.notes,
            bounds: bounds.iter().map(Bound::value).collect(),
            figures: story.figures,
            settings: settings(&self),
        })
    }
}

const NOT_OURS: &str = "give the config.toml of a run folder";

impl Job<toml::Value> {
    /// The job in a file; `None` where it is not one of coordinate ascent.
    ///
    /// # Errors
    /// Where the file cannot be read, or is a job that lacks something.
    pub fn read(path: &Path) -> Result<Option<Self>, Error> {
        let text = std::fs::read_to_string(path).map_err(|cause| Error::io("read", path, &cause))?;
        let Ok(table) = text.parse::<toml::Table>() else { return Ok(None) };
        if !table.contains_key("model") {
            return Ok(None);
        }
        table.try_into().map(Some).map_err(|cause: toml::de::Error| {
            let message =
                format!("`{}` is not a configuration of a run: {}", path.display(), cause.message());
            Error::new(message).remedy(NOT_OURS)
        })
    }

    /// The fit once more, `M` being the model of this name; `data` says where the rows are now.
    pub(crate) fn repeat_as<M: Model>(
        self,
        data: Option<&Path>,
        memory: Option<u64>,
        place: Place,
        observer: &dyn Observer,
    ) -> Result<Outcome, Error> {
        let Self { name, data: recorded, ascent, seed, settings: value, .. } = self;
        let source = match data {
            Some(path) => recorded.source.at(path)?,
            None => recorded.source.clone(),
        };
        let plan = Plan { ascent, seed, memory, place };
        let again = || {
            let settings: M::Settings = parsed(value)?;
            let data = M::read(&settings, source.clone(), memory, observer)?;
            let (name_of_data, fingerprint) = data.fingerprint();
            same_data(name_of_data, fingerprint, &recorded.fingerprint)?;
            fit_to::<M>(data, settings, Some(name), &plan, observer)
        };
        again().map_err(|error| source.moved(error))
    }
}

/// That no model has the name that a job gives.
pub(crate) fn unknown(name: &str) -> Error {
    Error::new(format!("`{name}` is no model that is fitted by coordinate ascent")).remedy(NOT_OURS)
}

fn parsed<S: DeserializeOwned>(value: toml::Value) -> Result<S, Error> {
    value.try_into().map_err(|cause: toml::de::Error| {
        Error::new(format!("[settings] of the configuration: {}", cause.message())).remedy(NOT_OURS)
    })
}
