//! Bayesian linear regression.

use std::collections::HashSet;

use elbo::{
    diagnose::{Estimated, Findings, Remedy, Residuals},
    distribution::{CentralInterval, Gaussian, LogDensity, StudentT},
    mean_field::{
        ascend,
        regression::{Fit, Noise, Posterior, Prediction, Prior, Weights},
    },
    random::Key,
};
use elbo_data::{Column, Dataset, Table};
use serde::{Deserialize, Serialize};

use super::{
    ascent::{AscentResult, Fitting, ROWS, Restated, judge_rows, judge_skew, largest_factor, of_stored},
    model::Model,
    row_model::RowModel,
    summary::FitSummary,
};
use crate::{
    error::Error,
    estimates::{Estimates, ninety_five},
    figure::{Coefficient, Figure},
    fitted::ModelMetadata,
    moments::{moments, weighted_moments},
    number::{alike, percent, significant},
    observer::{Observer, ObserverExt},
    query::{Approximation, Query},
    remedy::argument,
    room::{check_room, numbers},
    rows::Rows,
    scaling::Scaling,
    source::Source,
    subset::resampled,
    table,
    text::counted,
};

/// A regression, as it is asked for: what is left open is chosen by the rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[allow(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Request {
    /// The column that is predicted from the others; if open, the last.
    pub target: Option<String>,
    /// The prior of the weights.
    pub prior: WeightsPrior,
    /// The standard deviation of the weights, where it is known.
    pub weight_sd: Option<f64>,
    /// The standard deviation of the noise, where it is known.
    pub noise_sd: Option<f64>,
    /// The prior of the weights is scaled by the noise.
    pub conjugate: bool,
    /// A q of each weight by itself.
    pub factorised: bool,
    /// No intercept.
    pub no_intercept: bool,
    /// Columns and target stay as they are stored; else each is brought to mean 0 and standard deviation 1.
    pub unscaled: bool,
    /// The probability that the intervals hold.
    pub interval: f64,
    /// The column that says how many rows each row stands for; if open, one.
    pub row_weights: Option<String>,
    /// Rows that lack a cell beside the target are left out; else they are refused.
    pub drop_incomplete: bool,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            target: None,
            prior: WeightsPrior::Ridge,
            weight_sd: None,
            noise_sd: None,
            conjugate: false,
            factorised: false,
            no_intercept: false,
            unscaled: false,
            interval: 0.95,
            row_weights: None,
            drop_incomplete: false,
        }
    }
}

/// The prior of the weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightsPrior {
    /// One unknown standard deviation for all weights.
    #[default]
    Ridge,
    /// An unknown one for each: automatic relevance determination.
    Relevance,
    /// A known one.
    Known,
}

/// What determines the fit beside the data and the ascent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    target: String,
    scaled: bool,
    prior: Prior,
    interval: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    row_weights: Option<String>,
    #[serde(default)]
    drop_incomplete: bool,
}

/// What `model.json` holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Regression {
    target: String,
    /// The probability that intervals hold.
    interval: f64,
    /// Of the inputs, and last of the target.
    scaling: Scaling,
    posterior: Posterior,
}

/// As in a file.
#[derive(Deserialize)]
struct Parts {
    target: String,
    #[serde(default = "ninety_five")]
    interval: f64,
    scaling: Scaling,
    posterior: Posterior,
}

impl TryFrom<Parts> for Regression {
    type Error = Error;

    fn try_from(Parts { target, interval, scaling, posterior }: Parts) -> Result<Self, Error> {
        scaling.check(posterior.mean.len() - usize::from(posterior.intercept) + 1)?;
        if !(interval > 0.0 && interval < 1.0) {
            return Err(Error::new(format!(
                "the level of the intervals is {interval}, but must be between 0 and 1"
            )));
        }
        Ok(Self { target, interval, scaling, posterior })
    }
}

