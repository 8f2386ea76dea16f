//! A level, an autoregression or factors behind noisy rows.

use elbo::{
    Error as Fault,
    diagnose::{Estimated, Remedy},
    mean_field::state_space::{Fit, Posterior, Precision, Prior},
    random::Key,
};
use elbo_data::{Dataset, Table};
use serde::{Deserialize, Serialize};

use super::{
    ascent::{AscentResult, Fitting, ROWS, Restated, judge_skew, of_stored},
    model::Model,
    series::{
        self, Chain, OrderedRows, Sequences, SeriesTimes, check_ahead, lengths, sequences, steps, transforms,
        varied,
    },
    summary::FitSummary,
};
use crate::{
    columns::listed,
    error::Error,
    estimates::Estimates,
    figure::{Band, Dynamics, Figure},
    fitted::ModelMetadata,
    number::{alike, significant},
    observer::{Observer, ObserverExt},
    room::{check_room, numbers},
    rows::Rows,
    scaling::Scaling,
    source::Source,
    table,
};

/// A state space model, as it is asked for: what is left open is chosen by the rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Request {
    /// A column that says which sequence a row is of; if open, all rows are one sequence.
    pub sequence_column: Option<String>,
    /// This column alone.
    pub column: Option<String>,
    /// What moves behind the rows; if open, a level of one column, factors of several.
    pub kind: Option<Kind>,
    /// D, the number of factors; if open, 3, or as many as there are columns where they are fewer.
    pub states: Option<usize>,
    /// Starts of factors, of which the best is kept; if open, 5, or 1 of more than 5,000 columns.
    pub starts: Option<usize>,
    /// Rows ahead of the last in the report.
    pub forecast: usize,
}

impl Default for Request {
    fn default() -> Self {
        Self { sequence_column: None, column: None, kind: None, states: None, starts: None, forecast: 10 }
    }
}

/// What moves behind the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// z_t = z_{t−1} + noise, seen through noise: the local level model.
    Level,
    /// z_t = a z_{t−1} + noise, around the mean of the column, seen through noise.
    Autoregression,
    /// D states with linear dynamics, of which each column is a noisy linear map.
    Factors,
}

/// What determines the fit beside the data and the ascent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    kind: Kind,
    several_sequences: bool,
    columns: Vec<String>,
    /// Of factors; of the other kinds nothing is random.
    starts: Option<usize>,
    prior: Prior,
    /// Rows ahead of the last in the report.
    forecast: usize,
}

/// The variance of the first level, in units of the column's.
const FIRST_LEVEL: f64 = 10.0;
const FACTORS: usize = 3;
/// Starts of factors; one of many columns, whose starts take minutes each.
const STARTS: usize = 5;
const MANY_COLUMNS: usize = 5000;

/// What outlives a fit.
#[derive(Debug, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Series {
    scaling: Scaling,
    posterior: Posterior,
}

/// As in a file.
#[derive(Deserialize)]
struct Parts {
    scaling: Scaling,
    posterior: Posterior,
}

impl TryFrom<Parts> for Series {
    type Error = Error;

    fn try_from(Parts { scaling, posterior }: Parts) -> Result<Self, Error> {
        scaling.check(posterior.columns())?;
        Ok(Self { scaling, posterior })
    }
}

impl Series {
    /// Whether the state is the column without its noise, in its units.
    fn is_signal(&self) -> bool {
        self.posterior.observation.relevance.is_empty()
    }

    fn states(&self) -> Vec<String> {
        if !self.is_signal() {
            return (1..=self.posterior.states()).map(|k| format!("z_{k}")).collect();
        }
        let walks = self.posterior.dynamics.relevance.is_empty();
        vec![if walks { "level" } else { "signal" }.into()]
    }

    /// Offset and divisor of the states.
    fn of_states(&self) -> (f64, f64) {
        if self.is_signal() { (self.scaling.offset(0), self.scaling.divisor(0)) } else { (0.0, 1.0) }
    }

