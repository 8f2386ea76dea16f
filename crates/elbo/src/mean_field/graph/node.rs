//! The nodes of a graph, and what each keeps.

use std::sync::Arc;

use super::{
    family::Family,
    plates::{Axis, Back, Towards},
};

/// An array of variables, one for each element of its plates.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) axes: Vec<Axis>,
    pub(super) size: usize,
    pub(super) dimension: usize,
    pub(super) kind: Kind,
    /// Of each element; none of a node that has no factor.
    pub(super) natural: Vec<f64>,
    /// Of each element, `stride` numbers.
    pub(super) moments: Vec<f64>,
    pub(super) stride: usize,
    /// The variables that have this one as a parent, a dot product between them looked through.
    pub(super) links: Vec<Link>,
    /// The dot products of which it is a factor.
    pub(super) dots: Vec<usize>,
    pub(super) terms: Terms,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Known,
    /// Pairs of factors.
    Dot(Vec<Parent>),
    Stochastic(Conditional),
}

/// How a stochastic node hangs on the others.
#[derive(Clone, Debug)]
pub(super) struct Conditional {
    pub(super) family: Arc<dyn Family>,
    pub(super) parents: Vec<Parent>,
    pub(super) choice: Option<Chosen>,
    pub(super) presence: Vec<Presence>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Latent,
    Known,
    /// Missing: as if it were not in the graph.
    Absent,
}

#[derive(Clone, Debug)]
pub(super) struct Parent {
    pub(super) node: usize,
    pub(super) towards: Towards,
}

/// What chooses the component of a mixture.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    pub(super) parent: Parent,
    pub(super) components: Axis,
}

/// A way along which messages come to a node.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) child: usize,
    pub(super) role: Role,
    pub(super) back: Back,
}

/// What a node is to its child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The parent in a slot.
    Parent(usize),
    /// A factor, by its slot, of the dot product in a slot.
    Factor { slot: usize, factor: usize },
    /// What chooses its component.
    Choice,
}

/// A node's part of the bound, in nats.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Terms {
    /// Σ E\[log p(x|pa)\] of what is observed.
    pub(super) known: f64,
    /// Σ E\[log p(x|pa) − log q(x)\] of what is not.
    pub(super) latent: f64,
}

impl Node {
    /// The moments of an element.
    pub(super) fn moments(&self, element: usize) -> &[f64] {
        &self.moments[element * self.stride..][..self.stride]
    }

    /// The natural parameters of an element.
    pub(super) fn natural(&self, element: usize) -> &[f64] {
        let width = self.natural.len() / self.size;
        &self.natural[element * width..][..width]
    }

    pub(super) fn conditional(&self) -> Option<&Conditional> {
        match &self.kind {
            Kind::Stochastic(conditional) => Some(conditional),
            _ => None,
        }
    }

    fn holds(&self, presence: Presence) -> bool {
        self.conditional().is_some_and(|conditional| conditional.presence.contains(&presence))
    }

    /// Whether it has a factor.
    pub(super) fn is_latent(&self) -> bool {
        self.holds(Presence::Latent)
    }

    pub(super) fn is_observed(&self) -> bool {
        self.holds(Presence::Known)
    }

    /// Whether an element is missing, so that it cannot be a parent.
    pub(super) fn is_incomplete(&self) -> bool {
        self.holds(Presence::Absent)
    }
}
