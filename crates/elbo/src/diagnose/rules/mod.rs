//! The rules of the [verdict](super::Verdict): one a function, its thresholds and their source in its reason.

mod auto_encoder;
mod bound;
mod coordinate_ascent;
mod grading;

use self::grading::{Essential, OURS, Rule, reason};
use super::{Claim, Findings, Level, Reason};

/// A reason for each rule whose findings are there, and one for each claim of which an essential check is missing.
pub(super) fn reasons(findings: &Findings) -> Vec<Reason> {
    let (essential, further): (&[Essential], &[Rule]) = if findings.coordinate_ascent {
        (&coordinate_ascent::ESSENTIAL, &coordinate_ascent::FURTHER)
    } else {
        (&auto_encoder::ESSENTIAL, &auto_encoder::FURTHER)
    };
    let found: Vec<Option<Reason>> = essential.iter().map(|(.., rule)| rule(findings)).collect();
    let missing: Vec<(Claim, &str)> = essential
        .iter()
        .zip(&found)
        .filter(|(_, r)| r.is_none())
        .map(|((c, name, _), _)| (*c, *name))
        .collect();
    let mut reasons: Vec<Reason> = found.into_iter().flatten().collect();
    reasons.extend(further.iter().filter_map(|rule| rule(findings)));
    let nothing = if reasons.is_empty() { "nothing was checked: " } else { "not checked: " };
    for claim in Claim::ALL {
        let of_claim: Vec<&str> =
            missing.iter().filter(|(of, _)| *of == claim).map(|(_, name)| *name).collect();
        if !of_claim.is_empty() {
            let finding = format!("{nothing}{}", of_claim.join(", "));
            reasons.push(reason(
                claim,
                Level::Caution,
                finding,
                "the verdict is caution at best until these checks are made",
                OURS,
                &[],
            ));
        }
    }
    reasons
}
