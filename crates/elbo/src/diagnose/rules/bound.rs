//! Rules about the bound of any fit.

use super::grading::{OURS, caution_unless, reason};
use crate::diagnose::{Claim, Findings, Reason, Remedy};

pub(super) fn a_bound(findings: &Findings) -> Option<Reason> {
    let bound = findings.maximised_a_bound?;
    let not = if bound { "" } else { "not " };
    let finding = format!("the value that was maximised is {not}a bound on log p(x)");
    let (level, rule) = (caution_unless(bound), "caution where it is none");
    Some(reason(
        Claim::Bound,
        level,
        finding,
        rule,
        OURS,
        &[Remedy::MaximiseElbo, Remedy::Beta(1.0), Remedy::ScoreFunction, Remedy::Binarise],
    ))
}
