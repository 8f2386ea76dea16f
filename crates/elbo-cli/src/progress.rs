//! What is seen while a fit or an evaluation runs: a live bar in a terminal, plain lines elsewhere.

use std::{
    io::IsTerminal,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use elbo::{
    diagnose::{COLLAPSED_AFTER, Collapse},
    terms::Summary,
};
use indicatif::{ProgressBar, ProgressStyle};

use elbo_fit::{Metrics, auto_encoder::Words};

use crate::out::{is_quiet, tell};

/// The display of a fit.
pub(crate) struct Display {
    bar: Option<ProgressBar>,
    steps: u64,
    words: Words,
    last_line: Option<Instant>,
}

/// In a terminal at most one line is added in this time, so that quick epochs do not flood it.
const QUIET: Duration = Duration::from_secs(1);

impl Display {
    /// A display for epochs of `steps` steps.
    pub(crate) fn new(steps: u64, words: Words) -> Self {
        Self { bar: bar(steps, "{spinner} {wide_bar:.cyan/blue} {msg}"), steps, words, last_line: None }
    }

    /// The heading of the lines.
    pub(crate) fn start(&self) {
        let Words { objective, first, second, unit } = &self.words;
        let bound = format!("{objective:>8}  {:>5} = {first:>8} - {second:>6}", "s.e.");
        let (training, validation) = (format!("training, {unit}"), format!("validation, {unit}"));
        self.line(&format!("\n{:>5} | {training:^34} | {validation:^34} | {:>6} |", "", "dims"));
        self.line(&format!(
            "{:>5} | {bound} | {bound} | {:>6} | {:>7} | {:>8}",
            "epoch", "active", "rows/s", "left"
        ));
    }

    /// A step of the epoch is done.
    pub(crate) fn step(&self) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    /// An epoch is done; `left` bounds the time that is left.
    pub(crate) fn epoch(&mut self, metrics: &Metrics, left: Duration) {
        let epoch = &metrics.epoch;
        let star = if epoch.best { "*" } else { " " };
        // While the KL is weighed the columns show the true bound, which is not what is maximised.
        let weighed = epoch.objective.map_or(String::new(), |value| {
            format!("  maximised in training: {value:.2}, its KL weighed, not the bound")
        });
        let by_encoder = epoch.amortised.as_ref().map_or(String::new(), |by| {
            format!("  by the encoder {:.2}, {:.2}", by.train.elbo.value, by.validation.elbo.value)
        });
        let line = format!(
            "{:>5} | {} | {} | {:>6} | {:>7.0} | {:>8} {star}{by_encoder}{weighed}",
            epoch.epoch,
            bound(&epoch.train),
            bound(&epoch.validation),
            epoch.active.map_or("–".into(), |active| active.to_string()),
            metrics.rows_per_second,
            format!("≤ {}", clock(left)),
        );
        let Some(bar) = &self.bar else { return tell(line) };
        bar.set_length(self.steps);
        bar.set_position(0);
        bar.set_message(format!(
            "epoch {}  {} {:.2}  {:.0} rows/s  ≤ {} left",
            epoch.epoch,
            self.words.objective,
            epoch.validation.elbo.value,
            metrics.rows_per_second,
            clock(left)
        ));
        if self.last_line.is_none_or(|last| last.elapsed() >= QUIET) {
            self.last_line = Some(Instant::now());
            bar.println(line);
        }
    }

    /// The posterior has collapsed, or come back.
    pub(crate) fn collapse(&self, change: Collapse) {
        self.line(&match change {
            Collapse::Collapsed => format!(
                "collapse    for {COLLAPSED_AFTER} epochs no latent dimension has carried anything: q(z|x) is the prior, \
                 and the decoder works without it.\nhint: --kl-warm-up 20, --free-bits 0.1, --beta 0.5 or \
                 --encoder-steps 5 keep the code in use; if none helps, the rows may have no structure to encode"
            ),
            Collapse::Recovered => "recovered   a latent dimension carries something again".into(),
        });
    }

    /// The fit is over.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None => tell(line),
        }
    }
}

/// The display of a long evaluation, counted by any thread.
pub(crate) struct Count {
    bar: Option<ProgressBar>,
    what: &'static str,
    done: AtomicU64,
    total: u64,
    start: Instant,
    last_line: Mutex<Instant>,
}

/// Elsewhere than in a terminal a line is added in this time.
const SLOW: Duration = Duration::from_secs(30);

impl Count {
    /// A display of something of which there is this much to do.
    pub(crate) fn new(what: &'static str, total: u64) -> Self {
        let bar = bar(total, "{msg} {wide_bar:.cyan/blue} {percent} %  {eta} left");
        if let Some(bar) = &bar {
            bar.set_message(what);
        }
        let start = Instant::now();
        Self { bar, what, done: AtomicU64::new(0), total, start, last_line: Mutex::new(start) }
    }

    /// So much more of it is done.
    pub(crate) fn add(&self, more: u64) {
        if let Some(bar) = &self.bar {
            return bar.inc(more);
        }
        let done = self.done.fetch_add(more, Ordering::Relaxed) + more;
        // Another thread that is just looking will do.
        let Ok(mut last) = self.last_line.try_lock() else { return };
        if last.elapsed() < SLOW {
            return;
        }
        *last = Instant::now();
        let share = done as f64 / self.total as f64;
        let left = self.start.elapsed().mul_f64((1.0 / share - 1.0).max(0.0));
        tell(format!("{}: {:.0} %, about {} left", self.what, 100.0 * share, clock(left)));
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A bar, where there is a terminal to draw it in.
fn bar(length: u64, template: &str) -> Option<ProgressBar> {
    (std::io::stderr().is_terminal() && !is_quiet()).then(|| {
        let bar = ProgressBar::new(length);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar
    })
}

fn bound(terms: &Summary) -> String {
    let Summary { elbo, log_likelihood, kl, .. } = terms;
    let error = elbo.error().map_or("       ".into(), |error| format!(" ±{error:>5.2}"));
    format!("{:>8.2}{error} = {:>8.2} - {:>6.2}", elbo.value, log_likelihood.value, kl.value)
}

/// Hours, minutes and seconds.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}
