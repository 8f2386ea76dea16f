//! `elbo factors`: Bayesian factor analysis and probabilistic PCA.

use clap::Args;
use elbo::{
    diagnose::Level,
    mean_field::factor_analysis::{Fit, Noise, Posterior, Prior, Reconstruction, Start},
    random::{Key, Purpose},
};
use elbo_data::{Column, Dataset, Table};
use serde::{Deserialize, Serialize};

use super::{
    Ascent, Rows, Story,
    course::{ROWS, Stored},
    finish,
    fitted::{Fitted, Model},
    rows::{RowModel, of_seen},
    standardise::Standardise,
};
use crate::{
    arguments::{Source, parse_count},
    error::Error,
    report::{Loadings, latent_map, loadings},
    table,
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
    fit(rows, &Settings { starts, scaled, prior: Prior::new(latent, noise) }, &arguments.ascent)
}

pub(super) fn fit(mut rows: Rows, settings: &Settings, ascent: &Ascent) -> Result<Level, Error> {
    let (width, latent) = (rows.data.width(), settings.prior.latent);
    rows.need_values(0..width)?;
    let scaling = Standardise::of(&rows.data, settings.scaled);
    scaling.apply(&mut rows.data)?;
    let (data, x) = (&rows.data, &rows.data.values[..]);
    let log_volume = scaling.log_volume(x);
    let key = Key::new(ascent.seed).purpose(Purpose::Start);
    let begin = |start: usize| {
        let at = if start == 0 { Start::Principal } else { Start::Random(key.fold(start as u64)) };
        Ok(Stored { fit: Fit::new(x, width, settings.prior, at)?, log_volume })
    };
    let (Stored { fit, .. }, mut course) = ascent.best(Some(settings.starts), ROWS, begin)?;
    let q = fit.posterior().clone();
    let described = Loadings::of(&data.columns, &scaling.sd, &q);
    course.keep("loadings", &described)?;
    let active = q.active().iter().filter(|active| **active).count();
    let mut figures = vec![("Loadings", loadings(&described))];
    if described.dimensions.len() > 1 {
        let latents = q.infer(x)?;
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
            &rows.config,
            Model::FactorAnalysis(FactorAnalysis { scaling, posterior: q }),
        ),
    };
    finish(ascent, &rows.config, &course, story)
}

impl FactorAnalysis {
    /// Every row with its missing cells filled, and the standard deviation of what fills each.
    pub(super) fn reconstruct(&self, data: &Dataset<f64>) -> Result<Table, Error> {
        let mut scaled = data.at_rows(&(0..data.rows()).collect::<Vec<_>>());
        self.scaling.apply(&mut scaled)?;
        let Reconstruction { mean, sd } = self.posterior.reconstruct(&scaled.values)?;
        let (mut cells, mut deviations) = (data.values.to_vec(), vec![0.0; sd.len()]);
        let missing: Vec<usize> = (0..cells.len()).filter(|&e| cells[e].is_nan()).collect();
        for e in missing {
            let d = e % data.width();
            (cells[e], deviations[e]) = (self.scaling.undo(d, mean[e]), sd[e] * self.scaling.sd[d]);
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
    const DENSITY: [&'static str; 2] = ["log_plug_in_density", "log p(x | the parameters at their means)"];

    /// The mean and the standard deviation of the latents of each row.
    fn describe(&self, mut data: Dataset<f64>) -> Result<Table, Error> {
        self.scaling.apply(&mut data)?;
        let latents = self.posterior.infer(&data.values)?;
        let mut out = Table::new();
        for (name, values) in [("mean", &latents.mean), ("sd", &latents.sd())] {
            let names: Vec<String> = (1..=self.posterior.latent()).map(|k| format!("{name}_{k}")).collect();
            out.columns.extend(table::of(&names, values).columns);
        }
        out.push("log_density", Column::Real(self.density(&data)?));
        Ok(out)
    }

    fn log_density(&self, mut data: Dataset<f64>) -> Result<Vec<f64>, Error> {
        self.scaling.apply(&mut data)?;
        self.density(&data)
    }

    fn sample(&self, fitted: &Fitted, rows: usize, key: Key) -> Result<Table, Error> {
        let drawn = self.posterior.sample(rows, key)?;
        Ok(table::of(&fitted.columns, &self.scaling.undo_rows(&drawn)))
    }
}
