//! The report of a fitted variational auto-encoder.

use elbo::diagnose::Remedy;
use elbo::objective::Objective;
use elbo_fit::{AutoEncoderPage, Text};
use maud::{Markup, html};

use crate::{curve, dimensions, latent, page::page, rows, settings, terms, verdict};

/// The report of a fitted auto-encoder.
pub fn auto_encoder(
    of: &AutoEncoderPage,
    word: &dyn Fn(&Text) -> String,
    remedy: &dyn Fn(&Remedy) -> String,
) -> String {
    let sections = [
        ("Verdict", Some(verdict::figure(&of.verdict, remedy))),
        (if of.objective == Objective::Noiseless { "The objective" } else { "The bound" }, curve::figure(of)),
        ("Its two terms", terms::figure(of)),
        ("Latent dimensions", dimensions::figure(of)),
        ("Reconstructions", rows::reconstructions(of)),
        ("Samples from the prior", rows::samples(of)),
        ("Latent map", latent::map(&of.map)),
        ("Settings", settings::figure(&of.settings)),
    ];
    page(&format!("{} – ELBO report", of.title), &header(of, word), &sections)
}

fn header(of: &AutoEncoderPage, word: &dyn Fn(&Text) -> String) -> Markup {
    html! {
        header {
            p.kicker { "Variational auto-encoder" }
            h1 { (of.title) }
            @if !of.summary.is_empty() {
                dl.cards {
                    @for (name, value) in &of.summary {
                        div { dt { (name) } dd { (value) } }
                    }
                }
            }
            @if !of.notes.is_empty() {
                ul.notes { @for note in &of.notes { li { (coded(&word(note))) } } }
            }
        }
    }
}

/// Words with what stands between backquotes as code.
fn coded(words: &str) -> Markup {
    html! { @for (i, piece) in words.split('`').enumerate() { @if i % 2 == 1 { code { (piece) } } @else { (piece) } } }
}
