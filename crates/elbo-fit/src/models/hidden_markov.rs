//! Hidden Markov models.

use elbo::{
    diagnose::{Estimated, Remedy},
    mean_field::{
        Annealing,
        hidden_markov::{Emission, Fit, Posterior, Prior, Shares, Start},
    },
    random::Key,
};
use elbo_data::{Column, Dataset, Table};
use serde::{Deserialize, Serialize};

use super::{
    ascent::{AscentResult, Fitting, ROWS, annealing, judge_skew},
    model::Model,
    series::{
        self, Chain, OrderedRows, Sequences, SeriesTimes, lengths, sequences, steps, transforms, varied,
    },
    summary::FitSummary,
};
use crate::{
    columns::listed,
    error::Error,
    estimates::Estimates,
    figure::{Figure, State},
    fitted::ModelMetadata,
    moments::{Moments, moments},
    number::likeliest,
    observer::{Observer, ObserverExt},
    source::Source,
    table,
};

/// A hidden Markov model, as it is asked for: what is left open is chosen by the rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Request {
    /// A column that says which sequence a row is of; if open, all rows are one sequence.
    pub sequence_column: Option<String>,
    /// K. States that are not needed get no rows.
    pub states: usize,
    /// What a state says of every column; if open, of each by itself: categorical of 0 and 1, Poisson of whole numbers from
    /// 0 whose mean is below 20, else Gaussian.
    pub emission: Option<Kind>,
    /// α₀ of the Dirichlet prior of the first state, and of the next after each.
    pub concentration: f64,
    /// Starts, of which the best is kept.
    pub starts: usize,
    /// Where each begins; if open, apart, or at random where it is annealed.
    pub start: Option<Start>,
    /// Deterministic annealing: the inverse temperature to begin at.
    pub anneal: Option<f64>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            sequence_column: None,
            states: 3,
            emission: None,
            concentration: 1.0,
            starts: 5,
            start: None,
            anneal: None,
        }
    }
}

/// What a state says of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Real numbers.
    Gaussian,
    /// Counts.
    Poisson,
    /// Classes, numbered from 0.
    Categorical,
}

/// What determines the fit beside the data and the ascent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    states: usize,
    several_sequences: bool,
    concentration: f64,
    starts: usize,
    start: Start,
    annealing: Option<Annealing>,
    /// The prior of each column in a state.
    emission: Vec<Emission>,
}

/// Counts of a mean from here on are taken for measurements.
const COUNTS: f64 = 20.0;
/// Classes of a column at most.
const CLASSES: f64 = 1000.0;
/// The prior share of a column's variance that is within a state.
const WITHIN: f64 = 0.1;

impl Request {
    /// The prior of a column in a state, by the scale of its values.
    fn emission(&self, data: &Dataset<f64>, column: usize, of: Moments) -> Result<Emission, Error> {
        let Moments { mean, variance } = of;
        let broken = data.column(column).find(|x| *x < 0.0 || !x.is_nan() && x.fract() != 0.0);
        let greatest = data.column(column).fold(f64::MIN, f64::max);
        let family = self.emission.unwrap_or(match broken {
            None if greatest <= 1.0 => Kind::Categorical,
            None if mean < COUNTS => Kind::Poisson,
            _ => Kind::Gaussian,
        });
        let refused = |x: f64, rule: &str| {
            let message = format!("`{}`: column `{}` has a {x}, but {rule}", data.name, data.columns[column]);
            Err(Error::new(message).remedy("«emission gaussian» takes any number"))
        };
        match (family, broken) {
            (Kind::Gaussian, _) => {
                // The means of the states are then spread as widely as the column is.
                Ok(Emission::Gaussian { mean, precision: WITHIN, shape: 1.0, rate: WITHIN * variance })
            }
            (Kind::Poisson, Some(x)) => refused(x, "counts are whole and at least 0"),
            (Kind::Poisson, None) => Ok(Emission::Poisson { shape: 1.0, rate: mean.recip() }),
            (Kind::Categorical, Some(x)) => refused(x, "classes are numbered 0, 1, 2, …"),
            (Kind::Categorical, None) if greatest >= CLASSES => {
                refused(greatest, "classes are numbered from 0 to 999 at most")
            }
            (Kind::Categorical, None) => {
                Ok(Emission::Categorical(Shares::symmetric(greatest as usize + 1, 1.0)))
            }
        }
    }

