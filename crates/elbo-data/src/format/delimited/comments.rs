//! Lines of a text table that are no rows: comments, and what stands above the table.

use super::cell::{is_error, is_narrow, number};
use crate::delimiter::Delimiter;

/// Which lines are left out, and which were.
#[derive(Debug, Clone, Default)]
pub(super) struct Comments {
    /// Whether lines that begin with a mark are comments.
    pub(super) marked: bool,
    /// The rows, where they are known: a line of their number of cells may be one.
    pub(super) rows: Option<Rows>,
    /// The last line above the table.
    pub(super) above: usize,
    /// How many lines were left out, and the first and the last of them.
    pub(super) left_out: usize,
    pub(super) first: Option<(usize, String)>,
    pub(super) last: usize,
    /// The last one before the first row, and its line.
    pub(super) above_rows: Option<(usize, String)>,
    pub(super) in_rows: bool,
}

impl Comments {
    /// Whether a line is left out.
    pub(super) fn take(&mut self, text: &str, line: usize) -> bool {
        let out = line <= self.above || (self.marked && is_comment(text) && !self.is_row(text));
        if out {
            self.left_out += 1;
            self.last = line;
            if !self.in_rows {
                self.above_rows = Some((line, text.trim().to_owned()));
            }
            self.first.get_or_insert_with(|| (line, text.trim().to_owned()));
        }
        out
    }

    /// Whether a line that begins as comments do is a row: it has as many cells, in a table whose first column is text; or its
    /// first cell is one that is too narrow for its number.
    fn is_row(&self, text: &str) -> bool {
        let Some(Rows { delimiter, width, text_first }) = self.rows else { return false };
        if width < 2 {
            return self.in_rows && is_narrow(text.trim());
        }
        let text = text.trim();
        let cells: Vec<&str> = match char::from(delimiter.byte()) {
            ' ' => text.split_ascii_whitespace().collect(),
            mark => text.split(mark).map(str::trim).collect(),
        };
        let width_of_line = cells.len();
        let mut cells = cells.into_iter();
        let narrow = cells.next().is_some_and(is_narrow);
        // Above the first row it may hold the names.
        let begun = self.in_rows || cells.any(|cell| number::<f64>(cell).is_ok());
        (width_of_line == width || text.contains('"')) && (narrow || (text_first && begun))
    }
}

/// How the rows of a table are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows {
    pub(super) delimiter: Delimiter,
    pub(super) width: usize,
    /// Whether the first cell is text in most of them.
    pub(super) text_first: bool,
}

/// Whether a line begins as comments do; a mark of a missing cell is none.
pub(super) fn is_comment(text: &str) -> bool {
    let text = text.trim_start();
    let first = text.split([',', ';', '\t', '|', ' ']).next().unwrap_or_default();
    (text.starts_with(['#', '%']) || text.starts_with("//")) && (is_narrow(first) || !is_error(first))
}
