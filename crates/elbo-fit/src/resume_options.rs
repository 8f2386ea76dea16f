//! How much further a fit goes that was interrupted, or is finished.

use elbo::{fit::Progress, mean_field::Ascent};

use crate::error::Error;

/// How much further a fit goes in its folder; what is open stays as it was. A fit that had ended is carried on: by gradients
/// from its last epoch, by coordinate ascent from the best of its starts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ResumeOptions {
    /// Epochs in all, of a fit by gradients.
    pub epochs: Option<u64>,
    /// Epochs without a rise after which it ends.
    pub patience: Option<u64>,
    /// Sweeps in all of each start that is not over, of a fit by coordinate ascent.
    pub sweeps: Option<usize>,
    /// The rise of the bound by a sweep, in units of its size, at which the ascent ends.
    pub tolerance: Option<f64>,
}

impl ResumeOptions {
    /// The ascent that goes further; none where nothing is asked.
    pub(crate) fn ascent(&self, ascent: Ascent) -> Result<Option<Ascent>, Error> {
        if self.epochs.is_some() || self.patience.is_some() {
            let message =
                "«epochs» and «patience» are of fits by gradients, and this one is by coordinate ascent";
            return Err(Error::request(message, "«sweeps» and «tolerance» carry it on"));
        }
        if self.sweeps.is_none() && self.tolerance.is_none() {
            return Ok(None);
        }
        let Ascent { sweeps, tolerance } = ascent;
        let further =
            Ascent { sweeps: self.sweeps.unwrap_or(sweeps), tolerance: self.tolerance.unwrap_or(tolerance) };
        further.check()?;
        Ok(Some(further))
    }

    /// The epochs and the patience that a fit by gradients goes on with, and whether that has it count its patience anew:
    /// where it had ended because it waited in vain.
    pub(crate) fn epochs(
        &self,
        (epochs, patience): (u64, Option<u64>),
        progress: Option<&Progress>,
    ) -> Result<Option<(u64, Option<u64>, bool)>, Error> {
        if self.sweeps.is_some() || self.tolerance.is_some() {
            let message = "«sweeps» and «tolerance» are of coordinate ascent, and this fit is by gradients";
            return Err(Error::request(message, "«epochs» and «patience» carry it on"));
        }
        if self.epochs.is_none() && self.patience.is_none() {
            return Ok(None);
        }
        let done = progress.map_or(0, |progress| progress.epoch);
        let further = (self.epochs.unwrap_or(epochs), self.patience.or(patience));
        if further.0 <= done {
            let message = format!("the fit has {done} epochs: «epochs {}» are no more than these", further.0);
            return Err(Error::request(message, format!("give the epochs in all, as «epochs {}»", 2 * done)));
        }
        let waited = progress.map_or(0, |progress| progress.patience.waited);
        let ended = |patience: Option<u64>| patience.is_some_and(|most| waited >= most);
        Ok(Some((further.0, further.1, ended(patience) && ended(further.1))))
    }
}