    fn settings(&self, data: &Dataset<f64>) -> Result<Settings, Error> {
        varied(data)?;
        let annealing = self.anneal.map(annealing);
        let start = self.start.unwrap_or(if annealing.is_some() { Start::Random } else { Start::Apart });
        Ok(Settings {
            states: self.states,
            several_sequences: self.sequence_column.is_some(),
            concentration: self.concentration,
            starts: self.starts,
            start,
            annealing,
            emission: moments(data)
                .into_iter()
                .enumerate()
                .map(|(column, of)| self.emission(data, column, of))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl Chain for Posterior {
    /// The state on the most probable path, the probability of each, and the mean of each column given these.
    fn names(&self, columns: &[String]) -> Vec<String> {
        let states = (1..=self.states()).map(|k| format!("p_{k}"));
        let means =
            columns.iter().zip(&self.emission[0]).flat_map(|(name, emission)| outcomes(name, emission));
        let means = means.map(|name| format!("{name}_mean"));
        ["state".into()].into_iter().chain(states).chain(means).collect()
    }

    fn say(&self, x: &[f64], ahead: usize) -> Result<Vec<f64>, elbo::Error> {
        let (k, mut p) = (self.states(), self.smoothed(x)?);
        let path = self.most_probable_path(x)?;
        for _ in 0..ahead {
            p.extend(self.after(&p[p.len() - k..]));
        }
        let means: Vec<Vec<f64>> =
            self.emission.iter().map(|state| state.iter().flat_map(Emission::mean).collect()).collect();
        let mut out = Vec::new();
        for (row, p) in p.chunks(k).enumerate() {
            let state = path.get(row).copied().unwrap_or_else(|| likeliest(p));
            out.push(state as f64 + 1.0);
            out.extend_from_slice(p);
            let mean = |c: usize| p.iter().zip(&means).map(|(p, mean)| p * mean[c]).sum::<f64>();
            out.extend((0..means[0].len()).map(mean));
        }
        Ok(out)
    }

    fn bound(&self, x: &[f64]) -> Result<f64, elbo::Error> {
        self.log_likelihood_bound(x)
    }

    fn sample(&self, columns: &[String], rows: usize, key: Key) -> Result<Table, elbo::Error> {
        let (states, x) = Posterior::sample(self, rows, key)?;
        let mut out = table::of(columns, &x);
        out.push("state", Column::Count(states.iter().map(|&state| Some(state as u64 + 1)).collect()));
        Ok(out)
    }
}

/// What the numbers of an emission's mean are called: a column, or each of its classes.
fn outcomes(name: &str, emission: &Emission) -> Vec<String> {
    match emission {
        Emission::Categorical(shares) => {
            (0..shares.outcomes()).map(|class| format!("{name}_{class}")).collect()
        }
        _ => vec![name.into()],
    }
}

/// The spread of a column in a state, where it has one of its own.
fn deviations(emission: &Emission) -> Vec<Option<f64>> {
    match emission {
        Emission::Gaussian { shape, rate, .. } => vec![Some((rate / shape).sqrt())],
        other => vec![None; other.mean().len()],
    }
}

/// Fits a hidden Markov model.
#[derive(Debug)]
pub struct HiddenMarkov;

impl Model for HiddenMarkov {
    const NAME: &'static str = "hmm";
    const ALIAS: &'static str = "hidden-markov";
    type Request = Request;
    type Settings = Settings;
    type Data = OrderedRows;
    type Posterior = Sequences<Posterior>;

    fn choose(
        request: &Request,
        source: Source,
        memory: Option<u64>,
        observer: &dyn Observer,
    ) -> Result<(OrderedRows, Settings), Error> {
        let ordered = series::read(request.sequence_column.as_deref(), source, memory, observer)?;
        let ordered = ordered.without_constant(observer)?;
        let rows = &ordered.rows;
        rows.check_number("states", request.states)?;
        let settings = request.settings(&rows.data)?;
        Ok((ordered, settings))
    }

    fn read(
        settings: &Settings,
        source: Source,
        memory: Option<u64>,
        observer: &dyn Observer,
    ) -> Result<OrderedRows, Error> {
        series::again(settings.several_sequences, source, memory, observer)?.without_constant(observer)
    }

    fn mends(remedy: Remedy, settings: &Settings) -> bool {
        use Remedy::{
            Anneal, CalendarResiduals, Differences, FewerParameters, Logarithm, MoreStarts, MoreStates,
            MoreSweeps, NormalScores, SquareRoot, StateSpace,
        };
        let is_gaussian = |emission: &Emission| {
            matches!(emission, Emission::Gaussian { .. } | Emission::KnownGaussian { .. })
        };
        match remedy {
            // Counts and categories have neither.
            StateSpace | Differences | CalendarResiduals | Logarithm | SquareRoot | NormalScores => {
                settings.emission.iter().all(is_gaussian)
            }
            Anneal => settings.annealing.is_none(),
            MoreStates | MoreStarts(_) | MoreSweeps | FewerParameters => true,
            _ => false,
        }
    }

    fn fit(
        OrderedRows { rows, when }: OrderedRows,
        settings: &Settings,
        run: &Fitting<'_>,
    ) -> Result<(AscentResult, FitSummary<Sequences<Posterior>>), Error> {
        let (x, columns) = (&rows.data.values[..], &rows.data.columns);
        let lengths = lengths(&rows.data, settings.several_sequences, run.observer)?;
        let family = |emission: &Emission| match emission {
            Emission::Poisson { .. } | Emission::KnownPoisson { .. } => "Poisson",
            Emission::Categorical(_) => "categorical",
            Emission::Gaussian { .. } | Emission::KnownGaussian { .. } => "Gaussian",
        };
        let families = ["Gaussian", "Poisson", "categorical"].into_iter().filter_map(|name| {
            let of: Vec<String> = columns
                .iter()
                .zip(&settings.emission)
                .filter(|(_, e)| family(e) == name)
                .map(|(c, _)| c.clone())
                .collect();
            (!of.is_empty()).then(|| format!("{name}: {}", listed(&of)))
        });
        run.observer.say("emission", families.collect::<Vec<_>>().join("; "));
        let prior = Prior::exchangeable(settings.states, settings.concentration, &settings.emission);
        let key = Key::new(run.seed);
        let begin = |start: usize| {
            let at =
                if settings.start == Start::Apart && start % 2 == 1 { Start::Shaken } else { settings.start };
            Fit::new(x, &lengths, prior.clone(), at, key.fold(start as u64))
        };
        let warm_up = |fit: &mut Fit<'_>, _, part| {
            settings.annealing.map_or(Ok(()), |annealing| annealing.sweep(fit, part))
        };
        let parts = settings.annealing.map_or(0, |annealing| annealing.sweeps);
        // One state begins anywhere alike.
        let starts = (settings.states > 1).then_some(settings.starts);
        let (fit, mut course) = run.warmed(starts, ROWS, begin, (parts, &warm_up))?;
        course.compare_starts(rows.data.rows() as f64);
        let q = fit.posterior().clone();
        let (mut path, mut p) = (Vec::new(), Vec::new());
        for sequence in sequences(x, columns.len(), &lengths) {
            path.extend(q.most_probable_path(sequence)?);
            p.extend(q.smoothed(sequence)?);
        }
        let of_state = |k: usize| p.iter().skip(k).step_by(settings.states).sum::<f64>();
        let described: Vec<State> = (0..settings.states)
            .map(|k| State {
                rows: of_state(k),
                mean: q.emission[k].iter().flat_map(Emission::mean).collect(),
                deviation: q.emission[k].iter().flat_map(deviations).collect(),
            })
            .collect();
        let used = described.iter().filter(|state| state.rows >= 1.0).count();
        let of = |number, sequence: &[f64]| q.transforms(sequence, key.fold(number));
        course.findings.transformed = transforms(x, columns, &lengths, of)?.test();
        course.findings.enough_parts = used < settings.states;
        judge_skew(&mut course.findings, |name| rows.of_column(name), None);
        course.findings.estimated = Some(Estimated {
            parameters: parameters(&settings.emission, used),
            rows: rows.data.rows() as f64,
        });
        let mut cards = vec![("states".into(), format!("{used} of {} have a row or more", settings.states))];
        if lengths.len() == 1 {
            let next = q.after(&p[p.len() - settings.states..]);
            let state = likeliest(&next);
            cards.push((
                "next row".into(),
                format!("state {} with probability {:.3}", state + 1, next[state]),
            ));
        }
        let names: Vec<String> =
            columns.iter().zip(&q.emission[0]).flat_map(|(name, e)| outcomes(name, e)).collect();
        let matrix: Vec<Vec<f64>> = q.transitions.iter().map(Shares::mean).collect();
        course.found = Estimates::HiddenMarkov {
            outcomes: names.clone(),
            states: described.clone(),
            transitions: matrix.clone(),
        };
        let over_time = Figure::Coloured {
            columns: columns.clone(),
            x: x.iter().map(|&x| (!x.is_nan()).then_some(x)).collect(),
            lengths: lengths.clone(),
            states: path,
            steps: steps(when.as_ref(), 0),
        };
        let story = FitSummary {
            kind: "Hidden Markov model".into(),
            cards,
            notes: vec!["States are numbered as they came; any order of them is as good.".into()],
            figures: vec![
                ("States over time".into(), over_time),
                ("States".into(), Figure::States { outcomes: names, states: described }),
                ("From state to state".into(), Figure::Transitions(matrix)),
            ],
            about: ModelMetadata::new(columns, &rows.config),
            posterior: Sequences {
                several: settings.several_sequences,
                step: when.as_ref().and_then(SeriesTimes::step),
                chain: q,
            },
        };
        Ok((course, story))
    }
}

/// How many numbers of states in use are fitted.
fn parameters(emission: &[Emission], used: usize) -> f64 {
    let numbers = |emission: &Emission| match emission {
        Emission::Gaussian { .. } | Emission::KnownGaussian { .. } => 2.0,
        Emission::Poisson { .. } | Emission::KnownPoisson { .. } => 1.0,
        Emission::Categorical(shares) => shares.outcomes() as f64 - 1.0,
    };
    used as f64 * (emission.iter().map(numbers).sum::<f64>() + used as f64 - 1.0)
}
