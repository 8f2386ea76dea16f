//! Who watches a fit: a screen, a callback, a log.

use std::{path::Path, time::Duration};

use elbo::{diagnose::Collapse, fit::Finished, objective::Objective, terms::Bound};
use elbo_data::Reading;

use crate::{metrics::Metrics, text::Text};

/// A choice that was made for the user, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Of which setting, as `likelihood`.
    pub of: &'static str,
    /// What was chosen.
    pub chosen: String,
    /// The reason.
    pub why: String,
}

/// A sweep of coordinate ascent over the factors.
#[derive(Clone, Copy, Debug)]
pub struct Sweep<'a> {
    /// The number of the start, from 0.
    pub start: usize,
    /// The number of the sweep, from 1.
    pub sweep: usize,
    /// The bound after it, in nats of all rows.
    pub bound: &'a Bound,
}

/// Sees how a fit goes. Every method does nothing if it is not written: `()` watches nothing.
///
/// Some methods are called from other threads than that of the fit.
pub trait Observer: Sync {
    /// Something is known: `name` is a word, as `data` or `note`.
    fn fact(&self, _name: &str, _text: &Text) {}

    /// Something is to be kept in mind.
    fn note(&self, _text: &Text) {}

    /// A choice was made for the user.
    fn choice(&self, _choice: &Choice) {}

    /// A file was read, and this was understood of it. What is not as usual comes as choices and facts too.
    fn reading(&self, _reading: &Reading) {}

    /// Epochs begin, of a fit that raises `objective`; each has this many steps.
    fn epochs(&self, _steps: u64, _objective: Objective) {}

    /// A step of an epoch is done.
    fn step(&self) {}

    /// An epoch is done; `left` bounds the time that is left.
    fn epoch(&self, _metrics: &Metrics, _left: Duration) {}

    /// The state after this epoch, or this sweep of a start, is in the folder: a fit that is cut off from here on goes on
    /// from it. The last one is told of as well.
    fn checkpoint(&self, _folder: &Path, _epoch: u64) {}

    /// Asked after each epoch and each sweep, whether the fit shall stop there. Its state is then in the folder, and the fit
    /// an error of the kind [`Stopped`](crate::Kind::Stopped): [`resume`](crate::resume) goes on, to the same bits.
    fn stops(&self) -> bool {
        false
    }

    /// The posterior has collapsed, or come back.
    fn collapse(&self, _change: Collapse) {}

    /// The epochs are over, why, and after how many; or a step has failed.
    fn epochs_end(&self, _ended: Option<(Finished, u64)>, _objective: Objective) {}

    /// Sweeps begin, from this many starts; `names` says what the two KL divergences of the bound are of.
    fn sweeps(&self, _starts: usize, _names: [&str; 2]) {}

    /// A sweep is done.
    fn sweep(&self, _sweep: Sweep<'_>) {}

    /// The sweeps of all starts are over, or a start has failed or was stopped.
    fn sweeps_end(&self) {}

    /// A long evaluation begins: of what, and how much there is to do.
    fn work(&self, _what: &'static str, _total: u64) {}

    /// So much more of it is done.
    fn worked(&self, _more: u64) {}

    /// It is over.
    fn work_end(&self) {}
}

impl Observer for () {}

/// Facts and choices in a line each.
pub(crate) trait ObserverExt {
    fn say(&self, name: &str, text: impl Into<Text>);

    /// Tells that `chosen` was chosen for the user, where the setting was `open`.
    fn chose(&self, open: bool, of: &'static str, chosen: impl Into<String>, why: &str);
}

impl<O: Observer + ?Sized> ObserverExt for O {
    fn say(&self, name: &str, text: impl Into<Text>) {
        self.fact(name, &text.into());
    }

    fn chose(&self, open: bool, of: &'static str, chosen: impl Into<String>, why: &str) {
        if open {
            self.choice(&Choice { of, chosen: chosen.into(), why: why.into() });
        }
    }
}
