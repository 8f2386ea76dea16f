//! The mean and the precision of one column.

use elbo::{
    diagnose::{Estimated, Remedy, Residuals},
    distribution::{Gamma, Moments},
    mean_field::normal_gamma::{Fit, Posterior, Prior},
    random::Key,
};
use elbo_data::{Dataset, Table};
use serde::{Deserialize, Serialize};

use super::{
    ascent::{AscentResult, Fitting, ROWS, judge_rows, judge_skew, largest_factor},
    model::Model,
    row_model::{RowModel, of_seen},
    summary::FitSummary,
};
use crate::{
    error::Error,
    estimates::Estimates,
    figure::Figure,
    fitted::ModelMetadata,
    moments::weighted_moments,
    number::{alike, significant},
    observer::{Observer, ObserverExt},
    rows::{Rows, extent},
    source::Source,
    table,
};

/// A Gaussian sample, as it is asked for: what is left open is chosen by the rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Request {
    /// The column; if open, the only one.
    pub column: Option<String>,
    /// The prior mean of μ; if open, the column's mean, about which the prior is nearly flat.
    pub prior_mean: Option<f64>,
    /// The prior precision of μ, or, where it is conjugate, the number of rows that the prior mean is worth; if open, 1e-6
    /// rows.
    pub prior_precision: Option<f64>,
    /// The prior of μ is scaled by the precision, which makes the model conjugate: the Normal-Gamma prior.
    pub conjugate: bool,
    /// The shape of the precision's gamma prior.
    pub shape: f64,
    /// Its rate; if open, 1e-6 of the column's variance.
    pub rate: Option<f64>,
    /// The column that says how many rows each row stands for; if open, one.
    pub row_weights: Option<String>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            column: None,
            prior_mean: None,
            prior_precision: None,
            conjugate: false,
            shape: FLAT,
            rate: None,
            row_weights: None,
        }
    }
}

/// What determines the fit beside the data and the ascent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    column: String,
    prior: Prior,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    row_weights: Option<String>,
}

/// What a prior that is nearly flat is worth, in rows.
const FLAT: f64 = 1e-6;

/// Fits the mean and the precision of a column.
#[derive(Debug)]
pub struct Normal;

