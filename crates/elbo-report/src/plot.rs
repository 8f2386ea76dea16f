//! What the charts share: axes, inks, and ranges that a few odd values cannot ruin.

use std::ops::Range;

use maud::{Markup, PreEscaped, html};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use crate::number::{label, ticks};

/// Drawing units per pixel: the backend rounds to whole units, so a finer grid keeps curves smooth.
pub(crate) const PX: u32 = 4;
/// How many colours tell categories apart.
pub(crate) const CATEGORIES: usize = 10;
/// Width left of a chart whose vertical axis has a name, in pixels.
const NAMED: u32 = 72;
/// Width right of a chart, in pixels.
const RIGHT: u32 = 14;
/// At most this many ticks on a vertical axis.
const Y_TICKS: usize = 8;
/// Width of a character of a label, and the gap between labels, in pixels.
const CHARACTER: u32 = 8;

/// The plotting area inside the axes.
pub(crate) type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
/// The outcome of drawing on it.
pub(crate) type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// A colour named by its role; the page's style sheet gives its value in light and dark mode.
#[derive(Clone, Copy)]
pub(crate) enum Ink {
    Text,
    Grid,
    Train,
    Validation,
    Reference,
    Idle,
    Category(usize),
}

impl Ink {
    const PLAIN: [Self; 6] =
        [Self::Text, Self::Grid, Self::Train, Self::Validation, Self::Reference, Self::Idle];

    /// The CSS expression of this colour.
    pub(crate) fn css(self) -> String {
        match self {
            Self::Text => "var(--muted)".into(),
            Self::Grid => "var(--grid)".into(),
            Self::Train => "var(--train)".into(),
            Self::Validation => "var(--validation)".into(),
            Self::Reference => "var(--reference)".into(),
            Self::Idle => "var(--idle)".into(),
            Self::Category(k) => format!("var(--c{k})"),
        }
    }

    /// The stand-in the chart is drawn with, replaced by [`Ink::css`] in the finished SVG.
    pub(crate) fn color(self) -> RGBColor {
        let code = match self {
            Self::Text => 0,
            Self::Grid => 1,
            Self::Train => 2,
            Self::Validation => 3,
            Self::Reference => 4,
            Self::Idle => 5,
            Self::Category(k) => 6 + (k % CATEGORIES) as u8,
        };
        RGBColor(1, 0, code)
    }
}

/// The frame of a chart; sizes are in pixels.
pub(crate) struct Axes<'a> {
    pub(crate) size: (u32, u32),
    pub(crate) x: Range<f64>,
    pub(crate) y: Range<f64>,
    pub(crate) x_name: &'a str,
    pub(crate) y_name: &'a str,
    pub(crate) x_ticks: usize,
    pub(crate) x_label: &'a dyn Fn(f64) -> String,
}

impl Axes<'_> {
    /// The SVG of these axes with what `paint` adds to them.
    pub(crate) fn draw(&self, paint: impl FnOnce(&mut Chart) -> Drawn) -> Markup {
        let mut svg = String::new();
        if let Err(error) = self.draw_into(&mut svg, paint) {
            return html! { p { "This picture could not be drawn: " (error) } };
        }
        let categories = (0..CATEGORIES).map(Ink::Category);
        for ink in Ink::PLAIN.into_iter().chain(categories) {
            let RGBColor(r, g, b) = ink.color();
            svg = svg.replace(&format!("#{r:02X}{g:02X}{b:02X}"), &ink.css());
        }
        html! { div.plot { (PreEscaped(svg)) } }
    }

    fn draw_into(&self, svg: &mut String, paint: impl FnOnce(&mut Chart) -> Drawn) -> Drawn {
        let y_label = label(&self.y, Y_TICKS);
        let widest = |at: &[f64], label: &dyn Fn(f64) -> String| {
            CHARACTER * at.iter().map(|&v| label(v).chars().count() as u32).max().unwrap_or(0)
        };
        let y_labels = 20 + widest(&ticks(&self.y, Y_TICKS), &y_label);
        let (mut width, mut left) = (self.size.0, y_labels);
        if !self.y_name.is_empty() {
            // Long labels widen the picture, and leave the plotting area as it is.
            left = NAMED.max(CHARACTER * 2 + y_labels);
            width += left - NAMED;
        }
        // As many ticks as there is room for their labels.
        let fits = |&most: &usize| {
            let at = ticks(&self.x, most);
            at.len() as u32 * (widest(&at, self.x_label) + CHARACTER) < width - left
        };
        let x_ticks = (1..=self.x_ticks).rev().find(fits).unwrap_or(self.x_ticks.min(1));
        let right = (widest(&ticks(&self.x, x_ticks), self.x_label) / 2).max(RIGHT);
        width += right - RIGHT;
        let root = SVGBackend::with_string(svg, (width * PX, self.size.1 * PX)).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin_top(8 * PX)
            .margin_right(right * PX)
            .margin_bottom(4 * PX)
            .x_label_area_size(44 * PX)
            .y_label_area_size(left * PX)
            .build_cartesian_2d(self.x.clone(), self.y.clone())?;
        // The backend divides the size of a font by 1.24.
        let text = |size: u32| ("sans-serif", f64::from(size * PX) * 1.24).with_color(Ink::Text.color());
        chart
            .configure_mesh()
            .disable_x_mesh()
            .max_light_lines(1)
            .bold_line_style(Ink::Grid.color().stroke_width(PX))
            .light_line_style(TRANSPARENT)
            .axis_style(Ink::Grid.color().stroke_width(PX))
            .set_all_tick_mark_size(5 * PX)
            .x_labels(x_ticks)
            .y_labels(Y_TICKS)
            .x_label_formatter(&|&x| (self.x_label)(x))
            .y_label_formatter(&|&y| y_label(y))
            .label_style(text(12))
            .axis_desc_style(text(13))
            .x_desc(self.x_name)
            .y_desc(self.y_name)
            .draw()?;
        paint(&mut chart)?;
        root.present()
    }
}

