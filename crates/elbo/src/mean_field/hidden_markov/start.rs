//! Where the states begin: a state for each row, all else follows.

use serde::{Deserialize, Serialize};

use super::{Emission, Parameters, emission::Kind};
use crate::{
    mean_field::{
        sequences::Sequences,
        start::{SHAKEN, far_apart},
    },
    random::Key,
};

/// How the rows are first given to the states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// Each row begins in a state that is drawn by itself: the states begin almost alike, as annealing wants them.
    Random,
    /// Each row to the nearest of K rows that are drawn far apart (k-means++: Arthur and Vassilvitskii 2007), among those
    /// that have a value; one that no column compares with any of them to a state drawn by itself.
    Apart,
    /// As `Apart`, and then a fifth of the rows to states drawn by themselves: apart from it where that ends always alike.
    Shaken,
}

/// Counts above which no row is given away.
const GREAT: f64 = 1e9;

/// A state for each row.
pub(super) fn assign(start: Start, data: &Sequences<'_>, prior: &Parameters, key: Key) -> Vec<usize> {
    let states = prior.states();
    let rows: Vec<&[f64]> = data.rows().collect();
    let at_random = |row: usize| key.fold(0).choose(row as u64, &vec![1.0; states]);
    let seen: Vec<&[f64]> = rows.iter().copied().filter(|row| row.iter().any(|x| !x.is_nan())).collect();
    if start == Start::Random || seen.is_empty() {
        return (0..rows.len()).map(at_random).collect();
    }
    let scales = scales(data, prior);
    let seeds = far_apart(seen.len(), states, key.fold(1), |a, b| distance(seen[a], seen[b], &scales));
    let nearest = |row: &[f64]| {
        let of_state = |(state, &seed): (usize, &usize)| Some((distance(seen[seed], row, &scales)?, state));
        seeds.iter().enumerate().filter_map(of_state).min_by(|a, b| a.0.total_cmp(&b.0))
    };
    // A state of counts that differ by more than this loses its digits.
    let shaken = start == Start::Shaken
        && !prior.emission[0].iter().enumerate().any(|(column, emission)| {
            emission.kind() == Kind::Count && data.column(column).any(|count| count > GREAT)
        });
    let given_away = |row: usize| {
        let mut uniform = [0.0];
        key.fold(2).uniforms(row as u64, &mut uniform);
        shaken && f64::from(uniform[0]) < SHAKEN
    };
    let state = |(i, row): (usize, &&[f64])| match nearest(row) {
        Some((_, k)) if !given_away(i) => k,
        _ => at_random(i),
    };
    rows.iter().enumerate().map(state).collect()
}

/// 1/variance of each column; `None` of classes, and 0 where nothing varies.
fn scales(data: &Sequences<'_>, prior: &Parameters) -> Vec<Option<f64>> {
    let scale = |(column, emission): (usize, &Emission)| {
        let values: Vec<f64> = data.column(column).collect();
        let n = values.len() as f64;
        let mean = values.iter().map(|x| x / n).sum::<f64>();
        let variance = values.iter().map(|x| (x - mean).powi(2) / n).sum::<f64>();
        (!matches!(emission.kind(), Kind::Class(_)))
            .then(|| if variance > 0.0 { variance.recip() } else { 0.0 })
    };
    prior.emission[0].iter().enumerate().map(scale).collect()
}

/// The squared distance, a mean over the columns that both rows have; `None` where there is none, or it overflows.
fn distance(a: &[f64], b: &[f64], scales: &[Option<f64>]) -> Option<f64> {
    let (mut sum, mut columns) = (0.0, 0.0);
    for ((a, b), scale) in a.iter().zip(b).zip(scales) {
        if !a.is_nan() && !b.is_nan() {
            sum += scale.map_or(f64::from(a != b), |scale| scale * (a - b) * (a - b));
            columns += 1.0;
        }
    }
    (columns > 0.0 && f64::is_finite(sum)).then(|| sum / columns)
}
