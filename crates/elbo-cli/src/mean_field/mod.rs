//! Models fitted by exact coordinate ascent (E21): a verb a file, and what they share.
//!
//! A run folder holds `config.toml`, `model.json` (the factors, by which `predict`, `sample` and `evaluate` work),
//! `metrics.jsonl` (a line for each sweep of each start), `results.json` and `report.html`.

mod documents;
pub(crate) mod factors;
mod fitted;
pub(crate) mod hidden_markov;
pub(crate) mod ising;
pub(crate) mod mixture;
pub(crate) mod normal;
pub(crate) mod regress;
mod rows;
mod series;
mod standardise;
pub(crate) mod state_space;
pub(crate) mod topics;

use std::{path::PathBuf, time::Instant};

use clap::Args;
use elbo::{
    diagnose::{Findings, Level, Starts, Verdict},
    mean_field::{self, Best, MeanField, Record},
    objective::Bound,
};
use elbo_data::Dataset;
pub(crate) use fitted::{Fitted, evaluate, is_mean_field, likeliest, predict, reconstruct, sample};
use maud::Markup;
use serde::Serialize;

use crate::{
    arguments::{Source, parse_count, parse_positive},
    error::Error,
    report::MeanFieldPage,
    results::print,
    run::Run,
    source::{SourceConfig, describe},
    tell,
};

/// How far below the best bound, in nats, a start counts as having reached it.
const REACHED: f64 = 1.0;

/// How coordinate ascent goes, and where its run lies.
#[derive(Args, Debug, Clone)]
pub(crate) struct Ascent {
    /// It has converged when a sweep raises the bound by no more than this times its size.
    #[arg(long, value_name = "T", default_value = "1e-8", value_parser = parse_positive, help_heading = "Ascent")]
    pub(crate) tolerance: f64,
    /// Sweeps over the factors at most.
    #[arg(long, value_name = "S", default_value = "1000", value_parser = parse_count::<usize>, help_heading = "Ascent")]
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
}

impl Ascent {
    pub(crate) fn config(&self) -> mean_field::Ascent {
        mean_field::Ascent { tolerance: self.tolerance, sweeps: self.sweeps }
    }
}

/// The contents of `config.toml`: with the data, all that determines the fit.
#[derive(Serialize)]
struct Config<'a, S> {
    elbo: &'a str,
    name: &'a str,
    model: &'a str,
    data: DataConfig,
    ascent: mean_field::Ascent,
    seed: u64,
    settings: &'a S,
}

/// What a model was fitted to.
#[derive(Serialize)]
pub(crate) struct DataConfig {
    rows: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    columns: Vec<String>,
    fingerprint: String,
    source: SourceConfig,
}

impl From<&Rows> for DataConfig {
    fn from(Rows { source, data, fingerprint }: &Rows) -> Self {
        Self {
            rows: data.rows(),
            columns: data.columns.clone(),
            fingerprint: fingerprint.clone(),
            source: source.clone(),
        }
    }
}

