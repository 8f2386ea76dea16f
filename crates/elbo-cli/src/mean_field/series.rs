//! Rows in time order: one sequence, or several that a column tells apart.

use std::collections::HashSet;

use clap::Args;
use elbo_data::{Column, Dataset, Table};

use super::Rows;
use crate::{
    arguments::{Evaluate, Predict, Source},
    error::Error,
    results::print,
    table, tell,
};

/// Which rows follow one another.
#[derive(Args, Debug)]
pub(super) struct Order {
    /// A column that says which sequence a row is of: its name, its number from 1, or `last`. The rows of a sequence stand
    /// together. Without it all rows are one sequence.
    #[arg(long, value_name = "COLUMN", requires = "data", conflicts_with = "label_column")]
    sequence_column: Option<String>,
}

impl Order {
    pub(super) fn several(&self) -> bool {
        self.sequence_column.is_some()
    }

    pub(super) fn read(&self, source: &Source) -> Result<Rows, Error> {
        let label_column = self.sequence_column.clone().or_else(|| source.label_column.clone());
        Rows::read(None, &Source { label_column, ..source.clone() })
    }
}

/// How many rows each sequence has: those of one label, where labels tell them apart.
pub(super) fn lengths(data: &Dataset<f64>, several: bool) -> Result<Vec<usize>, Error> {
    let Some(labels) = data.labels.as_ref().filter(|_| several) else { return Ok(vec![data.rows()]) };
    let (mut lengths, mut known, mut row) = (Vec::new(), HashSet::new(), 0);
    for sequence in labels.chunk_by(|a, b| a == b) {
        if !known.insert(&sequence[0]) {
            return Err(Error::plain(format!(
                "`{}`: sequence `{}` goes on in line {}, after another",
                data.name,
                sequence[0],
                data.first_line + row
            ))
            .hint("the rows of a sequence must stand together, in time order"));
        }
        lengths.push(sequence.len());
        row += sequence.len();
    }
    if let (Some(least), Some(most)) = (lengths.iter().min(), lengths.iter().max()) {
        tell(format!("sequences   {} of {least} to {most} rows", lengths.len()));
    }
    Ok(lengths)
}

/// The sequences, each row by row.
pub(super) fn sequences<'a>(
    x: &'a [f64],
    width: usize,
    lengths: &'a [usize],
) -> impl Iterator<Item = &'a [f64]> {
    let mut rest = x;
    lengths.iter().map(move |&length| {
        let (sequence, after) = rest.split_at(length * width);
        rest = after;
        sequence
    })
}

/// The values that a column has, their mean and their variance.
pub(super) fn moments(data: &Dataset<f64>, column: usize) -> Result<(Vec<f64>, f64, f64), Error> {
    let cells = data.values.iter().skip(column).step_by(data.width());
    let values: Vec<f64> = cells.copied().filter(|x| !x.is_nan()).collect();
    let n = values.len() as f64;
    let mean = values.iter().map(|x| x / n).sum::<f64>();
    let variance = values.iter().map(|x| (x - mean).powi(2) / n).sum::<f64>();
    let name = &data.columns[column];
    let fault = match values.first() {
        None => format!("column `{name}` has no value"),
        Some(first) if values.iter().all(|x| x == first) => {
            format!("column `{name}` is {first} in every row: it says nothing of time")
        }
        Some(_) if !variance.is_normal() => {
            format!("the variance of column `{name}` is {variance}: its values are out of range")
        }
        Some(_) => return Ok((values, mean, variance)),
    };
    Err(Error::plain(format!("`{}`: {fault}", data.name))
        .hint("leave the column out, or set a label aside with --label-column"))
}

/// A table of named columns from its cells, row by row.
pub(super) fn table_of(names: &[String], cells: &[f64]) -> Table {
    let mut out = Table::new();
    for (place, name) in names.iter().enumerate() {
        out.push(name, Column::Real(cells.iter().skip(place).step_by(names.len()).copied().collect()));
    }
    out
}

/// A fitted model of rows in time order.
pub(super) trait Chain {
    /// Whether a column says which sequence a row is of.
    fn several(&self) -> bool;

    /// The names of what is said of a row.
    fn names(&self, columns: &[String]) -> Vec<String>;

    /// What is said of each row of a sequence, and of the `ahead` rows after it: `[T + ahead, names]`.
    fn say(&self, x: &[f64], ahead: usize) -> Result<Vec<f64>, elbo::Error>;

    /// A lower bound on log p(x) of a sequence, in nats.
    fn bound(&self, x: &[f64]) -> Result<f64, elbo::Error>;
}

/// `elbo predict`: each sequence, and the rows ahead of it.
pub(super) fn predict(
    chain: &impl Chain,
    columns: &[String],
    data: &Dataset<f64>,
    arguments: &Predict,
) -> Result<(), Error> {
    let (lengths, ahead) = (lengths(data, chain.several())?, arguments.forecast);
    let (mut cells, mut numbers, mut labels, mut first) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for (sequence, length) in sequences(&data.values, columns.len(), &lengths).zip(&lengths) {
        cells.extend(chain.say(sequence, ahead)?);
        numbers.extend((1..=length + ahead).map(|number| number as f64));
        if let Some(of_rows) = &data.labels {
            labels.extend_from_slice(&of_rows[first..first + length]);
            let next = if chain.several() { of_rows[first].clone() } else { String::new() };
            labels.extend(std::iter::repeat_n(next, ahead));
        }
        first += length;
    }
    let mut out = table_of(&chain.names(columns), &cells);
    out.columns.insert(0, ("row".into(), Column::Real(numbers)));
    table::write(out, data.labels.as_ref().map(|_| labels), arguments.output.as_deref())
}

/// `elbo evaluate`: the bound on log p(x) of sequences, old or new.
pub(super) fn evaluate(chain: &impl Chain, data: &Dataset<f64>, arguments: &Evaluate) -> Result<(), Error> {
    let (lengths, rows) = (lengths(data, chain.several())?, data.rows() as f64);
    let bounds: Vec<f64> = sequences(&data.values, data.width(), &lengths)
        .map(|sequence| chain.bound(sequence))
        .collect::<Result<_, _>>()?;
    let (number, total) = (lengths.len() as f64, bounds.iter().sum::<f64>());
    // The standard error of a ratio of two sums over the sequences; one alone has none.
    let squares = bounds.iter().zip(&lengths).map(|(b, &t)| (b - total / rows * t as f64).powi(2));
    let error = (number > 1.0).then(|| (squares.sum::<f64>() * number / (number - 1.0)).sqrt() / rows);
    let spread = error.map_or(String::new(), |error| format!(" ± {error:.4}"));
    tell(format!(
        "{number} {}, {rows} rows: log p(x | the fit's rows) ≥ {total:.4} nats, {:.4}{spread} per row",
        if number > 1.0 { "sequences" } else { "sequence" },
        total / rows
    ));
    if arguments.output.is_some() {
        let mut out = Table::new();
        out.push("rows", Column::Real(lengths.iter().map(|&t| t as f64).collect()));
        out.push("log_likelihood_bound", Column::Real(bounds));
        let labels = data.labels.as_ref().filter(|_| chain.several());
        let of_sequences =
            labels.map(|labels| labels.chunk_by(|a, b| a == b).map(|of| of[0].clone()).collect());
        table::write(out, of_sequences, arguments.output.as_deref())?;
    }
    let error = error.map_or(String::new(), |error| format!("{error:.6}"));
    print(&format!("term,nats_per_row,standard_error\nlog_likelihood_bound,{:.6},{error}\n", total / rows))
}
