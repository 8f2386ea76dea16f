//! What a fitted model is asked about rows, and what it says.

use std::collections::HashSet;

use elbo::{
    random::{Key, Purpose},
    terms::Mean,
};
use elbo_data::{Column, Table};
use serde::Serialize;

use crate::{source::Source, subset::drawn, text::Text};

/// Rows that a fitted model is asked about.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// The source of the rows; none for those of the fit.
    pub source: Option<Source>,
    /// Bytes of memory that they may take.
    pub memory: Option<u64>,
}

/// Which rows a table has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Selection {
    /// All of them.
    #[default]
    All,
    /// The first rows, this many.
    First(usize),
    /// This many rows, drawn by a seed, in their order.
    Drawn {
        /// How many.
        number: usize,
        /// The seed.
        seed: u64,
    },
}

impl Selection {
    /// The places of the rows, from 0, where there are this many.
    pub(crate) fn of(self, all: usize) -> Vec<usize> {
        match self {
            Self::All => (0..all).collect(),
            Self::First(number) => (0..number.min(all)).collect(),
            Self::Drawn { number, seed } => {
                let key = Key::new(seed).purpose(Purpose::Test);
                drawn(all, Some(number), key).unwrap_or_else(|| (0..all).collect())
            }
        }
    }
}

/// What a model says of rows: a line for each.
#[derive(Debug)]
pub struct Answer {
    /// What a line is of, as `row`, and its number from 1; none of what is drawn.
    pub numbers: Option<(&'static str, Vec<usize>)>,
    /// The labels of the lines.
    pub labels: Option<Vec<String>>,
    /// The table.
    pub table: Table,
    /// The answer in a text format that other programs read, where that is not a table.
    pub text: Option<String>,
}

impl Answer {
    /// Of lines that are of no row.
    pub(crate) fn new(table: Table) -> Self {
        Self { numbers: None, labels: None, table, text: None }
    }

    /// Of the lines of these numbers, from 0, of what `name` says.
    pub(crate) fn of(
        name: &'static str,
        index: impl IntoIterator<Item = usize>,
        labels: Option<Vec<String>>,
        table: Table,
    ) -> Self {
        let numbers = index.into_iter().map(|place| place + 1).collect();
        Self { numbers: Some((name, numbers)), labels, table, text: None }
    }

    /// A table of the number and the label of each line, where there are any, and what is said of it. Columns of the data keep
    /// their names, so that a table of rows can be read again: where one is called `row` or `label`, the numbers are
    /// `row_number` and the labels `row_label`. Other names that stand twice are told apart: the second becomes `NAME_2`.
    pub fn into_table(self) -> Table {
        let mut out = Table::new();
        let taken = |name: &str| self.table.columns.iter().any(|(other, _)| other == name);
        if let Some((name, numbers)) = self.numbers {
            let numbers = numbers.into_iter().map(|number| Some(number as u64)).collect();
            let name = if taken(name) { format!("{name}_number") } else { name.to_owned() };
            out.push(name, Column::Count(numbers));
        }
        if let Some(labels) = self.labels {
            out.push(if taken("label") { "row_label" } else { "label" }, Column::Text(labels));
        }
        out.columns.extend(self.table.columns);
        let mut known = HashSet::new();
        for (name, _) in &mut out.columns {
            let plain = name.clone();
            for number in 2.. {
                if known.insert(name.clone()) {
                    break;
                }
                *name = format!("{plain}_{number}");
            }
        }
        out
    }
}

/// What is known of a figure beside its standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Approximation {
    /// It is what it is called, in closed form under what was fitted.
    Exact,
    /// It is near what it is called, on either side.
    Estimate,
    /// What it is called is no lower.
    Bound,
}

impl Approximation {
    /// `exact`, `estimate` or `bound`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Estimate => "estimate",
            Self::Bound => "bound",
        }
    }
}

/// The name of a row's log density, in nats, whatever tells it.
pub(crate) const LOG_DENSITY: &str = "log_density";

/// Adds the log density of each row, and what it is; of a row that lacks what it is of, it is nothing.
pub(crate) fn push_log_density(table: &mut Table, values: Vec<f64>, is: Approximation) {
    let texts = values.iter().map(|value| if value.is_nan() { "" } else { is.name() }.to_owned()).collect();
    table.push(LOG_DENSITY, Column::Real(values));
    table.push("log_density_is", Column::Text(texts));
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
    /// How many of all these rows took part in the fit.
    pub took_part: usize,
    /// How many rows each row stands for, where the fit had such weights and these rows have them too.
    pub weights: Option<Vec<f64>>,
    /// The figures.
    pub terms: Vec<Term>,
    /// The figures of each row.
    pub rows: Answer,
}

/// A figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// Its name, as `log_density`.
    pub name: String,
    /// The value of the figure, in the unit of the evaluation.
    pub value: f64,
    /// The standard error of the value.
    pub standard_error: Uncertainty,
    /// Whether it is exact, an estimate or a bound, of what has more than one of these.
    pub is: Option<Approximation>,
}

impl Term {
    /// A mean over this many rows.
    pub(crate) fn mean(name: impl Into<String>, mean: Mean, rows: usize) -> Self {
        Self { name: name.into(), value: mean.value, standard_error: Uncertainty::of(mean, rows), is: None }
    }

    /// Returns the figure with what it is: exact, an estimate or a bound.
    pub(crate) fn is(self, is: Approximation) -> Self {
        Self { is: Some(is), ..self }
    }
}

/// How well a figure is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Uncertainty {
    /// This is its standard error.
    Of(f64),
    /// A single row has no standard error.
    Unknown,
    /// It is exact, as all figures beside it are.
    Exact,
}

impl Uncertainty {
    /// The standard error of a mean over this many rows.
    pub(crate) fn of(mean: Mean, rows: usize) -> Self {
        mean.error().filter(|_| rows > 1).map_or(Self::Unknown, Self::Of)
    }
}
