//! The loadings of a factor analysis.

use elbo_fit::figure::Loadings;
use maud::{Markup, html};

use crate::{
    number::{decimals, number, significant},
    page::captioned,
};

/// Rows and columns of the table at most.
const COLUMNS: usize = 80;
const DIMENSIONS: usize = 10;

/// A table whose cells are tinted by size and sign.
pub(crate) fn loadings(all: &Loadings) -> Markup {
    let shown = &all.dimensions[..all.dimensions.len().min(DIMENSIONS)];
    let most = all.weights.iter().fold(f64::MIN_POSITIVE, |most, w| most.max(w.abs()));
    let cell = |d: usize, k: usize| {
        let of_column = &all.weights[d * all.latent..(d + 1) * all.latent];
        let w = of_column[k - 1];
        let ink = if w < 0.0 { "var(--train)" } else { "var(--validation)" };
        let share = number(70.0 * w.abs() / most, 0);
        html! { td style={ "background:color-mix(in srgb," (ink) " " (share) "%,transparent)" } { (number(w, decimals(of_column, 3))) } }
    };
    let table = html! {
        div.scroll { table {
            thead { tr { th { "column" } @for k in shown { th { "dim. " (k) } } th { "noise sd" } } }
            tbody { @for (d, name) in all.columns.iter().enumerate().take(COLUMNS) { tr {
                th scope="row" { (name) }
                @for &k in shown { (cell(d, k)) }
                td { (significant(all.noise[d])) }
            } } }
        } }
    };
    captioned(
        &table,
        &html! {
            "The table says how each column moves with each active dimension, the strongest first, for a step of one standard "
            "deviation of the latent; blue is up, orange is down. The noise is what the dimensions leave."
            @if shown.len() < all.dimensions.len() { " It shows the " (DIMENSIONS) " strongest of " (all.dimensions.len()) " dimensions." }
            @if all.columns.len() > COLUMNS { " It shows the first " (COLUMNS) " of " (all.columns.len()) " columns." }
        },
    )
}
