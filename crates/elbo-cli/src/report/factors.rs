//! The loadings of a factor analysis.

use elbo::mean_field::factor_analysis::Posterior;
use maud::{Markup, html};
use serde::Serialize;

use super::{captioned, plot::number};

/// The loadings of the dimensions that are active, and the noise of each column.
#[derive(Serialize)]
pub(crate) struct Loadings {
    columns: Vec<String>,
    latent: usize,
    /// E\[W\], `[D, K]`.
    weights: Vec<f64>,
    /// The standard deviation of each column's noise.
    noise: Vec<f64>,
    /// The standard deviation of each column, which its weights and its noise are in units of.
    deviations: Vec<f64>,
    /// The active dimensions, from 1, the strongest first.
    pub(crate) dimensions: Vec<usize>,
}

impl Loadings {
    /// `deviations` are those of the columns that q is of.
    pub(crate) fn of(columns: &[String], deviations: &[f64], q: &Posterior) -> Self {
        let active = q.active();
        let mut all = Self {
            columns: columns.to_vec(),
            latent: q.latent(),
            weights: q.loadings.clone(),
            noise: (0..columns.len()).map(|d| q.noise_precision(d).recip().sqrt()).collect(),
            deviations: deviations.to_vec(),
            dimensions: (1..=q.latent()).filter(|&k| active[k - 1]).collect(),
        };
        let mut order = all.dimensions.clone();
        order.sort_by(|&a, &b| all.strength(b).total_cmp(&all.strength(a)));
        all.dimensions = order;
        all
    }

    /// How much of the columns' variance a dimension explains, in their units.
    fn strength(&self, k: usize) -> f64 {
        self.weights.iter().skip(k - 1).step_by(self.latent).map(|w| w * w).sum()
    }
}

/// Rows and columns of the table at most.
const COLUMNS: usize = 80;
const DIMENSIONS: usize = 10;

/// A table whose cells are tinted by size and sign.
pub(crate) fn loadings(all: &Loadings) -> Markup {
    let shown = &all.dimensions[..all.dimensions.len().min(DIMENSIONS)];
    let most = all.weights.iter().fold(f64::MIN_POSITIVE, |most, w| most.max(w.abs()));
    let cell = |d: usize, k: usize| {
        let w = all.weights[d * all.latent + k - 1];
        let ink = if w < 0.0 { "var(--train)" } else { "var(--validation)" };
        let share = number(70.0 * w.abs() / most, 0);
        html! { td style={ "background:color-mix(in srgb," (ink) " " (share) "%,transparent)" } { (number(w, 2)) } }
    };
    let table = html! {
        div.scroll { table {
            thead { tr { th { "column" } @for k in shown { th { "dim. " (k) } } th { "noise sd" } } }
            tbody { @for (d, name) in all.columns.iter().enumerate().take(COLUMNS) { tr {
                th scope="row" { (name) }
                @for &k in shown { (cell(d, k)) }
                td { (number(all.noise[d], 3)) }
            } } }
        } }
    };
    captioned(
        &table,
        &html! {
            "How each column moves with each active dimension, the strongest first, for a step of one standard deviation of the "
            "latent; blue is up, orange down. The noise is what the dimensions leave."
            @if shown.len() < all.dimensions.len() { " The " (DIMENSIONS) " strongest of " (all.dimensions.len()) " dimensions." }
            @if all.columns.len() > COLUMNS { " The first " (COLUMNS) " of " (all.columns.len()) " columns." }
        },
    )
}