impl Request {
    /// For a target of this mean and standard deviation, in the units in which it is fitted.
    fn prior(&self, mean: f64, sd: f64) -> Result<Prior, Error> {
        let flat = Prior::default();
        let (reach, unit) = if self.unscaled { (mean.abs() + sd, 1.0) } else { (1.0, sd) };
        let Noise::Gamma { shape, rate } = flat.noise else { unreachable!("the default noise is unknown") };
        // Scaled by the noise it has no unit.
        let of_weights = if self.conjugate { 1.0 } else { unit };
        let weights = match (self.prior, self.weight_sd) {
            (WeightsPrior::Known, Some(sd_of_weights)) => Weights::Known { sd: sd_of_weights / of_weights },
            (WeightsPrior::Known, None) => {
                let message = "«prior known» needs the standard deviation of the weights";
                return Err(Error::request(message, "«weight-sd SD» is it"));
            }
            (_, Some(_)) => {
                let message = "«weight-sd» is of weights whose standard deviation is known";
                return Err(Error::request(message, "«prior known» takes it"));
            }
            (WeightsPrior::Relevance, None) => Weights::Each { shape, rate },
            (_, None) => Weights::Shared { shape, rate },
        };
        Ok(Prior {
            intercept: flat.intercept.map(|wide| wide * reach).filter(|_| !self.no_intercept),
            weights,
            noise: self.noise_sd.map_or(flat.noise, |sd| Noise::Known { sd: sd / unit }),
            scaled: self.conjugate,
            factorised: self.factorised,
        })
    }
}

/// Fits a regression.
#[derive(Debug)]
pub struct Regress;

impl Model for Regress {
    const NAME: &'static str = "regress";
    const ALIAS: &'static str = "regression";
    type Request = Request;
    type Settings = Settings;
    type Data = Rows;
    type Posterior = Regression;

    fn choose(
        request: &Request,
        mut source: Source,
        memory: Option<u64>,
        observer: &dyn Observer,
    ) -> Result<(Rows, Settings), Error> {
        // The columns that are read are the inputs, or the target among them.
        let columns = &mut source.table.columns;
        if let Some(target) = request.target.as_ref().filter(|_| !columns.is_empty()) {
            let besides = [Some(target), request.row_weights.as_ref()].into_iter().flatten();
            columns.extend(besides.cloned());
        }
        let rows =
            Rows::read(source, memory, observer)?.weighted_by(request.row_weights.as_deref(), observer)?;
        let columns = &rows.data.columns;
        let target = request.target.clone().unwrap_or_else(|| columns[columns.len() - 1].clone());
        observer.chose(request.target.is_none(), "target", &target, "the last column");
        let place = rows.column(Some(&target))?;
        let rows = if request.drop_incomplete { complete(rows, place, observer)? } else { rows };
        let data = &rows.data;
        let of_target = weighted_moments(data, rows.weights.as_deref())[place];
        let settings = Settings {
            target,
            scaled: !request.unscaled,
            prior: request.prior(of_target.mean, of_target.sd())?,
            interval: request.interval,
            row_weights: request.row_weights.clone(),
            drop_incomplete: request.drop_incomplete,
        };
        Ok((rows, settings))
    }

    fn read(
        settings: &Settings,
        source: Source,
        memory: Option<u64>,
        observer: &dyn Observer,
    ) -> Result<Rows, Error> {
        let rows =
            Rows::read(source, memory, observer)?.weighted_by(settings.row_weights.as_deref(), observer)?;
        let place = rows.column(Some(&settings.target))?;
        if settings.drop_incomplete { complete(rows, place, observer) } else { Ok(rows) }
    }

    fn mends(remedy: Remedy, settings: &Settings) -> bool {
        use Remedy::{
            ConjugatePrior, FewerColumns, HiddenMarkov, JointPosterior, Logarithm, MoreSweeps, NormalScores,
            SharedPrior, SquareRoot, Squares, StateSpace,
        };
        match remedy {
            SharedPrior => matches!(settings.prior.weights, Weights::Each { .. }),
            // Then the posterior is known.
            ConjugatePrior => {
                matches!(settings.prior.weights, Weights::Known { .. }) && !settings.prior.scaled
            }
            Logarithm | SquareRoot | NormalScores | Squares | StateSpace | HiddenMarkov | FewerColumns
            | JointPosterior | MoreSweeps => true,
            _ => false,
        }
    }

