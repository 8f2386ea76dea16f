//! The engine of a model and guide, chosen once: the fused one where they are for it, tensors for all others.

use std::sync::Arc;

use burn::tensor::Device;

use super::{
    fused::Fused,
    tensors::Tensors,
    traits::{Engine, RowByRow, Step},
};
use crate::{
    Error,
    gradient::Estimator,
    guide::Guide,
    model::{AutoEncoder, Latent},
    parameters::BurnModule,
    terms::RowTerms,
};

/// The engine that estimates gradients for an auto-encoder of this shape by `samples` draws a row.
pub(crate) fn engine<P, Q>(
    shape: &AutoEncoder<P, Q>,
    estimator: &Arc<dyn Estimator>,
    samples: usize,
    device: &Device,
) -> Box<dyn Engine>
where
    P: BurnModule + Latent,
    Q: BurnModule + Guide,
{
    let tensors = Box::new(Tensors::new(shape.clone(), Arc::clone(estimator), device));
    let fused = estimator.way().and_then(|way| Fused::new(&shape.model, &shape.guide, way, samples));
    match fused {
        Some(fused) => Box::new(FusedFirst { fused, tensors }),
        None => tensors,
    }
}

/// Gradients by kernels; where a term is not finite the tensors say what was first.
#[derive(Debug)]
struct FusedFirst {
    fused: Fused,
    tensors: Box<dyn Engine>,
}

impl Engine for FusedFirst {
    fn gradient(
        &mut self,
        step: Step<'_>,
        terms: &mut RowTerms,
        gradient: &mut Vec<f32>,
    ) -> Result<f64, Error> {
        let Step { parameters, minibatch, moves, draws, cost, .. } = step;
        self.fused.weigh_kl(cost);
        self.fused.gradient(parameters, minibatch, moves, draws.key, terms, gradient);
        if terms.are_finite() {
            return Ok(self.fused.objective(terms));
        }
        self.tensors.gradient(step, terms, gradient)
    }

    fn row_by_row(&mut self) -> Option<&mut dyn RowByRow> {
        Some(&mut self.fused)
    }
}
