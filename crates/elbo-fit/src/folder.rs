//! The run folder: what a fit leaves behind.
//!
//! It is made whole, with its config.toml, under another name, and gets its own in one step. The file is locked by the
//! program that fits; that of a fit that was killed is not.

use std::{
    fs::{self, File, TryLockError},
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use elbo_data::write_in_folder;

use crate::error::{Error, going_on};

/// The job.
pub(crate) const CONFIG: &str = "config.toml";
/// The state of a fit by gradients, and that of one by coordinate ascent.
pub(crate) const STATE: &str = "state";
pub(crate) const STATE_OF_ASCENT: &str = "state.json";
/// What temporary files and folders begin with.
pub(crate) const TEMPORARY: &str = ".elbo-";

/// Where run folders are made, and what the next one is called.
#[derive(Clone, Debug)]
pub struct Place {
    /// The folder that they are made in.
    pub runs: PathBuf,
    /// The name that was asked for. A run never takes the name of another; if open, it is that of the data, numbered where
    /// that is taken.
    pub name: Option<String>,
}

impl Default for Place {
    /// A folder in `runs`, named after the data.
    fn default() -> Self {
        Self { runs: "runs".into(), name: None }
    }
}

impl Place {
    /// Checks, before any work is done for it, that a run can be made; `known` is the name it will have, where that is known.
    ///
    /// # Errors
    /// It fails where the name cannot be that of a folder, or is taken, or no folder can be made.
    pub fn check(&self, known: Option<&str>) -> Result<(), Error> {
        let asked = self.name.is_some();
        if let Some(name) = self.name.as_deref().or(known) {
            check_name(name)?;
            let folder = self.runs.join(name);
            if asked && fs::symlink_metadata(&folder).is_ok() && !is_void(&folder) {
                return Err(taken(&folder));
            }
        }
        let runs = &self.runs;
        let there = std::path::absolute(runs).map_err(|cause| no_folder(runs, &cause))?;
        let there = there.ancestors().find(|folder| folder.exists()).unwrap_or(runs);
        let made = temporary(there).and_then(fs::remove_dir);
        made.map_err(|cause| no_folder(runs, &cause))
    }
}

/// A folder that holds a run.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Two processes that write one run would mix their epochs: the first one locks its config.toml.
    lock: File,
}

impl Folder {
    /// Makes a new folder `runs/NAME`, or `runs/NAME-2`, … where the name was not asked for and is taken, with its
    /// config.toml. A folder that is empty, or holds no more than what a fit leaves that was killed at its beginning, takes
    /// no name.
    ///
    /// # Errors
    /// It fails as [`Place::check`] does.
    pub fn create(place: &Place, name: &str, config: &str) -> Result<Self, Error> {
        let (runs, asked) = (&place.runs, place.name.is_some());
        check_name(name)?;
        fs::create_dir_all(runs).map_err(|cause| no_folder(runs, &cause))?;
        let made = temporary(runs).map_err(|cause| no_folder(&runs.join(name), &cause))?;
        let named = || {
            let lock = locked(&made, config)?;
            for number in 1.. {
                let path = runs.join(if number == 1 { name.into() } else { format!("{name}-{number}") });
                clear(&path);
                match fs::rename(&made, &path) {
                    Ok(()) => return Ok(Self { path, lock }),
                    Err(cause) if fs::symlink_metadata(&path).is_err() => {
                        return Err(no_folder(&path, &cause));
                    }
                    Err(_) if asked => return Err(taken(&path)),
                    Err(_) => {}
                }
            }
            unreachable!("a free number is found")
        };
        named().inspect_err(|_| {
            // What cannot be removed only takes space.
            let _ = fs::remove_dir_all(&made);
        })
    }

    /// An existing folder.
    ///
    /// # Errors
    /// It fails where it holds no run, or another process writes it.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let config = folder.join(CONFIG);
        if !config.is_file() {
            let message = format!("`{}` is not a run folder: it holds no config.toml", folder.display());
            return Err(Error::new(message).remedy("give a folder that «elbo train» made, as runs/digits"));
        }
        let lock = File::open(&config).map_err(|cause| Error::io("read", &config, &cause))?;
        // A file system without locks is no reason to refuse.
        if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) || !is_at(&lock, &config) {
            let message = format!("another process is fitting `{}`", folder.display());
            return Err(Error::new(message).remedy("wait until it is done, or stop it"));
        }
        let run = Self { path: folder.into(), lock };
        run.tidy();
        Ok(run)
    }

    /// Removes the temporary files of writes that a kill cut short.
    fn tidy(&self) {
        let files = fs::read_dir(&self.path).into_iter().flatten().flatten();
        for file in files.filter(|file| is_temporary(&file.path())) {
            // What cannot be removed only takes space.
            let _ = fs::remove_file(file.path());
        }
    }

    /// The path of the run folder.
    pub fn folder(&self) -> &Path {
        &self.path
    }

    /// The path of a file in it.
    pub fn path(&self, file: &str) -> PathBuf {
        self.path.join(file)
    }

    /// Writes a file, whole or not at all. A link of its name is replaced, not followed.
    ///
    /// # Errors
    /// It fails where the operating system refuses.
    pub fn write(&self, file: &str, bytes: &[u8]) -> Result<(), Error> {
        write_in_folder(&self.path(file), bytes).map_err(|error| self.explained(error.into()))
    }

    /// Replaces config.toml, and keeps the folder locked.
    pub(crate) fn replace_config(&mut self, config: &str) -> Result<(), Error> {
        let made = temporary(&self.path).map_err(|cause| Error::io("write", &self.path(CONFIG), &cause))?;
        let replaced = locked(&made, config).and_then(|lock| {
            let path = self.path(CONFIG);
            fs::rename(made.join(CONFIG), &path).map_err(|cause| Error::io("write", &path, &cause))?;
            Ok(lock)
        });
        let _ = fs::remove_dir_all(&made);
        self.lock = replaced?;
        Ok(())
    }

    /// Removes the folder of a fit of which nothing was kept.
    pub(crate) fn abandon(self) {
        clear_files(&self.path);
    }

    /// An error of writing it, with what becomes of the fit.
    pub(crate) fn explained(&self, error: Error) -> Error {
        if !is_at(&self.lock, &self.path(CONFIG)) {
            let message =
                format!("the run folder `{}` was moved or removed while its fit ran", self.path.display());
            return Error::new(message)
                .remedy("«elbo resume RUN» goes on from its last state, where the folder is now");
        }
        let states = [STATE, STATE_OF_ASCENT].map(|state| self.path(state));
        if !states.iter().any(|state| state.exists()) {
            return error;
        }
        error.and(&format!("{} then goes on from the last state", going_on(&self.path)))
    }
}

