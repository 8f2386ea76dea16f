//! Rows in time order: one sequence, or several that a column tells apart.

use std::collections::HashSet;

use clap::Args;
use elbo::random::Key;
use elbo_data::{Column, Dataset, Table};
use serde::{Deserialize, Serialize};

use super::{
    Rows,
    fitted::{Applied, Fitted, of_the_fit},
    standardise::moments,
};
use crate::{
    arguments::{Evaluate, Predict, Sample, Source},
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
        let unasked = label_column.is_none();
        let rows = Rows::read(None, &Source { label_column, ..source.clone() })?;
        // Labels that all differ, as dates do, tell no sequences apart.
        let repeated = |labels: &[String]| labels.iter().collect::<HashSet<_>>().len() < labels.len();
        if unasked && rows.data.labels.as_deref().is_some_and(repeated) {
            tell("note        all rows are one sequence; --sequence-column NAME tells several apart");
        }
        Ok(rows)
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

/// Refuses a column that says nothing of time.
pub(super) fn varied(data: &Dataset<f64>) -> Result<(), Error> {
    for (d, (name, of)) in data.columns.iter().zip(moments(data)).enumerate() {
        let mut seen = data.column(d).filter(|x| !x.is_nan());
        let variance = of.variance;
        let fault = match seen.next() {
            None => format!("column `{name}` has no value"),
            Some(first) if seen.all(|x| x == first) => {
                format!("column `{name}` is {first} in every row: it says nothing of time")
            }
            Some(_) if !variance.is_normal() => {
                format!("the variance of column `{name}` is {variance}: its values are out of range")
            }
            Some(first) if !of.varies() => {
                format!("column `{name}` is {first} in every row, to ten digits: it says nothing of time")
            }
            Some(_) => continue,
        };
        return Err(Error::plain(format!("`{}`: {fault}", data.name))
            .hint("leave the column out, or set a label aside with --label-column"));
    }
    Ok(())
}

/// A fitted model of rows in time order.
pub(crate) trait Chain {
    /// Makes rows what the model takes.
    fn scale(&self, _: &mut Dataset<f64>) -> Result<(), Error> {
        Ok(())
    }

    /// The names of what is said of a row.
    fn names(&self, columns: &[String]) -> Vec<String>;

    /// What is said of each row of a sequence, scaled, and of the `ahead` rows after it: `[T + ahead, names]`.
    fn say(&self, x: &[f64], ahead: usize) -> Result<Vec<f64>, elbo::Error>;

    /// A lower bound on log p(x) of a sequence, scaled, in nats of the stored one.
    fn bound(&self, x: &[f64]) -> Result<f64, elbo::Error>;

    /// A new sequence of rows, and the states behind it.
    fn sample(&self, columns: &[String], rows: usize, key: Key) -> Result<Table, elbo::Error>;
}

/// A fitted model of one sequence, or of several.
#[derive(Serialize, Deserialize)]
pub(crate) struct Sequences<C> {
    /// Whether a column says which sequence a row is of.
    pub(super) several: bool,
    pub(super) chain: C,
}

impl<C: Chain> Sequences<C> {
    /// Rows, scaled, and the lengths of their sequences. A column that tells these apart is no label, which may be missing.
    fn read(&self, fitted: &Fitted, source: &Source) -> Result<(Dataset<f64>, Vec<usize>), Error> {
        let of_fit = fitted.data.source.label_column.clone().filter(|_| self.several);
        let label_column = source.label_column.clone().or(of_fit);
        let mut data = fitted.rows(&Source { label_column, ..source.clone() }, &fitted.columns)?;
        self.chain.scale(&mut data)?;
        let lengths = lengths(&data, self.several)?;
        Ok((data, lengths))
    }
}

impl<C: Chain> Applied for Sequences<C> {
    /// Each sequence, and the rows ahead of it.
    fn predict(&self, fitted: &Fitted, arguments: &Predict) -> Result<(), Error> {
        let ((data, lengths), ahead) = (self.read(fitted, &arguments.source)?, arguments.forecast);
        let (mut cells, mut numbers, mut labels, mut first) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for (sequence, length) in sequences(&data.values, data.width(), &lengths).zip(&lengths) {
            cells.extend(self.chain.say(sequence, ahead)?);
            numbers.extend((1..=length + ahead).map(|number| number as f64));
            if let Some(of_rows) = &data.labels {
                labels.extend_from_slice(&of_rows[first..first + length]);
                let next = if self.several { of_rows[first].clone() } else { String::new() };
                labels.extend(std::iter::repeat_n(next, ahead));
            }
            first += length;
        }
        let mut out = table::of(&self.chain.names(&fitted.columns), &cells);
        out.columns.insert(0, ("row".into(), Column::Real(numbers)));
        table::write(out, data.labels.as_ref().map(|_| labels), arguments.output.as_deref())
    }

    fn sample(&self, fitted: &Fitted, arguments: &Sample) -> Result<(), Error> {
        let drawn = self.chain.sample(&fitted.columns, arguments.number, Key::new(arguments.seed))?;
        table::write(drawn, None, arguments.output.as_deref())
    }

    /// The bound on log p(x) of sequences, old or new.
    fn evaluate(&self, fitted: &Fitted, arguments: &Evaluate) -> Result<(), Error> {
        let (data, lengths) = self.read(fitted, &arguments.source)?;
        let bounds: Vec<f64> = sequences(&data.values, data.width(), &lengths)
            .map(|sequence| self.chain.bound(sequence))
            .collect::<Result<_, _>>()?;
        let (rows, number, total) = (data.rows() as f64, lengths.len() as f64, bounds.iter().sum::<f64>());
        // The standard error of a ratio of two sums over the sequences; one alone has none.
        let squares = bounds.iter().zip(&lengths).map(|(b, &t)| (b - total / rows * t as f64).powi(2));
        let error = (number > 1.0).then(|| (squares.sum::<f64>() * number / (number - 1.0)).sqrt() / rows);
        let spread = error.map_or(String::new(), |error| format!(" ± {error:.4}"));
        tell(format!(
            "{number} {}, {rows} rows: log p(x | the fit's rows) ≥ {total:.4} nats, {:.4}{spread} per row",
            if number > 1.0 { "sequences" } else { "sequence" },
            total / rows
        ));
        of_the_fit(arguments.source.data.is_none());
        if arguments.output.is_some() {
            let mut out = Table::new();
            out.push("rows", Column::Real(lengths.iter().map(|&t| t as f64).collect()));
            out.push("log_likelihood_bound", Column::Real(bounds));
            let labels = data.labels.as_ref().filter(|_| self.several);
            let of_sequences =
                labels.map(|labels| labels.chunk_by(|a, b| a == b).map(|of| of[0].clone()).collect());
            table::write(out, of_sequences, arguments.output.as_deref())?;
        }
        let error = error.map_or(String::new(), |error| format!("{error:.6}"));
        print(&format!(
            "term,nats_per_row,standard_error\nlog_likelihood_bound,{:.6},{error}\n",
            total / rows
        ))
    }

    fn in_order(&self) -> bool {
        true
    }
}
