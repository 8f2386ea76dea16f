//! Estimators of the gradient of the whole data set's objective, from a minibatch (E13-E15, E17).
//!
//! An [`Estimator`] gives each row a surrogate: a value whose derivative in θ and φ is the estimate (its own
//! size means nothing). The engine differentiates (N/B) Σ of it over the minibatch.
//!
//! | estimator | of | needs | unbiased | noise |
//! |---|---|---|---|---|
//! | [`Reparameterised`] | the ELBO | z = g(ε, x) | yes | low |
//! | [`WeightedKl`] | the ELBO with its KL weighed | z = g(ε, x) | yes | low |
//! | [`StickingTheLanding`] | the ELBO | z = g(ε, x) | yes | none at q = posterior |
//! | [`ScoreFunction`] | the ELBO | log q alone | yes | high; a baseline lowers it |
//! | [`RunningMean`] | the ELBO | log q alone | yes | high; the mean of earlier steps lowers it |
//! | [`Enumerated`] | the ELBO | few states of z | exact | none |
//! | [`Relaxed`] | the ELBO | a discrete z, relaxed | **no** | low |
//! | [`ImportanceWeighted`] | L_k | z = g(ε, x) | yes | for φ worse as k grows |
//! | [`DoublyReparameterised`] | L_k | z = g(ε, x) | yes | for φ better as k grows |

mod choice;
mod config;
mod enumerated;
mod estimator;
mod fused;
mod importance_weighted;
mod noiseless;
mod relaxed;
mod reparameterised;
mod score_function;

pub use config::EstimatorConfig;
pub use enumerated::Enumerated;
pub use estimator::Estimator;
pub use fused::FusedEstimator;
pub use importance_weighted::{DoublyReparameterised, ImportanceWeighted};
pub use relaxed::Relaxed;
pub use reparameterised::{Reparameterised, StickingTheLanding, WeightedKl};
pub use score_function::{Baseline, RunningMean, ScoreFunction};
