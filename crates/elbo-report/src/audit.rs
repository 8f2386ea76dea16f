//! The page of an audit: the verdict, the gap ledger, and the rows that lose the most.

use elbo::diagnose::Remedy;
use elbo::{diagnose::LedgerSummary, terms::Mean};
use elbo_fit::auto_encoder::{AuditPage, Worst};
use maud::{Markup, html};

use crate::{
    mosaic::{Mosaic, across},
    number::number,
    page::{captioned, page},
    verdict,
};

/// The page of an audit.
pub fn audit(of: &AuditPage, remedy: &dyn Fn(&Remedy) -> String) -> String {
    let header = html! {
        header {
            p.kicker { "Audit of a variational auto-encoder" }
            h1 { (of.title) }
            ul.notes { li { (of.rows) } }
        }
    };
    let sections = [
        ("Verdict", Some(verdict::figure(&of.verdict, remedy))),
        ("Where the nats are lost", Some(ledger(of))),
        ("The rows that lose the most", worst(of)),
    ];
    page(&format!("{} – audit", of.title), &header, &sections)
}

fn ledger(of: &AuditPage) -> Markup {
    let line = |name: &str, term: fn(&LedgerSummary) -> Mean, gap: bool| {
        let held_out = term(&of.ledger);
        // As wide as the gap is of both together.
        let total = of.ledger.log_evidence.value - of.ledger.amortised.value;
        let share = if total > 0.0 { held_out.value / total } else { 0.0 };
        let width = (100.0 * share).clamp(0.0, 100.0);
        html! {
            tr {
                th scope="row" { (name) }
                td { (nats(held_out)) }
                @if let Some(training) = &of.training { td { (nats(term(training))) } }
                td.gap { @if gap { div.bar style=(format!("width: {width:.1}%")) {} } }
            }
        }
    };
    let table = html! {
        div.scroll {
            table.ledger {
                thead {
                    tr {
                        th {}
                        th { "nats per row" }
                        @if of.training.is_some() { th { "training rows" } }
                        th { "share of what is lost" }
                    }
                }
                tbody {
                    (line("log p(x), estimated from below", |l| l.log_evidence, false))
                    (line("approximation gap", |l| l.approximation_gap, true))
                    (line("best per-datum ELBO", |l| l.per_datum, false))
                    (line("amortisation gap", |l| l.amortisation_gap, true))
                    (line("the encoder's ELBO", |l| l.amortised, false))
                }
            }
        }
    };
    captioned(
        &table,
        &html! {
            "The table leads from log " i { "p" } "(" i { "x" } ") down to the bound that the encoder gives. " strong { "The approximation gap" }
            " is what the family of " i { "q" } " loses even at its best for each row by itself: only a richer family "
            "closes it. " strong { "The amortisation gap" } " is what the encoder loses against that best: a better "
            "encoder, or inference for each row, closes it."
        },
    )
}

fn worst(of: &AuditPage) -> Option<Markup> {
    if of.worst.is_empty() {
        return None;
    }
    let value = |v: f64| number(v, 2);
    let table = html! {
        div.scroll {
            table {
                thead {
                    tr {
                        th { "row" } th { "log p(x)" } th { "per-datum ELBO" } th { "encoder's ELBO" } th { "k̂" } th { "label" }
                    }
                }
                tbody {
                    @for row in &of.worst {
                        tr {
                            th scope="row" { (row.gaps.row + 1) }
                            td { (value(row.gaps.log_evidence)) }
                            td { (value(row.gaps.per_datum)) }
                            td { (value(row.gaps.amortised)) }
                            td { (row.gaps.khat.filter(|k| k.is_finite()).map_or("–".into(), value)) }
                            td { (row.label.as_deref().unwrap_or("–")) }
                        }
                    }
                }
            }
        }
    };
    let picture = of.image.map(|shape| {
        let lines = of.worst.chunks(across(shape.1)).flat_map(|rows| {
            let of = |pixels: fn(&Worst) -> &[f32]| rows.iter().map(pixels).collect::<Vec<_>>();
            [of(|row| &row.original), of(|row| &row.reconstruction)]
        });
        Mosaic { shape, rows: lines.collect(), group: 2 }.picture("These rows above their reconstructions")
    });
    Some(captioned(
        &html! { (table) @if let Some(picture) = picture { (picture) } },
        &html! {
            "These are the rows whose encoder's bound lies farthest below log " i { "p" } "(" i { "x" } "), in nats, the worst first"
            @if of.image.is_some() { "; below they are shown in the same order, each above its reconstruction" }
            "."
        },
    ))
}

fn nats(mean: Mean) -> String {
    format!("{} ± {}", number(mean.value, 3), number(mean.standard_error, 3))
}
