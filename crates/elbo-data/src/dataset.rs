//! A data set: rows, names and labels.

use bytemuck::bytes_of;
use sha2::{Digest, Sha256};

use crate::cell_place::CellPlace;
use crate::cells::{Cells, Number};
use crate::collector::SpillBuffer;
use crate::error::Error;
use crate::fingerprint::{hash_numbers, hexadecimal};
use crate::lines::Lines;
use crate::reading::Reading;
use crate::timeline::Times;

/// Rows of numbers, with the names and the labels that came with them.
///
/// The values are as stored in the file: nothing is scaled, centred or rounded.
///
/// ```
/// let digits = elbo_data::digits();
/// assert_eq!((digits.rows(), digits.width()), (1797, 64));
/// assert_eq!(digits.range(), (0.0, 16.0));
/// assert_eq!(digits.labels.as_ref().unwrap()[0], "0");
/// ```
#[derive(Debug)]
pub struct Dataset<T = f32> {
    /// The file's path as given, or `digits` for the built-in set.
    pub name: String,
    /// The name of each column: from the header of a CSV file, else
    /// `pixel 3,4` (row, column, from 1) for images and `column 1` and so on.
    pub columns: Vec<String>,
    /// The values, row after row.
    pub values: Cells<T>,
    /// One label per row, never part of the values.
    pub labels: Option<Vec<String>>,
    /// The names of the columns that they come from, where they come from some that have names.
    pub label_names: Vec<String>,
    /// Height and width in pixels, when a row is an image.
    pub image: Option<(usize, usize)>,
    /// The value that means a full pixel: 255 for images of bytes, 1 where no
    /// byte exceeds 1, 16 for the built-in digits; `None` where unknown.
    pub full_scale: Option<f32>,
    /// The line of the file on which each row stands; of images the row, from 1.
    pub lines: Lines,
    /// What was understood of the file, and why.
    pub reading: Reading,
    /// When each row was seen, where that was asked for.
    pub times: Option<Times>,
}

impl<T: Number> Dataset<T> {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.values.len().checked_div(self.width()).unwrap_or(0)
    }

    /// The number of columns, D.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// Row `i`, from 0.
    ///
    /// # Panics
    ///
    /// If there is no row `i`.
    pub fn row(&self, i: usize) -> &[T] {
        let width = self.width();
        &self.values[i * width..(i + 1) * width]
    }

    /// Where number `cell` of the values is in its file, as messages say it.
    ///
    /// ```
    /// assert_eq!(elbo_data::digits().place(64), "column `pixel 1,1` line 2");
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no column.
    pub fn place(&self, cell: usize) -> String {
        let (row, column) = (cell / self.width(), cell % self.width());
        CellPlace { column: self.columns[column].clone(), line: self.lines.of(row) }.to_string()
    }

    /// The values of column `d`, from 0.
    ///
    /// # Panics
    ///
    /// If there is no column `d`.
    pub fn column(&self, d: usize) -> impl Iterator<Item = T> + '_ {
        assert!(d < self.width(), "column {d} of {}", self.width());
        self.values.iter().skip(d).step_by(self.width()).copied()
    }

    /// Keeps these columns in this order; unless they are all as they were, a row is no image then.
    ///
    /// ```
    /// let digits = elbo_data::digits().keep_columns(&[3, 2])?;
    /// assert_eq!(digits.columns, ["pixel 1,4", "pixel 1,3"]);
    /// assert_eq!(digits.row(0), [13.0, 5.0]);
    /// # Ok::<(), elbo_data::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Spill`] where values lie in a temporary file, and that cannot be written.
    ///
    /// # Panics
    ///
    /// If there is no such column, or are more than there are.
    pub fn keep_columns(mut self, columns: &[usize]) -> Result<Self, Error> {
        if columns.iter().copied().eq(0..self.width()) {
            return Ok(self);
        }
        self.values.keep_columns(self.columns.len(), columns)?;
        self.columns = columns.iter().map(|&d| self.columns[d].clone()).collect();
        self.image = None;
        Ok(self)
    }

    /// The same rows with numbers of another kind, which `convert` makes of each cell by its number and its value; those that
    /// take more bytes than `memory` lie in a temporary file.
    ///
    /// # Errors
    ///
    /// [`Error::Spill`] where that file cannot be written.
    pub fn converted<U: Number>(
        self,
        memory: Option<u64>,
        convert: impl Fn(usize, T) -> U,
    ) -> Result<Dataset<U>, Error> {
        let mut values = SpillBuffer::new(memory);
        for (cell, &value) in self.values.iter().enumerate() {
            values.push(convert(cell, value))?;
        }
        let Self { name, columns, labels, label_names, image, full_scale, lines, reading, times, .. } = self;
        let values = values.finish()?;
        Ok(Dataset { name, columns, values, labels, label_names, image, full_scale, lines, reading, times })
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
            columns: self.columns.clone(),
            values: rows.iter().flat_map(|&row| self.row(row)).copied().collect::<Vec<T>>().into(),
            labels: self.labels.as_ref().map(label),
            label_names: self.label_names.clone(),
            lines: self.lines.at_rows(rows),
            reading: Reading::default(),
            times: self.times.as_ref().map(|times| times.at_rows(rows)),
            ..*self
        }
    }

    /// The smallest and the largest value, of those that are not missing.
    pub fn range(&self) -> (T, T) {
        self.values.iter().fold((T::of(f64::INFINITY), T::of(f64::NEG_INFINITY)), |(low, high), &value| {
            (if value < low { value } else { low }, if value > high { value } else { high })
        })
    }

    /// The columns, from 0, whose value is the same in every row.
    pub fn constant_columns(&self) -> Vec<usize> {
        let width = self.width();
        let mut constant: Vec<usize> = (0..width).collect();
        // Most columns leave the list within a few rows.
        for row in self.values.chunks_exact(width.max(1)) {
            constant.retain(|&column| bytes_of(&row[column]) == bytes_of(&self.values[column]));
        }
        constant
    }

    /// The SHA-256 of the shape and the values, in hexadecimal: equal for equal
    /// data, whatever the file was called and however it was compressed.
    pub fn fingerprint(&self) -> String {
        let mut hash = self.hash_of_shape();
        hash_numbers(&mut hash, &self.values);
        hexadecimal(hash)
    }

    /// Makes another data set of these rows, with their values as numbers of another kind.
    pub fn fingerprint_as<U: Number>(&self) -> String {
        let mut hash = self.hash_of_shape();
        for piece in self.values.chunks(4096) {
            let piece: Vec<U> = piece.iter().map(|&value| U::of(value.into())).collect();
            hash_numbers(&mut hash, &piece);
        }
        hexadecimal(hash)
    }

    fn hash_of_shape(&self) -> Sha256 {
        let mut hash = Sha256::new();
        for size in [self.rows(), self.width()] {
            hash.update((size as u64).to_le_bytes());
        }
        hash
    }
}

