//! What rules have in common: a number is graded, and what was found becomes a reason.

use crate::{
    diagnose::{Claim, Findings, Level, Reason, Remedy},
    terms::Mean,
};

/// What a rule makes of the findings; `None` where it has none to judge.
pub(super) type Rule = fn(&Findings) -> Option<Reason>;

/// A claim, what is asked of it, and the rule that judges it: without them there is no trust.
pub(super) type Essential = (Claim, &'static str, Rule);

/// A difference counts as far as it is more than so many standard errors.
pub(super) const STANDARD_ERRORS: f64 = 3.0;

pub(super) const OURS: &str = "our choice";

pub(super) fn reason(
    claim: Claim,
    level: Level,
    finding: String,
    rule: &str,
    source: &str,
    remedies: &[Remedy],
) -> Reason {
    let remedies = if level == Level::Trust { Vec::new() } else { remedies.to_vec() };
    Reason { claim, level, finding, rule: rule.into(), source: source.into(), remedies }
}

/// The level of a number of which less is better; NaN is bad.
pub(super) fn grade(value: f64, [caution, no_trust]: [f64; 2]) -> Level {
    if value <= caution {
        Level::Trust
    } else if value <= no_trust {
        Level::Caution
    } else {
        Level::DoNotTrust
    }
}

/// Trust, or caution.
pub(super) fn caution_unless(well: bool) -> Level {
    if well { Level::Trust } else { Level::Caution }
}

/// What a gap means, where it is a reason against trust.
pub(super) fn meaning(level: Level, words: &'static str) -> &'static str {
    if level == Level::Trust { "" } else { words }
}

pub(super) fn nats(mean: Mean) -> String {
    format!("{} ± {} nats", figure(mean.value), figure(mean.standard_error))
}

/// A difference by its size and its direction, as "2.86 ± 0.50 nats below".
pub(super) fn apart(mean: Mean) -> String {
    let side = if mean.value < 0.0 { "below" } else { "above" };
    format!("{} {side}", nats(Mean { value: mean.value.abs(), ..mean }))
}

/// Of what is beyond all reason, as rows in other units are, the size alone.
pub(super) fn figure(value: f64) -> String {
    if value.abs() < 1e6 { format!("{value:.2}") } else { format!("{value:.1e}") }
}
