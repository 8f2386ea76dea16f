//! The bound against the epoch.

use std::ops::Range;

use elbo::objective::Objective;
use maud::{Markup, html};
use plotters::prelude::*;

use crate::number::{number, whole};
use crate::page::captioned;
use crate::plot::{Axes, Chart, Drawn, Ink, PX, clip, counted, legend, padded, robust};
use elbo_fit::{AutoEncoderPage, Epoch, Terms};

/// Up to this many epochs, each is marked by a dot.
const DOTTED: usize = 30;

/// Points of one quantity against the epoch.
pub(crate) fn series(epochs: &[Epoch], value: impl Fn(&Epoch) -> f64) -> Vec<(f64, f64)> {
    let points = epochs.iter().map(|e| (e.epoch as f64, value(e)));
    points.filter(|(_, y)| y.is_finite()).collect()
}

/// The range of epochs.
pub(crate) fn span(epochs: &[Epoch]) -> Range<f64> {
    let at = |e: Option<&Epoch>| e.map_or(1, |e| e.epoch);
    counted(at(epochs.first()), at(epochs.last()))
}

/// Draws a line, and dots where epochs are few.
pub(crate) fn line(chart: &mut Chart, points: &[(f64, f64)], y: &Range<f64>, ink: Ink) -> Drawn {
    for piece in clip(points, y) {
        chart.draw_series(LineSeries::new(piece, ink.color().stroke_width(2 * PX)))?;
    }
    if points.len() <= DOTTED {
        let inside = points.iter().filter(|p| y.contains(&p.1));
        chart.draw_series(inside.map(|&p| Circle::new(p, 3 * PX, ink.color().filled())))?;
    }
    Ok(())
}

/// The epoch with the largest validation bound.
pub(crate) fn best(report: &AutoEncoderPage) -> Option<&Epoch> {
    let mut epochs = report.epochs.iter();
    epochs.find(|e| e.epoch == report.best_epoch && e.validation.elbo.is_finite())
}

/// The bound's picture.
pub(crate) fn figure(report: &AutoEncoderPage) -> Option<Markup> {
    let epochs = &report.epochs;
    let last = epochs.last()?;
    let train = series(epochs, |e| e.train.elbo);
    let validation = series(epochs, |e| e.validation.elbo);
    let values: Vec<f64> = train.iter().chain(&validation).map(|p| p.1).collect();
    let keep: Vec<f64> = [best(report), Some(last)]
        .into_iter()
        .flatten()
        .flat_map(|e| {
            [e.train.elbo, e.validation.elbo - e.validation.elbo_se, e.validation.elbo + e.validation.elbo_se]
        })
        .collect();
    let (mut y, clipped) = robust(&values, &keep);
    let reference = report.reference.as_ref().map(|(name, value)| {
        let (wide, near) = with_reference(&y, *value, epochs.len() < 2);
        y = wide;
        (name, *value, near)
    });
    let axes = Axes {
        size: (960, 400),
        x: span(epochs),
        y: y.clone(),
        x_name: "epoch",
        y_name: "",
        x_ticks: epochs.len().min(11),
        x_label: &whole,
    };
    let picture = axes.draw(|chart| {
        chart.draw_series([band(epochs, &y)])?;
        if let Some((_, value, true)) = reference {
            let ends = [(axes.x.start, value), (axes.x.end, value)];
            let style = Ink::Reference.color().stroke_width(3 * PX / 2);
            chart.draw_series(DashedLineSeries::new(ends, 7 * PX, 5 * PX, style))?;
        }
        line(chart, &train, &y, Ink::Train)?;
        line(chart, &validation, &y, Ink::Validation)?;
        if let Some(epoch) = best(report) {
            mark(chart, epoch, &y)?;
        }
        Ok(())
    });
    let unit = match report.objective {
        Objective::Elbo => "ELBO, nats per row",
        Objective::ImportanceWeighted => "Importance-weighted bound, nats per row",
        Objective::Noiseless => "Noiseless objective, per row",
    };
    let picture = html! { p.unit { (unit) } (key(report, reference)) (picture) };
    let seconds: f64 = epochs.iter().map(|e| e.seconds).sum();
    Some(captioned(
        &picture,
        &html! {
            @if report.objective != Objective::Noiseless {
                @if report.objective == Objective::Elbo { "The lines are the evidence lower bound (ELBO)" }
                @else { "The lines are the importance-weighted bound" }
                " after each epoch, as a mean over rows in nats per row; "
                strong { "larger is better" } ". The bound lies below the log-evidence log " i { "p" } "("
                i { "x" } "), so it rises when the model explains the data better, when the approximate "
                "posterior comes closer to the true one, or both."
            } @else {
                "The lines are the noiseless limit of the ELBO after each epoch, as a mean over rows; "
                strong { "larger is better" } ". It is not a bound on log " i { "p" } "(" i { "x" }
                "), and its values are not nats."
            }
            " A training curve that still climbs while "
            "the validation curve falls is overfitting; the ring marks where validation was best."
            @if clipped {
                " The vertical axis shows the bulk of the fit: values far outside it, mostly of the "
                "first epochs, are cut off."
            }
            " The fit took " (number(seconds, usize::from(seconds < 10.0))) " s."
        },
    ))
}

