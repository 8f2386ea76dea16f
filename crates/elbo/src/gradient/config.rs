//! Estimators by their names: a line each, in the one table.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    Estimator,
    choice::{Choice, Refusal},
};
use crate::{
    Error,
    guide::Guide,
    model::Latent,
    objective::{Objective, elbo::KlForm},
};

/// What is known of an estimator before it is made.
struct Known {
    samples: usize,
    unbiased: bool,
    weighs_kl: bool,
}

impl Known {
    const fn of<E: Choice>() -> Self {
        Self { samples: E::SAMPLES, unbiased: E::UNBIASED, weighs_kl: E::WEIGHS_KL }
    }
}

/// Each line: the name in a configuration, the estimator, the number that it is given, and its file.
macro_rules! forms {
    ($($(#[$more:meta])* $text:literal $name:ident $(($number:ident: $type:ty))? of $file:ident;)*) => {
        /// A choice of estimator, as a configuration names it.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
        pub enum EstimatorConfig {
            $(
                #[doc = concat!("`", stringify!($name), "`" $(, ", of this ", stringify!($number))?, ".")]
                $(#[$more])*
                #[serde(rename = $text)]
                $name $(($type))?,
            )*
        }

        impl EstimatorConfig {
            /// The name of each, with what it is given after a colon, as `:<decay>`, and what it is.
            pub const NAMES: &[(&str, &str)] = &[
                $((concat!($text $(, ":<", stringify!($number), ">")?), <super::$file::$name as Choice>::ABOUT),)*
            ];

            /// Its name, as a configuration has it.
            fn name(self) -> &'static str {
                match self { $(Self::$name { .. } => $text,)* }
            }

            fn known(self) -> Known {
                match self { $(Self::$name { .. } => Known::of::<super::$file::$name>(),)* }
            }

            /// Checks the number of the choice.
            ///
            /// # Errors
            /// It fails where the estimator has no such number: a temperature is > 0, a decay in [0, 1).
            pub fn check(self) -> Result<(), Error> {
                match self {
                    $(Self::$name $(($number))? => <super::$file::$name as Choice>::check(($($number)?)),)*
                }
            }

            fn choose(
                self,
                of: (Objective, KlForm),
                model: &dyn Latent,
                guide: &dyn Guide,
            ) -> Result<Arc<dyn Estimator>, Refusal> {
                match self {
                    $(Self::$name $(($number))? => super::$file::$name::of(($($number)?), of, model, guide),)*
                }
            }
        }
    };
}

forms! {
    #[default] "reparameterised" Reparameterised of reparameterised;
    "sticking-the-landing" StickingTheLanding of reparameterised;
    "doubly-reparameterised" DoublyReparameterised of importance_weighted;
    "score-function" ScoreFunction of score_function;
    "running-mean" RunningMean(decay: f64) of score_function;
    "enumerated" Enumerated of enumerated;
    "relaxed" Relaxed(temperature: f64) of relaxed;
}

impl fmt::Display for EstimatorConfig {
    /// Its name, as a configuration has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl EstimatorConfig {
    /// The estimator of this objective's gradient, for this model and guide.
    ///
    /// What the estimator itself knows it is asked: [`Estimator::way`] says whether the fused engine makes it,
    /// [`Estimator::at_cost`] whether the KL may be weighed.
    ///
    /// # Errors
    /// It fails where it does not suit the objective, or the family of z: only a Gaussian can be reparameterised, only
    /// a discrete one relaxed or enumerated. Where the objective does not suit the model.
    pub fn estimator(
        self,
        objective: Objective,
        kl: KlForm,
        model: &dyn Latent,
        guide: &dyn Guide,
    ) -> Result<Arc<dyn Estimator>, Error> {
        self.check()?;
        self.choose((objective, kl), model, guide).map_err(|refusal| match refusal {
            Refusal::Needs(needs) => Error::unsuited("the estimator", self, needs),
            Refusal::Fault(fault) => fault,
        })
    }

    /// Samples of z a row and step that it takes of the ELBO, where none are asked for.
    pub fn samples(self) -> usize {
        self.known().samples
    }

    /// Whether its mean is the gradient.
    pub fn is_unbiased(self) -> bool {
        self.known().unbiased
    }

    /// Whether the KL of the ELBO may be weighed, see [`KlWeight`](crate::objective::KlWeight).
    pub fn weighs_kl(self) -> bool {
        self.known().weighs_kl
    }
}
