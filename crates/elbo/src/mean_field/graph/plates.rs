//! Plates: which element of one array of variables goes with which element of another, by the plates' names.

use crate::Error;

/// A plate: a number of repetitions that variables share by name, as the rows of the data or the components of a mixture.
///
/// It belongs to the graph that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plate(pub(super) usize);

/// A plate and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    pub(super) plate: usize,
    pub(super) size: usize,
}

/// The number of elements on some plates; 1 on none.
pub(super) fn count(axes: &[Axis]) -> usize {
    axes.iter().map(|axis| axis.size).product()
}

/// Refuses a plate that comes twice.
pub(super) fn distinct(axes: &[Axis], names: &[String]) -> Result<(), Error> {
    for (i, axis) in axes.iter().enumerate() {
        if axes[..i].contains(axis) {
            return Err(Error::Repeated { what: "a plate".into(), name: names[axis.plate].clone() });
        }
    }
    Ok(())
}

/// The way from an element on some plates to the part that those plates have in an element's number on other plates:
/// Σ coordinate · stride, elements numbered row by row.
#[derive(Clone, Debug)]
pub(super) struct Strides(Vec<(usize, usize)>);

impl Strides {
    /// Over `from`, into the numbering of `to`: a plate that `to` has not counts for nothing.
    pub(super) fn new(from: &[Axis], to: &[Axis]) -> Self {
        let stride = |axis: &Axis| {
            let place = to.iter().position(|other| other == axis);
            place.map_or(0, |place| count(&to[place + 1..]))
        };
        Self(from.iter().map(|axis| (axis.size, stride(axis))).collect())
    }

    pub(super) fn of(&self, mut element: usize) -> usize {
        let mut offset = 0;
        for &(size, stride) in self.0.iter().rev() {
            offset += element % size * stride;
            element /= size;
        }
        offset
    }
}

/// The element of a parent that a child's element depends on: its own, or that of component k of a mixture.
#[derive(Clone, Debug)]
pub(super) struct Towards {
    element: Strides,
    component: usize,
}

impl Towards {
    pub(super) fn new(child: &[Axis], parent: &[Axis], components: Option<Axis>) -> Self {
        let component = components.map_or(0, |axis| Strides::new(&[axis], parent).0[0].1);
        Self { element: Strides::new(child, parent), component }
    }

    pub(super) fn of(&self, element: usize, component: usize) -> usize {
        self.element.of(element) + component * self.component
    }
}

/// The elements of a child that depend on one element of a parent, and for which component of the child's mixture.
#[derive(Clone, Debug)]
pub(super) struct Back {
    shared: Strides,
    free: Strides,
    component: Option<Strides>,
    /// How many elements of the child.
    pub(super) count: usize,
}

impl Back {
    pub(super) fn new(parent: &[Axis], child: &[Axis], components: Option<Axis>) -> Self {
        let free: Vec<Axis> = child.iter().copied().filter(|axis| !parent.contains(axis)).collect();
        let chosen = components.filter(|axis| parent.contains(axis));
        Self {
            shared: Strides::new(parent, child),
            free: Strides::new(&free, child),
            component: chosen.map(|axis| Strides::new(parent, &[axis])),
            count: count(&free),
        }
    }

    /// Child number `index` of the parent's `element`.
    pub(super) fn of(&self, element: usize, index: usize) -> usize {
        self.shared.of(element) + self.free.of(index)
    }

    /// The component that the parent's `element` is the parameter of; `None` where it is that of all.
    pub(super) fn component(&self, element: usize) -> Option<usize> {
        self.component.as_ref().map(|strides| strides.of(element))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Back is the inverse of Towards: each element of a parent gets just the children that depend on it.
    #[test]
    fn back_inverts_towards() {
        let axis = |plate, size| Axis { plate, size };
        let (rows, columns, components) = (axis(0, 3), axis(1, 4), axis(2, 5));
        let child = [rows, columns];
        for parent in [vec![], vec![columns], vec![components], vec![components, rows], vec![columns, rows]] {
            let (to, back) = (
                Towards::new(&child, &parent, Some(components)),
                Back::new(&parent, &child, Some(components)),
            );
            for element in 0..count(&parent) {
                let ks = back.component(element).map_or(0..5, |k| k..k + 1);
                let mut got: Vec<(usize, usize)> = Vec::new();
                for i in 0..back.count {
                    got.extend(ks.clone().map(|k| (back.of(element, i), k)));
                }
                got.sort_unstable();
                let pairs = (0..12).flat_map(|e| (0..5).map(move |k| (e, k)));
                let expected: Vec<_> = pairs.filter(|&(e, k)| to.of(e, k) == element).collect();
                assert_eq!(got, expected, "{parent:?}");
            }
        }
    }
}
