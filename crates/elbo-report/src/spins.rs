//! The mean of each spin, beside the exact one where that is known.

use maud::{Markup, html};
use plotters::prelude::*;

use crate::{
    number::{number, whole},
    page::captioned,
    plot::{Axes, Ink, PX, legend},
};

/// Spins of the table at most.
const ROWS: usize = 40;

/// A picture and a table of m = E\[s\].
pub(crate) fn spins(names: &[String], means: &[f64], exact: Option<&[f64]>) -> Markup {
    let last = means.len() as f64;
    let axes = Axes {
        size: (960, 300),
        x: 0.4..last + 0.6,
        y: -1.05..1.05,
        x_name: "spin",
        y_name: "",
        x_ticks: means.len().min(21),
        x_label: &whole,
    };
    let point = |(i, m): (usize, &f64)| (i as f64 + 1.0, *m);
    let picture = axes.draw(|chart| {
        let zero = [(axes.x.start, 0.0), (axes.x.end, 0.0)];
        chart.draw_series(LineSeries::new(zero, Ink::Idle.color().stroke_width(PX)))?;
        for at in means.iter().enumerate().map(point) {
            let stem = Ink::Validation.color().mix(0.5).stroke_width(2 * PX);
            chart.draw_series(LineSeries::new([(at.0, 0.0), at], stem))?;
        }
        let dots = means.iter().enumerate().map(point);
        chart.draw_series(dots.map(|at| Circle::new(at, 4 * PX, Ink::Validation.color().filled())))?;
        let rings = exact.into_iter().flatten().enumerate().map(point);
        chart
            .draw_series(rings.map(|at| Circle::new(at, 7 * PX, Ink::Train.color().stroke_width(2 * PX))))?;
        Ok(())
    });
    let mut key = vec![("dot", Ink::Validation, "mean field".into())];
    if exact.is_some() {
        key.push(("ring", Ink::Train, "exact".into()));
    }
    let table = html! {
        div.scroll { table {
            thead { tr {
                th { "spin" } th { "mean" }
                @if exact.is_some() { th { "exact" } th { "difference" } }
            } }
            tbody { @for (i, name) in names.iter().enumerate().take(ROWS) { tr {
                th scope="row" { (name) }
                td { (number(means[i], 4)) }
                @if let Some(exact) = exact { td { (number(exact[i], 4)) } td { (number(means[i] - exact[i], 4)) } }
            } } }
        } }
    };
    captioned(
        &html! { (legend(&key)) (picture) (table) },
        &html! {
            "Each point is the mean of a spin, from −1 to 1."
            @if names.len() > ROWS { " The table has the first " (ROWS) " of " (names.len()) "." }
        },
    )
}
