//! The run folder: what a fit leaves behind, and reading it again.
//!
//! `model.safetensors` holds the best parameters and the whole configuration, so it can be used by itself;
//! `last.safetensors` the last ones; `state` what a resumed fit needs; `metrics.jsonl` a line for each epoch.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use burn::tensor::Device;
use elbo::{
    diagnose::Patience,
    fit::{EpochReport, Progress},
    model::Vae,
    optimiser::Moments,
    parameters,
    random::Key,
    train::{Psi, State},
};
use elbo_data::{Tensors, write_atomically};
use serde::{Deserialize, Serialize};

use crate::{config::Config, error::Error, mean_field::is_mean_field};

/// A folder that holds a run.
#[derive(Debug)]
pub(crate) struct Run {
    folder: PathBuf,
    /// Two processes that write one run would mix their epochs: the first one locks its config.toml.
    _lock: File,
}

/// A line of `metrics.jsonl`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Metrics {
    #[serde(flatten)]
    pub(crate) epoch: EpochReport,
    /// Wall-clock time of the epoch.
    pub(crate) seconds: f64,
    /// Training rows a second.
    pub(crate) rows_per_second: f64,
}

/// A fitted model and how it was made.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) config: Config,
    pub(crate) vae: Vae,
}

#[derive(Serialize, Deserialize)]
struct Counters {
    epoch: u64,
    step: u64,
    model_steps: u64,
    guide_steps: u64,
    best_epoch: u64,
    waited: u64,
}

impl Run {
    /// Checks, before any work is done for it, that [`Self::create`] can make a run.
    pub(crate) fn check(runs: &Path, name: Option<&str>, asked: bool) -> Result<(), Error> {
        if let Some(name) = name {
            check_name(name)?;
            let folder = runs.join(name);
            if asked && folder.exists() {
                return Err(taken(&folder));
            }
        }
        let there = std::path::absolute(runs).map_err(|cause| no_folder(runs, &cause))?;
        let there = there.ancestors().find(|folder| folder.exists()).unwrap_or(runs);
        let trial = there.join(format!(".elbo-{}", std::process::id()));
        let made = fs::create_dir(&trial).and_then(|()| fs::remove_dir(&trial));
        made.map_err(|cause| no_folder(runs, &cause))
    }

    /// Makes a new folder `runs/NAME`, or `runs/NAME-2`, … where the name was not asked for and is taken, with its
    /// config.toml.
    pub(crate) fn create(runs: &Path, name: &str, config: &str, asked: bool) -> Result<Self, Error> {
        check_name(name)?;
        fs::create_dir_all(runs).map_err(|cause| no_folder(runs, &cause))?;
        for number in 1.. {
            let folder = runs.join(if number == 1 { name.into() } else { format!("{name}-{number}") });
            match fs::create_dir(&folder) {
                Ok(()) => {
                    write_atomically(&folder.join("config.toml"), config.as_bytes())?;
                    return Self::open(&folder);
                }
                Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => {
                    if asked {
                        return Err(taken(&folder));
                    }
                }
                Err(cause) => return Err(no_folder(&folder, &cause)),
            }
        }
        unreachable!("a free number is found")
    }

