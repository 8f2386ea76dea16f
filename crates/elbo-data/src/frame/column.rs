//! The columns of a frame.

use std::borrow::Cow;

use super::levels::Levels;
use super::matrix::Matrix;
use super::sparse::Sparse;
use crate::kind::{ColumnKind, Known, NumberKinds, are_levels};
use crate::numbering::Numbering;
use crate::time::{self, DateScan};
use crate::timeline::Times;

/// The cells of one column, or of a block of columns that are stored together.
#[non_exhaustive]
#[derive(Debug)]
pub enum Column {
    /// Real numbers; NaN is missing.
    Real(Vec<f64>),
    /// Whole numbers from 0.
    Count(Vec<Option<u64>>),
    /// No and yes: 0 and 1.
    Binary(Vec<Option<bool>>),
    /// One of some levels, which have no order.
    Category(Levels),
    /// One of some levels in their order.
    Ordinal(Levels),
    /// Instants, in microseconds since 1970-01-01 00:00 UTC.
    Time(Vec<Option<i64>>),
    /// Any text; an empty one is missing.
    Text(Vec<String>),
    /// Many columns of numbers, each with a name of its own.
    Matrix(Matrix),
    /// Many columns of counts, most of which are 0.
    Sparse(Sparse),
}

/// What stands in a row of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// The cell is missing.
    Missing,
    /// A real number; NaN is missing.
    Real(f64),
    /// A count, or 0 and 1.
    Count(u64),
    /// A text, a level's name, or an instant as ISO 8601 writes it.
    Text(Cow<'a, str>),
}

impl Column {
    /// A column of text as what all of its cells are: instants, levels of which each occurs twice on average, or
    /// text. An empty cell is missing.
    ///
    /// ```
    /// use elbo_data::Column;
    ///
    /// let column = |cells: &[&str]| Column::of_texts(cells.iter().map(|&cell| cell.into()).collect());
    /// assert!(matches!(column(&["2024-02-28", "", "2024-02-29"]), Column::Time(_)));
    /// assert!(matches!(column(&["a", "b", "a", "b"]), Column::Category(_)));
    /// assert!(matches!(column(&["a", "b", "c", ""]), Column::Text(_)));
    /// ```
    pub fn of_texts(texts: Vec<String>) -> Self {
        if let time::Dates::Known(_, instants, _) = time::dates(&texts) {
            return Self::Time(instants);
        }
        Self::of_undated(texts)
    }

    /// A column of text of which it is known that not all cells are instants.
    pub(crate) fn of_undated(texts: Vec<String>) -> Self {
        if are_levels(&texts) { Self::Category(Levels::of_texts(&texts)) } else { Self::Text(texts) }
    }

    /// A column of these times, which are counted as `times` are.
    pub fn of_times(times: &Times, values: Vec<f64>) -> Self {
        if !times.calendar {
            return Self::Real(values);
        }
        Self::Time(values.into_iter().map(|value| value.is_finite().then_some(value as i64)).collect())
    }

