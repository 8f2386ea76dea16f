//! Dense layers: x ↦ W_n a(… a(W_1 x + b_1) …) + b_n.

use burn::{
    module::Module,
    nn::Linear,
    tensor::{DType, Device, Tensor, activation},
};
use serde::{Deserialize, Serialize};

use super::glorot;
use crate::random::Key;

/// The function between two dense layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// max(a, 0).
    Relu,
    /// tanh a.
    Tanh,
    /// a Φ(a).
    Gelu,
    /// log(1 + exp a).
    Softplus,
    /// 1 / (1 + exp −a).
    Sigmoid,
}

impl Activation {
    pub(super) fn forward<const D: usize>(self, a: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Relu => activation::relu(a),
            Self::Tanh => activation::tanh(a),
            Self::Gelu => activation::gelu(a),
            Self::Softplus => activation::softplus(a, 1.0),
            Self::Sigmoid => activation::sigmoid(a),
        }
    }
}

impl From<Activation> for elbo_kernels::Activation {
    fn from(activation: Activation) -> Self {
        match activation {
            Activation::Relu => Self::Relu,
            Activation::Tanh => Self::Tanh,
            Activation::Gelu => Self::Gelu,
            Activation::Softplus => Self::Softplus,
            Activation::Sigmoid => Self::Sigmoid,
        }
    }
}

/// A stack of dense layers, the activation between them and none after the last.
#[derive(Module, Debug)]
pub struct Dense {
    layers: Vec<Linear>,
    #[module(skip)]
    activation: Activation,
}

impl Dense {
    /// Layers of the given widths, first the input's, last the output's: `[D, H, …, O]`.
    ///
    /// Weights are uniform on ±√(6/(in + out)) (Glorot and Bengio 2010), drawn from `key`; biases are 0.
    pub fn new(widths: &[usize], activation: Activation, key: Key, device: &Device) -> Self {
        let layers = widths
            .windows(2)
            .enumerate()
            .map(|(layer, pair)| {
                let (input, output) = (pair[0], pair[1]);
                Linear {
                    weight: glorot::weights([input, output], (input, output), key, layer, device),
                    bias: Some(glorot::biases(vec![0.0; output], device)),
                }
            })
            .collect();
        Self { layers, activation }
    }

    /// Replaces the bias of the last layer: where the output starts.
    #[must_use]
    pub fn with_output_bias(mut self, bias: Vec<f32>, device: &Device) -> Self {
        if let Some(last) = self.layers.last_mut() {
            last.bias = Some(glorot::biases(bias, device));
        }
        self
    }

    /// The widths of input, hidden layers and output.
    pub fn widths(&self) -> Vec<usize> {
        let outputs = self.layers.iter().map(|layer| layer.weight.dims()[1]);
        std::iter::once(self.input()).chain(outputs).collect()
    }

    /// The function between the layers.
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// Whether its weights are of this type on this device.
    pub(crate) fn is_of(&self, dtype: DType, device: &Device) -> bool {
        self.layers.iter().all(|l| l.weight.val().dtype() == dtype && l.weight.device() == *device)
    }

    /// The width of the input.
    pub fn input(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.weight.dims()[0])
    }

    /// The width of the output.
    pub fn output(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.weight.dims()[1])
    }

    /// `[R, D]` to `[R, O]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len() - 1;
        self.layers.iter().enumerate().fold(x, |a, (i, layer)| {
            let a = layer.forward(a);
            if i == last { a } else { self.activation.forward(a) }
        })
    }
}
