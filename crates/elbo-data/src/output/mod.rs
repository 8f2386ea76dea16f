//! Frames to files: a format a file, and a line of [`FORMATS`].

mod csv;
mod npy;
mod parquet;

use std::path::Path;

use crate::error::Error;
use crate::frame::Frame;

/// Writes a frame to a file, replacing it in one step.
type Write = fn(&Frame, &Path) -> Result<(), Error>;

/// The ending of a file's name, and who writes such files.
const FORMATS: &[(&str, Write)] = &[("csv", csv::write), ("npy", npy::write), ("parquet", parquet::write)];

/// The endings of the files that [`Frame::write`] writes.
///
/// ```
/// assert!(elbo_data::written_endings().any(|ending| ending == "csv"));
/// ```
pub fn written_endings() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().map(|&(ending, _)| ending)
}

impl Frame {
    /// Writes the columns, not the labels, replacing the file in one step, in the format its name ends in: `.csv`, `.npy` (a
    /// matrix of 64-bit floats, row after row) or `.parquet`.
    ///
    /// # Errors
    ///
    /// Another ending, a column that holds no numbers in an `.npy` file, columns of different lengths, or a file that cannot
    /// be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
        let Some((_, write)) = FORMATS.iter().find(|(known, _)| ending == *known) else {
            let known = written_endings().map(|ending| format!(".{ending}")).collect();
            return Err(Error::TableEnding { path: path.to_owned(), known });
        };
        write(self, path)
    }
}