    /// What the report tells of the parameters.
    fn dynamics(&self, columns: &[String]) -> Dynamics {
        let (q, (_, unit)) = (&self.posterior, self.of_states());
        let (d, divisor) = (q.states(), self.scaling.divisors());
        let sd = |precision: &Precision| precision.mean().sqrt().recip();
        Dynamics {
            columns: columns.to_vec(),
            weights: q
                .observation
                .weights
                .iter()
                .enumerate()
                .map(|(i, w)| w * divisor[i / d] / unit)
                .collect(),
            noise: q.observation.noise.iter().zip(divisor).map(|(tau, divisor)| sd(tau) * divisor).collect(),
            states: self.states(),
            transition: q.dynamics.weights.clone(),
            deviation: q
                .dynamics
                .covariances
                .iter()
                .flat_map(|of| (0..d).map(|k| of[k * d + k].sqrt()))
                .collect(),
            drive: q.dynamics.noise.iter().map(|tau| sd(tau) * unit).collect(),
        }
    }
}

impl Chain for Series {
    fn scale(&self, data: &mut Dataset<f64>) -> Result<(), Error> {
        self.scaling.apply(data)
    }

    /// Mean and standard deviation of each column, as if it were seen once more, and those of each state.
    fn names(&self, columns: &[String]) -> Vec<String> {
        let names = [columns, &self.states()].concat();
        names.into_iter().flat_map(|name| [format!("{name}_mean"), format!("{name}_sd")]).collect()
    }

    fn say(&self, y: &[f64], ahead: usize) -> Result<Vec<f64>, Fault> {
        let (q, scaling) = (&self.posterior, &self.scaling);
        let (width, size) = (q.columns(), q.states());
        let (mut values, mut states) = (q.predict(y)?, q.smooth(y)?);
        if ahead > 0 {
            let next = q.forecast(y, ahead)?;
            for (so_far, next) in [
                (&mut values.means, next.rows.means),
                (&mut values.sds, next.rows.sds),
                (&mut states.means, next.states.means),
                (&mut states.sds, next.states.sds),
            ] {
                so_far.extend(next);
            }
        }
        let (offset, divisor) = self.of_states();
        let mut out = Vec::new();
        for row in 0..y.len() / width + ahead {
            for c in 0..width {
                let at = row * width + c;
                out.extend([scaling.undo(c, values.means[at]), values.sds[at] * scaling.divisor(c)]);
            }
            for at in row * size..(row + 1) * size {
                out.extend([states.means[at] * divisor + offset, states.sds[at] * divisor]);
            }
        }
        Ok(out)
    }

    fn bound(&self, y: &[f64]) -> Result<f64, Fault> {
        Ok(self.posterior.smooth(y)?.log_likelihood_bound - self.scaling.log_volume(y))
    }

    fn sample(&self, columns: &[String], rows: usize, key: Key) -> Result<Table, Fault> {
        let (states, y) = self.posterior.sample(rows, key)?;
        let (offset, divisor) = self.of_states();
        let states: Vec<f64> = states.iter().map(|z| z * divisor + offset).collect();
        let mut out = table::of(columns, &self.scaling.undo_rows(&y));
        out.columns.extend(table::of(&self.states(), &states).columns);
        Ok(out)
    }
}

impl Request {
    /// The kind, and the columns that it is of.
    fn columns(&self, rows: &Rows) -> Result<(Kind, Vec<usize>), Error> {
        let named = self.column.as_deref().map(|name| rows.column(Some(name))).transpose()?;
        let all: Vec<usize> = named.map_or((0..rows.data.width()).collect(), |column| vec![column]);
        let kind = self.kind.unwrap_or(if all.len() == 1 { Kind::Level } else { Kind::Factors });
        if kind == Kind::Factors {
            return Ok((kind, all));
        }
        if self.states.is_some() || self.starts.is_some() {
            let message = "a level or an autoregression has one state, and one start: «states» and «starts» are of factors";
            return Err(Error::request(message, "«kind factors» has as many as you like"));
        }
        let one = if all.len() == 1 { all[0] } else { rows.column(None)? };
        Ok((kind, vec![one]))
    }
}

