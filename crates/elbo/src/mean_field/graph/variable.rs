//! Variables by the space of their values, and what they hang on.

use std::{fmt, marker::PhantomData, sync::Arc};

use super::{
    family::Family,
    plates::Plate,
    space::{Binary, Class, Constant, Matrix, Positive, Real},
};
use crate::Error;

/// A variable of a graph, or an array of them where it has plates. It belongs to the graph that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable<S> {
    pub(super) node: usize,
    space: PhantomData<S>,
}

impl<S> Variable<S> {
    pub(super) fn new(node: usize) -> Self {
        Self { node, space: PhantomData }
    }
}

/// Where a parameter comes from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Known {
        moments: Vec<f64>,
        dimension: usize,
    },
    Variable(usize),
    /// Pairs of factors.
    Dot(Vec<Result<Source, Error>>),
}

/// A parameter: a variable or a known value of its space.
#[derive(Clone, Debug)]
pub struct Argument<S> {
    pub(super) source: Result<Source, Error>,
    space: PhantomData<S>,
}

impl<S> From<Variable<S>> for Argument<S> {
    fn from(variable: Variable<S>) -> Self {
        Self { source: Ok(Source::Variable(variable.node)), space: PhantomData }
    }
}

impl<S: Constant> From<&[f64]> for Argument<S> {
    fn from(value: &[f64]) -> Self {
        let known = S::known(value).map(|(moments, dimension)| Source::Known { moments, dimension });
        Self { source: known, space: PhantomData }
    }
}

impl<S: Constant> From<f64> for Argument<S> {
    fn from(value: f64) -> Self {
        Self::from([value].as_slice())
    }
}

impl<S: Constant, const N: usize> From<[f64; N]> for Argument<S> {
    fn from(value: [f64; N]) -> Self {
        Self::from(value.as_slice())
    }
}

impl<S: Constant> From<Vec<f64>> for Argument<S> {
    fn from(value: Vec<f64>) -> Self {
        Self::from(value.as_slice())
    }
}

/// The mean of a [`gaussian`](super::gaussian()): a number, a variable, or a [dot product](super::dot).
#[derive(Clone, Debug)]
pub struct Mean(pub(super) Result<Source, Error>);

impl From<f64> for Mean {
    fn from(value: f64) -> Self {
        Self(Argument::<Real>::from(value).source)
    }
}

impl From<Variable<Real>> for Mean {
    fn from(variable: Variable<Real>) -> Self {
        Self(Ok(Source::Variable(variable.node)))
    }
}

/// The precision of a [`gaussian_vector`](super::gaussian_vector): a matrix Λ, or a number τ that stands for τ I.
#[derive(Clone, Debug)]
pub enum Precision {
    /// The precision is τ I.
    Multiple(Argument<Positive>),
    /// The precision is the matrix Λ, row by row.
    Matrix(Argument<Matrix>),
}

impl From<f64> for Precision {
    fn from(value: f64) -> Self {
        Self::Multiple(value.into())
    }
}

impl From<Variable<Positive>> for Precision {
    fn from(variable: Variable<Positive>) -> Self {
        Self::Multiple(variable.into())
    }
}

impl From<Variable<Matrix>> for Precision {
    fn from(variable: Variable<Matrix>) -> Self {
        Self::Matrix(variable.into())
    }
}

impl From<&[f64]> for Precision {
    fn from(matrix: &[f64]) -> Self {
        Self::Matrix(matrix.into())
    }
}

impl<const N: usize> From<[f64; N]> for Precision {
    fn from(matrix: [f64; N]) -> Self {
        Self::Matrix(matrix.into())
    }
}

/// What chooses among the components of a mixture.
#[derive(Clone, Copy, Debug)]
pub struct Choice(pub(super) usize);

impl From<Variable<Class>> for Choice {
    fn from(variable: Variable<Class>) -> Self {
        Self(variable.node)
    }
}

impl From<Variable<Binary>> for Choice {
    fn from(variable: Variable<Binary>) -> Self {
        Self(variable.node)
    }
}

/// The family, of the parents' dimensions.
type Build = Box<dyn FnOnce(&[usize]) -> Result<Arc<dyn Family>, Error>>;

/// A conditional distribution of values of a space, given its parameters.
pub struct Conditional<S> {
    pub(super) parents: Vec<Result<Source, Error>>,
    pub(super) family: Build,
    pub(super) choice: Option<(usize, Plate)>,
    space: PhantomData<S>,
}

impl<S> fmt::Debug for Conditional<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conditional").field("parents", &self.parents).finish_non_exhaustive()
    }
}

impl<S> Conditional<S> {
    pub(super) fn new(
        parents: Vec<Result<Source, Error>>,
        family: impl FnOnce(&[usize]) -> Result<Arc<dyn Family>, Error> + 'static,
    ) -> Self {
        Self { parents, family: Box::new(family), choice: None, space: PhantomData }
    }

    /// A mixture, Π_k p(x|θ_k)^\[z = k\]: the parameters that have the plate `components` are those of its components, of
    /// which `z` chooses one; the others are shared by all. A binary z chooses component 0 or 1.
    #[must_use]
    pub fn chosen_by(self, z: impl Into<Choice>, components: Plate) -> Self {
        Self { choice: Some((z.into().0, components)), ..self }
    }
}
