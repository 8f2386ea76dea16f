//! `elbo ising`: the mean field of an Ising model.

use std::path::{Path, PathBuf};

use clap::Args;
use elbo::{
    diagnose::Level,
    mean_field::{
        Annealing, ising,
        random_field::{Fit, Posterior},
    },
    random::Key,
};
use elbo_data::{Column, Dataset, Table};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    Ascent, DataConfig, Rows, Story,
    course::Anneal,
    finish,
    fitted::{Applied, Fitted, Model},
};
use crate::{
    arguments::{Evaluate, Predict, Sample, Source, parse_count},
    error::Error,
    report::magnetisations,
    results::print,
    source::{SourceConfig, describe},
    table, tell,
};

#[derive(Args, Debug)]
#[command(after_help = "\
p(s) = exp(½ sᵀJs + hᵀs)/Z of spins s of −1 and 1. Mean field gives a lower bound on log Z, and the mean of each spin; for 20
spins or fewer both stand beside the exact values.

Examples:
  elbo ising --couplings J.csv
  elbo ising --couplings J.csv --fields h.csv --starts 50
  elbo predict runs/J-ising                           the mean of each spin
  elbo sample runs/J-ising -n 10                      spins drawn from q
  elbo evaluate runs/J-ising                          the bound on log Z")]
pub(crate) struct Ising {
    /// J: a table of n rows and n columns, symmetric, with 0 on the diagonal.
    #[arg(long, value_name = "PATH")]
    couplings: PathBuf,
    /// h: a table of n rows of one number. Without it: 0.
    #[arg(long, value_name = "PATH")]
    fields: Option<PathBuf>,
    /// Starts, of which the best is kept: the first at means of 0, the others at random.
    #[arg(long, value_name = "R", default_value = "10", value_parser = parse_count::<usize>, help_heading = "Ascent")]
    starts: usize,
    #[command(flatten)]
    anneal: Anneal,
    #[command(flatten)]
    ascent: Ascent,
}

/// What determines the fit beside J and the ascent.
#[derive(Serialize, Deserialize)]
pub(super) struct Settings {
    starts: usize,
    annealing: Option<Annealing>,
    /// h.
    fields: Vec<f64>,
    /// Where it was read from.
    fields_from: Option<String>,
}

/// Spins whose configurations are enumerated, at most.
const ENUMERATED: usize = 20;

/// What outlives a fit.
#[derive(Serialize, Deserialize)]
pub(crate) struct Spins {
    posterior: Posterior,
    /// The bound on log Z, in nats.
    bound: f64,
    exact: Option<Exact>,
}

/// Found by enumeration.
#[derive(Serialize, Deserialize)]
struct Exact {
    log_partition: f64,
    means: Vec<f64>,
}

impl Spins {
    fn draw(&self, key: Key) -> Vec<f64> {
        self.posterior.sample(key).into_iter().map(|state| 2.0 * state as f64 - 1.0).collect()
    }

    /// log(exp(½ sᵀJs + hᵀs)/q(s)) at draws of q.
    fn log_weights(&self, couplings: &[f64], fields: &[f64], draws: usize, key: Key) -> Vec<f64> {
        let n = fields.len();
        let log_weight = |draw: u64| {
            let s = self.draw(key.fold(draw));
            let site = |i: usize| {
                let neighbours: f64 = couplings[i * n..(i + 1) * n].iter().zip(&s).map(|(j, s)| j * s).sum();
                let q = self.posterior.marginals[i][usize::from(s[i] > 0.0)];
                s[i] * (0.5 * neighbours + fields[i]) - q.ln()
            };
            (0..n).map(site).sum()
        };
        (0..draws as u64).into_par_iter().map(log_weight).collect()
    }
}

