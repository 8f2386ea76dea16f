//! `elbo mixture`: Bayesian mixtures of Gaussians, or of columns of 0 and 1.

use clap::{Args, ValueEnum};
use elbo::{
    diagnose::Level,
    mean_field::{
        Annealing, Start,
        mixture::{Covariance, Family, Fit, GaussianPrior, Posterior, Prior, Weights},
    },
    random::Key,
};
use elbo_data::{Column, Dataset, Table};
use serde::{Deserialize, Serialize};

use super::{
    Ascent, Rows, Story,
    course::{Anneal, ROWS},
    finish,
    fitted::{Fitted, Model, likeliest},
    online::{Minibatches, Online},
    rows::{RowModel, of_seen},
    standardise::moments,
};
use crate::{
    arguments::{Source, named, parse_count, parse_positive},
    error::Error,
    report::{Component, components, ellipses},
    source::SourceConfig,
    table, tell,
};

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elbo mixture --data faithful.csv --components 6
  elbo mixture --data faithful.csv --weights dirichlet-process --components 20
  elbo mixture digits --family bernoulli --components 20     pixels cut at half of full ink
  elbo predict runs/faithful-mixture --data more.csv")]
pub(crate) struct Mixture {
    /// A built-in data set: `digits`.
    #[arg(value_name = "NAME", conflicts_with = "data", value_parser = ["digits"])]
    builtin: Option<String>,
    #[command(flatten)]
    source: Source,
    /// K. Components that are not needed empty themselves where the concentration is small.
    #[arg(short = 'k', long, value_name = "K", default_value = "10", value_parser = parse_count::<usize>,
          help_heading = "Model")]
    components: usize,
    /// What the components are. Without it: Bernoulli where all cells are 0 or 1, else Gaussian.
    #[arg(long, value_enum, help_heading = "Model")]
    family: Option<FamilyArgument>,
    /// What the covariances of Gaussian components are. Without it: `full`.
    #[arg(long, value_parser = named::<Covariance>(&COVARIANCE), help_heading = "Model")]
    covariance: Option<Covariance>,
    /// The prior of the weights.
    #[arg(long, value_enum, default_value_t, help_heading = "Model")]
    weights: WeightsArgument,
    /// α₀ of the Dirichlet (1/K without it), or γ of the Dirichlet process (1 without it).
    #[arg(long, value_name = "A", value_parser = parse_positive, help_heading = "Model")]
    concentration: Option<f64>,
    /// How many rows the prior of a Gaussian component's mean is worth. Without it: 1.
    #[arg(long, value_name = "ROWS", value_parser = parse_positive, help_heading = "Model")]
    mean_precision: Option<f64>,
    /// Leave out columns of one value, as pixels that are always empty.
    #[arg(long)]
    drop_constant: bool,
    /// Starts, of which the best is kept.
    #[arg(long, value_name = "R", default_value = "5", value_parser = parse_count::<usize>, help_heading = "Ascent")]
    starts: usize,
    /// Where each begins.
    #[arg(long, default_value = "k-means", value_parser = named::<Start>(&START), help_heading = "Ascent")]
    start: Start,
    #[command(flatten)]
    anneal: Anneal,
    #[command(flatten)]
    minibatches: Minibatches,
    #[command(flatten)]
    ascent: Ascent,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FamilyArgument {
    /// Real numbers.
    Gaussian,
    /// Columns of 0 and 1, independent given the component.
    Bernoulli,
}

const COVARIANCE: [(&str, &str); 4] = [
    ("full", "A matrix for each component"),
    ("tied", "One matrix for all"),
    ("diagonal", "A variance for each component and column"),
    ("spherical", "A variance for each component"),
];
const START: [(&str, &str); 2] =
    [("k-means", "k-means from rows far from one another"), ("random", "Rows drawn alike")];

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum WeightsArgument {
    /// Dir(α₀, …, α₀).
    #[default]
    Dirichlet,
    /// A Dirichlet process, of which K components are used.
    DirichletProcess,
}

/// What determines the fit beside the data and the ascent.
#[derive(Serialize, Deserialize)]
pub(super) struct Settings {
    pub(super) drop_constant: bool,
    starts: usize,
    start: Start,
    online: Option<Online>,
    annealing: Option<Annealing>,
    prior: Prior,
}

impl Settings {
    pub(super) fn is_bernoulli(&self) -> bool {
        matches!(self.prior.family, Family::Bernoulli(_))
    }
}

/// Rows of a minibatch, where they are not asked for.
const BATCH: usize = 10_000;