/// A range of positive width with some air at both ends.
pub(crate) fn padded(low: f64, high: f64) -> Range<f64> {
    let (width, size) = (high - low, low.abs().max(high.abs()));
    let air = if width > 1e-9 * size { 0.05 * width } else { 0.5 + 0.05 * size };
    low - air..high + air
}

/// The range of numbers counted from 1, some of which are `first` to `last`, with some air at both ends: 0 is not in it.
pub(crate) fn counted(first: usize, last: usize) -> Range<f64> {
    let (first, last) = (first as f64, last as f64);
    let air = (0.015 * (last - first)).max(0.4);
    (first - air).max(0.1)..last + air
}

/// A range that holds all finite values.
pub(crate) fn extent(values: impl Iterator<Item = f64>) -> Range<f64> {
    let finite = values.filter(|v| v.is_finite());
    let (low, high) = finite.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
    if low > high { padded(0.0, 0.0) } else { padded(low, high) }
}

/// A range around the bulk of `values` and all of `keep`, and whether it leaves values out.
///
/// The first epochs may lie far below the rest: the lower end stops half the spread between the
/// tenth and ninetieth percentile under the tenth, the upper end three spreads above the ninetieth.
pub(crate) fn robust(values: &[f64], keep: &[f64]) -> (Range<f64>, bool) {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let (Some(&min), Some(&max)) = (sorted.first(), sorted.last()) else {
        return (padded(0.0, 0.0), false);
    };
    let rank = (sorted.len() - 1) / 10;
    let (q10, q90) = (sorted[rank], sorted[sorted.len() - 1 - rank]);
    let spread = q90 - q10;
    let kept = || keep.iter().copied().filter(|v| v.is_finite());
    let low = kept().fold((q10 - 0.5 * spread).max(min), f64::min);
    let high = kept().fold((q90 + 3.0 * spread).min(max), f64::max);
    (padded(low, high), min < low || max > high)
}

/// The pieces of a polyline inside the range of y.
pub(crate) fn clip(points: &[(f64, f64)], y: &Range<f64>) -> Vec<Vec<(f64, f64)>> {
    let inside = |v: f64| (y.start..=y.end).contains(&v);
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        if y0.max(y1) < y.start || y0.min(y1) > y.end {
            continue;
        }
        let cut = |at: (f64, f64)| {
            let level = at.1.clamp(y.start, y.end);
            let crossing = (x0 + (level - y0) / (y1 - y0) * (x1 - x0), level);
            if inside(at.1) { at } else { crossing }
        };
        match pieces.last_mut() {
            Some(piece) if inside(y0) => piece.push(cut(pair[1])),
            _ => pieces.push(vec![cut(pair[0]), cut(pair[1])]),
        }
    }
    pieces
}

/// The key to a chart: a mark of the given CSS class and colour, and what it stands for.
pub(crate) fn legend(entries: &[(&str, Ink, String)]) -> Markup {
    html! {
        div.legend {
            @for (mark, ink, name) in entries {
                span { i class=(mark) style={ "--ink:" (ink.css()) } {} (name) }
            }
        }
    }
}
