//! Rows of tabular data.

use maud::{Markup, html};

use crate::number::beside;

/// How many columns a table shows.
pub(crate) const COLUMNS: usize = 8;

/// Groups of named rows under the names of the first columns.
pub(crate) fn table(columns: &[String], groups: &[Vec<(String, &[f64])>]) -> Markup {
    let width = groups.iter().flatten().map(|(_, row)| row.len()).max().unwrap_or(0).min(COLUMNS);
    let spread = |c: usize| {
        let column = || groups.iter().flatten().filter_map(move |(_, row)| row.get(c).copied());
        column().fold(f64::NEG_INFINITY, f64::max) - column().fold(f64::INFINITY, f64::min)
    };
    let spreads: Vec<f64> = (0..width).map(spread).collect();
    html! {
        div.scroll {
            table {
                thead {
                    tr {
                        th {}
                        @for c in 0..width {
                            th { @match columns.get(c) { Some(name) => (name), None => { "column " (c) } } }
                        }
                    }
                }
                @for group in groups {
                    tbody {
                        @for (name, row) in group {
                            tr { th scope="row" { (name) } @for (&value, &spread) in row.iter().zip(&spreads) { td { (beside(value, spread)) } } }
                        }
                    }
                }
            }
        }
    }
}

/// What a caption says of the columns left out.
pub(crate) fn omitted(rows: &[Vec<f64>]) -> Markup {
    let width = rows.first().map_or(0, Vec::len);
    html! { @if width > COLUMNS { " The first " (COLUMNS) " of " (width) " columns are shown." } }
}
