//! Where a fit with components begins: centres among the rows.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::random::{Key, Purpose};

/// How the first centres are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// Rows far from one another (Arthur and Vassilvitskii 2007), then k-means (Lloyd 1982).
    #[default]
    KMeans,
    /// Rows drawn alike.
    Random,
    /// Rows far from one another, and then a fifth of all rows given to components at random: apart from `KMeans` where
    /// that ends always alike.
    Shaken,
}

/// The share of rows that a shaken start gives away.
pub(super) const SHAKEN: f64 = 0.2;

/// Rows that centres are chosen from, at most.
const SAMPLE: usize = 1 << 15;
/// Rounds of k-means, at most.
const ROUNDS: usize = 50;
/// Rows that a thread measures at a time.
const TOGETHER: usize = 1024;

/// Centres `[K, D]` for `components` components, in the units of the rows, which are `[N, D]`; NaN is a missing value.
///
/// Distances are those of columns brought to standard deviation 1, over the columns that a row has. Of more than 32,768
/// rows, so many at most are used, evenly spaced.
///
/// # Panics
/// It panics where there is no row or no column.
pub fn centres(x: &[f64], width: usize, components: usize, start: Start, key: Key) -> Vec<f64> {
    let rows = x.len() / width;
    let key = key.purpose(Purpose::Start);
    // A permutation of 10 million rows would take as long as a sweep: every so many rows do where there are many.
    let step = rows.div_ceil(SAMPLE);
    let offset = key.choose(0, &vec![1.0; step.max(1)]);
    let sample: Vec<&[f64]> = x.chunks_exact(width).skip(offset).step_by(step.max(1)).collect();
    let (mean, precision) = scale(&sample, width);
    let filled: Vec<f64> = sample
        .iter()
        .flat_map(|row| row.iter().zip(&mean).map(|(&x, &m)| if x.is_nan() { m } else { x }))
        .collect();
    let sample = Sample { filled, precision, width };
    let rows = match start {
        Start::KMeans | Start::Shaken => {
            let distance = |a, b| Some(squared_distance(sample.row(a), sample.row(b), &sample.precision));
            far_apart(sample.rows(), components, key.fold(1), distance)
        }
        Start::Random => {
            let order = key.fold(2).permutation(sample.rows());
            (0..components).map(|k| order[k % order.len()]).collect()
        }
    };
    let mut centres: Vec<f64> = rows.into_iter().flat_map(|row| sample.row(row).to_vec()).collect();
    if start == Start::KMeans {
        sample.lloyd(&mut centres);
    }
    centres
}

/// The component with the nearest centre, for each row, by distances over the columns that it has, in units of the
/// columns' variance.
fn nearest(x: &[f64], width: usize, centres: &[f64]) -> Vec<u32> {
    let sample: Vec<&[f64]> =
        x.chunks_exact(width).step_by((x.len() / width).div_ceil(SAMPLE).max(1)).collect();
    let (_, precision) = scale(&sample, width);
    let mut labels = vec![0; x.len() / width];
    labels.par_chunks_mut(TOGETHER).zip(x.par_chunks(TOGETHER * width)).for_each(|(labels, x)| {
        for (label, row) in labels.iter_mut().zip(x.chunks_exact(width)) {
            *label = closest(row, centres, &precision).0 as u32;
        }
    });
    labels
}

/// The component that each row begins with: that with the nearest centre, but for the rows that a shaken start gives away.
pub(super) fn labels(x: &[f64], width: usize, centres: &[f64], start: Start, key: Key) -> Vec<u32> {
    let mut labels = nearest(x, width, centres);
    if start == Start::Shaken {
        let (key, all) = (key.purpose(Purpose::Start).fold(3), vec![1.0; centres.len() / width]);
        for (row, label) in (0..).zip(&mut labels) {
            let mut uniform = [0.0];
            key.uniforms(row, &mut uniform);
            if f64::from(uniform[0]) < SHAKEN {
                *label = key.fold(1).choose(row, &all) as u32;
            }
        }
    }
    labels
}

