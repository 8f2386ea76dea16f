//! Posterior collapse as it happens: no latent dimension carries anything (E26).
//!
//! A decoder that explains the rows without the code leaves q(z|x) at the prior, where the KL is smallest; the code then
//! has no gradient to come back by (Bowman et al. 2016; He et al. 2019).

/// Epochs in a row without an active dimension that make a collapse: at the start a code needs a few to be found.
pub const COLLAPSED_AFTER: u64 = 3;

/// Watches the number of active dimensions over the epochs.
///
/// ```
/// use elbo::diagnose::{Collapse, CollapseWatch};
/// let mut watch = CollapseWatch::default();
/// let seen: Vec<_> = [5, 0, 0, 0, 0, 2].into_iter().map(|active| watch.observe(active)).collect();
/// assert_eq!(seen, [None, None, None, Some(Collapse::Collapsed), None, Some(Collapse::Recovered)]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CollapseWatch {
    epochs: u64,
}

/// What an epoch brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collapse {
    /// The posterior has collapsed to the prior.
    Collapsed,
    /// A dimension is active again.
    Recovered,
}

impl CollapseWatch {
    /// Takes in the number of active dimensions after an epoch; says so where the state changed.
    pub fn observe(&mut self, active: usize) -> Option<Collapse> {
        let before = self.epochs;
        self.epochs = if active == 0 { before + 1 } else { 0 };
        if self.epochs == COLLAPSED_AFTER {
            Some(Collapse::Collapsed)
        } else if active > 0 && before >= COLLAPSED_AFTER {
            Some(Collapse::Recovered)
        } else {
            None
        }
    }
}
