//! The amortised guide: q_φ(z|x) = N(μ_φ(x), diag σ_φ²(x)), one network for all rows (E17).

use burn::{module::Module, tensor::Tensor};

use super::{Family, Guide, Hierarchical, Posterior};
use crate::{
    distribution::gaussian::Diagonal,
    likelihood::Encoding,
    network::{Convolutions, Dense},
};

/// q_φ: a network from x to the parameters of q(z|x).
#[derive(Module, Debug)]
pub struct Amortised {
    /// The convolutions from x to features, where rows are images.
    convolutions: Option<Convolutions>,
    encoder: Dense,
    /// The network from z₁ to the parameters of q(z₂|z₁), where z has two layers.
    second: Option<Dense>,
    #[module(skip)]
    family: Family,
    #[module(skip)]
    encoding: Encoding,
}

impl Amortised {
    /// The guide of a network with [`Family::outputs`] outputs.
    pub fn new(encoder: Dense, family: Family) -> Self {
        Self { convolutions: None, encoder, second: None, family, encoding: Encoding::Identity }
    }

    /// Puts the guide behind convolutions, whose features become its input.
    #[must_use]
    pub fn with_convolutions(self, convolutions: Option<Convolutions>) -> Self {
        Self { convolutions, ..self }
    }

    /// Puts a second layer of Gaussians above the first: q(z₂|z₁) by a network with an output for each mean and
    /// log-variance.
    #[must_use]
    pub fn with_second(self, second: Option<Dense>) -> Self {
        Self { second, ..self }
    }

    /// Gives the encoder x in this encoding.
    #[must_use]
    pub fn with_encoding(self, encoding: Encoding) -> Self {
        Self { encoding, ..self }
    }
}

impl Guide for Amortised {
    fn width(&self) -> usize {
        let inputs = self.encoder.input();
        self.convolutions.as_ref().map_or_else(|| self.encoding.width(inputs), Convolutions::input)
    }

    fn latent(&self) -> usize {
        let second = self.second.as_ref().map_or(0, |network| network.output() / 2);
        self.family.latent(self.encoder.output()) + second
    }

    fn layers(&self) -> Vec<usize> {
        let second = self.second.as_ref().map(|network| network.output() / 2);
        std::iter::once(self.family.latent(self.encoder.output())).chain(second).collect()
    }

    fn posterior(&self, x: Tensor<2>) -> Posterior {
        let x = self.encoding.apply(x);
        let x = match &self.convolutions {
            Some(convolutions) => convolutions.forward(x),
            None => x,
        };
        let output = self.encoder.forward(x);
        match &self.second {
            Some(second) => Posterior::Hierarchical(Hierarchical {
                first: Diagonal::of_head(output),
                second: second.clone(),
            }),
            None => Posterior::of_head(self.family, output),
        }
    }

    fn dense(&self) -> Option<&Dense> {
        let plain = self.convolutions.is_none() && self.second.is_none() && self.family == Family::Gaussian;
        (plain && self.encoding != Encoding::Log1p).then_some(&self.encoder)
    }
}
