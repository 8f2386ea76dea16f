//! Missing cells filled in (E35): the table of a file in its own columns and units, whose observed cells are untouched.

use std::collections::HashMap;

use elbo_data::{Column, Frame, Table};

use crate::{
    error::Error,
    query::Answer,
    text::{Text, counted},
    variable::Variable,
};

/// How missing cells are filled in.
#[derive(Clone, Copy, Debug)]
pub struct Imputation {
    /// Draws of z a row.
    pub draws: usize,
    /// Intervals of this probability stand beside the columns, as `NAME_low` and `NAME_high`, and probabilities of levels as
    /// `NAME_probability`.
    pub interval: Option<f64>,
    /// As many completed tables, one below the other, whose missing cells are drawn, and not filled in by their mean.
    pub multiple: Option<usize>,
    /// The seed of the draws.
    pub seed: u64,
}

impl Default for Imputation {
    fn default() -> Self {
        Self { draws: 500, interval: None, multiple: None, seed: 0 }
    }
}

/// A table whose missing cells are filled in.
#[derive(Debug)]
pub struct Imputed {
    /// The columns of the file.
    pub rows: Answer,
    /// How many cells were filled in, and what is to be known of them, as (name, text).
    pub facts: Vec<(&'static str, Text)>,
}

/// What a model says of a missing cell; numbers are stored ones, or codes of levels.
#[derive(Clone, Debug)]
pub(crate) struct FilledCell {
    pub(crate) row: usize,
    /// The place among the model's columns.
    pub(crate) column: usize,
    /// The mean of a number, the median of levels in order, the most probable of other levels.
    pub(crate) value: f64,
    /// Of levels without order, how probable the value is.
    pub(crate) probability: Option<f64>,
    /// The central interval that is asked for.
    pub(crate) interval: Option<[f64; 2]>,
    /// A draw for each completed table.
    pub(crate) completions: Vec<f64>,
}

/// The table of a file with what a model says of its missing cells. `frame` has all columns of the file; the model's are those of
/// these names.
pub(crate) fn completed(
    frame: &Frame,
    names: &[String],
    variables: &[Variable],
    cells: &[FilledCell],
    asked: &Imputation,
) -> Result<Answer, Error> {
    let rows = frame.rows()?;
    let of: HashMap<&String, usize> = names.iter().enumerate().map(|(d, name)| (name, d)).collect();
    let mut by_column: Vec<Vec<&FilledCell>> = vec![Vec::new(); names.len()];
    for cell in cells {
        by_column[cell.column].push(cell);
    }
    let mut table = Table::new();
    let tables = asked.multiple.unwrap_or(1);
    if asked.multiple.is_some() {
        let number = |place: usize| Some((place / rows) as u64 + 1);
        table.push("imputation", Column::Count((0..tables * rows).map(number).collect()));
    }
    let repeated: Vec<usize> = (0..tables).flat_map(|_| 0..rows).collect();
    let all: Vec<String> = frame.names().map(Into::into).collect();
    let mut all = all.into_iter();
    for (_, column) in &frame.columns {
        for place in 0..column.width() {
            let name = all.next().unwrap_or_default();
            let Some(&d) = of.get(&name) else {
                let numbers = |row: &usize| column.number(*row, place).unwrap_or(f64::NAN);
                table.push(
                    name,
                    match column {
                        Column::Matrix(_) | Column::Sparse(_) => {
                            Column::Real(repeated.iter().map(numbers).collect())
                        }
                        column => column.at_rows(&repeated),
                    },
                );
                continue;
            };
            let (variable, missing) = (&variables[d], &by_column[d]);
            let value = |cell: &FilledCell, m: usize| match asked.multiple {
                Some(_) => variable.rounded(cell.completions[m]),
                None => cell.value,
            };
            let told = (0..tables).flat_map(|m| missing.iter().map(move |cell| (m, cell)));
            let told = told.map(|(m, cell)| (m * rows + cell.row, value(cell, m)));
            table.push(&name, variable.completed(column, place, tables, told));
            if asked.interval.is_none() || asked.multiple.is_some() || missing.is_empty() {
                continue;
            }
            let beside = |value: &dyn Fn(&FilledCell) -> f64| -> Vec<f64> {
                let mut values = vec![f64::NAN; rows];
                for cell in missing {
                    values[cell.row] = value(cell);
                }
                values
            };
            if missing.iter().any(|cell| cell.probability.is_some()) {
                let probability = beside(&|cell| cell.probability.unwrap_or(f64::NAN));
                table.push(format!("{name}_probability"), Column::Real(probability));
                continue;
            }
            for (end, side) in ["low", "high"].into_iter().enumerate() {
                let end = beside(&|cell| cell.interval.map_or(f64::NAN, |interval| interval[end]));
                table.push(format!("{name}_{side}"), variable.column(end, true));
            }
        }
    }
    Ok(Answer::new(table))
}

/// What is told of the cells that were filled in, and of how many draws of each row count, in effect.
pub(crate) fn told(cells: &[FilledCell], effective: &[f64], draws: usize) -> Vec<(&'static str, Text)> {
    let mut facts = vec![("filled in", counted(cells.len(), "cell").into())];
    let few = effective.iter().filter(|&&size| size < FEW).count();
    if few > 0 {
        let text = format!(
            "of {few} of {} rows fewer than {FEW} of {draws} draws count, in effect: more «draws» make these cells surer",
            effective.len()
        );
        facts.push(("note", text.into()));
    }
    facts
}

/// Draws that count, in effect, below which what is told of a row's cells is unsure.
const FEW: f64 = 10.0;

/// The central interval of this probability of draws with their weights, which sum to 1.
pub(crate) fn interval(draws: &mut [(f64, f64)], probability: f64) -> [f64; 2] {
    draws.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    [0.5 * (1.0 - probability), 0.5 * (1.0 + probability)].map(|level| {
        let mut sum = 0.0;
        let at = draws.iter().find(|(_, weight)| {
            sum += weight;
            sum >= level
        });
        at.or(draws.last()).map_or(f64::NAN, |(x, _)| *x)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_holds_its_share_of_the_weight() {
        let mut draws: Vec<(f64, f64)> = (1..=100).rev().map(|x| (f64::from(x), 0.01)).collect();
        let [low, high] = interval(&mut draws, 0.9);
        assert!((5.0..=6.0).contains(&low) && (95.0..=96.0).contains(&high), "{low} {high}");
        assert_eq!(interval(&mut [(3.0, 0.9), (1.0, 0.02), (5.0, 0.08)], 0.9), [3.0, 5.0]);
    }
}