    fn fit(
        mut rows: Rows,
        settings: &Settings,
        run: &Fitting<'_>,
    ) -> Result<(AscentResult, FitSummary<Regression>), Error> {
        let (target, width) = (target(&rows, &settings.target)?, rows.data.width() - 1);
        let unknown = rows.data.column(target).filter(|y| y.is_nan()).count();
        if unknown > 0 {
            let whose = if unknown == 1 { "whose" } else { "each of whose" };
            let text = format!("{}, {whose} `{}` is missing", counted(unknown, "row"), settings.target);
            run.observer.say("left out", text);
        }
        // Beside an intercept a constant says nothing.
        let constant = if settings.prior.intercept.is_some() { rows.constant() } else { Vec::new() };
        let given: Vec<usize> = (0..=width).filter(|&d| d != target && !constant.contains(&d)).collect();
        let given = if given.is_empty() { (0..=width).filter(|&d| d != target).collect() } else { given };
        let width = given.len();
        let order: Vec<usize> = given.into_iter().chain([target]).collect();
        tell_constant(&rows.data, &order, run.observer);
        rows.data = rows.data.keep_columns(&order)?;
        let stored: Vec<f64> = rows.data.column(width).collect();
        // By which coefficients compare, scaled or not.
        let weights = rows.weights.as_deref();
        let deviations = Scaling::standard(&rows.data, weights, true);
        let scaling = Scaling::standard(&rows.data, weights, settings.scaled);
        // Through the origin.
        let scaling = if settings.prior.intercept.is_some() { scaling } else { scaling.uncentred() };
        scaling.apply(&mut rows.data)?;
        let y: Vec<f64> = rows.data.column(width).collect();
        let weight = |n: usize| weights.map_or(1.0, |weights| weights[n]);
        let number: f64 = (0..y.len()).filter(|&n| !y[n].is_nan()).map(weight).sum();
        let log_volume = number * scaling.divisor(width).ln();
        let columns = rows.data.columns.clone();
        rows.data = rows.data.keep_columns(&(0..width).collect::<Vec<_>>())?;
        let x = &rows.data.values[..];
        // The triangle of the rows, those of the parts that are made at once, and the covariance with its text.
        let side = (width + 2).min(y.len());
        let bytes = numbers(&[side, width + 2, 12 + rayon::current_num_threads()]);
        check_room(&format!("the products of {width} columns"), bytes, "leave columns out")?;
        tell_cost([y.len(), width], &settings.prior, run);
        let fit = |prior| match weights {
            Some(weights) => Fit::weighted(x, width, &y, weights, prior),
            None => Fit::new(x, width, &y, prior),
        };
        let begin = |_| Ok(Restated { fit: fit(settings.prior)?, restate: of_stored(log_volume) });
        let joint =
            settings.prior.factorised.then(|| fit(Prior { factorised: false, ..settings.prior })).transpose();
        let (Restated { fit, .. }, mut course) = run.best(None, ROWS, begin)?;
        let q = fit.posterior().clone();
        let described = described(&q, &columns, &scaling, deviations.divisors(), settings.interval)?;
        tell_coefficients(&described, settings.interval, run.observer);
        // Rows that lack a cell took no part.
        let whole: Vec<usize> = (0..y.len()).filter(|&n| !y[n].is_nan()).collect();
        let prediction = q.predict(x)?;
        judge_residuals(&mut course.findings, &q, &prediction, (x, &y), &columns, weights);
        judge_skew(&mut course.findings, |_| stored.clone(), weights);
        course.findings.intervals_told = true;
        course.rows = Some(whole.len());
        judge_deviations(&mut course.findings, &fit, joint?, whole.len(), (&scaling, &columns), run)?;
        let mean = prediction.mean;
        let (actual, predicted): (Vec<f64>, Vec<f64>) =
            whole.iter().map(|&n| (stored[n], scaling.undo(width, mean[n]))).unzip();
        let noise_sd = q.noise_variance().sqrt() * scaling.divisor(width);
        let mut cards = vec![("noise sd".into(), significant(noise_sd))];
        let of_whole: Vec<f64> = whole.iter().map(|&n| weight(n)).collect();
        let explained = explained(&actual, &predicted, &of_whole).filter(|_| q.intercept);
        if let Some(share) = explained {
            cards.push(("explained".into(), format!("{:.1} % of the target's variance", 100.0 * share)));
        }
        let log_evidence = fit.log_evidence()?.map(|evidence| evidence - log_volume);
        if let Some(evidence) = log_evidence {
            cards.push(("log p(y)".into(), format!("{evidence:.6} nats, exact")));
        }
        course.found = Estimates::Regression {
            target: settings.target.clone(),
            interval: settings.interval,
            noise_sd: Some(noise_sd).filter(|sd| sd.is_finite()),
            explained,
            log_evidence,
            coefficients: described.clone(),
        };
        let mut notes = vec![
            "The bound is of the density of the target given the other columns, in the units of the file."
                .into(),
        ];
        if settings.scaled {
            notes.push(
                "The columns and the target were brought to standard deviation 1 (and with an intercept to mean 0), in which units \
                 the prior is. The coefficients shown are those of the columns and the target as stored."
                    .into(),
            );
        }
        let predictions = Figure::Predictions { target: settings.target.clone(), actual, predicted };
        let coefficients = Figure::Coefficients { coefficients: described, level: settings.interval };
        let story = FitSummary {
            kind: "Bayesian linear regression".into(),
            cards,
            notes,
            figures: vec![("Coefficients".into(), coefficients), ("Predictions".into(), predictions)],
            about: ModelMetadata::new(&columns, &rows.config),
            posterior: Regression {
                target: settings.target.clone(),
                interval: settings.interval,
                scaling,
                posterior: q,
            },
        };
        Ok((course, story))
    }
}

