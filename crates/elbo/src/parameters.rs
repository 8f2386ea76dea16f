//! A module's parameters as one flat vector, in the order in which the module declares them.
//!
//! The optimiser, the sum of gradients over shards, and checkpoints all work on this vector; the module is
//! a view of it.

use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param},
    tensor::{Device, Element, Gradients, Tensor, TensorData},
};

use crate::Error;

/// One tensor of a module: its place in the flat vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The path of fields to it: `model.decoder.layers.0.weight`.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Where its values start in the flat vector.
    pub start: usize,
}

impl Block {
    /// The number of its values.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its range in the flat vector.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.start..self.start + self.len()
    }
}

/// The blocks of a module, in order.
pub fn layout<M: Module>(module: &M) -> Vec<Block> {
    let mut visitor = Layout::default();
    module.visit(&mut visitor);
    visitor.blocks
}

/// The values of all parameters, flat.
pub fn values<E: Element, M: Module>(module: &M) -> Vec<E> {
    let mut visitor = Values(Vec::new());
    module.visit(&mut visitor);
    visitor.0
}

/// The gradient of all parameters, flat; zero where a parameter took no part or is held fixed.
pub fn gradient<E: Element, M: Module>(module: &M, gradients: &Gradients) -> Vec<E> {
    let mut visitor = Collect { gradients, flat: Vec::new() };
    module.visit(&mut visitor);
    visitor.flat
}

/// The module with its parameters replaced by `values`, as tensors of the element type `E` on `device`.
///
/// # Errors
/// Where the number of values is not the module's.
pub fn load<E: Element, M: Module>(module: M, values: &[E], device: &Device) -> Result<M, Error> {
    let expected = module.num_params();
    if values.len() != expected {
        return Err(Error::Shape {
            what: "the parameter vector".into(),
            expected: vec![expected],
            got: vec![values.len()],
        });
    }
    Ok(module.map(&mut Load { rest: values, device }))
}

#[derive(Default)]
struct Layout {
    path: Vec<String>,
    blocks: Vec<Block>,
}

impl ModuleVisitor for Layout {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let start = self.blocks.last().map_or(0, |block| block.range().end);
        self.blocks.push(Block { name: self.path.join("."), shape: param.dims().to_vec(), start });
    }
}

struct Values<E>(Vec<E>);

impl<E: Element> ModuleVisitor for Values<E> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        append(&mut self.0, param.val());
    }
}

struct Collect<'a, E> {
    gradients: &'a Gradients,
    flat: Vec<E>,
}

impl<E: Element> ModuleVisitor for Collect<'_, E> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.gradients) {
            append(&mut self.flat, gradient);
        } else {
            let zeros = param.shape().num_elements();
            self.flat.resize(self.flat.len() + zeros, E::from_elem(0.0));
        }
    }
}

struct Load<'a, E> {
    rest: &'a [E],
    device: &'a Device,
}

impl<E: Element> ModuleMapper for Load<'_, E> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (mine, rest) = self.rest.split_at(param.shape().num_elements());
        self.rest = rest;
        let data = TensorData::new(mine.to_vec(), param.shape());
        let device = self.device;
        param.map(|_| Tensor::from_data(data, (device, E::dtype())))
    }
}

fn append<E: Element, const D: usize>(flat: &mut Vec<E>, tensor: Tensor<D>) {
    let data = tensor.into_data_as::<E>();
    flat.extend_from_slice(data.as_slice().expect("read as the type asked for"));
}
