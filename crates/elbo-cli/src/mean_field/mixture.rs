//! `elbo mixture`: Bayesian mixtures of Gaussians, or of columns of 0 and 1.

use clap::{Args, ValueEnum};
use elbo::{
    diagnose::{Level, pareto_smoothed},
    mean_field::{
        Annealing, RobbinsMonro, Start, Stochastic, best_of,
        mixture::{Covariance, Family, Fit, GaussianPrior, Posterior, Prior, Weights},
    },
    random::Key,
};
use elbo_data::{Column, Dataset, Table};
use serde::Serialize;

use super::{
    Ascent, Course, Rows, Story, Watch, finish,
    fitted::{Fitted, Model, likeliest},
    rows::{RowModel, of_seen},
};
use crate::{
    arguments::{Source, parse_count, parse_fraction, parse_positive},
    error::Error,
    report::{Component, components, ellipses},
    table,
};

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elbo mixture --data faithful.csv --components 6
  elbo mixture --data faithful.csv --weights dirichlet-process --components 20
  elbo mixture digits --family bernoulli --components 20
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
    /// What the covariances of Gaussian components are.
    #[arg(long, value_enum, default_value_t, help_heading = "Model")]
    covariance: CovarianceArgument,
    /// The prior of the weights.
    #[arg(long, value_enum, default_value_t, help_heading = "Model")]
    weights: WeightsArgument,
    /// α₀ of the Dirichlet (1/K without it), or γ of the Dirichlet process (1 without it).
    #[arg(long, value_name = "A", value_parser = parse_positive, help_heading = "Model")]
    concentration: Option<f64>,
    /// How many rows the prior of a component's mean is worth.
    #[arg(long, value_name = "ROWS", default_value = "1", value_parser = parse_positive, help_heading = "Model")]
    mean_precision: f64,
    /// Starts, of which the best is kept.
    #[arg(long, value_name = "R", default_value = "5", value_parser = parse_count::<usize>, help_heading = "Ascent")]
    starts: usize,
    /// Where each begins.
    #[arg(long, value_enum, default_value_t, help_heading = "Ascent")]
    start: StartArgument,
    /// Deterministic annealing: the inverse temperature to begin at, as 0.4.
    #[arg(long, value_name = "BETA", value_parser = parse_fraction, help_heading = "Ascent")]
    anneal: Option<f64>,
    /// Passes over the rows by natural-gradient minibatches before the sweeps, for many rows.
    #[arg(long, value_name = "E", default_value = "0", help_heading = "Ascent")]
    stochastic_epochs: u64,
    /// Rows of such a minibatch.
    #[arg(long, value_name = "B", default_value = "10000", value_parser = parse_count::<usize>,
          help_heading = "Ascent")]
    batch: usize,
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

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum CovarianceArgument {
    /// A matrix for each component.
    #[default]
    Full,
    /// One matrix for all.
    Tied,
    /// A variance for each component and column.
    Diagonal,
    /// A variance for each component.
    Spherical,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum WeightsArgument {
    /// Dir(α₀, …, α₀).
    #[default]
    Dirichlet,
    /// A Dirichlet process, of which K components are used.
    DirichletProcess,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum StartArgument {
    /// k-means from rows far from one another.
    #[default]
    KMeans,
    /// Rows drawn alike.
    Random,
}

/// What determines the fit beside the data and the ascent.
#[derive(Serialize)]
struct Settings {
    starts: usize,
    start: Start,
    stochastic_epochs: u64,
    batch: usize,
    annealing: Option<Annealing>,
    prior: Prior,
}

/// Draws of the parameters behind k̂ and the estimate of log p(x), and for how many operations they are made.
const DRAWS: usize = 1000;
const MOST_WORK: usize = 20_000_000_000;
/// Sweeps of the falling temperature.
const ANNEALED: usize = 30;

impl Mixture {
    fn prior(&self, x: &[f64], width: usize) -> Result<Prior, Error> {
        let binary = || x.iter().all(|&x| x.is_nan() || x == 0.0 || x == 1.0);
        let bernoulli = match self.family {
            Some(family) => matches!(family, FamilyArgument::Bernoulli),
            None => binary(),
        };
        let covariance = match self.covariance {
            CovarianceArgument::Full => Covariance::Full,
            CovarianceArgument::Tied => Covariance::Tied,
            CovarianceArgument::Diagonal => Covariance::Diagonal,
            CovarianceArgument::Spherical => Covariance::Spherical,
        };
        let family = if bernoulli {
            Family::Bernoulli([1.0, 1.0])
        } else {
            let of_rows = GaussianPrior::of(x, width, covariance).map_err(|error| {
                Error::from(error).hint("leave the column out, or set a label aside with --label-column")
            })?;
            Family::Gaussian(GaussianPrior { mean_precision: self.mean_precision, ..of_rows })
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
    let rows = Rows::read(arguments.builtin.as_deref(), &arguments.source)?;
    let (x, width) = (&rows.data.values[..], rows.data.width());
    let settings = Settings {
        starts: arguments.starts,
        start: match arguments.start {
            StartArgument::KMeans => Start::KMeans,
            StartArgument::Random => Start::Random,
        },
        stochastic_epochs: arguments.stochastic_epochs,
        batch: arguments.batch,
        annealing: arguments.anneal.map(|from| Annealing { from, sweeps: ANNEALED }),
        prior: arguments.prior(x, width)?,
    };
    let key = Key::new(arguments.ascent.seed);
    let begin = |start: usize| {
        let key = key.fold(start as u64);
        let mut fit = Fit::new(x, width, settings.prior.clone(), settings.start, key)?;
        if let Some(annealing) = settings.annealing {
            annealing.run(&mut fit)?;
        }
        let mut steps = 0;
        for epoch in 0..settings.stochastic_epochs {
            fit.epoch(settings.batch, &RobbinsMonro::default(), key, epoch, &mut steps)?;
        }
        Ok(fit)
    };
    let mut watch = Watch::new(arguments.starts);
    let config = arguments.ascent.config();
    let best =
        best_of(arguments.starts, begin, &config, |start, sweep, bound| watch.sweep(start, sweep, bound))?;
    let (fit, course) = Course::of(best);
    let mut findings = course.findings(true);
    let q = fit.posterior();
    let mut cards = Vec::new();
    let cost = (rows.data.rows() * arguments.components * width * width).max(1);
    if cost * DRAWS <= MOST_WORK {
        let weights = pareto_smoothed(&fit.log_weights(DRAWS, key)?)?;
        findings.parameters_khat = weights.khat;
        let khat = weights.khat.map_or("–".into(), |khat| format!("{khat:.2}"));
        let estimate = format!("{:.3} nats, estimated; k̂ = {khat}", weights.log_mean_weight);
        cards.push(("log p(x)".into(), estimate));
    }
    let used = fit.counts().iter().filter(|&&n| n >= 1.0).count();
    let described: Vec<Component> = (0..q.number())
        .map(|k| Component {
            number: k + 1,
            rows: fit.counts()[k],
            share: q.shares()[k],
            mean: q.mean(k).to_vec(),
            covariance: q.covariance(k),
        })
        .filter(|component| component.rows >= 1.0)
        .collect();
    let kind = match settings.prior.family {
        Family::Gaussian(_) => "Bayesian Gaussian mixture",
        Family::Bernoulli(_) => "Bayesian Bernoulli mixture",
    };
    let mut figures = Vec::new();
    if let Some(picture) = ellipses(x, &rows.data.columns, &described, |x| q.responsibilities(x)) {
        figures.push(("Components over the rows", picture));
    }
    figures.push(("Components", components(&rows.data.columns, &described)));
    cards.push(("components".into(), format!("{used} of {} have a row or more", q.number())));
    let story = Story {
        model: "mixture",
        kind,
        settings: &settings,
        cards,
        notes: vec![
            "The bound is of the density of the rows in the units of the file. Components are numbered as they came; any \
             order of them is as good, and the estimate of log p(x) is that of this order."
                .into(),
        ],
        figures,
        fitted: Fitted::new(
            &rows.data.columns,
            &rows.source,
            &rows.fingerprint,
            Model::Mixture(q.clone()),
        ),
    };
    finish(&arguments.ascent, &rows, &watch, &course, &findings, story)
}

impl RowModel for Posterior {
    const DENSITY: [&'static str; 2] = ["log_predictive_density", "log p(x | the fit's rows)"];

    /// The component that each row is most probably of, and the probability of each.
    fn describe(&self, data: Dataset<f64>) -> Result<Table, Error> {
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
