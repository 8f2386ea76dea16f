//! What a step carries on, and what it tells.

use crate::{
    optimiser::Moments,
    terms::{Bound, RowTerms},
};

/// What a fit carries from step to step. With the same state, minibatch and seed a step gives the same bits.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// θ and φ, flat in the order of [`parameters::layout`](crate::parameters::layout).
    pub parameters: Vec<f32>,
    /// The optimiser's state for θ.
    pub model: Moments,
    /// The optimiser's state for φ.
    pub guide: Moments,
    /// Steps taken.
    pub step: u64,
    /// What the gradient's estimator carries, see [`Estimator::observe`](crate::gradient::Estimator::observe); of most it
    /// is empty.
    pub estimator: Vec<f64>,
}

/// What a step tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Report<'a> {
    /// The terms of the bound of each row of the minibatch, before the step; under a ψ of its own, at that.
    pub terms: &'a RowTerms,
    /// The terms under the encoder's q, where each row has a ψ of its own.
    pub amortised: Option<&'a RowTerms>,
    /// The estimate of the data set's bound that this minibatch gives, with log p(θ) where θ has a prior.
    pub bound: Bound,
    /// The mean over the minibatch's rows of what was maximised: the bound, but for the [`KlWeight`](crate::objective::KlWeight).
    pub objective: f64,
    /// Norm of the gradient of the bound per datum, before clipping.
    pub gradient_norm: f64,
}