impl Applied for Spins {
    /// The mean of each spin, with its name where it has one but its number.
    fn predict(&self, fitted: &Fitted, arguments: &Predict) -> Result<(), Error> {
        no_rows(&arguments.source)?;
        let means = ising::means(&self.posterior.marginals);
        let mut out = Table::new();
        out.push("spin", Column::Real((1..=means.len()).map(|i| i as f64).collect()));
        out.push("mean", Column::Real(means));
        if let Some(exact) = &self.exact {
            out.push("exact_mean", Column::Real(exact.means.clone()));
        }
        let names = fitted.columns.first().filter(|first| *first != "1").map(|_| fitted.columns.clone());
        table::write(out, names, arguments.output.as_deref())
    }

    /// Spins drawn from q.
    fn sample(&self, fitted: &Fitted, arguments: &Sample) -> Result<(), Error> {
        let key = Key::new(arguments.seed);
        let cells: Vec<f64> = (0..arguments.number as u64).flat_map(|row| self.draw(key.fold(row))).collect();
        table::write(table::of(&fitted.columns, &cells), None, arguments.output.as_deref())
    }

    /// The bound on log Z, and how far it is from it.
    fn evaluate(&self, _: &Fitted, arguments: &Evaluate) -> Result<(), Error> {
        no_rows(&arguments.source)?;
        if arguments.rows.is_some() {
            return Err(Error::usage("an Ising model has no rows", "leave --rows out"));
        }
        let exact = self.exact.as_ref().map(|exact| exact.log_partition);
        let log_partition = exact.into_iter().flat_map(|z| [("log_partition", z), ("gap", z - self.bound)]);
        let (terms, nats): (Vec<&str>, Vec<f64>) =
            [("bound", self.bound)].into_iter().chain(log_partition).unzip();
        if let Some(path) = &arguments.output {
            let mut out = Table::new();
            out.push("term", Column::Text(terms.iter().map(ToString::to_string).collect()));
            out.push("nats", Column::Real(nats.clone()));
            out.write(path)?;
        }
        let lines = terms.iter().zip(&nats).map(|(term, nats)| format!("{term},{nats:.6}\n"));
        print(&format!("term,nats\n{}", lines.collect::<String>()))
    }
}

/// A field is of spins, not of rows.
fn no_rows(source: &Source) -> Result<(), Error> {
    source.data.as_ref().map_or(Ok(()), |path| {
        let message = format!("an Ising model has no rows: `{}` is not read", path.display());
        Err(Error::usage(message, "leave --data out"))
    })
}

/// A file of numbers.
fn source(path: &Path) -> Result<SourceConfig, Error> {
    SourceConfig::new(None, &Source { data: Some(path.into()), ..Source::default() })
}

/// J and h have every number.
fn complete(data: &Dataset<f64>) -> Result<(), Error> {
    let Some(cell) = data.values.iter().position(|x| x.is_nan()) else { return Ok(()) };
    Err(Error::plain(format!("`{}`: {} is missing", data.name, data.place(cell)))
        .hint("J and h have a number in every cell: 0 where there is no coupling, or no field"))
}

/// J, whose columns are the spins.
pub(super) fn couplings(source: SourceConfig) -> Result<Rows, Error> {
    let mut data = source.read_exact(None, false)?;
    describe(&data);
    if data.rows() != data.width() {
        return Err(Error::plain(format!(
            "`{}` has {} rows and {} columns, but J must have a row and a column for each spin",
            data.name,
            data.rows(),
            data.width()
        ))
        .hint("write J in full, both halves; a first line may name the spins"));
    }
    complete(&data)?;
    let config = DataConfig::of(source, &data);
    // Spins without a name are numbered.
    for name in &mut data.columns {
        if let Some(number) = name.strip_prefix("column ") {
            *name = number.into();
        }
    }
    Ok(Rows { config, data })
}

