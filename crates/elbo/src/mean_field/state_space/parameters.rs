//! The factors of the parameters, and the chain of states that they make.

use faer::{Col, Mat};
use serde::{Deserialize, Serialize};

use super::{
    Linear,
    kalman::{Chain, Potential},
    prior::check_first,
};
use crate::{Error, distribution::cholesky::axpy, mean_field::row_major::view};

/// The factors of the parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Serialised")]
#[non_exhaustive]
pub struct Posterior {
    /// m_0, `[D]`, known.
    pub mean: Vec<f64>,
    /// P_0, `[D, D]`, known.
    pub covariance: Vec<f64>,
    /// A and Q.
    pub dynamics: Linear,
    /// C and R.
    pub observation: Linear,
}

/// As in a file.
#[derive(Deserialize)]
struct Serialised {
    mean: Vec<f64>,
    covariance: Vec<f64>,
    dynamics: Linear,
    observation: Linear,
}

impl TryFrom<Serialised> for Posterior {
    type Error = Error;

    fn try_from(Serialised { mean, covariance, dynamics, observation }: Serialised) -> Result<Self, Error> {
        let d = mean.len();
        check_first(&mean, &covariance)?;
        dynamics.check("the dynamics", d, d)?;
        observation.check("the observation", d, observation.outputs())?;
        Ok(Self { mean, covariance, dynamics, observation })
    }
}

impl Posterior {
    /// D, the number of states.
    pub fn states(&self) -> usize {
        self.mean.len()
    }

    /// P, the number of columns.
    pub fn columns(&self) -> usize {
        self.observation.outputs()
    }

    pub(super) fn chain(&self) -> Chain {
        let (d, map) = (self.states(), &self.dynamics);
        let precision = |k: usize| map.noise[k].mean();
        Chain {
            mean: Col::from_fn(d, |i| self.mean[i]),
            covariance: Mat::from_fn(d, d, |i, j| self.covariance[i * d + j]),
            transition: Mat::from_fn(d, d, |i, j| map.weights[i * d + j]),
            noise: Mat::from_fn(d, d, |i, j| if i == j { precision(i).recip() } else { 0.0 }),
            excess: Mat::from_fn(d, d, |i, j| (0..d).map(|k| precision(k) * map.covariance(k, i, j)).sum()),
        }
    }

    /// E\[log p(y_t|z_t)\] in z_t, of the values that each row has.
    pub(super) fn potentials(&self, sequence: &[f64]) -> Vec<Potential> {
        let (d, map) = (self.states(), &self.observation);
        let informed = |(p, cell): (usize, usize)| map.noise[p].mean() * map.second(p, cell / d, cell % d);
        let cells = (0..self.columns()).flat_map(|p| (0..d * d).map(move |cell| (p, cell)));
        let information: Vec<f64> = cells.map(informed).collect();
        let potential = |row: &[f64]| {
            let (mut squares, mut linear) = (vec![0.0; d * d], vec![0.0; d]);
            for (p, y) in row.iter().enumerate().filter(|(_, y)| !y.is_nan()) {
                axpy(&mut squares, 1.0, &information[p * d * d..(p + 1) * d * d]);
                axpy(&mut linear, map.noise[p].mean() * y, map.row(p));
            }
            Potential { information: view(&squares, d).to_owned(), linear: Col::from_fn(d, |i| linear[i]) }
        };
        sequence.chunks(self.columns()).map(potential).collect()
    }
}
