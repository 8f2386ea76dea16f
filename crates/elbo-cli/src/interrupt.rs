//! Ctrl-C, or a request to terminate: a fit ends after the epoch it is in, with its state in the run folder; a second one ends
//! the program at once, as the first does where no epoch runs.

use std::sync::{
    Once,
    atomic::{AtomicBool, Ordering},
};

use crate::out::tell;

static EPOCHS: AtomicBool = AtomicBool::new(false);
static ASKED: AtomicBool = AtomicBool::new(false);

/// The exit code of a program that was interrupted, as shells have it.
pub(crate) const CODE: u8 = 130;

/// Whether epochs run, which an interrupt lets come to their end.
pub(crate) fn epochs(run: bool) {
    static HANDLED: Once = Once::new();
    EPOCHS.store(run, Ordering::Relaxed);
    // Where the system refuses, an interrupt ends the program as it always did.
    HANDLED.call_once(|| drop(ctrlc::set_handler(obey)));
}

fn obey() {
    if ASKED.swap(true, Ordering::Relaxed) || !EPOCHS.load(Ordering::Relaxed) {
        std::process::exit(CODE.into());
    }
    tell("\ninterrupted: the fit ends after this epoch; interrupt it again to end it at once");
}

/// Whether an interrupt was asked for.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
