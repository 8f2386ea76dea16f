//! The messages: q*(x) has natural parameters E\[η(pa)\] + Σ over the children of what they send (Winn and Bishop 2005,
//! equation 24).
//!
//! A mixture's child sends what each component would, times the probability of that component; to what chooses it sends
//! E\[log p(x|θ_k)\]. Sums over many elements are of pieces of fixed length, joined in order.

use rayon::prelude::*;

use super::{
    dot::{self, Factor},
    family::Family,
    node::{Conditional, Kind, Link, Node, Presence, Role, Terms},
    structure::Graph,
};
use crate::{Error, check, mean_field::MeanField, terms::Bound};

/// How many elements one thread sums at a time.
const PIECE: usize = 1024;

/// The moments of at most two parents.
type Parents<'a> = ([&'a [f64]; 2], usize);

impl Graph {
    fn parents<'a>(&'a self, of: &Conditional, element: usize, component: usize) -> Parents<'a> {
        let mut parents: Parents = ([&[]; 2], of.parents.len());
        for (slot, parent) in parents.0.iter_mut().zip(&of.parents) {
            *slot = self.nodes[parent.node].moments(parent.towards.of(element, component));
        }
        parents
    }

    /// The probability of each component of a mixture; 1 where it is no component of a mixture.
    fn weights(&self, of: &Conditional, element: usize) -> &[f64] {
        of.choice.as_ref().map_or(&[1.0], |chosen| {
            self.nodes[chosen.parent.node].moments(chosen.parent.towards.of(element, 0))
        })
    }

    /// The factors of a dot product.
    fn factors(&self, dot: &Node, element: usize) -> Vec<Factor<'_>> {
        let Kind::Dot(parents) = &dot.kind else { return Vec::new() };
        let of = |node: &'_ usize, element: usize| {
            (self.nodes[*node].moments(element), self.nodes[*node].dimension)
        };
        parents.iter().map(|parent| of(&parent.node, parent.towards.of(element, 0))).collect()
    }

    /// Adds to `total` what element `element` of a link's child sends, of component `component` or, where it is `None`, of all.
    fn receive(
        &self,
        to: &Conditional,
        link: &Link,
        (element, component): (usize, Option<usize>),
        total: &mut [f64],
        (message, through): (&mut Vec<f64>, &mut Vec<f64>),
    ) {
        let child = &self.nodes[link.child];
        let Some(conditional) = child.conditional() else { return };
        if conditional.presence[element] == Presence::Absent {
            return;
        }
        let (own, weights) = (child.moments(element), self.weights(conditional, element));
        for k in component.map_or(0..weights.len(), |k| k..k + 1) {
            let (parents, slots) = self.parents(conditional, element, k);
            let parents = &parents[..slots];
            let family = &conditional.family;
            match link.role {
                Role::Choice => total[k] += family.log_density(own, parents),
                _ if weights[k] == 0.0 => {}
                Role::Parent(slot) => {
                    family.message(slot, own, parents, message);
                    to.family.add(total, message, weights[k]);
                }
                Role::Factor { slot, factor } => {
                    family.message(slot, own, parents, through);
                    let parent = &conditional.parents[slot];
                    let factors = self.factors(&self.nodes[parent.node], parent.towards.of(element, k));
                    dot::message(factor, through, &factors, message);
                    to.family.add(total, message, weights[k]);
                }
            }
        }
    }

    /// E\[η(pa)\], the mean of the components' in a mixture.
    pub(super) fn expected(&self, of: &Conditional, element: usize) -> Vec<f64> {
        let (mut total, mut natural) = (Vec::new(), Vec::new());
        for (k, &weight) in self.weights(of, element).iter().enumerate() {
            let (parents, slots) = self.parents(of, element, k);
            of.family.expected(&parents[..slots], &mut natural);
            total.resize(natural.len(), 0.0);
            of.family.add(&mut total, &natural, weight);
        }
        total
    }

    /// The natural parameters of q*(x) of an element.
    fn optimum(&self, node: &Node, of: &Conditional, element: usize) -> Vec<f64> {
        let mut total = self.expected(of, element);
        for link in &node.links {
            let component = link.back.component(element);
            let piece = |first: usize| {
                let mut sum = vec![0.0; total.len()];
                let (mut message, mut through) = (Vec::new(), Vec::new());
                for i in first..link.back.count.min(first + PIECE) {
                    let place = (link.back.of(element, i), component);
                    self.receive(of, link, place, &mut sum, (&mut message, &mut through));
                }
                sum
            };
            // Most elements of a variable of the rows have one child.
            let pieces = if link.back.count <= PIECE {
                vec![piece(0)]
            } else {
                (0..link.back.count).into_par_iter().step_by(PIECE).map(piece).collect()
            };
            for piece in &pieces {
                of.family.add(&mut total, piece, 1.0);
            }
        }
        total
    }

    /// Sets the factor of each latent element to its optimum: no two of them have a common child, but through what chooses.
    fn improve(&mut self, id: usize) -> Result<(), Error> {
        let node = &self.nodes[id];
        let Some(of) = node.conditional() else { return Ok(()) };
        let latent = |&element: &usize| of.presence[element] == Presence::Latent;
        let optimum = |element| self.optimum(node, of, element);
        let optima: Vec<(usize, Vec<f64>)> = (0..node.size)
            .into_par_iter()
            .filter(latent)
            .map(|element| (element, optimum(element)))
            .collect();
        for (element, natural) in optima {
            self.set(id, element, &natural)?;
        }
        self.refresh(id);
        Ok(())
    }

    /// Gives an element's factor, if it has one, its natural parameters; [`Self::refresh`] is to follow.
    pub(super) fn set(&mut self, id: usize, element: usize, natural: &[f64]) -> Result<(), Error> {
        let node = &mut self.nodes[id];
        let Some(of) = node.conditional() else { return Ok(()) };
        if of.presence[element] != Presence::Latent {
            return Ok(());
        }
        let moments = moments(&*of.family, natural);
        let moments = moments.map_err(|error| error.within(&format!("q({})", node.name)))?;
        node.natural[element * natural.len()..][..natural.len()].copy_from_slice(natural);
        node.moments[element * node.stride..][..node.stride].copy_from_slice(&moments);
        Ok(())
    }

    /// Brings what depends on a node up to date: dot products, and the terms of the bound.
    pub(super) fn refresh(&mut self, id: usize) {
        for dot in self.nodes[id].dots.clone() {
            self.nodes[dot].moments = self.dot_moments(&self.nodes[dot]);
        }
        let mut changed = vec![id];
        changed.extend(self.nodes[id].links.iter().map(|link| link.child));
        changed.sort_unstable();
        changed.dedup();
        for id in changed {
            self.nodes[id].terms = self.terms(&self.nodes[id]);
        }
    }

    pub(super) fn dot_moments(&self, dot: &Node) -> Vec<f64> {
        let moments = |element| dot::moments(&self.factors(dot, element));
        (0..dot.size).into_par_iter().flat_map_iter(moments).collect()
    }

    /// A node's part of the bound: E log p where it is known, −E KL(q ‖ p) where it is latent.
    fn terms(&self, node: &Node) -> Terms {
        let Some(of) = node.conditional() else { return Terms::default() };
        let piece = |first: usize| {
            let (mut sum, mut prior) = (Terms::default(), Vec::new());
            for element in first..node.size.min(first + PIECE) {
                if of.presence[element] == Presence::Absent {
                    continue;
                }
                for (k, &weight) in self.weights(of, element).iter().enumerate().filter(|(_, w)| **w > 0.0) {
                    let (parents, slots) = self.parents(of, element, k);
                    let parents = &parents[..slots];
                    if of.presence[element] == Presence::Known {
                        sum.known += weight * of.family.log_density(node.moments(element), parents);
                    } else {
                        of.family.expected(parents, &mut prior);
                        let kl = of.family.kl(node.natural(element), &prior).unwrap_or(f64::NAN);
                        sum.latent -= weight * (kl + of.family.gap(parents));
                    }
                }
            }
            sum
        };
        let pieces: Vec<Terms> = (0..node.size).into_par_iter().step_by(PIECE).map(piece).collect();
        pieces.iter().fold(Terms::default(), |sum, piece| Terms {
            known: sum.known + piece.known,
            latent: sum.latent + piece.latent,
        })
    }
}

