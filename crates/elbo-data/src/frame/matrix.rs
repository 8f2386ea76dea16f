//! A block of equal columns: one matrix.

use crate::Error;
use crate::cells::{Cells, Number, Numbers};
use crate::collector::SpillBuffer;

/// Columns that are numbers of one kind side by side: an image, or a table of numbers.
///
/// The values are as stored in the file: nothing is scaled, centred or rounded; one that is missing is NaN.
#[derive(Debug)]
pub struct Matrix {
    /// The name of each column: from the header of a text table, else `pixel 3,4` (row, column, from 1) for images and
    /// `column 1` and so on.
    pub columns: Vec<String>,
    /// The values, row after row.
    pub values: Numbers,
    /// Height and width in pixels, when a row is an image.
    pub image: Option<(usize, usize)>,
    /// The value that means a full pixel: 255 for images of bytes, 1 where no byte exceeds 1, 16 for the built-in digits;
    /// `None` where unknown.
    pub full_scale: Option<f32>,
}

impl Matrix {
    /// A matrix that is no image.
    ///
    /// ```
    /// use elbo_data::Matrix;
    ///
    /// let matrix = Matrix::new(vec!["x".into(), "y".into()], vec![1.0_f32, 2.0, 3.0, 4.0]);
    /// assert_eq!((matrix.rows(), matrix.at(1, 0)), (2, 3.0));
    /// ```
    ///
    /// # Panics
    ///
    /// If the values are not whole rows.
    pub fn new<T: Number>(columns: Vec<String>, values: Vec<T>) -> Self
    where
        Numbers: From<Cells<T>>,
    {
        let (width, numbers) = (columns.len(), values.len());
        assert!(numbers.is_multiple_of(width.max(1)), "{numbers} values are no whole rows of {width}");
        Self { columns, values: Cells::from(values).into(), image: None, full_scale: None }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.values.len().checked_div(self.width()).unwrap_or(0)
    }

    /// The number of columns.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// The value of a row in a column, both from 0; NaN where it is missing.
    ///
    /// # Panics
    ///
    /// If there is no such place.
    pub fn at(&self, row: usize, column: usize) -> f64 {
        assert!(column < self.width(), "column {column} of {}", self.width());
        self.values.at(row * self.width() + column)
    }

    /// These rows, in this order, in memory.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[must_use]
    pub fn at_rows(&self, rows: &[usize]) -> Self {
        let values = match &self.values {
            Numbers::F32(cells) => picked(cells, self.width(), rows).into(),
            Numbers::F64(cells) => picked(cells, self.width(), rows).into(),
        };
        Self { columns: self.columns.clone(), values, ..*self }
    }

    /// Keeps these columns, in this order, in the place of all; unless they are all as they were, a row is no image then.
    ///
    /// # Errors
    ///
    /// [`Error::Spill`] where the values lie in a temporary file, and that cannot be written.
    ///
    /// # Panics
    ///
    /// If there is no such column, or are more than there are.
    pub fn keep_columns(mut self, columns: &[usize]) -> Result<Self, Error> {
        if columns.iter().copied().eq(0..self.width()) {
            return Ok(self);
        }
        match &mut self.values {
            Numbers::F32(cells) => cells.keep_columns(self.columns.len(), columns)?,
            Numbers::F64(cells) => cells.keep_columns(self.columns.len(), columns)?,
        }
        self.columns = columns.iter().map(|&column| self.columns[column].clone()).collect();
        self.image = None;
        Ok(self)
    }

    /// A copy of these columns, in this order; unless they are all as they were, a row is no image then.
    ///
    /// # Errors
    ///
    /// [`Error::Spill`] where the values take more bytes than `memory`, and the temporary file cannot be written.
    ///
    /// # Panics
    ///
    /// If there is no such column.
    pub fn at_columns(&self, columns: &[usize], memory: Option<u64>) -> Result<Self, Error> {
        let values = match &self.values {
            Numbers::F32(cells) => narrowed(cells, self.width(), columns, memory)?.into(),
            Numbers::F64(cells) => narrowed(cells, self.width(), columns, memory)?.into(),
        };
        let names = columns.iter().map(|&column| self.columns[column].clone()).collect();
        let same = columns.iter().copied().eq(0..self.width());
        let image = if same { self.image } else { None };
        Ok(Self { columns: names, values, image, full_scale: self.full_scale })
    }
}

fn picked<T: Number>(cells: &[T], width: usize, rows: &[usize]) -> Cells<T> {
    let row = |&row: &usize| &cells[row * width..(row + 1) * width];
    rows.iter().flat_map(row).copied().collect::<Vec<T>>().into()
}

fn narrowed<T: Number>(
    cells: &[T],
    width: usize,
    columns: &[usize],
    memory: Option<u64>,
) -> Result<Cells<T>, Error> {
    let mut kept = SpillBuffer::new(memory);
    for row in cells.chunks_exact(width.max(1)) {
        for &column in columns {
            kept.push(row[column])?;
        }
    }
    kept.finish()
}