/// The key to the picture; the reference comes with whether it lies inside.
fn key(report: &AutoEncoderPage, reference: Option<(&String, f64, bool)>) -> Markup {
    let mut key = vec![
        ("line", Ink::Train, "train".to_string()),
        ("line", Ink::Validation, "validation".into()),
        ("band", Ink::Validation, "± 1 standard error".into()),
    ];
    if let Some(Terms { elbo, .. }) = best(report).map(|e| &e.validation) {
        key.push((
            "ring",
            Ink::Validation,
            format!("best epoch {}: {}", report.best_epoch, number(*elbo, 2)),
        ));
    }
    if let Some((name, value, near)) = reference {
        let place = if near { "" } else { " (beyond the picture)" };
        key.push(("dash", Ink::Reference, format!("{name}: {}{place}", number(value, 2))));
    }
    legend(&key)
}

/// The range widened to hold the reference, unless that would flatten a curve.
fn with_reference(y: &Range<f64>, value: f64, always: bool) -> (Range<f64>, bool) {
    let wide = padded(y.start.min(value), y.end.max(value));
    if y.contains(&value) {
        (y.clone(), true)
    } else if always && value.is_finite() || wide.end - wide.start < 3.0 * (y.end - y.start) {
        (wide, true)
    } else {
        (y.clone(), false)
    }
}

/// One standard error on both sides of the validation bound.
fn band(epochs: &[Epoch], y: &Range<f64>) -> Polygon<(f64, f64)> {
    let inside: Vec<_> = epochs.iter().filter(|e| y.contains(&e.validation.elbo)).collect();
    let edge = |side: f64| {
        inside.iter().map(move |e| {
            let value = e.validation.elbo + side * e.validation.elbo_se;
            (e.epoch as f64, value.clamp(y.start, y.end))
        })
    };
    let outline: Vec<_> = edge(1.0).chain(edge(-1.0).rev()).collect();
    Polygon::new(outline, Ink::Validation.color().mix(0.2).filled())
}

/// A ring around the best epoch and a thin line down to its number.
fn mark(chart: &mut Chart, epoch: &Epoch, y: &Range<f64>) -> Drawn {
    let point = (epoch.epoch as f64, epoch.validation.elbo);
    let down = [(point.0, y.start), point];
    let thin = Ink::Validation.color().mix(0.6).stroke_width(PX);
    chart.draw_series(DashedLineSeries::new(down, 2 * PX, 4 * PX, thin))?;
    let ring = Ink::Validation.color().stroke_width(2 * PX);
    chart.draw_series([Circle::new(point, 7 * PX, ring)])?;
    Ok(())
}
