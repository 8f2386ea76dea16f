//! The page of a fit by coordinate ascent: the verdict, the bound of each sweep, and what the model has to show.

use elbo::diagnose::Verdict;
use maud::{Markup, html};
use plotters::prelude::*;

use super::{
    captioned, page,
    plot::{Axes, Ink, PX, clip, legend, number, padded, robust, whole},
    settings, verdict,
};

/// Everything the page shows.
pub(crate) struct MeanFieldPage<'a> {
    /// The name of the fit.
    pub(crate) title: &'a str,
    /// What the model is called.
    pub(crate) kind: &'a str,
    pub(crate) rows: usize,
    /// What a row is called, in the plural.
    pub(crate) unit: &'a str,
    /// Headline facts as (name, value).
    pub(crate) cards: Vec<(String, String)>,
    pub(crate) notes: Vec<String>,
    pub(crate) verdict: &'a Verdict,
    /// The bound after each sweep, in nats of all rows.
    pub(crate) bounds: Vec<f64>,
    /// The bound that each start reached.
    pub(crate) starts: &'a [f64],
    pub(crate) figures: Vec<(&'static str, Markup)>,
    pub(crate) settings: &'a [(String, String)],
}

impl MeanFieldPage<'_> {
    /// One self-contained page.
    pub(crate) fn to_html(&self) -> String {
        let mut sections = vec![("Verdict", Some(verdict::figure(self.verdict)))];
        sections.extend(self.figures.iter().map(|(name, figure)| (*name, Some(figure.clone()))));
        sections.push(("The bound", Some(self.curve())));
        sections.push(("Settings", settings::figure(self.settings)));
        let header = html! {
            header {
                p.kicker { (self.kind) }
                h1 { (self.title) }
                dl.cards {
                    div { dt { "ELBO of all " (self.rows) " " (self.unit) } dd { (number(self.last(), 3)) " nats" } }
                    @for (name, value) in &self.cards { div { dt { (name) } dd { (value) } } }
                }
                ul.notes { @for note in &self.notes { li { (note) } } }
            }
        };
        page(&format!("{} – ELBO report", self.title), &header, &sections)
    }

    fn last(&self) -> f64 {
        self.bounds.last().copied().unwrap_or(f64::NAN)
    }

    fn curve(&self) -> Markup {
        let points: Vec<(f64, f64)> =
            self.bounds.iter().enumerate().map(|(sweep, &bound)| (sweep as f64 + 1.0, bound)).collect();
        let (y, clipped) = robust(&self.bounds, &[self.last()]);
        let axes = Axes {
            size: (960, 340),
            x: padded(1.0, points.len() as f64),
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
        let key = legend(&[("line", Ink::Validation, format!("ELBO, nats of all {}", self.unit))]);
        captioned(
            &html! { (key) (picture) },
            &html! {
                "The evidence lower bound after each sweep of the best start; " strong { "larger is better" }
                ". Each factor is set to its optimum given the others, so the bound never falls, and it lies below log "
                i { "p" } "(" i { "x" } ")."
                @if self.starts.len() > 1 {
                    " The starts reached " (self.starts.iter().map(|b| number(*b, 2)).collect::<Vec<_>>().join(", ")) "."
                }
                @if clipped { " The vertical axis shows the bulk of the sweeps: the first lie below it." }
            },
        )
    }
}
