//! What is known of a mixture before the rows, and what rows it takes.

use std::ops::Bound::{Excluded, Unbounded};

use serde::{Deserialize, Serialize};

use super::Weights;
use crate::{
    Error,
    check::{self, checked},
    conjugate::WishartPrecision,
    distribution::{Beta, Gamma},
    error::Domain,
    mean_field::cells::{check_cells, check_finite},
};

/// What the covariances of Gaussian components are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Covariance {
    /// A matrix for each component.
    #[default]
    Full,
    /// One matrix for all.
    Tied,
    /// A variance for each component and column.
    Diagonal,
    /// A variance for each component.
    Spherical,
}

/// The prior of Gaussian components.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GaussianPrior {
    /// What the covariances are.
    pub covariance: Covariance,
    /// m₀, `[D]`.
    pub mean: Vec<f64>,
    /// β₀: how many rows m₀ is worth.
    pub mean_precision: f64,
    /// ν₀ > D − 1 for a matrix, > 0 for variances: how many rows `scale` is worth.
    pub freedom: f64,
    /// W₀⁻¹, ν₀ times the covariance expected: `[D, D]` of a matrix, or its diagonal, `[D]`; of a diagonal `[D]`, of one variance
    /// `[1]`.
    pub scale: Vec<f64>,
}

impl GaussianPrior {
    pub(super) fn check(&self) -> Result<(), Error> {
        check::all_finite("the prior's mean", &self.mean)?;
        check::positive("the mean's precision", self.mean_precision)?;
        let width = self.mean.len();
        let expected = match self.covariance {
            Covariance::Full | Covariance::Tied if self.scale.len() != width => width.saturating_mul(width),
            Covariance::Full | Covariance::Tied | Covariance::Diagonal => width,
            Covariance::Spherical => 1,
        };
        Error::check_shape("the prior's scale", &[expected], &[self.scale.len()])?;
        match self.covariance {
            Covariance::Full | Covariance::Tied if self.scale.len() == width => {
                check::above("degrees of freedom", self.freedom, width as f64 - 1.0)?;
                check::each_positive("the prior's scale", &self.scale)
            }
            Covariance::Full | Covariance::Tied => self.wishart().map(drop),
            Covariance::Diagonal | Covariance::Spherical => self.gammas().map(drop),
        }
    }

    /// Of the precision matrix.
    pub(super) fn wishart(&self) -> Result<WishartPrecision, Error> {
        let width = self.mean.len();
        let scale = if self.scale.len() == width {
            let cell = |e: usize| if e / width == e % width { self.scale[e / width] } else { 0.0 };
            (0..width * width).map(cell).collect()
        } else {
            self.scale.clone()
        };
        WishartPrecision::new(self.freedom, scale)
            .map_err(|error| error.within("the prior of the components"))
    }

    /// Of the precision of each column, or of all.
    pub(super) fn gammas(&self) -> Result<Vec<Gamma>, Error> {
        self.scale.iter().map(|s| Gamma::new(0.5 * self.freedom, 0.5 * s)).collect()
    }

    /// A weak prior in the units of the rows: m₀ the columns' means, worth one row, and the columns' variances, worth D
    /// rows. NaN is a missing value.
    ///
    /// # Errors
    /// It fails where a column has no two values that differ, or one that is infinite.
    pub fn of(x: &[f64], width: usize, covariance: Covariance) -> Result<Self, Error> {
        Self::of_some(x, width, None, covariance)
    }

    /// The same of rows that stand for so many each, `[N]`.
    ///
    /// # Errors
    /// It fails as [`Self::of`] does; where a weight is not a finite number ≥ 0, or all are 0.
    pub fn weighted(x: &[f64], width: usize, weights: &[f64], covariance: Covariance) -> Result<Self, Error> {
        Self::of_some(x, width, Some(weights), covariance)
    }

