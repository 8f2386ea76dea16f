//! The state of a fit by coordinate ascent, and the folder that it is kept in.

use std::{
    cell::{Cell, RefCell},
    path::Path,
    time::{Duration, Instant},
};

use elbo::mean_field::AscentTrace;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    error::Error,
    fitted::{sealed, unsealed},
    folder::{CONFIG, Folder, Place, STATE_OF_ASCENT},
    observer::Observer,
};

/// The state is written no more often than this, nor so often that it takes more than a part in so many of the time.
const SAVE_EVERY: Duration = Duration::from_secs(5);
const PART: u32 = 20;

/// A line of `metrics.jsonl`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SweepMetrics {
    pub(crate) start: usize,
    pub(crate) sweep: usize,
    pub(crate) elbo: f64,
    pub(crate) log_likelihood: f64,
    pub(crate) kl: f64,
    pub(crate) global: f64,
    pub(crate) seconds: f64,
}

/// A start that is under way, or over.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Climb<S> {
    /// Its number, from 0.
    pub(crate) start: usize,
    /// How much was done of what goes before its sweeps.
    pub(crate) warmed: usize,
    pub(crate) record: AscentTrace,
    pub(crate) fit: S,
}

/// All that a fit needs to go on, beside its job and the data.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct State {
    /// The version that wrote it.
    elbo: String,
    pub(crate) seconds: f64,
    /// The bound that each start reached which is over.
    pub(crate) bounds: Vec<f64>,
    /// The bound of each start as it began and after its first sweep.
    pub(crate) began: Vec<[f64; 2]>,
    /// The sweeps of each start, which are the lines of `metrics.jsonl`.
    pub(crate) sweeps: Vec<usize>,
    /// The best start that is over.
    pub(crate) best: Option<Box<RawValue>>,
    /// The one under way.
    pub(crate) now: Option<Box<RawValue>>,
}

impl Default for State {
    /// Before the first start.
    fn default() -> Self {
        let elbo = env!("CARGO_PKG_VERSION").into();
        Self {
            elbo,
            seconds: 0.0,
            bounds: Vec::new(),
            began: Vec::new(),
            sweeps: Vec::new(),
            best: None,
            now: None,
        }
    }
}

/// As a state has it.
pub(crate) fn packed<S: Serialize>(climb: &Climb<S>) -> Result<Box<RawValue>, Error> {
    Ok(to_raw_value(climb)?)
}

/// Keeps states in a run folder, which is made when the first start has begun.
#[derive(Debug)]
pub(crate) struct Keeper<'a> {
    place: &'a Place,
    name: String,
    config: String,
    folder: RefCell<Option<Folder>>,
    resumed: bool,
    saved: Cell<Instant>,
    cost: Cell<Duration>,
    /// Whether there is a state in the folder.
    holds: Cell<bool>,
}

impl<'a> Keeper<'a> {
    /// Of a fit that begins, or of one that goes on in its folder.
    pub(crate) fn new(place: &'a Place, name: String, config: String, folder: Option<Folder>) -> Self {
        Self {
            place,
            name,
            config,
            resumed: folder.is_some(),
            folder: RefCell::new(folder),
            saved: Cell::new(Instant::now()),
            cost: Cell::new(Duration::ZERO),
            holds: Cell::new(false),
        }
    }

    /// Makes the folder, where there is none yet.
    pub(crate) fn open(&self) -> Result<(), Error> {
        let mut folder = self.folder.borrow_mut();
        if folder.is_none() {
            *folder = Some(Folder::create(self.place, &self.name, &self.config)?);
        }
        Ok(())
    }

    /// The state to go on from.
    pub(crate) fn resume(&self, observer: &dyn Observer) -> Result<State, Error> {
        let folder = self.folder.borrow();
        let Some(folder) = &*folder else { return Ok(State::default()) };
        let path = folder.path(STATE_OF_ASCENT);
        let state = if path.exists() { read(&path)? } else { State::default() };
        self.holds.set(path.exists());
        let known = |of: &SweepMetrics| {
            let last = state.sweeps.get(of.start.checked_sub(1)?)?;
            (1..=*last).contains(&of.sweep).then_some((of.start, of.sweep))
        };
        let (_, lost) = folder.recover_metrics(state.sweeps.iter().sum(), known)?;
        if let Some(lost) = lost {
            observer.note(&lost);
        }
        Ok(state)
    }

    /// Whether it is time to write a state again.
    pub(crate) fn is_due(&self) -> bool {
        self.saved.get().elapsed() >= SAVE_EVERY.max(self.cost.get() * PART)
    }

    /// Writes a state, and the sweeps since the last.
    pub(crate) fn keep(&self, state: &State, new: &[SweepMetrics]) -> Result<(), Error> {
        let began = Instant::now();
        let folder = self.folder.borrow();
        let folder = folder.as_ref().expect("the folder was made as the fit began");
        folder.append_metrics(new)?;
        folder.write(STATE_OF_ASCENT, &sealed(state)?)?;
        self.holds.set(true);
        self.cost.set(began.elapsed());
        self.saved.set(Instant::now());
        Ok(())
    }

    /// Tells of a state that was written.
    pub(crate) fn tell(&self, sweep: usize, observer: &dyn Observer) {
        if let Some(folder) = &*self.folder.borrow() {
            observer.checkpoint(folder.folder(), sweep as u64);
        }
    }

    /// That the fit was stopped, as after `sweep 3 of start 1`.
    pub(crate) fn stopped(&self, after: &str) -> Error {
        let folder = self.folder.borrow();
        Error::stopped(after, folder.as_ref().map_or(Path::new(""), Folder::folder))
    }

    /// The folder of a fit that is done.
    pub(crate) fn into_folder(self) -> Result<Folder, Error> {
        self.open()?;
        Ok(self.folder.into_inner().expect("it is open"))
    }

    /// Removes the folder of a fit that has failed, where there is nothing in it to go on from.
    pub(crate) fn abandon(self) {
        if !self.holds.get()
            && !self.resumed
            && let Some(folder) = self.folder.into_inner()
        {
            folder.abandon();
        }
    }
}

fn read(path: &Path) -> Result<State, Error> {
    let text = std::fs::read_to_string(path).map_err(|cause| Error::io("read", path, &cause))?;
    let again = || format!("start it again with «config {}»", path.with_file_name(CONFIG).display());
    let state: State = unsealed(&text).map_err(|why| {
        Error::new(format!("`{}` is not the state of a fit: {why}", path.display())).remedy(again())
    })?;
    if state.elbo != env!("CARGO_PKG_VERSION") {
        let message = format!("`{}` was written by version {} of elbo", path.display(), state.elbo);
        return Err(Error::new(message).remedy(again()));
    }
    Ok(state)
}

/// What a state has packed.
pub(crate) fn unpacked<S: DeserializeOwned>(climb: &RawValue) -> Result<Climb<S>, Error> {
    serde_json::from_str(climb.get())
        .map_err(|cause| Error::new(format!("the state of the fit is damaged: {cause}")))
}
