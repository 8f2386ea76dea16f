//! Auto-encoders: a generative model (θ) and its guide (φ).
//!
//! The [variational auto-encoder](Vae) (Kingma and Welling 2014): p(z) = N(0, I), p_θ(x|z) a likelihood of f_θ(z) (E10, E11),
//! q_φ(z|x) = N(μ_φ(x), diag σ_φ²(x)). With the Gaussian likelihood and one σ its bound is E19.

use std::sync::Arc;

use burn::{
    module::Module,
    tensor::{Device, Element, Tensor},
};

use super::{Generative, Latent, SecondLayer, VaeConfig};
use crate::{
    Error,
    error::Needs,
    guide::{Amortised, Family, Guide},
    likelihood::Likelihood,
    minibatch::Rows,
    network::{Convolutional, Convolutions, Dense, NetworkConfig, TransposedConvolutions},
    parameters::BurnModule,
    random::{Key, Purpose},
};

/// A generative model and a guide, each a module of Burn.
#[derive(Module, Debug)]
pub struct AutoEncoder<P: BurnModule, Q: BurnModule> {
    /// p_θ(x, z).
    pub model: P,
    /// q_φ(z|x).
    pub guide: Q,
}

/// The auto-encoder that a [`VaeConfig`] describes.
pub type Vae = AutoEncoder<Generative, Amortised>;

impl<P: BurnModule + Latent, Q: BurnModule + Guide> AutoEncoder<P, Q> {
    /// D, the number of columns.
    pub fn width(&self) -> usize {
        self.guide.width()
    }

    /// K, the number of latent variables, of both layers where there are two.
    pub fn latent(&self) -> usize {
        self.guide.latent()
    }

    /// ε of each of L samples for some data rows, see [`Family::noise`].
    pub fn noise<E: Element>(
        &self,
        key: Key,
        rows: &[usize],
        samples: usize,
        device: &Device,
    ) -> Vec<Tensor<2>> {
        self.model.family().noise::<E>(key, rows, self.latent(), samples, device)
    }

    /// What inference of the z of given rows needs: an encoder that gives a mean and a standard deviation of all of z.
    ///
    /// # Errors
    /// It fails where z is discrete, or has two layers.
    pub fn check_one_gaussian_layer(&self) -> Result<(), Error> {
        let family = self.model.family();
        if family == Family::Gaussian && !self.model.is_hierarchical() {
            return Ok(());
        }
        let value = if self.model.is_hierarchical() { "two layers".into() } else { family.to_string() };
        Err(Error::unsuited("z", value, Needs::OneGaussianLayer))
    }

    /// Moves the parameters to where a fit to these rows begins, see [`Latent::start_at`].
    ///
    /// # Errors
    /// It fails as that does; and where the rows are of another width.
    pub fn start_at(self, rows: &Rows<'_>, device: &Device) -> Result<Self, Error> {
        self.check_width(rows.width())?;
        Ok(Self { model: self.model.start_at(rows, device)?, guide: self.guide })
    }

    pub(crate) fn check_width(&self, got: usize) -> Result<(), Error> {
        Error::check_shape("a row of data", &[self.width()], &[got])
    }
}

impl Vae {
    /// An auto-encoder of this shape for rows of `width` columns: random weights drawn from `seed`, output
    /// biases and log σ 0 (but a fixed σ is what it is fixed at).
    ///
    /// # Errors
    /// It fails where the shape is impossible: no column, no latent dimension, a hidden layer of width 0, σ ≤ 0, an
    /// image that is not as large as a row, two layers that are not Gaussian.
    pub fn new(config: &VaeConfig, width: usize, seed: Key, device: &Device) -> Result<Self, Error> {
        Self::with_likelihood(config, config.likelihood.likelihood(), width, seed, device)
    }

    /// Takes a likelihood of one's own, whatever the configuration says of that.
    ///
    /// # Errors
    /// It fails as [`Self::new`] does.
    pub fn with_likelihood(
        config: &VaeConfig,
        likelihood: Arc<dyn Likelihood>,
        width: usize,
        seed: Key,
        device: &Device,
    ) -> Result<Self, Error> {
        config.check_for(width)?;
        let key = seed.purpose(Purpose::Initialise);
        let dense = |widths: &[usize], index| Dense::new(widths, config.activation, key.fold(index), device);
        let (outputs, encoding) = (likelihood.outputs(), likelihood.encoding());
        // What the encoder's dense layers take, and what the decoder's give.
        let ([features, decoded], ways) = match &config.network {
            NetworkConfig::Dense => ([encoding.inputs(width), likelihood.decoded(width)], None),
            NetworkConfig::Convolutional(shape) => {
                let there = Convolutions::new(shape, config.activation, key.fold(3), device)?;
                let [channels, height, across] = shape.image;
                let image = Convolutional { image: [channels * outputs, height, across], ..shape.clone() };
                let back = TransposedConvolutions::new(&image, config.activation, key.fold(4), device)?;
                ([back.input(); 2], Some((there, back)))
            }
        };
        let (there, back) = ways.unzip();
        let outward: Vec<usize> = [&[features], &config.hidden[..]].concat();
        let inward: Vec<usize> = [config.family.width(config.latent)]
            .into_iter()
            .chain(config.hidden.iter().rev().copied())
            .chain([decoded])
            .collect();
        let encoder = [&outward[..], &[config.family.outputs(config.latent)]].concat();
        let (up, down) = config
            .second
            .as_ref()
            .map(|SecondLayer { latent, hidden }| {
                let up = [&[config.latent], &hidden[..], &[config.family.outputs(*latent)]].concat();
                let down: Vec<usize> = [*latent].into_iter().chain(hidden.iter().rev().copied()).collect();
                let down = [&down[..], &[config.family.outputs(config.latent)]].concat();
                (dense(&up, 6), dense(&down, 5))
            })
            .unzip();
        let model = Generative::unchecked(dense(&inward, 1), likelihood, config.family, width, device)
            .with_convolutions(back)
            .with_prior(down);
        let guide = Amortised::new(dense(&encoder, 2), config.family)
            .with_encoding(encoding)
            .with_convolutions(there)
            .with_second(up);
        Ok(Self { model, guide })
    }
}
