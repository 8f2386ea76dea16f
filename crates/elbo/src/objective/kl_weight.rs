//! The KL's weight in what is maximised, where it is not 1: β, its warm-up, and free bits.
//!
//! J = E_q[log p(x|z)] − β Σ_j max(λ, KL_j), KL_j = KL(q(z_j|x) ‖ p(z_j)) of a row, in nats.
//!
//! β ≠ 1 weighs the code's cost (Higgins et al. 2017); raised from 0 over the first epochs it lets the decoder find a use
//! for the code before that costs anything (Bowman et al. 2016; Sønderby et al. 2016); λ > 0 nats of each latent
//! variable and row are free (free bits, Kingma et al. 2016). All are remedies against a collapsed posterior. While one
//! is on, J is not the ELBO (with β < 1 not a bound on log p(x) at all).

use crate::{
    Error,
    check::{self, checked},
};

checked! {
    /// How the KL is weighed as a fit goes on.
    ///
    /// ```
    /// use elbo::objective::KlWeight;
    /// let weight = KlWeight { warm_up: 10, ..KlWeight::default() };
    /// assert_eq!((weight.factor(2.5), weight.factor(50.0)), (0.25, 1.0));
    /// assert!(!weight.is_elbo(2.5) && weight.is_elbo(10.0));
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct KlWeight {
        /// β, ≥ 0, after the warm-up.
        pub beta: f64,
        /// Epochs over which β rises from 0, linearly.
        pub warm_up: u64,
        /// λ ≥ 0, the nats of each latent variable that cost nothing.
        pub free_bits: f64,
    }
}

impl Default for KlWeight {
    fn default() -> Self {
        Self { beta: 1.0, warm_up: 0, free_bits: 0.0 }
    }
}

impl KlWeight {
    /// The weight of the KL after so many epochs (a fraction within one), as a multiple of what it is after the
    /// warm-up.
    pub fn factor(&self, epochs: f64) -> f64 {
        if self.warm_up == 0 { 1.0 } else { (epochs / self.warm_up as f64).min(1.0) }
    }

    /// Whether what is maximised after so many epochs is the ELBO. With β > 1 or free bits it is a lower one.
    pub fn is_elbo(&self, epochs: f64) -> bool {
        self.beta * self.factor(epochs) == 1.0 && self.free_bits == 0.0
    }

    /// Checks β and λ.
    ///
    /// # Errors
    /// It fails where one is not a finite number ≥ 0.
    pub fn check(&self) -> Result<(), Error> {
        check::not_negative("beta", self.beta)?;
        check::not_negative("free_bits", self.free_bits).map(drop)
    }
}

/// What the KL costs at a step, of [`KlWeight`] and how far its warm-up has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KlCost {
    /// The present value of β.
    pub beta: f64,
    /// λ, the nats of each latent variable that cost nothing.
    pub free_bits: f64,
}

impl KlCost {
    /// The cost of the KL in the ELBO.
    pub const FULL: Self = Self { beta: 1.0, free_bits: 0.0 };
}
