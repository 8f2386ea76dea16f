//! Named columns of results.

use std::io::{self, Write};
use std::path::Path;

use npyz::WriterBuilder;

use crate::atomic::{Writer, replace};
use crate::{Error, parquet_file, write_atomically};

/// The cells of one column.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Numbers.
    Real(Vec<f64>),
    /// Text.
    Text(Vec<String>),
}

impl Column {
    fn len(&self) -> usize {
        match self {
            Self::Real(values) => values.len(),
            Self::Text(values) => values.len(),
        }
    }

    fn cell(&self, row: usize) -> String {
        match self {
            Self::Real(values) => shortest(values[row]),
            Self::Text(values) => values[row].clone(),
        }
    }
}

/// A table of results: columns of equal length, each with a name.
///
/// ```
/// use elbo_data::{Column, Table};
///
/// let mut table = Table::new();
/// table.push("kind", Column::Text(vec!["short".into(), "long".into()]));
/// table.push("minutes", Column::Real(vec![1.8, 3.0]));
/// let mut text = Vec::new();
/// table.write_csv(&mut text)?;
/// assert_eq!(text, b"kind,minutes\nshort,1.8\nlong,3\n");
/// # Ok::<(), elbo_data::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Names and cells, from left to right.
    pub columns: Vec<(String, Column)>,
}

impl Table {
    /// A table without columns.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column at the right.
    pub fn push(&mut self, name: impl Into<String>, column: Column) {
        self.columns.push((name.into(), column));
    }

    /// Writes the table, replacing the file in one step, in the format its name
    /// ends in: `.csv`, `.npy` (a matrix of 64-bit floats, row after row) or
    /// `.parquet`.
    ///
    /// # Errors
    ///
    /// Another ending, text in an `.npy` file, columns of different lengths,
    /// or a file that cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
        match ending.to_str() {
            Some("csv") => {
                let rows = self.rows()?;
                replace(path, |file| self.csv(rows, file))
            }
            Some("npy") => {
                let (rows, columns) = (self.rows()?, self.numbers(path)?);
                replace(path, |file| npy(rows, &columns, file))
            }
            Some("parquet") => {
                self.rows()?;
                write_atomically(path, &parquet_file::bytes(self)?)
            }
            _ => Err(Error::TableEnding { path: path.to_owned() }),
        }
    }

    /// Writes the table as CSV, numbers in the shortest form that reads back as
    /// the same 64-bit float.
    ///
    /// # Errors
    ///
    /// Columns of different lengths, or a stream that fails.
    pub fn write_csv(&self, stream: impl Write) -> Result<(), Error> {
        let rows = self.rows()?;
        self.csv(rows, stream).map_err(|cause| Error::Stream { cause })
    }

    fn csv(&self, rows: usize, stream: impl Write) -> io::Result<()> {
        let write = || -> io::Result<()> {
            let mut writer = csv::Writer::from_writer(stream);
            writer.write_record(self.columns.iter().map(|(name, _)| name))?;
            for row in 0..rows {
                writer.write_record(self.columns.iter().map(|(_, column)| column.cell(row)))?;
            }
            writer.flush()
        };
        write().map_err(plain)
    }

    /// The number of rows, the same in every column.
    pub(crate) fn rows(&self) -> Result<usize, Error> {
        let expected = self.columns.first().map_or(0, |(_, column)| column.len());
        match self.columns.iter().find(|(_, column)| column.len() != expected) {
            Some((name, column)) => {
                Err(Error::TableRows { column: name.clone(), expected, actual: column.len() })
            }
            None => Ok(expected),
        }
    }

    fn numbers(&self, path: &Path) -> Result<Vec<&Vec<f64>>, Error> {
        self.columns
            .iter()
            .map(|(name, column)| match column {
                Column::Real(values) => Ok(values),
                Column::Text(_) => Err(Error::TableText { path: path.to_owned(), column: name.clone() }),
            })
            .collect()
    }
}

/// The system's own error, which the CSV writer wraps into one of no kind.
fn plain(error: io::Error) -> io::Error {
    match error.downcast::<csv::Error>().map(csv::Error::into_kind) {
        Ok(csv::ErrorKind::Io(cause)) => cause,
        Ok(other) => io::Error::other(format!("{other:?}")),
        Err(error) => error,
    }
}

fn npy(rows: usize, columns: &[&Vec<f64>], file: &mut Writer<'_>) -> io::Result<()> {
    let mut writer = npyz::WriteOptions::<f64>::new()
        .default_dtype()
        .shape(&[rows as u64, columns.len() as u64])
        .writer(file)
        .begin_nd()?;
    for row in 0..rows {
        writer.extend(columns.iter().map(|column| column[row]))?;
    }
    writer.finish()
}

/// The shortest text that reads back as the same number, with an exponent only
/// where the digits would be many.
fn shortest(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && size.is_finite() && !(1e-5..1e16).contains(&size) {
        format!("{value:e}")
    } else {
        value.to_string()
    }
}
