//! A graph: its plates and its nodes.

use super::{node::Node, plates::Plate};
use crate::{Error, check};

/// A model made of variables, with the factor of each that is not observed.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    pub(super) plates: Vec<String>,
    pub(super) sizes: Vec<usize>,
    pub(super) nodes: Vec<Node>,
    /// Those whose factors come first in a sweep.
    pub(super) order: Vec<usize>,
}

impl Graph {
    /// Makes a graph without variables.
    pub fn new() -> Self {
        Self::default()
    }

    /// A plate of `size` repetitions.
    ///
    /// # Errors
    /// It fails where the name is taken, or the size 0.
    pub fn plate(&mut self, name: &str, size: usize) -> Result<Plate, Error> {
        if self.plates.iter().any(|taken| taken == name) {
            return Err(Error::Repeated { what: "the name of a plate".into(), name: name.into() });
        }
        check::at_least(&format!("the size of plate {name}"), size, 1)?;
        self.plates.push(name.into());
        self.sizes.push(size);
        Ok(Plate(self.plates.len() - 1))
    }
}
