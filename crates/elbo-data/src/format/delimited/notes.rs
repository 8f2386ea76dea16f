//! Notes below a table: its sources, and what its marks mean.

use super::cell::is_text;
use super::header::is_name;
use super::records::Record;
use super::scan::ColumnScan;
use crate::names::brief;
use crate::reading::Reading;

/// The most lines of notes.
const MOST: usize = 100;

/// Records that are notes if no row follows: each is empty, or begins with text and lacks cells.
#[derive(Debug, Default)]
pub(super) struct Notes(Vec<Record>);

/// What a note begins with, in lower case, before a colon.
const WORDS: [&str; 26] = [
    "source",
    "sources",
    "data source",
    "data sources",
    "note",
    "notes",
    "footnote",
    "footnotes",
    "remark",
    "remarks",
    "nb",
    "n.b.",
    "legend",
    "copyright",
    "quelle",
    "quellen",
    "datenquelle",
    "anmerkung",
    "anmerkungen",
    "hinweis",
    "hinweise",
    "fuente",
    "nota",
    "notas",
    "fonte",
    "remarque",
];

impl Notes {
    /// Takes a record that may be a note; it follows rows of this width.
    pub(super) fn take(&mut self, record: &Record, width: usize) -> bool {
        let mut filled = record.cells().filter(|cell| !cell.is_empty()).peekable();
        let may_be = match filled.peek() {
            // The only cell of a row may be missing.
            None => width > 1,
            Some(first) if record.len() != width => is_text(first),
            Some(first) if width == 1 => is_text(first) && (record.empty > 0 || is_marked(first)),
            Some(first) => {
                let apart = record.empty > 0 || !self.0.is_empty();
                record.cells().any(str::is_empty) && is_text(first) && (apart || filled.all(is_text))
            }
        };
        let taken = may_be && self.0.len() < MOST;
        if taken {
            self.0.push(record.clone());
        }
        taken
    }

    /// Those that were taken are rows, since one follows.
    pub(super) fn rows(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.0)
    }

    /// Parts the rows from the notes, once all others are taken. Where empty rows are kept, those are rows that nothing
    /// follows but such.
    pub(super) fn part(&mut self, columns: &[ColumnScan], keep_empty: bool) -> Vec<Record> {
        if keep_empty && self.0.iter().all(is_blank) {
            return self.rows();
        }
        let mut apart = false;
        let mut rows = 0;
        for (i, record) in self.0.iter().enumerate() {
            apart |= record.empty > 0 || is_blank(record);
            if !is_blank(record) && !is_note(record, columns, apart) {
                (rows, apart) = (i + 1, false);
            }
        }
        let notes = self.0.split_off(rows);
        std::mem::replace(&mut self.0, notes)
    }

    /// The first line that is left out.
    pub(super) fn line(&self) -> Option<usize> {
        self.0.first().map(|record| record.line)
    }

    /// Says which lines are left out.
    pub(super) fn said(&self, reading: &mut Reading) {
        let (Some(first), Some(last)) = (self.0.first(), self.0.last()) else { return };
        let chosen = if first.line == last.line {
            format!("line {} is left out", first.line)
        } else {
            format!("lines {} to {} are left out", first.line, last.line)
        };
        let text = self.0.iter().flat_map(Record::cells).find(|cell| !cell.is_empty());
        let (of, why) = match text {
            Some(text) => ("notes", format!("text stands below the table: `{}`", brief(text))),
            None => ("empty rows", "no cell below the table holds anything".into()),
        };
        reading.decide(of, chosen, why, false);
    }
}

fn is_blank(record: &Record) -> bool {
    record.cells().all(str::is_empty)
}

/// Whether text with missing cells beside it is a note: it begins as one, or stands apart, or in a column of numbers or dates
/// where a cell is missing that no row lacks.
fn is_note(record: &Record, columns: &[ColumnScan], apart: bool) -> bool {
    let cells = || record.cells().zip(columns).filter(|(cell, _)| !cell.is_empty());
    let marked = record.cells().find(|cell| !cell.is_empty()).is_some_and(is_marked);
    if record.len() != columns.len() {
        return marked || apart;
    }
    let odd = cells().any(|(cell, column)| column.is_odd(cell) && is_name(cell, column));
    let lacking = record.cells().zip(columns).any(|(cell, column)| cell.is_empty() && column.is_full());
    let again = cells().any(|(cell, column)| column.is_date(cell) || column.has_level(cell));
    (odd && (lacking || apart || marked)) || (!again && (marked || apart) && cells().count() == 1)
}

/// Whether a text begins as notes do.
fn is_marked(text: &str) -> bool {
    let lower = text.to_lowercase();
    let word = lower.split(':').next().unwrap_or_default().trim();
    WORDS.contains(&word)
        || text.starts_with(['*', '†', '‡', '§', '©', '¹', '²', '³'])
        || ["(1)", "[1]", "1)"].iter().any(|mark| text.starts_with(mark))
}
