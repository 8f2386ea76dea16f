//! `elbo factors`: Bayesian factor analysis and probabilistic PCA.

use clap::Args;
use elbo::{
    diagnose::Level,
    mean_field::factor_analysis::{Fit, Noise, Posterior, Prior, Start},
    random::{Key, Purpose},
};
use elbo_data::{Column, Dataset, Table};
use serde::{Deserialize, Serialize};

use super::{
    Ascent, Rows, Story,
    course::{ROWS, Stored},
    finish,
    fitted::{Fitted, Model},
    standardise::Standardise,
};
use crate::{
    arguments::{Source, parse_count},
    error::Error,
    report::{Loadings, latent_map, loadings},
};

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  elbo factors --data wine.csv --label-column target --latent 6
  elbo factors digits --latent 20 --pca
  elbo predict runs/wine-factors                    the latents of each row
  elbo reconstruct runs/wine-factors --data gaps.csv   cells that are missing, filled")]
pub(crate) struct Factors {
    /// A built-in data set: `digits`.
    #[arg(value_name = "NAME", conflicts_with = "data", value_parser = ["digits"])]
    builtin: Option<String>,
    #[command(flatten)]
    source: Source,
    /// The number of latent dimensions, of which those that explain nothing are switched off. Without it: 10, or half as many
    /// as columns where that is fewer.
    #[arg(long, value_name = "K", value_parser = parse_count::<usize>, help_heading = "Model")]
    latent: Option<usize>,
    /// One noise for all columns: probabilistic PCA. Without it each column has its own: factor analysis.
    #[arg(long, help_heading = "Model")]
    pca: bool,
    /// Leave the columns as they are stored; without it each is brought to mean 0 and standard deviation 1.
    #[arg(long, help_heading = "Model")]
    unscaled: bool,
    /// Starts, of which the best is kept: the first at the principal components, the others at random.
    #[arg(long, value_name = "R", default_value = "3", value_parser = parse_count::<usize>, help_heading = "Ascent")]
    starts: usize,
    #[command(flatten)]
    ascent: Ascent,
}

/// What determines the fit beside the data and the ascent.
#[derive(Serialize, Deserialize)]
pub(super) struct Settings {
    starts: usize,
    scaled: bool,
    prior: Prior,
}

/// What `model.json` holds.
#[derive(Serialize, Deserialize)]
pub(crate) struct FactorAnalysis {
    scaling: Standardise,
    posterior: Posterior,
}

pub(crate) fn factors(arguments: &Factors) -> Result<Level, Error> {
    let rows = Rows::read(arguments.builtin.as_deref(), &arguments.source)?;
    let width = rows.data.width();
    let latent = arguments.latent.unwrap_or_else(|| (width / 2).clamp(1, 10));
    if latent > width {
        return Err(Error::usage(
            format!("{latent} latent dimensions are more than the {width} columns"),
            format!("give --latent {width} or fewer"),
        ));
    }
    let noise = if arguments.pca { Noise::Shared } else { Noise::Each };
    let (starts, scaled) = (arguments.starts, !arguments.unscaled);
    fit(&rows, &Settings { starts, scaled, prior: Prior::new(latent, noise) }, &arguments.ascent)
}

