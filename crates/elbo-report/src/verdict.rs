//! Whether the fit can be trusted, and why.

use elbo::diagnose::{Claim, Level, Remedy, Verdict};
use maud::{Markup, html};

use crate::page::captioned;

/// Each claim with its level and all that was checked about it; `remedy` words what to try.
pub(crate) fn figure(verdict: &Verdict, remedy: &dyn Fn(&Remedy) -> String) -> Markup {
    let table = html! {
        div.scroll {
            table.verdict {
                thead { tr { th {} th { "What was found" } th { "The rule, and where it is from" } th { "Try" } } }
                @for claim in Claim::ALL {
                    tbody {
                        @match verdict.claim(claim) {
                            Some(level) => tr { th scope="rowgroup" colspan="4" { (claim.to_string()) ": " (word(level)) } },
                            None => tr { th scope="rowgroup" colspan="4" { (claim.to_string()) ": not checked" } },
                        }
                        @for reason in verdict.reasons.iter().filter(|reason| reason.claim == claim) {
                            tr {
                                td { (word(reason.level)) }
                                td { (reason.finding) }
                                td { (reason.rule) " (" (reason.source) ")" }
                                td { @for of in &reason.remedies { div.remedy { code { (remedy(of)) } } } }
                            }
                        }
                    }
                }
            }
        }
    };
    captioned(
        &table,
        &html! {
            "On the whole: " (word(verdict.level)) ". The three claims are judged apart: a q that misses the tails of the "
            "posterior says nothing against the model, and its bound is still a bound."
        },
    )
}

fn word(level: Level) -> Markup {
    let class = match level {
        Level::Trust => "trust",
        Level::Caution => "caution",
        Level::DoNotTrust => "distrust",
    };
    html! { strong class=(class) { (level.to_string()) } }
}
