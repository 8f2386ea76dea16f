//! Columns against time: coloured by state, or with the mean and the spread that a model gives them.

use std::ops::Range;

use elbo_fit::figure::{Band, Steps};
use maud::{Markup, html};
use plotters::prelude::*;

use crate::{
    number::whole,
    page::captioned,
    plot::{Axes, CATEGORIES, Chart, Drawn, Ink, PX, counted, extent, legend},
};

/// Columns shown at most, and rows of each.
const COLUMNS: usize = 6;
const POINTS: usize = 3000;
/// Sequences whose borders are drawn, at most.
const BORDERS: usize = 60;

/// The rows of each sequence, numbered from 0.
fn spans(lengths: &[usize]) -> Vec<Range<usize>> {
    let starts = lengths.iter().scan(0, |next, &length| {
        let first = *next;
        *next += length;
        Some(first..*next)
    });
    starts.collect()
}

/// One column; `last` is the number of the last row.
fn panel(
    name: &str,
    steps: &Steps,
    last: usize,
    spans: &[Range<usize>],
    values: impl Iterator<Item = f64>,
    paint: impl FnOnce(&mut Chart) -> Drawn,
) -> Markup {
    let y = extent(values);
    // A row is named by its time, or counted; between two rows there is nothing to name.
    let time = |row: f64| match steps.names.get((row - 1.0).max(0.0) as usize) {
        Some(name) => name.clone(),
        None if steps.names.is_empty() => whole(row),
        None => String::new(),
    };
    let axes = Axes {
        size: (960, 260),
        x: counted(1, last),
        y: y.clone(),
        x_name: &steps.name,
        y_name: "",
        x_ticks: last.min(11),
        x_label: &time,
    };
    let picture = axes.draw(|chart| {
        for span in spans.iter().skip(1).filter(|_| spans.len() <= BORDERS) {
            let at = span.start as f64 + 0.5;
            let style = Ink::Idle.color().stroke_width(PX);
            chart.draw_series(DashedLineSeries::new([(at, y.start), (at, y.end)], 3 * PX, 4 * PX, style))?;
        }
        paint(chart)
    });
    html! { p.unit { (name) } (picture) }
}

fn omitted(columns: usize, stride: usize, sequences: usize) -> Markup {
    html! {
        @if sequences > 1 && sequences <= BORDERS { " Dashed lines part the " (sequences) " sequences." }
        @if sequences > BORDERS { " The " (sequences) " sequences stand one after the other." }
        @if columns > COLUMNS { " The first " (COLUMNS) " columns of " (columns) "." }
        @if stride > 1 { " One row in every " (stride) " is drawn." }
    }
}

/// Each column of `x` against time, its rows in the colour of their states.
pub(crate) fn coloured(
    columns: &[String],
    x: &[Option<f64>],
    lengths: &[usize],
    states: &[usize],
    steps: &Steps,
) -> Markup {
    let (width, rows, spans) = (columns.len(), states.len(), spans(lengths));
    let stride = rows.div_ceil(POINTS).max(1);
    let number = states.iter().max().map_or(0, |most| most + 1);
    let used: Vec<(&str, Ink, String)> = (0..number)
        .filter(|k| states.contains(k))
        .map(|k| ("dot", Ink::Category(k % CATEGORIES), format!("state {}", k + 1)))
        .collect();
    let of_column = |column: usize| {
        let at = |row: usize| x[row * width + column].map(|y| (row as f64 + 1.0, y));
        let values = (0..rows).filter_map(at).map(|(_, y)| y);
        panel(&columns[column], steps, rows, &spans, values, |chart| {
            for span in &spans {
                let points: Vec<Option<(f64, f64)>> = span.clone().step_by(stride).map(at).collect();
                for piece in points.split(Option::is_none) {
                    let piece = piece.iter().copied().flatten();
                    chart.draw_series(LineSeries::new(piece, Ink::Grid.color().stroke_width(PX)))?;
                }
            }
            let seen = (0..rows).step_by(stride).filter_map(|row| Some((at(row)?, states[row])));
            chart.draw_series(seen.map(|(at, state)| {
                Circle::new(at, 3 * PX, Ink::Category(state % CATEGORIES).color().filled())
            }))?;
            Ok(())
        })
    };
    captioned(
        &html! { (legend(&used)) @for column in 0..width.min(COLUMNS) { (of_column(column)) } },
        &html! {
            "Each point is a row, in the colour of its state on the most probable path."
            (omitted(width, stride, lengths.len()))
        },
    )
}

/// Each column with its mean and a band of two standard deviations, and both of the rows ahead of the last sequence.
pub(crate) fn banded(bands: &[Band], lengths: &[usize], steps: &Steps) -> Markup {
    let spans = spans(lengths);
    let rows: usize = lengths.iter().sum();
    let last = bands.first().map_or(rows, |band| band.mean.len());
    let stride = last.div_ceil(POINTS).max(1);
    let mut key = vec![
        ("dot", Ink::Reference, "rows".into()),
        ("line", Ink::Validation, "mean".into()),
        ("band", Ink::Validation, "± 2 standard deviations".into()),
    ];
    if last > rows {
        key.push(("line", Ink::Train, "ahead".into()));
    }
    let of_column = |band: &Band| {
        let time = |row: usize| row as f64 + 1.0;
        let edge = |row: usize, side: f64| Some((time(row), band.mean[row] + side * band.deviation[row]?));
        let edges = (0..last).flat_map(|row| [-2.0, 2.0].map(|side| edge(row, side)));
        let edges = edges.flatten().map(|(_, y)| y);
        let values = edges.chain(band.mean.iter().copied()).chain(band.values.iter().copied().flatten());
        panel(&band.name, steps, last, &spans, values, |chart| {
            // The rows ahead go on from the last row.
            let ahead = (last > rows).then_some((rows - 1..last, Ink::Train));
            for (span, ink) in spans.iter().map(|span| (span.clone(), Ink::Validation)).chain(ahead) {
                let shown = span.step_by(stride);
                let above = shown.clone().filter_map(|row| edge(row, 2.0));
                let below = shown.clone().rev().filter_map(|row| edge(row, -2.0));
                let outline: Vec<(f64, f64)> = above.chain(below).collect();
                if !outline.is_empty() {
                    chart.draw_series([Polygon::new(outline, ink.color().mix(0.2).filled())])?;
                }
                let line = shown.map(|row| (time(row), band.mean[row]));
                chart.draw_series(LineSeries::new(line, ink.color().stroke_width(2 * PX)))?;
            }
            let seen = (0..rows).step_by(stride).filter_map(|row| Some((time(row), band.values[row]?)));
            chart.draw_series(seen.map(|at| Circle::new(at, 2 * PX, Ink::Reference.color().filled())))?;
            Ok(())
        })
    };
    captioned(
        &html! { (legend(&key)) @for band in bands.iter().take(COLUMNS) { (of_column(band)) } },
        &html! {
            "The line is the mean of each row given all rows, and 95 % of the values should lie in the band, noise included."
            @if last > rows { " Ahead of the rows the band widens as what is known of them fades." }
            (omitted(bands.len(), stride, lengths.len()))
        },
    )
}
