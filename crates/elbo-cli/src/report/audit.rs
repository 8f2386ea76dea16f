//! The page of an audit: the verdict, the gap ledger, and the rows that lose the most.

use elbo::{
    diagnose::{Gaps, LedgerSummary, Verdict},
    objective::elbo::Mean,
};
use maud::{Markup, html};

use super::{
    captioned,
    mosaic::{Mosaic, across},
    page,
    plot::number,
    verdict,
};

/// Everything the page shows.
pub(crate) struct AuditPage<'a> {
    /// The name of the fit.
    pub(crate) title: &'a str,
    /// Which rows were audited.
    pub(crate) rows: &'a str,
    pub(crate) ledger: &'a LedgerSummary,
    /// The ledger of as many training rows.
    pub(crate) training: Option<&'a LedgerSummary>,
    pub(crate) verdict: &'a Verdict,
    /// The rows that lose the most, the worst first.
    pub(crate) worst: Vec<Worst>,
    /// Height and width, when rows are images.
    pub(crate) image: Option<(usize, usize)>,
}

/// A row that loses much.
pub(crate) struct Worst {
    pub(crate) gaps: Gaps,
    pub(crate) label: Option<String>,
    pub(crate) original: Vec<f32>,
    pub(crate) reconstruction: Vec<f32>,
}

impl AuditPage<'_> {
    /// One self-contained HTML page.
    pub(crate) fn to_html(&self) -> String {
        let header = html! {
            header {
                p.kicker { "Audit of a variational auto-encoder" }
                h1 { (self.title) }
                ul.notes { li { (self.rows) } }
            }
        };
        let sections = [
            ("Verdict", Some(verdict::figure(self.verdict))),
            ("Where the nats are lost", Some(self.ledger())),
            ("The rows that lose the most", self.worst()),
        ];
        page(&format!("{} – audit", self.title), &header, &sections)
    }

    fn ledger(&self) -> Markup {
        let line = |name: &str, of: fn(&LedgerSummary) -> Mean, gap: bool| {
            let held_out = of(self.ledger);
            // As wide as the gap is of both together.
            let total = self.ledger.log_evidence.value - self.ledger.amortised.value;
            let width = (100.0 * held_out.value / total).clamp(0.0, 100.0);
            html! {
                tr {
                    th scope="row" { (name) }
                    td { (nats(held_out)) }
                    @if let Some(training) = self.training { td { (nats(of(training))) } }
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
                            @if self.training.is_some() { th { "training rows" } }
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
                "From log " i { "p" } "(" i { "x" } ") down to the bound that the encoder gives. " strong { "The approximation gap" }
                " is what the family of " i { "q" } " loses even at its best for each row by itself: only a richer family "
                "closes it. " strong { "The amortisation gap" } " is what the encoder loses against that best: a better "
                "encoder, or inference for each row, closes it."
            },
        )
    }

    fn worst(&self) -> Option<Markup> {
        if self.worst.is_empty() {
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
                        @for row in &self.worst {
                            tr {
                                td { (row.gaps.row + 1) }
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
        let picture = self.image.map(|shape| {
            let lines = self.worst.chunks(across(shape.1)).flat_map(|rows| {
                let of = |pixels: fn(&Worst) -> &[f32]| rows.iter().map(pixels).collect::<Vec<_>>();
                [of(|row| &row.original), of(|row| &row.reconstruction)]
            });
            Mosaic { shape, rows: lines.collect(), group: 2 }
                .picture("These rows above their reconstructions")
        });
        Some(captioned(
            &html! { (table) @if let Some(picture) = picture { (picture) } },
            &html! {
                "Nats, of the rows whose encoder's bound lies farthest below log " i { "p" } "(" i { "x" } "), the worst first"
                @if self.image.is_some() { "; below, in the same order, each above its reconstruction" }
                "."
            },
        ))
    }
}

fn nats(mean: Mean) -> String {
    format!("{} ± {}", number(mean.value, 3), number(mean.standard_error, 3))
}
