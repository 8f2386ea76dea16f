//! The runs of a folder, each by what its files say.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    time::SystemTime,
};

use elbo::{diagnose::Level, terms::Mean};

use crate::{
    auto_encoder,
    error::Error,
    folder::{CONFIG, STATE, STATE_OF_ASCENT, is_temporary},
    job::Job,
    results::{FinalBound, Results},
};

/// A run folder in a line.
#[derive(Debug)]
pub struct RunEntry {
    /// The folder.
    pub path: PathBuf,
    /// How far its fit is.
    pub stage: RunStatus,
    /// When it was last written to.
    pub written: SystemTime,
    /// Of which model.
    pub model: Option<String>,
    /// The file that it was fitted to, without its folder; or what is built in.
    pub data: Option<String>,
    /// How many rows, or documents, there were.
    pub rows: Option<usize>,
    /// The bound that was reached.
    pub bound: Option<RunBound>,
    /// The verdict.
    pub verdict: Option<Level>,
    /// How long it took, as `40 epochs`.
    pub length: Option<String>,
    /// The contents of its `results.json`.
    pub results: Option<Box<Results>>,
}

/// How far a fit is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunStatus {
    /// Its results are there.
    Finished,
    /// A process is at it.
    Running,
    /// It can go on.
    Interrupted,
    /// The folder cannot be read: why.
    Damaged(String),
}

/// A figure, and what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct RunBound {
    /// Its value, in nats.
    pub value: f64,
    /// Its standard error, where it is a mean over rows.
    pub standard_error: Option<f64>,
    /// As `ELBO per validation row`.
    pub what: String,
}

/// The runs that lie in a folder, the one that was last written to at the end. What lies there and is no run is left out.
///
/// # Errors
/// Where the folder cannot be read.
pub fn runs(folder: &Path) -> Result<Vec<RunEntry>, Error> {
    let entries = fs::read_dir(folder).map_err(|cause| {
        let error = Error::io("read", folder, &cause);
        error.remedy("«elbo runs DIR» lists the runs of another folder")
    })?;
    let folders = entries.flatten().map(|entry| entry.path()).filter(|path| !is_temporary(path));
    let mut all: Vec<RunEntry> =
        folders.filter(|path| is_run(path)).map(|path| RunEntry::of(&path)).collect();
    all.sort_by(|a, b| a.written.cmp(&b.written).then_with(|| a.path.cmp(&b.path)));
    Ok(all)
}

const FILES: [&str; 6] = [CONFIG, "results.json", "model.json", "model.safetensors", STATE, STATE_OF_ASCENT];

/// Whether a file is one that a fit left in its run folder.
pub fn is_of_run(file: &Path) -> bool {
    let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let named = file.file_name().and_then(|name| name.to_str()).is_some_and(|name| FILES.contains(&name));
    named && file.is_file() && file.with_file_name(CONFIG).is_file()
}

fn is_run(path: &Path) -> bool {
    path.is_dir() && FILES.iter().any(|file| path.join(file).symlink_metadata().is_ok())
}

fn written(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|of| of.modified()).ok()
}

impl RunEntry {
    fn of(path: &Path) -> Self {
        let last = FILES.iter().filter_map(|file| written(&path.join(file))).max();
        let mut listed = Self {
            path: path.into(),
            stage: RunStatus::Interrupted,
            written: last.or_else(|| written(path)).unwrap_or(SystemTime::UNIX_EPOCH),
            model: None,
            data: None,
            rows: None,
            bound: None,
            verdict: None,
            length: None,
            results: None,
        };
        match listed.read() {
            Ok(stage) => listed.stage = stage,
            Err(error) => listed.stage = RunStatus::Damaged(error.message().to_string()),
        }
        listed
    }

    fn read(&mut self) -> Result<RunStatus, Error> {
        let config = self.path.join(CONFIG);
        if !config.is_file() {
            return Err(Error::new("it has no config.toml"));
        }
        let job = Job::read(&config)?;
        let (source, rows) = job.data();
        self.model = Some(job.model().into());
        self.data = Some(source.file_name());
        self.rows = Some(rows);
        let running = File::open(&config)
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)));
        let results = self.path.join("results.json");
        // What is no regular file may never end.
        let found = if results.is_file() { Results::read(&self.path)? } else { None };
        if let Some(found) = &found {
            self.tell(found);
            self.results = Some(Box::new(found.clone()));
        }
        let state = [STATE, STATE_OF_ASCENT].iter().filter_map(|file| written(&self.path.join(file))).max();
        Ok(match found {
            _ if running => RunStatus::Running,
            // Results are written after the last state: one that is later is of a fit that was carried on.
            Some(_) if state.is_none_or(|state| written(&results).is_none_or(|at| at >= state)) => {
                self.check_model()?;
                RunStatus::Finished
            }
            _ => RunStatus::Interrupted,
        })
    }

    fn check_model(&self) -> Result<(), Error> {
        let file = match self.model.as_deref() {
            Some(auto_encoder::NAME) => "model.safetensors",
            _ => "model.json",
        };
        if self.path.join(file).is_file() { Ok(()) } else { Err(Error::new(format!("it has no {file}"))) }
    }

    fn tell(&mut self, results: &Results) {
        self.verdict = Some(results.verdict.level);
        let (bound, length) = match &results.reached {
            FinalBound::HeldOut(of) => {
                let Mean { value, standard_error } = of.validation.elbo;
                let name = auto_encoder::words(of.objective).objective;
                let standard_error = (of.validation.rows > 1).then_some(standard_error);
                let what = format!("{name} per validation row");
                (RunBound { value, standard_error, what }, format!("{} epochs", of.epochs))
            }
            FinalBound::AllRows(of) => {
                let what = "ELBO of all rows".into();
                (RunBound { value: of.elbo, standard_error: None, what }, format!("{} sweeps", of.sweeps))
            }
        };
        (self.bound, self.length) = (Some(bound), Some(length));
    }
}
