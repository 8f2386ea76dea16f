//! What the factors of the parameters say of a sequence, old or new.

use std::f64::consts::TAU;

use faer::{Col, Mat};
use serde::{Deserialize, Serialize};

use super::{Linear, Posterior, expectations::Expectations, kalman, prior::OF_FIRST};
use crate::{
    Error,
    distribution::{Cholesky, FullGaussian, Sample},
    mean_field::sequences::Sequences,
    random::{Key, Purpose},
};

/// q(z) of a sequence of T rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Smoothed {
    /// E\[z_t\], `[T, D]`.
    pub means: Vec<f64>,
    /// The standard deviations, `[T, D]`.
    pub sds: Vec<f64>,
    /// max over q(z) of E\[log p(y, z) − log q(z)\], in nats: log p(y) where all parameters are known.
    pub log_likelihood_bound: f64,
}

/// What is not seen, row by row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Values {
    /// The means.
    pub means: Vec<f64>,
    /// The standard deviations, noise included; infinite where a noise's precision has no mean inverse.
    pub sds: Vec<f64>,
}

/// What lies ahead of a sequence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// z, `[H, D]`.
    pub states: Values,
    /// y, `[H, P]`.
    pub rows: Values,
}

impl Posterior {
    /// q(z) of a sequence, its states given all of its rows.
    ///
    /// # Errors
    /// It fails where `y` is not of whole rows, or a value is infinite.
    pub fn smooth(&self, y: &[f64]) -> Result<Smoothed, Error> {
        let z = self.states_of(y)?;
        let mut expectations = Expectations::none(self);
        expectations.add(self, y, &z);
        let (log_likelihood, kl) = self.terms(&expectations)?;
        let d = self.states();
        Ok(Smoothed {
            means: z.means.iter().flat_map(|mean| (0..d).map(move |i| mean[i])).collect(),
            sds: z.covariances.iter().flat_map(|of| (0..d).map(move |i| of[(i, i)].sqrt())).collect(),
            log_likelihood_bound: log_likelihood - kl,
        })
    }

    /// Predicts each cell of y as if it were seen once more, `[T, P]`: a missing one may be this.
    ///
    /// # Errors
    /// It fails as [`Self::smooth`] does.
    pub fn predict(&self, y: &[f64]) -> Result<Values, Error> {
        let z = self.states_of(y)?;
        Ok(self.values(
            z.means.iter().zip(&z.covariances).map(|(mean, covariance)| (mean.clone(), covariance.clone())),
        ))
    }

    /// The steps 1, …, `steps` after a sequence. Mean and sd are exact under the factors, the A and Q of each step taken as
    /// drawn anew. To go on with rows of which nothing was seen is not the same: mean field would take what is not known of
    /// A for news of z.
    ///
    /// # Errors
    /// It fails as [`Self::smooth`] does.
    pub fn forecast(&self, y: &[f64], steps: usize) -> Result<Forecast, Error> {
        let z = self.states_of(y)?;
        let last = z.means.last().cloned().zip(z.covariances.last().cloned());
        let after = |(mean, covariance): &(Col<f64>, Mat<f64>)| Some(self.step(mean, covariance));
        let ahead: Vec<_> = std::iter::successors(last, after).skip(1).take(steps).collect();
        let (means, sds) = (0..steps * self.states())
            .map(|cell| (cell % self.states(), &ahead[cell / self.states()]))
            .map(|(i, (mean, covariance))| (mean[i], covariance[(i, i)].sqrt()))
            .unzip();
        Ok(Forecast { states: Values { means, sds }, rows: self.values(ahead.into_iter()) })
    }

    /// Draws all parameters, and gives them as known ones.
    ///
    /// # Errors
    /// It fails where a draw is beyond the range of numbers.
    pub fn draw(&self, key: Key) -> Result<Self, Error> {
        let key = key.purpose(Purpose::Sample);
        let (dynamics, observation) = (self.dynamics.draw(key.fold(0))?, self.observation.draw(key.fold(1))?);
        Ok(Self { dynamics, observation, ..self.clone() })
    }

