//! q(π) q(θ), and what it says of new rows.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    Covariance, Family, Prior, WeightsPosterior,
    bernoullis::Bernoullis,
    components::Components,
    diagonal_gaussians::DiagonalGaussians,
    e_step::{Assign, Chosen, Sums, responsibilities_of},
    full_gaussians::FullGaussians,
    prior::check_rows,
};
use crate::{
    Error,
    mean_field::rosenblatt::{self, CellTransforms},
    random::{Key, Purpose},
    special::ln_sum_exp,
};

/// q(θ).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ComponentsPosterior {
    /// With matrices.
    #[serde(rename = "normal-wishart")]
    Full(FullGaussians),
    /// With variances.
    #[serde(rename = "normal-gamma")]
    Diagonal(DiagonalGaussians),
    /// Columns of 0 and 1.
    #[serde(rename = "beta-bernoulli")]
    Bernoulli(Bernoullis),
}

impl ComponentsPosterior {
    pub(super) fn new(prior: &Prior, width: usize) -> Result<Self, Error> {
        let k = prior.components;
        Ok(match &prior.family {
            Family::Gaussian(gaussian) => {
                Error::check_shape("the prior's mean", &[width], &[gaussian.mean.len()])?;
                match gaussian.covariance {
                    Covariance::Full | Covariance::Tied => Self::Full(FullGaussians::new(gaussian, k)?),
                    Covariance::Diagonal | Covariance::Spherical => {
                        Self::Diagonal(DiagonalGaussians::new(gaussian, k)?)
                    }
                }
            }
            Family::Bernoulli(of_cell) => Self::Bernoulli(Bernoullis::new(*of_cell, k, width)?),
        })
    }

    pub(super) fn components(&self) -> &dyn Components {
        match self {
            Self::Full(q) => q,
            Self::Diagonal(q) => q,
            Self::Bernoulli(q) => q,
        }
    }

    pub(super) fn components_mut(&mut self) -> &mut dyn Components {
        match self {
            Self::Full(q) => q,
            Self::Diagonal(q) => q,
            Self::Bernoulli(q) => q,
        }
    }
}

/// q(π) q(θ): what a fit leaves. Its parts are of as many components, and are distributions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Posterior {
    pub(super) weights: WeightsPosterior,
    pub(super) components: ComponentsPosterior,
}

/// As in a file.
#[derive(Deserialize)]
struct Parts {
    weights: WeightsPosterior,
    components: ComponentsPosterior,
}

impl TryFrom<Parts> for Posterior {
    type Error = Error;

    fn try_from(Parts { weights, components }: Parts) -> Result<Self, Error> {
        weights.check(components.components().number())?;
        Ok(Self { weights, components })
    }
}

impl Posterior {
    /// q(π).
    pub fn weights(&self) -> &WeightsPosterior {
        &self.weights
    }

    /// K.
    pub fn number(&self) -> usize {
        self.components.components().number()
    }

    /// D.
    pub fn width(&self) -> usize {
        self.mean(0).len()
    }

    /// The mean of a component's rows, `[D]`.
    ///
    /// # Panics
    /// Where there is no such component.
    pub fn mean(&self, component: usize) -> &[f64] {
        self.components.components().mean(component)
    }

    /// The covariance that a Gaussian component's rows are expected to have, `[D, D]`; none of one of 0 and 1.
    pub fn covariance(&self, component: usize) -> Option<Vec<f64>> {
        let width = self.width();
        (0..width * width).map(|e| self.covariance_between(component, [e / width, e % width])).collect()
    }

    /// The covariance that two columns of a Gaussian component's rows are expected to have; none of one of 0 and 1.
    pub fn covariance_between(&self, component: usize, columns: [usize; 2]) -> Option<f64> {
        self.components.components().covariance(component, columns)
    }

    /// Whether columns of a Gaussian component vary together.
    pub fn has_matrices(&self) -> bool {
        matches!(self.components, ComponentsPosterior::Full(_))
    }

    /// Whether the components are of columns of 0 and 1.
    pub fn is_binary(&self) -> bool {
        matches!(self.components, ComponentsPosterior::Bernoulli(_))
    }

    /// r of rows `[N, D]`, NaN missing: the probability of each component, `[N, K]`.
    ///
    /// # Errors
    /// Where the rows are not those of the model.
    pub fn responsibilities(&self, x: &[f64]) -> Result<Vec<f64>, Error> {
        let rows = self.rows(x)?;
        let q = self.components.components();
        let (expectations, ln_weights) = (q.expectations(), self.weights.expected_ln()?);
        let assign = Assign::Optimally { ln_weights: &ln_weights, inverse_temperature: 1.0 };
        let origins: Vec<f64> = (0..self.number()).flat_map(|k| self.mean(k).to_vec()).collect();
        Ok(responsibilities_of(rows, &*expectations, assign, &origins, &Sums::new(q.number(), q.size())))
    }