/// Rows of a mixture; `bernoulli` where cells must be 0 or 1.
pub(super) fn read(
    source: SourceConfig,
    memory: Option<u64>,
    drop_constant: bool,
    bernoulli: bool,
) -> Result<Rows, Error> {
    let mut rows = Rows::of(source, memory)?;
    if drop_constant {
        rows.data = without_constant(rows.data)?;
    }
    if bernoulli {
        cut(&mut rows.data)?;
    }
    Ok(rows)
}

/// The columns that tell no rows apart.
fn constant(data: &Dataset<f64>) -> Vec<usize> {
    moments(data).iter().enumerate().filter(|(_, of)| !of.varies()).map(|(d, _)| d).collect()
}

fn without_constant(data: Dataset<f64>) -> Result<Dataset<f64>, Error> {
    let constant = constant(&data);
    let kept: Vec<usize> = (0..data.width()).filter(|d| !constant.contains(d)).collect();
    if kept.is_empty() {
        return Err(Error::plain(format!("`{}`: every column is constant", data.name))
            .hint("there is nothing to model; is this the right file?"));
    }
    if !constant.is_empty() {
        tell(format!("dropped     {} columns of one value; {} are left", constant.len(), kept.len()));
    }
    Ok(data.keep_columns(&kept)?)
}

/// Makes pixels 1 above half of what is full, and 0 elsewhere; cells that are 0 or 1 already stay as they are.
fn cut(data: &mut Dataset<f64>) -> Result<(), Error> {
    let is_bit = |x: &f64| x.is_nan() || *x == 0.0 || *x == 1.0;
    let Some(cell) = data.values.iter().position(|x| !is_bit(x)) else { return Ok(()) };
    let width = data.width();
    let Some(full) = data.full_scale else {
        return Err(Error::plain(format!(
            "`{}`: {} is {}, but cells of a Bernoulli mixture must be 0 or 1",
            data.name,
            data.place(cell),
            data.values[cell]
        ))
        .hint("--family gaussian takes any number"));
    };
    let half = f64::from(full) / 2.0;
    tell(format!("binary      pixels above {half} are 1, the others 0"));
    data.values.change(width, width, |row| row.iter_mut().for_each(|x| *x = f64::from(*x > half)))?;
    Ok(())
}

impl Mixture {
    fn prior(&self, data: &Dataset<f64>) -> Result<Prior, Error> {
        let bernoulli = match self.family {
            Some(family) => matches!(family, FamilyArgument::Bernoulli),
            None => data.values.iter().all(|&x| x.is_nan() || x == 0.0 || x == 1.0),
        };
        let family = if bernoulli {
            if self.covariance.is_some() || self.mean_precision.is_some() {
                let message =
                    "--covariance and --mean-precision are of Gaussian components, and these are Bernoulli";
                return Err(Error::usage(message, "leave them out, or give --family gaussian"));
            }
            Family::Bernoulli([1.0, 1.0])
        } else {
            if let Some(&d) = constant(data).first() {
                let value = data.column(d).find(|x| !x.is_nan());
                let what =
                    value.map_or("has no value".into(), |x| format!("is {x} in every row, to ten digits"));
                return Err(Error::plain(format!("`{}`: column `{}` {what}", data.name, data.columns[d]))
                    .hint("--drop-constant leaves such columns out; --label-column sets a label aside"));
            }
            let covariance = self.covariance.unwrap_or_default();
            let of_rows = GaussianPrior::of(&data.values, data.width(), covariance)?;
            let mean_precision = self.mean_precision.unwrap_or(of_rows.mean_precision);
            Family::Gaussian(GaussianPrior { mean_precision, ..of_rows })
        };
        let weights = match self.weights {
            WeightsArgument::Dirichlet => {
                Weights::Dirichlet(self.concentration.unwrap_or(1.0 / self.components as f64))
            }
            WeightsArgument::DirichletProcess => Weights::DirichletProcess(self.concentration.unwrap_or(1.0)),
        };
        Ok(Prior { components: self.components, weights, family })
    }
}

pub(crate) fn mixture(arguments: &Mixture) -> Result<Level, Error> {
    let online = arguments.minibatches.online(BATCH);
    let source = SourceConfig::new(arguments.builtin.as_deref(), &arguments.source)?;
    let bernoulli = matches!(arguments.family, Some(FamilyArgument::Bernoulli));
    let rows = read(source, arguments.source.memory, arguments.drop_constant, bernoulli)?;
    rows.check_number("--components", arguments.components)?;
    let settings = Settings {
        drop_constant: arguments.drop_constant,
        starts: arguments.starts,
        start: arguments.start,
        online,
        annealing: arguments.anneal.schedule(),
        prior: arguments.prior(&rows.data)?,
    };
    fit(&rows, &settings, &arguments.ascent)
}

