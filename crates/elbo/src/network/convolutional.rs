//! Convolutions of images: a_c′ = b_c′ + Σ_c W_c′c ⋆ x_c in steps of a stride, and the transposed map back.
//!
//! With kernels of side k, a stride s and a border of p = ⌊(k − 1)/2⌋ zeros, a side of n pixels becomes
//! n′ = ⌊(n + 2p − k)/s⌋ + 1. The transposed convolution makes (n′ − 1)s − 2p + k of it, which lacks (n + 2p − k) mod s
//! pixels: they are added at the end of each side, so that every image returns at its own size.

use burn::{
    module::Module,
    nn::{
        PaddingConfig2d,
        conv::{Conv2d, ConvTranspose2d},
    },
    tensor::{Device, Tensor},
};
use serde::{Deserialize, Serialize};

use super::{Activation, glorot};
use crate::{Error, check, random::Key};

/// The shape of the convolutions of an encoder; the decoder's transposed ones are the same in reverse.
///
/// ```
/// use elbo::network::Convolutional;
/// let mnist = Convolutional { image: [1, 28, 28], channels: vec![32, 64, 64], kernel: 3, stride: 2 };
/// assert_eq!(mnist.shapes()?, [[1, 28, 28], [32, 14, 14], [64, 7, 7], [64, 4, 4]]);
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Convolutional {
    /// Channels, height and width of the image that a row is, in this order: D is their product.
    pub image: [usize; 3],
    /// Channels after each convolution.
    pub channels: Vec<usize>,
    /// k, the side of a square kernel.
    pub kernel: usize,
    /// s, pixels from one place of the kernel to the next; at most k, lest pixels lie between.
    pub stride: usize,
}

impl Convolutional {
    /// Channels, height and width of the image, and of what each convolution makes of it.
    ///
    /// # Errors
    /// It fails where there is no convolution, a size is 0, the stride exceeds the kernel, or the kernel what it is to
    /// cover.
    pub fn shapes(&self) -> Result<Vec<[usize; 3]>, Error> {
        let Self { image, channels, kernel, stride } = self;
        check::at_least("the number of convolutions", channels.len(), 1)?;
        check::sizes("channels", channels)?;
        check::sizes("image", image)?;
        check::at_least("stride", *stride, 1)?;
        check::at_most("stride", *stride, *kernel, "the kernel's side: pixels would lie between")?;
        let mut shapes = vec![*image];
        for &channels in channels {
            let [_, height, width] = shapes[shapes.len() - 1];
            let most = height.min(width).saturating_add(2 * self.padding());
            let limit = format!("to fit the {height}×{width} pixels that it is to cover, and their border");
            check::at_most("kernel", *kernel, most, &limit)?;
            shapes.push([channels, self.side(height), self.side(width)]);
        }
        Ok(shapes)
    }

    /// ⌊(k − 1)/2⌋.
    fn padding(&self) -> usize {
        (self.kernel - 1) / 2
    }

    /// The side that a convolution makes of one.
    fn side(&self, side: usize) -> usize {
        (side.saturating_add(2 * self.padding()) - self.kernel) / self.stride + 1
    }

    /// The pixels that a transposed convolution adds to return to a side.
    fn missing(&self, side: usize) -> usize {
        (side + 2 * self.padding() - self.kernel) % self.stride
    }

    /// Weights to a unit, of a kernel between so many channels.
    fn fans(&self, [from, to]: [usize; 2]) -> (usize, usize) {
        let area = self.kernel * self.kernel;
        (from * area, to * area)
    }
}

/// The way of an encoder: images to features, an activation after each convolution.
#[derive(Module, Debug)]
pub struct Convolutions {
    layers: Vec<Conv2d>,
    #[module(skip)]
    image: [usize; 3],
    #[module(skip)]
    activation: Activation,
}

