//! A likelihood as a configuration names it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ColumnConfig, Columns, Likelihood, Sigma};
use crate::{
    Error,
    check::{self, checked},
};

/// The registry: a family is a file and a line here, with its name in a configuration.
macro_rules! families {
    ($($(#[doc = $doc:literal])* $text:literal $name:ident $(($setting:ident: $type:ty))?,)*) => {
        checked! {
            /// p(x|z), given the decoder's output, as a configuration names it.
            #[derive(Clone, Debug, PartialEq)]
            pub enum LikelihoodConfig {
                $($(#[doc = $doc])* #[serde(rename = $text)] $name $(($type))?,)*
                /// Each column has a family of its own, and cells may be missing (E34).
                #[serde(rename = "columns")]
                Columns(Vec<ColumnConfig>),
            }
        }

        /// A family of likelihoods that is one for all columns, as it is asked for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum LikelihoodFamily {
            $($(#[doc = $doc])* #[serde(rename = $text)] $name,)*
        }

        impl LikelihoodFamily {
            /// The name of each family, and what it is in a sentence.
            pub const NAMES: &[(&str, &str)] = &[$(($text, concat!($($doc),*)),)*];
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
            pub fn likelihood(&self) -> Arc<dyn Likelihood> {
                match self {
                    $(Self::$name $(($setting))? => Arc::new(super::$name $((*$setting))?),)*
                    Self::Columns(columns) => Arc::new(Columns::new(columns)),
                }
            }
        }
    };
}

families! {
    /// The columns are independent and Bernoulli, with values in [0, 1]; the decoder gives their logits (E10).
    "bernoulli" Bernoulli,
    /// The columns are independent and Gaussian, with real numbers; the decoder gives their means (E11).
    "gaussian" Gaussian(sigma: Sigma),
    /// The columns are independent Poisson counts; the decoder gives the logarithms of their rates.
    "poisson" Poisson,
    /// The columns are independent counts whose variance exceeds their mean, each with a dispersion of its own; the decoder gives the
    /// logarithms of their means (E36).
    "negative-binomial" NegativeBinomial,
}

impl LikelihoodConfig {
    /// Checks its settings.
    ///
    /// # Errors
    /// It fails where a fixed σ is not a finite number > 0.
    pub fn check(&self) -> Result<(), Error> {
        match self {
            Self::Gaussian(Sigma::Fixed(sigma)) => check::positive("sigma", *sigma).map(drop),
            Self::Columns(columns) => columns.iter().try_for_each(|column| column.check()),
            _ => Ok(()),
        }
    }
}
