//! A linear map with noise, v_d ~ N(w_d·u, 1/τ_d): the dynamics and the observations of the chain are one each.
//!
//! w_d ~ N(m_0d, diag(α)⁻¹), where α ~ Gamma switches off the columns that are not needed (automatic relevance
//! determination, MacKay 1995), and τ_d ~ Gamma.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Precision;
use crate::{
    Error, check,
    conjugate::{Expectations as _, Squares},
    distribution::{
        Cholesky, FullGaussian, Gaussian, Sample,
        cholesky::{self, dot},
    },
    random::Key,
};

/// The prior of a map from I inputs to O outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinearPrior {
    /// The weights, `[O, I]`: their values where they are known, else their prior mean.
    pub weights: Vec<f64>,
    /// α, the precision of each column of the weights, `[I]`; `None` where the weights are known.
    pub relevance: Option<Vec<Precision>>,
    /// τ of each output, `[O]`.
    pub noise: Vec<Precision>,
}

/// q(w) q(α) q(τ) of a map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Linear {
    /// E\[w\], `[O, I]`.
    pub weights: Vec<f64>,
    /// Cov\[w_d\] of each output, `[I, I]`; none where the weights are known.
    pub covariances: Vec<Vec<f64>>,
    /// q(α_j) of each input; none where the weights are known.
    pub relevance: Vec<Precision>,
    /// q(τ_d) of each output.
    pub noise: Vec<Precision>,
}

/// Expected sufficient statistics of pairs (u, v), of each output by itself, since it may be missing. They are of the
/// residuals e = v − w⁰·u about weights that stay: Σ v² would cancel with as many digits as the signal has over its noise.
#[derive(Clone, Debug)]
pub(super) struct Pairs {
    inputs: usize,
    /// w⁰, `[O, I]`.
    pub(super) reference: Vec<f64>,
    /// n, `[O]`.
    pub(super) count: Vec<f64>,
    /// Σ E\[e²\], `[O]`.
    pub(super) squares: Vec<f64>,
    /// Σ E\[e u\], `[O, I]`.
    pub(super) cross: Vec<f64>,
    /// Σ E\[u uᵀ\], `[O, I, I]`.
    pub(super) inner: Vec<f64>,
}

impl Pairs {
    /// None, about the weights that `map` has now.
    pub(super) fn none(map: &Linear) -> Self {
        let (inputs, outputs) = (map.inputs(), map.outputs());
        Self {
            inputs,
            reference: map.weights.clone(),
            count: vec![0.0; outputs],
            squares: vec![0.0; outputs],
            cross: vec![0.0; outputs * inputs],
            inner: vec![0.0; outputs * inputs * inputs],
        }
    }

    /// w⁰ of output d.
    pub(super) fn reference(&self, d: usize) -> &[f64] {
        &self.reference[d * self.inputs..(d + 1) * self.inputs]
    }

    /// Takes in one pair: of output `d`, E\[e²\], E\[e u_j\] and E\[u_i u_j\].
    pub(super) fn add(
        &mut self,
        d: usize,
        square: f64,
        cross: impl Fn(usize) -> f64,
        inner: impl Fn(usize, usize) -> f64,
    ) {
        let n = self.inputs;
        self.count[d] += 1.0;
        self.squares[d] += square;
        for i in 0..n {
            self.cross[d * n + i] += cross(i);
            for j in 0..n {
                self.inner[(d * n + i) * n + j] += inner(i, j);
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        let sum = |into: &mut Vec<f64>, from: &[f64]| into.iter_mut().zip(from).for_each(|(i, f)| *i += f);
        sum(&mut self.count, &other.count);
        sum(&mut self.squares, &other.squares);
        sum(&mut self.cross, &other.cross);
        sum(&mut self.inner, &other.inner);
    }

    pub(super) fn cross(&self, d: usize) -> &[f64] {
        &self.cross[d * self.inputs..(d + 1) * self.inputs]
    }

    pub(super) fn inner(&self, d: usize) -> &[f64] {
        let size = self.inputs * self.inputs;
        &self.inner[d * size..(d + 1) * size]
    }
}

impl LinearPrior {
    pub(super) fn check(&self, what: &str, inputs: usize, outputs: usize) -> Result<(), Error> {
        let columns = self.relevance.as_ref().map_or(inputs, Vec::len);
        let (expected, got) =
            ([outputs * inputs, inputs, outputs], [self.weights.len(), columns, self.noise.len()]);
        Error::check_shape(what, &expected, &got)?;
        check_values(what, &self.weights, self.relevance.iter().flatten().chain(&self.noise))
    }
}

fn check_values<'a>(
    what: &str,
    weights: &[f64],
    mut precisions: impl Iterator<Item = &'a Precision>,
) -> Result<(), Error> {
    check::each_finite(&format!("a weight of {what}"), weights)?;
    precisions.try_for_each(|precision| precision.check())
}

/// Outputs that a thread takes at least: fewer are done before another has begun.
const OUTPUTS: usize = 256;

/// A matrix that may have no factor.
const OF_WEIGHTS: &str = "the covariance of the weights of an output";

impl Linear {
    pub(super) fn check(&self, what: &str, inputs: usize, outputs: usize) -> Result<(), Error> {
        let of_unknown = if self.covariances.is_empty() { [0, 0] } else { [inputs, outputs] };
        let expected = [outputs * inputs, of_unknown[0], of_unknown[1], outputs];
        let got = [self.weights.len(), self.relevance.len(), self.covariances.len(), self.noise.len()];
        Error::check_shape(what, &expected, &got)?;
        for (d, of) in self.covariances.iter().enumerate() {
            let named = |error: Error| error.named(&format!("the covariance of output {} of {what}", d + 1));
            Cholesky::of(of, inputs).map_err(named)?;
        }
        check_values(what, &self.weights, self.relevance.iter().chain(&self.noise))
    }

