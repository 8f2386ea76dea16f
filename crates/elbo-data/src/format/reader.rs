//! What a format is to those that read it.

use std::path::Path;

use crate::error::Error;
use crate::frame::Frame;
use crate::options::ReadOptions;
use crate::source::Source;

/// A format that is read.
pub(crate) trait Format: Sync {
    /// What remedies call a file of it: with its endings, where its content does not tell.
    fn name(&self) -> &'static str;

    /// The endings of the names of its files, in lower case.
    fn endings(&self) -> &'static [&'static str];

    /// Whether a file is of it by its first bytes; content goes before name.
    fn begins(&self, _head: &[u8]) -> bool {
        false
    }

    /// Whether a file is of it by its name, in lower case and without the ending of its packing.
    fn is_named(&self, name: &str) -> bool {
        name.rsplit_once('.').is_some_and(|(_, ending)| self.endings().contains(&ending))
    }

    /// Reads a file from its start.
    fn read(&self, source: &mut Source, options: &ReadOptions) -> Result<Frame, Error>;

    /// Reads a file from its start as sparse counts, where it is of a format that is made for them.
    fn read_counts(&self, source: &mut Source, options: &ReadOptions) -> Result<Frame, Error> {
        self.read(source, options)
    }
}

/// What is asked of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContentKind {
    /// Rows of cells.
    Rows,
    /// Sparse counts.
    Counts,
}

/// Height times width must be the number of columns.
pub(crate) fn check_image(path: &Path, image: Option<(usize, usize)>, columns: usize) -> Result<(), Error> {
    match image {
        Some((height, width)) if height.checked_mul(width) != Some(columns) => {
            Err(Error::ImageShape { path: path.to_owned(), height, width, columns })
        }
        _ => Ok(()),
    }
}
