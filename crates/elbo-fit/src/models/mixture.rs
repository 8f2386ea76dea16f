//! Bayesian mixtures of Gaussians, or of columns of 0 and 1.

use elbo::{
    diagnose::{Estimated, Remedy},
    mean_field::{
        MeanField, Start,
        mixture::{Covariance, Family, Fit, GaussianPrior, Posterior, Prior, Weights},
    },
    random::{Key, Purpose},
};
use elbo_data::{Column, Dataset, Table};
use serde::{Deserialize, Serialize};

use super::{
    ascent::{AscentResult, Fitting, ROWS, annealing, judge_skew, told},
    model::Model,
    online::Online,
    row_model::{RowModel, of_seen},
    summary::FitSummary,
};
use crate::{
    error::Error,
    estimates::Estimates,
    figure::{Component, Ellipse, Ellipses, Figure},
    fitted::ModelMetadata,
    number::likeliest,
    observer::{Observer, ObserverExt},
    room::{check_room, size},
    rows::Rows,
    source::Source,
    table,
    values::what_values_are,
};

/// A mixture, as it is asked for: what is left open is chosen by the rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Request {
    /// K. Components that are not needed empty themselves where the concentration is small.
    pub components: usize,
    /// What the components are; if open, Bernoulli where all cells are 0 or 1, else Gaussian.
    pub family: Option<Kind>,
    /// What the covariances of Gaussian components are; if open, full.
    pub covariance: Option<Covariance>,
    /// The prior of the weights.
    pub weights: WeightsPrior,
    /// α₀ of the Dirichlet (if open, 1/K), or γ of the Dirichlet process (if open, 1).
    pub concentration: Option<f64>,
    /// How many rows the prior of a Gaussian component's mean is worth; if open, 1.
    pub mean_precision: Option<f64>,
    /// Leave out columns of one value, as pixels that are always empty.
    pub drop_constant: bool,
    /// Starts, of which the best is kept.
    pub starts: usize,
    /// Where each begins.
    pub start: Start,
    /// Deterministic annealing: the inverse temperature to begin at.
    pub anneal: Option<f64>,
    /// Minibatches before the sweeps.
    pub online: Option<Online>,
    /// The column that says how many rows each row stands for; if open, one.
    pub row_weights: Option<String>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            components: 10,
            family: None,
            covariance: None,
            weights: WeightsPrior::Dirichlet,
            concentration: None,
            mean_precision: None,
            drop_constant: false,
            starts: 5,
            start: Start::KMeans,
            anneal: None,
            online: None,
            row_weights: None,
        }
    }
}

/// What components are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Real numbers.
    Gaussian,
    /// Columns of 0 and 1, independent given the component.
    Bernoulli,
}

/// The prior of the weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightsPrior {
    /// Dir(α₀, …, α₀).
    #[default]
    Dirichlet,
    /// A Dirichlet process, of which K components are used.
    DirichletProcess,
}

/// What determines the fit beside the data and the ascent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    drop_constant: bool,
    starts: usize,
    start: Start,
    online: Option<Online>,
    annealing: Option<elbo::mean_field::Annealing>,
    prior: Prior,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    row_weights: Option<String>,
}

impl Settings {
    fn is_bernoulli(&self) -> bool {
        matches!(self.prior.family, Family::Bernoulli(_))
    }
}

/// Rows of a mixture; `bernoulli` where cells must be 0 or 1.
fn read(
    source: Source,
    memory: Option<u64>,
    row_weights: Option<&str>,
    [drop_constant, bernoulli]: [bool; 2],
    observer: &dyn Observer,
) -> Result<Rows, Error> {
    let mut rows = Rows::read(source, memory, observer)?.weighted_by(row_weights, observer)?;
    if drop_constant {
        rows = rows.without_constant(observer)?;
    }
    if bernoulli {
        cut(&mut rows.data, observer)?;
    }
    Ok(rows)
}

