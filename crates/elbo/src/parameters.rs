//! A module's parameters as one flat vector, in the order in which the module declares them.
//!
//! The optimiser, the sum of gradients over shards, and checkpoints all work on this vector; the module is
//! a view of it.

use burn::{
    module::{Devices, Module, ModuleDisplay, ModuleMapper, ModuleVisitor, Param},
    tensor::{DType, Device, Element, Gradients, Tensor, TensorData},
};

use crate::Error;

/// Any module of Burn, owned: what `#[derive(Module)]` makes.
pub trait BurnModule: Module + ModuleDisplay + 'static {}

impl<M: Module + ModuleDisplay + 'static> BurnModule for M {}

/// One tensor of a module: its place in the flat vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The path of fields to it: `model.decoder.layers.0.weight`.
    pub name: String,
    /// The shape of the parameter.
    pub shape: Vec<usize>,
    /// The place in the flat vector where its values start.
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

    /// The range of the parameter in the flat vector.
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
/// It fails where the number of values is not the module's.
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

/// Parameters that go by a name of their own, and not by that of the field that holds them.
#[derive(Clone, Debug)]
pub struct Named {
    name: &'static str,
    values: Param<Tensor<1>>,
}

/// How [`Named`] tells a visitor that its own name is to stand for its field's.
const NAMED: &str = "Named";

impl Named {
    /// Makes parameters with these values, which the gradient moves only where they are `learned`.
    pub fn new(name: &'static str, values: Vec<f32>, learned: bool, device: &Device) -> Self {
        let shape = [values.len()];
        let values = Param::from_data(TensorData::new(values, shape), device).set_require_grad(learned);
        Self { name, values }
    }

    /// The name of the parameter.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The values of the parameter.
    pub fn val(&self) -> Tensor<1> {
        self.values.val()
    }

    fn with(self, f: impl FnOnce(Param<Tensor<1>>) -> Param<Tensor<1>>) -> Self {
        Self { name: self.name, values: f(self.values) }
    }
}

impl Module for Named {
    fn collect_devices(&self, devices: Devices) -> Devices {
        self.values.collect_devices(devices)
    }

    fn fork(self, device: &Device) -> Self {
        self.with(|values| values.fork(device))
    }

    fn to_device(self, device: &Device) -> Self {
        self.with(|values| values.to_device(device))
    }

    fn train(self) -> Self {
        self.with(Module::train)
    }

    fn valid(&self) -> Self {
        Self { name: self.name, values: self.values.valid() }
    }

    fn materialize(self) -> Self {
        self.with(Module::materialize)
    }

    fn visit<Visitor: ModuleVisitor>(&self, visitor: &mut Visitor) {
        visitor.enter_module(self.name, NAMED);
        self.values.visit(visitor);
        visitor.exit_module(self.name, NAMED);
    }

    fn map<Mapper: ModuleMapper>(self, mapper: &mut Mapper) -> Self {
        self.with(|values| Module::map(values, mapper))
    }
}

/// Where the first parameter is, and of which type; none of a module without any.
pub fn place<M: Module>(module: &M) -> Option<(Device, DType)> {
    let mut visitor = Place(None);
    module.visit(&mut visitor);
    visitor.0
}

struct Place(Option<(Device, DType)>);

impl ModuleVisitor for Place {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.get_or_insert_with(|| (param.val().device(), param.val().dtype()));
    }
}

impl burn::module::ModuleDisplayDefault for Named {
    fn content(&self, content: burn::module::Content) -> Option<burn::module::Content> {
        content.add(self.name, &self.values).optional()
    }
}

impl ModuleDisplay for Named {}

#[derive(Default)]
struct Layout {
    path: Vec<String>,
    blocks: Vec<Block>,
    /// The field whose name gives way to that of what it holds.
    hidden: Option<String>,
}

impl ModuleVisitor for Layout {
    fn enter_module(&mut self, name: &str, container: &str) {
        if container == NAMED {
            self.hidden = self.path.pop();
        }
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _name: &str, container: &str) {
        self.path.pop();
        if container == NAMED {
            self.path.extend(self.hidden.take());
        }
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