/// Multiplications of a fit that take about ten seconds.
const LONG: f64 = 5e9;

/// Says beforehand where a fit may take long: where each column has a precision of its own, the products of all rows and columns
/// are made anew in every sweep, and sweeps are many.
fn tell_cost([rows, width]: [usize; 2], prior: &Prior, run: &Fitting<'_>) {
    let side = rows.min(width) as f64;
    let sweep = side * side * width as f64;
    let most = run.ascent.sweeps;
    if matches!(prior.weights, Weights::Each { .. }) && sweep * most as f64 > LONG {
        let text = format!(
            "each of {width} columns has a precision of its own: a sweep takes about {sweep:.0e} multiplications, and the fit may take \
             {most} sweeps; «sweeps N» allows fewer, and «prior ridge» needs few"
        );
        run.observer.say("cost", text);
    }
}

/// Columns that residuals are held against, at most.
const HELD_AGAINST: usize = 20;

/// Holds each row against what the others say of it.
fn judge_residuals(
    findings: &mut Findings,
    q: &Posterior,
    prediction: &Prediction,
    (x, y): (&[f64], &[f64]),
    columns: &[String],
    weights: Option<&[f64]>,
) {
    let values: Vec<f64> = y.iter().zip(&prediction.mean).map(|(y, mean)| y - mean).collect();
    let (noise, leverages) = leverages(q, prediction);
    let (leverages, coefficients) = (&leverages[..], q.mean.len());
    let residuals = Residuals { values: &values, leverages, weights, noise, coefficients };
    let target = &columns[columns.len() - 1];
    judge_rows(findings, &residuals, target, held_against(&residuals, y, x, columns));
    // Coefficients that the prior holds back count in part.
    let rows = residuals.rows();
    let of_noise = if matches!(q.noise, Noise::Known { .. }) { 0.0 } else { 1.0 };
    findings.estimated = Some(Estimated { parameters: rows - residuals.freedom() + of_noise, rows });
}

