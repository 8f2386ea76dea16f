//! Where the states begin: a state for each row, all else follows.

use serde::{Deserialize, Serialize};

use super::{Emission, Parameters, choose};
use crate::{mean_field::sequences::Sequences, random::Key};

/// How the rows are first given to the states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// Each row to a state drawn by itself: the states begin almost alike, as annealing wants them.
    Random,
    /// Each row to the nearest of K rows that are drawn far apart (k-means++: Arthur and Vassilvitskii 2007).
    Apart,
}

/// A state for each row.
pub(super) fn assign(start: Start, data: &Sequences<'_>, prior: &Parameters, key: Key) -> Vec<usize> {
    let states = prior.states();
    let rows: Vec<&[f64]> = data.rows().collect();
    let at_random = |row: usize| choose(&vec![1.0; states], key.fold(0), row as u64);
    if start == Start::Random {
        return (0..rows.len()).map(at_random).collect();
    }
    let scales = scales(data, prior);
    let mut seeds = vec![choose(&vec![1.0; rows.len()], key.fold(1), 0)];
    let mut nearest = vec![f64::INFINITY; rows.len()];
    // A row of no value is as near to all, and goes to any.
    let mut assigned: Vec<usize> = (0..rows.len()).map(at_random).collect();
    for state in 0..states {
        let seed = rows[seeds[state]];
        for (i, row) in rows.iter().enumerate() {
            let distance = distance(seed, row, &scales);
            if distance < nearest[i] && !row.iter().all(|x| x.is_nan()) {
                assigned[i] = state;
            }
            nearest[i] = nearest[i].min(distance);
        }
        seeds.push(choose(&nearest, key.fold(1), 1 + state as u64));
    }
    assigned
}

/// 1/variance of each column; `None` of classes, and 0 where nothing varies.
fn scales(data: &Sequences<'_>, prior: &Parameters) -> Vec<Option<f64>> {
    let scale = |(column, emission): (usize, &Emission)| {
        let values: Vec<f64> = data.column(column).collect();
        let n = values.len() as f64;
        let mean = values.iter().map(|x| x / n).sum::<f64>();
        let variance = values.iter().map(|x| (x - mean).powi(2) / n).sum::<f64>();
        (emission.family() < 2).then(|| if variance > 0.0 { variance.recip() } else { 0.0 })
    };
    prior.emission[0].iter().enumerate().map(scale).collect()
}

/// The squared distance, a mean over the columns that both rows have; 0 where there is none.
fn distance(a: &[f64], b: &[f64], scales: &[Option<f64>]) -> f64 {
    let (mut sum, mut columns) = (0.0, 0.0);
    for ((a, b), scale) in a.iter().zip(b).zip(scales) {
        if !a.is_nan() && !b.is_nan() {
            sum += scale.map_or(f64::from(a != b), |scale| scale * (a - b) * (a - b));
            columns += 1.0;
        }
    }
    // A number so large that its square overflows tells nothing.
    if columns > 0.0 && f64::is_finite(sum) { sum / columns } else { 0.0 }
}