/// Makes pixels 1 above half of what is full, and 0 elsewhere; cells that are 0 or 1 already stay as they are.
fn cut(data: &mut Dataset<f64>, observer: &dyn Observer) -> Result<(), Error> {
    let is_bit = |x: &f64| x.is_nan() || *x == 0.0 || *x == 1.0;
    let Some(cell) = data.values.iter().position(|x| !is_bit(x)) else { return Ok(()) };
    let width = data.width();
    let Some(full) = data.full_scale else {
        return Err(Error::new(format!(
            "`{}`: {} is {}, but cells of a Bernoulli mixture must be 0 or 1",
            data.name,
            data.place(cell),
            data.values[cell]
        ))
        .remedy("«family gaussian» takes any number"));
    };
    let half = f64::from(full) / 2.0;
    observer.say("binary", format!("pixels above {half} are 1, the others 0"));
    data.values.change(width, width, |row| row.iter_mut().for_each(|x| *x = f64::from(*x > half)))?;
    Ok(())
}

impl Request {
    /// Whether the components are of columns of 0 and 1: what is asked for, or else what all cells are.
    fn is_bernoulli(&self, rows: &Rows) -> bool {
        let is_bit = |x: &f64| x.is_nan() || *x == 0.0 || *x == 1.0;
        self.family.map_or_else(|| rows.data.values.iter().all(is_bit), |family| family == Kind::Bernoulli)
    }

    fn prior(&self, rows: &Rows) -> Result<Prior, Error> {
        let data = &rows.data;
        let family = if self.is_bernoulli(rows) {
            if self.covariance.is_some() || self.mean_precision.is_some() {
                let message =
                    "«covariance» and «mean-precision» are of Gaussian components, and these are Bernoulli";
                return Err(Error::request(message, "leave them out, or give «family gaussian»"));
            }
            Family::Bernoulli([1.0, 1.0])
        } else {
            let constant = rows.constant();
            if !constant.is_empty() && constant.len() == data.width() {
                return Err(Error::new(format!("`{}`: every column is constant", data.name))
                    .remedy("there is nothing to model; is this the right file?"));
            }
            rows.need_values(0..data.width())?;
            let covariance = self.covariance.unwrap_or_default();
            let of_rows = match &rows.weights {
                Some(weights) => GaussianPrior::weighted(&data.values, data.width(), weights, covariance)?,
                None => GaussianPrior::of(&data.values, data.width(), covariance)?,
            };
            let mean_precision = self.mean_precision.unwrap_or(of_rows.mean_precision);
            Family::Gaussian(GaussianPrior { mean_precision, ..of_rows })
        };
        let weights = match self.weights {
            WeightsPrior::Dirichlet => {
                Weights::Dirichlet(self.concentration.unwrap_or(1.0 / self.components as f64))
            }
            WeightsPrior::DirichletProcess => Weights::DirichletProcess(self.concentration.unwrap_or(1.0)),
        };
        Ok(Prior { components: self.components, weights, family })
    }
}

/// Fits a mixture.
#[derive(Debug)]
pub struct Mixture;

impl Model for Mixture {
    const NAME: &'static str = "mixture";
    type Request = Request;
    type Settings = Settings;
    type Data = Rows;
    type Posterior = Posterior;

