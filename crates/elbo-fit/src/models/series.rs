//! Rows in time order: one sequence, or several that a column tells apart.

use std::{collections::HashSet, fmt};

use elbo::random::Key;
use elbo_data::{Column, Dataset, Table};
use serde::{Deserialize, Serialize};

use crate::{
    asked::{
        Approximation, Asked, Evaluation, LOG_DENSITY, Spread, Term, Told, of_the_fit, push_log_density,
    },
    error::Error,
    fitted::{About, Fitted},
    moments::moments,
    observer::{Observer, Say},
    room::{check_room, numbers},
    rows::Rows,
    source::Source,
    table,
};

/// Reads rows in time order, of several sequences where a column says which of them a row is of.
pub(crate) fn read(
    sequence_column: Option<&str>,
    source: Source,
    memory: Option<u64>,
    observer: &dyn Observer,
) -> Result<Rows, Error> {
    let label_column = sequence_column.map(ToOwned::to_owned).or(source.label_column.clone());
    let unasked = label_column.is_none();
    let rows = Rows::read(Source { label_column, ..source }, memory, observer)?;
    // Labels that all differ, as dates do, tell no sequences apart.
    let repeated = |labels: &[String]| labels.iter().collect::<HashSet<_>>().len() < labels.len();
    if unasked && rows.data.labels.as_deref().is_some_and(repeated) {
        observer.say("note", "all rows are one sequence; «sequence-column NAME» tells several apart");
    }
    Ok(rows)
}

/// How many rows each sequence has: those of one label, where labels tell them apart.
pub(crate) fn lengths(
    data: &Dataset<f64>,
    several: bool,
    observer: &dyn Observer,
) -> Result<Vec<usize>, Error> {
    let Some(labels) = data.labels.as_ref().filter(|_| several) else { return Ok(vec![data.rows()]) };
    let (mut lengths, mut known, mut row) = (Vec::new(), HashSet::new(), 0);
    for sequence in labels.chunk_by(|a, b| a == b) {
        if !known.insert(&sequence[0]) {
            return Err(Error::new(format!(
                "`{}`: sequence `{}` goes on in line {}, after another",
                data.name,
                sequence[0],
                data.first_line + row
            ))
            .remedy("the rows of a sequence must stand together, in time order"));
        }
        lengths.push(sequence.len());
        row += sequence.len();
    }
    if let (Some(least), Some(most)) = (lengths.iter().min(), lengths.iter().max()) {
        observer.say("sequences", format!("{} of {least} to {most} rows", lengths.len()));
    }
    Ok(lengths)
}

/// The sequences, each row by row.
pub(crate) fn sequences<'a>(
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
pub(crate) fn varied(data: &Dataset<f64>) -> Result<(), Error> {
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
        return Err(Error::new(format!("`{}`: {fault}", data.name))
            .remedy("leave the column out, or set a label aside with «label-column»"));
    }
    Ok(())
}

/// Refuses more rows ahead than there is room for.
pub(crate) fn check_ahead(ahead: usize, columns: usize) -> Result<(), Error> {
    let what = format!("{ahead} rows ahead of {columns} columns");
    check_room(&what, numbers(&[ahead, columns.saturating_add(1), 8]), "forecast fewer rows")
}

/// A fitted model of rows in time order.
pub trait Chain: fmt::Debug + Send + Sync {
    /// Makes rows what the model takes.
    ///
    /// # Errors
    /// Where rows lie in a temporary file, and that cannot be written.
    fn scale(&self, _: &mut Dataset<f64>) -> Result<(), Error> {
        Ok(())
    }

    /// The names of what is said of a row: `NAME_mean` and `NAME_sd` of what is not known, `p_1`, … of states.
    fn names(&self, columns: &[String]) -> Vec<String>;

    /// What is said of each row of a sequence, scaled, and of the `ahead` rows after it: `[T + ahead, names]`.
    ///
    /// # Errors
    /// Where the rows are out of the model's range.
    fn say(&self, x: &[f64], ahead: usize) -> Result<Vec<f64>, elbo::Error>;

    /// A lower bound on log p(x) of a sequence, scaled, in nats of the stored one.
    ///
    /// # Errors
    /// Where the rows are out of the model's range.
    fn bound(&self, x: &[f64]) -> Result<f64, elbo::Error>;

    /// A new sequence of rows, and the states behind it.
    ///
    /// # Errors
    /// Where the parameters are not those of a fit.
    fn sample(&self, columns: &[String], rows: usize, key: Key) -> Result<Table, elbo::Error>;
}

/// A fitted model of one sequence, or of several.
#[derive(Debug, Serialize, Deserialize)]
pub struct Sequences<C> {
    /// Whether a column says which sequence a row is of.
    pub(crate) several: bool,
    pub(crate) chain: C,
}

