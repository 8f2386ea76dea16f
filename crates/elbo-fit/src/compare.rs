//! Runs side by side: figures of two are compared where they are of the same rows and of the same measure.

use std::path::{Path, PathBuf};

use elbo::{
    burn::tensor::Device, distribution::bernoulli::Binarise, likelihood::Support, objective::Objective,
    terms::Mean,
};
use elbo_data::Column;

use crate::{
    auto_encoder::{self, AutoEncoder, Measures},
    error::Error,
    fitted::is_fitted,
    fitted_model::FittedModel,
    folder::CONFIG,
    job::Job,
    observer::Observer,
    query::{Answer, LOG_DENSITY, Query},
    results::Results,
    source::Source,
    text::Text,
};

/// Runs side by side.
#[derive(Debug)]
pub struct Comparison {
    /// Each run.
    pub runs: Vec<ComparedRun>,
    /// Each pair of them.
    pub pairs: Vec<RunPair>,
}

/// A run, and how probable it makes rows.
#[derive(Debug)]
pub struct ComparedRun {
    /// Its folder.
    pub path: PathBuf,
    /// Its model.
    pub model: String,
    /// Where the rows of the fit come from.
    pub source: Source,
    /// What the log density is of: `row`, `document`, or the `time step` of a series.
    pub per: &'static str,
    /// Of which rows.
    pub rows: String,
    /// The mean log density over them, in nats; of series the standard error is by sequences, of which one alone has none.
    pub mean: Mean,
    /// The number of rows, documents or time steps.
    pub number: usize,
    /// The ELBO of all rows of the fit, in nats, of a model fitted by coordinate ascent.
    pub bound: Option<f64>,
    measured: Measured,
}

/// Two runs.
#[derive(Debug)]
pub struct RunPair {
    /// Their places among the runs.
    pub of: [usize; 2],
    /// What the first has more than the second, or why that cannot be said.
    pub difference: Result<Difference, Text>,
}

/// What one run has more than another on the same rows, in nats.
#[derive(Debug)]
pub struct Difference {
    /// The mean of the differences, row by row, and its standard error, where there are rows or sequences enough for one.
    pub mean: Mean,
    /// Of how many rows, documents or time steps.
    pub rows: usize,
    /// The difference of the ELBOs of all rows, where both are bounds on log p of the same.
    pub bounds: Option<f64>,
}

/// What a run's figures are of.
#[derive(Debug)]
struct Measured {
    /// The fingerprint of the data, and the rows' numbers.
    data: String,
    index: Vec<usize>,
    held_out: bool,
    /// How many rows a fit by coordinate ascent was to.
    fitted: Option<usize>,
    /// The column that says how often each of these counted.
    row_weights: Option<String>,
    /// Given rows of another file.
    given: bool,
    /// The columns, in order of their names.
    columns: Vec<String>,
    /// Densities and probabilities have no common measure.
    measure: String,
    /// What a figure is of, as a table numbers it: `row`, `document` or `sequence`.
    of: &'static str,
    log_density: Vec<f64>,
    /// How many rows each stands for.
    weights: Option<Vec<f64>>,
    /// Whether most of them took part in the fit.
    took_part: bool,
    /// How many time steps each sequence has, of series.
    lengths: Option<Vec<f64>>,
}

impl Measured {
    /// The mean of figures of the rows, weighted where there are weights, and of how many it is: what lacks a row is left out. Of series it is that of a time
    /// step, the ratio of two sums over the sequences.
    fn mean(&self, figures: &[f64], weights: Option<&Vec<f64>>) -> (Mean, usize) {
        let seen = || figures.iter().copied().enumerate().filter(|(_, x)| !x.is_nan());
        let Some(lengths) = &self.lengths else {
            let (places, seen): (Vec<usize>, Vec<f64>) = seen().unzip();
            let of_seen = |weights: &Vec<f64>| places.iter().map(|&at| weights[at]).collect::<Vec<f64>>();
            let mean = weights.map_or_else(|| Mean::of(&seen), |all| Mean::weighted(&seen, &of_seen(all)));
            return (mean, seen.len());
        };
        let steps: f64 = seen().map(|(at, _)| lengths[at]).sum();
        let value = seen().map(|(_, x)| x).sum::<f64>() / steps;
        let squares: f64 = seen().map(|(at, x)| (x - value * lengths[at]).powi(2)).sum();
        let number = seen().count() as f64;
        let error = if number > 1.0 { (squares * number / (number - 1.0)).sqrt() / steps } else { f64::NAN };
        (Mean { value, standard_error: error }, steps as usize)
    }
}