    fn choose(
        request: &Request,
        source: Source,
        memory: Option<u64>,
        observer: &dyn Observer,
    ) -> Result<(Rows, Settings), Error> {
        let bernoulli = request.family == Some(Kind::Bernoulli);
        let weights = request.row_weights.as_deref();
        let rows = read(source, memory, weights, [request.drop_constant, bernoulli], observer)?;
        rows.check_number("components", request.components)?;
        // A constant column has no Gaussian.
        let drop_constant =
            request.drop_constant || (!request.is_bernoulli(&rows) && !rows.constant().is_empty());
        let rows = if drop_constant { rows.without_constant(observer)? } else { rows };
        let prior = request.prior(&rows)?;
        let (family, why) = match prior.family {
            Family::Bernoulli(_) => ("Bernoulli", "every value is 0 or 1".into()),
            Family::Gaussian(_) => ("Gaussian", what_values_are(&rows.data)),
        };
        observer.chose(request.family.is_none(), "family", family, &why);
        let settings = Settings {
            drop_constant,
            starts: request.starts,
            start: request.start,
            online: request.online,
            annealing: request.anneal.map(annealing),
            prior,
            row_weights: request.row_weights.clone(),
        };
        Ok((rows, settings))
    }

    fn read(
        settings: &Settings,
        source: Source,
        memory: Option<u64>,
        observer: &dyn Observer,
    ) -> Result<Rows, Error> {
        let weights = settings.row_weights.as_deref();
        read(source, memory, weights, [settings.drop_constant, settings.is_bernoulli()], observer)
    }

    fn mends(remedy: Remedy, settings: &Settings) -> bool {
        use Remedy::{
            Anneal, CountLikelihood, FullCovariance, Logarithm, MoreComponents, MoreRows, MoreStarts,
            MoreSweeps, NormalScores, SimplerCovariance, SquareRoot,
        };
        let covariance = match &settings.prior.family {
            Family::Gaussian(prior) => Some(prior.covariance),
            Family::Bernoulli(_) => None,
        };
        match remedy {
            FullCovariance => covariance.is_some_and(|of| of != Covariance::Full),
            SimplerCovariance => covariance == Some(Covariance::Full),
            Logarithm | SquareRoot | NormalScores | CountLikelihood => covariance.is_some(),
            Anneal => settings.annealing.is_none() && settings.online.is_none(),
            MoreComponents | MoreStarts(_) | MoreSweeps | MoreRows => true,
            _ => false,
        }
    }

