//! What a file, or a caller, gives: typed columns with names.

mod column;
mod levels;
mod matrix;
mod numbers;
mod sparse;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use crate::cell_place::CellPlace;
use crate::error::{CellFault, Error};
use crate::lines::Lines;
use crate::names::{listed, nearest};
use crate::reading::Reading;
use crate::timeline::Times;

pub use crate::kind::ColumnKind;
pub(crate) use crate::kind::Known;
pub use column::{Cell, Column};
pub use levels::Levels;
pub use matrix::Matrix;
pub use numbers::Missing;
pub use sparse::Sparse;

/// Columns of equal length, each with a name: what models take in and what they say of rows.
///
/// A block of equal columns (an image, a table of numbers) is one [`Matrix`], and counts of which most are 0 stay
/// [`Sparse`]: each is one entry of [`columns`](Self::columns), but as many columns for all that counts them. Columns go by
/// name or by place, from 0, from left to right.
///
/// ```
/// use elbo_data::{Column, Frame, ColumnKind, Levels, Missing};
///
/// let kinds = ["short", "long", "short"].map(str::to_owned);
/// let frame = Frame::new()
///     .with("minutes", Column::Real(vec![1.8, 3.0, f64::NAN]))
///     .with("visits", Column::Count(vec![Some(1), Some(0), Some(4)]))
///     .with("kind", Column::Category(Levels::of_texts(&kinds)));
/// assert_eq!((frame.rows()?, frame.width()), (3, 3));
/// assert_eq!(frame.kinds(), [ColumnKind::Real, ColumnKind::Count, ColumnKind::Category]);
/// assert_eq!(frame.place_of("visits")?, 1);
///
/// let numbers = frame.select(&[1, 0])?.numbers::<f32>(Missing::IsNan)?;
/// assert_eq!((numbers.columns, numbers.values[..4].to_vec()), (vec!["visits".into(), "minutes".into()], vec![1.0, 1.8, 0.0, 3.0]));
/// # Ok::<(), elbo_data::Error>(())
/// ```
#[derive(Debug)]
pub struct Frame {
    /// What messages call it: the file's path as given, `digits` for the built-in set.
    pub name: String,
    /// Names and cells, from left to right. The name of a block is of no column.
    pub columns: Vec<(String, Column)>,
    /// One label per row, never part of the columns.
    pub labels: Option<Vec<String>>,
    /// The names of the columns that the labels come from, where they come from some that have names.
    pub label_names: Vec<String>,
    /// When each row was seen, never part of the columns.
    pub times: Option<Times>,
    /// What was understood of the file, and why.
    pub reading: Reading,
    /// The line of the file on which each row stands.
    pub lines: Lines,
    /// Bytes of memory that numbers may take; more of them lie in a temporary file, see [`Cells`](crate::Cells).
    pub memory: Option<u64>,
}

impl Default for Frame {
    fn default() -> Self {
        Self {
            name: "data".into(),
            columns: Vec::new(),
            labels: None,
            label_names: Vec::new(),
            times: None,
            reading: Reading::default(),
            lines: Lines::default(),
            memory: None,
        }
    }
}

impl Frame {
    /// A frame without columns, which is called `data`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column at the right. Whether it has as many rows as the others is checked where rows are asked for.
    pub fn push(&mut self, name: impl Into<String>, column: Column) {
        self.columns.push((name.into(), column));
    }

