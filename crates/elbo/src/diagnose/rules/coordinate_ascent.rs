//! The rules of a fit by coordinate ascent: one a function, its thresholds and their source in its reason.

use super::{
    bound::a_bound,
    grading::{Essential, OURS, Rule, caution_unless, grade, meaning, reason},
};
use crate::diagnose::{Claim, Findings, KHAT_LIMIT, Reason, Remedy, Starts};

/// Without these no trust.
pub(super) const ESSENTIAL: [Essential; 2] = [
    (Claim::Bound, "whether the fit converged", convergence),
    (Claim::Bound, "whether a bound was maximised", a_bound),
];

pub(super) const FURTHER: [Rule; 3] = [starts, parameters, marginals];

fn convergence(findings: &Findings) -> Option<Reason> {
    let converged = findings.converged?;
    let finding = if converged {
        "the bound had stopped rising"
    } else {
        "the fit ran out of sweeps: its bound may still have been rising"
    };
    let (level, rule) = (caution_unless(converged), "caution unless the bound had stopped rising");
    Some(reason(Claim::Bound, level, finding.into(), rule, OURS, &[Remedy::MoreSweeps]))
}

/// Local optima.
fn starts(findings: &Findings) -> Option<Reason> {
    let Starts { starts, reached, within } = findings.starts?;
    let finding = if starts == 1 {
        "one start: whether another ends at a higher bound was not looked at".into()
    } else {
        format!("{reached} of {starts} starts came within {within:.2} nats of the highest bound")
    };
    let more = Remedy::MoreStarts((4 * starts).max(20));
    let (level, rule) =
        (caution_unless(reached > 1), "caution where fewer than two starts reach the highest bound");
    Some(reason(Claim::Bound, level, finding, rule, OURS, &[more]))
}

/// Whether q(θ) is near the posterior of all parameters.
fn parameters(findings: &Findings) -> Option<Reason> {
    let khat = findings.parameters_khat?;
    let level = grade(khat, [0.5, KHAT_LIMIT]);
    let meaning = meaning(
        level,
        ": its intervals may be too narrow, and what depends on them; the bound is one all the same",
    );
    let finding = format!("k̂ of q over all parameters is {khat:.2}{meaning}");
    let rule = "caution above 0.5, no trust above 0.7: there q does not cover the posterior";
    let source = "Yao, Vehtari, Simpson and Gelman 2018";
    Some(reason(Claim::Posterior, level, finding, rule, source, &[]))
}

/// Whether q has the exact marginals. k̂ cannot tell: draws of q see only the modes that q is on.
fn marginals(findings: &Findings) -> Option<Reason> {
    let error = findings.marginal_error?;
    let level = grade(error, [0.05, 0.25]);
    let meaning = meaning(level, ": q is too sure, or is on one of several modes");
    let finding = format!("a marginal probability of q is {error:.3} from the exact one{meaning}");
    Some(reason(Claim::Posterior, level, finding, "caution above 0.05, no trust above 0.25", OURS, &[]))
}