    fn fit(
        rows: Rows,
        settings: &Settings,
        run: &Fitting<'_>,
    ) -> Result<(AscentResult, FitSummary<Posterior>), Error> {
        let (x, width) = (&rows.data.values[..], rows.data.width());
        check_size(&settings.prior, width)?;
        rows.need_values(0..width)?;
        tell_cost(&settings.prior, &rows.data, run.observer);
        let key = Key::new(run.seed);
        let operations = operations_of_draw(&settings.prior, rows.data.rows(), width);
        // Annealing and minibatches leave poor beginnings by themselves.
        let is_plain = settings.annealing.is_none() && settings.online.is_none();
        let tried = if is_plain && operations <= SHORT { TRIED } else { 1 };
        let begin = |start: usize| {
            // What k-means always makes alike is no evidence: every other start begins apart.
            let at = match settings.start {
                Start::KMeans if start % 2 == 1 => Start::Shaken,
                at => at,
            };
            let begin = |key: Key| match &rows.weights {
                Some(weights) => Fit::weighted(x, width, weights, settings.prior.clone(), at, key),
                None => Fit::new(x, width, settings.prior.clone(), at, key),
            };
            most_promising(key.fold(start as u64), tried, begin)
        };
        let sweeps = settings.annealing.map_or(0, |annealing| annealing.sweeps);
        let warm_up =
            |fit: &mut Fit<'_>, start: usize, part: usize| match (settings.annealing, settings.online) {
                (Some(annealing), _) if part < sweeps => annealing.sweep(fit, part),
                (_, Some(online)) => {
                    online.epoch(fit, key.fold(start as u64), start, part - sweeps, run.observer)
                }
                _ => Ok(()),
            };
        let parts = sweeps + settings.online.map_or(0, |online| online.epochs as usize);
        // One component begins anywhere alike.
        let starts = (settings.prior.components > 1).then_some(settings.starts);
        let (fit, mut course) = run.warmed(starts, ROWS, begin, (parts, &warm_up))?;
        course.compare_starts(rows.number());
        let q = fit.posterior();
        let weighed = course.weigh(operations, |draws| fit.log_weights(draws, key))?;
        let used = fit.counts().iter().filter(|&&n| n >= 1.0).count();
        let (card, mut estimate) = told("log p(x) of this labelling", weighed.as_ref());
        if let (Some(weighed), Weights::Dirichlet(_)) = (weighed, settings.prior.weights) {
            // K!/(K − U)!: components without a row are all alike.
            let ln_labellings: f64 = (0..used).map(|k| ((settings.prior.components - k) as f64).ln()).sum();
            let all = weighed.estimate + ln_labellings;
            estimate = format!(
                "{estimate}; of all labellings {all:.4}, where the components are apart: quote this one"
            );
        }
        course.findings.estimated =
            Some(Estimated { parameters: parameters(&settings.prior, used, width), rows: rows.number() });
        let looked_at = q.transforms(x, key)?;
        course.findings.transformed = rows.transforms(looked_at).test();
        course.findings.enough_parts = used < settings.prior.components;
        judge_skew(&mut course.findings, |name| rows.of_column(name), rows.weights.as_deref());
        let described = described(&fit);
        course.found =
            Estimates::Mixture { columns: rows.data.columns.clone(), components: described.clone() };
        let kind = match settings.prior.family {
            Family::Gaussian(_) => "Bayesian Gaussian mixture",
            Family::Bernoulli(_) => "Bayesian Bernoulli mixture",
        };
        let columns = &rows.data.columns;
        let mut figures = Vec::new();
        if let Some(picture) = ellipses(x, columns, &described, q) {
            figures.push(("Components over the rows".into(), Figure::Ellipses(picture)));
        }
        let table = Figure::Components { columns: columns.clone(), components: described };
        figures.push(("Components".into(), table));
        let story = FitSummary {
            kind: kind.into(),
            cards: vec![
                (card, estimate),
                ("components".into(), format!("{used} of {} have a row or more", q.number())),
            ],
            notes: vec![
                "The bound is of the density of the rows in the units of the file. Components are numbered as they came, and any \
                 order of them is as good. The first estimate of log p(x) is of this labelling; that of all labellings is higher by \
                 log (K!/(K − U)!), for so many orders has the choice of U components with rows out of K: it is the one to quote and \
                 to compare with other models."
                    .into(),
            ],
            figures,
            about: ModelMetadata::new(columns, &rows.config),
            posterior: q.clone(),
        };
        Ok((course, story))
    }
}

/// Beginnings of which each start takes the best, by so many sweeps of each, where one is of no more operations than this.
const TRIED: u64 = 5;
const SWEEPS: usize = 3;
const SHORT: usize = 200_000_000;

/// Of so many beginnings that with the highest bound after a few sweeps (Biernacki, Celeux and Govaert 2003), as it began.
fn most_promising<'a>(
    key: Key,
    tried: u64,
    begin: impl Fn(Key) -> Result<Fit<'a>, elbo::Error>,
) -> Result<Fit<'a>, elbo::Error> {
    let key_of = |number: u64| if number == 0 { key } else { key.purpose(Purpose::Start).fold(number) };
    let mut best = (0, f64::NEG_INFINITY);
    for number in 0..if tried > 1 { tried } else { 0 } {
        let mut fit = begin(key_of(number))?;
        for _ in 0..SWEEPS {
            (0..fit.factors().len()).try_for_each(|factor| fit.update(factor))?;
        }
        let bound = fit.bound().value();
        if bound > best.1 {
            best = (number, bound);
        }
    }
    begin(key_of(best.0))
}