/// Refuses the folder of a fit that is not finished, and says how to go on with it.
pub(crate) fn finished(folder: &Path) -> Result<(), Error> {
    if !folder.join(CONFIG).is_file() {
        return Ok(());
    }
    let message = format!("`{}` holds a fit that is not finished", folder.display());
    Err(Error::new(message).remedy(format!("{} goes on with it", going_on(folder))))
}

/// A new folder with a name of its own.
fn temporary(folder: &Path) -> std::io::Result<PathBuf> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{TEMPORARY}{}-{number}", std::process::id()));
        match fs::create_dir(&path) {
            Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {}
            other => return other.map(|()| path),
        }
    }
}

pub(crate) fn is_temporary(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes()))
}

/// A config.toml in a folder, locked.
fn locked(folder: &Path, config: &str) -> Result<File, Error> {
    let path = folder.join(CONFIG);
    write_in_folder(&path, config.as_bytes())?;
    let file = File::open(&path).map_err(|cause| Error::io("read", &path, &cause))?;
    // A file system without locks is no reason to refuse.
    let _ = file.try_lock();
    Ok(file)
}

/// Whether a path is still that of an open file.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let places = file.metadata().and_then(|own| Ok((own, fs::metadata(path)?)));
        places.is_ok_and(|(own, there)| (own.dev(), own.ino()) == (there.dev(), there.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

/// Whether a folder holds no more than a fit leaves that was killed before its first state, and nobody fits it.
fn is_void(folder: &Path) -> bool {
    let Ok(files) = fs::read_dir(folder) else { return false };
    let is_beginning = |path: PathBuf| {
        let is = |name: &str| path.file_name().is_some_and(|file| file == name);
        is(CONFIG) || is("metrics.jsonl") || is_temporary(&path)
    };
    if !files.into_iter().all(|file| file.is_ok_and(|file| is_beginning(file.path()))) {
        return false;
    }
    match File::open(folder.join(CONFIG)) {
        Ok(config) => config.try_lock().is_ok(),
        Err(cause) => cause.kind() == ErrorKind::NotFound && !folder.join("metrics.jsonl").exists(),
    }
}

/// Removes a folder of no more than the beginning of a fit that was killed.
fn clear(folder: &Path) {
    if fs::symlink_metadata(folder).is_ok_and(|there| there.is_dir()) && is_void(folder) {
        // Held until the folder is gone: of two programs one finds it locked, or another in its place.
        let lock = File::open(folder.join(CONFIG));
        let free =
            lock.as_ref().map_or(true, |lock| lock.try_lock().is_ok() && is_at(lock, &folder.join(CONFIG)));
        if free {
            clear_files(folder);
        }
    }
}

/// What is not removed is found again as the folder gets its name.
fn clear_files(folder: &Path) {
    for file in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = file.path();
        let _ = if file.file_type().is_ok_and(|kind| kind.is_dir()) {
            fs::remove_dir_all(path)
        } else {
            fs::remove_file(path)
        };
    }
    let _ = fs::remove_dir(folder);
}

fn check_name(name: &str) -> Result<(), Error> {
    if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
        return Err(Error::request(
            format!("`{name}` cannot be the name of a run"),
            "a name is a folder's name; «runs DIR» says where the folder is made",
        ));
    }
    Ok(())
}

fn taken(folder: &Path) -> Error {
    let results = folder.join("results.json");
    if folder.join(CONFIG).is_file() && !results.exists() {
        return Error::new(format!("`{}` exists already, with a fit that is not finished", folder.display()))
            .remedy(format!("{} goes on with it; or choose another «name»", going_on(folder)));
    }
    Error::new(format!("`{}` exists already", folder.display()))
        .remedy("a run never overwrites another: choose another «name»")
}

fn no_folder(folder: &Path, cause: &std::io::Error) -> Error {
    let error = Error::io("make the folder", folder, cause);
    error.remedy("choose a folder that you can write with «runs DIR»")
}
