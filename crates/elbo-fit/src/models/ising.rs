//! The mean field of an Ising model.

use std::path::PathBuf;

use elbo::{
    diagnose::Remedy,
    mean_field::{
        Annealing, ising,
        random_field::{Fit, Posterior},
    },
    random::Key,
    terms::Bound,
};
use elbo_data::{Column, Dataset, Table};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    ascent::{AscentResult, Fitting, Restated, annealing, told},
    model::Model,
    summary::FitSummary,
};
use crate::{
    error::Error,
    estimates::{Estimates, ExactSpins},
    figure::Figure,
    fitted::{Fitted, ModelMetadata},
    observer::{Observer, ObserverExt},
    query::{Answer, Approximation, Evaluation, Query, Term, Uncertainty},
    rows::{DataConfig, Rows},
    source::{Source, describe},
    table,
};

/// An Ising model, as it is asked for. Its data are J: a table of n rows and n columns, symmetric, with 0 on the diagonal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Request {
    /// h: a table of n rows of one number; if open, 0.
    pub fields: Option<PathBuf>,
    /// Starts, of which the best is kept: the first at means of 0, the others at random.
    pub starts: usize,
    /// Deterministic annealing: the inverse temperature to begin at.
    pub anneal: Option<f64>,
}

impl Default for Request {
    fn default() -> Self {
        Self { fields: None, starts: 10, anneal: None }
    }
}

/// What determines the fit beside J and the ascent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
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
#[derive(Debug, Serialize, Deserialize)]
pub struct Spins {
    posterior: Posterior,
    /// The bound on log Z, in nats.
    bound: f64,
    exact: Option<ExactSpins>,
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

/// The bound of so many spins with its KL from the uniform distribution: log Z = log E[exp(½ sᵀJs + hᵀs)] + n log 2 under that.
fn from_uniform(spins: usize) -> impl Fn(Bound) -> Bound + Copy {
    let entropy = spins as f64 * std::f64::consts::LN_2;
    // Of a uniform q the KL is 0, but for rounding.
    move |bound| Bound {
        log_likelihood: bound.log_likelihood + entropy,
        kl: (bound.kl + entropy).max(0.0),
        ..bound
    }
}

impl Fitted for Spins {
    /// The mean of each spin, with its name where it has one but its number.
    fn predict(
        &self,
        about: &ModelMetadata,
        asked: &Query,
        _: usize,
        _: &dyn Observer,
    ) -> Result<Answer, Error> {
        no_rows(asked)?;
        let means = ising::means(&self.posterior.marginals);
        let mut out = Table::new();
        let spins = 0..means.len();
        out.push("mean", Column::Real(means));
        if let Some(exact) = &self.exact {
            out.push("exact_mean", Column::Real(exact.means.clone()));
        }
        let names = about.columns.first().filter(|first| *first != "1").map(|_| about.columns.clone());
        Ok(Answer::of("spin", spins, names, out))
    }

    /// Spins drawn from q.
    fn sample(
        &self,
        about: &ModelMetadata,
        number: usize,
        seed: u64,
        _: &dyn Observer,
    ) -> Result<Answer, Error> {
        let key = Key::new(seed);
        let cells: Vec<f64> = (0..number as u64).flat_map(|row| self.draw(key.fold(row))).collect();
        Ok(Answer::new(table::of(&about.columns, &cells)))
    }

