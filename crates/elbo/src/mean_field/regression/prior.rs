//! What is known of w and τ before the data.

use serde::{Deserialize, Serialize};

use crate::{
    Error,
    check::{self, checked},
    conjugate::{Conjugate, PrecisionExpectations},
    distribution::{Gamma, Gaussian},
};

/// The prior of the noise's precision τ, and its q.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Noise {
    /// τ = 1/sd².
    Known {
        /// The standard deviation of y about Xw, > 0.
        sd: f64,
    },
    /// τ ~ Gamma(shape, rate): 1/τ is of the inverse gamma distribution with the rate as its scale.
    Gamma {
        /// a > 0.
        shape: f64,
        /// b > 0.
        rate: f64,
    },
}

impl Noise {
    /// E\[τ\] and E\[log τ\].
    pub(super) fn expectations(self) -> Result<PrecisionExpectations, Error> {
        match self {
            Self::Known { sd } => Ok(known(sd)),
            Self::Gamma { shape, rate } => gamma(shape, rate),
        }
    }

    pub(super) fn check(self) -> Result<(), Error> {
        match self {
            Self::Known { sd } => check::deviation("the noise's standard deviation", sd),
            Self::Gamma { shape, rate } => Gamma::new(shape, rate).map(drop),
        }
    }
}

/// The prior of the weights' precisions α.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Weights {
    /// Every weight has this standard deviation.
    Known {
        /// The standard deviation, in units of y over units of x; of a scaled prior it is multiplied by √τ.
        sd: f64,
    },
    /// One α ~ Gamma(shape, rate) for all: ridge regression.
    Shared {
        /// a > 0.
        shape: f64,
        /// b > 0.
        rate: f64,
    },
    /// An α_j ~ Gamma(shape, rate) for each column: columns that say nothing are switched off.
    Each {
        /// a > 0.
        shape: f64,
        /// b > 0.
        rate: f64,
    },
}

checked! {
    /// The prior of w and τ, and the family of q(w).
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Prior {
        /// The standard deviation of the intercept about 0, whose column of ones comes before the others; `None` for no
        /// intercept. It is known, and wide: an intercept is not shrunk with the weights.
        pub intercept: Option<f64>,
        /// The prior of the precisions α of the weights.
        pub weights: Weights,
        /// The prior of the precision τ of the noise.
        pub noise: Noise,
        /// Whether the prior of w is scaled by τ: w_j|τ ~ N(0, 1/(α_j τ)), the intercept likewise.
        pub scaled: bool,
        /// Whether q(w) = Π_j q(w_j). All of them are set to their common optimum at once: the mean of the full q(w), and the
        /// variances 1/(V⁻¹)_jj.
        pub factorised: bool,
    }
}

impl Default for Prior {
    /// Ridge regression with an intercept, nearly flat.
    fn default() -> Self {
        let (shape, rate) = (1e-6, 1e-6);
        Self {
            intercept: Some(1e6),
            weights: Weights::Shared { shape, rate },
            noise: Noise::Gamma { shape, rate },
            scaled: false,
            factorised: false,
        }
    }
}

impl Prior {
    pub(super) fn check(&self) -> Result<(), Error> {
        if let Some(wide) = self.intercept {
            check::deviation("the intercept's standard deviation", wide)?;
        }
        match self.weights {
            Weights::Known { sd } => check::deviation("the weights' standard deviation", sd)?,
            Weights::Shared { shape, rate } | Weights::Each { shape, rate } => drop(Gamma::new(shape, rate)?),
        }
        self.noise.check()
    }

    /// Whether q(w, τ) is one factor.
    pub(super) fn joint(&self) -> bool {
        self.scaled && matches!(self.noise, Noise::Gamma { .. })
    }
}

/// Of the precision of a known standard deviation.
pub(super) fn known(sd: f64) -> PrecisionExpectations {
    PrecisionExpectations { mean: (sd * sd).recip(), ln: -2.0 * libm::log(sd) }
}

/// Of a precision that is Gamma(`shape`, `rate`).
pub(super) fn gamma(shape: f64, rate: f64) -> Result<PrecisionExpectations, Error> {
    Ok(Conjugate::<Gaussian>::expectations(&Gamma::new(shape, rate)?))
}
