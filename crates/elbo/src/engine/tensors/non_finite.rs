//! Where a bound stopped being a number.

use burn::{module::Module, tensor::Tensor};

use crate::{
    Error,
    guide::Guide,
    model::{AutoEncoder, Latent},
    parameters::{self, BurnModule},
};

/// The error that names the first quantity that is not finite on the way from x to the bound.
///
/// `x` is `[R, D]` and `noise` what the bound was computed with; `rows` names the data rows, and `step` the step, if one was
/// taken.
pub fn first_non_finite<P: BurnModule + Latent, Q: BurnModule + Guide>(
    auto_encoder: &AutoEncoder<P, Q>,
    x: &Tensor<2>,
    noise: &[Tensor<2>],
    step: Option<u64>,
    rows: &[usize],
) -> Error {
    let AutoEncoder { model, guide } = auto_encoder;
    let what = first_parameter(auto_encoder).unwrap_or_else(|| on_the_way(model, guide, x, noise).into());
    Error::NonFinite { what, step, rows: rows.to_vec() }
}

fn on_the_way(model: &dyn Latent, guide: &dyn Guide, x: &Tensor<2>, noise: &[Tensor<2>]) -> &'static str {
    if !finite(x) {
        return "the data x";
    }
    let q = guide.posterior(x.clone());
    if !finite(&q.mean()) {
        return "the guide's mean μ(x)";
    }
    if !finite(&q.standard_deviation()) {
        return "the guide's standard deviation σ(x)";
    }
    for e in noise {
        let z = q.sample(e.clone());
        if !finite(&z) {
            return "the latent z = μ + σ ⊙ ε";
        }
        if !finite(&model.decode(z.clone())) {
            return "the decoder's output f(z)";
        }
        if !finite(&model.log_likelihood(x.clone(), z)) {
            return "the log-likelihood log p(x|z)";
        }
    }
    "the KL term KL(q(z|x) ‖ p(z))"
}

fn finite<const D: usize>(tensor: &Tensor<D>) -> bool {
    let data = tensor.clone().into_data_as::<f64>();
    data.as_slice::<f64>().is_ok_and(|values| values.iter().all(|v| v.is_finite()))
}

fn first_parameter<M: Module>(module: &M) -> Option<String> {
    let place = parameters::values::<f64, _>(module).iter().position(|value| !value.is_finite())?;
    let blocks = parameters::layout(module);
    let block = blocks.iter().find(|block| block.range().contains(&place))?;
    Some(format!("the parameter {}", block.name))
}
