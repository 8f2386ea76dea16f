//! The components of a mixture: a table, and ellipses over the rows.

use elbo_fit::figure::{Component, Ellipse, Ellipses};
use maud::{Markup, html};
use plotters::prelude::*;

use crate::{
    number::{beside, label, number, significant},
    page::captioned,
    plot::{Axes, CATEGORIES, Ink, PX, extent, legend},
};

/// Columns of the table at most.
const COLUMNS: usize = 12;
/// Points of an ellipse.
const AROUND: usize = 72;

/// A table of the components, the largest first.
pub(crate) fn components(columns: &[String], components: &[Component]) -> Markup {
    let mut sorted: Vec<&Component> = components.iter().collect();
    sorted.sort_by(|a, b| b.rows.total_cmp(&a.rows));
    let shown = columns.len().min(COLUMNS);
    let sd = |c: &Component, d: usize| c.variance.as_ref().map(|v| v[d].sqrt());
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
                            td { (beside(component.mean[d], sd(component, d).unwrap_or(0.0))) @if let Some(sd) = sd(component, d) { " ± " (significant(sd)) } }
                        }
                    }
                } }
            }
        }
    };
    captioned(
        &table,
        &html! {
            "The table has the expected share of each component, and the mean of its rows in each column"
            @if components.iter().any(|c| c.variance.is_some()) { " ± their standard deviation" }
            "; components with less than one row are left out."
            @if shown < columns.len() { " It shows the first " (shown) " columns of " (columns.len()) "." }
        },
    )
}

/// Rows in the plane of two columns, coloured by component, and each component's ellipse of two standard deviations.
pub(crate) fn ellipses(of: &Ellipses) -> Markup {
    let outline = |ellipse: &Ellipse| -> Vec<(f64, f64)> {
        let ([a, b], [aa, ab, bb]) = (ellipse.mean, ellipse.covariance);
        let (l11, l21) = (aa.sqrt(), ab / aa.sqrt());
        let l22 = (bb - l21 * l21).max(0.0).sqrt();
        let point = |i: usize| {
            let turn = std::f64::consts::TAU * i as f64 / AROUND as f64;
            let (sin, cos) = turn.sin_cos();
            (a + 2.0 * l11 * cos, b + 2.0 * (l21 * cos + l22 * sin))
        };
        (0..=AROUND).map(point).collect()
    };
    let outlines: Vec<Vec<(f64, f64)>> = of.ellipses.iter().map(outline).collect();
    let range = |column: usize, place: fn(&(f64, f64)) -> f64| {
        extent(of.points.iter().map(|point| point[column]).chain(outlines.iter().flatten().map(place)))
    };
    let (range_a, range_b) = (range(0, |p| p.0), range(1, |p| p.1));
    let label = label(&range_a, 8);
    let axes = Axes {
        size: (760, 540),
        x: range_a,
        y: range_b,
        x_name: &of.names[0],
        y_name: &of.names[1],
        x_ticks: 8,
        x_label: &label,
    };
    // The colour of a component by its place among those shown.
    let ink = |number: usize| {
        let place = of.ellipses.iter().position(|ellipse| ellipse.number == number);
        place.map_or(Ink::Idle, |place| Ink::Category(place % CATEGORIES))
    };
    let colour = |number: usize| ink(number).color();
    let entry = |e: &Ellipse| ("dot", ink(e.number), format!("component {}", e.number));
    let key = legend(&of.ellipses.iter().map(entry).collect::<Vec<_>>());
    let picture = axes.draw(|chart| {
        chart.draw_series(
            of.points
                .iter()
                .zip(&of.of)
                .map(|(&[a, b], &number)| Circle::new((a, b), 3 * PX, colour(number).mix(0.6).filled())),
        )?;
        for (ellipse, outline) in of.ellipses.iter().zip(outlines) {
            let style = colour(ellipse.number).stroke_width(2 * PX);
            chart.draw_series(LineSeries::new(outline, style))?;
        }
        Ok(())
    });
    captioned(
        &html! { (key) (picture) },
        &html! {
            "Each point is a row, coloured by the component that it most probably comes from; each ellipse holds two standard "
            "deviations of a component."
            @if of.width > 2 { " The two columns shown are those that tell the components apart best, of " (of.width) "." }
            @if of.stride > 1 { " One row in every " (of.stride) " is drawn." }
        },
    )
}
