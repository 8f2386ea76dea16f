//! p_θ(x, z) by a network: p(z) = N(0, I) or of another [`Family`], p_θ(x|z) a [`Likelihood`] of the network's outputs.
//!
//! With two layers of z (Burda et al. 2015): p_θ(z) = N(z₂; 0, I) N(z₁; μ_θ(z₂), diag σ_θ²(z₂)), and x is of z₁ alone.

use std::sync::Arc;

use burn::{
    module::Module,
    tensor::{Device, Tensor},
};

use super::Latent;
use crate::{
    Error,
    distribution::gaussian::Diagonal,
    guide::{Family, Posterior, layers},
    likelihood::{Likelihood, Unsupported},
    minibatch::Rows,
    network::{Decoder, Dense, TransposedConvolutions},
    parameters::Named,
};

/// p_θ(x, z): everything that θ stands for. The decoder is any module of Burn that is a [`Decoder`].
#[derive(Module, Debug)]
pub struct Generative<D: Decoder = Dense> {
    decoder: D,
    /// The convolutions from the decoder's output to the image, where rows are images.
    convolutions: Option<TransposedConvolutions>,
    /// The likelihood's own parameters.
    own: Option<Named>,
    /// The network from z₂ to the parameters of p(z₁|z₂), where z has two layers.
    prior: Option<Dense>,
    #[module(skip)]
    likelihood: Arc<dyn Likelihood>,
    #[module(skip)]
    family: Family,
}

impl<D: Decoder> Generative<D> {
    /// p(x|z) of the decoder's outputs, for rows of `width` columns, with p(z) the prior of `family`.
    ///
    /// # Errors
    /// It fails where the decoder does not give the outputs that the likelihood takes of so many columns.
    pub fn new(
        decoder: D,
        likelihood: Arc<dyn Likelihood>,
        family: Family,
        width: usize,
        device: &Device,
    ) -> Result<Self, Error> {
        let outputs = likelihood.decoded(width);
        Error::check_shape("the decoder's output", &[outputs], &[decoder.output()])?;
        Ok(Self::unchecked(decoder, likelihood, family, width, device))
    }

    /// The same, where what follows the decoder may give other outputs.
    pub(super) fn unchecked(
        decoder: D,
        likelihood: Arc<dyn Likelihood>,
        family: Family,
        width: usize,
        device: &Device,
    ) -> Self {
        let own = likelihood.own(width).map(|own| Named::new(own.name, own.values, own.learned, device));
        Self { decoder, convolutions: None, own, prior: None, likelihood, family }
    }

    /// The same with transposed convolutions from the decoder's output to the image.
    #[must_use]
    pub(super) fn with_convolutions(self, convolutions: Option<TransposedConvolutions>) -> Self {
        Self { convolutions, ..self }
    }

    /// The same with a second layer of z, from which this network makes the parameters of p(z₁|z₂).
    #[must_use]
    pub(super) fn with_prior(self, prior: Option<Dense>) -> Self {
        Self { prior, ..self }
    }

    /// log σ of a Gaussian likelihood, `[1]` or `[D]`; none of another.
    pub fn log_sigma(&self) -> Option<Tensor<1>> {
        self.own.as_ref().filter(|own| own.name() == "log_sigma").map(Named::val)
    }

    /// Means over the columns that share a bias of the output: a channel's pixels, or each by itself.
    fn of_each_bias(&self, columns: &[f64]) -> Vec<f64> {
        let channels = |last: &TransposedConvolutions| last.channels() / self.likelihood.outputs();
        let biases = self.convolutions.as_ref().map_or(columns.len(), channels);
        let shared = columns.len() / biases;
        columns.chunks(shared).map(|values| values.iter().sum::<f64>() / shared as f64).collect()
    }

