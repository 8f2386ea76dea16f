//! The map of posterior means in a plane.

use std::collections::BTreeSet;
use std::ops::Range;

use elbo_fit::figure::Map;
use maud::{Markup, html};
use plotters::prelude::*;

use crate::mosaic::byte;
use crate::number::label;
use crate::page::captioned;
use crate::plot::{Axes, CATEGORIES, Ink, PX, extent, legend};

/// More points than this are thinned.
const POINTS: usize = 3000;
/// At most this many ticks on the horizontal axis.
const X_TICKS: usize = 8;
/// Size of the plotting area inside its margins, in pixels: both axes get one scale.
const AREA: (f64, f64) = (674.0, 484.0);
/// Ends and middle of the colour scale of numeric labels; each reads on light and on dark.
const SCALE: [(f64, f64, f64); 3] = [(58.0, 110.0, 220.0), (188.0, 80.0, 176.0), (240.0, 146.0, 52.0)];

/// How labels colour the points.
enum Colouring {
    Single,
    Categories(Vec<String>),
    Numeric(f64, f64),
}

impl Colouring {
    fn of(labels: &[String]) -> Self {
        let names: BTreeSet<&String> = labels.iter().collect();
        let mut numbers: Vec<(f64, &String)> =
            names.iter().filter_map(|name| Some((value(name)?, *name))).collect();
        numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
        let numeric = numbers.len() == names.len();
        match (names.len(), numbers.as_slice()) {
            (0, _) => Self::Single,
            (..=CATEGORIES, _) if numeric => {
                Self::Categories(numbers.into_iter().map(|(_, name)| name.clone()).collect())
            }
            (..=CATEGORIES, _) => Self::Categories(names.into_iter().cloned().collect()),
            (_, [first, .., last]) if numeric => Self::Numeric(first.0, last.0),
            _ => Self::Single,
        }
    }

    fn color(&self, label: Option<&String>) -> RGBColor {
        match (self, label) {
            (Self::Categories(names), Some(label)) => {
                names.iter().position(|n| n == label).map_or(Ink::Idle, Ink::Category).color()
            }
            (&Self::Numeric(low, high), Some(label)) => value(label)
                .map_or(Ink::Idle.color(), |v| shade((v - low) / (high - low).max(f64::MIN_POSITIVE))),
            (Self::Single, _) => Ink::Validation.color(),
            (_, None) => Ink::Idle.color(),
        }
    }

    fn legend(&self) -> Markup {
        match self {
            Self::Single => html! {},
            Self::Categories(names) => {
                let entry = |(k, name): (usize, &String)| ("dot", Ink::Category(k), name.clone());
                legend(&names.iter().enumerate().map(entry).collect::<Vec<_>>())
            }
            &Self::Numeric(low, high) => {
                let stops = SCALE.map(|(r, g, b)| format!("rgb({r},{g},{b})")).join(",");
                let label = label(&(low..high), X_TICKS);
                html! {
                    div.legend { span {
                        (label(low))
                        i.scale style={ "background:linear-gradient(90deg," (stops) ")" } {}
                        (label(high))
                    } }
                }
            }
        }
    }
}

/// The map of points on two axes, coloured by label.
pub(crate) fn map(of: &Map) -> Option<Markup> {
    let Map { points, labels, axes } = of;
    let labels = labels.as_deref().unwrap_or_default();
    points.first()?;
    let colouring = Colouring::of(labels);
    let stride = points.len().div_ceil(POINTS);
    let shown: Vec<_> = points.iter().enumerate().step_by(stride).collect();
    let (x, y) = window(&shown);
    let label = label(&x, X_TICKS);
    let axes = Axes {
        size: (760, 540),
        x,
        y,
        x_name: &axes[0],
        y_name: &axes[1],
        x_ticks: X_TICKS,
        x_label: &label,
    };
    let picture = axes.draw(|chart| {
        chart.draw_series(shown.iter().map(|&(i, p)| {
            Circle::new((p[0], p[1]), 3 * PX, colouring.color(labels.get(i)).mix(0.7).filled())
        }))?;
        Ok(())
    });
    let picture = html! { div.map { (colouring.legend()) (picture) } };
    Some(captioned(
        &picture,
        &html! {
            "Each point is one row, at the mean of its approximate posterior. Rows that the model takes "
            "to be alike lie close together; both axes have the same scale, so distances compare."
            @match colouring {
                Colouring::Single => {},
                Colouring::Categories(_) => " Colour is the label: labels that form islands are told apart by the latent code.",
                Colouring::Numeric(..) => " Colour is the label: where it changes smoothly, the latent code follows it.",
            }
            @if stride > 1 {
                " For legibility " (shown.len()) " of " (points.len()) " points are drawn, one in every " (stride) "."
            }
        },
    ))
}

/// Ranges of both axes that hold all points at one scale.
fn window(points: &[(usize, &[f64; 2])]) -> (Range<f64>, Range<f64>) {
    let of = |axis: usize| extent(points.iter().map(|(_, p)| p[axis]));
    let (x, y) = (of(0), of(1));
    let scale = ((x.end - x.start) / AREA.0).max((y.end - y.start) / AREA.1);
    let around = |range: Range<f64>, pixels: f64| {
        let (middle, half) = (f64::midpoint(range.start, range.end), 0.5 * scale * pixels);
        middle - half..middle + half
    };
    (around(x, AREA.0), around(y, AREA.1))
}

/// A label read as a number of ordinary size.
fn value(label: &str) -> Option<f64> {
    label.trim().parse().ok().filter(|v: &f64| v.abs() < 1e15)
}

/// The colour at `t` in [0, 1] along the scale.
fn shade(t: f64) -> RGBColor {
    let t = 2.0 * t.clamp(0.0, 1.0);
    let (from, to) = if t < 1.0 { (SCALE[0], SCALE[1]) } else { (SCALE[1], SCALE[2]) };
    let blend = |a: f64, b: f64| byte(a + (b - a) * if t < 1.0 { t } else { t - 1.0 });
    RGBColor(blend(from.0, to.0), blend(from.1, to.1), blend(from.2, to.2))
}
