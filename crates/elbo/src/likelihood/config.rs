//! A likelihood as a configuration names it.

use std::sync::Arc;

use super::{Bernoulli, Gaussian, Likelihood, NegativeBinomial, Poisson, Sigma};
use crate::{
    Error,
    check::{self, checked},
};

/// The registry: a family is a file and a line here.
macro_rules! families {
    ($($(#[$doc:meta])* $name:ident $(($setting:ident: $type:ty))?,)*) => {
        checked! {
            /// p(x|z), given the decoder's output, as a configuration names it.
            #[derive(Clone, Copy, Debug, PartialEq)]
            #[serde(rename_all = "kebab-case")]
            pub enum LikelihoodConfig {
                $($(#[$doc])* $name $(($type))?,)*
            }
        }

        impl LikelihoodConfig {
            /// The likelihood.
            ///
            /// ```
            /// use elbo::likelihood::{LikelihoodConfig, Support};
            /// assert_eq!(LikelihoodConfig::Poisson.likelihood().support(), Support::Count);
            /// ```
            pub fn likelihood(self) -> Arc<dyn Likelihood> {
                match self {
                    $(Self::$name $(($setting))? => Arc::new($name $(($setting))?),)*
                }
            }
        }
    };
}

families! {
    /// Independent Bernoulli columns; the decoder gives logits (E10).
    Bernoulli,
    /// Independent Gaussian columns; the decoder gives means (E11).
    Gaussian(sigma: Sigma),
    /// Independent Poisson columns; the decoder gives log rates.
    Poisson,
    /// Independent negative binomial columns, each with a dispersion of its own; the decoder gives log means (E36).
    NegativeBinomial,
}

impl LikelihoodConfig {
    /// Checks its settings.
    ///
    /// # Errors
    /// Where a fixed σ is not a finite number > 0.
    pub fn check(self) -> Result<(), Error> {
        match self {
            Self::Gaussian(Sigma::Fixed(sigma)) => check::positive("sigma", sigma).map(drop),
            _ => Ok(()),
        }
    }
}
