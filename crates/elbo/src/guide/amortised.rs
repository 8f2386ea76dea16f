//! The amortised guide: q_φ(z|x) = N(μ_φ(x), diag σ_φ²(x)), one network for all rows (E17).

use burn::{
    module::Module,
    tensor::{Tensor, activation},
};

use super::{Family, Hierarchical, Posterior};
use crate::{
    distribution::gaussian::Diagonal,
    network::{Convolutions, Dense},
};

/// q_φ: a network from x to the parameters of q(z|x).
#[derive(Module, Debug)]
pub struct Amortised {
    /// From x to features, where rows are images.
    convolutions: Option<Convolutions>,
    encoder: Dense,
    /// From z₁ to the parameters of q(z₂|z₁), where z has two layers.
    second: Option<Dense>,
    #[module(skip)]
    family: Family,
}

impl Amortised {
    /// The guide of a network with [`Family::outputs`] outputs.
    pub fn new(encoder: Dense, family: Family) -> Self {
        Self { convolutions: None, encoder, second: None, family }
    }

    /// The same behind convolutions, whose features are its input.
    #[must_use]
    pub fn with_convolutions(self, convolutions: Convolutions) -> Self {
        Self { convolutions: Some(convolutions), ..self }
    }

    /// The same with a second layer of Gaussians above the first: q(z₂|z₁) by a network with an output for each mean and
    /// log-variance.
    #[must_use]
    pub fn with_second(self, second: Dense) -> Self {
        Self { second: Some(second), ..self }
    }

    /// The dense layers that give q(z|x), or q(z₁|x) where z has two layers.
    pub(crate) fn network(&self) -> &Dense {
        &self.encoder
    }

    /// Whether those layers are all there is.
    pub(crate) fn is_dense(&self) -> bool {
        self.convolutions.is_none() && self.second.is_none()
    }

    /// The number of latent variables of each layer: `[K]`, or `[K₁, K₂]`.
    pub fn layers(&self) -> Vec<usize> {
        let second = self.second.as_ref().map(|network| network.output() / 2);
        std::iter::once(self.family.latent(self.encoder.output())).chain(second).collect()
    }

    /// K, the number of latent variables, of both layers where there are two.
    pub fn latent(&self) -> usize {
        self.layers().iter().sum()
    }

    /// D, the number of columns of x.
    pub fn width(&self) -> usize {
        self.convolutions.as_ref().map_or(self.encoder.input(), Convolutions::input)
    }

    /// q_φ(·|x) of each row of `x`, `[R, D]`.
    ///
    /// Gaussian: by the output's halves, see [`Diagonal::of_head`]. Bernoulli: logits. Categorical: the logarithm of the
    /// softmax over each variable's classes.
    pub fn posterior(&self, x: Tensor<2>) -> Posterior {
        let x = match &self.convolutions {
            Some(convolutions) => convolutions.forward(x),
            None => x,
        };
        let output = self.encoder.forward(x);
        match (self.family, &self.second) {
            (Family::Gaussian, None) => Posterior::Gaussian(Diagonal::of_head(output)),
            (Family::Gaussian, Some(second)) => Posterior::Hierarchical(Hierarchical {
                first: Diagonal::of_head(output),
                second: second.clone(),
            }),
            (Family::Bernoulli, _) => Posterior::Bernoulli(output),
            (Family::Categorical(classes), _) => {
                let [rows, outputs] = output.dims();
                let output = output.reshape([rows, outputs / classes, classes]);
                Posterior::Categorical(activation::log_softmax(output, 2))
            }
        }
    }
}
