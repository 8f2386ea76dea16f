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

/// Draws this many rows with replacement, each by its weight, of which one must be above 0.
pub(crate) fn resampled_by(weights: &[f64], number: usize, key: Key) -> Vec<usize> {
    let sums: Vec<f64> = weights
        .iter()
        .scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        })
        .collect();
    let total = sums.last().copied().unwrap_or_default();
    let mut uniforms = vec![0.0; number];
    key.purpose(Purpose::Shuffle).uniforms(0, &mut uniforms);
    let place = |u: f64| sums.partition_point(|&sum| sum <= u * total).min(weights.len() - 1);
    uniforms.iter().map(|&u| place(f64::from(u))).collect()
}

/// Draws this many rows with replacement; there must be at least one to draw from.
pub(crate) fn resampled(all: usize, number: usize, key: Key) -> Vec<usize> {
    let mut uniforms = vec![0.0; number];
    key.purpose(Purpose::Shuffle).uniforms(0, &mut uniforms);
    uniforms.iter().map(|&u| ((f64::from(u) * all as f64) as usize).min(all - 1)).collect()
}