    /// An existing folder.
    pub(crate) fn open(folder: &Path) -> Result<Self, Error> {
        let config = folder.join("config.toml");
        if !config.is_file() {
            let message = format!("`{}` is not a run folder: it holds no config.toml", folder.display());
            return Err(Error::plain(message).hint("give a folder that `elbo train` made, as runs/digits"));
        }
        let lock = File::open(&config).map_err(|cause| Error::io("read", &config, &cause))?;
        // A file system without locks is no reason to refuse.
        if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
            let message = format!("another process is fitting `{}`", folder.display());
            return Err(Error::plain(message).hint("wait until it is done, or stop it"));
        }
        let run = Self { folder: folder.into(), _lock: lock };
        run.tidy();
        Ok(run)
    }

    /// Removes the temporary files of writes that a kill cut short.
    fn tidy(&self) {
        let files = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for file in files.filter(|file| file.file_name().to_string_lossy().starts_with(".elbo-")) {
            // What cannot be removed only takes space.
            let _ = fs::remove_file(file.path());
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    pub(crate) fn write(&self, file: &str, bytes: &[u8]) -> Result<(), Error> {
        Ok(write_atomically(&self.path(file), bytes)?)
    }

    pub(crate) fn read_config(&self) -> Result<Config, Error> {
        read_config(&self.path("config.toml"))
    }

    /// Appends an epoch to `metrics.jsonl`.
    pub(crate) fn append_metrics(&self, metrics: &Metrics) -> Result<(), Error> {
        let path = self.path("metrics.jsonl");
        let failed = |cause| Error::io("write", &path, &cause);
        let mut file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
        let line = serde_json::to_string(metrics)?;
        file.write_all(format!("{line}\n").as_bytes()).map_err(failed)
    }

    /// The epochs up to a number; an interrupted run may have written more, and a last line that is cut off.
    pub(crate) fn read_metrics(&self, last: u64) -> Result<Vec<Metrics>, Error> {
        let path = self.path("metrics.jsonl");
        let failed = |cause| Error::io("read", &path, &cause);
        if !path.exists() {
            return Ok(Vec::new());
        }
        let mut all = Vec::new();
        for line in BufReader::new(File::open(&path).map_err(failed)?).lines() {
            let Ok(metrics) = serde_json::from_str::<Metrics>(&line.map_err(failed)?) else { break };
            if metrics.epoch.epoch > last {
                break;
            }
            all.push(metrics);
        }
        Ok(all)
    }

    /// Replaces `metrics.jsonl`.
    pub(crate) fn write_metrics(&self, metrics: &[Metrics]) -> Result<(), Error> {
        let lines: Result<Vec<String>, _> = metrics.iter().map(serde_json::to_string).collect();
        let text: String = lines?.into_iter().map(|line| line + "\n").collect();
        self.write("metrics.jsonl", text.as_bytes())
    }

    /// Writes parameters under the names of the model's tensors, with the configuration beside them.
    pub(crate) fn write_model(
        &self,
        file: &str,
        shape: &Vae,
        values: &[f32],
        config: &Config,
    ) -> Result<(), Error> {
        let mut tensors = Tensors::new();
        for block in parameters::layout(shape) {
            tensors.insert_f32(&block.name, &block.shape, values[block.range()].to_vec());
        }
        tensors.set_metadata(config.to_toml()?);
        Ok(tensors.write(&self.path(file))?)
    }

    /// Writes what a resumed fit needs.
    pub(crate) fn write_state(&self, progress: &Progress) -> Result<(), Error> {
        let State { parameters, model, guide, step } = &progress.state;
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
        if let Some(Psi { train, validation }) = &progress.psi {
            tensors.insert_f32("psi.train", &[train.len()], train.clone());
            tensors.insert_f32("psi.validation", &[validation.len()], validation.clone());
        }
        let best = progress.patience.best.clone();
        tensors.insert_f64("validation.best", &[best.len()], best);
        tensors.set_metadata(serde_json::to_string(&counters)?);
        Ok(tensors.write(&self.path("state"))?)
    }

    /// Reads what [`Self::write_state`] wrote.
    pub(crate) fn read_state(&self) -> Result<Progress, Error> {
        let path = self.path("state");
        let again = format!("start it again with --config {}", self.path("config.toml").display());
        if !path.exists() {
            return Err(Error::plain(format!(
                "`{}` does not exist: the run was stopped too early",
                path.display()
            ))
            .hint(again));
        }
        let mut tensors =
            Tensors::read(&path).map_err(|error| Error::plain(error.to_string()).hint(&again))?;
        let counters: Counters =
            tensors.metadata().and_then(|text| serde_json::from_str(text).ok()).ok_or_else(|| {
                Error::plain(format!("`{}` is not the state of a run", path.display())).hint(&again)
            })?;
        let mut take = |name: &str| -> Result<Vec<f32>, Error> {
            let len = tensors.get(name).map_or(0, |(shape, _)| shape.iter().product());
            Ok(tensors.take_f32(name, &[len])?)
        };
        let state = State {
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
        };
        let best = take("best")?;
        let (train, validation) = (take("psi.train"), take("psi.validation"));
        let psi = train.ok().zip(validation.ok()).map(|(train, validation)| Psi { train, validation });
        let rows = tensors.get("validation.best").map_or(0, |(shape, _)| shape.iter().product());
        let patience = Patience {
            best_epoch: counters.best_epoch,
            waited: counters.waited,
            best: tensors.take_f64("validation.best", &[rows])?,
        };
        Ok(Progress { state, epoch: counters.epoch, patience, best, psi })
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
        return Err(Error::usage(
            format!("`{name}` cannot be the name of a run"),
            "a name is a folder's name; --runs DIR says where the folder is made",
        ));
    }
    Ok(())
}

fn taken(folder: &Path) -> Error {
    Error::plain(format!("`{}` exists already", folder.display()))
        .hint("a run never overwrites another: choose another --name")
}

fn no_folder(folder: &Path, cause: &std::io::Error) -> Error {
    let error = Error::io("make the folder", folder, cause);
    error.hint("choose a folder that you can write with --runs DIR")
}

/// Reads a fitted model: a run folder's best, or a model file.
pub(crate) fn read_model(path: &Path, device: &Device) -> Result<Model, Error> {
    let file = if path.is_dir() { path.join("model.safetensors") } else { path.to_path_buf() };
    if is_mean_field(path) {
        return Err(Error::usage(
            format!("`{}` is no auto-encoder: coordinate ascent has fitted it", path.display()),
            "what can be done with it: elbo predict, evaluate, sample; of factors reconstruct",
        ));
    }
    if !file.exists() {
        return Err(Error::plain(format!("`{}` does not exist", file.display()))
            .hint("give a run folder as runs/digits, or a model.safetensors file"));
    }
    let mut tensors = Tensors::read(&file)?;
    let config = tensors.metadata().and_then(|text| Config::from_toml(text).ok()).ok_or_else(|| {
        Error::plain(format!("`{}` is not a model that elbo wrote", file.display()))
            .hint("give a run folder as runs/digits, or a model.safetensors file")
    })?;
    let config = consistent(config, &file)?;
    let shape = Vae::new(&config.fit.vae, config.data.columns.len(), Key::new(0), device)?;
    let mut values: Vec<f32> = Vec::new();
    for block in parameters::layout(&shape) {
        values.extend(tensors.take_f32(&block.name, &block.shape)?);
    }
    Ok(Model { config, vae: parameters::load(shape, &values, device)? })
}

/// Reads a configuration file.
pub(crate) fn read_config(path: &Path) -> Result<Config, Error> {
    let text = fs::read_to_string(path).map_err(|cause| Error::io("read", path, &cause))?;
    let config = Config::from_toml(&text).map_err(|cause| {
        Error::plain(format!("`{}` is not a configuration of a run: {}", path.display(), cause.message()))
            .hint("give the config.toml of a run folder")
    })?;
    consistent(config, path)
}

fn consistent(config: Config, path: &Path) -> Result<Config, Error> {
    if config.is_consistent() {
        return Ok(config);
    }
    let message =
        format!("`{}`: the columns, image, scaling and validation do not fit together", path.display());
    Err(Error::plain(message).hint("give a file as elbo wrote it; its [data] follows from the data"))
}