/// Columns, evenly spaced, and what the other rows predict of each, which residuals should have nothing to do with.
fn held_against(
    residuals: &Residuals<'_>,
    y: &[f64],
    x: &[f64],
    columns: &[String],
) -> Vec<(String, Vec<f64>)> {
    let width = columns.len() - 1;
    let step = width.div_ceil(HELD_AGAINST).max(1);
    let column = |d: usize| {
        let values = x.iter().skip(d).step_by(width).copied().collect();
        (format!("`{}`", columns[d]), values)
    };
    let mut given: Vec<(String, Vec<f64>)> = (0..width).step_by(step).map(column).collect();
    if width > 1 {
        let by_others = |(n, y): (usize, &f64)| y - residuals.values[n] / (1.0 - residuals.leverages[n]);
        given.push(("its prediction".into(), y.iter().enumerate().map(by_others).collect()));
    }
    given
}

/// The standard deviation of the noise, and of each row the share of its own target in its prediction: Var[E[y]]/σ².
fn leverages(q: &Posterior, prediction: &Prediction) -> (f64, Vec<f64>) {
    let variance = match q.noise {
        Noise::Known { sd } => sd * sd,
        // Scaled, the variance of the weights is a multiple of E[1/τ].
        Noise::Gamma { .. } if q.scaled => q.noise_variance(),
        Noise::Gamma { shape, rate } => rate / shape,
    };
    let of_row = |sd: &f64| (sd * sd / variance).min(1.0);
    (variance.sqrt(), prediction.mean_sd.iter().map(of_row).collect())
}

/// Compares the standard deviations of the coefficients with those of a joint q, where q is none, else with the posterior's, where
/// they are found.
fn judge_deviations(
    findings: &mut Findings,
    fit: &Fit,
    joint: Option<Fit>,
    rows: usize,
    (scaling, columns): (&Scaling, &[String]),
    run: &Fitting<'_>,
) -> Result<(), Error> {
    let q = fit.posterior();
    if let Some(mut joint) = joint {
        ascend(&mut joint, &run.ascent, |_, _| {})?;
        let factors = joint.posterior().deviations().into_iter().zip(q.deviations());
        findings.narrower = Some(largest_factor(factors.map(|(sd, own)| sd / own)));
    } else if fit.log_evidence()?.is_some() {
        findings.posterior_is_known = true;
    } else if let Some(deviations) = of_posterior(fit, rows, Key::new(run.seed))? {
        let pairs = beside_q(&deviations, q, scaling)?;
        findings.wider = Some(largest_factor(pairs.iter().map(|[right, own]| right / own)));
        findings.wider_of = widest(&pairs, columns);
    }
    Ok(())
}

/// The share of a Gaussian within one standard deviation.
const ONE: f64 = 0.682_689_492_137;

/// The standard deviations that are told, under the posterior and under q, in stored units: of the intercept, if any, and of each
/// column. That of the intercept is of the target where each column is 0, so that the columns have a part in it.
fn beside_q(deviations: &[f64], q: &Posterior, scaling: &Scaling) -> Result<Vec<[f64; 2]>, Error> {
    let (own, one) = (q.deviations(), usize::from(q.intercept));
    let last = own.len() - one;
    let unit = scaling.divisor(last);
    let mut all = Vec::with_capacity(own.len());
    if q.intercept {
        let moved = (0..last).map(|d| -scaling.offset(d) / scaling.divisor(d));
        let (_, (low, high)) = q.combination(&std::iter::once(1.0).chain(moved).collect::<Vec<_>>(), ONE)?;
        let told = 0.5 * (high - low);
        let more = deviations[0].powi(2) - own[0].powi(2);
        all.push([(told * told + more).max(0.0).sqrt(), told].map(|sd| unit * sd));
    }
    all.extend(
        (0..last).map(|d| [deviations[one + d], own[one + d]].map(|sd| unit / scaling.divisor(d) * sd)),
    );
    Ok(all)
}

