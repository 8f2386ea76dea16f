//! Models fitted by exact coordinate ascent (E21): a verb a file, and what they share.
//!
//! A run folder holds `config.toml`, `model.json` (the factors, by which `predict`, `sample` and `evaluate` work),
//! `metrics.jsonl` (a line for each sweep of each start), `results.json` and `report.html`.

mod course;
mod documents;
pub(crate) mod factors;
mod fitted;
pub(crate) mod hidden_markov;
pub(crate) mod ising;
pub(crate) mod mixture;
pub(crate) mod normal;
mod online;
pub(crate) mod regress;
mod repeat;
mod rows;
mod series;
mod standardise;
pub(crate) mod state_space;
pub(crate) mod topics;

use std::path::PathBuf;

use clap::Args;
use course::Course;
use elbo::{
    diagnose::{Findings, Level, Verdict},
    mean_field,
    objective::Bound,
};
use elbo_data::Dataset;
pub(crate) use fitted::{Fitted, evaluate, is_mean_field, likeliest, predict, reconstruct, sample};
use maud::Markup;
pub(crate) use repeat::repeat;
use serde::{Deserialize, Serialize};

use crate::{
    arguments::{Source, parse_count, parse_positive},
    config,
    error::Error,
    report::MeanFieldPage,
    results::print,
    run::Run,
    source::{SourceConfig, describe},
    tell,
};

/// How coordinate ascent goes, and where its run lies.
#[derive(Args, Debug, Clone)]
pub(crate) struct Ascent {
    /// It has converged when a sweep raises the bound by no more than this times its size.
    #[arg(long, value_name = "T", default_value = "1e-8", value_parser = parse_positive, help_heading = "Ascent")]
    pub(crate) tolerance: f64,
    /// Sweeps over the factors at most.
    #[arg(long, value_name = "S", default_value = "5000", value_parser = parse_count::<usize>, help_heading = "Ascent")]
    pub(crate) sweeps: usize,
    /// The seed of all that is random.
    #[arg(long, default_value_t = 0, help_heading = "Run")]
    pub(crate) seed: u64,
    /// The name of the run. Without it: that of the data, numbered where it is taken.
    #[arg(long, value_name = "NAME", help_heading = "Run")]
    pub(crate) name: Option<String>,
    /// The folder that runs are made in.
    #[arg(long, value_name = "DIR", default_value = "runs", help_heading = "Run")]
    pub(crate) runs: PathBuf,
    /// The name of the run that is repeated.
    #[arg(skip)]
    repeated: Option<String>,
}

impl Ascent {
    /// The name that was asked for, or that of the run that is repeated.
    fn known_name(&self) -> Option<&str> {
        self.name.as_deref().or(self.repeated.as_deref())
    }

    pub(crate) fn config(&self) -> mean_field::Ascent {
        mean_field::Ascent { tolerance: self.tolerance, sweeps: self.sweeps }
    }
}

/// The contents of `config.toml`: with the data, all that determines the fit.
#[derive(Serialize, Deserialize)]
pub(crate) struct Config<S> {
    elbo: String,
    name: String,
    /// The verb.
    model: String,
    data: DataConfig,
    ascent: mean_field::Ascent,
    seed: u64,
    settings: S,
}

/// What a model is fitted to, as it was read.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DataConfig {
    rows: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    columns: Vec<String>,
    fingerprint: String,
    source: SourceConfig,
}

impl DataConfig {
    fn of(source: SourceConfig, data: &Dataset<f64>) -> Self {
        Self { rows: data.rows(), columns: data.columns.clone(), fingerprint: data.fingerprint(), source }
    }
}

/// The contents of `results.json`.
#[derive(Serialize)]
struct Results<'a> {
    rows: usize,
    /// The ELBO of all rows, in nats.
    elbo: f64,
    log_likelihood: f64,
    kl: f64,
    global: f64,
    sweeps: usize,
    converged: bool,
    /// The bound that each start reached.
    starts: &'a [f64],
    seconds: f64,
    verdict: &'a Verdict,
    findings: &'a Findings,
    #[serde(flatten)]
    more: &'a serde_json::Map<String, serde_json::Value>,
}

/// So many components or states are never too many.
const LEAST_MOST: usize = 100;

/// Rows of a verb: read in f64, text set aside, missing cells as NaN.
pub(crate) struct Rows {
    pub(crate) config: DataConfig,
    /// What the model takes of them.
    pub(crate) data: Dataset<f64>,
}

impl Rows {
    pub(crate) fn read(builtin: Option<&str>, source: &Source) -> Result<Self, Error> {
        Self::of(SourceConfig::new(builtin, source)?, source.memory)
    }

    fn of(source: SourceConfig, memory: Option<u64>) -> Result<Self, Error> {
        let data = source.read_exact(memory, false)?;
        describe(&data);
        let missing = data.values.iter().filter(|x| x.is_nan()).count();
        if missing > 0 {
            tell(format!("missing     {missing} cells of {}", data.values.len()));
        }
        Ok(Self { config: DataConfig::of(source, &data), data })
    }

