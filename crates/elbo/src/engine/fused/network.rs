//! A stack of dense layers on slices: forwards, back, and the gradient of its parameters.

use elbo_kernels::{Activation, Level, Panels, WIDTH, pack, pack_transposed, product};
use rayon::prelude::*;

use crate::network::Dense;

/// Panels of inputs of which a thread makes the gradient at a time: it reads the gradient in the outputs once for them.
const TOGETHER: usize = 2;

/// The layers' weights, packed for products. Biases are read where they stand, in the flat parameters.
#[derive(Clone, Debug)]
pub(super) struct Network {
    layers: Vec<Layer>,
}

#[derive(Clone, Debug)]
struct Layer {
    inputs: usize,
    outputs: usize,
    /// Where its weights start in the flat parameters, `[I, O]`; its bias `[O]` follows them.
    start: usize,
    activation: Activation,
    weights: Panels,
    transposed: Panels,
}

/// What some rows leave in a network: the output of each layer, and the gradient there (in the way forwards the
/// activation's derivative).
#[derive(Clone, Debug, Default)]
pub(super) struct Pass {
    pub(super) outputs: Vec<Panels>,
    pub(super) deltas: Vec<Panels>,
}

impl Pass {
    /// The output of the last layer.
    pub(super) fn output(&self) -> &Panels {
        self.outputs.last().expect("at least one layer")
    }

    /// The output of the last layer, and the place of its gradient.
    pub(super) fn last_mut(&mut self) -> (&mut Panels, &mut Panels) {
        let layers = "at least one layer";
        (self.outputs.last_mut().expect(layers), self.deltas.last_mut().expect(layers))
    }

    /// Makes room for this many rows.
    pub(super) fn resize(&mut self, rows: usize) {
        for panels in self.outputs.iter_mut().chain(&mut self.deltas) {
            panels.resize(rows);
        }
    }
}

impl Network {
    /// The network whose parameters start at `start` in the flat vector.
    pub(super) fn new(dense: &Dense, start: usize) -> Self {
        let widths = dense.widths();
        let mut next = start;
        let last = widths.len() - 2;
        let layers = widths.windows(2).enumerate().map(|(l, pair)| {
            let (inputs, outputs) = (pair[0], pair[1]);
            let start = next;
            next += (inputs + 1) * outputs;
            let activation = if l == last { Activation::Identity } else { dense.activation().into() };
            // Without a way back there is nothing to transpose.
            let (weights, transposed) = (Panels::new(inputs, outputs), Panels::new(0, inputs));
            Layer { inputs, outputs, start, activation, weights, transposed }
        });
        Self { layers: layers.collect() }
    }

    /// The outputs of its last layer.
    pub(super) fn output(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.outputs)
    }

    /// Where its parameters end in the flat vector.
    pub(super) fn end(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.start + (layer.inputs + 1) * layer.outputs)
    }

    /// Room for a pass of no rows yet.
    pub(super) fn pass(&self) -> Pass {
        let panels = || self.layers.iter().map(|layer| Panels::new(0, layer.outputs)).collect();
        Pass { outputs: panels(), deltas: panels() }
    }

    /// Packs the weights out of the flat parameters; for the way back from the layer number `back` on.
    pub(super) fn pack(&mut self, level: Level, parameters: &[f32], back: usize) {
        self.layers.par_iter_mut().enumerate().for_each(|(l, layer)| {
            let Layer { inputs, outputs, start, .. } = *layer;
            let matrix = &parameters[start..][..inputs * outputs];
            let forward = layer.weights.as_mut_slice().par_chunks_mut(inputs);
            let forward = || forward.enumerate().for_each(|(panel, out)| pack(matrix, outputs, panel, out));
            if l < back {
                forward();
                return;
            }
            layer.transposed.resize(outputs);
            let backward = layer.transposed.as_mut_slice().par_chunks_mut(outputs);
            rayon::join(forward, || {
                backward
                    .enumerate()
                    .for_each(|(panel, out)| pack_transposed(level, matrix, outputs, panel, out));
            });
        });
    }

    /// The outputs of every layer; where the way back will follow, the activations' derivatives too.
    pub(super) fn forward(
        &self,
        level: Level,
        parameters: &[f32],
        input: &Panels,
        pass: &mut Pass,
        back: bool,
    ) {
        let mut input = input;
        for ((layer, output), delta) in self.layers.iter().zip(&mut pass.outputs).zip(&mut pass.deltas) {
            let bias = &parameters[layer.start + layer.inputs * layer.outputs..][..layer.outputs];
            // The last layer's gradient comes from what follows it.
            let derivative = (back && layer.activation != Activation::Identity).then_some(delta);
            product::linear(level, input, &layer.weights, bias, layer.activation, output, derivative);
            input = output;
        }
    }

    /// From the gradient in the last layer's output to that in every layer's, and, where `input` is given (holding the
    /// derivative of what made it), in the input.
    pub(super) fn backward(&self, level: Level, pass: &mut Pass, input: Option<&mut Panels>) {
        for l in (1..self.layers.len()).rev() {
            let (below, here) = pass.deltas.split_at_mut(l);
            product::backward(level, &here[0], &self.layers[l].transposed, &mut below[l - 1]);
        }
        if let Some(input) = input {
            product::backward(level, &pass.deltas[0], &self.layers[0].transposed, input);
        }
    }

    /// The gradient of the network's parameters, into its part of the flat vector: the sum over the rows of all
    /// `passes` in order, each with the input it had.
    pub(super) fn gradient<'a, P>(&self, level: Level, passes: &P, gradient: &mut [f32])
    where
        P: Iterator<Item = (&'a Panels, &'a Pass)> + Clone + Sync + Send,
    {
        layers_gradient(level, &self.layers, 0, passes, gradient);
    }
}

/// Layer after layer, in parallel.
fn layers_gradient<'a, P>(level: Level, layers: &[Layer], l: usize, passes: &P, gradient: &mut [f32])
where
    P: Iterator<Item = (&'a Panels, &'a Pass)> + Clone + Sync + Send,
{
    let Some((layer, rest)) = layers.split_first() else { return };
    let (here, others) = gradient.split_at_mut((layer.inputs + 1) * layer.outputs);
    let (weights, bias) = here.split_at_mut(layer.inputs * layer.outputs);
    rayon::join(
        || {
            weights.par_chunks_mut(TOGETHER * WIDTH * layer.outputs).enumerate().for_each(
                |(part, weights)| {
                    let pairs = passes.clone().map(|(input, pass)| {
                        (if l == 0 { input } else { &pass.outputs[l - 1] }, &pass.deltas[l])
                    });
                    product::weight_gradient(level, pairs, part * TOGETHER, layer.outputs, weights);
                },
            );
            product::bias_gradient(level, passes.clone().map(|(_, pass)| &pass.deltas[l]), bias);
        },
        || layers_gradient(level, rest, l + 1, passes, others),
    );
}