impl<C: Chain> Sequences<C> {
    /// Rows, scaled, and the lengths of their sequences. A column that tells these apart is no label, which may be missing.
    fn read(
        &self,
        about: &About,
        asked: &Asked,
        observer: &dyn Observer,
    ) -> Result<(Dataset<f64>, Vec<usize>), Error> {
        let of_fit = about.data.source.label_column.clone().filter(|_| self.several);
        let labelled = |source: &Source| {
            let label_column = source.label_column.clone().or(of_fit);
            Source { label_column, ..source.clone() }
        };
        let asked = Asked { source: asked.source.as_ref().map(labelled), memory: asked.memory };
        let mut data = about.rows(&asked, &about.columns, observer)?;
        self.chain.scale(&mut data)?;
        let lengths = lengths(&data, self.several, observer)?;
        Ok((data, lengths))
    }
}

impl<C: Chain> Fitted for Sequences<C> {
    /// Each sequence, and the rows ahead of it.
    fn predict(
        &self,
        about: &About,
        asked: &Asked,
        ahead: usize,
        observer: &dyn Observer,
    ) -> Result<Told, Error> {
        check_ahead(ahead, about.columns.len())?;
        let (data, lengths) = self.read(about, asked, observer)?;
        let (mut cells, mut numbers, mut labels, mut first) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for (sequence, length) in sequences(&data.values, data.width(), &lengths).zip(&lengths) {
            cells.extend(self.chain.say(sequence, ahead)?);
            numbers.extend(0..length + ahead);
            if let Some(of_rows) = &data.labels {
                labels.extend_from_slice(&of_rows[first..first + length]);
                let next = if self.several { of_rows[first].clone() } else { String::new() };
                labels.extend(std::iter::repeat_n(next, ahead));
            }
            first += length;
        }
        let out = table::of(&self.chain.names(&about.columns), &cells);
        Ok(Told::of("row", numbers, data.labels.as_ref().map(|_| labels), out))
    }

    fn sample(&self, about: &About, number: usize, seed: u64, _: &dyn Observer) -> Result<Told, Error> {
        Ok(Told::new(self.chain.sample(&about.columns, number, Key::new(seed))?))
    }

    /// The bound on log p(x) of sequences, old or new.
    fn evaluate(
        &self,
        about: &About,
        asked: &Asked,
        number: Option<usize>,
        _: u64,
        observer: &dyn Observer,
    ) -> Result<Evaluation, Error> {
        if number.is_some() {
            let message = "rows in time order are evaluated together: none can be left out";
            return Err(Error::request(message, "leave «rows» out"));
        }
        let (data, lengths) = self.read(about, asked, observer)?;
        let bounds: Vec<f64> = sequences(&data.values, data.width(), &lengths)
            .map(|sequence| self.chain.bound(sequence))
            .collect::<Result<_, _>>()?;
        let (rows, number, total) = (data.rows() as f64, lengths.len() as f64, bounds.iter().sum::<f64>());
        // The standard error of a ratio of two sums over the sequences; one alone has none.
        let squares = bounds.iter().zip(&lengths).map(|(b, &t)| (b - total / rows * t as f64).powi(2));
        let error = (number > 1.0).then(|| (squares.sum::<f64>() * number / (number - 1.0)).sqrt() / rows);
        let spread = error.map_or(String::new(), |error| format!(" ± {error:.4}"));
        let text = format!(
            "{number} {}, {rows} rows: log_density, log p(x | the fit's rows), ≥ {total:.4} nats, {:.4}{spread} per row (bound)",
            if number > 1.0 { "sequences" } else { "sequence" },
            total / rows
        );
        let mut facts = vec![("", text.into())];
        facts.extend(of_the_fit(asked.source.is_none()));
        let mut table = Table::new();
        table.push("rows", Column::Count(lengths.iter().map(|&t| Some(t as u64)).collect()));
        push_log_density(&mut table, bounds, Approximation::Bound);
        let labels = data.labels.as_ref().filter(|_| self.several);
        let of_sequences =
            labels.map(|labels| labels.chunk_by(|a, b| a == b).map(|of| of[0].clone()).collect());
        Ok(Evaluation {
            facts,
            unit: "nats_per_row",
            part: [data.rows(); 2],
            terms: vec![Term {
                name: LOG_DENSITY.into(),
                value: total / rows,
                standard_error: error.map_or(Spread::Unknown, Spread::Of),
                is: Some(Approximation::Bound),
            }],
            rows: Told::of("sequence", 0..lengths.len(), of_sequences, table),
        })
    }

    fn in_order(&self) -> bool {
        true
    }
}
