//! Names and values.

use maud::{Markup, html};

/// A table of two columns.
pub(crate) fn facts(heading: &[String; 2], lines: &[[String; 2]]) -> Markup {
    html! {
        div.scroll { table {
            thead { tr { th { (heading[0]) } th { (heading[1]) } } }
            tbody { @for [name, value] in lines { tr { th scope="row" { (name) } td { (value) } } } }
        } }
    }
}
