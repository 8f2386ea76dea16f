//! Where a bound stopped being a number.

use burn::{
    module::{Module, ModuleVisitor, Param},
    tensor::Tensor,
};

use crate::{Error, model::Vae};

/// The error that names the first quantity that is not finite on the way from x to the bound.
///
/// `x` is `[R, D]` and `noise` what the bound was computed with; `rows` names the data rows.
pub fn first_non_finite(vae: &Vae, x: &Tensor<2>, noise: &[Tensor<2>], step: u64, rows: &[usize]) -> Error {
    let mut parameters = FirstParameter::default();
    vae.visit(&mut parameters);
    let what = parameters.found.unwrap_or_else(|| on_the_way(vae, x, noise).into());
    Error::NonFinite { what, step, rows: rows.to_vec() }
}

fn on_the_way(vae: &Vae, x: &Tensor<2>, noise: &[Tensor<2>]) -> &'static str {
    if !finite(x) {
        return "the data x";
    }
    let q = vae.guide.posterior(x.clone());
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
        if !finite(&vae.model.decode(z.clone())) {
            return "the decoder's output f(z)";
        }
        if !finite(&vae.model.log_likelihood(x.clone(), z)) {
            return "the log-likelihood log p(x|z)";
        }
    }
    "the KL term KL(q(z|x) ‖ p(z))"
}

fn finite<const D: usize>(tensor: &Tensor<D>) -> bool {
    let data = tensor.clone().into_data_as::<f64>();
    data.as_slice::<f64>().is_ok_and(|values| values.iter().all(|v| v.is_finite()))
}

#[derive(Default)]
struct FirstParameter {
    path: Vec<String>,
    found: Option<String>,
}

impl ModuleVisitor for FirstParameter {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if self.found.is_none() && !finite(&param.val()) {
            self.found = Some(format!("the parameter {}", self.path.join(".")));
        }
    }
}
