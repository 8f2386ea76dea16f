//! Which block moves at a step (E18), and how far.

use serde::{Deserialize, Serialize};

use crate::{Error, check};

/// θ and φ, together or in turn (E18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// Every step moves θ and φ.
    Joint,
    /// Steps 0, 2, 4, … move θ with φ held, steps 1, 3, 5, … move φ with θ held.
    Alternating,
    /// Before each step that moves both, this many steps move φ alone, each on a minibatch of its own: the guide then
    /// does not lag behind a posterior that moves, which is one way in which a posterior collapses (He et al. 2019).
    #[serde(rename = "encoder-steps")]
    EncoderSteps(u64),
}

/// The blocks that a step moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActiveBlocks {
    /// Whether θ moves, the generative model.
    pub model: bool,
    /// Whether φ moves, the guide.
    pub guide: bool,
}

impl ActiveBlocks {
    /// Both θ and φ move.
    pub const BOTH: Self = Self { model: true, guide: true };
}

impl Schedule {
    /// What step number `step` (from 0) moves.
    ///
    /// ```
    /// use elbo::schedule::Schedule;
    /// let lagging = |step| Schedule::EncoderSteps(2).moves(step).model;
    /// assert_eq!([0, 1, 2, 3, 4, 5].map(lagging), [false, false, true, false, false, true]);
    /// assert!(Schedule::EncoderSteps(2).moves(0).guide);
    /// ```
    pub fn moves(self, step: u64) -> ActiveBlocks {
        match self {
            Self::Joint => ActiveBlocks::BOTH,
            Self::EncoderSteps(extra) => {
                ActiveBlocks { model: step % extra.saturating_add(1) == extra, guide: true }
            }
            Self::Alternating => {
                ActiveBlocks { model: step.is_multiple_of(2), guide: !step.is_multiple_of(2) }
            }
        }
    }
}

/// What a step is multiplied by, as a fit goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepFactors {
    /// The step sizes, see [`Decay`].
    pub decay: f64,
    /// The weight of the KL, see [`KlWeight::factor`](crate::objective::KlWeight::factor).
    pub kl: f64,
}

impl StepFactors {
    /// Steps have their full size, and the KL its full weight.
    pub const FULL: Self = Self { decay: 1.0, kl: 1.0 };
}

/// The factor on the step sizes as a fit goes on.
///
/// ```
/// use elbo::schedule::Decay;
/// assert_eq!(Decay::Constant.factor(7.5, 10), 1.0);
/// assert_eq!(Decay::Cosine.factor(5.0, 10), 0.5);
/// assert_eq!(Decay::Stepwise { every: 3, by: 0.1 }.factor(6.5, 10), 0.1f64.powi(2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decay {
    /// The factor is 1.
    Constant,
    /// The factor is ½ (1 + cos π t/T): it falls from 1 to 0 over the T epochs of the fit.
    Cosine,
    /// The factor is multiplied by `by` after every `every` epochs.
    Stepwise {
        /// Epochs between two multiplications, at least 1.
        every: usize,
        /// The factor, > 0.
        by: f64,
    },
}

impl Decay {
    /// Checks its numbers.
    ///
    /// # Errors
    /// It fails where there is no epoch between two steps, or their factor is not a finite number > 0.
    pub fn check(self) -> Result<(), Error> {
        let Self::Stepwise { every, by } = self else { return Ok(()) };
        check::at_least("the epochs between two decays", every, 1)?;
        check::positive("the factor of the decay", by).map(drop)
    }

    /// The factor after `epochs` epochs (a fraction within one) of at most `last`.
    pub fn factor(self, epochs: f64, last: usize) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Cosine => {
                let t = (epochs / last.max(1) as f64).min(1.0);
                0.5 * (1.0 + libm::cos(std::f64::consts::PI * t))
            }
            Self::Stepwise { every, by } => by.powi((epochs / every.max(1) as f64) as i32),
        }
    }
}
