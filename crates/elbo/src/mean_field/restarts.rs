//! Several starts, of which the best fit is kept: coordinate ascent ends at a local optimum.

use super::{Ascent, AscentTrace, MeanField, ascend};
use crate::{Error, terms::Bound};

/// The best of several fits.
#[derive(Clone, Debug)]
pub struct Best<M> {
    /// The fit with the largest bound.
    pub model: M,
    /// The record of its ascent.
    pub record: AscentTrace,
    /// The number of its start, from 0.
    pub start: usize,
    /// The bound that each start reached, in nats.
    pub bounds: Vec<f64>,
}

impl<M> Best<M> {
    /// How many starts came within `nats` of the best.
    pub fn reached(&self, nats: f64) -> usize {
        self.bounds.iter().filter(|&&bound| bound >= self.record.last() - nats).count()
    }
}

/// Ascends from each of `starts` models that `begin` makes, and keeps the best. `after` is told the number of the start,
/// from 0, that of the sweep, and its bound.
///
/// # Errors
/// It fails where there is no start; where a start or its ascent fails.
pub fn best_of<M: MeanField>(
    starts: usize,
    mut begin: impl FnMut(usize) -> Result<M, Error>,
    ascent: &Ascent,
    mut after: impl FnMut(usize, usize, &Bound),
) -> Result<Best<M>, Error> {
    let mut best: Option<Best<M>> = None;
    let mut bounds = Vec::new();
    for start in 0..starts {
        let mut model = begin(start)?;
        let record = ascend(&mut model, ascent, |sweep, bound| after(start, sweep, bound))?;
        bounds.push(record.last());
        if best.as_ref().is_none_or(|best| record.last() > best.record.last()) {
            best = Some(Best { model, record, start, bounds: Vec::new() });
        }
    }
    let none = || Error::TooFew { what: "the number of starts".into(), number: 0, least: 1 };
    let best = best.ok_or_else(none)?;
    Ok(Best { bounds, ..best })
}
