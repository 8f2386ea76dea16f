//! What message passing asks of a conditional distribution of the exponential family.
//!
//! log p(x|pa) = η(pa)·u(x) − A(pa) + log h(x), where η and A are linear in the sufficient statistics of each parent
//! (Winn and Bishop 2005, section 2.3): so what a variable sends to a parent is a vector of natural parameters of the
//! parent's family, and the optimum of q(x) is E\[η(pa)\] plus what the children send.

use std::fmt::Debug;

use crate::{Error, random::Key};

/// A conditional distribution p(x|pa), with q(x) of the same family.
///
/// Numbers of a value are held in three forms: the value itself, as in data; its natural parameters; and its *moments*,
/// the expected sufficient statistics, of which those of a known value may leave out trailing zeros. `parents` are the
/// moments of the parents, a slot each.
pub(super) trait Family: Debug + Send + Sync {
    /// D of a vector, K of K classes.
    fn dimension(&self) -> usize;

    /// How many numbers a value is.
    fn value_width(&self) -> usize;

    /// How many numbers a mean is: more than a value where that is the number of a class.
    fn mean_width(&self) -> usize {
        self.value_width()
    }

    /// The moments of a value.
    fn known(&self, value: &[f64]) -> Result<Vec<f64>, Error>;

    /// E\[η(pa)\].
    fn expected(&self, parents: &[&[f64]], natural: &mut Vec<f64>);

    /// E\[A(pa)\] − A(E\[η(pa)\]) ≥ 0: what the uncertainty of the parents costs.
    fn gap(&self, parents: &[&[f64]]) -> f64;

    /// E\[log p(x|pa)\] of a known x; of another x up to E\[log h(x)\].
    fn log_density(&self, own: &[f64], parents: &[&[f64]]) -> f64;

    /// The natural parameters that x sends to the parent in `slot`.
    fn message(&self, slot: usize, own: &[f64], parents: &[&[f64]], message: &mut Vec<f64>);

    /// E_q\[u(x)\].
    fn moments(&self, natural: &[f64]) -> Result<Vec<f64>, Error>;

    /// KL(q ‖ p) within the family.
    fn kl(&self, q: &[f64], p: &[f64]) -> Result<f64, Error>;

    /// total ← total + weight · term, of natural parameters.
    fn add(&self, total: &mut [f64], term: &[f64], weight: f64) {
        total.iter_mut().zip(term).for_each(|(total, term)| *total += weight * term);
    }

    /// Moves q to the mean E\[x\] = `mean`, at its present concentration.
    fn centre(&self, natural: &mut [f64], mean: &[f64]) -> Result<(), Error>;

    /// A mean for q to start from, drawn from q.
    fn draw(&self, natural: &[f64], key: Key, row: u64) -> Result<Vec<f64>, Error>;
}
