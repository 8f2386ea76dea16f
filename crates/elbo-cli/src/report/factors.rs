//! The loadings of a factor analysis.

use elbo::mean_field::factor_analysis::Posterior;
use maud::{Markup, html};

use super::{captioned, plot::number};

/// The loadings of the dimensions that are active, and the noise of each column.
pub(crate) struct Loadings {
    columns: Vec<String>,
    latent: usize,
    /// E\[W\], `[D, K]`.
    weights: Vec<f64>,
    /// The standard deviation of each column's noise.
    noise: Vec<f64>,
    /// The active dimensions.
    pub(crate) dimensions: Vec<usize>,
}

impl Loadings {
    pub(crate) fn of(columns: &[String], q: &Posterior) -> Self {
        let active = q.active();
        Self {
            columns: columns.to_vec(),
            latent: q.latent(),
            weights: q.loadings.clone(),
            noise: (0..columns.len()).map(|d| q.noise_precision(d).recip().sqrt()).collect(),
            dimensions: (0..q.latent()).filter(|&k| active[k]).collect(),
        }
    }

    /// How much of the columns' variance a dimension explains, in their units.
    fn strength(&self, k: usize) -> f64 {
        self.weights.iter().skip(k).step_by(self.latent).map(|w| w * w).sum()
    }

    /// The strongest dimensions first.
    pub(crate) fn sort(&mut self) {
        let mut order = self.dimensions.clone();
        order.sort_by(|&a, &b| self.strength(b).total_cmp(&self.strength(a)));
        self.dimensions = order;
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
        let w = all.weights[d * all.latent + k];
        let ink = if w < 0.0 { "var(--train)" } else { "var(--validation)" };
        let share = number(70.0 * w.abs() / most, 0);
        html! { td style={ "background:color-mix(in srgb," (ink) " " (share) "%,transparent)" } { (number(w, 2)) } }
    };
    let table = html! {
        div.scroll { table {
            thead { tr { th { "column" } @for k in shown { th { "dim. " (k + 1) } } th { "noise sd" } } }
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
