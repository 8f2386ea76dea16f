//! What q(z) is to the parameters: its expected sufficient statistics.

use super::{Emission, Parameters, emission::Statistics};
use crate::conjugate::{ClassCounts, Statistics as _};

/// The expected sufficient statistics of the states.
#[derive(Clone, Debug)]
pub(super) struct Expectations {
    /// How often a sequence begins in each state.
    pub(super) initial: ClassCounts,
    /// How often each state follows each.
    pub(super) transitions: Vec<ClassCounts>,
    /// The values of each state and column.
    pub(super) emission: Vec<Statistics>,
    /// Σ log h(x).
    pub(super) base: f64,
    /// E\[log q(z)\].
    pub(super) negative_entropy: f64,
}

impl Expectations {
    pub(super) fn none(of: &Parameters) -> Self {
        let states = of.states();
        Self {
            initial: ClassCounts(vec![0.0; states]),
            transitions: vec![ClassCounts(vec![0.0; states]); states],
            emission: of.emission.iter().flatten().map(Emission::statistics).collect(),
            base: 0.0,
            negative_entropy: 0.0,
        }
    }

    /// Takes in the rows of a sequence with the probabilities of their states.
    pub(super) fn add_rows(&mut self, sequence: &[f64], marginals: &[f64], columns: usize) {
        let states = self.transitions.len();
        self.initial.0.iter_mut().zip(marginals).for_each(|(sum, p)| *sum += p);
        for (row, marginals) in sequence.chunks(columns).zip(marginals.chunks(states)) {
            for (state, &p) in self.emission.chunks_mut(columns).zip(marginals) {
                for (statistics, &x) in state.iter_mut().zip(row).filter(|(_, x)| !x.is_nan()) {
                    statistics.add(p, x);
                }
            }
        }
    }

    /// Takes in the probabilities of the transitions of a sequence, `[K, K]`.
    pub(super) fn add_transitions(&mut self, counts: &[f64]) {
        let cells = self.transitions.iter_mut().flat_map(|row| &mut row.0);
        cells.zip(counts).for_each(|(sum, p)| *sum += p);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.initial.merge(&other.initial);
        self.transitions.iter_mut().zip(&other.transitions).for_each(|(sum, part)| sum.merge(part));
        self.emission.iter_mut().zip(&other.emission).for_each(|(sum, part)| sum.merge(part));
        self.base += other.base;
        self.negative_entropy += other.negative_entropy;
    }
}