/// Refuses a prior whose fit has no room.
fn check_size(prior: &Prior, width: usize) -> Result<(), Error> {
    let memory = |prior: &Prior| prior.memory(width, rayon::current_num_threads());
    let Prior { components, family, .. } = prior;
    let (what, remedy) = match family {
        Family::Gaussian(of) if matches!(of.covariance, Covariance::Full | Covariance::Tied) => {
            let diagonal = GaussianPrior { covariance: Covariance::Diagonal, ..of.clone() };
            let less = Prior { family: Family::Gaussian(diagonal), ..prior.clone() };
            (
                format!("matrices of {width} columns for {components} components"),
                format!("«covariance diagonal» takes {}; or leave columns out", size(memory(&less))),
            )
        }
        _ => (
            format!("{components} components of {width} columns"),
            "give fewer «components», or leave columns out".into(),
        ),
    };
    check_room(&what, memory(prior), remedy)
}

/// Operations of a draw of θ from q and its density of all rows.
fn operations_of_draw(prior: &Prior, rows: usize, width: usize) -> usize {
    // A gamma and a normal number of each cell, or the factor, its product and its inverse of each matrix.
    let (form, draw) = match &prior.family {
        Family::Gaussian(GaussianPrior { covariance: Covariance::Full | Covariance::Tied, .. }) => {
            (width, width.saturating_mul(width))
        }
        _ => (1, 100),
    };
    let each = rows.saturating_mul(form).saturating_add(draw);
    prior.components.saturating_mul(width).saturating_mul(each)
}

/// Operations of a sweep from which on it takes seconds.
const LONG: f64 = 2e10;

/// Says what a sweep over matrices of many columns costs, before the first.
fn tell_cost(prior: &Prior, data: &Dataset<f64>, observer: &dyn Observer) {
    let Family::Gaussian(GaussianPrior { covariance: Covariance::Full | Covariance::Tied, .. }) =
        prior.family
    else {
        return;
    };
    let [n, d, k] = [data.rows(), data.width(), prior.components].map(|n| n as f64);
    // The forms of the rows and their sums; the factors, inverses and products of the bound after each update.
    let operations = 2.0 * n * k * d * d + 12.0 * k * d.powi(3);
    if operations > LONG {
        let text = format!(
            "a sweep is about {operations:.0e} operations, for matrices of {d} columns are factorised; «covariance diagonal» is \
             quick"
        );
        observer.say("cost", text);
    }
}

/// Columns up to which a component's covariance is told whole; of more its diagonal is.
const WHOLE: usize = 50;

/// How many numbers of components in use are fitted.
fn parameters(prior: &Prior, used: usize, width: usize) -> f64 {
    let (used, d) = (used as f64, width as f64);
    let of_components = match &prior.family {
        Family::Bernoulli(_) => used * d,
        Family::Gaussian(of) => match of.covariance {
            Covariance::Full => used * (d + 0.5 * d * (d + 1.0)),
            Covariance::Tied => used * d + 0.5 * d * (d + 1.0),
            Covariance::Diagonal => used * 2.0 * d,
            Covariance::Spherical => used * (d + 1.0),
        },
    };
    of_components + used - 1.0
}

/// The components that have a row or more.
fn described(fit: &Fit<'_>) -> Vec<Component> {
    let (q, counts, width) = (fit.posterior(), fit.counts(), fit.posterior().width());
    let whole = q.has_matrices() && width <= WHOLE;
    let of = |k: usize| Component {
        number: k + 1,
        rows: counts[k],
        share: q.shares()[k],
        mean: q.mean(k).to_vec(),
        variance: (0..width).map(|d| q.covariance_between(k, [d, d])).collect(),
        covariance: if whole { q.covariance(k) } else { None },
    };
    (0..q.number()).filter(|&k| counts[k] >= 1.0).map(of).collect()
}

/// Points of the picture at most.
const POINTS: usize = 3000;

