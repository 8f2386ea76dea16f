//! Data, starts, order, and the factors of a fit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    build::incomplete,
    node::{Kind, Presence},
    space::Space,
    structure::Graph,
    variable::Variable,
};
use crate::{Error, error::Domain, random::Key};

/// The factors of a graph, to be kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Posterior {
    /// The natural parameters of each variable that is not observed, element after element: Λμ and Λ of a Gaussian; shape and
    /// rate of a gamma; V⁻¹ and ν of a Wishart, with m before and β between of a Gaussian-Wishart; the concentration of a
    /// Dirichlet, (b, a) of a beta; logits of a class, of 0 and 1 too; the logarithm of a Poisson's rate.
    pub natural: BTreeMap<String, Vec<f64>>,
}

impl Graph {
    /// Observes a variable: a value for each element of its plates, row by row. What is missing, NaN, is not there: it
    /// sends no message and adds nothing to the bound. Values are numbers; D of a vector, D² of a matrix, row by row, K
    /// shares; the number of a class, from 0; 0 or 1; μ, then Λ. Of a vector all coordinates are missing or none.
    ///
    /// # Errors
    /// It fails where there are not as many values as elements, where one is infinite or outside its space, or where
    /// one is missing that is another variable's parameter.
    pub fn observe<S: Space>(&mut self, variable: Variable<S>, values: &[f64]) -> Result<(), Error> {
        self.take(variable.node, values, Presence::Absent)
    }

    /// Observes a variable as [`Self::observe`] does, but what is missing stays latent: q of it is inferred.
    ///
    /// # Errors
    /// It fails where there are not as many values as elements, or one is infinite or outside its space.
    pub fn impute<S: Space>(&mut self, variable: Variable<S>, values: &[f64]) -> Result<(), Error> {
        self.take(variable.node, values, Presence::Latent)
    }

    fn take(&mut self, id: usize, values: &[f64], missing: Presence) -> Result<(), Error> {
        let node = &self.nodes[id];
        let Kind::Stochastic(of) = &node.kind else {
            let among = "the variables that have a distribution";
            return Err(Error::not_among("what is observed", &node.name, among));
        };
        let width = of.family.value_width();
        let expected = vec![node.size, width];
        if values.len() != node.size * width {
            return Err(Error::Shape {
                what: format!("the data of {}", node.name),
                expected,
                got: vec![values.len()],
            });
        }
        let columns = values.len() / node.axes.first().map_or(1, |axis| axis.size);
        let place = |i: usize| format!("{}, row {}, column {}", node.name, i / columns + 1, i % columns + 1);
        if let Some(i) = values.iter().position(|value| value.is_infinite()) {
            let what = format!("the value of {}", place(i));
            return Err(Error::Domain { what, value: values[i], domain: Domain::FiniteOrMissing });
        }
        let mut presence = Vec::with_capacity(node.size);
        let mut moments = Vec::with_capacity(node.size);
        for (element, value) in values.chunks(width).enumerate() {
            let first = element * width;
            let (known, absent) = match value.iter().filter(|value| value.is_nan()).count() {
                0 => (of.family.known(value).map_err(|error| error.within(&place(first)))?, false),
                missing if missing == width => (Vec::new(), true),
                some => {
                    let what = format!("the number of missing values of {}", place(first));
                    let of = "all of them, or 0".into();
                    return Err(Error::Unequal { what, number: some, expected: width, of });
                }
            };
            presence.push(if absent { missing } else { Presence::Known });
            moments.push(known);
        }
        let absent = presence.contains(&Presence::Absent);
        if absent && !(node.links.is_empty() && node.dots.is_empty()) {
            return Err(incomplete(&node.name));
        }
        // What is nowhere latent needs no more numbers than its values.
        let latent: Vec<usize> = (0..node.size).filter(|&e| presence[e] == Presence::Latent).collect();
        let stride = if latent.is_empty() { 0 } else { of.family.moments(node.natural(latent[0]))?.len() };
        let stride = moments.iter().map(Vec::len).fold(stride, usize::max);
        for element in latent {
            moments[element] = of.family.moments(node.natural(element))?;
        }
        for moments in &mut moments {
            moments.resize(stride, 0.0);
        }
        let node = &mut self.nodes[id];
        (node.moments, node.stride) = (moments.concat(), stride);
        if let Kind::Stochastic(of) = &mut node.kind {
            of.presence = presence;
        }
        self.refresh(id);
        Ok(())
    }