/// Measures runs on the rows that are asked for; else each on its own: fits by gradients on their validation rows, those by
/// coordinate ascent on all that they were fitted to.
///
/// # Errors
/// Where a run cannot be read, or its rows.
pub fn compare(
    runs: &[PathBuf],
    asked: &Query,
    device: &Device,
    observer: &dyn Observer,
) -> Result<Comparison, Error> {
    let of = |path: &PathBuf| {
        if is_fitted(path) {
            by_ascent(path, asked, observer)
        } else {
            by_gradients(path, asked, device, observer)
        }
    };
    let runs = runs.iter().map(of).collect::<Result<Vec<ComparedRun>, Error>>()?;
    let pairs = (0..runs.len()).flat_map(|i| (i + 1..runs.len()).map(move |j| [i, j]));
    let pairs = pairs.map(|of| RunPair { of, difference: difference(&runs[of[0]], &runs[of[1]]) }).collect();
    Ok(Comparison { runs, pairs })
}

fn by_gradients(
    path: &Path,
    asked: &Query,
    device: &Device,
    observer: &dyn Observer,
) -> Result<ComparedRun, Error> {
    let model = AutoEncoder::load(path, device)?;
    let (config, likelihood) = (model.config(), model.reader().likelihood());
    let measure = match likelihood.support() {
        Support::Real => DENSITY.into(),
        Support::Binary => match config.fit.binarise(likelihood) {
            Binarise::Dynamic => "a probability of values of 0 and 1, drawn by their grey".into(),
            Binarise::Threshold => "a probability of values of 0 and 1, cut at half".into(),
            Binarise::None => BITS.into(),
        },
        Support::Count => "a probability of counts".into(),
        _ => likelihood.name().into(),
    };
    if config.fit.train.objective == Objective::Noiseless {
        return Err(Error::new(format!(
            "`{}` was fitted to the noiseless objective, which is no bound",
            path.display()
        ))
        .remedy("leave it out"));
    }
    let given = asked.source.is_some();
    let (index, log_density, took_part) = if given {
        let found = model.evaluate(asked, &Measures::default(), observer)?;
        let log_density = log_density(&found.rows.table)?;
        ((0..log_density.len()).collect(), log_density, 2 * found.took_part > found.part[1])
    } else {
        let (index, elbo) = model.of_validation(asked.memory, observer)?;
        (index, elbo, false)
    };
    let measured = Measured {
        data: config.data.fingerprint.clone(),
        log_density,
        index,
        weights: None,
        took_part,
        held_out: true,
        fitted: None,
        row_weights: None,
        given,
        columns: sorted(&config.data.columns),
        measure,
        of: "row",
        lengths: None,
    };
    Ok(ComparedRun::of(path, auto_encoder::NAME, config.data.source.clone(), None, measured))
}

fn by_ascent(path: &Path, asked: &Query, observer: &dyn Observer) -> Result<ComparedRun, Error> {
    let model = FittedModel::load(path)?;
    let found = model.evaluate(asked, None, 0, observer)?;
    let log_density = log_density(&found.rows.table)?;
    let (about, config) = (model.about(), path.join(CONFIG));
    let job = if config.is_file() { Some(Job::read(&config)?) } else { None };
    let name = job.as_ref().map_or("", Job::model).to_owned();
    let settings = job.as_ref().and_then(Job::settings);
    let measure = measure(&name, settings);
    let row_weights = settings.and_then(|of| of.get("row_weights")?.as_str()).map(ToOwned::to_owned);
    // Of x that are given no density is told: they need not be the same.
    let columns = if name == "regress" { Vec::new() } else { sorted(&about.columns) };
    let results = Results::read(path)?;
    let of_all = results.as_ref().and_then(Results::all_rows);
    let bound = of_all.map(|of| of.elbo);
    let measured = Measured {
        data: about.data.fingerprint.clone(),
        index: (0..log_density.len()).collect(),
        held_out: false,
        weights: found.weights,
        took_part: asked.source.is_some() && 2 * found.took_part > found.part[1],
        fitted: of_all.map(|of| of.rows),
        row_weights,
        given: asked.source.is_some(),
        columns,
        measure,
        of: found.rows.numbers.as_ref().map_or("row", |(of, _)| of),
        log_density,
        lengths: lengths(&found.rows),
    };
    Ok(ComparedRun::of(path, &name, about.data.source.clone(), bound, measured))
}

/// Of what a model fitted by coordinate ascent gives the logarithm for each row.
fn measure(model: &str, settings: Option<&toml::Value>) -> String {
    let setting = |names: &[&str]| names.iter().try_fold(settings?, |of, name| of.get(name));
    match model {
        "regress" => {
            let target = setting(&["target"]).and_then(toml::Value::as_str).unwrap_or_default();
            format!("a density of `{target}`, the other columns given")
        }
        "mixture" if setting(&["prior", "family", "bernoulli"]).is_some() => BITS.into(),
        "hmm" => {
            let kinds = setting(&["emission"]).and_then(toml::Value::as_array).into_iter().flatten();
            let kinds = kinds.filter_map(|of| of.as_table()?.keys().next());
            let mut kinds: Vec<&str> = kinds.map(String::as_str).collect();
            // Columns of one kind are named once, as those of a state space.
            if kinds.iter().all(|kind| *kind == kinds[0]) {
                kinds.truncate(1);
            }
            format!("a density of sequences of {} columns", kinds.join(", "))
        }
        "state-space" => "a density of sequences of gaussian columns".into(),
        "topics" => "a probability of words".into(),
        _ => DENSITY.into(),
    }
}

