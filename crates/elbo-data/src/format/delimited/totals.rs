//! Rows that sum up others: by what they are called, or by their numbers.

use super::cell::{is_missing, number};
use super::records::Record;

/// What a row of a table is called where it sums up the others, in lower case.
const TOTALS: [&str; 20] = [
    "total",
    "totals",
    "grand total",
    "all",
    "overall",
    "sum",
    "subtotal",
    "average",
    "mean",
    "summe",
    "gesamt",
    "gesamtsumme",
    "insgesamt",
    "mittelwert",
    "durchschnitt",
    "somme",
    "moyenne",
    "totale",
    "suma",
    "media",
];

/// Whether a cell calls its row one that sums up others.
pub(in crate::format) fn names_total(cell: &str) -> bool {
    // Most cells are longer, or numbers.
    cell.len() < 20
        && cell.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && TOTALS.contains(&cell.trim_end_matches(':').trim().to_lowercase().as_str())
}

/// The fewest rows of which another may be the sum by its numbers alone, and by how much it is then larger than all of them.
const LEAST: f64 = 3.0;
const ABOVE: f64 = 1.5;

/// What the numbers of a column add up to.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::format) struct Sums {
    sum: f64,
    /// The sum of their sizes, and the largest of them.
    size: f64,
    largest: f64,
    count: f64,
    /// How many are not 0.
    some: usize,
    /// How many cells are empty.
    empty: usize,
}

impl Sums {
    /// Takes the cell of a row, if it is a number.
    pub(in crate::format) fn take(&mut self, cell: &str) {
        self.empty += usize::from(cell.is_empty());
        let x = number::<f64>(cell).unwrap_or(f64::NAN);
        if x.is_finite() {
            self.sum += x;
            self.size += x.abs();
            self.largest = self.largest.max(x.abs());
            self.count += 1.0;
            self.some += usize::from(x != 0.0);
        }
    }

    fn is_near(&self, x: f64, value: f64, rounding: f64) -> bool {
        self.count > 1.0 && (x - value).abs() <= 1e-9 * self.size + rounding
    }

    /// Whether a number is their sum.
    pub(in crate::format) fn is_sum(&self, cell: &str) -> bool {
        number::<f64>(cell).is_ok_and(|x| self.is_near(x, self.sum, 0.0))
    }

    /// Whether a number is their sum or their mean.
    pub(super) fn is_total(&self, cell: &str) -> bool {
        self.size > 0.0 && (self.is_sum(cell) || self.is_mean(cell))
    }

    /// Whether a number is their mean, of as many digits as are written.
    fn is_mean(&self, cell: &str) -> bool {
        let digits =
            cell.split_once('.').map_or(0, |(_, digits)| i32::try_from(digits.len()).unwrap_or(i32::MAX));
        let near = |x| self.is_near(x, self.sum / self.count, 0.5 * 10_f64.powi(-digits));
        digits > 0 && number::<f64>(cell).is_ok_and(near)
    }
}

/// Whether all numbers of a row that nothing names are the sums of those above it, and no chance: far above each of them, in
/// two columns or more, or in one where it alone lacks a name. A row with a name or a date of its own is none, and means may be
/// those of any row.
pub(super) fn sums_up(row: &Record, sums: &[Sums], text: impl Fn(usize) -> bool) -> bool {
    let cells = || row.cells().zip(sums).filter(|(cell, _)| number::<f64>(cell).is_ok());
    // What is 0 throughout, or has one number, is its own sum.
    let telling = || cells().filter(|(_, sums)| sums.some > 1);
    let unnamed = row
        .cells()
        .zip(sums)
        .enumerate()
        .any(|(i, (cell, sums))| cell.is_empty() && sums.empty == 0 && text(i));
    row.cells().all(|cell| number::<f64>(cell).is_ok() || is_missing(cell))
        && telling().count() >= if unnamed { 1 } else { 2 }
        && telling().all(|(_, sums)| sums.sum.abs() >= ABOVE * sums.largest)
        && cells().all(|(cell, sums)| sums.count >= LEAST && sums.is_sum(cell))
}