    pub(super) fn outputs(&self) -> usize {
        self.noise.len()
    }

    pub(super) fn inputs(&self) -> usize {
        self.weights.len() / self.noise.len()
    }

    /// E\[w_d\].
    pub(super) fn row(&self, d: usize) -> &[f64] {
        &self.weights[d * self.inputs()..(d + 1) * self.inputs()]
    }

    /// Cov\[w_di, w_dj\].
    pub(super) fn covariance(&self, d: usize, i: usize, j: usize) -> f64 {
        self.covariances.get(d).map_or(0.0, |covariance| covariance[i * self.inputs() + j])
    }

    /// E\[w_di w_dj\].
    pub(super) fn second(&self, d: usize, i: usize, j: usize) -> f64 {
        self.row(d)[i] * self.row(d)[j] + self.covariance(d, i, j)
    }

    /// Σ E\[(v − w·u)²\] of output d, where v − w·u = e − (w − w⁰)·u.
    fn deviation(&self, d: usize, of: &Pairs) -> f64 {
        let n = self.inputs();
        let step: Vec<f64> = self.row(d).iter().zip(of.reference(d)).map(|(w, w0)| w - w0).collect();
        let second = |i: usize, j: usize| step[i] * step[j] + self.covariance(d, i, j);
        let stepped: f64 =
            of.inner(d).iter().enumerate().map(|(c, inner)| second(c / n, c % n) * inner).sum();
        // Not below 0, which rounding could take it where nothing is left over.
        (of.squares[d] - 2.0 * dot(&step, of.cross(d)) + stepped).max(0.0)
    }

    /// Of the residuals of output d.
    fn squares(&self, d: usize, of: &Pairs) -> Squares {
        Squares { weight: of.count[d], sum: self.deviation(d, of) }
    }

    /// Σ E\[log p(v|u, w, τ)\].
    pub(super) fn expected_log_density(&self, of: &Pairs) -> Result<f64, Error> {
        let output =
            |(d, tau): (usize, &Precision)| Ok(tau.expectations()?.log_likelihood(&self.squares(d, of)));
        let each = self.noise.par_iter().enumerate().with_min_len(OUTPUTS).map(output);
        Ok(each.collect::<Result<Vec<f64>, Error>>()?.iter().sum())
    }

    pub(super) fn update_weights(&mut self, prior: &LinearPrior, of: &Pairs) -> Result<(), Error> {
        let n = self.inputs();
        let of_output = |d: usize| {
            let tau = self.noise[d].mean();
            let mut precision: Vec<f64> = of.inner(d).iter().map(|inner| tau * inner).collect();
            let mut slope: Vec<f64> = of.cross(d).iter().map(|cross| tau * cross).collect();
            for (j, alpha) in self.relevance.iter().enumerate() {
                precision[j * n + j] += alpha.mean();
                slope[j] += alpha.mean() * (prior.weights[d * n + j] - of.reference(d)[j]);
            }
            let factor = Cholesky::of(&precision, n)
                .map_err(|error| error.named(&format!("the precision of the weights of output {}", d + 1)))?;
            let step = factor.solve_transposed(&factor.solve(&slope));
            Ok((of.reference(d).iter().zip(step).map(|(w0, step)| w0 + step).collect(), factor.inverse()))
        };
        let each = (0..self.outputs()).into_par_iter().with_min_len(OUTPUTS).map(of_output);
        let (weights, covariances): (Vec<Vec<f64>>, _) =
            each.collect::<Result<Vec<_>, Error>>()?.into_iter().unzip();
        (self.weights, self.covariances) = (weights.concat(), covariances);
        Ok(())
    }