    /// The times that it holds, if it holds instants or numbers; of numbers, 20240131 and the like are days.
    pub(crate) fn times(&self, name: &str, place: usize) -> Option<Times> {
        if let Self::Time(instants) = self {
            let real = |instant: &Option<i64>| instant.map_or(f64::NAN, |instant| instant as f64);
            let values = instants.iter().map(real).collect();
            return Some(Times { name: name.to_owned(), values, calendar: true });
        }
        let numbers = (0..self.rows()).map(|row| self.number(row, place));
        Some(Times::of_numbers(name, numbers.collect::<Option<Vec<f64>>>()?))
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::Real(values) => values.len(),
            Self::Count(values) => values.len(),
            Self::Binary(values) => values.len(),
            Self::Category(levels) | Self::Ordinal(levels) => levels.codes().len(),
            Self::Time(values) => values.len(),
            Self::Text(values) => values.len(),
            Self::Matrix(matrix) => matrix.rows(),
            Self::Sparse(counts) => counts.rows(),
        }
    }

    /// How many columns it is: one, but for a block.
    pub fn width(&self) -> usize {
        match self {
            Self::Matrix(matrix) => matrix.width(),
            Self::Sparse(counts) => counts.width,
            _ => 1,
        }
    }

    /// Whether it holds numbers.
    pub fn is_number(&self) -> bool {
        !matches!(self, Self::Category(_) | Self::Ordinal(_) | Self::Time(_) | Self::Text(_))
    }

    /// The kind of each of its columns; of the numbers of a matrix the narrowest that all rows allow.
    pub fn kinds(&self) -> Vec<ColumnKind> {
        self.known().into_iter().map(|known| known.kind).collect()
    }

    /// What its cells are, and how many are missing, of each of its columns, in one pass.
    pub(crate) fn known(&self) -> Vec<Known> {
        let kind = match self {
            Self::Matrix(matrix) => {
                let mut seen = vec![NumberKinds::default(); matrix.width()];
                for row in 0..matrix.rows() {
                    seen.iter_mut().enumerate().for_each(|(column, seen)| seen.take(matrix.at(row, column)));
                }
                return seen.iter().map(NumberKinds::known).collect();
            }
            Self::Sparse(counts) => {
                let (kind, numbering) = (ColumnKind::Count, Numbering::None);
                let known = Known { kind, missing: 0, numbering, odd_date: None };
                return vec![known; counts.width];
            }
            Self::Real(_) => ColumnKind::Real,
            Self::Count(_) => ColumnKind::Count,
            Self::Binary(_) => ColumnKind::Binary,
            Self::Category(_) => ColumnKind::Category,
            Self::Ordinal(_) => ColumnKind::Ordinal,
            Self::Time(_) => ColumnKind::Time,
            Self::Text(_) => ColumnKind::Text,
        };
        let (mut seen, mut dates) = (NumberKinds::default(), DateScan::default());
        let mut missing = 0;
        for row in 0..self.rows() {
            if let Some(number) = self.number(row, 0) {
                seen.take(number);
                continue;
            }
            match self.cell(row, 0) {
                Cell::Missing => missing += 1,
                Cell::Text(cell) if kind != ColumnKind::Time => dates.take(&cell, row),
                _ => {}
            }
        }
        let known = seen.known();
        vec![Known { kind, missing: missing + known.missing, odd_date: dates.odd(0, None), ..known }]
    }

    /// What stands in a row; `place` is the column of a block, 0 elsewhere.
    ///
    /// # Panics
    ///
    /// If there is no such place.
    pub fn cell(&self, row: usize, place: usize) -> Cell<'_> {
        match self {
            Self::Real(values) => Cell::Real(values[row]),
            Self::Count(values) => values[row].map_or(Cell::Missing, Cell::Count),
            Self::Binary(values) => values[row].map_or(Cell::Missing, |yes| Cell::Count(yes.into())),
            Self::Category(levels) | Self::Ordinal(levels) => text(levels.name(row)),
            Self::Time(values) => {
                values[row].map_or(Cell::Missing, |instant| Cell::Text(time::format(instant).into()))
            }
            Self::Text(values) => text(&values[row]),
            Self::Matrix(matrix) => Cell::Real(matrix.at(row, place)),
            Self::Sparse(counts) => Cell::Count(counts.at(row, place).into()),
        }
    }

    /// The number in a row, NaN where it is missing; `None` of a column that holds no numbers.
    ///
    /// # Panics
    ///
    /// If there is no such place.
    pub fn number(&self, row: usize, place: usize) -> Option<f64> {
        match self {
            Self::Real(values) => Some(values[row]),
            Self::Count(values) => Some(values[row].map_or(f64::NAN, |count| count as f64)),
            Self::Binary(values) => Some(values[row].map_or(f64::NAN, |yes| f64::from(u8::from(yes)))),
            Self::Matrix(matrix) => Some(matrix.at(row, place)),
            Self::Sparse(counts) => Some(counts.at(row, place).into()),
            Self::Category(_) | Self::Ordinal(_) | Self::Time(_) | Self::Text(_) => None,
        }
    }

    /// These rows, in this order, in memory.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[must_use]
    pub fn at_rows(&self, rows: &[usize]) -> Self {
        fn picked<T: Clone>(values: &[T], rows: &[usize]) -> Vec<T> {
            rows.iter().map(|&row| values[row].clone()).collect()
        }
        match self {
            Self::Real(values) => Self::Real(picked(values, rows)),
            Self::Count(values) => Self::Count(picked(values, rows)),
            Self::Binary(values) => Self::Binary(picked(values, rows)),
            Self::Category(levels) => Self::Category(levels.at_rows(rows)),
            Self::Ordinal(levels) => Self::Ordinal(levels.at_rows(rows)),
            Self::Time(values) => Self::Time(picked(values, rows)),
            Self::Text(values) => Self::Text(picked(values, rows)),
            Self::Matrix(matrix) => Self::Matrix(matrix.at_rows(rows)),
            Self::Sparse(counts) => Self::Sparse(counts.at_rows(rows)),
        }
    }
}

fn text(text: &str) -> Cell<'_> {
    if text.is_empty() { Cell::Missing } else { Cell::Text(text.into()) }
}