/// The coefficient whose standard deviation under the posterior is the most times as large as under q, in words.
fn widest(pairs: &[[f64; 2]], columns: &[String]) -> Option<String> {
    let factor = |j: usize| pairs[j][0] / pairs[j][1];
    let j = (0..pairs.len()).max_by(|&a, &b| factor(a).total_cmp(&factor(b)))?;
    let name = match (j + columns.len() - 1).checked_sub(pairs.len()) {
        None => "the intercept".into(),
        Some(d) => format!("the coefficient of `{}`", columns[d]),
    };
    let [right, own] = pairs[j].map(significant);
    Some(format!("that of {name} is {right}, where q has {own}"))
}

/// Sweeps of a Gibbs chain at most and at least, and how many operations they may take.
const CHAIN: [usize; 2] = [1000, 100];
const CHAIN_WORK: usize = 500_000_000;

/// The standard deviations of the coefficients under the posterior; `None` where a chain would take too long.
fn of_posterior(fit: &Fit, rows: usize, key: Key) -> Result<Option<Vec<f64>>, Error> {
    let size = fit.posterior().mean.len();
    let rank = rows.min(size);
    let sweeps = (CHAIN_WORK / (rank * rank * (rank + size)).max(1)).min(CHAIN[0]);
    Ok(if sweeps < CHAIN[1] { None } else { Some(fit.chain(sweeps, key)?.deviations) })
}

/// The place of the target. The others are given, so where it is there, they must be.
fn target(rows: &Rows, name: &str) -> Result<usize, Error> {
    let (data, target) = (&rows.data, rows.column(Some(name))?);
    if data.width() == 1 {
        let message = format!("`{}` has one column: there is nothing to predict it from", data.name);
        return Err(Error::request(message, "«elbo normal» fits the mean and the precision of a column"));
    }
    rows.need_values([target])?;
    let incomplete = incomplete(data, target);
    let Some(&(row, column)) = incomplete.first() else { return Ok(target) };
    let place = data.place(row * data.width() + column);
    let lack = if incomplete.len() == 1 { "lacks" } else { "lack" };
    let message = format!(
        "`{}`: {} of {} rows {lack} a predictor; first, {place} is missing",
        data.name,
        incomplete.len(),
        data.rows()
    );
    let remedy = format!(
        "«drop-incomplete» leaves these rows out, «drop {}» the column; «elbo factors» fits a model that fills cells",
        argument(&data.columns[column], 0)
    );
    Err(Error::new(message).remedy(&remedy))
}

/// The rows whose target is there and that lack another cell, each with the place of the first.
fn incomplete(data: &Dataset<f64>, target: usize) -> Vec<(usize, usize)> {
    let lacks = |row: &[f64]| row.iter().position(|x| x.is_nan()).filter(|_| !row[target].is_nan());
    (0..data.rows()).filter_map(|n| lacks(data.row(n)).map(|d| (n, d))).collect()
}

/// Leaves out the rows that lack a cell beside the target, and says how many.
fn complete(rows: Rows, target: usize, observer: &dyn Observer) -> Result<Rows, Error> {
    let left_out: HashSet<usize> = incomplete(&rows.data, target).into_iter().map(|(row, _)| row).collect();
    let all = rows.data.rows();
    let kept: Vec<usize> = (0..all).filter(|row| !left_out.contains(row)).collect();
    if kept.is_empty() {
        let message = format!("`{}`: every row lacks a predictor", rows.data.name);
        return Err(Error::new(message).remedy("leave the columns out that have the fewest cells"));
    }
    if left_out.is_empty() {
        return Ok(rows);
    }
    let which = if left_out.len() == 1 { "which lacks" } else { "each of which lacks" };
    let text = format!("{} of {all}, {which} a predictor", counted(left_out.len(), "row"));
    observer.say("left out", text);
    let reading = rows.data.reading.clone();
    let weights = rows.weights.map(|weights| kept.iter().map(|&row| weights[row]).collect());
    Ok(Rows { data: Dataset { reading, ..rows.data.at_rows(&kept) }, weights, ..rows })
}

