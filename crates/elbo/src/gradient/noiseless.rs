//! The exact gradient of the noiseless limit (E20).

use burn::tensor::Tensor;

use super::Estimator;
use crate::{
    guide::Guide,
    model::Latent,
    objective::{elbo::Terms, noiseless::Noiseless},
};

impl Estimator for Noiseless {
    fn estimate(
        &self,
        model: &dyn Latent,
        guide: &dyn Guide,
        x: &Tensor<2>,
        _: &[Tensor<2>],
        _: &[f64],
    ) -> (Terms, Tensor<1>) {
        let terms = self.terms(model, guide, x);
        let surrogate = terms.elbo();
        (terms, surrogate)
    }
}