/// Refuses covariances of the states, of each row and of each column's weights, that have no room.
fn check_size(states: usize, columns: usize, rows: usize) -> Result<(), Error> {
    let bytes = numbers(&[states, states, columns.saturating_add(rows).saturating_add(states), 12]);
    let what = format!("the covariances of {states} states behind {columns} columns");
    check_room(&what, bytes, "give fewer «states», or leave columns out")
}

/// What the model makes of each column, and of the rows ahead of the last sequence.
fn bands(
    series: &Series,
    scaled: &Dataset<f64>,
    lengths: &[usize],
    ahead: usize,
) -> Result<Vec<Band>, Error> {
    let mut said = Vec::new();
    for (number, sequence) in sequences(&scaled.values, scaled.width(), lengths).enumerate() {
        said.extend(series.say(sequence, if number + 1 == lengths.len() { ahead } else { 0 })?);
    }
    let places = series.names(&scaled.columns).len();
    let every = |place: usize| said.iter().skip(place).step_by(places).copied();
    let finite = |value: f64| value.is_finite().then_some(value);
    let band = |(c, name): (usize, &String)| Band {
        name: name.clone(),
        values: scaled.column(c).map(|y| finite(series.scaling.undo(c, y))).collect(),
        mean: every(2 * c).collect(),
        deviation: every(2 * c + 1).map(finite).collect(),
    };
    Ok(scaled.columns.iter().enumerate().map(band).collect())
}

/// Rows ahead that are told, and columns of each, at most.
const TOLD: (usize, usize) = (12, 3);

/// Which of several sequences the rows ahead go on from: the last.
fn of_last(labels: Option<&Vec<String>>, lengths: &[usize]) -> Option<String> {
    let last = labels.filter(|_| lengths.len() > 1)?.last()?;
    Some(format!("the rows ahead are those of sequence `{last}`, the last of {}", lengths.len()))
}

/// What is forecast of the rows ahead of the last sequence, which has so many; `times` are theirs, where they are known.
fn tell_forecast(bands: &[Band], rows: usize, ahead: usize, times: &[String], observer: &dyn Observer) {
    let (most, columns) = TOLD;
    let name = |at: usize| match times.get(at).filter(|time| !time.is_empty()) {
        Some(time) => format!("row {}, {time}", rows + at + 1),
        None => format!("row {}", rows + at + 1),
    };
    let value = |at: usize, band: &Band| {
        let mean = band.mean[band.values.len() + at];
        let sd = band.deviation[band.values.len() + at].unwrap_or(f64::INFINITY);
        format!("{} {}", band.name, alike([mean, sd]).join(" ± "))
    };
    for at in 0..ahead.min(most) {
        let values: Vec<String> = bands.iter().take(columns).map(|band| value(at, band)).collect();
        observer.say("forecast", format!("{}: {}", name(at), values.join(", ")));
    }
    if ahead > most || (ahead > 0 && bands.len() > columns) {
        observer.say("", "… and more, in the report and by «elbo predict» with «forecast»");
    }
}

/// Values of a column, at the least: of fewer the noise has no mean variance, and no forecast is finite.
const FEWEST: usize = 5;

/// Refuses a series that is too short to tell noise from what moves.
fn long_enough(data: &Dataset<f64>, lengths: &[usize]) -> Result<(), Error> {
    let steps: usize = lengths.iter().map(|length| length.saturating_sub(1)).sum();
    let short = (0..data.width()).find_map(|d| {
        let seen = data.column(d).filter(|x| !x.is_nan()).count();
        (seen < FEWEST).then(|| format!("column `{}` has {seen} values", data.columns[d]))
    });
    let steps = (steps + 1 < FEWEST).then(|| format!("there are {steps} steps from row to row"));
    let Some(fault) = short.or(steps) else { return Ok(()) };
    Err(Error::new(format!("`{}`: {fault}, but a state space model needs {FEWEST} values", data.name))
        .remedy("give a longer series; «elbo normal» describes a few values of one column"))
}

/// Fits a state space model.
#[derive(Debug)]
pub struct StateSpace;