/// The two columns that tell components apart best: the greatest variance of the means over that within.
fn telling(components: &[Component], width: usize) -> Option<(usize, usize)> {
    let total: f64 = components.iter().map(|c| c.rows).sum();
    let ratio = |d: usize| {
        let mean = components.iter().map(|c| c.rows * c.mean[d]).sum::<f64>() / total;
        let between: f64 = components.iter().map(|c| c.rows * (c.mean[d] - mean).powi(2)).sum();
        let within: f64 = components.iter().filter_map(|c| Some(c.rows * c.variance.as_ref()?[d])).sum();
        between / within.max(f64::MIN_POSITIVE)
    };
    if width < 2 || components.iter().any(|c| c.variance.is_none()) {
        return None;
    }
    let mut columns: Vec<usize> = (0..width).collect();
    columns.sort_by(|&a, &b| ratio(b).total_cmp(&ratio(a)));
    Some((columns[0].min(columns[1]), columns[0].max(columns[1])))
}

/// Rows in the plane of two columns, and the component that each is most probably of.
fn ellipses(x: &[f64], columns: &[String], components: &[Component], q: &Posterior) -> Option<Ellipses> {
    let width = columns.len();
    let (a, b) = telling(components, width)?;
    let stride = (x.len() / width).div_ceil(POINTS);
    let rows = x.chunks_exact(width).step_by(stride);
    let shown: Vec<&[f64]> = rows.filter(|row| !row[a].is_nan() && !row[b].is_nan()).collect();
    let shares = q.responsibilities(&shown.concat()).ok()?;
    let number = shares.len() / shown.len().max(1);
    let ellipse = |component: &Component| {
        let between = |columns| q.covariance_between(component.number - 1, columns);
        Some(Ellipse {
            number: component.number,
            mean: [component.mean[a], component.mean[b]],
            covariance: [between([a, a])?, between([a, b])?, between([b, b])?],
        })
    };
    Some(Ellipses {
        names: [columns[a].clone(), columns[b].clone()],
        width,
        stride,
        points: shown.iter().map(|row| [row[a], row[b]]).collect(),
        of: shares.chunks_exact(number.max(1)).map(|r| likeliest(r) + 1).collect(),
        ellipses: components.iter().filter_map(ellipse).collect(),
    })
}

/// Rows as the model takes them.
fn as_fitted(q: &Posterior, mut data: Dataset<f64>) -> Result<Dataset<f64>, Error> {
    if q.is_binary() {
        cut(&mut data, &())?;
    }
    Ok(data)
}

impl RowModel for Posterior {
    const DENSITY: &'static str = "log p(x | the fit's rows)";

    /// The component that each row is most probably of, and the probability of each.
    fn describe(&self, data: &Dataset<f64>) -> Result<Table, Error> {
        let data = as_fitted(self, data.at_rows(&(0..data.rows()).collect::<Vec<_>>()))?;
        let r = self.responsibilities(&data.values)?;
        let number = |r: &[f64]| Some(likeliest(r) as u64 + 1);
        let names: Vec<String> = (1..=self.number()).map(|k| format!("p_{k}")).collect();
        let mut out = Table::new();
        out.push("component", Column::Count(r.chunks(self.number()).map(number).collect()));
        out.columns.extend(table::of(&names, &r).columns);
        Ok(out)
    }

    fn log_density(&self, data: Dataset<f64>) -> Result<Vec<f64>, Error> {
        let data = as_fitted(self, data)?;
        Ok(of_seen(&data, self.log_predictive(&data.values)?))
    }

    /// With the component of each.
    fn sample(&self, about: &ModelMetadata, rows: usize, key: Key) -> Result<Table, Error> {
        let draws: Result<Vec<(usize, Vec<f64>)>, _> =
            (0..rows as u64).map(|row| self.sample(key, row)).collect();
        let (of, x): (Vec<usize>, Vec<Vec<f64>>) = draws?.into_iter().unzip();
        let mut out = table::of(&about.columns, &x.concat());
        out.push("component", Column::Count(of.iter().map(|&k| Some(k as u64 + 1)).collect()));
        Ok(out)
    }
}
