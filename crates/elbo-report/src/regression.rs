//! The coefficients of a regression with their intervals, and the target against its prediction.

use elbo_fit::figure::Coefficient;
use maud::{Markup, html};
use plotters::prelude::*;

use crate::{
    number::{label, significant},
    page::captioned,
    plot::{Axes, Ink, PX, extent},
};

/// Points of the picture at most.
const POINTS: usize = 3000;

/// Coefficients of the table at most.
const SHOWN: usize = 100;

/// A table with a bar for each interval, all on one scale; of many coefficients those that move the target most.
pub(crate) fn coefficients(all: &[Coefficient], level: f64) -> Markup {
    let moved = |c: &Coefficient| c.deviation.map_or(f64::INFINITY, |sd| sd * c.mean.abs());
    let mut shown: Vec<&Coefficient> = all.iter().collect();
    if all.len() > SHOWN {
        shown.sort_by(|a, b| moved(b).total_cmp(&moved(a)));
        shown.truncate(SHOWN);
    }
    let size = |c: &Coefficient| c.deviation.map(|sd| sd * c.low.abs().max(c.high.abs()));
    let reach = shown.iter().filter_map(|c| size(c)).fold(f64::MIN_POSITIVE, f64::max);
    let bar = |c: &Coefficient, sd: f64| {
        let place = |value: f64| 90.0 + 84.0 * value * sd / reach;
        html! {
            svg.interval viewBox="0 0 180 14" {
                line x1="90" x2="90" y1="0" y2="14" stroke="var(--idle)" {}
                line x1=(place(c.low)) x2=(place(c.high)) y1="7" y2="7" stroke="var(--validation)" stroke-width="2" {}
                circle cx=(place(c.mean)) cy="7" r="3" fill="var(--validation)" {}
            }
        }
    };
    let percent = elbo_fit::percent(level);
    let table = html! {
        div.scroll { table {
            thead { tr {
                th { "column" } th { "coefficient" } th { (percent) " % from" } th { "to" } th { "per standard deviation" }
            } }
            tbody { @for c in shown { tr {
                th scope="row" { (c.name) }
                td { (significant(c.mean)) } td { (significant(c.low)) } td { (significant(c.high)) }
                td { @if let Some(sd) = c.deviation { (bar(c, sd)) } }
            } } }
        } }
    };
    captioned(
        &table,
        &html! {
            "A coefficient says how much the target changes with its column, the others held; the " (percent) " % interval holds it with "
            "that probability. The bars compare columns: they show the change for one standard deviation of each, all on one scale with zero "
            "in the middle."
            @if all.len() > SHOWN { " The " (SHOWN) " of " (all.len()) " by which the target moves most, a standard deviation each." }
        },
    )
}

/// The target of each row against what is predicted for it.
pub(crate) fn predictions(target: &str, actual: &[f64], predicted: &[f64]) -> Markup {
    let stride = actual.len().div_ceil(POINTS).max(1);
    let points: Vec<(f64, f64)> =
        predicted.iter().copied().zip(actual.iter().copied()).step_by(stride).collect();
    let (x, y) = (extent(points.iter().map(|p| p.0)), extent(points.iter().map(|p| p.1)));
    let (low, high) = (x.start.max(y.start), x.end.min(y.end));
    let label = label(&x, 8);
    let (x_name, y_name) = (format!("{target}, predicted"), target.to_owned());
    let axes = Axes { size: (760, 460), x, y, x_name: &x_name, y_name: &y_name, x_ticks: 8, x_label: &label };
    let picture = axes.draw(|chart| {
        let style = Ink::Reference.color().stroke_width(3 * PX / 2);
        if low < high {
            chart.draw_series(DashedLineSeries::new([(low, low), (high, high)], 7 * PX, 5 * PX, style))?;
        }
        chart.draw_series(
            points.iter().map(|&p| Circle::new(p, 3 * PX, Ink::Validation.color().mix(0.6).filled())),
        )?;
        Ok(())
    });
    captioned(
        &picture,
        &html! {
            "Each point is a row of the fit. On the dashed line the prediction is right."
            @if stride > 1 { " One row in every " (stride) " is drawn." }
        },
    )
}
