//! How odd rows are under a fitted model, and which of their cells make them so.
//!
//! The score of a row is −log p(x) less what is usual, and for each cell −log of the probability that a row of the model lies as far
//! out in the column, on either side: a row may be odd as a whole, or by a cell that a broad p(x) hardly counts. All is in nats,
//! and of the cells that a row has.

use elbo_data::{Column, ColumnKind, Table};

use crate::{
    query::{Answer, Approximation, push_log_density},
    text::{Text, counted},
};

/// Rows that are drawn from the model, by which is told how far out a cell lies.
pub(crate) const DRAWN: usize = 10_000;
/// Rows of these by which is told what surprise of a column is usual.
pub(crate) const USUAL: usize = 500;
/// Cells of a row that are told.
const CELLS: usize = 3;
/// Rows that are listed.
const LISTED: usize = 10;

/// What a model says of rows: log p(x) of each, `[R]`, and −log p(x_d|the other cells), `[R, D]`, NaN of missing cells.
pub(crate) struct Surprises {
    pub(crate) log_density: Vec<f64>,
    pub(crate) of_cells: Vec<f64>,
}

/// Rows as a model takes them, in the units of the file, `[R, D]`.
pub(crate) struct Measured<'a> {
    pub(crate) names: &'a [String],
    pub(crate) kinds: &'a [ColumnKind],
    pub(crate) x: &'a [f64],
    pub(crate) labels: Option<Vec<String>>,
    /// What stands in a cell, as the file has it.
    pub(crate) shown: &'a dyn Fn(usize, f64) -> String,
}

/// Rows with how odd they are, the oddest of them listed.
#[derive(Debug)]
pub struct Anomalies {
    /// A line for each row: `log_density`, `score`, and the cells that make it odd, each with its surprise.
    pub rows: Answer,
    /// The oddest rows in words, and what is to be known of the figures, as (name, text).
    pub facts: Vec<(&'static str, Text)>,
}

/// Scores rows; `drawn` are rows of the model, `[S, D]`, of which `usual` tells the first.
pub(crate) fn anomalies(
    rows: &Measured<'_>,
    of: &Surprises,
    drawn: &[f64],
    usual: &Surprises,
    is: Approximation,
) -> Anomalies {
    let width = rows.names.len();
    let usual: Vec<f64> = (0..width).map(|d| mean(usual.of_cells.iter().skip(d).step_by(width))).collect();
    let tails: Vec<Tails> =
        (0..width).map(|d| Tails::of(drawn.iter().skip(d).step_by(width).copied(), rows.kinds[d])).collect();
    let (mut scores, mut cells) = (Vec::new(), vec![(Vec::new(), Vec::new()); CELLS.min(width)]);
    let mut excesses = Vec::new();
    for (n, x) in rows.x.chunks_exact(width).enumerate() {
        let seen = || (0..width).filter(|&d| !x[d].is_nan());
        let expected: f64 = seen().map(|d| usual[d]).sum();
        let far: f64 = seen().map(|d| -tails[d].probability(x[d]).ln()).sum();
        scores.push(-of.log_density[n] - expected + far);
        let excess = |d: usize| of.of_cells[n * width + d] - usual[d];
        let mut odd: Vec<(usize, f64)> = seen().map(|d| (d, excess(d))).collect();
        odd.sort_by(|a, b| b.1.total_cmp(&a.1));
        for (place, (names, surprises)) in cells.iter_mut().enumerate() {
            let told = odd.get(place);
            names.push(told.map_or(String::new(), |(d, _)| rows.names[*d].clone()));
            surprises.push(told.map_or(f64::NAN, |(_, excess)| *excess));
        }
        odd.truncate(CELLS);
        excesses.push(odd);
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let mut facts: Vec<(&'static str, Text)> = vec![(
        "",
        format!(
            "{}: score = how improbable a row is, and how far out its cells lie, in nats: larger is odder",
            counted(scores.len(), "row")
        )
        .into(),
    )];
    for &row in order.iter().take(LISTED) {
        let cell = |(d, excess): &(usize, f64)| {
            let shown = (rows.shown)(*d, rows.x[row * width + d]);
            format!("{} = {shown} ({excess:+.1})", rows.names[*d])
        };
        let label = rows.labels.as_ref().map_or(String::new(), |labels| format!(" {}", labels[row]));
        let odd: Vec<String> = excesses[row].iter().filter(|(_, excess)| *excess > 0.0).map(cell).collect();
        let text = format!("score {:.1}: {}", scores[row], odd.join(", "));
        facts.push(("odd", format!("row {}{label}, {text}", row + 1).into()));
    }
    let mut table = Table::new();
    push_log_density(&mut table, of.log_density.clone(), is);
    let index = 0..scores.len();
    table.push("score", Column::Real(scores));
    for (place, (names, surprises)) in cells.into_iter().enumerate() {
        table.push(format!("cell_{}", place + 1), Column::Text(names));
        table.push(format!("cell_{}_surprise", place + 1), Column::Real(surprises));
    }
    Anomalies { rows: Answer::of("row", index, rows.labels.clone(), table), facts }
}

fn mean<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    let (sum, number) = values.filter(|x| x.is_finite()).fold((0.0, 0), |(sum, n), x| (sum + x, n + 1));
    if number == 0 { 0.0 } else { sum / f64::from(number) }
}

/// How far out values of a column lie among drawn ones.
enum Tails {
    /// In their order.
    Sorted(Vec<f64>),
    /// By how many there are of each level, with their numbers.
    Levels(Vec<(f64, usize)>, usize),
}

impl Tails {
    fn of(drawn: impl Iterator<Item = f64>, kind: ColumnKind) -> Self {
        let mut sorted: Vec<f64> = drawn.filter(|x| x.is_finite()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        if !matches!(kind, ColumnKind::Category | ColumnKind::Binary) {
            return Self::Sorted(sorted);
        }
        let all = sorted.len();
        Self::Levels(sorted.chunk_by(|a, b| a == b).map(|same| (same[0], same.len())).collect(), all)
    }

    /// The probability of a value as far out, on either side, or of a level as rare.
    fn probability(&self, x: f64) -> f64 {
        match self {
            Self::Sorted(drawn) => {
                let all = drawn.len();
                let up_to = drawn.partition_point(|of| *of <= x);
                let from = all - drawn.partition_point(|of| *of < x);
                let share = (up_to.min(from) + 1) as f64 / (all + 2) as f64;
                (2.0 * share).min(1.0)
            }
            Self::Levels(levels, all) => {
                let own = levels.iter().find(|(level, _)| *level == x).map_or(0, |(_, number)| *number);
                let rare: usize = levels.iter().filter(|(_, number)| *number <= own).map(|(_, n)| n).sum();
                (rare + 1) as f64 / (all + 1) as f64
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_what_was_drawn() {
        let drawn = || (1..=98).map(f64::from);
        let tails = Tails::of(drawn(), ColumnKind::Real);
        // Of 98 draws one is at most 1, and none beyond 98.
        assert_eq!((tails.probability(1.0), tails.probability(1000.0)), (0.04, 0.02));
        assert_eq!(tails.probability(49.5), 1.0);
        let levels = Tails::of((0..99).map(|i| f64::from(u8::from(i % 10 == 0))), ColumnKind::Category);
        assert_eq!((levels.probability(1.0), levels.probability(0.0)), (0.11, 1.0));
        assert_eq!(levels.probability(7.0), 0.01);
    }
}