const DENSITY: &str = "a density";
const BITS: &str = "a probability of values of 0 and 1";

fn sorted(columns: &[String]) -> Vec<String> {
    let mut columns = columns.to_vec();
    columns.sort_unstable();
    columns
}

fn log_density(table: &elbo_data::Table) -> Result<Vec<f64>, Error> {
    match table.columns.iter().find(|(of, _)| of == LOG_DENSITY) {
        Some((_, Column::Real(values))) => Ok(values.clone()),
        _ => Err(Error::new(format!(
            "the model says no `{LOG_DENSITY}` of each row, by which runs are compared"
        ))
        .remedy("leave it out; «elbo runs» lists the bounds of runs")),
    }
}

/// How many time steps each sequence has, where lines are of sequences.
fn lengths(rows: &Answer) -> Option<Vec<f64>> {
    let of_sequences = rows.numbers.as_ref().is_some_and(|(of, _)| *of == "sequence");
    match rows.table.columns.iter().find(|(name, _)| name == "rows") {
        Some((_, Column::Count(lengths))) if of_sequences => {
            Some(lengths.iter().map(|length| length.unwrap_or(0) as f64).collect())
        }
        _ => None,
    }
}

impl ComparedRun {
    fn of(path: &Path, model: &str, source: Source, bound: Option<f64>, measured: Measured) -> Self {
        let (mean, number) = measured.mean(&measured.log_density, measured.weights.as_ref());
        let rows = match (measured.given, measured.held_out) {
            (true, _) if measured.took_part => "the rows given, which took part in its fit",
            (true, _) => "the rows given",
            (false, true) => "its validation rows",
            (false, false) => "the rows it was fitted to",
        };
        Self {
            path: path.into(),
            model: model.into(),
            source,
            per: if measured.lengths.is_some() { "time step" } else { measured.of },
            rows: rows.into(),
            mean,
            number,
            bound,
            measured,
        }
    }
}

const ONE_HAS_LEARNED: &str =
    "one has learned from the rows that the other is measured by: give new rows with «data PATH»";

fn difference(a: &ComparedRun, b: &ComparedRun) -> Result<Difference, Text> {
    let (of_a, of_b) = (&a.measured, &b.measured);
    if of_a.took_part != of_b.took_part {
        return Err(ONE_HAS_LEARNED.into());
    }
    if !of_a.given {
        if of_a.held_out != of_b.held_out {
            return Err(ONE_HAS_LEARNED.into());
        }
        if of_a.data != of_b.data {
            return Err("they were fitted to different data: give rows for both with «data PATH»".into());
        }
        if of_a.index != of_b.index {
            return Err("their validation rows are different ones: give new rows with «data PATH»".into());
        }
    }
    if of_a.measure != of_b.measure {
        return Err(format!("one gives {}, the other {}", of_a.measure, of_b.measure).into());
    }
    if of_a.columns != of_b.columns {
        let only = |of: &Measured, other: &Measured| {
            of.columns.iter().find(|name| !other.columns.contains(name)).cloned()
        };
        let name = only(of_a, of_b).or_else(|| only(of_b, of_a)).unwrap_or_default();
        return Err(format!("they are of different columns: one alone has `{name}`").into());
    }
    if of_a.log_density.len() != of_b.log_density.len() {
        return Err("they measure different numbers of rows".into());
    }
    if of_a.lengths != of_b.lengths {
        return Err("they measure sequences of different lengths".into());
    }
    let pairs = of_a.log_density.iter().zip(&of_b.log_density);
    let differences: Vec<f64> = pairs.map(|(a, b)| a - b).collect();
    let weights = of_a.weights.as_ref().or(of_b.weights.as_ref());
    if of_b.weights.as_ref().is_some_and(|of_b| Some(of_b) != weights) {
        return Err("they count the rows by different weights".into());
    }
    let (mean, rows) = of_a.mean(&differences, weights);
    if rows == 0 {
        return Err("no row has all the cells that both models need".into());
    }
    // Bounds of other numbers of rows are of different evidences.
    let same_evidence =
        of_a.data == of_b.data && of_a.fitted == of_b.fitted && of_a.row_weights == of_b.row_weights;
    let bounds = a.bound.zip(b.bound).filter(|_| same_evidence).map(|(a, b)| a - b);
    Ok(Difference { mean, rows, bounds })
}
