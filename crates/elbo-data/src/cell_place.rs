//! Where a cell is, as messages say it.

use std::fmt::{self, Display};

use crate::names::brief;

/// A cell of a file: its column by name and its line, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellPlace {
    /// The column's name.
    pub column: String,
    /// The line of the file; of images the row, from 1.
    pub line: usize,
}

impl Display for CellPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column `{}` line {}", brief(&self.column), self.line)
    }
}
