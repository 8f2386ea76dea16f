//! Rows that sum up others: by what they are called, or by their numbers.

use super::cell::number;
use super::records::Record;
use super::written::written;

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
pub(super) fn names_total(cell: &str) -> bool {
    // Most cells are longer, or numbers.
    cell.len() < 20
        && cell.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && TOTALS.contains(&cell.trim_end_matches(':').trim().to_lowercase().as_str())
}

/// The fewest rows of which another may be the sum by its numbers alone.
const LEAST: f64 = 3.0;

/// What the numbers of a column add up to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    sum: f64,
    /// The sum of their sizes.
    size: f64,
    count: f64,
    /// How many are not 0.
    some: usize,
}

impl Sums {
    /// Takes the cell of a row, if it is a number.
    pub(super) fn take(&mut self, cell: &str) {
        let x = number::<f64>(cell).unwrap_or(f64::NAN);
        if x.is_finite() {
            self.sum += x;
            self.size += x.abs();
            self.count += 1.0;
            self.some += usize::from(x != 0.0);
        }
    }

    fn is_near(&self, x: f64, value: f64, rounding: f64) -> bool {
        self.count > 1.0 && (x - value).abs() <= 1e-9 * self.size + rounding
    }

    /// Whether a number is their sum.
    fn is_sum(&self, cell: &str) -> bool {
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

/// What all numbers of a row are of the rows above it, whatever it is called: two columns or more must say so, or one where
/// its name is missing.
pub(super) fn sums_up(row: &Record, sums: &[Sums], named: impl Fn(usize) -> bool) -> Option<&'static str> {
    let cells = || row.cells().zip(sums).filter(|(cell, _)| number::<f64>(cell).is_ok());
    // What is 0 throughout, or has one number, is its own sum.
    let telling = cells().filter(|(_, sums)| sums.some > 1).count();
    let unnamed = row.cells().enumerate().any(|(i, cell)| cell.is_empty() && named(i));
    let plain = row.cells().all(|cell| number::<f64>(cell).is_ok() || written(cell).is_none());
    let all =
        |holds: fn(&Sums, &str) -> bool| cells().all(|(cell, sums)| sums.count >= LEAST && holds(sums, cell));
    if !plain || telling < if unnamed { 1 } else { 2 } {
        None
    } else if all(Sums::is_sum) {
        Some("each of its numbers is the sum of those above")
    } else {
        (telling > 1 && all(Sums::is_mean)).then_some("each of its numbers is the mean of those above")
    }
}
