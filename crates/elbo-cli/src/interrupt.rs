//! Ctrl-C, or a request to terminate: a fit ends after the epoch or the sweep it is in, with its state in the run folder; a
//! second one ends the program at once, as the first does where no fit runs.

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, Once, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{escape::escaped, out::tell};

/// What an interrupt lets come to its end: `epoch`, `sweep`.
static UNDER_WAY: Mutex<Option<&str>> = Mutex::new(None);
/// The run folder that holds a state.
static KEPT: Mutex<Option<PathBuf>> = Mutex::new(None);
static ASKED: AtomicBool = AtomicBool::new(false);

/// The exit code of a program that was interrupted, as shells have it.
pub(crate) const CODE: u8 = 130;

/// What is under way that an interrupt lets come to its end.
pub(crate) fn lets_end(part: Option<&'static str>) {
    static HANDLED: Once = Once::new();
    *locked(&UNDER_WAY) = part;
    // Where the system refuses, an interrupt ends the program as it always did.
    HANDLED.call_once(|| drop(ctrlc::set_handler(obey)));
}

/// A state was written into a run folder.
pub(crate) fn kept(folder: &Path) {
    let mut kept = locked(&KEPT);
    if kept.as_deref() != Some(folder) {
        *kept = Some(folder.into());
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn obey() {
    let part = *locked(&UNDER_WAY);
    match part {
        Some(part) if !ASKED.swap(true, Ordering::Relaxed) => tell(format!(
            "\ninterrupted: the fit ends after this {part}; interrupt it again to end it at once"
        )),
        _ => {
            tell("\ninterrupted");
            if let Some(folder) = &*locked(&KEPT) {
                let folder = folder.display().to_string();
                tell(format!(
                    "\nhint: `elbo resume {}` goes on from the last state",
                    escaped(&folder, false)
                ));
            }
            std::process::exit(CODE.into());
        }
    }
}

/// Whether an interrupt was asked for.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
