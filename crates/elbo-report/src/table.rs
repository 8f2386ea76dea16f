//! Rows of tabular data.

use maud::{Markup, html};

use crate::plot::number;

/// How many columns a table shows.
pub(crate) const COLUMNS: usize = 8;

/// Groups of named rows under the names of the first columns.
pub(crate) fn table(columns: &[String], groups: &[Vec<(String, &[f32])>]) -> Markup {
    let width = groups.iter().flatten().map(|(_, row)| row.len()).max().unwrap_or(0).min(COLUMNS);
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
                            tr { th scope="row" { (name) } @for &value in row.iter().take(width) { td { (figures(value)) } } }
                        }
                    }
                }
            }
        }
    }
}

/// What a caption says of the columns left out.
pub(crate) fn omitted(rows: &[Vec<f32>]) -> Markup {
    let width = rows.first().map_or(0, Vec::len);
    html! { @if width > COLUMNS { " The first " (COLUMNS) " of " (width) " columns are shown." } }
}

/// A value to four significant figures.
fn figures(value: f32) -> String {
    let value = f64::from(value);
    let size = value.abs();
    if value == 0.0 {
        "0".into()
    } else if !(1e-4..1e7).contains(&size) {
        format!("{value:.2e}").replace('-', "−")
    } else {
        let enough = |&d: &u8| size * 10f64.powi(d.into()) >= 1e3;
        number(value, (0..7).find(enough).unwrap_or(7).into())
    }
}
