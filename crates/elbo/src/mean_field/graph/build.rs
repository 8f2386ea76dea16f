//! How nodes are joined: each is checked against the parents that it is given.

use super::{
    messages::moments,
    node::{self, Chosen, Kind, Link, Node, Parent, Presence, Role, Terms},
    plates::{Axis, Back, Plate, Towards, count, distinct},
    space::{Constant, Space},
    structure::Graph,
    variable::{Conditional, Source, Variable},
};
use crate::{Error, check};

impl Graph {
    /// A variable for each element of some plates, which have the conditional distribution, and start at it. Its factors are
    /// named `q(name)`.
    ///
    /// # Errors
    /// It fails where the name is taken; where a parameter is outside its range, of another dimension, or on a plate
    /// that the variable has not; where a variable comes twice in a dot product; where the plate of a mixture's
    /// components is not as large as what chooses has classes, or no parameter has it.
    pub fn add<S: Space>(
        &mut self,
        name: &str,
        plates: &[Plate],
        conditional: Conditional<S>,
    ) -> Result<Variable<S>, Error> {
        let before = self.nodes.len();
        self.insert(name, plates, conditional).map_err(|error| {
            // As if nothing had been asked for.
            self.nodes.truncate(before);
            self.nodes.iter_mut().for_each(|node| node.dots.retain(|&dot| dot < before));
            error.within(name)
        })
    }

    /// Values that are known without having a distribution, as regressors: one for each element of some plates, row by row.
    ///
    /// # Errors
    /// It fails where there are not as many as the plates have elements, or one is no value of the space.
    pub fn known<S: Constant>(&mut self, plates: &[Plate], values: &[f64]) -> Result<Variable<S>, Error> {
        let axes = self.axes(plates)?;
        let (size, what) = (count(&axes), "known values");
        if values.is_empty() || !values.len().is_multiple_of(size) {
            return Err(Error::Shape { what: what.into(), expected: vec![size], got: vec![values.len()] });
        }
        let (mut moments, mut dimension) = (Vec::new(), 0);
        for (row, value) in values.chunks(values.len() / size).enumerate() {
            let known = S::known(value).map_err(|error| error.within(&format!("{what}, row {}", row + 1)))?;
            moments.extend(known.0);
            dimension = known.1;
        }
        Ok(Variable::new(self.push(Kind::Known, axes, dimension, moments)))
    }

    /// A stochastic node.
    fn insert<S>(
        &mut self,
        name: &str,
        plates: &[Plate],
        conditional: Conditional<S>,
    ) -> Result<Variable<S>, Error> {
        if self.nodes.iter().any(|node| node.name == name) {
            return Err(Error::Repeated { what: "the name of a variable".into(), name: name.into() });
        }
        let axes = self.axes(plates)?;
        let sources = conditional.parents.into_iter();
        let parents = sources.map(|source| self.resolve(source)).collect::<Result<Vec<_>, _>>()?;
        let dimensions: Vec<usize> = parents.iter().map(|&parent| self.nodes[parent].dimension).collect();
        let family = (conditional.family)(&dimensions)?;
        let choice =
            conditional.choice.map(|(z, plate)| self.chosen(z, plate, &axes, &parents)).transpose()?;
        let components = choice.as_ref().map(|chosen| chosen.components);
        for &parent in &parents {
            self.check_parent(parent, &axes, components)?;
        }
        let towards = |parent: usize| Towards::new(&axes, &self.nodes[parent].axes, components);
        let size = count(&axes);
        let of = node::Conditional {
            family,
            parents: parents.iter().map(|&node| Parent { node, towards: towards(node) }).collect(),
            choice,
            presence: vec![Presence::Latent; size],
        };
        let natural: Vec<Vec<f64>> = (0..size).map(|element| self.expected(&of, element)).collect();
        let moments = natural.iter().map(|natural| moments(&*of.family, natural));
        let moments = moments.collect::<Result<Vec<_>, _>>()?;
        let id = self.nodes.len();
        self.link(id, &axes, &of);
        self.nodes.push(Node {
            name: name.into(),
            size,
            dimension: of.family.dimension(),
            natural: natural.concat(),
            stride: moments[0].len(),
            moments: moments.concat(),
            kind: Kind::Stochastic(of),
            axes,
            links: Vec::new(),
            dots: Vec::new(),
            terms: Terms::default(),
        });
        self.refresh(id);
        Ok(Variable::new(id))
    }

    /// A node that has no distribution.
    fn push(&mut self, kind: Kind, axes: Vec<Axis>, dimension: usize, moments: Vec<f64>) -> usize {
        let (id, size) = (self.nodes.len(), count(&axes));
        let what = if matches!(kind, Kind::Dot(_)) { "the dot product" } else { "the known values" };
        self.nodes.push(Node {
            // No name that could be taken.
            name: format!("{what} {id}"),
            size,
            dimension,
            kind,
            stride: moments.len() / size,
            moments,
            axes,
            natural: Vec::new(),
            links: Vec::new(),
            dots: Vec::new(),
            terms: Terms::default(),
        });
        id
    }