    /// Draws all parameters once, and a sequence by them: its states, `[T, D]`, and its rows, `[T, P]`.
    ///
    /// # Errors
    /// It fails as [`Self::draw`] does.
    pub fn sample(&self, steps: usize, key: Key) -> Result<(Vec<f64>, Vec<f64>), Error> {
        let known = self.draw(key)?;
        let first = FullGaussian::new(
            self.mean.clone(),
            Cholesky::named(OF_FIRST, &self.covariance, self.states())?,
        )?;
        let (mut states, mut rows) = (Vec::new(), Vec::new());
        let mut z = first.sample(key.fold(0), 0);
        for step in 0..steps {
            if step > 0 {
                z = known.dynamics.sample(&z, key.fold(1), step as u64)?;
            }
            rows.extend(known.observation.sample(&z, key.fold(2), step as u64)?);
            states.extend_from_slice(&z);
        }
        Ok((states, rows))
    }

    fn states_of(&self, y: &[f64]) -> Result<kalman::Smoothed, Error> {
        Sequences::one(y, self.columns())?;
        self.chain().smooth(&self.potentials(y))
    }

    /// E\[log p(y|z)\], and E\[log q(z) − log p(z)\].
    pub(super) fn terms(&self, of: &Expectations) -> Result<(f64, f64), Error> {
        let prior = self.expected_log_initial(of)? + self.dynamics.expected_log_density(&of.dynamics)?;
        Ok((self.observation.expected_log_density(&of.observation)?, -of.entropy - prior))
    }

    /// Σ E\[log p(z_1)\].
    fn expected_log_initial(&self, states: &Expectations) -> Result<f64, Error> {
        let d = self.states();
        let factor = Cholesky::named(OF_FIRST, &self.covariance, d)?;
        let column = |j: usize| states.initial[j * d..(j + 1) * d].to_vec();
        let trace: f64 = (0..d).map(|j| factor.solve_transposed(&factor.solve(&column(j)))[j]).sum();
        Ok(-0.5 * (states.sequences * (d as f64 * TAU.ln() + factor.ln_determinant()) + trace))
    }

    /// Mean and covariance of the next state.
    fn step(&self, mean: &Col<f64>, covariance: &Mat<f64>) -> (Col<f64>, Mat<f64>) {
        let (d, map) = (self.states(), &self.dynamics);
        let weights = Mat::from_fn(d, d, |i, j| map.weights[i * d + j]);
        let own = Mat::from_fn(d, d, |i, j| if i == j { spread(map, i, mean, covariance) } else { 0.0 });
        (&weights * mean, &weights * covariance * weights.transpose() + own)
    }

    fn values(&self, states: impl Iterator<Item = (Col<f64>, Mat<f64>)>) -> Values {
        let (d, map) = (self.states(), &self.observation);
        let (mut means, mut sds) = (Vec::new(), Vec::new());
        for (mean, covariance) in states {
            for p in 0..self.columns() {
                let row = Col::from_fn(d, |i| map.row(p)[i]);
                means.push(row.transpose() * &mean);
                let variance = row.transpose() * &covariance * &row + spread(map, p, &mean, &covariance);
                // ∞ times a weight of 0 is no number.
                sds.push(if variance.is_nan() { f64::INFINITY } else { variance.sqrt() });
            }
        }
        Values { means, sds }
    }
}

/// What noise and uncertain weights add to the variance of output d: tr(Cov\[w_d\] E\[u uᵀ\]) + E\[1/τ_d\].
fn spread(map: &Linear, d: usize, mean: &Col<f64>, covariance: &Mat<f64>) -> f64 {
    let n = mean.nrows();
    let of_weights = |cell: usize| {
        let (i, j) = (cell / n, cell % n);
        map.covariance(d, i, j) * (mean[i] * mean[j] + covariance[(i, j)])
    };
    (0..n * n).map(of_weights).sum::<f64>() + map.noise[d].mean_variance()
}
