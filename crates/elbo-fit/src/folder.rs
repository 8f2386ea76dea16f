//! The run folder: what a fit leaves behind.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use elbo_data::write_atomically;

use crate::error::Error;

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
            if asked && folder.exists() {
                return Err(taken(&folder));
            }
        }
        let runs = &self.runs;
        let there = std::path::absolute(runs).map_err(|cause| no_folder(runs, &cause))?;
        let there = there.ancestors().find(|folder| folder.exists()).unwrap_or(runs);
        let trial = there.join(format!(".elbo-{}", std::process::id()));
        let made = fs::create_dir(&trial).and_then(|()| fs::remove_dir(&trial));
        made.map_err(|cause| no_folder(runs, &cause))
    }
}

/// A folder that holds a run.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Two processes that write one run would mix their epochs: the first one locks its config.toml.
    _lock: File,
}

impl Folder {
    /// Makes a new folder `runs/NAME`, or `runs/NAME-2`, … where the name was not asked for and is taken, with its
    /// config.toml.
    ///
    /// # Errors
    /// It fails as [`Place::check`] does.
    pub fn create(place: &Place, name: &str, config: &str) -> Result<Self, Error> {
        let (runs, asked) = (&place.runs, place.name.is_some());
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
    ///
    /// # Errors
    /// It fails where it holds no run, or another process writes it.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let config = folder.join("config.toml");
        if !config.is_file() {
            let message = format!("`{}` is not a run folder: it holds no config.toml", folder.display());
            return Err(Error::new(message).remedy("give a folder that «elbo train» made, as runs/digits"));
        }
        let lock = File::open(&config).map_err(|cause| Error::io("read", &config, &cause))?;
        // A file system without locks is no reason to refuse.
        if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
            let message = format!("another process is fitting `{}`", folder.display());
            return Err(Error::new(message).remedy("wait until it is done, or stop it"));
        }
        let run = Self { path: folder.into(), _lock: lock };
        run.tidy();
        Ok(run)
    }

    /// Removes the temporary files of writes that a kill cut short.
    fn tidy(&self) {
        let files = fs::read_dir(&self.path).into_iter().flatten().flatten();
        for file in files.filter(|file| file.file_name().to_string_lossy().starts_with(".elbo-")) {
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

    /// Writes a file, whole or not at all.
    ///
    /// # Errors
    /// It fails where the operating system refuses.
    pub fn write(&self, file: &str, bytes: &[u8]) -> Result<(), Error> {
        Ok(write_atomically(&self.path(file), bytes)?)
    }
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
    Error::new(format!("`{}` exists already", folder.display()))
        .remedy("a run never overwrites another: choose another «name»")
}

fn no_folder(folder: &Path, cause: &std::io::Error) -> Error {
    let error = Error::io("make the folder", folder, cause);
    error.remedy("choose a folder that you can write with «runs DIR»")
}