    /// The bound on log Z, and how far it is from it.
    fn evaluate(
        &self,
        _: &ModelMetadata,
        asked: &Query,
        number: Option<usize>,
        _: u64,
        _: &dyn Observer,
    ) -> Result<Evaluation, Error> {
        no_rows(asked)?;
        if number.is_some() {
            return Err(Error::request("an Ising model has no rows", "leave «rows» out"));
        }
        let exact = self.exact.as_ref().map(|exact| exact.log_partition);
        let log_partition = exact.into_iter().flat_map(|z| {
            [("log_partition", z, Approximation::Exact), ("gap", z - self.bound, Approximation::Exact)]
        });
        let figures: Vec<(&str, f64, Approximation)> =
            [("bound", self.bound, Approximation::Bound)].into_iter().chain(log_partition).collect();
        let mut out = Table::new();
        out.push("term", Column::Text(figures.iter().map(|(name, ..)| (*name).into()).collect()));
        out.push("nats", Column::Real(figures.iter().map(|(_, nats, _)| *nats).collect()));
        out.push("is", Column::Text(figures.iter().map(|(.., is)| is.name().into()).collect()));
        let term = |(name, value, is): (&str, f64, Approximation)| Term {
            name: name.into(),
            value,
            standard_error: Uncertainty::Exact,
            is: Some(is),
        };
        Ok(Evaluation {
            facts: Vec::new(),
            unit: "nats",
            part: [0, 0],
            took_part: 0,
            weights: None,
            terms: figures.into_iter().map(term).collect(),
            rows: Answer::new(out),
        })
    }
}

/// A field is of spins, not of rows.
fn no_rows(asked: &Query) -> Result<(), Error> {
    asked.source.as_ref().map_or(Ok(()), |source| {
        let message = format!("an Ising model has no rows: `{}` is not read", source.data);
        Err(Error::request(message, "leave «data» out"))
    })
}

/// J and h have every number.
fn complete(data: &Dataset<f64>) -> Result<(), Error> {
    let Some(cell) = data.values.iter().position(|x| x.is_nan()) else { return Ok(()) };
    Err(Error::new(format!("`{}`: {} is missing", data.name, data.place(cell)))
        .remedy("J and h have a number in every cell: 0 where there is no coupling, or no field"))
}

/// The row of each spin, where rows are labelled by the spins' names; none where nothing names them.
fn by_spin(data: &Dataset<f64>, spins: &[String]) -> Result<Option<Vec<usize>>, Error> {
    let Some(labels) = &data.labels else { return Ok(None) };
    let place = |spin: &String| labels.iter().position(|label| label == spin);
    let places: Vec<Option<usize>> = spins.iter().map(place).collect();
    if places.iter().all(Option::is_none) {
        return Ok(None);
    }
    if let Some(spin) = places.iter().position(Option::is_none) {
        let message =
            format!("`{}` names its rows by spins, but has no row of spin `{}`", data.name, spins[spin]);
        return Err(Error::new(message).remedy("name each spin once, or none"));
    }
    Ok(Some(places.into_iter().flatten().collect()))
}

/// J, whose columns are the spins.
fn couplings(source: Source, memory: Option<u64>, observer: &dyn Observer) -> Result<Rows, Error> {
    let mut data = source.read_exact(memory, None)?;
    describe(&data, observer);
    if data.rows() != data.width() {
        return Err(Error::new(format!(
            "`{}` has {} rows and {} columns, but J must have a row and a column for each spin",
            data.name,
            data.rows(),
            data.width()
        ))
        .remedy("write J in full, both halves; a first line may name the spins"));
    }
    complete(&data)?;
    if let Some(order) = by_spin(&data, &data.columns)? {
        data = data.at_rows(&order);
    }
    let config = DataConfig::of(source, &data);
    // Spins without a name are numbered.
    for name in &mut data.columns {
        if let Some(number) = name.strip_prefix("column ") {
            *name = number.into();
        }
    }
    Ok(Rows { config, data, weights: None })
}

impl Request {
    fn settings(&self, couplings: &Dataset<f64>) -> Result<Settings, Error> {
        let (starts, annealing) = (self.starts, self.anneal.map(annealing));
        let n = couplings.width();
        let Some(path) = &self.fields else {
            return Ok(Settings { starts, annealing, fields: vec![0.0; n], fields_from: None });
        };
        let source = Source::file(path)?;
        let data = source.read_exact(None, Some(&[]))?;
        if (data.rows(), data.width()) != (n, 1) {
            return Err(Error::new(format!(
                "`{}` has {} rows and {} columns, but h must have one number for each of the {n} spins of `{}`",
                data.name,
                data.rows(),
                data.width(),
                couplings.name
            ))
            .remedy("write one number a line"));
        }
        complete(&data)?;
        let fields = match by_spin(&data, &couplings.columns)? {
            Some(order) => order.iter().map(|&row| data.values[row]).collect(),
            None => data.values.to_vec(),
        };
        Ok(Settings { starts, annealing, fields, fields_from: Some(source.data) })
    }
}

/// Fits the mean field of an Ising model.
#[derive(Debug)]
pub struct Ising;

impl Model for Ising {
    const NAME: &'static str = "ising";
    type Request = Request;
    type Settings = Settings;
    type Data = Rows;
    type Posterior = Spins;

    fn choose(
        request: &Request,
        source: Source,
        memory: Option<u64>,
        observer: &dyn Observer,
    ) -> Result<(Rows, Settings), Error> {
        let rows = couplings(source, memory, observer)?;
        let settings = request.settings(&rows.data)?;
        Ok((rows, settings))
    }

