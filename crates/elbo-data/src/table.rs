//! Named columns of results.

use std::io::{self, Write};
use std::path::Path;

use npyz::WriterBuilder;

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
        let bytes = match ending.to_str() {
            Some("csv") => {
                let mut bytes = Vec::new();
                self.write_csv(&mut bytes)?;
                bytes
            }
            Some("npy") => self.npy(path)?,
            Some("parquet") => {
                self.rows()?;
                parquet_file::bytes(self)?
            }
            _ => {
                return Err(Error::TableEnding { path: path.to_owned() });
            }
        };
        write_atomically(path, &bytes)
    }

    /// Writes the table as CSV, numbers in the shortest form that reads back as
    /// the same 64-bit float.
    ///
    /// # Errors
    ///
    /// Columns of different lengths, or a stream that fails.
    pub fn write_csv(&self, stream: impl Write) -> Result<(), Error> {
        let rows = self.rows()?;
        let write = || -> io::Result<()> {
            let mut writer = csv::Writer::from_writer(stream);
            writer.write_record(self.columns.iter().map(|(name, _)| name))?;
            for row in 0..rows {
                writer.write_record(self.columns.iter().map(|(_, column)| column.cell(row)))?;
            }
            writer.flush()
        };
        write().map_err(|cause| Error::Stream { cause: plain(cause) })
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

    fn npy(&self, path: &Path) -> Result<Vec<u8>, Error> {
        let rows = self.rows()?;
        let columns = self
            .columns
            .iter()
            .map(|(name, column)| match column {
                Column::Real(values) => Ok(values),
                Column::Text(_) => Err(Error::TableText { path: path.to_owned(), column: name.clone() }),
            })
            .collect::<Result<Vec<_>, _>>()?;
        npy_bytes(rows, &columns).map_err(|cause| Error::Write { path: path.to_owned(), cause })
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

fn npy_bytes(rows: usize, columns: &[&Vec<f64>]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut writer = npyz::WriteOptions::<f64>::new()
        .default_dtype()
        .shape(&[rows as u64, columns.len() as u64])
        .writer(&mut bytes)
        .begin_nd()?;
    for row in 0..rows {
        writer.extend(columns.iter().map(|column| column[row]))?;
    }
    writer.finish()?;
    Ok(bytes)
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