impl Model for StateSpace {
    const NAME: &'static str = "state-space";
    type Request = Request;
    type Settings = Settings;
    type Data = OrderedRows;
    type Posterior = Sequences<Series>;

    fn choose(
        request: &Request,
        source: Source,
        memory: Option<u64>,
        observer: &dyn Observer,
    ) -> Result<(OrderedRows, Settings), Error> {
        let ordered = series::read(request.sequence_column.as_deref(), source, memory, observer)?;
        let ordered = ordered.without_constant(observer)?;
        let rows = &ordered.rows;
        let (kind, columns) = request.columns(rows)?;
        let (name, why) = match kind {
            Kind::Level => ("level", "there is one column"),
            Kind::Factors => ("factors", "there are several columns"),
            Kind::Autoregression => ("autoregression", "as asked"),
        };
        observer.chose(request.kind.is_none(), "kind", name, why);
        let prior = match kind {
            Kind::Level => Prior::local_level(0.0, FIRST_LEVEL),
            Kind::Autoregression => Prior::autoregression(0.0, 1.0),
            Kind::Factors => {
                let states = request.states.unwrap_or(FACTORS.min(columns.len()));
                let why = "no more than columns; those that are not needed are switched off";
                observer.chose(request.states.is_none(), "states", states.to_string(), why);
                rows.check_number("states", states)?;
                check_size(states, columns.len(), rows.data.rows())?;
                Prior::factors(states, columns.len())
            }
        };
        let many = columns.len() > MANY_COLUMNS;
        if kind == Kind::Factors && many {
            let why = "each takes long with so many columns: «factors» makes few columns of many";
            observer.chose(request.starts.is_none(), "starts", "1", why);
        }
        let settings = Settings {
            kind,
            several_sequences: request.sequence_column.is_some(),
            columns: columns.iter().map(|&c| rows.data.columns[c].clone()).collect(),
            starts: (kind == Kind::Factors).then_some(request.starts.unwrap_or(if many {
                1
            } else {
                STARTS
            })),
            prior,
            forecast: request.forecast,
        };
        Ok((ordered, settings))
    }

    fn read(
        settings: &Settings,
        source: Source,
        memory: Option<u64>,
        observer: &dyn Observer,
    ) -> Result<OrderedRows, Error> {
        series::again(settings.several_sequences, source, memory, observer)
    }

    fn mends(remedy: Remedy, settings: &Settings) -> bool {
        use Remedy::{
            CalendarResiduals, Differences, FewerParameters, Logarithm, MoreRows, MoreStarts, MoreStates,
            MoreSweeps, NormalScores, SquareRoot,
        };
        match remedy {
            // What one column follows has one state.
            MoreStates | FewerParameters => settings.kind == Kind::Factors,
            MoreRows => settings.kind != Kind::Factors,
            Differences | CalendarResiduals | Logarithm | SquareRoot | NormalScores | MoreStarts(_)
            | MoreSweeps => true,
            _ => false,
        }
    }

