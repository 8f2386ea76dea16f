//! A fit as it is seen in a terminal, or in a log.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use elbo::{diagnose::Collapse, fit::Finished, objective::Objective};
use elbo_fit::{Choice, Metrics, Observer, Sweep, Text, auto_encoder::words};

use crate::{
    escape::escaped,
    interrupt,
    out::{tell, tell_fact},
    progress::{Count, Display},
    words::flags,
};

/// Prints what a fit tells.
#[derive(Default)]
pub(crate) struct Screen {
    epochs: Mutex<Option<Display>>,
    sweeps: Mutex<Sweeps>,
    count: Mutex<Option<Arc<Count>>>,
}

/// What was told of sweeps.
#[derive(Default)]
struct Sweeps {
    last: Option<Instant>,
    several: bool,
}

/// A line is told for the first sweeps, and then at most in so many seconds.
const QUIET: f64 = 1.0;
const FIRST: usize = 3;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Observer for Screen {
    fn fact(&self, name: &str, text: &Text) {
        tell_fact(name, text);
    }

    fn note(&self, text: &Text) {
        tell(format!("note: {}", flags(text)));
    }

    fn choice(&self, Choice { of, chosen, why }: &Choice) {
        tell(format!("{of:<11} {} ({})", escaped(chosen, false), escaped(why, false)));
    }

    fn epochs(&self, steps: u64, objective: Objective) {
        interrupt::lets_end(Some("epoch"));
        let display = Display::new(steps, words(objective));
        display.start();
        *locked(&self.epochs) = Some(display);
    }

    fn step(&self) {
        if let Some(display) = &*locked(&self.epochs) {
            display.step();
        }
    }

    fn epoch(&self, metrics: &Metrics, left: Duration) {
        if let Some(display) = &mut *locked(&self.epochs) {
            display.epoch(metrics, left);
        }
    }

    fn checkpoint(&self, folder: &Path, _: u64) {
        interrupt::kept(folder);
    }

    fn stops(&self) -> bool {
        interrupt::asked()
    }

    fn collapse(&self, change: Collapse) {
        if let Some(display) = &*locked(&self.epochs) {
            display.collapse(change);
        }
    }

    fn epochs_end(&self, ended: Option<(Finished, u64)>, objective: Objective) {
        interrupt::lets_end(None);
        if let Some(display) = locked(&self.epochs).take() {
            display.finish();
        }
        let Some((why, epochs)) = ended else { return };
        let why = match why {
            Finished::Converged => format!("the validation {} no longer rises", words(objective).objective),
            Finished::AllEpochs => "all epochs are done".into(),
        };
        tell(format!("\nfinished    after epoch {epochs}: {why}"));
    }

    fn sweeps(&self, starts: usize, [rows, shared]: [&str; 2]) {
        interrupt::lets_end(Some("sweep"));
        let several = starts > 1;
        *locked(&self.sweeps) = Sweeps { last: None, several };
        let start = if several { format!("{:>5} | ", "start") } else { String::new() };
        tell(format!(
            "\n{start}{:>5} | {:>16} = {:>16} - {:>14} - {:>12}",
            "sweep",
            "ELBO, nats",
            "log-lik",
            format!("KL of {rows}"),
            format!("KL of {shared}")
        ));
    }

    fn sweeps_end(&self) {
        interrupt::lets_end(None);
    }

    fn sweep(&self, Sweep { start, sweep, bound }: Sweep<'_>) {
        let mut told = locked(&self.sweeps);
        let quiet = told.last.is_some_and(|last| last.elapsed().as_secs_f64() < QUIET);
        if quiet && !(start == 0 && sweep <= FIRST) {
            return;
        }
        told.last = Some(Instant::now());
        let start = if told.several { format!("{:>5} | ", start + 1) } else { String::new() };
        tell(format!(
            "{start}{sweep:>5} | {:>16.4} = {:>16.4} - {:>14.4} - {:>12.4}",
            bound.value(),
            bound.log_likelihood,
            bound.kl,
            // Not −bound.global, which makes −0 of nothing.
            0.0 - bound.global
        ));
    }

    fn work(&self, what: &'static str, total: u64) {
        *locked(&self.count) = Some(Arc::new(Count::new(what, total)));
    }

    fn worked(&self, more: u64) {
        // Many threads count at once: none waits for another's line.
        let count = locked(&self.count).clone();
        if let Some(count) = count {
            count.add(more);
        }
    }

    fn work_end(&self) {
        *locked(&self.count) = None;
    }
}