impl Model for Normal {
    const NAME: &'static str = "normal";
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
        let rows =
            Rows::read(source, memory, observer)?.weighted_by(request.row_weights.as_deref(), observer)?;
        let column = rows.column(request.column.as_deref())?;
        if rows.data.width() > 1 {
            let of_it = extent(&rows.data.column(column).collect::<Vec<f64>>());
            observer.say("column", format!("`{}` alone is modelled, {of_it}", rows.data.columns[column]));
        }
        let of_column = weighted_moments(&rows.data, rows.weights.as_deref())[column];
        let variance = if of_column.varies() { of_column.variance } else { 1.0 };
        let flat = if request.conjugate { FLAT } else { FLAT / variance };
        let prior = Prior {
            mean: request.prior_mean.unwrap_or(of_column.mean),
            precision: request.prior_precision.unwrap_or(flat),
            scaled: request.conjugate,
            shape: request.shape,
            rate: request.rate.unwrap_or(FLAT * variance),
        };
        let (column, row_weights) = (rows.data.columns[column].clone(), request.row_weights.clone());
        let settings = Settings { column, prior, row_weights };
        Ok((rows, settings))
    }

    fn read(
        settings: &Settings,
        source: Source,
        memory: Option<u64>,
        observer: &dyn Observer,
    ) -> Result<Rows, Error> {
        Rows::read(source, memory, observer)?.weighted_by(settings.row_weights.as_deref(), observer)
    }

    fn mends(remedy: Remedy, settings: &Settings) -> bool {
        use Remedy::{
            ConjugatePrior, CountLikelihood, HiddenMarkov, Logarithm, Mixture, MoreRows, MoreSweeps,
            NormalScores, SquareRoot, StateSpace,
        };
        match remedy {
            ConjugatePrior => !settings.prior.scaled,
            Logarithm | SquareRoot | NormalScores | CountLikelihood | Mixture | StateSpace | HiddenMarkov
            | MoreRows | MoreSweeps => true,
            _ => false,
        }
    }

    fn fit(
        rows: Rows,
        settings: &Settings,
        run: &Fitting<'_>,
    ) -> Result<(AscentResult, FitSummary<Posterior>), Error> {
        let column = rows.column(Some(&settings.column))?;
        rows.need_values([column])?;
        let x: Vec<f64> = rows.data.column(column).collect();
        let (fit, mut course) = run.best(None, ROWS, |_| match &rows.weights {
            Some(weights) => Fit::weighted(&x, weights, settings.prior),
            None => Fit::new(&x, settings.prior),
        })?;
        let q = *fit.posterior();
        let weight = |n: usize| rows.weights.as_ref().map_or(1.0, |weights| weights[n]);
        let seen: f64 = (0..x.len()).filter(|&n| !x[n].is_nan()).map(weight).sum();
        let (values, leverages) = (
            x.iter().map(|x| x - q.mean).collect::<Vec<f64>>(),
            vec![(q.expected_precision() / q.precision).min(1.0); x.len()],
        );
        let noise = q.expected_precision().recip().sqrt();
        let weights = rows.weights.as_deref();
        let residuals = Residuals { values: &values, leverages: &leverages, weights, noise, coefficients: 1 };
        judge_rows(&mut course.findings, &residuals, &settings.column, Vec::new());
        judge_skew(&mut course.findings, |_| x.clone(), weights);
        course.rows = Some(x.iter().filter(|x| !x.is_nan()).count());
        course.findings.estimated = Some(Estimated { parameters: 2.0, rows: seen });
        let tau = Gamma::new(q.shape, q.rate)?;
        let sd_of_tau = tau.variance().unwrap_or(f64::NAN).sqrt();
        let [of_mean, of_precision] = fit.posterior_deviations();
        let ratios = [of_mean * q.precision.sqrt(), of_precision / sd_of_tau];
        course.findings.wider = Some(largest_factor(ratios));
        let [own, right] = [q.precision.recip().sqrt(), of_mean].map(significant);
        course.findings.wider_of = Some(format!("that of the mean is {right}, where q has {own}"));
        course.findings.intervals_told = true;
        course.found = Estimates::Normal {
            column: settings.column.clone(),
            mean: q.mean,
            mean_sd: q.precision.recip().sqrt(),
            precision: q.expected_precision(),
            precision_sd: Some(sd_of_tau).filter(|sd| sd.is_finite()),
            sd: q.expected_precision().recip().sqrt(),
        };
        let with_sd = |x: f64, sd: f64| alike([x, sd]).join(" ± ");
        let mean = with_sd(q.mean, q.precision.recip().sqrt());
        let precision = with_sd(q.expected_precision(), sd_of_tau);
        let deviation = significant(q.expected_precision().recip().sqrt());
        let facts = Figure::Facts {
            heading: [format!("of {}", settings.column), "posterior mean ± sd".into()],
            lines: vec![
                ["mean μ".into(), mean.clone()],
                ["precision τ".into(), precision.clone()],
                ["standard deviation, 1/√E[τ]".into(), deviation],
            ],
        };
        let story = FitSummary {
            kind: "Gaussian sample".into(),
            cards: vec![("mean".into(), mean), ("precision".into(), precision)],
            notes: vec!["q(μ) q(τ) takes the two as independent, which they are not quite.".into()],
            figures: vec![("Mean and precision".into(), facts)],
            about: ModelMetadata::new(&rows.data.columns[column..=column], &rows.config),
            posterior: q,
        };
        Ok((course, story))
    }
}

impl RowModel for Posterior {
    const DENSITY: &'static str = "log p(x | the fit's rows)";

    fn describe(&self, _: &Dataset<f64>) -> Result<Table, Error> {
        Ok(Table::new())
    }

    fn log_density(&self, data: Dataset<f64>) -> Result<Vec<f64>, Error> {
        Ok(of_seen(&data, self.log_predictive(&data.values)))
    }

    fn sample(&self, about: &ModelMetadata, rows: usize, key: Key) -> Result<Table, Error> {
        let draws: Result<Vec<f64>, _> = (0..rows as u64).map(|row| self.sample(key, row)).collect();
        Ok(table::of(&about.columns, &draws?))
    }
}
