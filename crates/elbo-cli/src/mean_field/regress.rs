//! `elbo regress`: Bayesian linear regression.

use clap::{Args, ValueEnum};
use elbo::{
    diagnose::Level,
    distribution::{Gaussian, LogDensity, StudentT},
    mean_field::regression::{Fit, Noise, Posterior, Prediction, Prior, Weights},
    random::Key,
};
use elbo_data::{Column, Dataset, Table};
use serde::{Deserialize, Serialize};

use super::{
    Ascent, Rows, Story,
    course::{ROWS, Stored},
    finish,
    fitted::{Fitted, Model},
    rows::RowModel,
    standardise::{Standardise, moments},
};
use crate::{
    arguments::{Source, parse_fraction, parse_positive},
    error::Error,
    report::{Coefficient, coefficients, predictions},
    results::significant,
    source::resampled,
    table, tell,
};

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elbo regress --data faithful.csv --target waiting
  elbo regress --data wine.csv --label-column target --target alcohol --prior relevance
  elbo predict runs/faithful-regress --data more.csv

Rows whose target is missing are left out of the fit. A missing cell of another column is refused: it is given, not
modelled.")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Regress {
    #[command(flatten)]
    source: Source,
    /// The column that is predicted from the others, by its name. Without it: the last.
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// The prior of the weights.
    #[arg(long, value_enum, default_value_t, help_heading = "Model")]
    prior: PriorArgument,
    /// The standard deviation of the weights, for --prior known: in units of the target, or with --conjugate of the noise, for
    /// columns of standard deviation 1.
    #[arg(long, value_name = "SD", value_parser = parse_positive, required_if_eq("prior", "known"), help_heading = "Model")]
    weight_sd: Option<f64>,
    /// The standard deviation of the noise, where it is known. Without it: unknown.
    #[arg(long, value_name = "SD", value_parser = parse_positive, help_heading = "Model")]
    noise_sd: Option<f64>,
    /// The prior of the weights is scaled by the noise, which with --prior known makes the model conjugate: the bound is
    /// log p(y).
    #[arg(long, help_heading = "Model")]
    conjugate: bool,
    /// A q of each weight by itself.
    #[arg(long, help_heading = "Model")]
    factorised: bool,
    /// No intercept.
    #[arg(long, help_heading = "Model")]
    no_intercept: bool,
    /// Leave the columns and the target as they are stored; without it each is brought to mean 0 and standard deviation 1.
    /// Columns that vary little about a great mean lose digits then.
    #[arg(long, help_heading = "Model")]
    unscaled: bool,
    /// The probability that the intervals hold.
    #[arg(long, value_name = "P", default_value = "0.95", value_parser = parse_fraction)]
    interval: f64,
    #[command(flatten)]
    ascent: Ascent,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum PriorArgument {
    /// One unknown standard deviation for all weights.
    #[default]
    Ridge,
    /// An unknown one for each: automatic relevance determination.
    Relevance,
    /// That of --weight-sd.
    Known,
}

/// What determines the fit beside the data and the ascent.
#[derive(Serialize, Deserialize)]
pub(super) struct Settings {
    target: String,
    scaled: bool,
    prior: Prior,
    interval: f64,
}

/// What `model.json` holds.
#[derive(Serialize, Deserialize)]
pub(crate) struct Regression {
    target: String,
    /// Of the inputs, and last of the target.
    scaling: Standardise,
    posterior: Posterior,
}

