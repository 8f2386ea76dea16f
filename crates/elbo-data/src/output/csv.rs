//! Frames as CSV.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

use crate::atomic::replace;
use crate::error::Error;
use crate::frame::{Cell, Frame};

/// Writes a file.
pub(crate) fn write(frame: &Frame, path: &Path) -> Result<(), Error> {
    let rows = frame.rows()?;
    replace(path, |file| records(frame, rows, file))
}

impl Frame {
    /// Writes the columns, not the labels, as CSV, numbers in the shortest form that reads back as the same 64-bit float.
    ///
    /// ```
    /// use elbo_data::{Column, Frame};
    ///
    /// let frame = Frame::new()
    ///     .with("kind", Column::Text(vec!["short".into(), "long".into()]))
    ///     .with("minutes", Column::Real(vec![1.8, 3.0]));
    /// let mut text = Vec::new();
    /// frame.write_csv(&mut text)?;
    /// assert_eq!(text, b"kind,minutes\nshort,1.8\nlong,3\n");
    /// # Ok::<(), elbo_data::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Columns of different lengths, or a stream that fails.
    pub fn write_csv(&self, stream: impl Write) -> Result<(), Error> {
        let rows = self.rows()?;
        records(self, rows, stream).map_err(|cause| Error::Stream { cause })
    }
}

fn records(frame: &Frame, rows: usize, stream: impl Write) -> io::Result<()> {
    let write = || -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(stream);
        writer.write_record(frame.names().map(Cow::into_owned))?;
        for row in 0..rows {
            for (_, column) in &frame.columns {
                for place in 0..column.width() {
                    writer.write_field(&*text(column.cell(row, place)))?;
                }
            }
            writer.write_record(None::<&[u8]>)?;
        }
        writer.flush()
    };
    write().map_err(plain)
}

fn text(cell: Cell<'_>) -> Cow<'_, str> {
    match cell {
        Cell::Missing => "".into(),
        Cell::Real(value) => shortest(value).into(),
        Cell::Count(count) => count.to_string().into(),
        Cell::Text(text) => text,
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
