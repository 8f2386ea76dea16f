//! Where the factors begin.

use super::{Linear, LinearPrior, Posterior, Precision, Prior, prior::identity};
use crate::{mean_field::sequences::Sequences, random::Key};

/// The share of a weight's scale that its variance is at first.
const FIRST_VARIANCE: f64 = 1e-2;

/// Unknown weights of the observation at random, all else at the prior on the scale of the data.
pub(super) fn start(prior: &Prior, data: &Sequences<'_>, key: Key) -> Posterior {
    let (states, columns) = (prior.mean.len(), prior.columns());
    let variances: Vec<f64> = (0..columns).map(|column| variance(data.column(column))).collect();
    let mut observation = begin(&prior.observation, &variances);
    let free = prior.observation.relevance.is_some();
    for p in (0..columns).filter(|_| free) {
        let mut noise = vec![0.0; states];
        key.normals(p as u64, &mut noise);
        for (w, noise) in observation.weights[p * states..].iter_mut().zip(noise) {
            *w += noise * (variances[p] / states as f64).sqrt();
        }
    }
    let of_data = variances.iter().sum::<f64>() / columns as f64;
    for alpha in &mut observation.relevance {
        // At the prior's mean, C could be held at 0 before it has met the data.
        if let Precision::Gamma { shape, rate } = alpha {
            (*shape, *rate) = (1.0, of_data);
        }
    }
    // Where C is known, the states have the scale of the data.
    let scale = if free { 1.0 } else { of_data };
    let dynamics = begin(&prior.dynamics, &vec![scale; states]);
    Posterior { mean: prior.mean.clone(), covariance: prior.covariance.clone(), dynamics, observation }
}

/// The variance of some values; 1 where they do not vary.
fn variance(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    let n = values.len() as f64;
    let mean = values.iter().map(|y| y / n).sum::<f64>();
    let variance = values.iter().map(|y| (y - mean).powi(2) / n).sum::<f64>();
    if variance > 0.0 && variance.is_finite() { variance } else { 1.0 }
}

/// A map at its prior mean, with noise of the outputs' variances where that is unknown.
fn begin(prior: &LinearPrior, variances: &[f64]) -> Linear {
    let outputs = prior.noise.len();
    let inputs = prior.weights.len() / outputs;
    let covariance =
        |variance: &f64| identity(inputs).iter().map(|i| i * FIRST_VARIANCE * variance).collect();
    let noise = |(prior, variance): (&Precision, &f64)| match prior {
        Precision::Known(_) => *prior,
        Precision::Gamma { .. } => Precision::Gamma { shape: 1.0, rate: *variance },
    };
    Linear {
        weights: prior.weights.clone(),
        covariances: prior.relevance.iter().flat_map(|_| variances.iter().map(covariance)).collect(),
        relevance: prior.relevance.clone().unwrap_or_default(),
        noise: prior.noise.iter().zip(variances).map(noise).collect(),
    }
}
