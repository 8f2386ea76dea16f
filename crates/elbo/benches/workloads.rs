//! The workloads that `benches/compare.py` measures, as a server: a line such as `step W1 3.0 2` (command, workload,
//! seconds, threads) in, a line such as `{"seconds":3.0,"steps":360}` out. `W1@8192` is W1 with that batch. With
//! `--device cuda` all of it runs on a GPU.
//!
//! A workload's state, optimiser and place in the epoch go on from one command to the next, as in a long run.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    env,
    error::Error,
    fs,
    io::{self, BufRead, IsTerminal, Write},
    time::Instant,
};

use burn::tensor::Device;
use elbo::{
    device,
    distribution::bernoulli::Binarise,
    fit::{Fit, FitConfig},
    gradient,
    minibatch::{Minibatch, Rows},
    model::{Vae, VaeConfig},
    objective::{self, KlWeight, Objective, elbo::KlForm},
    optimiser::Optimiser,
    predict,
    random::Key,
    schedule::{Decay, Pace, Schedule},
    train::{Inference, State, TrainConfig, Trainer},
};
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

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
            train: TrainConfig {
                optimiser: Optimiser::Adam,
                step_size: 1e-3,
                encoder_step_size: 1e-3,
                samples: 1,
                objective: Objective::Elbo,
                estimator: gradient::Form::Reparameterised,
                kl: KlForm::Analytic,
                kl_weight: KlWeight::default(),
                inference: Inference::Amortised,
                schedule: Schedule::Joint,
                prior_sd: None,
                clip_norm: None,
            },
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
        self.trainer.step(&mut self.state, &minibatch, Pace::FULL)?;
        Ok(1)
    }

    fn vae(&self) -> Result<Vae, elbo::Error> {
        self.trainer.vae(&self.state.parameters)
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
    pools: BTreeMap<usize, ThreadPool>,
    jobs: BTreeMap<String, Job<'a>>,
    fits: BTreeMap<String, Fit<'a>>,
}

impl Server<'_> {
    fn answer(&mut self, line: &str) -> Result<Value, Box<dyn Error>> {
        if line == "memory" {
            return memory();
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let &[command, name, seconds, threads] = words.as_slice() else {
            return Err(format!("{line:?} is not COMMAND WORKLOAD SECONDS THREADS").into());
        };
        let (seconds, threads) = (seconds.parse()?, threads.parse()?);
        let config = self.config(name)?;
        let device = &self.device;
        let job = match self.jobs.entry(name.into()) {
            Entry::Occupied(job) => job.into_mut(),
            Entry::Vacant(place) => place.insert(Job::new(&config, self.rows, device)?),
        };
        let pool = match self.pools.entry(threads) {
            Entry::Occupied(pool) => pool.into_mut(),
            Entry::Vacant(place) => place.insert(ThreadPoolBuilder::new().num_threads(threads).build()?),
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
                let (vae, data) = (job.vae()?, job.read());
                let encode = || predict::encode(&vae, &data.values, device).map(|_| READ);
                ("rows", pool.install(|| repeat(seconds, encode))?)
            }
            "evaluate" => {
                let (vae, data) = (job.vae()?, job.read());
                let (key, form) = (Key::new(SEED), KlForm::Analytic);
                let evaluate = || objective::elbo::evaluate(&vae, &data, key, form, 1, device).map(|_| READ);
                ("rows", pool.install(|| repeat(seconds, evaluate))?)
            }
            _ => return Err(format!("no command is called {command}").into()),
        };
        Ok(json!({ (unit): done.0, "seconds": done.1 }))
    }

    fn config(&self, name: &str) -> Result<FitConfig, Box<dyn Error>> {
        let (known, batch) = name.split_once('@').map_or((name, None), |(known, batch)| (known, Some(batch)));
        let workload = self.workloads.get(known).ok_or_else(|| format!("no workload is called {known}"))?;
        let config = workload.config();
        Ok(FitConfig { batch: batch.map_or(Ok(config.batch), str::parse)?, ..config })
    }
}

/// Works until so many seconds have passed; returns how much was done, by what `work` says, and the time it took.
fn repeat(
    seconds: f64,
    mut work: impl FnMut() -> Result<usize, elbo::Error>,
) -> Result<(usize, f64), elbo::Error> {
    let start = Instant::now();
    let mut done = 0;
    loop {
        done += work()?;
        let passed = start.elapsed().as_secs_f64();
        if passed >= seconds {
            return Ok((done, passed));
        }
    }
}

/// Memory of this process, now and at most, in KiB.
fn memory() -> Result<Value, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let field = |name| -> Option<u64> {
        let value = status.lines().find_map(|line| line.strip_prefix(name))?;
        value.trim().strip_suffix(" kB")?.parse().ok()
    };
    Ok(json!({ "VmRSS": field("VmRSS:"), "VmHWM": field("VmHWM:") }))
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
    if io::stdin().is_terminal() {
        // `cargo bench` starts every benchmark: this one must not wait for somebody to type.
        writeln!(io::stderr(), "workloads: benches/compare.py runs these")?;
        return Ok(());
    }
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
        pools: BTreeMap::new(),
        jobs: BTreeMap::new(),
        fits: BTreeMap::new(),
    };
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line == "quit" {
            break;
        }
        let answer = server.answer(&line).unwrap_or_else(|cause| json!({ "error": cause.to_string() }));
        writeln!(io::stdout(), "{answer}")?;
    }
    Ok(())
}
