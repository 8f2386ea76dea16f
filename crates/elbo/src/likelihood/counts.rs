//! What the likelihoods of counts share: a logarithm of a rate that cannot overflow, and what depends on x alone.

use std::f64::consts::TAU;

use burn::tensor::{Tensor, TensorData};

use crate::special::binet;

/// The logarithm of a rate, or of a dispersion, never lies beyond this: e^30 ≈ 1e13.
pub(super) const BOUND: f64 = 30.0;

/// 30 tanh(a/30): the identity near 0, never beyond ±30, and with a gradient everywhere.
pub(super) fn bounded<const D: usize>(a: Tensor<D>) -> Tensor<D> {
    a.div_scalar(BOUND).tanh().mul_scalar(BOUND)
}

/// The a whose [`bounded`] value this is, where it lies within ±29.
pub(super) fn unbounded(logarithm: f64) -> f64 {
    BOUND * libm::atanh(logarithm.clamp(1.0 - BOUND, BOUND - 1.0) / BOUND)
}

/// The output at which a column has the mean of its `rows` rows: of a column of zeros, that of half a count in all.
pub(super) fn output_of(mean: f64, rows: usize) -> f64 {
    unbounded(libm::log(mean.max(0.5 / rows as f64)))
}

/// What log p(x) holds of x alone, `[R, D]` each.
///
/// With log x! = x log x − x + h(x) a log mass about its mode is a sum of small terms, and f32 keeps it.
pub(super) struct Counts {
    /// log x, and 0 at x = 0, where it is multiplied by 0.
    pub(super) log: Tensor<2>,
    /// h(x) = ½ log 2πx + δ(x), δ Binet's function; 0 at x = 0.
    pub(super) excess: Tensor<2>,
}

impl Counts {
    pub(super) fn of(x: &Tensor<2>) -> Self {
        let values: Vec<f64> = x.clone().into_data_as::<f64>().try_to_vec().expect("read as f64");
        let tensor = |of: fn(f64) -> f64| {
            let values: Vec<f64> = values.iter().map(|&x| if x > 0.0 { of(x) } else { 0.0 }).collect();
            Tensor::from_data(TensorData::new(values, x.dims()), (&x.device(), x.dtype()))
        };
        Self { log: tensor(libm::log), excess: tensor(|x| 0.5 * libm::log(TAU * x) + binet(x)) }
    }
}
