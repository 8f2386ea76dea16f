//! Tables of what was found.

use elbo_data::{Column, Table};

/// A table of named columns from its cells, row by row.
pub(crate) fn of(names: &[String], cells: &[f64]) -> Table {
    let mut table = Table::new();
    for (place, name) in names.iter().enumerate() {
        let column = cells.iter().skip(place).step_by(names.len()).copied();
        table.push(name, Column::Real(column.collect()));
    }
    table
}
