//! The first weights: uniform on ±√(6/(in + out)) (Glorot and Bengio 2010).

use burn::{
    module::Param,
    tensor::{Device, Tensor, TensorData},
};

use crate::random::Key;

/// Weights of a layer of so many inputs and outputs to a unit, drawn from the row `layer` of `key`.
pub(super) fn weights<const D: usize>(
    shape: [usize; D],
    (inputs, outputs): (usize, usize),
    key: Key,
    layer: usize,
    device: &Device,
) -> Param<Tensor<D>> {
    let bound = (6.0 / (inputs + outputs) as f32).sqrt();
    let mut weight = vec![0.0; shape.iter().product()];
    key.uniforms(layer as u64, &mut weight);
    for w in &mut weight {
        *w = bound * (2.0 * *w - 1.0);
    }
    Param::from_data(TensorData::new(weight, shape), device)
}

/// Biases of so many units.
pub(super) fn biases(values: Vec<f32>, device: &Device) -> Param<Tensor<1>> {
    let units = values.len();
    Param::from_data(TensorData::new(values, [units]), device)
}
