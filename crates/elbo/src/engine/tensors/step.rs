//! A step on the tensor engine: the module is built from the flat parameters at each.

use std::sync::Arc;

use burn::tensor::Device;

use super::gradient::gradient;
use crate::{
    Error,
    engine::traits::{Engine, Step},
    gradient::Estimator,
    guide::Guide,
    model::{AutoEncoder, Latent},
    objective::KlCost,
    parameters::{self, BurnModule},
    terms::RowTerms,
};

/// The shape of the modules, and how their gradient is estimated.
#[derive(Debug)]
pub(crate) struct Tensors<P: BurnModule, Q: BurnModule> {
    shape: AutoEncoder<P, Q>,
    estimator: Arc<dyn Estimator>,
    device: Device,
}

impl<P: BurnModule + Latent, Q: BurnModule + Guide> Tensors<P, Q> {
    pub(crate) fn new(shape: AutoEncoder<P, Q>, estimator: Arc<dyn Estimator>, device: &Device) -> Self {
        Self { shape, estimator, device: device.clone() }
    }
}

impl<P: BurnModule + Latent, Q: BurnModule + Guide> Engine for Tensors<P, Q> {
    fn gradient(&mut self, step: Step<'_>, terms: &mut RowTerms, out: &mut Vec<f32>) -> Result<f64, Error> {
        let Step { parameters, minibatch, moves, draws, cost, carried, number } = step;
        let auto_encoder = parameters::load(self.shape.clone(), parameters, &self.device)?;
        let weighted = if cost == KlCost::FULL { None } else { self.estimator.at_cost(cost) };
        let estimator = weighted.as_deref().unwrap_or(&*self.estimator);
        let carried = (number, carried);
        let estimate =
            gradient::<f32, P, Q>(&auto_encoder, minibatch, moves, estimator, draws, carried, &self.device)?;
        (*terms, *out) = (estimate.terms, estimate.gradient);
        Ok(if weighted.is_some() { estimate.surrogate } else { terms.elbo().iter().sum() })
    }
}
