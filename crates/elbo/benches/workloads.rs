//! The workloads that `benches/compare.py` measures, as a server. `W1@8192` is W1 with that batch. With `--device cuda` all
//! of it runs on a GPU.
//!
//! A workload's state, optimiser and place in the epoch go on from one command to the next, as in a long run.

mod server;

use std::{
    collections::{BTreeMap, btree_map::Entry},
    env,
    error::Error,
};

use burn::tensor::Device;
use elbo::{
    device,
    distribution::bernoulli::Binarise,
    engine::{Measure, Reader},
    fit::{Fit, FitConfig},
    minibatch::{Minibatch, Rows},
    model::{Vae, VaeConfig},
    objective::elbo::KlForm,
    random::{Draws, Key},
    schedule::{Decay, StepFactors},
    train::{State, TrainConfig, Trainer},
};
use rayon::ThreadPool;
use serde::Deserialize;
use server::{Done, repeat, serve};

/// Rows and columns of the data, 0 or 1 each, and the share of ones: about those of MNIST.
const ROWS: usize = 60_000;
const WIDTH: usize = 784;
const DENSITY: f32 = 0.13;

/// Rows that are encoded or evaluated at a time.
const READ: usize = 10_000;

const SEED: u64 = 1;

#[derive(Clone, Deserialize)]
struct Workload {
    batch: usize,
    #[serde(flatten)]
    vae: VaeConfig,
}

impl Workload {
    fn config(&self) -> FitConfig {
        FitConfig {
            seed: SEED,
            batch: self.batch,
            validation_samples: 1,
            epochs: u64::MAX,
            patience: None,
            decay: Decay::Constant,
            binarise: Binarise::None,
            vae: self.vae.clone(),
            train: TrainConfig::default(),
        }
    }
}

/// An auto-encoder in training, step by step.
struct Job<'a> {
    rows: &'a Rows<'a>,
    batch: usize,
    epoch: u64,
    batches: Box<dyn Iterator<Item = Minibatch> + Send + 'a>,
    trainer: Trainer,
    state: State,
}

impl<'a> Job<'a> {
    fn new(config: &FitConfig, rows: &'a Rows<'a>, device: &Device) -> Result<Self, elbo::Error> {
        let seed = Key::new(SEED);
        let vae = Vae::new(&config.vae, WIDTH, seed, device)?.start_at(rows, device)?;
        let (trainer, state) = Trainer::init(config.train.clone(), &vae, seed, device)?;
        let batch = config.batch;
        Ok(Self { rows, batch, epoch: 0, batches: epoch(rows, batch, 0), trainer, state })
    }

    fn step(&mut self) -> Result<usize, elbo::Error> {
        let minibatch = self.batches.next().unwrap_or_else(|| {
            self.epoch += 1;
            self.batches = epoch(self.rows, self.batch, self.epoch);
            self.batches.next().expect("an epoch has minibatches")
        });
        self.trainer.step(&mut self.state, &minibatch, StepFactors::FULL)?;
        Ok(1)
    }

    fn reader(&self) -> Result<Box<dyn Reader>, elbo::Error> {
        self.trainer.reader(&self.state.parameters)
    }

    fn read(&self) -> Minibatch {
        self.rows.minibatch(0..READ, Binarise::None, Key::new(SEED))
    }
}

/// The full minibatches of an epoch: the other stacks leave out the short one at its end, too.
fn epoch<'a>(
    rows: &'a Rows<'a>,
    batch: usize,
    epoch: u64,
) -> Box<dyn Iterator<Item = Minibatch> + Send + 'a> {
    let batches = rows.minibatches(batch, Binarise::None, Key::new(SEED), epoch);
    Box::new(batches.take(rows.len() / batch))
}

/// An epoch of a fit that holds out a tenth of the rows; returns its steps.
fn fit_epoch(fit: &mut Fit<'_>) -> Result<usize, elbo::Error> {
    let mut steps = 0;
    fit.epoch(|_| steps += 1)?;
    Ok(steps)
}

struct Server<'a> {
    device: Device,
    rows: &'a Rows<'a>,
    workloads: BTreeMap<String, Workload>,
    jobs: BTreeMap<String, Job<'a>>,
    fits: BTreeMap<String, Fit<'a>>,
}

impl Server<'_> {
    fn work(&mut self, command: &str, name: &str, seconds: f64, pool: &ThreadPool) -> Done {
        let config = self.config(name)?;
        let device = &self.device;
        let job = match self.jobs.entry(name.into()) {
            Entry::Occupied(job) => job.into_mut(),
            Entry::Vacant(place) => place.insert(Job::new(&config, self.rows, device)?),
        };
        let (unit, done) = match command {
            "step" => ("steps", pool.install(|| repeat(seconds, || job.step()))?),
            "fit" => {
                let fit = match self.fits.entry(name.into()) {
                    Entry::Occupied(fit) => fit.into_mut(),
                    Entry::Vacant(place) => {
                        let (train, validation) = self.rows.split(0.1, Key::new(SEED));
                        place.insert(Fit::new(config, train, &validation, device)?)
                    }
                };
                ("steps", pool.install(|| repeat(seconds, || fit_epoch(fit)))?)
            }
            "encode" => {
                let (reader, data) = (job.reader()?, job.read());
                let encode = || reader.encode(&data.values).map(|_| READ);
                ("rows", pool.install(|| repeat(seconds, encode))?)
            }
            "evaluate" => {
                let (reader, data) = (job.reader()?, job.read());
                let (measure, draws) =
                    (Measure::Elbo(KlForm::Analytic), Draws { samples: 1, key: Key::new(SEED) });
                let evaluate = || reader.terms(&data, measure, draws).map(|_| READ);
                ("rows", pool.install(|| repeat(seconds, evaluate))?)
            }
            _ => return Err(format!("no command is called {command}").into()),
        };
        Ok((unit, done.0, done.1))
    }

    fn config(&self, name: &str) -> Result<FitConfig, Box<dyn Error>> {
        let (known, batch) = name.split_once('@').map_or((name, None), |(known, batch)| (known, Some(batch)));
        let workload = self.workloads.get(known).ok_or_else(|| format!("no workload is called {known}"))?;
        let config = workload.config();
        Ok(FitConfig { batch: batch.map_or(Ok(config.batch), str::parse)?, ..config })
    }
}

fn device() -> Result<Device, Box<dyn Error>> {
    let asked = env::args().skip_while(|argument| argument != "--device").nth(1);
    match asked.as_deref() {
        None | Some("cpu") => Ok(Device::flex()),
        Some("cuda") => Ok(device::cuda().ok_or("no CUDA device was found")?),
        Some(other) => Err(format!("no device is called {other}").into()),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut values = vec![0.0; ROWS * WIDTH];
    for (row, x) in values.chunks_mut(WIDTH).enumerate() {
        Key::new(SEED).uniforms(row as u64, x);
        for x in x {
            *x = f32::from(*x < DENSITY);
        }
    }
    let mut server = Server {
        device: device()?,
        rows: &Rows::all(&values, WIDTH),
        workloads: serde_json::from_str(include_str!("../../../benches/workloads.json"))?,
        jobs: BTreeMap::new(),
        fits: BTreeMap::new(),
    };
    serve("benches/compare.py", |command, name, seconds, pool| server.work(command, name, seconds, pool))
}