    fn of_some(
        x: &[f64],
        width: usize,
        weights: Option<&[f64]>,
        covariance: Covariance,
    ) -> Result<Self, Error> {
        check_rows(x, width, false)?;
        if let Some(weights) = weights {
            check::row_weights(weights, x.len() / width)?;
        }
        // Welford's recurrence: one pass, and of equal values exactly 0.
        let (mut count, mut mean, mut squares) = (vec![0.0; width], vec![0.0; width], vec![0.0; width]);
        for (n, row) in x.chunks_exact(width).enumerate() {
            let weight = weights.map_or(1.0, |weights| weights[n]);
            for (d, x) in row.iter().enumerate().filter(|(_, x)| !x.is_nan() && weight > 0.0) {
                count[d] += weight;
                let before = x - mean[d];
                mean[d] += weight * before / count[d];
                squares[d] += weight * before * (x - mean[d]);
            }
        }
        let variance: Vec<f64> =
            squares.iter().zip(&count).map(|(s, n)| if *n > 0.0 { s / n } else { 0.0 }).collect();
        for (d, &variance) in variance.iter().enumerate() {
            let what = format!("the variance of column {}", d + 1);
            check::in_range(&what, variance, (Excluded(0.0), Unbounded))?;
        }
        let freedom = width as f64;
        let scale = match covariance {
            Covariance::Full | Covariance::Tied | Covariance::Diagonal => {
                variance.iter().map(|v| freedom * v).collect()
            }
            Covariance::Spherical => vec![variance.iter().sum()],
        };
        Ok(Self { covariance, mean, mean_precision: 1.0, freedom, scale })
    }
}

/// What the components are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Gaussians.
    Gaussian(GaussianPrior),
    /// Columns of 0 and 1 that are independent given the component, each with θ ~ Beta(a, b).
    Bernoulli([f64; 2]),
}

checked! {
    /// The prior of a mixture: with the rows, all that determines the fit but its start.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Prior {
        /// K.
        pub components: usize,
        /// The weights' prior.
        pub weights: Weights,
        /// The components' prior.
        pub family: Family,
    }
}

/// The most numbers that the sums of a fit may take, 8 bytes each.
const MOST: usize = 1 << 32;

impl Prior {
    pub(super) fn check(&self) -> Result<(), Error> {
        check::at_least("the number of components", self.components, 1)?;
        self.weights.check()?;
        match &self.family {
            Family::Gaussian(gaussian) => gaussian.check(),
            Family::Bernoulli([a, b]) => Beta::new(*a, *b).map(drop),
        }
    }

    /// Bytes that a fit to rows of D columns takes beside them, all its copies and what is written of it counted, on so many
    /// threads: never much fewer, and the greatest number where it is beyond that.
    pub fn memory(&self, width: usize, threads: usize) -> u64 {
        let [k, d, threads] = [self.components, width, threads].map(|n| n as u64);
        let matrix = |covariance| matches!(covariance, Covariance::Full | Covariance::Tied);
        let numbers = match &self.family {
            Family::Gaussian(of) if matrix(of.covariance) => {
                let places = if of.covariance == Covariance::Tied { 1 } else { k };
                // Of q V⁻¹ and its factor, in three copies, and its text; the triangle of each component's sums and of its E[Λ].
                let matrices = places.saturating_mul(16).saturating_add(k.saturating_mul(threads / 2 + 4));
                matrices.saturating_add(8).saturating_mul(d.saturating_mul(d))
            }
            _ => k.saturating_mul(d).saturating_mul(3 * (threads + 16)),
        };
        numbers.saturating_mul(8)
    }

    /// Refuses no component, and more than there is room for, before any is taken.
    pub(super) fn check_size(&self, width: usize) -> Result<(), Error> {
        let matrix =
            |gaussian: &GaussianPrior| matches!(gaussian.covariance, Covariance::Full | Covariance::Tied);
        let of_column = match &self.family {
            Family::Gaussian(gaussian) if matrix(gaussian) => width.saturating_add(2),
            Family::Gaussian(_) | Family::Bernoulli(_) => 3,
        };
        let most = MOST / width.saturating_mul(of_column).clamp(1, MOST);
        check::at_least("the number of components", self.components, 1)?;
        let limit = format!("of {width} columns");
        check::at_most("the number of components", self.components, most, &limit)
    }
}

pub(super) fn check_rows(x: &[f64], width: usize, binary: bool) -> Result<(), Error> {
    if width == 0 || x.is_empty() || !x.len().is_multiple_of(width) {
        return Err(Error::Shape { what: "the rows".into(), expected: vec![width], got: vec![x.len()] });
    }
    check_finite(x, width)?;
    if binary {
        check_cells(x, width, |x| !x.is_nan() && x != 0.0 && x != 1.0, Domain::Binary)?;
    }
    Ok(())
}