impl Convolutions {
    /// Convolutions of this shape. Weights are those of Glorot and Bengio (2010), drawn from `key`, where a unit's inputs
    /// are those that its kernel covers; biases are 0.
    ///
    /// # Errors
    /// It fails as [`Convolutional::shapes`] does.
    pub fn new(
        shape: &Convolutional,
        activation: Activation,
        key: Key,
        device: &Device,
    ) -> Result<Self, Error> {
        let (shapes, [k, s, p]) = (shape.shapes()?, [shape.kernel, shape.stride, shape.padding()]);
        let layer = |(layer, pair): (usize, &[[usize; 3]])| {
            let ([from, ..], [to, ..]) = (pair[0], pair[1]);
            Conv2d {
                weight: glorot::weights([to, from, k, k], shape.fans([from, to]), key, layer, device),
                bias: Some(glorot::biases(vec![0.0; to], device)),
                stride: [s, s],
                kernel_size: [k, k],
                dilation: [1, 1],
                groups: 1,
                padding: PaddingConfig2d::Explicit(p, p, p, p),
            }
        };
        let layers = shapes.windows(2).enumerate().map(layer).collect();
        Ok(Self { layers, image: shape.image, activation })
    }

    /// D, the number of columns of x.
    pub fn input(&self) -> usize {
        self.image.iter().product()
    }

    /// `[R, D]` to the features, `[R, F]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let ([rows, _], [channels, height, width]) = (x.dims(), self.image);
        let images = x.reshape([rows, channels, height, width]);
        let features = self.layers.iter().fold(images, |a, layer| self.activation.forward(layer.forward(a)));
        features.flatten(1, 3)
    }
}

/// The way of a decoder: features to images, an activation before each transposed convolution and none after the last.
#[derive(Module, Debug)]
pub struct TransposedConvolutions {
    layers: Vec<ConvTranspose2d>,
    #[module(skip)]
    features: [usize; 3],
    #[module(skip)]
    activation: Activation,
}

impl TransposedConvolutions {
    /// The convolutions of this shape in reverse, each transposed. Weights and biases start as in [`Convolutions::new`].
    ///
    /// # Errors
    /// It fails as [`Convolutional::shapes`] does.
    pub fn new(
        shape: &Convolutional,
        activation: Activation,
        key: Key,
        device: &Device,
    ) -> Result<Self, Error> {
        let (shapes, [k, s, p]) = (shape.shapes()?, [shape.kernel, shape.stride, shape.padding()]);
        let layer = |(layer, pair): (usize, &[[usize; 3]])| {
            let ([to, height, width], [from, ..]) = (pair[0], pair[1]);
            ConvTranspose2d {
                weight: glorot::weights([from, to, k, k], shape.fans([from, to]), key, layer, device),
                bias: Some(glorot::biases(vec![0.0; to], device)),
                stride: [s, s],
                kernel_size: [k, k],
                dilation: [1, 1],
                groups: 1,
                padding: [p, p],
                padding_out: [shape.missing(height), shape.missing(width)],
                channels: [from, to],
            }
        };
        let layers = shapes.windows(2).rev().enumerate().map(layer).collect();
        Ok(Self { layers, features: shapes[shapes.len() - 1], activation })
    }

    /// Replaces the bias of the last layer, one number for each channel of the image: where the output starts.
    #[must_use]
    pub fn with_output_bias(mut self, bias: Vec<f32>, device: &Device) -> Self {
        if let Some(last) = self.layers.last_mut() {
            last.bias = Some(glorot::biases(bias, device));
        }
        self
    }

    /// F, the number of features.
    pub fn input(&self) -> usize {
        self.features.iter().product()
    }

    /// Channels of the image.
    pub fn channels(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.channels[1])
    }

    /// The features, `[R, F]`, as a dense layer gives them, to `[R, D]`.
    pub fn forward(&self, features: Tensor<2>) -> Tensor<2> {
        let ([rows, _], [channels, height, width]) = (features.dims(), self.features);
        let features = features.reshape([rows, channels, height, width]);
        let images = self.layers.iter().fold(features, |a, layer| layer.forward(self.activation.forward(a)));
        images.flatten(1, 3)
    }
}