    fn node(&self, id: usize) -> Result<&Node, Error> {
        check::index("a variable", id, self.nodes.len(), "nodes of the graph")?;
        Ok(&self.nodes[id])
    }

    fn axes(&self, plates: &[Plate]) -> Result<Vec<Axis>, Error> {
        let axis = |plate: &Plate| {
            check::index("a plate", plate.0, self.sizes.len(), "plates of the graph")?;
            Ok(Axis { plate: plate.0, size: self.sizes[plate.0] })
        };
        let axes = plates.iter().map(axis).collect::<Result<Vec<_>, Error>>()?;
        distinct(&axes, &self.plates)?;
        Ok(axes)
    }

    /// The node of a parameter.
    fn resolve(&mut self, source: Result<Source, Error>) -> Result<usize, Error> {
        match source? {
            Source::Known { moments, dimension } => {
                Ok(self.push(Kind::Known, Vec::new(), dimension, moments))
            }
            Source::Variable(id) => self.node(id).map(|_| id),
            Source::Dot(factors) => self.product(factors),
        }
    }

    /// The node of a dot product, on the plates of all of its factors.
    fn product(&mut self, factors: Vec<Result<Source, Error>>) -> Result<usize, Error> {
        let factors =
            factors.into_iter().map(|factor| self.resolve(factor)).collect::<Result<Vec<_>, _>>()?;
        let mut axes: Vec<Axis> = Vec::new();
        for (i, &factor) in factors.iter().enumerate() {
            let node = &self.nodes[factor];
            if node.conditional().is_some() && factors[..i].contains(&factor) {
                let what = "a factor of the dot product".into();
                return Err(Error::Repeated { what, name: node.name.clone() });
            }
            if node.is_incomplete() {
                return Err(incomplete(&node.name));
            }
            let partner = self.nodes[factors[i ^ 1]].dimension;
            if node.dimension != partner {
                let what = format!("{}, a factor of the dot product,", node.name);
                return Err(Error::Shape { what, expected: vec![partner], got: vec![node.dimension] });
            }
            for axis in &node.axes {
                if !axes.contains(axis) {
                    axes.push(*axis);
                }
            }
        }
        let towards = |node: usize| Towards::new(&axes, &self.nodes[node].axes, None);
        let parents: Vec<Parent> =
            factors.iter().map(|&node| Parent { node, towards: towards(node) }).collect();
        let moments = vec![0.0; 2 * count(&axes)];
        let id = self.push(Kind::Dot(parents), axes, 1, moments);
        self.nodes[id].moments = self.dot_moments(&self.nodes[id]);
        for factor in factors {
            self.nodes[factor].dots.push(id);
        }
        Ok(id)
    }

    /// What chooses among the components on a plate.
    fn chosen(&self, z: usize, plate: Plate, axes: &[Axis], parents: &[usize]) -> Result<Chosen, Error> {
        let components = self.axes(&[plate])?[0];
        let node = self.node(z)?;
        self.check_parent(z, axes, None)?;
        let name = &self.plates[plate.0];
        let of = format!("the number of classes of {}", node.name);
        check::equal(&format!("the size of plate {name}"), components.size, node.dimension, &of)?;
        if axes.contains(&components) || !parents.iter().any(|&id| self.nodes[id].axes.contains(&components))
        {
            let among = "the plates of a parameter that are none of the mixture itself";
            return Err(Error::not_among("the plate of the components", name, among));
        }
        Ok(Chosen { parent: Parent { node: z, towards: Towards::new(axes, &node.axes, None) }, components })
    }

    fn check_parent(&self, id: usize, axes: &[Axis], components: Option<Axis>) -> Result<(), Error> {
        let node = &self.nodes[id];
        if node.is_incomplete() {
            return Err(incomplete(&node.name));
        }
        match node.axes.iter().find(|axis| !axes.contains(axis) && components != Some(**axis)) {
            Some(axis) => {
                let what = format!("the plate of the parameter {}", node.name);
                Err(Error::not_among(&what, &self.plates[axis.plate], "the plates of the variable"))
            }
            None => Ok(()),
        }
    }

    /// Tells the parents of a new node that it is their child.
    fn link(&mut self, child: usize, axes: &[Axis], of: &node::Conditional) {
        let components = of.choice.as_ref().map(|chosen| chosen.components);
        let mut roles = Vec::new();
        for (slot, parent) in of.parents.iter().enumerate() {
            match &self.nodes[parent.node].kind {
                Kind::Known => {}
                Kind::Stochastic(_) => roles.push((parent.node, Role::Parent(slot))),
                Kind::Dot(factors) => roles.extend(
                    factors.iter().enumerate().map(|(factor, of)| (of.node, Role::Factor { slot, factor })),
                ),
            }
        }
        roles.extend(of.choice.as_ref().map(|chosen| (chosen.parent.node, Role::Choice)));
        for (node, role) in roles {
            let back = Back::new(&self.nodes[node].axes, axes, components);
            self.nodes[node].links.push(Link { child, role, back });
        }
    }
}

/// Refuses a parameter with missing values.
pub(super) fn incomplete(name: &str) -> Error {
    let among = "the variables without missing values, or with inferred ones (`impute`)";
    Error::not_among("a parameter", name, among)
}
