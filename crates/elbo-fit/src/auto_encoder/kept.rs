//! What an auto-encoder's run folder holds beside its configuration: models, the state of a fit, its epochs.
//!
//! `model.safetensors` holds the best parameters and the whole configuration, so it can be used by itself;
//! `last.safetensors` the last ones; `state` what a resumed fit needs; `metrics.jsonl` a line for each epoch.

use std::path::Path;

use elbo::{
    burn::tensor::Device,
    diagnose::Patience,
    fit::Progress,
    optimiser::Moments,
    parameters::{self, BurnModule},
    random::Key,
    train::{LocalParameters, State},
};
use elbo_data::Tensors;
use serde::{Deserialize, Serialize};

use super::{
    config::Config,
    networks::{Built, Networks},
    shape::check_size,
};
use crate::{
    error::Error,
    fitted::is_fitted,
    folder::{self, Folder, STATE},
    settings::not_a_job,
};

#[derive(Serialize, Deserialize)]
struct Counters {
    epoch: u64,
    step: u64,
    model_steps: u64,
    guide_steps: u64,
    best_epoch: u64,
    waited: u64,
}

/// What an auto-encoder writes into its folder.
impl Folder {
    /// Writes parameters under the names of the model's tensors, with the configuration beside them.
    pub(super) fn write_model(
        &self,
        file: &str,
        shape: &impl BurnModule,
        values: &[f32],
        config: &Config,
    ) -> Result<(), Error> {
        let mut tensors = Tensors::new();
        for block in parameters::layout(shape) {
            tensors.insert_f32(&block.name, &block.shape, values[block.range()].to_vec());
        }
        tensors.set_metadata(config.to_toml()?);
        self.write(file, &tensors.to_bytes()?)
    }

    /// Writes what a resumed fit needs.
    pub(super) fn write_state(&self, progress: &Progress) -> Result<(), Error> {
        let State { parameters, model, guide, step, estimator } = &progress.state;
        let counters = Counters {
            epoch: progress.epoch,
            step: *step,
            model_steps: model.steps,
            guide_steps: guide.steps,
            best_epoch: progress.patience.best_epoch,
            waited: progress.patience.waited,
        };
        let mut tensors = Tensors::new();
        for (name, values) in [
            ("parameters", parameters),
            ("best", &progress.best),
            ("model.first", &model.first),
            ("model.second", &model.second),
            ("guide.first", &guide.first),
            ("guide.second", &guide.second),
        ] {
            tensors.insert_f32(name, &[values.len()], values.clone());
        }
        if let Some(LocalParameters { train, validation }) = &progress.psi {
            tensors.insert_f32("psi.train", &[train.len()], train.clone());
            tensors.insert_f32("psi.validation", &[validation.len()], validation.clone());
        }
        let best = progress.patience.best.clone();
        tensors.insert_f64("validation.best", &[best.len()], best);
        tensors.insert_f64("estimator", &[estimator.len()], estimator.clone());
        tensors.set_metadata(serde_json::to_string(&counters)?);
        self.write(STATE, &tensors.to_bytes()?)
    }

    /// Reads what [`Self::write_state`] wrote; none of a fit that was stopped before.
    pub(super) fn read_state(&self) -> Result<Option<Progress>, Error> {
        let path = self.path(STATE);
        let again = format!("start it again with «config {}»", self.path("config.toml").display());
        if !path.exists() {
            return Ok(None);
        }
        let mut tensors =
            Tensors::read(&path).map_err(|error| Error::new(error.to_string()).remedy(&again))?;
        let counters: Counters =
            tensors.metadata().and_then(|text| serde_json::from_str(text).ok()).ok_or_else(|| {
                Error::new(format!("`{}` is not the state of a run", path.display())).remedy(&again)
            })?;
        let mut take = |name: &str| -> Result<Vec<f32>, Error> {
            let len = tensors.get(name).map_or(0, |(shape, _)| shape.iter().product());
            Ok(tensors.take_f32(name, &[len])?)
        };
        let mut state = State {
            parameters: take("parameters")?,
            model: Moments {
                first: take("model.first")?,
                second: take("model.second")?,
                steps: counters.model_steps,
            },
            guide: Moments {
                first: take("guide.first")?,
                second: take("guide.second")?,
                steps: counters.guide_steps,
            },
            step: counters.step,
            estimator: Vec::new(),
        };
        let best = take("best")?;
        let (train, validation) = (take("psi.train"), take("psi.validation"));
        let psi =
            train.ok().zip(validation.ok()).map(|(train, validation)| LocalParameters { train, validation });
        // A state from before estimators carried anything has none.
        if let Some(carried) = tensors.get("estimator").map(|(shape, _)| shape.iter().product()) {
            state.estimator = tensors.take_f64("estimator", &[carried])?;
        }
        let rows = tensors.get("validation.best").map_or(0, |(shape, _)| shape.iter().product());
        let patience = Patience {
            best_epoch: counters.best_epoch,
            waited: counters.waited,
            best: tensors.take_f64("validation.best", &[rows])?,
        };
        Ok(Some(Progress { state, epoch: counters.epoch, patience, best, psi }))
    }
}