    /// Starts the factors of a variable at given means, one for each element, row by row, keeping their concentration: K
    /// probabilities of a class, the probability of 1 of a binary value, else values as in [`Self::observe`].
    ///
    /// # Errors
    /// It fails where their number is another, or one is not of its space.
    pub fn start<S: Space>(&mut self, variable: Variable<S>, means: &[f64]) -> Result<(), Error> {
        let node = &self.nodes[variable.node];
        let Kind::Stochastic(of) = &node.kind else { return Ok(()) };
        let width = of.family.mean_width();
        if means.len() != node.size * width {
            let what = format!("the start of {}", node.name);
            return Err(Error::Shape { what, expected: vec![node.size, width], got: vec![means.len()] });
        }
        let means: Vec<&[f64]> = means.chunks(width).collect();
        self.centre(variable.node, |element, _| Ok(means[element].to_vec()))
    }

    /// Starts the factors of a variable at draws from them, of a class at probabilities drawn uniformly: what is symmetric
    /// at its start, as the components of a mixture, stays so.
    ///
    /// # Errors
    /// It fails where a draw is beyond the range of numbers.
    pub fn randomise<S: Space>(&mut self, variable: Variable<S>, key: Key) -> Result<(), Error> {
        let node = &self.nodes[variable.node];
        let Kind::Stochastic(of) = &node.kind else { return Ok(()) };
        let family = of.family.clone();
        self.centre(variable.node, |element, natural| family.draw(natural, key, element as u64))
    }

    fn centre(
        &mut self,
        id: usize,
        mean: impl Fn(usize, &[f64]) -> Result<Vec<f64>, Error>,
    ) -> Result<(), Error> {
        for element in 0..self.nodes[id].size {
            let node = &self.nodes[id];
            let Kind::Stochastic(of) = &node.kind else { return Ok(()) };
            if of.presence[element] != Presence::Latent {
                continue;
            }
            let (family, mut natural) = (of.family.clone(), node.natural(element).to_vec());
            let mean = mean(element, &natural)?;
            family
                .centre(&mut natural, &mean)
                .map_err(|error| error.within(&format!("the start of {}", node.name)))?;
            self.set(id, element, &natural)?;
        }
        self.refresh(id);
        Ok(())
    }

    /// The variables whose factors come first in a sweep, by name; the others follow in the order of their creation.
    ///
    /// # Errors
    /// It fails where one is not in the graph, or comes twice.
    pub fn order(&mut self, names: &[&str]) -> Result<(), Error> {
        let mut order = Vec::with_capacity(names.len());
        for name in names {
            let id = self.nodes.iter().position(|node| node.name == *name && node.conditional().is_some());
            match id {
                Some(id) if !order.contains(&id) => order.push(id),
                Some(_) => {
                    return Err(Error::Repeated {
                        what: "a variable of the order".into(),
                        name: (*name).into(),
                    });
                }
                None => {
                    let among = "the variables of the graph that have a distribution";
                    return Err(Error::not_among("a variable of the order", name, among));
                }
            }
        }
        self.order = order;
        Ok(())
    }

    /// The nodes that have factors, in the order of a sweep.
    pub(super) fn latent(&self) -> Vec<usize> {
        let others = (0..self.nodes.len()).filter(|id| !self.order.contains(id));
        self.order.iter().copied().chain(others).filter(|&id| self.nodes[id].is_latent()).collect()
    }

    /// The factor of an element of a variable, elements numbered row by row over its plates.
    ///
    /// # Errors
    /// It fails where the element is observed, or not there.
    pub fn factor<S: Space>(&self, variable: Variable<S>, element: usize) -> Result<S::Factor, Error> {
        let node = &self.nodes[variable.node];
        let presence = node.conditional().and_then(|of| of.presence.get(element));
        if presence != Some(&Presence::Latent) {
            let what = format!("the element of {} whose factor is asked for", node.name);
            return Err(Error::not_among(&what, element, "those that are latent"));
        }
        S::factor(node.dimension, node.natural(element))
    }

    /// The factors of all variables that have one.
    pub fn posterior(&self) -> Posterior {
        let latent = self.latent().into_iter().map(|id| &self.nodes[id]);
        Posterior { natural: latent.map(|node| (node.name.clone(), node.natural.clone())).collect() }
    }

    /// Sets the factors of the variables that a posterior names, which may be some of the graph's: so the parameters of one
    /// fit serve another graph with new rows.
    ///
    /// # Errors
    /// It fails where a variable is not in the graph, is observed or has another shape; where its factor is no
    /// distribution.
    pub fn restore(&mut self, posterior: &Posterior) -> Result<(), Error> {
        for (name, natural) in &posterior.natural {
            let id = self.latent().into_iter().find(|&id| self.nodes[id].name == *name);
            let id = id
                .ok_or_else(|| Error::not_among("the variable", name, "the latent variables of the graph"))?;
            let node = &self.nodes[id];
            if natural.len() != node.natural.len() {
                let (what, expected) = (format!("the factor of {name}"), vec![node.natural.len()]);
                return Err(Error::Shape { what, expected, got: vec![natural.len()] });
            }
            for (element, natural) in natural.chunks(natural.len() / node.size).enumerate() {
                self.set(id, element, natural)?;
            }
            self.refresh(id);
        }
        Ok(())
    }
}