    fn read(
        _: &Settings,
        source: Source,
        memory: Option<u64>,
        observer: &dyn Observer,
    ) -> Result<Rows, Error> {
        couplings(source, memory, observer)
    }

    fn mends(remedy: Remedy, _: &Settings) -> bool {
        remedy != Remedy::Anneal
    }

    fn fit(
        rows: Rows,
        settings: &Settings,
        run: &Fitting<'_>,
    ) -> Result<(AscentResult, FitSummary<Spins>), Error> {
        let (couplings, n) = (&rows.data.values[..], rows.data.width());
        let field = ising::field(couplings, &settings.fields).map_err(|error| {
            Error::from(error).remedy("J is symmetric, each coupling written twice, with 0 on the diagonal")
        })?;
        let key = Key::new(run.seed);
        let begin = |start: usize| {
            let fit =
                if start == 0 { Fit::new(&field)? } else { Fit::random(&field, key.fold(start as u64))? };
            Ok(Restated { fit, restate: from_uniform(n) })
        };
        let warm_up = |of: &mut Restated<Fit<'_>, _>, _, part| {
            settings.annealing.map_or(Ok(()), |annealing| annealing.sweep(&mut of.fit, part))
        };
        let parts = settings.annealing.map_or(0, |annealing| annealing.sweeps);
        let (Restated { fit, .. }, mut course) =
            run.warmed(Some(settings.starts), ["spins", "θ"], begin, (parts, &warm_up))?;
        course.compare_starts(n as f64);
        (course.findings.model_is_given, course.findings.intervals_told) = (true, true);
        let exact = if n <= ENUMERATED {
            let exact = field.enumerate()?;
            Some(ExactSpins { log_partition: exact.log_partition, means: ising::means(&exact.marginals) })
        } else {
            None
        };
        let spins = Spins { posterior: fit.posterior().clone(), bound: course.record.last(), exact };
        let means = ising::means(&spins.posterior.marginals);
        let mut cards = vec![("bound".into(), format!("log Z ≥ {:.4} nats", spins.bound))];
        let mut notes = vec![
            "The spins of q are independent. The bound on log Z is the expectation of ½ sᵀJs + hᵀs plus n log 2, here the \
             log-likelihood, less the KL of q from the uniform distribution of the n spins."
                .into(),
        ];
        let symmetric = settings.fields.iter().all(|h| *h == 0.0);
        if symmetric {
            notes.push(
                "Without fields p(s) = p(−s), so the exact means are 0: means of q that are not stand for one of two sides."
                    .into(),
            );
        }
        let furthest =
            |of: &[f64]| means.iter().zip(of).map(|(m, exact)| (m - exact).abs()).fold(0.0, f64::max);
        if let Some(exact) = &spins.exact {
            let gap = exact.log_partition - spins.bound;
            cards.push((
                "exact".into(),
                format!("log Z = {:.4} nats; the bound is {gap:.4} below", exact.log_partition),
            ));
            cards
                .push(("means".into(), format!("{:.4} from the exact ones at most", furthest(&exact.means))));
            course.findings.marginal_error = Some(0.5 * furthest(&exact.means));
            course.findings.bound_gap = Some(gap / n as f64);
        } else {
            course.findings.marginal_error = symmetric.then(|| 0.5 * furthest(&vec![0.0; n]));
            let log_weights = |draws| Ok(spins.log_weights(couplings, &settings.fields, draws, key));
            let weighed = course.weigh(n * n, log_weights)?;
            cards.push(told("log Z", weighed.as_ref()));
            let gap = weighed.map(|of| of.estimate - spins.bound);
            course.findings.bound_gap = gap.map(|gap| gap / n as f64);
        }
        run.observer.say("spins", format!("{n}, {} couplings", field.edges.len()));
        let names = &rows.data.columns;
        course.found =
            Estimates::Ising { spins: names.clone(), means: means.clone(), exact: spins.exact.clone() };
        let exact = spins.exact.as_ref().map(|exact| exact.means.clone());
        let story = FitSummary {
            kind: "Ising model".into(),
            cards,
            notes,
            figures: vec![("The spins".into(), Figure::Spins { names: names.clone(), means, exact })],
            about: ModelMetadata::new(names, &rows.config),
            posterior: spins,
        };
        Ok((course, story))
    }
}