impl Ising {
    fn settings(&self, couplings: &Dataset<f64>) -> Result<Settings, Error> {
        let (starts, annealing) = (self.starts, self.anneal.schedule());
        let n = couplings.width();
        let Some(path) = &self.fields else {
            return Ok(Settings { starts, annealing, fields: vec![0.0; n], fields_from: None });
        };
        let source = source(path)?;
        let data = source.read_exact(None, true)?;
        if (data.rows(), data.width()) != (n, 1) {
            return Err(Error::plain(format!(
                "`{}` has {} rows and {} columns, but h must have one number for each of the {n} spins of `{}`",
                data.name,
                data.rows(),
                data.width(),
                couplings.name
            ))
            .hint("write one number a line"));
        }
        complete(&data)?;
        Ok(Settings { starts, annealing, fields: data.values.to_vec(), fields_from: Some(source.data) })
    }
}

pub(crate) fn ising(arguments: &Ising) -> Result<Level, Error> {
    let rows = couplings(source(&arguments.couplings)?)?;
    fit(&rows, &arguments.settings(&rows.data)?, &arguments.ascent)
}

pub(super) fn fit(rows: &Rows, settings: &Settings, ascent: &Ascent) -> Result<Level, Error> {
    let (couplings, n) = (&rows.data.values[..], rows.data.width());
    let field = ising::field(couplings, &settings.fields).map_err(|error| {
        Error::from(error).hint("J is symmetric, each coupling written twice, with 0 on the diagonal")
    })?;
    let key = Key::new(ascent.seed);
    let begin = |start: usize| {
        let mut fit =
            if start == 0 { Fit::new(&field)? } else { Fit::random(&field, key.fold(start as u64))? };
        if let Some(annealing) = settings.annealing {
            annealing.run(&mut fit)?;
        }
        Ok(fit)
    };
    let (fit, mut course) = ascent.best(Some(settings.starts), ["spins", "θ"], begin)?;
    let exact = if n <= ENUMERATED {
        let exact = field.enumerate()?;
        Some(Exact { log_partition: exact.log_partition, means: ising::means(&exact.marginals) })
    } else {
        None
    };
    let spins = Spins { posterior: fit.posterior().clone(), bound: course.record.last(), exact };
    let means = ising::means(&spins.posterior.marginals);
    let mut cards = vec![("bound".into(), format!("log Z ≥ {:.4} nats", spins.bound))];
    let mut notes = vec![
        "The spins of q are independent. The bound is the expectation of ½ sᵀJs + hᵀs, here the log-likelihood, plus the \
         entropy of q, here minus the KL."
            .into(),
    ];
    let symmetric = settings.fields.iter().all(|h| *h == 0.0);
    if symmetric {
        notes.push(
            "Without fields p(s) = p(−s), so the exact means are 0: means of q that are not stand for one of two sides."
                .into(),
        );
    }
    let furthest = |of: &[f64]| means.iter().zip(of).map(|(m, exact)| (m - exact).abs()).fold(0.0, f64::max);
    if let Some(exact) = &spins.exact {
        let gap = exact.log_partition - spins.bound;
        cards.push((
            "exact".into(),
            format!("log Z = {:.4} nats; the bound is {gap:.4} below", exact.log_partition),
        ));
        cards.push(("means".into(), format!("{:.4} from the exact ones at most", furthest(&exact.means))));
        course.findings.marginal_error = Some(0.5 * furthest(&exact.means));
    } else {
        course.findings.marginal_error = symmetric.then(|| 0.5 * furthest(&vec![0.0; n]));
        let log_weights = |draws| Ok(spins.log_weights(couplings, &settings.fields, draws, key));
        cards.push(course.weigh("log Z", n * n, log_weights)?);
    }
    tell(format!("spins       {n}, {} couplings", field.edges.len()));
    let story = Story {
        model: "ising",
        kind: "Ising model",
        settings,
        cards,
        notes,
        figures: vec![(
            "The spins",
            magnetisations(&rows.data.columns, &means, spins.exact.as_ref().map(|exact| &exact.means[..])),
        )],
        fitted: Fitted::new(&rows.data.columns, &rows.config, Model::Ising(spins)),
    };
    finish(ascent, &rows.config, &course, story)
}
