//! A frame as numbers alone, and by what it is known again.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::Frame;
use super::column::{Cell, Column};
use super::matrix::Matrix;
use super::sparse::Sparse;
use crate::cells::{Cells, Number};
use crate::collector::SpillBuffer;
use crate::dataset::Dataset;
use crate::error::{CellFault, Error};
use crate::fingerprint::{hash_entries, hash_numbers, hexadecimal};

/// What becomes of missing cells where numbers are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The first is an error.
    Refused,
    /// Each is NaN.
    IsNan,
}

impl Frame {
    /// All columns as one matrix of numbers; counts and 0/1 are numbers too. A matrix of this kind of number alone is moved,
    /// not copied.
    ///
    /// # Errors
    ///
    /// A frame without columns, or with columns of other lengths; a column that holds no numbers; a cell that is infinite, or
    /// beyond the range of `T`, or missing where that is refused; no space for a temporary file.
    pub fn numbers<T: Number>(self, missing: Missing) -> Result<Dataset<T>, Error> {
        self.check_numbers::<T>(missing)?;
        self.into_dataset()
    }

    /// Checks that every cell is a number that `T` can hold.
    fn check_numbers<T: Number>(&self, missing: Missing) -> Result<(), Error> {
        let rows = self.rows()?;
        let fault = |value: f64| match T::of(value).into() {
            _ if value.is_nan() => (missing == Missing::Refused).then_some(CellFault::Empty),
            _ if value.is_infinite() => Some(CellFault::NotFinite),
            stored if stored.is_infinite() => Some(CellFault::TooLarge),
            _ => None,
        };
        let mut left = 0;
        for (name, column) in &self.columns {
            for row in 0..rows {
                for place in 0..column.width() {
                    let Some(value) = column.number(row, place) else {
                        let kind = column.kinds()[0];
                        return Err(Error::NotNumbers {
                            name: self.name.clone(),
                            column: name.clone(),
                            kind,
                        });
                    };
                    if let Some(fault) = fault(value) {
                        let place = self.place(row, left + place);
                        return Err(Error::Number { name: self.name.clone(), place, value, fault });
                    }
                }
            }
            left += column.width();
        }
        Ok(())
    }

    /// The columns as one matrix, where they hold numbers alone that `T` can hold.
    pub(crate) fn into_dataset<T: Number>(mut self) -> Result<Dataset<T>, Error> {
        let rows = self.rows()?;
        let columns: Vec<String> = self.names().map(Cow::into_owned).collect();
        if columns.is_empty() {
            return Err(Error::NoColumns { path: self.name.into() });
        }
        let (image, full_scale) = match &self.columns[..] {
            [(_, Column::Matrix(matrix))] => (matrix.image, matrix.full_scale),
            _ => (None, None),
        };
        let (parts, rest) = (std::mem::take(&mut self.columns), self);
        let values = match <[_; 1]>::try_from(parts) {
            Ok([(name, Column::Matrix(matrix))]) => match matrix.values.cells::<T>() {
                Ok(cells) => cells,
                Err(values) => {
                    let matrix = Matrix { values, ..matrix };
                    gathered(&[(name, Column::Matrix(matrix))], rows, rest.memory)?
                }
            },
            Ok(one) => gathered(&one, rows, rest.memory)?,
            Err(columns) => gathered(&columns, rows, rest.memory)?,
        };
        let Self { name, labels, label_names, times, lines, reading, .. } = rest;
        Ok(Dataset { name, columns, values, labels, label_names, image, full_scale, lines, reading, times })
    }

    /// The SHA-256 of the shape and the cells, in hexadecimal, with numbers as `T` holds them: equal for equal data,
    /// whatever the file was called and however it was written. Of numbers alone it is that of the
    /// [`Dataset`](Dataset::fingerprint), of sparse counts alone that of the [`Corpus`](crate::Corpus::fingerprint).
    ///
    /// # Errors
    ///
    /// [`Error::TableRows`] where columns differ in length.
    pub fn fingerprint<T: Number>(&self) -> Result<String, Error> {
        let rows = self.rows()?;
        let mut hash = Sha256::new();
        for size in [rows, self.width()] {
            hash.update((size as u64).to_le_bytes());
        }
        let is_dense = |column: &Column| !matches!(column, Column::Sparse(_));
        let numbers = |(_, column): &&(String, Column)| is_dense(column) && column.is_number();
        let dense: Vec<&(String, Column)> = self.columns.iter().filter(numbers).collect();
        let mut row_of = Vec::new();
        for row in 0..rows {
            row_of.clear();
            for (_, column) in &dense {
                let number = |place| T::of(column.number(row, place).unwrap_or(f64::NAN));
                row_of.extend((0..column.width()).map(number));
            }
            hash_numbers(&mut hash, &row_of);
        }
        for (_, column) in &self.columns {
            match column {
                Column::Sparse(Sparse { offsets, columns, counts, .. }) => {
                    hash_entries(&mut hash, offsets, columns, counts);
                }
                column if !column.is_number() => {
                    for row in 0..rows {
                        let Cell::Text(text) = column.cell(row, 0) else {
                            hash.update(u64::MAX.to_le_bytes());
                            continue;
                        };
                        hash.update((text.len() as u64).to_le_bytes());
                        hash.update(text.as_bytes());
                    }
                }
                _ => {}
            }
        }
        Ok(hexadecimal(hash))
    }
}

fn gathered<T: Number>(
    columns: &[(String, Column)],
    rows: usize,
    memory: Option<u64>,
) -> Result<Cells<T>, Error> {
    let mut values = SpillBuffer::new(memory);
    for row in 0..rows {
        for (_, column) in columns {
            for place in 0..column.width() {
                values.push(T::of(column.number(row, place).unwrap_or(f64::NAN)))?;
            }
        }
    }
    values.finish()
}
