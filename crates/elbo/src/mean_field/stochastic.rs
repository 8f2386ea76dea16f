//! Stochastic variational inference: natural gradients from minibatches (Hoffman, Blei, Wang and Paisley 2013).
//!
//! The natural gradient of the bound in the natural parameters λ of a global factor is λ̂ − λ, where λ̂ is the factor's
//! optimum given the latents of all rows. From a minibatch, with its statistics scaled by N/B, it is unbiased, so
//! λ ← (1 − ρ) λ + ρ λ̂ with steps ρ that obey Robbins and Monro's conditions converges to a local optimum.

use std::ops::Bound::{Excluded, Included};

use crate::{
    Error,
    check::{self, checked},
    minibatch,
    random::{Key, Purpose},
};

checked! {
    /// The steps ρ_t = (t + delay)^(−forgetting), t = 1, 2, …
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct RobbinsMonro {
        /// Holds the first steps back; at least 0.
        pub delay: f64,
        /// The exponent κ of the step sizes, in (½, 1], so that Σρ = ∞ and Σρ² < ∞.
        pub forgetting: f64,
    }
}

impl Default for RobbinsMonro {
    fn default() -> Self {
        Self { delay: 10.0, forgetting: 0.7 }
    }
}

impl RobbinsMonro {
    /// ρ of step `step`, from 1.
    ///
    /// ```
    /// use elbo::mean_field::RobbinsMonro;
    /// assert_eq!(RobbinsMonro { delay: 3.0, forgetting: 1.0 }.step_size(1), 0.25);
    /// ```
    pub fn step_size(&self, step: u64) -> f64 {
        libm::pow(step as f64 + self.delay, -self.forgetting)
    }

    /// Checks that the conditions hold.
    ///
    /// # Errors
    /// It fails where they do not.
    pub fn check(&self) -> Result<(), Error> {
        check::not_negative("the delay", self.delay)?;
        check::in_range("the forgetting rate", self.forgetting, (Excluded(0.5), Included(1.0))).map(drop)
    }
}

/// A model whose rows have latents of their own, and whose other factors have natural parameters.
pub trait Stochastic {
    /// N, the number of rows.
    fn rows(&self) -> usize;

    /// Moves the global factors by a step along the natural gradient: the latents of `rows` are set to their optimum, their
    /// statistics multiplied by `scale` = N/B, and λ ← (1 − ρ) λ + ρ λ̂ with ρ = `step_size`.
    ///
    /// # Errors
    /// It fails where the factors would no longer be distributions.
    fn step(&mut self, rows: &[usize], scale: f64, step_size: f64) -> Result<(), Error>;

    /// One pass over the rows, in minibatches of `size` in an order drawn from `key` and `epoch`, the last of what is left.
    /// `steps` counts the steps of all epochs.
    ///
    /// # Errors
    /// It fails as [`Self::step`] does; where the schedule's conditions do not hold.
    fn epoch(
        &mut self,
        size: usize,
        schedule: &RobbinsMonro,
        key: Key,
        epoch: u64,
        steps: &mut u64,
    ) -> Result<(), Error> {
        schedule.check()?;
        let order = key.purpose(Purpose::Shuffle).fold(epoch).permutation(self.rows());
        for rows in order.chunks(size.max(1)) {
            *steps += 1;
            self.step(rows, minibatch::scale(order.len(), rows.len()), schedule.step_size(*steps))?;
        }
        Ok(())
    }
}