/// `components` of `rows` rows, by their numbers: each next one drawn in proportion to its distance, a squared one, from the
/// nearest so far (k-means++: Arthur and Vassilvitskii 2007). One with no distance from any of them counts as the furthest.
pub(super) fn far_apart(
    rows: usize,
    components: usize,
    key: Key,
    distance: impl Fn(usize, usize) -> Option<f64> + Sync,
) -> Vec<usize> {
    let mut chosen = vec![key.choose(0, &vec![1.0; rows])];
    let mut nearest = vec![None; rows];
    for k in 1..components {
        let last = chosen[k - 1];
        nearest.par_iter_mut().enumerate().for_each(|(row, nearest)| {
            *nearest = [*nearest, distance(row, last)].into_iter().flatten().reduce(f64::min);
        });
        let furthest = nearest.iter().flatten().copied().fold(0.0, f64::max);
        let apart = if furthest > 0.0 { furthest } else { 1.0 };
        let weights: Vec<f64> = nearest.iter().map(|distance| distance.unwrap_or(apart)).collect();
        // Where all rows are chosen already, any will do.
        chosen.push(key.choose(k as u64, &weights));
    }
    chosen
}

/// The mean of each column and 1/variance, over what is not missing; 0 for a constant column.
fn scale(rows: &[&[f64]], width: usize) -> (Vec<f64>, Vec<f64>) {
    let column = |d: usize| rows.iter().map(move |row| row[d]).filter(|x| !x.is_nan());
    (0..width)
        .map(|d| {
            let count = column(d).count().max(1) as f64;
            let mean = column(d).sum::<f64>() / count;
            let variance = column(d).map(|x| (x - mean).powi(2)).sum::<f64>() / count;
            (mean, if variance > 0.0 { variance.recip() } else { 0.0 })
        })
        .unzip()
}

fn squared_distance(a: &[f64], b: &[f64], precision: &[f64]) -> f64 {
    a.iter().zip(b).zip(precision).map(|((a, b), p)| if a.is_nan() { 0.0 } else { p * (a - b).powi(2) }).sum()
}

/// The nearest centre and its squared distance; of several the first.
fn closest(row: &[f64], centres: &[f64], precision: &[f64]) -> (usize, f64) {
    let mut best = (0, f64::INFINITY);
    for (k, centre) in centres.chunks_exact(row.len()).enumerate() {
        let distance = squared_distance(row, centre, precision);
        if distance < best.1 {
            best = (k, distance);
        }
    }
    best
}

/// Rows without missing values.
struct Sample {
    filled: Vec<f64>,
    precision: Vec<f64>,
    width: usize,
}

impl Sample {
    fn rows(&self) -> usize {
        self.filled.len() / self.width
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.filled[row * self.width..][..self.width]
    }

    /// k-means, until no row changes its centre. A centre that no row is nearest to stays.
    fn lloyd(&self, centres: &mut [f64]) {
        let mut labels = vec![usize::MAX; self.rows()];
        for _ in 0..ROUNDS {
            let found: Vec<usize> = self
                .filled
                .par_chunks_exact(self.width)
                .map(|row| closest(row, centres, &self.precision).0)
                .collect();
            if found == labels {
                break;
            }
            labels = found;
            let mut sums = vec![0.0; centres.len()];
            let mut counts = vec![0.0; centres.len() / self.width];
            for (row, &k) in labels.iter().enumerate() {
                counts[k] += 1.0;
                sums[k * self.width..].iter_mut().zip(self.row(row)).for_each(|(s, x)| *s += x);
            }
            for (k, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0.0) {
                let place = k * self.width..(k + 1) * self.width;
                centres[place.clone()].iter_mut().zip(&sums[place]).for_each(|(c, s)| *c = s / count);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rows alike, and one that nothing compares with them: where the first is one of the pair, the next is the third.
    #[test]
    fn what_has_no_distance_counts_as_the_furthest() {
        let distance = |a: usize, b: usize| (a < 2 && b < 2 || a == b).then_some(0.0);
        for seed in 0..20 {
            let mut chosen = far_apart(3, 2, Key::new(seed), distance);
            chosen.sort_unstable();
            assert!(chosen[0] < 2 && chosen[1] == 2, "{chosen:?}");
        }
    }
}
