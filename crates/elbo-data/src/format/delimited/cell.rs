//! What a cell of a text table says.

use crate::cells::Number;
use crate::error::CellFault;

/// The number that a cell holds.
pub(super) fn number<T: Number>(cell: &str) -> Result<T, CellFault> {
    if cell.is_empty() {
        return Err(CellFault::Empty);
    }
    match cell.parse::<T>() {
        Ok(value) if value.into().is_finite() => Ok(value),
        Ok(value) if value.into().is_infinite() && cell.contains(|c: char| c.is_ascii_digit()) => {
            Err(CellFault::TooLarge)
        }
        Ok(_) => Err(CellFault::NotFinite),
        Err(_) => Err(CellFault::NotANumber),
    }
}

/// The usual marks of a missing cell, in lower case.
const MISSING: [&str; 8] = ["na", "n/a", "null", "none", "?", "-", ".", "nan"];

/// Whether a cell that holds no number is missing; an infinity is not.
pub(super) fn is_missing(cell: &str, fault: CellFault) -> bool {
    fault == CellFault::Empty || MISSING.contains(&cell.to_lowercase().as_str())
}

/// Text, as opposed to a number or to one of the usual marks of a missing one.
pub(super) fn is_text(cell: &str) -> bool {
    number::<f64>(cell) == Err(CellFault::NotANumber) && !MISSING.contains(&cell.to_lowercase().as_str())
}
