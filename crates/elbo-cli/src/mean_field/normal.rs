//! `elbo normal`: the mean and the precision of one column.

use clap::Args;
use elbo::{
    diagnose::Level,
    distribution::{Gamma, Moments},
    mean_field::normal_gamma::{Fit, Posterior, Prior},
    random::Key,
};
use elbo_data::{Column, Dataset, Table};
use maud::html;
use serde::{Deserialize, Serialize};

use super::{
    Ascent, Rows, Story,
    course::ROWS,
    finish,
    fitted::{Fitted, Model},
    rows::{RowModel, of_seen},
    standardise::moments,
};
use crate::{
    arguments::{Source, parse_positive},
    error::Error,
    results::significant,
    table,
};

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elbo normal --data faithful.csv --column waiting
  elbo normal --data faithful.csv --column waiting --prior-mean 70 --prior-precision 2 --conjugate")]
pub(crate) struct Normal {
    #[command(flatten)]
    source: Source,
    /// The column, by its name; not needed where there is one.
    #[arg(long, value_name = "NAME")]
    column: Option<String>,
    /// The prior mean of μ. Without it: the column's mean, about which the prior is nearly flat.
    #[arg(long, value_name = "M", allow_negative_numbers = true, help_heading = "Model")]
    prior_mean: Option<f64>,
    /// The prior precision of μ, or with --conjugate the number of rows that the prior mean is worth. Without it: 1e-6 rows.
    #[arg(long, value_name = "L", value_parser = parse_positive, help_heading = "Model")]
    prior_precision: Option<f64>,
    /// The prior of μ is scaled by the precision, which makes the model conjugate: the Normal-Gamma prior.
    #[arg(long, help_heading = "Model")]
    conjugate: bool,
    /// The shape of the precision's gamma prior.
    #[arg(long, value_name = "A", default_value = "1e-6", value_parser = parse_positive, help_heading = "Model")]
    shape: f64,
    /// Its rate. Without it: 1e-6 of the column's variance.
    #[arg(long, value_name = "B", value_parser = parse_positive, help_heading = "Model")]
    rate: Option<f64>,
    #[command(flatten)]
    ascent: Ascent,
}

/// What determines the fit beside the data and the ascent.
#[derive(Serialize, Deserialize)]
pub(super) struct Settings {
    column: String,
    prior: Prior,
}

/// What a prior that is nearly flat is worth, in rows.
const FLAT: f64 = 1e-6;

pub(crate) fn normal(arguments: &Normal) -> Result<Level, Error> {
    let rows = Rows::read(None, &arguments.source)?;
    let column = rows.column(arguments.column.as_deref())?;
    let of_column = moments(&rows.data)[column];
    let variance = if of_column.varies() { of_column.variance } else { 1.0 };
    let prior = Prior {
        mean: arguments.prior_mean.unwrap_or(of_column.mean),
        precision: arguments.prior_precision.unwrap_or(if arguments.conjugate {
            FLAT
        } else {
            FLAT / variance
        }),
        scaled: arguments.conjugate,
        shape: arguments.shape,
        rate: arguments.rate.unwrap_or(FLAT * variance),
    };
    let settings = Settings { column: rows.data.columns[column].clone(), prior };
    fit(&rows, &settings, &arguments.ascent)
}

pub(super) fn fit(rows: &Rows, settings: &Settings, ascent: &Ascent) -> Result<Level, Error> {
    let column = rows.column(Some(&settings.column))?;
    rows.need_values([column])?;
    let x: Vec<f64> = rows.data.column(column).collect();
    let (fit, course) = ascent.best(None, ROWS, |_| Fit::new(&x, settings.prior))?;
    let q = *fit.posterior();
    let tau = Gamma::new(q.shape, q.rate)?;
    let sd_of_tau = tau.variance().unwrap_or(f64::NAN).sqrt();
    let with_sd = |x: f64, sd: f64| format!("{} ± {}", significant(x), significant(sd));
    let mean = with_sd(q.mean, q.precision.recip().sqrt());
    let precision = with_sd(q.expected_precision(), sd_of_tau);
    let deviation = significant(q.expected_precision().recip().sqrt());
    let table = html! {
        div.scroll { table {
            thead { tr { th { "of " (settings.column) } th { "posterior mean ± sd" } } }
            tbody {
                tr { th scope="row" { "mean μ" } td { (mean) } }
                tr { th scope="row" { "precision τ" } td { (precision) } }
                tr { th scope="row" { "standard deviation, 1/√E[τ]" } td { (deviation) } }
            }
        } }
    };
    let story = Story {
        model: "normal",
        kind: "Gaussian sample",
        settings,
        cards: vec![("mean".into(), mean.clone()), ("precision".into(), precision.clone())],
        notes: vec!["q(μ) q(τ): the two are taken to be independent, which they are not quite.".into()],
        figures: vec![("Mean and precision", table)],
        fitted: Fitted::new(&rows.data.columns[column..=column], &rows.config, Model::Normal(q)),
    };
    finish(ascent, &rows.config, &course, story)
}

impl RowModel for Posterior {
    const DENSITY: [&'static str; 2] = ["log_predictive_density", "log p(x | the fit's rows)"];

    fn describe(&self, data: Dataset<f64>) -> Result<Table, Error> {
        let mut out = Table::new();
        out.push("log_density", Column::Real(self.log_density(data)?));
        Ok(out)
    }

    fn log_density(&self, data: Dataset<f64>) -> Result<Vec<f64>, Error> {
        Ok(of_seen(&data, self.log_predictive(&data.values)))
    }

    fn sample(&self, fitted: &Fitted, rows: usize, key: Key) -> Result<Table, Error> {
        let draws: Result<Vec<f64>, _> = (0..rows as u64).map(|row| self.sample(key, row)).collect();
        Ok(table::of(&fitted.columns, &draws?))
    }
}
