//! Lines of a text table that are no rows: comments, and what stands above the table.

/// Which lines are left out, and which were.
#[derive(Debug, Clone, Default)]
pub(super) struct Comments {
    /// Whether lines that begin with a mark are comments.
    pub(super) marked: bool,
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
        let out = line <= self.above || (self.marked && is_comment(text));
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
}

/// Whether a line begins as comments do; a mark of a missing cell is none.
pub(super) fn is_comment(text: &str) -> bool {
    let text = text.trim_start();
    let error = ["#N/A", "#NA", "#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#NAME?", "#NULL!"];
    (text.starts_with(['#', '%']) || text.starts_with("//"))
        && !error.iter().any(|mark| text.starts_with(mark))
}
