//! Refusing the cells of rows.

use crate::{Error, error::Domain};

/// Refuses the first cell of rows `[N, columns]` that is `wrong`.
pub(super) fn check_cells(
    x: &[f64],
    columns: usize,
    wrong: impl Fn(f64) -> bool,
    domain: Domain,
) -> Result<(), Error> {
    match x.iter().position(|&x| wrong(x)) {
        Some(cell) => Err(wrong_cell(cell, columns, x[cell], domain)),
        None => Ok(()),
    }
}

/// Refuses an infinite cell of rows `[N, columns]`; a missing one is NaN.
pub(super) fn check_finite(x: &[f64], columns: usize) -> Result<(), Error> {
    check_cells(x, columns, f64::is_infinite, Domain::FiniteOrMissing)
}

/// The error of cell number `cell`.
pub(super) fn wrong_cell(cell: usize, columns: usize, value: f64, domain: Domain) -> Error {
    let what = format!("row {}, column {}", cell / columns + 1, cell % columns + 1);
    Error::Domain { what, value, domain }
}