    /// The outputs' biases, and the own parameters, that suit the means and variances of the columns.
    fn start_by_moments(&self, rows: &Rows<'_>) -> Result<(Vec<f32>, Vec<f32>), Error> {
        let (mean, variance) = rows.moments();
        let start = |mean: &f64| self.likelihood.start(*mean, rows.len());
        let starts: Vec<Vec<f64>> = self.of_each_bias(&mean).iter().map(start).collect();
        let bias =
            (0..self.likelihood.outputs()).flat_map(|o| starts.iter().map(move |start| start[o] as f32));
        Ok((bias.collect(), self.likelihood.start_own(&mean, &variance)?))
    }

    /// z₁ and z₂ of z, where it has two layers.
    fn layers(&self, z: Tensor<2>) -> [Tensor<2>; 2] {
        layers(z, self.decoder.input())
    }
}

impl<D: Decoder> Latent for Generative<D> {
    fn family(&self) -> Family {
        self.family
    }

    /// Outputs start at the mean of the rows, and the likelihood's own parameters where they suit them. Transposed convolutions
    /// start at the mean over each channel.
    fn start_at(self, rows: &Rows<'_>, device: &Device) -> Result<Self, Error> {
        if let Some(Unsupported { row, column, value, needs }) = self.likelihood.unsupported(rows) {
            return Err(Error::Support {
                row,
                column,
                value,
                likelihood: self.likelihood.name().into(),
                needs,
            });
        }
        let (bias, values) = match self.likelihood.start_at(rows) {
            Some([output, own]) => (output, own),
            None => self.start_by_moments(rows)?,
        };
        let own = self.likelihood.own(rows.width());
        let own = own.map(|own| Named::new(own.name, values, own.learned, device));
        Ok(match self.convolutions {
            Some(last) => Self { own, convolutions: Some(last.with_output_bias(bias, device)), ..self },
            None => Self { own, decoder: self.decoder.with_output_bias(bias, device), ..self },
        })
    }

    fn likelihood(&self) -> &Arc<dyn Likelihood> {
        &self.likelihood
    }

    fn own(&self) -> Option<Tensor<1>> {
        self.own.as_ref().map(Named::val)
    }

    /// Of two layers it takes z₁.
    fn decode(&self, z: Tensor<2>) -> Tensor<2> {
        let z = if self.is_hierarchical() { z.narrow(1, 0, self.decoder.input()) } else { z };
        let output = self.decoder.forward(z);
        match &self.convolutions {
            Some(convolutions) => convolutions.forward(output),
            None => output,
        }
    }

    /// Of two layers log p(z₂) + log p(z₁|z₂).
    fn log_prior(&self, z: Tensor<2>) -> Tensor<1> {
        let Some(prior) = &self.prior else { return self.family.log_prior(z) };
        let [z1, z2] = self.layers(z);
        self.family.log_prior(z2.clone()) + Diagonal::of_head(prior.forward(z2)).log_density(z1)
    }

    /// The noise itself, but of two layers z₂ = ε₂ and z₁ = μ(z₂) + σ(z₂) ⊙ ε₁.
    fn prior_draw(&self, noise: Tensor<2>) -> Tensor<2> {
        let Some(prior) = &self.prior else { return noise };
        let [e1, z2] = self.layers(noise);
        let z1 = Diagonal::of_head(prior.forward(z2.clone())).sample(e1);
        Tensor::cat(vec![z1, z2], 1)
    }

    fn kl(&self, q: &Posterior, noise: &[Tensor<2>]) -> Tensor<2> {
        let (Posterior::Hierarchical(q), Some(prior)) = (q, &self.prior) else {
            return q.kl().expect("one layer has a closed form");
        };
        let draw = |e: &Tensor<2>| q.kl(e.clone(), |z2| Diagonal::of_head(prior.forward(z2)));
        let sum = noise.iter().map(draw).reduce(|a, b| a + b).expect("at least one sample");
        sum.div_scalar(noise.len() as f64)
    }

    fn is_hierarchical(&self) -> bool {
        self.prior.is_some()
    }

    fn dense(&self) -> Option<&Dense> {
        let plain = self.convolutions.is_none() && self.prior.is_none() && self.family == Family::Gaussian;
        if plain { self.decoder.dense() } else { None }
    }
}
