//! Frames to files: a format a file, and a line of [`FORMATS`].

mod csv;
mod json;
mod npy;
mod parquet;

use std::path::Path;

use crate::error::Error;
use crate::frame::Frame;

/// A format that is written.
struct Format {
    /// The ending of the names of its files.
    ending: &'static str,
    /// Whether it holds text.
    text: bool,
    /// Writes a frame to a file, replacing it in one step.
    write: fn(&Frame, &Path) -> Result<(), Error>,
}

/// The formats that are written.
const FORMATS: &[Format] = &[
    Format { ending: "csv", text: true, write: csv::write },
    Format { ending: "npy", text: false, write: npy::write },
    Format { ending: "parquet", text: true, write: parquet::write },
    Format { ending: "json", text: true, write: json::write },
];

/// The format that a path asks for by its ending, in any case.
fn asked(path: &Path) -> Option<&'static Format> {
    let ending = path.extension()?;
    FORMATS.iter().find(|format| ending.eq_ignore_ascii_case(format.ending))
}

/// The endings of the files that [`Frame::write`] writes.
///
/// ```
/// assert!(elbo_data::written_endings().any(|ending| ending == "csv"));
/// ```
pub fn written_endings() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().map(|format| format.ending)
}

/// Whether a file that [`Frame::write`] writes can hold text, by the ending of its name; `None` of one that it does not write.
///
/// ```
/// use elbo_data::holds_text;
///
/// assert_eq!(holds_text("a.CSV".as_ref()), Some(true));
/// assert_eq!(holds_text("a.npy".as_ref()), Some(false));
/// assert_eq!(holds_text("a.xlsx".as_ref()), None);
/// ```
pub fn holds_text(path: &Path) -> Option<bool> {
    asked(path).map(|format| format.text)
}

impl Frame {
    /// Writes the columns, not the labels, replacing the file in one step, in the format its name ends in: `.csv`, `.npy` (a
    /// matrix of 64-bit floats, row after row), `.parquet` or `.json`.
    ///
    /// # Errors
    ///
    /// Another ending, a column that holds no numbers in an `.npy` file, columns of different lengths, or a file that cannot
    /// be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let Some(format) = asked(path) else {
            let known = written_endings().map(|ending| format!(".{ending}")).collect();
            return Err(Error::TableEnding { path: path.to_owned(), known });
        };
        (format.write)(self, path)
    }
}
