//! The parameters of a state space model: what each column sees of the states, and what each state is moved by.

use elbo_fit::figure::Dynamics;
use maud::{Markup, html};

use crate::{
    number::{decimals, number, significant},
    page::captioned,
};

/// Columns of the first table at most.
const COLUMNS: usize = 80;

/// Two tables.
pub(crate) fn dynamics(of: &Dynamics) -> Markup {
    let d = of.states.len();
    let table = html! {
        div.scroll { table {
            thead { tr {
                th { "column" }
                @for state in &of.states { th { "weight of " (state) } }
                th { "noise, sd" }
            } }
            tbody { @for (p, name) in of.columns.iter().enumerate().take(COLUMNS) { tr {
                th scope="row" { (name) }
                @let weights = &of.weights[p * d..(p + 1) * d];
                @for w in weights { td { (number(*w, decimals(weights, 4))) } }
                td { (significant(of.noise[p])) }
            } } }
        } }
        div.scroll { table {
            thead { tr {
                th { "next" }
                @for state in &of.states { th { "from " (state) } }
                th { "noise, sd" }
            } }
            tbody { @for (k, name) in of.states.iter().enumerate() { tr {
                th scope="row" { (name) }
                @for i in k * d..(k + 1) * d {
                    td { (number(of.transition[i], 4)) @if let Some(sd) = of.deviation.get(i) { " ± " (number(*sd, 4)) } }
                }
                td { (significant(of.drive[k])) }
            } } }
        } }
    };
    captioned(
        &table,
        &html! {
            "Above, each column is the sum of the states by these weights, and noise, in the units of the column. Below stands what "
            "a state is made of one row later."
            @if of.columns.len() > COLUMNS { " The first " (COLUMNS) " of " (of.columns.len()) " columns." }
            @if d > 1 { " States are defined up to a linear map; those that are not needed have weights of 0." }
        },
    )
}
