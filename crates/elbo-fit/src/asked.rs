//! What a fitted model is asked about rows, and what it says.

use elbo::terms::Mean;
use elbo_data::Table;

use crate::{source::Source, text::Text};

/// Rows that a fitted model is asked about.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Where they come from; none for those of the fit.
    pub source: Option<Source>,
    /// Bytes of memory that they may take.
    pub memory: Option<u64>,
}

/// A table, with a label for each line where there are any.
#[derive(Debug)]
pub struct Told {
    /// What is said, a line for each row.
    pub table: Table,
    /// The rows' labels.
    pub labels: Option<Vec<String>>,
    /// The same in a text format that other programs read, where that is not a table.
    pub text: Option<String>,
}

impl Told {
    pub(crate) fn new(table: Table, labels: Option<Vec<String>>) -> Self {
        Self { table, labels, text: None }
    }
}

/// How probable rows are.
#[derive(Debug)]
pub struct Evaluation {
    /// What is to be known of the figures, as (name, text); a sentence by itself has no name.
    pub facts: Vec<(&'static str, Text)>,
    /// What the figures are in, as `nats_per_row`.
    pub unit: &'static str,
    /// How many rows the figures are of, and of how many.
    pub part: [usize; 2],
    /// The figures.
    pub terms: Vec<Term>,
    /// Those of each row.
    pub rows: Told,
}

/// A figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// Its name, as `log_predictive_density`.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Its standard error.
    pub standard_error: Spread,
}

/// How well a figure is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spread {
    /// This is its standard error.
    Of(f64),
    /// Of a single row there is none.
    Unknown,
    /// It is exact, as all figures beside it are.
    Exact,
}

impl Spread {
    /// The standard error of a mean over so many rows.
    pub(crate) fn of(mean: Mean, rows: usize) -> Self {
        if rows > 1 { Self::Of(mean.standard_error) } else { Self::Unknown }
    }
}

/// Says where figures are of rows that were fitted to.
pub(crate) fn of_the_fit(took_part: bool) -> Option<(&'static str, Text)> {
    let text = "these rows, or most of them, took part in the fit: of others it is lower";
    took_part.then(|| ("note", text.into()))
}