/// Reads a fitted model of these networks, and how it was made: a run folder's best, or a model file.
pub(super) fn read_model<N: Networks>(
    networks: &N,
    path: &Path,
    device: &Device,
) -> Result<(Config, Built<N>), Error> {
    let file = if path.is_dir() { path.join("model.safetensors") } else { path.to_path_buf() };
    if is_fitted(path) {
        return Err(Error::request(
            format!("`{}` is no auto-encoder: coordinate ascent has fitted it", path.display()),
            "«elbo predict», «elbo evaluate» and «elbo sample» take it; «elbo reconstruct» takes a fit of factors",
        ));
    }
    if !file.exists() {
        folder::finished(path)?;
        return Err(Error::new(format!("`{}` does not exist", file.display()))
            .remedy("give a run folder as runs/digits, or a model.safetensors file"));
    }
    let mut tensors = Tensors::read(&file)?;
    let config = tensors.metadata().and_then(|text| Config::from_toml(text).ok()).ok_or_else(|| {
        Error::new(format!("`{}` is not a model that elbo wrote", file.display()))
            .remedy("give a run folder as runs/digits, or a model.safetensors file")
    })?;
    let config = consistent(config, &file)?;
    config.check_networks(networks, &file)?;
    let shape = networks.build(&config.fit.vae, config.data.columns.len(), Key::new(0), device)?;
    let mut values: Vec<f32> = Vec::new();
    for block in parameters::layout(&shape) {
        values.extend(tensors.take_f32(&block.name, &block.shape)?);
    }
    Ok((config, parameters::load(shape, &values, device)?))
}

impl Config {
    /// That of a file which was read.
    ///
    /// # Errors
    /// Where it is none of ours.
    pub(crate) fn of(text: &str, path: &Path) -> Result<Self, Error> {
        let config = Self::from_toml(text).map_err(|cause| not_a_job(path, text, &cause))?;
        consistent(config, path)
    }

    /// Checks that the file is of a fit of these networks.
    pub(super) fn check_networks(&self, networks: &impl Networks, file: &Path) -> Result<(), Error> {
        if self.networks.as_deref() == networks.name() {
            return Ok(());
        }
        let told = |name: Option<&str>| name.map_or("elbo's own".into(), |name| format!("`{name}`"));
        let (these, given) = (told(self.networks.as_deref()), told(networks.name()));
        Err(Error::new(format!("the networks of `{}` are {these}, not {given}", file.display()))
            .remedy("a fit of networks of one's own is read by the program that has them"))
    }
}

fn consistent(config: Config, path: &Path) -> Result<Config, Error> {
    if config.is_consistent() {
        // What a file says of sizes is believed no more than what is asked for.
        let vae = &config.fit.vae;
        check_size(config.data.columns.len(), &vae.hidden, vae.latent, &vae.network, vae.second.as_ref())
            .map_err(|error| {
                Error::new(format!("`{}`: {}", path.display(), error.message()))
                    .remedy("give a file as elbo wrote it")
            })?;
        return Ok(config);
    }
    let message =
        format!("`{}`: the columns, image, scaling and validation do not fit together", path.display());
    Err(Error::new(message).remedy("give a file as elbo wrote it; its [data] follows from the data"))
}