pub(super) fn fit(rows: &Rows, settings: &Settings, ascent: &Ascent) -> Result<Level, Error> {
    let (x, width) = (&rows.data.values[..], rows.data.width());
    rows.need_values(0..width)?;
    let key = Key::new(ascent.seed);
    let begin = |start: usize| {
        let key = key.fold(start as u64);
        let mut fit = Fit::new(x, width, settings.prior.clone(), settings.start, key)?;
        if let Some(annealing) = settings.annealing {
            annealing.run(&mut fit)?;
        }
        if let Some(online) = settings.online {
            online.run(&mut fit, key, start)?;
        }
        Ok(fit)
    };
    let (fit, mut course) = ascent.best(Some(settings.starts), ROWS, begin)?;
    let q = fit.posterior();
    // The quadratic form of each row and component.
    let form = match &settings.prior.family {
        Family::Gaussian(GaussianPrior { covariance: Covariance::Full | Covariance::Tied, .. }) => width,
        _ => 1,
    };
    let operations = rows.data.rows() * settings.prior.components * width * form;
    let estimate = course.weigh("log p(x)", operations, |draws| fit.log_weights(draws, key))?;
    let used = fit.counts().iter().filter(|&&n| n >= 1.0).count();
    let described = described(&fit);
    course.keep("components", &described)?;
    let kind = match settings.prior.family {
        Family::Gaussian(_) => "Bayesian Gaussian mixture",
        Family::Bernoulli(_) => "Bayesian Bernoulli mixture",
    };
    let mut figures = Vec::new();
    if let Some(picture) = ellipses(x, &rows.data.columns, &described, |x| q.responsibilities(x)) {
        figures.push(("Components over the rows", picture));
    }
    figures.push(("Components", components(&rows.data.columns, &described)));
    let story = Story {
        model: "mixture",
        kind,
        settings,
        cards: vec![
            estimate,
            ("components".into(), format!("{used} of {} have a row or more", q.number())),
        ],
        notes: vec![
            "The bound is of the density of the rows in the units of the file. Components are numbered as they came; any \
             order of them is as good, and the estimate of log p(x) is that of this order."
                .into(),
        ],
        figures,
        fitted: Fitted::new(
            &rows.data.columns,
            &rows.config,
            Model::Mixture(q.clone()),
        ),
    };
    finish(ascent, &rows.config, &course, story)
}

/// The components that have a row or more.
fn described(fit: &Fit<'_>) -> Vec<Component> {
    let (q, counts) = (fit.posterior(), fit.counts());
    let of = |k: usize| Component {
        number: k + 1,
        rows: counts[k],
        share: q.shares()[k],
        mean: q.mean(k).to_vec(),
        covariance: q.covariance(k),
    };
    (0..q.number()).filter(|&k| counts[k] >= 1.0).map(of).collect()
}

/// Rows as the model takes them.
fn as_fitted(q: &Posterior, mut data: Dataset<f64>) -> Result<Dataset<f64>, Error> {
    if q.covariance(0).is_none() {
        cut(&mut data)?;
    }
    Ok(data)
}

impl RowModel for Posterior {
    const DENSITY: [&'static str; 2] = ["log_predictive_density", "log p(x | the fit's rows)"];

    /// The component that each row is most probably of, and the probability of each.
    fn describe(&self, data: Dataset<f64>) -> Result<Table, Error> {
        let data = as_fitted(self, data)?;
        let r = self.responsibilities(&data.values)?;
        let number = |r: &[f64]| likeliest(r) as f64 + 1.0;
        let names: Vec<String> = (1..=self.number()).map(|k| format!("p_{k}")).collect();
        let mut out = Table::new();
        out.push("component", Column::Real(r.chunks(self.number()).map(number).collect()));
        out.columns.extend(table::of(&names, &r).columns);
        out.push("log_density", Column::Real(self.log_density(data)?));
        Ok(out)
    }

    fn log_density(&self, data: Dataset<f64>) -> Result<Vec<f64>, Error> {
        let data = as_fitted(self, data)?;
        Ok(of_seen(&data, self.log_predictive(&data.values)?))
    }

    /// With the component of each.
    fn sample(&self, fitted: &Fitted, rows: usize, key: Key) -> Result<Table, Error> {
        let draws: Result<Vec<(usize, Vec<f64>)>, _> =
            (0..rows as u64).map(|row| self.sample(key, row)).collect();
        let (of, x): (Vec<usize>, Vec<Vec<f64>>) = draws?.into_iter().unzip();
        let mut out = table::of(&fitted.columns, &x.concat());
        out.push("component", Column::Real(of.iter().map(|&k| k as f64 + 1.0).collect()));
        Ok(out)
    }
}