    /// log p(x|data) of each row, `[N]`, in nats: of the posterior predictive density under q, which is a mixture of
    /// Student's t, or of the cells that are not missing. The weights are taken at their mean.
    ///
    /// # Errors
    /// Where the rows are not those of the model.
    pub fn log_predictive(&self, x: &[f64]) -> Result<Vec<f64>, Error> {
        let rows = self.rows(x)?;
        let (weights, q) = (self.shares(), self.components.components());
        let of = |x: &[f64]| {
            let terms: Vec<f64> =
                weights.iter().enumerate().map(|(k, w)| w.ln() + q.log_predictive(k, x)).collect();
            ln_sum_exp(&terms)
        };
        Ok(x.par_chunks_exact(rows.width).map(of).collect())
    }

    /// The components' expected shares, which sum to 1 (of a Dirichlet process, among the components that q has).
    pub fn shares(&self) -> Vec<f64> {
        let weights = self.weights.mean();
        let total: f64 = weights.iter().sum();
        weights.iter().map(|w| w / total).collect()
    }

    /// A new row, and the component that it is from: the draw of `row` from the posterior predictive density.
    ///
    /// # Errors
    /// Where a precision that is drawn is too near singular to be factorised.
    pub fn sample(&self, key: Key, row: u64) -> Result<(usize, Vec<f64>), Error> {
        let key = key.purpose(Purpose::Sample);
        let component = key.fold(0).choose(row, &self.shares());
        Ok((component, self.components.components().sample(component, key.fold(1), row)?))
    }

    /// The probability integral transforms of some rows `[N, D]` under the density of these means of the parameters:
    /// uniform and independent where it is right.
    ///
    /// # Errors
    /// As [`Self::responsibilities`]; where a covariance is not positive definite.
    pub fn transforms(&self, x: &[f64], key: Key) -> Result<CellTransforms, Error> {
        let Chosen { width, .. } = self.rows(x)?;
        let (columns, rows) = (rosenblatt::columns(width), rosenblatt::rows(x.len() / width));
        let cells = rosenblatt::cells(x, width, &rows, &columns);
        let shares = self.shares();
        let used = || (0..self.number()).filter(|&k| shares[k] > 0.0);
        if !self.is_binary() {
            let pairs: Vec<[usize; 2]> =
                columns.iter().flat_map(|&d| columns.iter().map(move |&e| [d, e])).collect();
            let of = |k: usize| {
                let mean = self.mean(k);
                // Of the columns that are looked at alone: of all it would be a number for each pair.
                let covariance = pairs.iter().filter_map(|&pair| self.covariance_between(k, pair));
                rosenblatt::Gaussian {
                    ln_weight: libm::log(shares[k]),
                    mean: columns.iter().map(|&d| mean[d]).collect(),
                    covariance: covariance.collect(),
                }
            };
            let u = rosenblatt::of_gaussians(&cells, &used().map(of).collect::<Vec<_>>())?;
            return Ok(CellTransforms { rows, columns, values: u });
        }
        let means: Vec<Vec<f64>> =
            used().map(|k| columns.iter().map(|&d| self.mean(k)[d]).collect()).collect();
        let mut out = Vec::with_capacity(cells.len());
        for (n, row) in cells.chunks_exact(columns.len()).enumerate() {
            let cell = |k: usize, d: usize| {
                let p = if row[d] == 1.0 { means[k][d] } else { 1.0 - means[k][d] };
                rosenblatt::Cell { below: row[d] * (1.0 - means[k][d]), same: p, ln: libm::log(p) }
            };
            let mut weights: Vec<f64> = used().map(|k| libm::log(shares[k])).collect();
            let uniforms = rosenblatt::uniforms(key, n, columns.len());
            rosenblatt::transform(row, &mut weights, &uniforms, cell, &mut out);
        }
        Ok(CellTransforms { rows, columns, values: out })
    }

    fn rows<'a>(&self, x: &'a [f64]) -> Result<Chosen<'a>, Error> {
        let (binary, width) = (self.is_binary(), self.width());
        check_rows(x, width, binary)?;
        Ok(Chosen { x, width, index: None, weights: None })
    }
}
