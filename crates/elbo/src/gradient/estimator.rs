//! What an estimator is asked.

use burn::tensor::Tensor;

use super::FusedEstimator;
use crate::{
    guide::Guide,
    model::Latent,
    objective::{KlCost, elbo::Terms},
    terms::RowTerms,
};

/// A way to estimate the gradient of an objective.
pub trait Estimator: std::fmt::Debug + Send + Sync {
    /// The objective's terms of each row of `x`, `[R, D]`, and the surrogate of each row, `[R]`, whose derivative
    /// in θ and φ is the estimate. `noise` holds ε of each Monte Carlo sample, `[R, K]` each; `carried` is what
    /// [`observe`](Self::observe) made of the steps before this one.
    fn estimate(
        &self,
        model: &dyn Latent,
        guide: &dyn Guide,
        x: &Tensor<2>,
        noise: &[Tensor<2>],
        carried: &[f64],
    ) -> (Terms, Tensor<1>);

    /// Takes the terms of a step that was taken into what is carried from step to step; it is empty at the first.
    fn observe(&self, carried: &mut Vec<f64>, terms: &RowTerms) {
        let _ = (carried, terms);
    }

    /// How the fused engine makes the same estimate, where it does.
    fn way(&self) -> Option<FusedEstimator> {
        None
    }

    /// The same with its KL at this cost; none where it cannot be weighed so.
    fn at_cost(&self, cost: KlCost) -> Option<Box<dyn Estimator>> {
        let _ = cost;
        None
    }
}
