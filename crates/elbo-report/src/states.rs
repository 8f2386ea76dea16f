//! The states of a hidden Markov model: what each says of the columns, and what follows what.

use elbo_fit::figure::State;
use maud::{Markup, html};

use crate::{
    number::{beside, number, significant},
    page::captioned,
};

/// Columns of the table at most.
const COLUMNS: usize = 12;

/// A table of the states; `columns` names the means.
pub(crate) fn states(columns: &[String], states: &[State]) -> Markup {
    let shown = columns.len().min(COLUMNS);
    let table = html! {
        div.scroll { table {
            thead { tr {
                th { "state" } th { "rows" }
                @for name in &columns[..shown] { th { (name) } }
            } }
            tbody { @for (k, state) in states.iter().enumerate() { tr {
                th scope="row" { (k + 1) }
                td { (number(state.rows, 1)) }
                @for d in 0..shown {
                    td { (beside(state.mean[d], state.deviation[d].unwrap_or(0.0))) @if let Some(sd) = state.deviation[d] { " ± " (significant(sd)) } }
                }
            } } }
        } }
    };
    captioned(
        &table,
        &html! {
            "The table has the rows that each state is expected to have, and what it says of each column: the mean ± the standard "
            "deviation of numbers, the rate of counts, the probability of each class."
            @if shown < columns.len() { " It shows the first " (shown) " columns of " (columns.len()) "." }
        },
    )
}

/// A table of E\[A\].
pub(crate) fn transitions(matrix: &[Vec<f64>]) -> Markup {
    let stay = |p: f64| if p < 1.0 { number((1.0 - p).recip(), 1) } else { "∞".into() };
    let table = html! {
        div.scroll { table {
            thead { tr {
                th { "from" }
                @for k in 1..=matrix.len() { th { "to " (k) } }
                th { "rows at a time" }
            } }
            tbody { @for (k, row) in matrix.iter().enumerate() { tr {
                th scope="row" { (k + 1) }
                @for p in row { td { (number(*p, 3)) } }
                td { (stay(row[k])) }
            } } }
        } }
    };
    captioned(
        &table,
        &html! {
            "The table has the posterior mean of the probability of each state after each, and how many rows a stay of that "
            "probability lasts: 1/(1 − " i { "A" } sub { "kk" } ")."
        },
    )
}
