//! Bayesian factor analysis and probabilistic PCA.

use elbo::{
    diagnose::{Estimated, Remedy},
    guide::Family,
    mean_field::factor_analysis::{Fit, Noise, Posterior, Prior, Reconstruction, Start},
    random::{Key, Purpose},
};
use elbo_data::{Dataset, Table};
use serde::{Deserialize, Serialize};

use super::{
    ascent::{AscentResult, Fitting, ROWS, Restated, judge_skew, of_stored},
    model::Model,
    row_model::{RowModel, of_seen},
    summary::FitSummary,
};
use crate::{
    error::Error,
    estimates::Estimates,
    figure::{Figure, Loadings, Map},
    fitted::{Latents, Means, ModelMetadata},
    observer::{Observer, ObserverExt},
    query::{Approximation, Query},
    room::{check_room, numbers},
    rows::Rows,
    scaling::Scaling,
    source::Source,
    table,
};

/// Starts; one of many columns, whose starts take minutes each.
const STARTS: usize = 5;
const MANY_COLUMNS: usize = 20_000;

/// A factor analysis, as it is asked for: what is left open is chosen by the rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Request {
    /// The number of latent dimensions, of which those that explain nothing are switched off; if open, 10, or half as many
    /// as columns where that is fewer.
    pub latent: Option<usize>,
    /// One noise for all columns: probabilistic PCA.
    pub pca: bool,
    /// The columns stay as they are stored; else each is brought to mean 0 and standard deviation 1.
    pub unscaled: bool,
    /// Starts, of which the best is kept: the first at the principal components, one in three at random, the others each at
    /// columns of its own; if open, 5, or 1 of more than 20,000 columns.
    pub starts: Option<usize>,
    /// The column that says how many rows each row stands for; if open, one.
    pub row_weights: Option<String>,
}

/// What determines the fit beside the data and the ascent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    starts: usize,
    scaled: bool,
    prior: Prior,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    row_weights: Option<String>,
}

/// What `model.json` holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct FactorAnalysis {
    scaling: Scaling,
    posterior: Posterior,
}

/// As in a file.
#[derive(Deserialize)]
struct Parts {
    scaling: Scaling,
    posterior: Posterior,
}

impl TryFrom<Parts> for FactorAnalysis {
    type Error = Error;

    fn try_from(Parts { scaling, posterior }: Parts) -> Result<Self, Error> {
        scaling.check(posterior.columns())?;
        Ok(Self { scaling, posterior })
    }
}

/// Fits a factor analysis.
#[derive(Debug)]
pub struct Factors;

impl Model for Factors {
    const NAME: &'static str = "factors";
    type Request = Request;
    type Settings = Settings;
    type Data = Rows;
    type Posterior = FactorAnalysis;

    fn choose(
        request: &Request,
        source: Source,
        memory: Option<u64>,
        observer: &dyn Observer,
    ) -> Result<(Rows, Settings), Error> {
        let rows =
            Rows::read(source, memory, observer)?.weighted_by(request.row_weights.as_deref(), observer)?;
        let rows = rows.without_constant(observer)?;
        let width = rows.data.width();
        let latent = request.latent.unwrap_or_else(|| (width / 2).clamp(1, 10));
        let why = "half as many as columns, from 1 to 10; those that are not needed are switched off";
        observer.chose(request.latent.is_none(), "latent", latent.to_string(), why);
        if latent > width {
            return Err(Error::request(
                format!("{latent} latent dimensions are more than the {width} columns"),
                format!("give «latent {width}» or fewer"),
            ));
        }
        let noise = if request.pca { Noise::Shared } else { Noise::Each };
        let many = width > MANY_COLUMNS;
        observer.chose(
            request.starts.is_none() && many,
            "starts",
            "1",
            "each takes long with so many columns",
        );
        let starts = request.starts.unwrap_or(if many { 1 } else { STARTS });
        let scaled = !request.unscaled;
        let (prior, row_weights) = (Prior::new(latent, noise), request.row_weights.clone());
        Ok((rows, Settings { starts, scaled, prior, row_weights }))
    }

    fn read(
        settings: &Settings,
        source: Source,
        memory: Option<u64>,
        observer: &dyn Observer,
    ) -> Result<Rows, Error> {
        let rows =
            Rows::read(source, memory, observer)?.weighted_by(settings.row_weights.as_deref(), observer)?;
        rows.without_constant(observer)
    }

    fn mends(remedy: Remedy, _: &Settings) -> bool {
        use Remedy::{
            CountLikelihood, FewerParameters, Logarithm, Mixture, MoreLatents, MoreStarts, MoreSweeps,
            NormalScores, SquareRoot,
        };
        let of_rows = matches!(remedy, Logarithm | SquareRoot | NormalScores | CountLikelihood | Mixture);
        of_rows || matches!(remedy, MoreLatents | MoreStarts(_) | MoreSweeps | FewerParameters)
    }