    /// Refuses more components or states than any rows need.
    fn check_number(&self, flag: &str, number: usize) -> Result<(), Error> {
        let most = self.data.rows().max(LEAST_MOST);
        if number <= most {
            return Ok(());
        }
        let (name, rows) = (&self.data.name, self.data.rows());
        Err(Error::usage(
            format!("`{name}` has {rows} rows: {flag} {number} are more than they could tell apart"),
            format!("give {flag} {most} or fewer"),
        ))
    }

    /// Refuses columns of which nothing is known.
    fn need_values(&self, columns: impl IntoIterator<Item = usize>) -> Result<(), Error> {
        let Dataset { name, columns: names, .. } = &self.data;
        let empty = |d: &usize| self.data.column(*d).all(f64::is_nan);
        let Some(d) = columns.into_iter().find(empty) else { return Ok(()) };
        Err(Error::plain(format!("`{name}`: column `{}` has no value", names[d]))
            .hint("leave the column out"))
    }

    /// The place of the column of this name; of the only one where none is named.
    pub(crate) fn column(&self, name: Option<&str>) -> Result<usize, Error> {
        let columns = &self.data.columns;
        let found = match name {
            Some(name) => columns.iter().position(|column| column == name),
            None => (columns.len() == 1).then_some(0),
        };
        found.ok_or_else(|| {
            let message = match name {
                Some(name) => format!("`{}` has no column `{name}`", self.data.name),
                None => format!("`{}` has {} columns", self.data.name, columns.len()),
            };
            Error::usage(message, format!("name one of {}", columns.join(", ")))
        })
    }
}

/// What a verb has to say of its fit beside the bound.
pub(crate) struct Story<'a, S> {
    /// The verb.
    pub(crate) model: &'static str,
    /// What the page calls it: `Bayesian Gaussian mixture`.
    pub(crate) kind: &'a str,
    /// All that determines the fit but the data and the ascent.
    pub(crate) settings: &'a S,
    /// Headline facts as (name, value).
    pub(crate) cards: Vec<(String, String)>,
    pub(crate) notes: Vec<String>,
    /// Pictures and tables with their headings.
    pub(crate) figures: Vec<(&'static str, Markup)>,
    pub(crate) fitted: Fitted,
}

/// Writes the run folder of a fit and tells how it went.
fn finish<S: Serialize>(
    ascent: &Ascent,
    data: &DataConfig,
    course: &Course,
    story: Story<'_, S>,
) -> Result<Level, Error> {
    let rows = data.rows;
    let config = Config {
        elbo: env!("CARGO_PKG_VERSION").into(),
        name: ascent
            .known_name()
            .map_or_else(|| format!("{}-{}", data.source.name(), story.model), ToOwned::to_owned),
        model: story.model.into(),
        data: data.clone(),
        ascent: ascent.config(),
        seed: ascent.seed,
        settings: story.settings,
    };
    let name = &config.name;
    let run = Run::create(&ascent.runs, name, &config::to_toml(&config)?, ascent.name.is_some())?;
    run.write("model.json", &story.fitted.to_json()?)?;
    let lines: serde_json::Result<Vec<String>> =
        course.metrics.iter().map(|metrics| Ok(serde_json::to_string(metrics)? + "\n")).collect();
    run.write("metrics.jsonl", lines?.concat().as_bytes())?;
    let verdict = Verdict::of(&course.findings);
    let (record, seconds) = (&course.record, course.seconds);
    let Some(bound) = record.bounds.last() else { return Err(Error::plain("no sweep was made")) };
    let results = Results {
        rows,
        elbo: bound.value(),
        log_likelihood: bound.log_likelihood,
        kl: bound.kl,
        global: bound.global,
        sweeps: record.bounds.len(),
        converged: record.converged,
        starts: &course.starts,
        seconds,
        verdict: &verdict,
        findings: &course.findings,
        more: &course.more,
    };
    run.write("results.json", &serde_json::to_vec_pretty(&results)?)?;
    let [unit, shared] = course.names;
    // Where the name was taken the folder's has a number.
    let folder = run.folder().file_name().unwrap_or_default().to_string_lossy();
    let page = MeanFieldPage {
        title: &folder,
        kind: story.kind,
        rows,
        unit,
        cards: story.cards.clone(),
        notes: story.notes,
        verdict: &verdict,
        bounds: record.bounds.iter().map(Bound::value).collect(),
        starts: &course.starts,
        figures: story.figures,
        settings: &config::settings(&config),
    };
    run.write("report.html", page.to_html().as_bytes())?;
    let why = if record.converged { "the bound no longer rises" } else { "all sweeps are done" };
    tell(format!("\nfinished    after {} sweeps and {seconds:.1} s: {why}", record.bounds.len()));
    tell(format!(
        "ELBO        {:.4} nats of all {unit} = log-lik {:.4} - KL of {unit} {:.4} - KL of {shared} {:.4}",
        bound.value(),
        bound.log_likelihood,
        bound.kl,
        0.0 - bound.global
    ));
    for (name, value) in &story.cards {
        tell(format!("{name:<11} {value}"));
    }
    tell(format!("verdict     {verdict}"));
    tell(format!("report      {}", run.path("report.html").display()));
    print(&format!("{}\n", run.folder().display()))?;
    Ok(verdict.level)
}
