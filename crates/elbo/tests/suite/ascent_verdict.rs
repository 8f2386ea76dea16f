//! The verdict on made-up findings of a fit by coordinate ascent.

use elbo::diagnose::{Claim, Findings, Level, Starts, Verdict};

/// Everything checked, everything well.
fn good() -> Findings {
    Findings {
        converged: Some(true),
        maximised_a_bound: Some(true),
        coordinate_ascent: true,
        starts: Some(Starts { starts: 5, reached: 3, within: 1.0 }),
        parameters_khat: Some(0.4),
        marginal_error: Some(0.01),
        ..Findings::default()
    }
}

type Change = fn(&mut Findings);

/// Of a fit by coordinate ascent neither the latent's use nor held-out rows are asked for.
#[test]
fn coordinate_ascent_has_fewer_essentials() {
    let mut findings = Findings {
        converged: Some(true),
        maximised_a_bound: Some(true),
        coordinate_ascent: true,
        ..Findings::default()
    };
    assert_eq!(Verdict::of(&findings).level, Level::Trust);
    findings.converged = Some(false);
    let verdict = Verdict::of(&findings);
    assert_eq!(verdict.level, Level::Caution);
    assert!(verdict.to_string().contains("ran out of sweeps") && verdict.to_string().contains("more sweeps"));
    findings.converged = None;
    assert!(Verdict::of(&findings).to_string().contains("not checked: whether the fit converged"));
}

/// There is no held-out row that would speak for p(x): how the ascent went is said of the bound.
#[test]
fn coordinate_ascent_says_nothing_of_the_model() {
    let findings = Findings {
        converged: Some(false),
        maximised_a_bound: None,
        coordinate_ascent: true,
        starts: Some(Starts { starts: 1, reached: 1, within: 1.0 }),
        ..Findings::default()
    };
    let verdict = Verdict::of(&findings);
    assert_eq!(verdict.claim(Claim::Model), None);
    assert_eq!(verdict.claim(Claim::Bound), Some(Level::Caution));
    let against = verdict.reasons.iter().filter(|reason| reason.level > Level::Trust);
    assert_eq!(against.count(), 3, "{verdict}");
    assert!(verdict.to_string().contains("the model p(x)       not checked\n"), "{verdict}");
}

/// Where q is all that is fitted nothing repairs it for a row at a time.
#[test]
fn a_wrong_posterior_is_the_worst_of_a_coordinate_ascent() {
    let wrong: [Change; 2] = [|f| f.parameters_khat = Some(0.9), |f| f.marginal_error = Some(0.49)];
    for change in wrong {
        let mut findings = good();
        assert_eq!(Verdict::of(&findings).level, Level::Trust);
        change(&mut findings);
        let verdict = Verdict::of(&findings);
        assert_eq!(verdict.level, Level::DoNotTrust);
        assert_eq!(verdict.claim(Claim::Bound), Some(Level::Trust), "it is a bound all the same");
    }
}