    pub(super) fn update_relevance(&mut self, prior: &LinearPrior) -> Result<(), Error> {
        let n = self.inputs();
        for (j, alpha) in prior.relevance.iter().flatten().enumerate() {
            let square =
                |d: usize| (self.row(d)[j] - prior.weights[d * n + j]).powi(2) + self.covariance(d, j, j);
            let sum = (0..self.outputs()).map(square).sum();
            self.relevance[j] = alpha.updated(&Squares { weight: self.outputs() as f64, sum })?;
        }
        Ok(())
    }

    pub(super) fn update_noise(&mut self, prior: &LinearPrior, of: &Pairs) -> Result<(), Error> {
        let output = |(d, tau): (usize, &Precision)| tau.updated(&self.squares(d, of));
        let each = prior.noise.par_iter().enumerate().with_min_len(OUTPUTS).map(output);
        self.noise = each.collect::<Result<_, Error>>()?;
        Ok(())
    }

    /// KL(q(w) q(α) q(τ) ‖ p(w|α) p(α) p(τ)).
    pub(super) fn kl(&self, prior: &LinearPrior) -> Result<f64, Error> {
        let of_noise = self.noise.par_iter().zip(&prior.noise).with_min_len(OUTPUTS).map(|(q, p)| q.kl(*p));
        let mut kl: f64 = of_noise.collect::<Result<Vec<f64>, Error>>()?.iter().sum();
        let mut precisions = Vec::new();
        for (q, p) in self.relevance.iter().zip(prior.relevance.iter().flatten()) {
            kl += q.kl(*p)?;
            // E[KL(q(w) ‖ p(w|α))] is that at E[α], and what log E[α] is more than E[log α].
            kl += 0.5 * self.outputs() as f64 * (libm::log(q.mean()) - q.expectations()?.ln);
            precisions.push(q.mean());
        }
        let n = self.inputs();
        let ln_precisions: f64 = precisions.iter().map(|&alpha| libm::log(alpha)).sum();
        // Of each output, KL(N(w, Σ) ‖ N(m, diag(α)⁻¹)) written out: of many outputs, no matrix is made for the prior.
        let of_output = |(d, covariance): (usize, &Vec<f64>)| {
            let ln_determinant = cholesky::ln_determinant(OF_WEIGHTS, covariance, n)?;
            let square = |j: usize| {
                let step = self.weights[d * n + j] - prior.weights[d * n + j];
                precisions[j] * (step * step + covariance[j * n + j])
            };
            Ok(0.5 * ((0..n).map(square).sum::<f64>() - n as f64 - ln_precisions - ln_determinant))
        };
        let each = self.covariances.par_iter().enumerate().with_min_len(OUTPUTS).map(of_output);
        Ok(kl + each.collect::<Result<Vec<f64>, Error>>()?.iter().sum::<f64>())
    }

    /// A draw, as a known map.
    pub(super) fn draw(&self, key: Key) -> Result<Self, Error> {
        let mut weights = self.weights.clone();
        for (d, covariance) in self.covariances.iter().enumerate() {
            let q = FullGaussian::new(
                self.row(d).to_vec(),
                Cholesky::named(OF_WEIGHTS, covariance, self.inputs())?,
            )?;
            weights.splice(d * self.inputs()..(d + 1) * self.inputs(), q.sample(key.fold(0), d as u64));
        }
        let noise = self.noise.iter().enumerate().map(|(d, tau)| tau.draw(key.fold(1), d as u64));
        Ok(Self { weights, covariances: vec![], relevance: vec![], noise: noise.collect::<Result<_, _>>()? })
    }

    /// v of one u, given noise: of known maps.
    pub(super) fn sample(&self, u: &[f64], key: Key, row: u64) -> Result<Vec<f64>, Error> {
        let output = |(d, tau): (usize, &Precision)| {
            let q = Gaussian::new(dot(self.row(d), u), tau.mean_variance().sqrt())?;
            Ok(q.sample(key.fold(d as u64), row))
        };
        self.noise.iter().enumerate().map(output).collect()
    }
}