    /// Returns this frame with one more column, at the right.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, column: Column) -> Self {
        self.push(name, column);
        self
    }

    /// The number of rows, the same in every column.
    ///
    /// # Errors
    ///
    /// [`Error::TableRows`] where columns differ in length.
    pub fn rows(&self) -> Result<usize, Error> {
        let expected = self.columns.first().map_or(0, |(_, column)| column.rows());
        match self.columns.iter().find(|(_, column)| column.rows() != expected) {
            Some((name, column)) => {
                Err(Error::TableRows { column: name.clone(), expected, actual: column.rows() })
            }
            None => Ok(expected),
        }
    }

    /// The number of columns, each of a block counted.
    pub fn width(&self) -> usize {
        self.columns.iter().map(|(_, column)| column.width()).sum()
    }

    /// The names of all columns; those of sparse counts without names are numbers, from 0.
    pub fn names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.columns.iter().flat_map(|(name, column)| {
            (0..column.width()).map(move |place| match column {
                Column::Matrix(matrix) => matrix.columns[place].as_str().into(),
                Column::Sparse(Sparse { names: Some(names), .. }) => names[place].as_str().into(),
                Column::Sparse(_) => place.to_string().into(),
                _ => name.as_str().into(),
            })
        })
    }

    /// The kind of each column.
    pub fn kinds(&self) -> Vec<ColumnKind> {
        self.columns.iter().flat_map(|(_, column)| column.kinds()).collect()
    }

    /// The place of the first column of this name, from 0.
    ///
    /// # Errors
    ///
    /// [`Error::NoColumn`], with the names that there are.
    pub fn place_of(&self, name: &str) -> Result<usize, Error> {
        self.names().position(|other| other == name).ok_or_else(|| self.no_column(name))
    }

    fn no_column(&self, wanted: &str) -> Error {
        let names: Vec<String> = self.names().map(Into::into).collect();
        let (name, names) = (self.name.clone(), listed(nearest(wanted, &names).iter()));
        Error::NoColumn { name, wanted: wanted.to_owned(), names }
    }

    /// The first entry of [`columns`](Self::columns) of this name: a column that is not of a block.
    ///
    /// # Errors
    ///
    /// [`Error::NoColumn`], with the names that there are.
    pub fn column(&self, name: &str) -> Result<&Column, Error> {
        let found = self.columns.iter().find(|(other, _)| other == name).map(|(_, column)| column);
        found.ok_or_else(|| self.no_column(name))
    }

    /// What stands in a row of a column, both from 0.
    ///
    /// # Panics
    ///
    /// If there is no such place.
    pub fn cell(&self, row: usize, column: usize) -> Cell<'_> {
        let (part, place) = self.part(column);
        self.columns[part].1.cell(row, place)
    }

    /// The times that a column holds, if it holds instants or numbers.
    pub(crate) fn times_of(&self, column: usize) -> Option<Times> {
        let (part, place) = self.part(column);
        let name = self.names().nth(column)?;
        self.columns[part].1.times(&name, place)
    }

    /// Sets the times of the rows, which column `number` from 1 of the file tells.
    pub(crate) fn set_times(
        &mut self,
        times: Option<Times>,
        number: usize,
        path: &Path,
    ) -> Result<(), Error> {
        if let Some(times) = &times
            && let Some(row) = times.odd_day()
        {
            let (path, column, line) = (path.to_owned(), times.name.clone(), self.lines.of(row));
            let (text, fault) = (times.values[row].to_string(), CellFault::NotADate);
            return Err(Error::Cell { path, column, number, line, text, fault });
        }
        self.times = times;
        Ok(())
    }

    /// Where a cell is, as messages say it.
    ///
    /// # Panics
    ///
    /// If there is no such column.
    pub fn place(&self, row: usize, column: usize) -> CellPlace {
        let name = self.names().nth(column).expect("there is such a column");
        CellPlace { column: name.into_owned(), line: self.lines.of(row) }
    }

    /// Keeps these columns, in this order.
    ///
    /// # Errors
    ///
    /// [`Error::Spill`] where numbers lie in a temporary file, and that cannot be written.
    ///
    /// # Panics
    ///
    /// If there is no such column, or one that is not of a block is chosen twice.
    pub fn select(mut self, columns: &[usize]) -> Result<Self, Error> {
        let chosen: Vec<(usize, usize)> = columns.iter().map(|&column| self.part(column)).collect();
        let runs: Vec<&[(usize, usize)]> = chosen.chunk_by(|a, b| a.0 == b.0).collect();
        let mut uses = BTreeMap::new();
        for run in &runs {
            *uses.entry(run[0].0).or_insert(0) += 1;
        }
        let mut parts: Vec<Option<(String, Column)>> = self.columns.into_iter().map(Some).collect();
        self.columns = Vec::with_capacity(runs.len());
        for run in runs {
            let (part, places) = (run[0].0, run.iter().map(|&(_, place)| place).collect::<Vec<_>>());
            let left = uses.get_mut(&part).expect("it is counted");
            *left -= 1;
            // The last use of a block may change it in place.
            let whole = if *left == 0 { parts[part].take() } else { None };
            let kept = match (&parts[part], whole) {
                (_, Some((name, Column::Matrix(matrix)))) => {
                    (name, Column::Matrix(matrix.keep_columns(&places)?))
                }
                (Some((name, Column::Matrix(matrix))), _) => {
                    (name.clone(), Column::Matrix(matrix.at_columns(&places, self.memory)?))
                }
                (_, Some((name, Column::Sparse(counts)))) => {
                    (name, Column::Sparse(counts.at_columns(&places)))
                }
                (Some((name, Column::Sparse(counts))), _) => {
                    (name.clone(), Column::Sparse(counts.at_columns(&places)))
                }
                (_, Some(one)) if places.len() == 1 => one,
                _ => panic!("a column is chosen twice"),
            };
            self.columns.push(kept);
        }
        Ok(self)
    }

    /// These rows, in this order, in memory.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[must_use]
    pub fn at_rows(&self, rows: &[usize]) -> Self {
        let label = |labels: &Vec<String>| rows.iter().map(|&row| labels[row].clone()).collect();
        Self {
            name: self.name.clone(),
            columns: self.columns.iter().map(|(name, of)| (name.clone(), of.at_rows(rows))).collect(),
            labels: self.labels.as_ref().map(label),
            label_names: self.label_names.clone(),
            times: self.times.as_ref().map(|times| times.at_rows(rows)),
            reading: Reading::default(),
            lines: self.lines.at_rows(rows),
            memory: self.memory,
        }
    }

    /// The entry of [`Self::columns`] that holds a column, and its place in that.
    pub(crate) fn part(&self, column: usize) -> (usize, usize) {
        let mut left = column;
        for (part, (_, of)) in self.columns.iter().enumerate() {
            if left < of.width() {
                return (part, left);
            }
            left -= of.width();
        }
        panic!("column {column} of {}", self.width());
    }
}
