//! Estimators of the gradient of the whole data set's objective, from a minibatch (E13-E15, E17).
//!
//! An [`Estimator`] gives each row a surrogate: a value whose derivative in θ and φ is the estimate (its own
//! size means nothing). [`gradient`] differentiates (N/B) Σ of it over the minibatch, in shards.
//!
//! | estimator | of | needs | unbiased | noise |
//! |---|---|---|---|---|
//! | [`Reparameterised`] | the ELBO | z = g(ε, x) | yes | low |
//! | [`WeightedKl`] | the ELBO with its KL weighed | z = g(ε, x) | yes | low |
//! | [`StickingTheLanding`] | the ELBO | z = g(ε, x) | yes | none at q = posterior |
//! | [`ScoreFunction`] | the ELBO | log q alone | yes | high; a baseline lowers it |
//! | [`Enumerated`] | the ELBO | few states of z | exact | none |
//! | [`Relaxed`] | the ELBO | a discrete z, relaxed | **no** | low |
//! | [`ImportanceWeighted`] | L_k | z = g(ε, x) | yes | for φ worse as k grows |
//! | [`DoublyReparameterised`] | L_k | z = g(ε, x) | yes | for φ better as k grows |

mod discrete;
mod noise_report;
mod reparameterised;
mod score_function;

use std::sync::Arc;

use burn::{
    module::Module,
    tensor::{Device, Element, Tensor, TensorData},
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use discrete::{Enumerated, Relaxed};
pub use noise_report::{BlockNoise, noise_report};
pub use reparameterised::{
    DoublyReparameterised, ImportanceWeighted, Reparameterised, StickingTheLanding, WeightedKl,
};
pub use score_function::{Baseline, RunningMean, ScoreFunction};

use crate::{
    Error, device, diagnose,
    guide::Family,
    minibatch::Minibatch,
    model::Vae,
    objective::{
        Objective,
        elbo::{KlForm, Terms},
        noiseless::Noiseless,
    },
    parameters,
    random::Key,
    schedule::Moves,
    terms::RowTerms,
};

/// A way to estimate the gradient of an objective.
pub trait Estimator: std::fmt::Debug + Send + Sync {
    /// The objective's terms of each row of `x`, `[R, D]`, and the surrogate of each row, `[R]`, whose derivative
    /// in θ and φ is the estimate. `noise` holds ε of each Monte Carlo sample, `[R, K]` each.
    fn estimate(&self, vae: &Vae, x: &Tensor<2>, noise: &[Tensor<2>]) -> (Terms, Tensor<1>);
}

/// A choice of estimator, as a configuration names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// [`Reparameterised`], with the KL in the form asked for; of L_k [`ImportanceWeighted`].
    #[default]
    Reparameterised,
    /// [`StickingTheLanding`].
    StickingTheLanding,
    /// [`DoublyReparameterised`], of L_k alone.
    DoublyReparameterised,
    /// [`ScoreFunction`] with the leave-one-out baseline.
    ScoreFunction,
    /// [`Enumerated`].
    Enumerated,
    /// [`Relaxed`] at this temperature: biased.
    Relaxed(f64),
}

impl Form {
    /// The estimator of this objective's gradient, for this auto-encoder.
    ///
    /// # Errors
    /// Where it does not suit the objective, or the family of z: only a Gaussian can be reparameterised, only a discrete
    /// one relaxed or enumerated. Where the objective does not suit the model.
    pub fn estimator(self, objective: Objective, kl: KlForm, vae: &Vae) -> Result<Arc<dyn Estimator>, Error> {
        let gaussian = vae.model.family() == Family::Gaussian;
        let unsuited = |rule: &str| Err(Error::invalid("the estimator", format!("{self:?}"), rule));
        match objective {
            Objective::Noiseless => return Ok(Arc::new(Noiseless::new(&vae.model)?)),
            Objective::ImportanceWeighted => {
                return match self {
                    Self::Reparameterised | Self::DoublyReparameterised if !gaussian => {
                        unsuited("the importance-weighted bound needs Gaussian latents here")
                    }
                    Self::Reparameterised => Ok(Arc::new(ImportanceWeighted)),
                    Self::DoublyReparameterised => Ok(Arc::new(DoublyReparameterised)),
                    _ => unsuited(
                        "the importance-weighted bound has two: reparameterised and doubly-reparameterised",
                    ),
                };
            }
            Objective::Elbo => {}
        }
        match self {
            Self::DoublyReparameterised => {
                unsuited("it is of the importance-weighted bound, not of the ELBO")
            }
            Self::Reparameterised | Self::StickingTheLanding if !gaussian => unsuited(
                "a discrete latent has no derivative: use the score function, enumeration or relaxation",
            ),
            Self::Relaxed(_) if gaussian => unsuited("a Gaussian latent needs no relaxation"),
            Self::Relaxed(t) if !(t > 0.0 && t.is_finite()) => {
                unsuited("its temperature must be > 0 and finite")
            }
            Self::Reparameterised => Ok(Arc::new(Reparameterised(kl))),
            Self::StickingTheLanding => Ok(Arc::new(StickingTheLanding)),
            Self::ScoreFunction => Ok(Arc::new(ScoreFunction(Baseline::LeaveOneOut))),
            Self::Enumerated => Ok(Arc::new(Enumerated::new(vae)?)),
            Self::Relaxed(temperature) => Ok(Arc::new(Relaxed { temperature })),
        }
    }
}