/// Says which columns do not vary: those are left out that are not kept.
fn tell_constant(data: &Dataset<f64>, kept: &[usize], observer: &dyn Observer) {
    for (d, _) in moments(data).iter().enumerate().filter(|(_, of)| !of.varies()) {
        let what = if kept.contains(&d) { "nothing is learnt of it" } else { "it is left out" };
        observer.say("note", format!("column `{}` does not vary: {what}", data.columns[d]));
    }
}

/// Coefficients in stored units, of inputs with these standard deviations; the target is the last of the columns.
fn described(
    q: &Posterior,
    columns: &[String],
    scaling: &Scaling,
    deviations: &[f64],
    level: f64,
) -> Result<Vec<Coefficient>, Error> {
    let (one, last) = (usize::from(q.intercept), columns.len() - 1);
    let unit = scaling.divisor(last);
    let mut all = Vec::with_capacity(q.mean.len());
    if q.intercept {
        // The target at 0 of each column: these were moved to their means.
        let moved = (0..last).map(|d| -scaling.offset(d) / scaling.divisor(d));
        let (mean, (low, high)) =
            q.combination(&std::iter::once(1.0).chain(moved).collect::<Vec<_>>(), level)?;
        let [mean, low, high] = [mean, low, high].map(|x| scaling.offset(last) + unit * x);
        all.push(Coefficient { name: "intercept".into(), mean, low, high, deviation: None });
    }
    let intervals = q.credible_intervals(level)?.into_iter().skip(one);
    for (d, ((low, high), mean)) in intervals.zip(&q.mean[one..]).enumerate() {
        let [mean, low, high] = [*mean, low, high].map(|x| unit / scaling.divisor(d) * x);
        all.push(Coefficient { name: columns[d].clone(), mean, low, high, deviation: Some(deviations[d]) });
    }
    Ok(all)
}

/// Coefficients that are told, at most.
const TOLD: usize = 20;

fn tell_coefficients(all: &[Coefficient], level: f64, observer: &dyn Observer) {
    for Coefficient { name, mean, low, high, .. } in all.iter().take(TOLD) {
        let [mean, low, high] = alike([*mean, *low, *high]);
        observer.say(name, format!("{mean}, {} % interval from {low} to {high}", percent(level)));
    }
    if all.len() > TOLD {
        observer.say("", format!("… and {} more, in results.json and the report", all.len() - TOLD));
    }
}

/// The share of the variance that the predictions take away; none of a target that does not vary.
fn explained(y: &[f64], predicted: &[f64], weights: &[f64]) -> Option<f64> {
    let sum = |of: &dyn Fn(usize) -> f64| (0..y.len()).map(|n| weights[n] * of(n)).sum::<f64>();
    let mean = sum(&|n| y[n]) / sum(&|_| 1.0);
    let (total, left) = (sum(&|n| (y[n] - mean).powi(2)), sum(&|n| (y[n] - predicted[n]).powi(2)));
    y.iter().any(|one| *one != y[0]).then(|| 1.0 - left / total)
}

