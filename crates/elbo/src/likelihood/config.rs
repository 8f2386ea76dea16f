//! A likelihood as a configuration names it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Likelihood, Sigma};
use crate::{
    Error,
    check::{self, checked},
};

/// The registry: a family is a file and a line here.
macro_rules! families {
    ($($(#[doc = $doc:literal])* $name:ident $(($setting:ident: $type:ty))?,)*) => {
        checked! {
            /// p(x|z), given the decoder's output, as a configuration names it.
            #[derive(Clone, Copy, Debug, PartialEq)]
            #[serde(rename_all = "kebab-case")]
            pub enum LikelihoodConfig {
                $($(#[doc = $doc])* $name $(($type))?,)*
            }
        }

        /// A family of likelihoods, as it is asked for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum LikelihoodFamily {
            $($(#[doc = $doc])* $name,)*
        }

        impl LikelihoodFamily {
            /// All families, each with what it is in a sentence.
            pub const ALL: &[(Self, &str)] = &[$((Self::$name, concat!($($doc),*)),)*];
        }

        impl From<LikelihoodFamily> for LikelihoodConfig {
            fn from(family: LikelihoodFamily) -> Self {
                match family {
                    $(LikelihoodFamily::$name => Self::$name $((<$type>::default()))?,)*
                }
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
                    $(Self::$name $(($setting))? => Arc::new(super::$name $(($setting))?),)*
                }
            }
        }
    };
}

families! {
    /// Independent Bernoulli columns of values in [0, 1], from logits (E10).
    Bernoulli,
    /// Independent Gaussian columns of real numbers, from means (E11).
    Gaussian(sigma: Sigma),
    /// Independent Poisson columns of counts, from log rates.
    Poisson,
    /// Independent columns of counts whose variance exceeds their mean, each with a dispersion of its own, from log means (E36).
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