/// The moments of natural parameters, all of them numbers.
pub(super) fn moments(family: &dyn Family, natural: &[f64]) -> Result<Vec<f64>, Error> {
    check::each_finite("a natural parameter", natural)?;
    let moments = family.moments(natural)?;
    check::each_finite("a moment", &moments)?;
    Ok(moments)
}

impl MeanField for Graph {
    /// q(name) of each variable that is not observed, in the order of [`Graph::order`].
    fn factors(&self) -> Vec<String> {
        self.latent().iter().map(|&id| format!("q({})", self.nodes[id].name)).collect()
    }

    fn update(&mut self, factor: usize) -> Result<(), Error> {
        self.improve(self.latent()[factor])
    }

    /// The log-likelihood is that of all that is observed. The KL is of the latent variables that have the first plate of an
    /// observed variable, which is that of its rows; the global term is of the others. Each is
    /// −E\[log p(x|pa) − log q(x)\].
    fn bound(&self) -> Bound {
        let observed = self.nodes.iter().filter(|node| node.is_observed());
        let rows: Vec<_> = observed.filter_map(|node| node.axes.first()).collect();
        let mut bound = Bound { log_likelihood: 0.0, kl: 0.0, scale: 1.0, global: 0.0, beta: 1.0 };
        for node in &self.nodes {
            bound.log_likelihood += node.terms.known;
            if node.axes.iter().any(|axis| rows.contains(&axis)) {
                bound.kl -= node.terms.latent;
            } else {
                bound.global += node.terms.latent;
            }
        }
        bound
    }
}
