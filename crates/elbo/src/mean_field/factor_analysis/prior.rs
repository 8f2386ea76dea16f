//! What is known before the rows.

use serde::{Deserialize, Serialize};

use crate::{
    Error,
    check::{self, checked},
    distribution::Gamma,
};

/// How the noise of the columns is related.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Noise {
    /// All columns share one τ: probabilistic PCA.
    Shared,
    /// Each column has a τ_d: factor analysis.
    Each,
}

checked! {
    /// The prior, and the number of latent dimensions.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Prior {
        /// K ≥ 1, of which those that explain nothing are switched off.
        pub latent: usize,
        /// Whether the columns share one τ.
        pub noise: Noise,
        /// The shape a of the prior τ ~ Gamma(a, b).
        pub noise_shape: f64,
        /// b, in squared units of x.
        pub noise_rate: f64,
        /// The shape a of the prior α_k ~ Gamma(a, b).
        pub relevance_shape: f64,
        /// b, in squared units of x.
        pub relevance_rate: f64,
        /// The standard deviation of μ_d about 0, in units of x.
        pub mean_sd: f64,
    }
}

impl Prior {
    /// A prior that is nearly flat, for columns whose standard deviations are of the order of 1.
    pub fn new(latent: usize, noise: Noise) -> Self {
        let (shape, rate) = (1e-3, 1e-3);
        Self {
            latent,
            noise,
            noise_shape: shape,
            noise_rate: rate,
            relevance_shape: shape,
            relevance_rate: rate,
            mean_sd: 1e6,
        }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        check::at_least("the number of latent dimensions", self.latent, 1)?;
        Gamma::new(self.noise_shape, self.noise_rate)?;
        Gamma::new(self.relevance_shape, self.relevance_rate)?;
        check::deviation("the standard deviation of the mean", self.mean_sd)
    }

    /// 1/sd² of μ.
    pub(super) fn mean_precision(&self) -> f64 {
        (self.mean_sd * self.mean_sd).recip()
    }
}