impl RowModel for Regression {
    const DENSITY: &'static str = "log p(y | x, the fit's rows)";

    /// Under q the target is Student's t, or Gaussian where the noise is known; else only its mean and its variance are.
    fn approximation(&self) -> Approximation {
        match self.posterior.noise {
            Noise::Gamma { .. } if !self.posterior.scaled => Approximation::Estimate,
            _ => Approximation::Exact,
        }
    }

    /// What is given lacks the target.
    fn tells_density(&self) -> bool {
        false
    }

    /// The target, which stands last, is not needed.
    fn given<'a>(&self, columns: &'a [String]) -> &'a [String] {
        &columns[..columns.len() - 1]
    }

    /// The target of each row: its mean, how well that is known, how far a row lies from it, and the central interval that
    /// it lies in.
    fn describe(&self, data: &Dataset<f64>) -> Result<Table, Error> {
        let mut data = data.at_rows(&(0..data.rows()).collect::<Vec<_>>());
        self.scaling.apply(&mut data)?;
        let (Prediction { mean, mean_sd, sd, freedom }, last) =
            (self.posterior.predict(&data.values)?, data.width());
        // Of a target of mean 0 and standard deviation 1.
        let (low, high) = match freedom {
            Some(freedom) if freedom > 2.0 => {
                StudentT::new(freedom, 0.0, ((freedom - 2.0) / freedom).sqrt())?
                    .central_interval(self.interval)?
            }
            _ => Gaussian::new(0.0, 1.0)?.central_interval(self.interval)?,
        };
        let end =
            |at: f64| mean.iter().zip(&sd).map(|(m, sd)| self.scaling.undo(last, m + at * sd)).collect();
        let spread = |sd: &[f64]| sd.iter().map(|sd| sd * self.scaling.divisor(last)).collect();
        let percent = percent(self.interval);
        let mut out = Table::new();
        for (what, values) in [
            ("mean".to_owned(), end(0.0)),
            ("mean_sd".into(), spread(&mean_sd)),
            ("sd".into(), spread(&sd)),
            (format!("low_{percent}"), end(low)),
            (format!("high_{percent}"), end(high)),
        ] {
            out.push(format!("{}_{what}", self.target), Column::Real(values));
        }
        Ok(out)
    }

    /// Where the prediction is neither Gaussian nor Student's t, that of a Gaussian of its mean and variance.
    fn log_density(&self, mut data: Dataset<f64>) -> Result<Vec<f64>, Error> {
        self.scaling.apply(&mut data)?;
        let last = data.width() - 1;
        let (y, ln_unit) = (data.column(last).collect::<Vec<f64>>(), self.scaling.divisor(last).ln());
        let data = data.keep_columns(&(0..last).collect::<Vec<_>>())?;
        let predicted = self.posterior.predict(&data.values)?;
        let of = |(n, y): (usize, &f64)| {
            let (mean, sd) = (predicted.mean[n], predicted.sd[n]);
            if y.is_nan() || mean.is_nan() {
                return Ok(f64::NAN);
            }
            let density = match predicted.freedom {
                // Student's t has a variance of ν/(ν − 2) in units of its squared scale.
                Some(freedom) if freedom > 2.0 => {
                    StudentT::new(freedom, mean, sd * ((freedom - 2.0) / freedom).sqrt())?.log_density(y)
                }
                _ => Gaussian::new(mean, sd)?.log_density(y),
            };
            Ok(density - ln_unit)
        };
        y.iter().enumerate().map(of).collect()
    }

    /// x of rows of the fit, drawn with replacement, and a target for each.
    fn sample(&self, about: &ModelMetadata, rows: usize, key: Key) -> Result<Table, Error> {
        let given = self.given(&about.columns);
        let data = about.rows(&Query::default(), given, &()).map_err(|error| {
            error
                .remedy("x is drawn from the rows of the fit, which must be where they were and as they were")
        })?;
        let whole: Vec<usize> =
            (0..data.rows()).filter(|&n| data.row(n).iter().all(|x| !x.is_nan())).collect();
        if whole.is_empty() {
            return Err(Error::new(format!("no row of `{}` is whole: there is no x to draw", data.name)));
        }
        let index: Vec<usize> = resampled(whole.len(), rows, key).into_iter().map(|n| whole[n]).collect();
        let mut data = data.at_rows(&index);
        let mut out = table::of(given, &data.values);
        self.scaling.apply(&mut data)?;
        let drawn = self.posterior.sample(&data.values, key)?;
        let stored = drawn.iter().map(|&y| self.scaling.undo(given.len(), y)).collect();
        out.push(&self.target, Column::Real(stored));
        Ok(out)
    }
}