impl Regress {
    /// For a target of this mean and standard deviation, in the units in which it is fitted.
    fn prior(&self, mean: f64, sd: f64) -> Result<Prior, Error> {
        let flat = Prior::default();
        let (reach, unit) = if self.unscaled { (mean.abs() + sd, 1.0) } else { (1.0, sd) };
        let Noise::Gamma { shape, rate } = flat.noise else { unreachable!("the default noise is unknown") };
        // Scaled by the noise it has no unit.
        let of_weights = if self.conjugate { 1.0 } else { unit };
        let weights = match (self.prior, self.weight_sd) {
            (PriorArgument::Known, Some(sd_of_weights)) => Weights::Known { sd: sd_of_weights / of_weights },
            (_, Some(_)) => {
                let message = "--weight-sd is of weights whose standard deviation is known";
                return Err(Error::usage(message, "--prior known takes it"));
            }
            (PriorArgument::Relevance, None) => Weights::Each { shape, rate },
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

pub(crate) fn regress(arguments: &Regress) -> Result<Level, Error> {
    let rows = Rows::read(None, &arguments.source)?;
    let data = &rows.data;
    let target = arguments.target.clone().unwrap_or_else(|| data.columns[data.width() - 1].clone());
    let place = rows.column(Some(&target))?;
    let of_target = moments(data)[place];
    let settings = Settings {
        target,
        scaled: !arguments.unscaled,
        prior: arguments.prior(of_target.mean, of_target.sd())?,
        interval: arguments.interval,
    };
    fit(rows, &settings, &arguments.ascent)
}

pub(super) fn fit(mut rows: Rows, settings: &Settings, ascent: &Ascent) -> Result<Level, Error> {
    let (target, width) = (target(&rows, &settings.target)?, rows.data.width() - 1);
    let order: Vec<usize> = (0..=width).filter(|&d| d != target).chain([target]).collect();
    rows.data = rows.data.keep_columns(&order)?;
    tell_constant(&rows.data);
    let stored: Vec<f64> = rows.data.column(width).collect();
    // By which coefficients compare, scaled or not.
    let deviations = Standardise::of(&rows.data, true).sd;
    let scaling = Standardise::of(&rows.data, settings.scaled);
    // Through the origin.
    let scaling = if settings.prior.intercept.is_some() { scaling } else { scaling.uncentred() };
    scaling.apply(&mut rows.data)?;
    let y: Vec<f64> = rows.data.column(width).collect();
    let log_volume = y.iter().filter(|y| !y.is_nan()).count() as f64 * scaling.sd[width].ln();
    let columns = rows.data.columns.clone();
    rows.data = rows.data.keep_columns(&(0..width).collect::<Vec<_>>())?;
    let x = &rows.data.values[..];
    let begin = |_| Ok(Stored { fit: Fit::new(x, width, &y, settings.prior)?, log_volume });
    let (Stored { fit, .. }, mut course) = ascent.best(None, ROWS, begin)?;
    let q = fit.posterior().clone();
    let described = described(&q, &columns, &scaling, &deviations, settings.interval)?;
    course.keep("coefficients", &described)?;
    tell_coefficients(&described);
    // Rows that lack a cell took no part.
    let whole: Vec<usize> = (0..y.len()).filter(|&n| !y[n].is_nan()).collect();
    let mean = q.predict(x)?.mean;
    let (actual, predicted): (Vec<f64>, Vec<f64>) =
        whole.iter().map(|&n| (stored[n], scaling.undo(width, mean[n]))).unzip();
    let mut cards = vec![("noise sd".into(), significant(q.noise_variance().sqrt() * scaling.sd[width]))];
    if let Some(share) = explained(&actual, &predicted).filter(|_| q.intercept) {
        cards.push(("explained".into(), format!("{:.1} % of the target's variance", 100.0 * share)));
    }
    if let Some(evidence) = fit.log_evidence()? {
        cards.push(("log p(y)".into(), format!("{:.6} nats, exact", evidence - log_volume)));
    }
    let mut notes = vec![
        "The bound is of the density of the target given the other columns, in the units of the file.".into(),
    ];
    if settings.scaled {
        notes.push(
            "The columns and the target were brought to standard deviation 1 (and with an intercept to mean 0), in which units \
             the prior is. The coefficients shown are those of the columns and the target as stored."
                .into(),
        );
    }
    let story = Story {
        model: "regress",
        kind: "Bayesian linear regression",
        settings,
        cards,
        notes,
        figures: vec![
            ("Coefficients", coefficients(&described, settings.interval)),
            ("Predictions", predictions(&settings.target, &actual, &predicted)),
        ],
        fitted: Fitted::new(
            &columns,
            &rows.config,
            Model::Regression(Regression { target: settings.target.clone(), scaling, posterior: q }),
        ),
    };
    finish(ascent, &rows.config, &course, story)
}

/// The place of the target. The others are given, so where it is there, they must be.
fn target(rows: &Rows, name: &str) -> Result<usize, Error> {
    let (data, target) = (&rows.data, rows.column(Some(name))?);
    if data.width() == 1 {
        let message = format!("`{}` has one column: there is nothing to predict it from", data.name);
        return Err(Error::usage(message, "`elbo normal` fits the mean and the precision of a column"));
    }
    rows.need_values([target])?;
    let lacks = |row: &[f64]| row.iter().position(|x| x.is_nan()).filter(|_| !row[target].is_nan());
    let found = (0..data.rows()).find_map(|n| lacks(data.row(n)).map(|d| (n, d)));
    found.map_or(Ok(target), |(row, column)| {
        let place = data.place(row * data.width() + column);
        Err(Error::plain(format!("`{}`: {place} is missing, beside a target", data.name))
            .hint("leave the row out, or the column; `elbo factors` fits a model that fills cells"))
    })
}

fn tell_constant(data: &Dataset<f64>) {
    for (name, _) in data.columns.iter().zip(moments(data)).filter(|(_, of)| !of.varies()) {
        tell(format!("note        column `{name}` does not vary: nothing is learnt of it"));
    }
}

/// Coefficients in stored units, of inputs with these standard deviations; the target is the last of the columns.
fn described(
    q: &Posterior,
    columns: &[String],
    scaling: &Standardise,
    deviations: &[f64],
    level: f64,
) -> Result<Vec<Coefficient>, Error> {
    let (one, last) = (usize::from(q.intercept), columns.len() - 1);
    let unit = scaling.sd[last];
    let coefficient = |j: usize| {
        let mut of = vec![0.0; q.mean.len()];
        let (name, offset, deviation) = if j < one {
            // The target at 0 of each column: these were moved to their means.
            of[0] = 1.0;
            (0..last).for_each(|d| of[one + d] = -scaling.mean[d] / scaling.sd[d]);
            ("intercept".into(), scaling.mean[last], None)
        } else {
            of[j] = scaling.sd[j - one].recip();
            (columns[j - one].clone(), 0.0, Some(deviations[j - one]))
        };
        let (mean, (low, high)) = q.combination(&of, level)?;
        let [mean, low, high] = [mean, low, high].map(|x| offset + unit * x);
        Ok(Coefficient { name, mean, low, high, deviation })
    };
    (0..q.mean.len()).map(coefficient).collect()
}

/// Coefficients that are told, at most.
const TOLD: usize = 20;

fn tell_coefficients(all: &[Coefficient]) {
    for Coefficient { name, mean, low, high, .. } in all.iter().take(TOLD) {
        let [mean, low, high] = [mean, low, high].map(|x| significant(*x));
        tell(format!("{name:<11} {mean}, from {low} to {high}"));
    }
    if all.len() > TOLD {
        tell(format!("… and {} more, in results.json and the report", all.len() - TOLD));
    }
}

/// The share of the variance that the predictions take away; none of a target that does not vary.
fn explained(y: &[f64], predicted: &[f64]) -> Option<f64> {
    let mean = y.iter().sum::<f64>() / y.len() as f64;
    let total: f64 = y.iter().map(|y| (y - mean).powi(2)).sum();
    let left: f64 = y.iter().zip(predicted).map(|(y, p)| (y - p).powi(2)).sum();
    y.iter().any(|one| *one != y[0]).then(|| 1.0 - left / total)
}

impl RowModel for Regression {
    const DENSITY: [&'static str; 2] = ["log_predictive_density", "log p(y | x, the fit's rows)"];

    /// The target, which stands last, is not needed.
    fn given<'a>(&self, columns: &'a [String]) -> &'a [String] {
        &columns[..columns.len() - 1]
    }

    /// The target of each row: its mean, how well that is known, and how far a row lies from it.
    fn describe(&self, mut data: Dataset<f64>) -> Result<Table, Error> {
        self.scaling.apply(&mut data)?;
        let (Prediction { mean, mean_sd, sd, .. }, last) =
            (self.posterior.predict(&data.values)?, data.width());
        let scaled = |sd: Vec<f64>| Column::Real(sd.iter().map(|sd| sd * self.scaling.sd[last]).collect());
        let mut out = Table::new();
        let mean = mean.iter().map(|&y| self.scaling.undo(last, y)).collect();
        out.push(format!("{}_mean", self.target), Column::Real(mean));
        out.push(format!("{}_mean_sd", self.target), scaled(mean_sd));
        out.push(format!("{}_sd", self.target), scaled(sd));
        Ok(out)
    }

    /// Where the prediction is neither Gaussian nor Student's t, that of a Gaussian of its mean and variance.
    fn log_density(&self, mut data: Dataset<f64>) -> Result<Vec<f64>, Error> {
        self.scaling.apply(&mut data)?;
        let last = data.width() - 1;
        let (y, ln_unit) = (data.column(last).collect::<Vec<f64>>(), self.scaling.sd[last].ln());
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
    fn sample(&self, fitted: &Fitted, rows: usize, key: Key) -> Result<Table, Error> {
        let given = self.given(&fitted.columns);
        let data = fitted.rows(&Source::default(), given).map_err(|error| {
            error.hint("x is drawn from the rows of the fit, which must be where they were and as they were")
        })?;
        let whole: Vec<usize> =
            (0..data.rows()).filter(|&n| data.row(n).iter().all(|x| !x.is_nan())).collect();
        if whole.is_empty() {
            return Err(Error::plain(format!("no row of `{}` is whole: there is no x to draw", data.name)));
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