/// A line of `metrics.jsonl`.
#[derive(Serialize)]
struct Metrics {
    start: usize,
    sweep: usize,
    elbo: f64,
    log_likelihood: f64,
    kl: f64,
    global: f64,
    seconds: f64,
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

/// Rows of a verb: read in f64, text set aside, missing cells as NaN.
pub(crate) struct Rows {
    pub(crate) source: SourceConfig,
    pub(crate) data: Dataset<f64>,
    /// Of the data as they were read.
    pub(crate) fingerprint: String,
}

impl Rows {
    pub(crate) fn read(builtin: Option<&str>, source: &Source) -> Result<Self, Error> {
        let config = SourceConfig::new(builtin, source)?;
        let data = config.read_exact(source.memory, false)?;
        describe(&data);
        let missing = data.values.iter().filter(|x| x.is_nan()).count();
        if missing > 0 {
            tell(format!("missing     {missing} cells of {}", data.values.len()));
        }
        Ok(Self { source: config, fingerprint: data.fingerprint(), data })
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

/// Watches the sweeps of a fit, and writes them down.
pub(crate) struct Watch {
    start: Instant,
    last: Option<Instant>,
    metrics: Vec<Metrics>,
    several: bool,
    /// What the two divergences are of: what each row has of its own, and what all share.
    names: [&'static str; 2],
}

/// A line is told for the first sweeps, and then at most in so many seconds.
const QUIET: f64 = 1.0;
const FIRST: usize = 3;

impl Watch {
    pub(crate) fn new(starts: usize) -> Self {
        Self::named(starts, ["rows", "θ"])
    }

    /// That of a model with other names for its rows and its parameters.
    pub(crate) fn named(starts: usize, names: [&'static str; 2]) -> Self {
        let several = starts > 1;
        let start = if several { format!("{:>5} | ", "start") } else { String::new() };
        tell(format!(
            "\n{start}{:>5} | {:>16} = {:>16} - {:>14} - {:>12}",
            "sweep",
            "ELBO, nats",
            "log-lik",
            format!("KL of {}", names[0]),
            format!("KL of {}", names[1])
        ));
        Self { start: Instant::now(), last: None, metrics: Vec::new(), several, names }
    }

    /// A sweep is done.
    pub(crate) fn sweep(&mut self, start: usize, sweep: usize, bound: &Bound) {
        let quiet = self.last.is_some_and(|last| last.elapsed().as_secs_f64() < QUIET);
        if !quiet || (start == 0 && sweep <= FIRST) {
            self.line(start, sweep, bound);
            self.last = Some(Instant::now());
        }
        self.metrics.push(Metrics {
            start: start + 1,
            sweep,
            elbo: bound.value(),
            log_likelihood: bound.log_likelihood,
            kl: bound.kl,
            global: bound.global,
            seconds: self.start.elapsed().as_secs_f64(),
        });
    }

    fn line(&self, start: usize, sweep: usize, bound: &Bound) {
        let start = if self.several { format!("{:>5} | ", start + 1) } else { String::new() };
        tell(format!(
            "{start}{sweep:>5} | {:>16.4} = {:>16.4} - {:>14.4} - {:>12.4}",
            bound.value(),
            bound.log_likelihood,
            bound.kl,
            0.0 - bound.global
        ));
    }
}

/// A fit by its best start.
pub(crate) struct Course {
    pub(crate) record: Record,
    pub(crate) bounds: Vec<f64>,
    /// What `results.json` has beside the bound, by name.
    pub(crate) more: serde_json::Map<String, serde_json::Value>,
}

impl Course {
    /// That of the best of several starts, and its model.
    pub(crate) fn of<M>(best: Best<M>) -> (M, Self) {
        (best.model, Self { record: best.record, bounds: best.bounds, more: serde_json::Map::new() })
    }

    /// One ascent of a model whose start does not matter, or is given.
    pub(crate) fn ascend(
        model: &mut impl MeanField,
        ascent: &Ascent,
        watch: &mut Watch,
    ) -> Result<Self, Error> {
        let record =
            mean_field::ascend(model, &ascent.config(), |sweep, bound| watch.sweep(0, sweep, bound))?;
        Ok(Self { bounds: vec![record.last()], record, more: serde_json::Map::new() })
    }

    /// What is known of it; `starts` where the optimum depends on the start.
    pub(crate) fn findings(&self, starts: bool) -> Findings {
        let best = self.record.last();
        let reached = self.bounds.iter().filter(|&&bound| bound >= best - REACHED).count();
        Findings {
            converged: Some(self.record.converged),
            maximised_a_bound: Some(true),
            coordinate_ascent: true,
            starts: starts.then_some(Starts { starts: self.bounds.len(), reached }),
            ..Findings::default()
        }
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
pub(crate) fn finish<S: Serialize>(
    ascent: &Ascent,
    data: impl Into<DataConfig>,
    watch: &Watch,
    course: &Course,
    findings: &Findings,
    story: Story<'_, S>,
) -> Result<Level, Error> {
    let data = data.into();
    let rows = data.rows;
    let name = ascent.name.clone().unwrap_or_else(|| format!("{}-{}", data.source.name(), story.model));
    let config = Config {
        elbo: env!("CARGO_PKG_VERSION"),
        name: &name,
        model: story.model,
        data,
        ascent: ascent.config(),
        seed: ascent.seed,
        settings: story.settings,
    };
    let text = toml::to_string(&config).map_err(|cause| Error::plain(cause.to_string()))?;
    let run = Run::create(&ascent.runs, &name, &text, ascent.name.is_some())?;
    let json = |value: serde_json::Result<Vec<u8>>| value.map_err(|cause| Error::plain(cause.to_string()));
    run.write("model.json", &json(serde_json::to_vec_pretty(&story.fitted))?)?;
    let lines: serde_json::Result<Vec<String>> =
        watch.metrics.iter().map(|metrics| Ok(serde_json::to_string(metrics)? + "\n")).collect();
    run.write("metrics.jsonl", json(lines.map(|lines| lines.concat().into_bytes()))?.as_slice())?;
    let verdict = Verdict::of(findings);
    let record = &course.record;
    let Some(bound) = record.bounds.last() else { return Err(Error::plain("no sweep was made")) };
    let seconds = watch.start.elapsed().as_secs_f64();
    let results = Results {
        rows,
        elbo: bound.value(),
        log_likelihood: bound.log_likelihood,
        kl: bound.kl,
        global: bound.global,
        sweeps: record.bounds.len(),
        converged: record.converged,
        starts: &course.bounds,
        seconds,
        verdict: &verdict,
        findings,
        more: &course.more,
    };
    run.write("results.json", &json(serde_json::to_vec_pretty(&results))?)?;
    let settings = settings_of(&text);
    let page = MeanFieldPage {
        title: &name,
        kind: story.kind,
        rows,
        unit: watch.names[0],
        cards: story.cards.clone(),
        notes: story.notes,
        verdict: &verdict,
        bounds: record.bounds.iter().map(Bound::value).collect(),
        starts: &course.bounds,
        figures: story.figures,
        settings: &settings,
    };
    run.write("report.html", page.to_html().as_bytes())?;
    let [unit, shared] = watch.names;
    let why = if record.converged { "the bound no longer rises" } else { "all sweeps are done" };
    tell(format!("\nfinished    after {} sweeps and {seconds:.1} s: {why}", record.bounds.len()));
    tell(format!(
        "ELBO        {:.4} nats of all {unit} = log-lik {:.4} - KL of {unit} {:.4} - KL of {shared} {:.4}",
        bound.value(),
        bound.log_likelihood,
        bound.kl,
        // Not −bound.global, which makes −0 of nothing.
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

/// The entries of a configuration as ("group.name", value), long lists left out.
fn settings_of(text: &str) -> Vec<(String, String)> {
    fn walk(prefix: &str, value: &toml::Value, out: &mut Vec<(String, String)>) {
        const LONGEST: usize = 60;
        match value {
            toml::Value::Table(table) => {
                for (key, value) in table {
                    let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                    walk(&key, value, out);
                }
            }
            value => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                if text.chars().count() <= LONGEST {
                    out.push((prefix.into(), text));
                }
            }
        }
    }
    let mut out = Vec::new();
    if let Ok(table) = text.parse::<toml::Table>() {
        walk("", &toml::Value::Table(table), &mut out);
    }
    out
}