pub(super) fn fit(rows: &Rows, settings: &Settings, ascent: &Ascent) -> Result<Level, Error> {
    let (data, width, latent) = (&rows.data, rows.data.width(), settings.prior.latent);
    rows.need_values(0..width)?;
    let scaling = Standardise::of(data, &(0..width).collect::<Vec<_>>(), settings.scaled);
    let x = scaling.apply(data)?;
    let log_volume = x.chunks_exact(width).map(|row| scaling.log_volume(row)).sum();
    let key = Key::new(ascent.seed).purpose(Purpose::Start);
    let begin = |start: usize| {
        let at = if start == 0 { Start::Principal } else { Start::Random(key.fold(start as u64)) };
        Ok(Stored { fit: Fit::new(&x, width, settings.prior, at)?, log_volume })
    };
    let (Stored { fit, .. }, mut course) = ascent.best(Some(settings.starts), ROWS, begin)?;
    let q = fit.posterior().clone();
    let described = Loadings::of(&data.columns, &scaling.sd, &q);
    course.keep("loadings", &described)?;
    let active = q.active().iter().filter(|active| **active).count();
    let mut figures = vec![("Loadings", loadings(&described))];
    if described.dimensions.len() > 1 {
        let latents = q.infer(&x)?;
        let [a, b] = [described.dimensions[0], described.dimensions[1]];
        let points: Vec<[f64; 2]> = latents.mean.chunks_exact(latent).map(|z| [z[a - 1], z[b - 1]]).collect();
        let axes = [a, b].map(|k| format!("latent dimension {k}"));
        let map = latent_map(&points, data.labels.as_deref(), &axes);
        figures.extend(map.map(|map| ("The two strongest dimensions", map)));
    }
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
    let story = Story {
        model: "factors",
        kind: match settings.prior.noise {
            Noise::Shared => "Bayesian probabilistic PCA",
            Noise::Each => "Bayesian factor analysis",
        },
        settings,
        cards: vec![("dimensions".into(), format!("{active} of {latent} are active"))],
        notes,
        figures,
        fitted: Fitted::new(
            &data.columns,
            &rows.source,
            Model::FactorAnalysis(FactorAnalysis { scaling, posterior: q }),
        ),
    };
    finish(ascent, rows, &course, story)
}

impl FactorAnalysis {
    /// The mean and the standard deviation of the latents of each row.
    pub(super) fn predict(&self, data: &Dataset<f64>) -> Result<Table, Error> {
        let latents = self.posterior.infer(&self.scaling.apply(data)?)?;
        let mut out = Table::new();
        let k = self.posterior.latent();
        for (name, values) in [("mean", &latents.mean), ("sd", &latents.sd())] {
            for j in 0..k {
                let column = values.iter().skip(j).step_by(k).copied().collect();
                out.push(format!("{name}_{}", j + 1), Column::Real(column));
            }
        }
        out.push("log_density", Column::Real(self.log_density(data)?));
        Ok(out)
    }

    /// Every row with its missing cells filled, and the standard deviation of each cell's prediction.
    pub(super) fn reconstruct(&self, data: &Dataset<f64>) -> Result<Table, Error> {
        let x = self.scaling.apply(data)?;
        let (filled, sd) = (self.posterior.impute(&x)?, self.posterior.reconstruct(&x)?.sd);
        let (stored, width) = (self.scaling.undo(&filled), self.scaling.names.len());
        let mut out = Table::new();
        for (d, name) in self.scaling.names.iter().enumerate() {
            out.push(name, Column::Real(stored.iter().skip(d).step_by(width).copied().collect()));
        }
        for (d, name) in self.scaling.names.iter().enumerate() {
            let column = sd.iter().skip(d).step_by(width).map(|sd| sd * self.scaling.sd[d]).collect();
            out.push(format!("{name}_sd"), Column::Real(column));
        }
        Ok(out)
    }

    pub(super) fn sample(&self, rows: usize, key: Key) -> Result<Table, Error> {
        let drawn = self.scaling.undo(&self.posterior.sample(rows, key)?);
        let width = self.scaling.names.len();
        let mut out = Table::new();
        for (d, name) in self.scaling.names.iter().enumerate() {
            out.push(name, Column::Real(drawn.iter().skip(d).step_by(width).copied().collect()));
        }
        Ok(out)
    }

    /// log p of each row in stored units, the parameters at their means.
    pub(super) fn log_density(&self, data: &Dataset<f64>) -> Result<Vec<f64>, Error> {
        let x = self.scaling.apply(data)?;
        let densities = self.posterior.plug_in_log_density(&x)?;
        let rows = x.chunks_exact(self.scaling.names.len());
        Ok(densities.iter().zip(rows).map(|(l, row)| l - self.scaling.log_volume(row)).collect())
    }
}