    fn fit(
        OrderedRows { mut rows, when }: OrderedRows,
        settings: &Settings,
        run: &Fitting<'_>,
    ) -> Result<(AscentResult, FitSummary<Sequences<Series>>), Error> {
        let lengths = lengths(&rows.data, settings.several_sequences, run.observer)?;
        let columns = rows.places(&settings.columns)?;
        rows.data = rows.data.keep_columns(&columns)?;
        check_size(settings.prior.mean.len(), settings.prior.columns(), rows.data.rows())?;
        check_ahead(settings.forecast, settings.prior.columns())?;
        varied(&rows.data)?;
        long_enough(&rows.data, &lengths)?;
        let scaling = Scaling::standard(&rows.data, None, true);
        scaling.apply(&mut rows.data)?;
        let (y, columns) = (&rows.data.values[..], &rows.data.columns);
        let kind = settings.kind;
        let name = match kind {
            Kind::Level => "Local level model",
            Kind::Autoregression => "Autoregression behind noise",
            Kind::Factors => "Linear-Gaussian state space model",
        };
        run.observer.say("model", format!("{}, of {}", name.to_lowercase(), listed(columns)));
        let key = Key::new(run.seed);
        let log_volume = scaling.log_volume(y);
        let begin = |start: usize| {
            let fit = Fit::new(y, &lengths, settings.prior.clone(), key.fold(start as u64))?;
            Ok(Restated { fit, restate: of_stored(log_volume) })
        };
        let (Restated { fit, .. }, mut course) = run.best(settings.starts, ROWS, begin)?;
        course.compare_starts(rows.data.rows() as f64);
        let series = Series { scaling, posterior: fit.posterior().clone() };
        let of = |_, sequence: &[f64]| series.posterior.transforms(sequence);
        course.findings.transformed = transforms(y, columns, &lengths, of)?.test();
        let stored = |name: &str| {
            let d = columns.iter().position(|column| column == name).unwrap_or_default();
            rows.data.column(d).map(|x| series.scaling.undo(d, x)).collect()
        };
        judge_skew(&mut course.findings, stored, None);
        let (d, p) = (series.posterior.states() as f64, columns.len() as f64);
        let numbers = match kind {
            Kind::Level => 2.0,
            Kind::Autoregression => 3.0,
            // Maps up to a change of the states, and noises.
            Kind::Factors => d * p + d + p,
        };
        course.findings.estimated = Some(Estimated { parameters: numbers, rows: rows.data.rows() as f64 });
        let told = series.dynamics(columns);
        course.found = Estimates::StateSpace { dynamics: told.clone() };
        let cards = match kind {
            Kind::Level => vec![
                ("level".into(), format!("moves by {:.4} a row (sd)", told.drive[0])),
                ("noise".into(), format!("{:.4} (sd)", told.noise[0])),
            ],
            Kind::Autoregression => vec![
                ("a".into(), format!("{:.4} ± {:.4}", told.transition[0], told.deviation[0])),
                ("mean".into(), format!("m = {}, that of the column", significant(series.scaling.offset(0)))),
                ("signal".into(), format!("moves by {:.4} a row (sd), around m", told.drive[0])),
                ("noise".into(), format!("{:.4} (sd)", told.noise[0])),
            ],
            Kind::Factors => {
                let d = series.posterior.states();
                let map = &series.posterior.observation;
                // Its weights are greater than their own uncertainty.
                let in_use = |&k: &usize| {
                    let squares: f64 = map.weights.iter().skip(k).step_by(d).map(|w| w * w).sum();
                    squares > map.covariances.iter().map(|of| of[k * d + k]).sum()
                };
                let used = (0..d).filter(in_use).count();
                course.findings.enough_parts = used < d || d == columns.len();
                vec![("factors".into(), format!("{used} of {d} are in use"))]
            }
        };
        let bands = bands(&series, &rows.data, &lengths, settings.forecast)?;
        let ahead = settings.forecast;
        let of_last = of_last(rows.data.labels.as_ref(), &lengths).filter(|_| ahead > 0);
        if let Some(text) = &of_last {
            let text =
                format!("{text}; «elbo predict» with «forecast {ahead}» gives those of every sequence");
            run.observer.say("forecast", text);
        }
        let steps = steps(when.as_ref(), ahead);
        let times = &steps.names[steps.names.len().saturating_sub(ahead)..];
        tell_forecast(&bands, lengths.last().copied().unwrap_or(0), ahead, times, run.observer);
        let scaled = "The fit is of columns brought to mean 0 and standard deviation 1. The bound, and all that is told of rows, is in \
                      the units of the file.";
        let of_last = of_last.map(|text| format!("In the chart over time {text}."));
        let story = FitSummary {
            kind: name.into(),
            cards,
            notes: [scaled.to_owned()].into_iter().chain(of_last).collect(),
            figures: vec![
                ("Over time".into(), Figure::Banded { bands, lengths: lengths.clone(), steps }),
                ("Dynamics".into(), Figure::Dynamics(told)),
            ],
            about: ModelMetadata::new(columns, &rows.config),
            posterior: Sequences {
                several: settings.several_sequences,
                step: when.as_ref().and_then(SeriesTimes::step),
                chain: series,
            },
        };
        Ok((course, story))
    }
}