/// The noise of a step.
#[derive(Clone, Copy, Debug)]
pub struct Draws {
    /// L, Monte Carlo samples a row.
    pub samples: usize,
    /// Names the step's noise, see [`Vae::noise`].
    pub key: Key,
}

/// The objective of a minibatch's rows, and the gradient of the data set's.
#[derive(Clone, Debug)]
pub struct Estimate<E> {
    /// The terms of each row, unscaled.
    pub terms: RowTerms,
    /// (N/B) ∂/∂(θ, φ) of the minibatch's objective, flat in the order of [`parameters::layout`]; zero for a
    /// block that does not move.
    pub gradient: Vec<E>,
    /// Σ over the rows of the surrogate: what was maximised, where the estimator says that it is.
    pub surrogate: f64,
}

/// Rows of a shard on the CPU; on a GPU the whole minibatch is one. The shards depend on the minibatch alone, and their
/// gradients are summed in order, so the bits do not depend on the number of threads.
const SHARD: usize = 64;

/// The gradient of the data set's objective, as estimated from a minibatch.
///
/// `E` is the precision of the arithmetic; `step` is named in an error. Runs on rayon's current thread pool; the
/// result does not depend on its size.
///
/// # Errors
/// Where the minibatch's width is not the model's, and where a term of the objective is not finite.
pub fn gradient<E: Element + std::ops::AddAssign>(
    vae: &Vae,
    minibatch: &Minibatch,
    moves: Moves,
    estimator: &dyn Estimator,
    draws: Draws,
    step: u64,
    device: &Device,
) -> Result<Estimate<E>, Error> {
    vae.check_width(minibatch.width)?;
    let scale = minibatch.scale();
    let device = &device.clone().autodiff();
    let (rows, least) = device::parts(device, SHARD, minibatch.rows.len());
    let shards = minibatch.rows.par_chunks(rows).zip(minibatch.values.par_chunks(rows * minibatch.width));
    let parts: Vec<Result<Estimate<E>, Error>> = shards
        .with_min_len(least)
        .map_with(vae.clone(), |vae, (rows, values)| {
            let vae = &moves.hold(vae.clone()).train();
            let x = TensorData::new(values.to_vec(), [rows.len(), minibatch.width]);
            let x = Tensor::from_data(x, (device, E::dtype()));
            let noise = vae.noise::<E>(draws.key, rows, draws.samples, device);
            let (terms, surrogate) = estimator.estimate(vae, &x, &noise);
            let value = surrogate.clone().inner().sum().into_scalar::<E>().to_f64();
            let gradients = (surrogate.sum() * scale).backward();
            let gradient = parameters::gradient(vae, &gradients);
            let terms = Terms { log_likelihood: terms.log_likelihood.inner(), kl: terms.kl.inner() }.read();
            if terms.elbo().iter().all(|v| v.is_finite()) {
                Ok(Estimate { terms, gradient, surrogate: value })
            } else {
                let noise: Vec<_> = noise.into_iter().map(Tensor::inner).collect();
                Err(diagnose::first_non_finite(&vae.valid(), &x.inner(), &noise, step, rows))
            }
        })
        .collect();
    let mut total = Estimate { terms: RowTerms::default(), gradient: Vec::new(), surrogate: 0.0 };
    for part in parts {
        let part = part?;
        total.terms.extend(&part.terms);
        total.surrogate += part.surrogate;
        if total.gradient.is_empty() {
            total.gradient = part.gradient;
        } else {
            for (sum, g) in total.gradient.iter_mut().zip(part.gradient) {
                *sum += g;
            }
        }
    }
    Ok(total)
}
