//! A precision, known or of a gamma distribution.

use serde::{Deserialize, Serialize};

use crate::{
    Error, check,
    conjugate::{Conjugate, PrecisionExpectations, Squares},
    distribution::{Gamma, Gaussian, Sample},
    divergence::KullbackLeibler,
    random::Key,
};

/// A precision, 1/variance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// The precision is known.
    Known(f64),
    /// The precision is unknown, with a Gamma(`shape`, `rate`) distribution.
    Gamma {
        /// a.
        shape: f64,
        /// b.
        rate: f64,
    },
}

impl Precision {
    pub(super) fn check(self) -> Result<(), Error> {
        match self {
            Self::Known(value) => check::positive("the value", value).map(drop),
            Self::Gamma { shape, rate } => Gamma::new(shape, rate).map(drop),
        }
        .map_err(|error| error.within("a precision"))
    }

    /// E\[τ\].
    pub fn mean(self) -> f64 {
        match self {
            Self::Known(value) => value,
            Self::Gamma { shape, rate } => shape / rate,
        }
    }

    /// E\[τ\] and E\[log τ\].
    pub(super) fn expectations(self) -> Result<PrecisionExpectations, Error> {
        Ok(match self {
            Self::Known(value) => PrecisionExpectations::known(value),
            Self::Gamma { shape, rate } => Conjugate::<Gaussian>::expectations(&Gamma::new(shape, rate)?),
        })
    }

    /// E\[1/τ\], the expected variance; +∞ of a gamma whose shape is at most 1.
    pub fn mean_variance(self) -> f64 {
        match self {
            Self::Known(value) => value.recip(),
            Self::Gamma { shape, rate } if shape > 1.0 => rate / (shape - 1.0),
            Self::Gamma { .. } => f64::INFINITY,
        }
    }

    /// As prior: the posterior, given deviations. What is known stays.
    pub(super) fn updated(self, of: &Squares) -> Result<Self, Error> {
        let Self::Gamma { shape, rate } = self else { return Ok(self) };
        let q = Conjugate::<Gaussian>::updated(&Gamma::new(shape, rate)?, of)?;
        Ok(Self::Gamma { shape: q.shape(), rate: q.rate() })
    }

    /// From a prior of the same kind; of a known one 0.
    pub(super) fn kl(self, prior: Self) -> Result<f64, Error> {
        let (Self::Gamma { shape, rate }, Self::Gamma { shape: a0, rate: b0 }) = (self, prior) else {
            return Ok(0.0);
        };
        Gamma::new(shape, rate)?.kl(&Gamma::new(a0, b0)?)
    }

    /// A draw, as a known one.
    pub(super) fn draw(self, key: Key, row: u64) -> Result<Self, Error> {
        let Self::Gamma { shape, rate } = self else { return Ok(self) };
        Ok(Self::Known(Gamma::new(shape, rate)?.sample(key, row)))
    }
}