    fn fit(
        mut rows: Rows,
        settings: &Settings,
        run: &Fitting<'_>,
    ) -> Result<(AscentResult, FitSummary<FactorAnalysis>), Error> {
        let (width, latent) = (rows.data.width(), settings.prior.latent);
        check_size(width, latent, rows.data.rows())?;
        rows.need_values(0..width)?;
        let scaling = Scaling::standard(&rows.data, rows.weights.as_deref(), settings.scaled);
        scaling.apply(&mut rows.data)?;
        let (data, x) = (&rows.data, &rows.data.values[..]);
        let weights = rows.weights.as_deref();
        let log_volume = scaling.weighted_log_volume(x, weights);
        let key = Key::new(run.seed).purpose(Purpose::Start);
        let begin = |start: usize| {
            let at = match start % 3 {
                _ if start == 0 => Start::Principal,
                0 => Start::Random(key.fold(start as u64)),
                // Numbers 1, 2, 4, 5, 7, … are parts 0, 1, 2, 3, 4, … of one sequence.
                _ => Start::Columns { key, number: start - 1 - start / 3 },
            };
            let fit = match weights {
                Some(weights) => Fit::weighted(x, width, weights, settings.prior, at)?,
                None => Fit::new(x, width, settings.prior, at)?,
            };
            Ok(Restated { fit, restate: of_stored(log_volume) })
        };
        let (Restated { fit, .. }, mut course) = run.best(Some(settings.starts), ROWS, begin)?;
        let q = fit.posterior().clone();
        course.compare_starts(rows.number());
        course.findings.transformed = rows.transforms(q.transforms(x)?).test();
        let stored = |name: &str| {
            let d = rows.data.columns.iter().position(|column| column == name).unwrap_or_default();
            rows.data.column(d).map(|x| scaling.undo(d, x)).collect()
        };
        judge_skew(&mut course.findings, stored, weights);
        let in_use = q.active().iter().filter(|active| **active).count() as f64;
        let noises = if settings.prior.noise == Noise::Shared { 1.0 } else { width as f64 };
        // Loadings up to a rotation, means and noises.
        let parameters = in_use * width as f64 - 0.5 * in_use * (in_use - 1.0) + width as f64 + noises;
        course.findings.estimated = Some(Estimated { parameters, rows: rows.number() });
        let described = loadings(&data.columns, scaling.divisors(), &q);
        course.found = Estimates::Factors { loadings: described.clone() };
        let active = q.active().iter().filter(|active| **active).count();
        course.findings.enough_parts = active < latent || latent == width;
        let mut figures = Vec::new();
        if described.dimensions.len() > 1 {
            let latents = q.infer(x)?;
            let [a, b] = [described.dimensions[0], described.dimensions[1]];
            let points: Vec<[f64; 2]> =
                latents.mean.chunks_exact(latent).map(|z| [z[a - 1], z[b - 1]]).collect();
            let axes = [a, b].map(|k| format!("latent dimension {k}"));
            let map = Map { points, labels: data.labels.clone(), axes };
            figures.push(("The two strongest dimensions".into(), Figure::Map(map)));
        }
        figures.insert(0, ("Loadings".into(), Figure::Loadings(described)));
        let mut notes = Vec::new();
        if settings.scaled {
            notes.push(
                "The columns were brought to mean 0 and standard deviation 1, in which units the prior and the loadings are. The \
                 bound is in the units of the file."
                    .into(),
            );
        }
        notes.push(
            "Loadings are known up to their signs, and up to a rotation that the prior leaves open.".into(),
        );
        let kind = match settings.prior.noise {
            Noise::Shared => "Bayesian probabilistic PCA",
            Noise::Each => "Bayesian factor analysis",
        };
        let story = FitSummary {
            kind: kind.into(),
            cards: vec![("dimensions".into(), format!("{active} of {latent} are active"))],
            notes,
            figures,
            about: ModelMetadata::new(&data.columns, &rows.config),
            posterior: FactorAnalysis { scaling, posterior: q },
        };
        Ok((course, story))
    }
}

/// Refuses a covariance for each column's loadings, and for each row's latents, that has no room.
fn check_size(width: usize, latent: usize, rows: usize) -> Result<(), Error> {
    let wide = latent.saturating_add(1);
    let copies = 8 + rayon::current_num_threads();
    let bytes = numbers(&[width.saturating_add(rows), wide, wide, copies]);
    let what = format!("the covariances of {latent} latent dimensions in {width} columns");
    check_room(&what, bytes, "give fewer dimensions with «latent K», or leave columns out")
}

