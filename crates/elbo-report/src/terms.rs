//! The two terms of the bound against the epoch.

use elbo::objective::Objective;
use maud::{Markup, html};

use crate::curve::{best, line, series, span};
use crate::number::whole;
use crate::page::captioned;
use crate::plot::{Axes, Ink, legend, robust};
use elbo_fit::{AutoEncoderPage, Terms};

/// Log-likelihood and divergence side by side.
pub(crate) fn figure(report: &AutoEncoderPage) -> Option<Markup> {
    report.epochs.last()?;
    let (likelihood, cut) = panel(report, None, |t| t.log_likelihood);
    let (kl, cut_kl) = panel(report, Some(0.0), |t| t.kl);
    let key = [("line", Ink::Train, "train".to_string()), ("line", Ink::Validation, "validation".into())];
    let (first, second) = match report.objective {
        Objective::Elbo => ("Log-likelihood, nats per row", "KL divergence, nats per row"),
        Objective::ImportanceWeighted => {
            ("Weighted log-likelihood, nats per row", "Log-likelihood less bound, nats per row")
        }
        Objective::Noiseless => ("−½‖x − f(μ(x))‖², per row", "½σ²‖μ(x)‖², per row"),
    };
    let picture = html! {
        (legend(&key))
        div.panels {
            div { p.unit { (first) } (likelihood) }
            div { p.unit { (second) } (kl) }
        }
    };
    Some(captioned(
        &picture,
        &html! {
            @if report.objective == Objective::Elbo {
                strong { "ELBO = log-likelihood − KL" } ". The expected log-likelihood says how well a row "
                "is rebuilt from its latent code; larger is better. The Kullback-Leibler divergence "
                "of the approximate posterior from the prior is what the code costs: it bounds from above "
                "the nats that the code carries about its row. Where it is near zero, the decoder ignores the "
                "code (posterior collapse)."
            } @else if report.objective == Objective::ImportanceWeighted {
                strong { "The log-likelihood" } " is that of the samples by their importance weights: it says how "
                "well a row is rebuilt from the codes that explain it. " strong { "The rest" } " is what the bound "
                "leaves of it: where it is near zero, the decoder ignores the code (posterior collapse)."
            } @else {
                strong { "Reconstruction less penalty" } ". The first says how well a row is rebuilt from its "
                "code; larger is better. The second holds the codes near the origin."
            }
            @if cut || cut_kl { " Values far outside the bulk of the fit are cut off." }
        },
    ))
}

/// One term on an axis that holds `origin`, and whether values were cut off.
fn panel(report: &AutoEncoderPage, origin: Option<f64>, term: impl Fn(&Terms) -> f64) -> (Markup, bool) {
    let epochs = &report.epochs;
    let train = series(epochs, |e| term(&e.train));
    let validation = series(epochs, |e| term(&e.validation));
    let values: Vec<f64> = train.iter().chain(&validation).map(|p| p.1).collect();
    let keep: Vec<f64> = [best(report), epochs.last()]
        .into_iter()
        .flatten()
        .flat_map(|e| [term(&e.train), term(&e.validation)])
        .chain(origin)
        .collect();
    let (y, cut) = robust(&values, &keep);
    let axes = Axes {
        size: (470, 270),
        x: span(epochs),
        y: y.clone(),
        x_name: "epoch",
        y_name: "",
        x_ticks: epochs.len().min(6),
        x_label: &whole,
    };
    let picture = axes.draw(|chart| {
        line(chart, &train, &y, Ink::Train)?;
        line(chart, &validation, &y, Ink::Validation)
    });
    (picture, cut)
}
