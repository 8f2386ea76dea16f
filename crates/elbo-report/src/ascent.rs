//! The report of a fit by coordinate ascent: the verdict, the bound of each sweep, and what the model has to show.

use elbo::diagnose::Remedy;
use elbo_fit::AscentPage;
use maud::{Markup, html};
use plotters::prelude::*;

use crate::{
    figure::draw,
    number::{number, whole},
    page::{captioned, page},
    plot::{Axes, Ink, PX, clip, counted, legend, robust},
    settings, verdict,
};

/// The report of a fit by coordinate ascent.
pub fn ascent(of: &AscentPage, remedy: &dyn Fn(&Remedy) -> String) -> String {
    let (title, unit) = (&of.title, of.names[0]);
    let under = if of.has_prior { " under this prior" } else { "" };
    let mut sections = vec![("Verdict", Some(verdict::figure(&of.verdict, remedy)))];
    sections.extend(of.figures.iter().map(|(name, figure)| (&name[..], draw(figure))));
    sections.push(("The bound", Some(curve(of))));
    sections.push(("Settings", settings::figure(&of.settings)));
    let header = html! {
        header {
            p.kicker { (of.kind) }
            h1 { (title) }
            dl.cards {
                div { dt { "ELBO of all " (of.rows) " " (unit) (under) } dd { (number(last(of), 3)) " nats" } }
                @for (name, value) in &of.cards { div { dt { (name) } dd { (value) } } }
            }
            ul.notes { @for note in &of.notes { li { (note) } } }
        }
    };
    page(&format!("{title} – ELBO report"), &header, &sections)
}

fn last(of: &AscentPage) -> f64 {
    of.bounds.last().copied().unwrap_or(f64::NAN)
}

fn curve(of: &AscentPage) -> Markup {
    let points: Vec<(f64, f64)> =
        of.bounds.iter().enumerate().map(|(sweep, &bound)| (sweep as f64 + 1.0, bound)).collect();
    let (y, clipped) = robust(&of.bounds, &[last(of)]);
    let axes = Axes {
        size: (960, 340),
        x: counted(1, points.len()),
        y: y.clone(),
        x_name: "sweep",
        y_name: "",
        x_ticks: points.len().min(11),
        x_label: &whole,
    };
    let picture = axes.draw(|chart| {
        for piece in clip(&points, &y) {
            chart.draw_series(LineSeries::new(piece, Ink::Validation.color().stroke_width(2 * PX)))?;
        }
        let inside = points.iter().filter(|p| points.len() <= 30 && y.contains(&p.1));
        chart.draw_series(inside.map(|&p| Circle::new(p, 3 * PX, Ink::Validation.color().filled())))?;
        Ok(())
    });
    let key = legend(&[("line", Ink::Validation, format!("ELBO, nats of all {}", of.names[0]))]);
    captioned(
        &html! { (key) (picture) },
        &html! {
            "The line is the evidence lower bound after each sweep of the best start; " strong { "larger is better" }
            ". Each factor is set to its optimum given the others, so the bound never falls"
            @if of.has_prior { ", and it lies below log " i { "p" } "(" i { "x" } ") under this prior: another prior gives another figure" }
            "."
            @if of.starts.len() > 1 {
                " The starts reached " (of.starts.iter().map(|b| number(*b, 2)).collect::<Vec<_>>().join(", ")) "."
            }
            @if clipped { " The vertical axis shows the bulk of the sweeps; the first lie below it." }
        },
    )
}
