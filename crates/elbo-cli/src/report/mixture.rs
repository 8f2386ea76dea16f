//! The components of a mixture: a table, and ellipses over the rows.

use maud::{Markup, html};
use plotters::prelude::*;
use serde::Serialize;

use super::{
    captioned,
    plot::{Axes, CATEGORIES, Ink, PX, decimals, number, padded},
};
use crate::mean_field::likeliest;

/// A component that has rows.
#[derive(Serialize)]
pub(crate) struct Component {
    /// From 1.
    pub(crate) number: usize,
    /// The rows that it is expected to have.
    pub(crate) rows: f64,
    pub(crate) share: f64,
    /// The mean of its rows, `[D]`.
    pub(crate) mean: Vec<f64>,
    /// Their covariance, `[D, D]`; none where cells are 0 or 1.
    pub(crate) covariance: Option<Vec<f64>>,
}

/// Columns of the table at most, and points of the picture.
const COLUMNS: usize = 12;
const POINTS: usize = 3000;
/// Points of an ellipse.
const AROUND: usize = 72;

/// A table of the components, the largest first.
pub(crate) fn components(columns: &[String], components: &[Component]) -> Markup {
    let mut sorted: Vec<&Component> = components.iter().collect();
    sorted.sort_by(|a, b| b.rows.total_cmp(&a.rows));
    let shown = columns.len().min(COLUMNS);
    let sd = |c: &Component, d: usize| c.covariance.as_ref().map(|v| v[d * columns.len() + d].sqrt());
    let table = html! {
        div.scroll {
            table {
                thead { tr {
                    th { "component" } th { "rows" } th { "share" }
                    @for name in &columns[..shown] { th { (name) } }
                } }
                tbody { @for component in sorted {
                    tr {
                        th scope="row" { (component.number) }
                        td { (number(component.rows, 1)) }
                        td { (number(component.share, 3)) }
                        @for d in 0..shown {
                            td { (number(component.mean[d], 3)) @if let Some(sd) = sd(component, d) { " ± " (number(sd, 3)) } }
                        }
                    }
                } }
            }
        }
    };
    captioned(
        &table,
        &html! {
            "The expected share of each component, and the mean of its rows in each column"
            @if components.iter().any(|c| c.covariance.is_some()) { " ± their standard deviation" }
            "; components with less than one row are left out."
            @if shown < columns.len() { " The first " (shown) " columns of " (columns.len()) "." }
        },
    )
}

/// The two columns that tell components apart best: the greatest variance of the means over that within.
fn telling(components: &[Component], width: usize) -> Option<(usize, usize)> {
    let total: f64 = components.iter().map(|c| c.rows).sum();
    let ratio = |d: usize| {
        let mean = components.iter().map(|c| c.rows * c.mean[d]).sum::<f64>() / total;
        let between: f64 = components.iter().map(|c| c.rows * (c.mean[d] - mean).powi(2)).sum();
        let within: f64 =
            components.iter().filter_map(|c| Some(c.rows * c.covariance.as_ref()?[d * width + d])).sum();
        between / within.max(f64::MIN_POSITIVE)
    };
    if width < 2 || components.iter().any(|c| c.covariance.is_none()) {
        return None;
    }
    let mut columns: Vec<usize> = (0..width).collect();
    columns.sort_by(|&a, &b| ratio(b).total_cmp(&ratio(a)));
    Some((columns[0].min(columns[1]), columns[0].max(columns[1])))
}

/// Rows in the plane of two columns, coloured by component, and each component's ellipse of two standard deviations.
pub(crate) fn ellipses(
    x: &[f64],
    columns: &[String],
    components: &[Component],
    responsibilities: impl Fn(&[f64]) -> Result<Vec<f64>, elbo::Error>,
) -> Option<Markup> {
    let width = columns.len();
    let (a, b) = telling(components, width)?;
    let rows = x.len() / width;
    let stride = rows.div_ceil(POINTS);
    let shown: Vec<f64> = x
        .chunks_exact(width)
        .step_by(stride)
        .filter(|row| !row[a].is_nan() && !row[b].is_nan())
        .flatten()
        .copied()
        .collect();
    let r = responsibilities(&shown).ok()?;
    let number_of_all = r.len() / (shown.len() / width).max(1);
    let outline = |component: &Component| -> Vec<(f64, f64)> {
        let covariance = component.covariance.as_ref().expect("checked");
        let [aa, ab, bb] = [(a, a), (a, b), (b, b)].map(|(i, j)| covariance[i * width + j]);
        let (l11, l21) = (aa.sqrt(), ab / aa.sqrt());
        let l22 = (bb - l21 * l21).max(0.0).sqrt();
        let point = |i: usize| {
            let turn = std::f64::consts::TAU * i as f64 / AROUND as f64;
            let (sin, cos) = turn.sin_cos();
            (component.mean[a] + 2.0 * l11 * cos, component.mean[b] + 2.0 * (l21 * cos + l22 * sin))
        };
        (0..=AROUND).map(point).collect()
    };
    let outlines: Vec<Vec<(f64, f64)>> = components.iter().map(outline).collect();
    let range = |column: usize, of: fn(&(f64, f64)) -> f64| {
        let rows = shown.iter().skip(column).step_by(width).copied();
        let all = rows.chain(outlines.iter().flatten().map(of));
        let (low, high) = all.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
        padded(low, high)
    };
    let (range_a, range_b) = (range(a, |p| p.0), range(b, |p| p.1));
    let places = decimals(&range_a, 8);
    let axes = Axes {
        size: (760, 540),
        x: range_a,
        y: range_b,
        x_name: &columns[a],
        y_name: &columns[b],
        x_ticks: 8,
        x_label: &|v| number(v, places),
    };
    // The colour of a component by its place among those shown.
    let colour = |k: usize| {
        let place = components.iter().position(|c| c.number == k + 1);
        place.map_or(Ink::Idle, |place| Ink::Category(place % CATEGORIES)).color()
    };
    let picture =
        axes.draw(|chart| {
            chart.draw_series(shown.chunks_exact(width).zip(r.chunks_exact(number_of_all)).map(
                |(row, r)| Circle::new((row[a], row[b]), 3 * PX, colour(likeliest(r)).mix(0.6).filled()),
            ))?;
            for (component, outline) in components.iter().zip(outlines) {
                let style = colour(component.number - 1).stroke_width(2 * PX);
                chart.draw_series(LineSeries::new(outline, style))?;
            }
            Ok(())
        });
    Some(captioned(
        &picture,
        &html! {
            "Each point is a row, coloured by the component that it most probably comes from; each ellipse holds two standard "
            "deviations of a component."
            @if width > 2 { " The two columns shown are those that tell the components apart best, of " (width) "." }
            @if stride > 1 { " One row in every " (stride) " is drawn." }
        },
    ))
}