/// Rows of numbers as they were stored, without loss.
#[derive(Debug)]
pub enum AnyDataset {
    /// Numbers that 32 bits hold exactly: pixels, and files of such floats.
    Single(Dataset<f32>),
    /// Other numbers.
    Double(Dataset<f64>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::column_names;

    fn small() -> Dataset<f32> {
        Dataset {
            name: "small".into(),
            columns: column_names(&[3]),
            values: vec![1.0, 2.0, 3.0, 1.0, 5.0, 3.0].into(),
            labels: None,
            label_names: Vec::new(),
            image: None,
            full_scale: None,
            lines: Lines::default(),
            reading: Reading::default(),
            times: None,
        }
    }

    #[test]
    fn shape_rows_and_range() {
        let data = small();
        assert_eq!((data.rows(), data.width()), (2, 3));
        assert_eq!(data.row(1), [1.0, 5.0, 3.0]);
        assert_eq!(data.range(), (1.0, 5.0));
        assert_eq!(data.constant_columns(), [0, 2]);
    }

    #[test]
    fn rows_and_columns_are_chosen_in_any_order() {
        let data = Dataset { labels: Some(vec!["x".into(), "y".into()]), ..small() };
        assert_eq!(data.column(1).collect::<Vec<_>>(), [2.0, 5.0]);
        let rows = data.at_rows(&[1, 0, 1]);
        assert_eq!(rows.values[..], [1.0, 5.0, 3.0, 1.0, 2.0, 3.0, 1.0, 5.0, 3.0]);
        assert_eq!(rows.labels.unwrap(), ["y", "x", "y"]);
        let columns = data.keep_columns(&[2, 1]).unwrap();
        assert_eq!((columns.rows(), &columns.values[..]), (2, &[3.0, 2.0, 3.0, 5.0][..]));
        assert_eq!(
            (&columns.columns[..], columns.labels.unwrap().len()),
            (&["column 3".into(), "column 2".into()][..], 2)
        );
    }

    #[test]
    fn numbers_of_another_kind_keep_what_came_with_them() {
        let data = Dataset { labels: Some(vec!["x".into(), "y".into()]), ..small() };
        let print = data.fingerprint();
        let double = data.converted(Some(8), |cell, value| f64::from(value) + cell as f64).unwrap();
        assert_eq!(double.values[..], [1.0, 3.0, 5.0, 4.0, 9.0, 8.0]);
        assert_eq!((double.values.held(), double.labels.as_ref().unwrap().len()), (0, 2));
        let back = double.converted(None, |cell, value| (value - cell as f64) as f32).unwrap();
        assert_eq!(back.fingerprint(), print);
        let exact = back.converted(None, |_, value| f64::from(value)).unwrap();
        assert_eq!((exact.fingerprint_as::<f32>(), exact.fingerprint() == print), (print, false));
    }

    #[test]
    fn a_fingerprint_knows_values_and_shape_only() {
        let data = small();
        let print = data.fingerprint();
        assert_eq!(print.len(), 64);
        // sha256 of 2u64, 3u64 and the six floats, little endian (hashlib).
        assert_eq!(print, "a7c38e21f5f18add2e0cb397e7e198e39220a9e4019bea66b8931d41ee49e998");

        let mut renamed = small();
        renamed.name = "other".into();
        assert_eq!(renamed.fingerprint(), print);

        let changed = Dataset { values: vec![1.0, 2.0, 3.0, 1.0, 5.000_001, 3.0].into(), ..small() };
        assert_ne!(changed.fingerprint(), print);

        let mut reshaped = data;
        reshaped.columns.pop();
        assert_ne!(reshaped.fingerprint(), print);
    }
}
