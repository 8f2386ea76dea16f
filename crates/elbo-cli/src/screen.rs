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
    /// The start of the newest sweep, and its line where that is not told yet.
    newest: Option<(usize, Option<String>)>,
}

impl Sweeps {
    /// The last line of a start is always told.
    fn tell_newest(&mut self) {
        if let Some(line) = self.newest.as_mut().and_then(|(_, line)| line.take()) {
            tell(line);
        }
    }
}

/// Of a start the last sweep is told, of the first one those whose number is a power of two, and of all one in so many seconds.
const QUIET: f64 = 1.0;

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
        *locked(&self.sweeps) = Sweeps { several, ..Sweeps::default() };
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
        locked(&self.sweeps).tell_newest();
        interrupt::lets_end(None);
    }

    fn sweep(&self, Sweep { start, sweep, bound }: Sweep<'_>) {
        let mut told = locked(&self.sweeps);
        if told.newest.as_ref().is_some_and(|(before, _)| *before != start) {
            told.tell_newest();
        }
        let number = if told.several { format!("{:>5} | ", start + 1) } else { String::new() };
        let line = format!(
            "{number}{sweep:>5} | {:>16.4} = {:>16.4} - {:>14.4} - {:>12.4}",
            bound.value(),
            bound.log_likelihood,
            bound.kl,
            // Not −bound.global, which makes −0 of nothing.
            0.0 - bound.global
        );
        let last = *told.last.get_or_insert_with(Instant::now);
        let is_due = last.elapsed().as_secs_f64() >= QUIET || (start == 0 && sweep.is_power_of_two());
        told.newest = Some((start, Some(line)));
        if is_due {
            told.last = Some(Instant::now());
            told.tell_newest();
        }
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
