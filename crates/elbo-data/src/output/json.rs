//! Frames as JSON: an array of an object for each row, as pandas' `orient="records"` has it.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::atomic::replace;
use crate::error::Error;
use crate::frame::{Cell, Frame};

/// Writes a file.
pub(crate) fn write(frame: &Frame, path: &Path) -> Result<(), Error> {
    let rows = frame.rows()?;
    replace(path, |file| records(frame, rows, file))
}

impl Frame {
    /// Writes the columns, not the labels, as JSON: an array of an object for each row, numbers in the shortest form that
    /// reads back as the same 64-bit float. What is missing is `null`, and so is an infinite number, which JSON has not.
    ///
    /// ```
    /// use elbo_data::{Column, Frame};
    ///
    /// let frame = Frame::new()
    ///     .with("kind", Column::Text(vec!["short".into(), "long".into()]))
    ///     .with("minutes", Column::Real(vec![1.8, f64::NAN]));
    /// let mut text = Vec::new();
    /// frame.write_json(&mut text)?;
    /// assert_eq!(text, b"[\n{\"kind\":\"short\",\"minutes\":1.8},\n{\"kind\":\"long\",\"minutes\":null}\n]\n");
    /// # Ok::<(), elbo_data::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Columns of different lengths, or a stream that fails.
    pub fn write_json(&self, stream: impl Write) -> Result<(), Error> {
        let rows = self.rows()?;
        records(self, rows, stream).map_err(|cause| Error::Stream { cause })
    }
}

fn records(frame: &Frame, rows: usize, stream: impl Write) -> io::Result<()> {
    let mut stream = io::BufWriter::new(stream);
    let names: Vec<Cow<'_, str>> = frame.names().collect();
    stream.write_all(b"[")?;
    for row in 0..rows {
        stream.write_all(if row == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut stream, &Record { frame, names: &names, row })?;
    }
    stream.write_all(b"\n]\n")?;
    stream.flush()
}

/// A row.
struct Record<'a> {
    frame: &'a Frame,
    names: &'a [Cow<'a, str>],
    row: usize,
}

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.names.len()))?;
        let mut names = self.names.iter();
        for (_, column) in &self.frame.columns {
            for (place, name) in (0..column.width()).zip(&mut names) {
                match column.cell(self.row, place) {
                    Cell::Missing => map.serialize_entry(name, &())?,
                    Cell::Real(value) => map.serialize_entry(name, &value)?,
                    Cell::Count(count) => map.serialize_entry(name, &count)?,
                    Cell::Text(text) => map.serialize_entry(name, &text)?,
                }
            }
        }
        map.end()
    }
}
