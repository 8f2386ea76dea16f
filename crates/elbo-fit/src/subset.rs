//! Some of all rows.

use elbo::{
    minibatch::Rows,
    random::{Key, Purpose},
};

/// All rows, or some of them drawn at random, in order.
pub(crate) fn chosen<'a>(all: &Rows<'a>, number: Option<usize>, key: Key) -> Rows<'a> {
    drawn(all.len(), number, key).map_or_else(|| all.clone(), |index| all.select(index))
}

/// Draws this many of all rows at random, in order; `None` where that is all of them.
pub(crate) fn drawn(all: usize, number: Option<usize>, key: Key) -> Option<Vec<usize>> {
    let number = number.filter(|&number| number < all)?;
    let mut index = key.purpose(Purpose::Split).permutation(all);
    index.truncate(number);
    index.sort_unstable();
    Some(index)
}

/// Draws this many rows with replacement; there must be at least one to draw from.
pub(crate) fn resampled(all: usize, number: usize, key: Key) -> Vec<usize> {
    let mut uniforms = vec![0.0; number];
    key.purpose(Purpose::Shuffle).uniforms(0, &mut uniforms);
    uniforms.iter().map(|&u| ((f64::from(u) * all as f64) as usize).min(all - 1)).collect()
}