/// The loadings of the dimensions that are active; `deviations` are those of the columns that q is of.
fn loadings(columns: &[String], deviations: &[f64], q: &Posterior) -> Loadings {
    let (active, latent) = (q.active(), q.latent());
    // How much of the columns' variance a dimension explains, in their units.
    let strength = |k: usize| q.loadings.iter().skip(k - 1).step_by(latent).map(|w| w * w).sum::<f64>();
    let mut dimensions: Vec<usize> = (1..=latent).filter(|&k| active[k - 1]).collect();
    dimensions.sort_by(|&a, &b| strength(b).total_cmp(&strength(a)));
    Loadings {
        columns: columns.to_vec(),
        latent,
        weights: q.loadings.clone(),
        noise: (0..columns.len()).map(|d| q.noise_precision(d).recip().sqrt()).collect(),
        deviations: deviations.to_vec(),
        dimensions,
    }
}

impl FactorAnalysis {
    /// Every row with its missing cells filled, and the standard deviation of what fills each.
    fn fill(&self, data: &Dataset<f64>) -> Result<Table, Error> {
        let mut scaled = data.at_rows(&(0..data.rows()).collect::<Vec<_>>());
        self.scaling.apply(&mut scaled)?;
        let Reconstruction { mean, sd } = self.posterior.reconstruct(&scaled.values)?;
        let (mut cells, mut deviations) = (data.values.to_vec(), vec![0.0; sd.len()]);
        let missing: Vec<usize> = (0..cells.len()).filter(|&e| cells[e].is_nan()).collect();
        for e in missing {
            let d = e % data.width();
            (cells[e], deviations[e]) = (self.scaling.undo(d, mean[e]), sd[e] * self.scaling.divisor(d));
        }
        let names: Vec<String> = data.columns.iter().map(|name| format!("{name}_sd")).collect();
        let mut out = table::of(&data.columns, &cells);
        out.columns.extend(table::of(&names, &deviations).columns);
        Ok(out)
    }

    /// Of scaled rows, in stored units.
    fn density(&self, scaled: &Dataset<f64>) -> Result<Vec<f64>, Error> {
        let density = of_seen(scaled, self.posterior.plug_in_log_density(&scaled.values)?);
        let rows = scaled.values.chunks_exact(scaled.width());
        Ok(density.iter().zip(rows).map(|(l, row)| l - self.scaling.log_volume(row)).collect())
    }
}

impl RowModel for FactorAnalysis {
    const DENSITY: &'static str = "log p(x | the parameters at their means)";

    /// The parameters are not known as well as at their means.
    fn approximation(&self) -> Approximation {
        Approximation::Estimate
    }

    /// The mean and the standard deviation of the latents of each row.
    fn describe(&self, data: &Dataset<f64>) -> Result<Table, Error> {
        let mut data = data.at_rows(&(0..data.rows()).collect::<Vec<_>>());
        self.scaling.apply(&mut data)?;
        let latents = self.posterior.infer(&data.values)?;
        let mut out = Table::new();
        for (name, values) in [("mean", &latents.mean), ("sd", &latents.sd())] {
            let names: Vec<String> = (1..=self.posterior.latent()).map(|k| format!("z_{k}_{name}")).collect();
            out.columns.extend(table::of(&names, values).columns);
        }
        Ok(out)
    }

    fn log_density(&self, mut data: Dataset<f64>) -> Result<Vec<f64>, Error> {
        self.scaling.apply(&mut data)?;
        self.density(&data)
    }

    fn sample(&self, about: &ModelMetadata, rows: usize, key: Key) -> Result<Table, Error> {
        let drawn = self.posterior.sample(rows, key)?;
        Ok(table::of(&about.columns, &self.scaling.undo_rows(&drawn)))
    }

    fn latents(&self) -> Option<&dyn Latents> {
        Some(self)
    }

    fn filled(&self, data: &Dataset<f64>) -> Option<Result<Table, Error>> {
        Some(self.fill(data))
    }
}

impl Latents for FactorAnalysis {
    fn names(&self) -> Vec<String> {
        (1..=self.posterior.latent()).map(|k| format!("z_{k}")).collect()
    }

    fn family(&self) -> Family {
        Family::Gaussian
    }

    fn means(&self, about: &ModelMetadata, asked: &Query, watch: &dyn Observer) -> Result<Means, Error> {
        let mut data = about.rows(asked, &about.columns, watch)?;
        self.scaling.apply(&mut data)?;
        Ok(Means { z: self.posterior.infer(&data.values)?.mean, labels: data.labels })
    }

    /// E\[W\] z + E\[μ\].
    fn decode(&self, z: &[f64]) -> Result<Vec<f64>, Error> {
        let (q, latent) = (&self.posterior, self.posterior.latent());
        let cell = |z: &[f64], d: usize| {
            let loadings = &q.loadings[d * latent..(d + 1) * latent];
            loadings.iter().zip(z).map(|(w, z)| w * z).sum::<f64>() + q.mean[d]
        };
        let rows = z.chunks_exact(latent).flat_map(|z| (0..q.columns()).map(move |d| cell(z, d)));
        Ok(self.scaling.undo_rows(&rows.collect::<Vec<f64>>()))
    }
}
