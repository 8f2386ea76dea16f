//! The verdict on made-up findings of a fit by coordinate ascent.

use elbo::{
    diagnose::{
        Claim, Departure, Estimated, Findings, HeldOutDocuments, Level, Remedy, Skewed, Starts, Transformed,
        Verdict,
    },
    terms::Mean,
};

fn mean(value: f64, standard_error: f64) -> Mean {
    Mean { value, standard_error }
}

fn starts(starts: usize, reached: usize, apart: usize) -> Starts {
    Starts { starts, reached, apart, within: 1.0 }
}

fn transformed(probability: f64, lost: f64) -> Transformed {
    let worst = "column `x` is wider".into();
    let lost = mean(lost, 0.01);
    let (departure, column) = (Departure::Shape, Some("x".into()));
    Transformed { rows: 200, columns: 1, tests: 6, probability, lost, worst, departure, column }
}

fn documents(overclaimed: f64, over_unigram: f64, own: f64) -> HeldOutDocuments {
    HeldOutDocuments {
        documents: 30,
        overclaimed: mean(overclaimed, 0.01),
        over_unigram: mean(over_unigram, 0.01),
        under_own_words: mean(own, 0.001),
    }
}

/// Everything checked, everything well.
fn good() -> Findings {
    Findings {
        converged: Some(true),
        maximised_a_bound: Some(true),
        coordinate_ascent: true,
        starts: Some(starts(5, 3, 2)),
        parameters_khat: Some(0.4),
        narrower: Some(1.01),
        wider: Some(1.02),
        intervals_told: true,
        transformed: Some(transformed(0.4, 0.002)),
        estimated: Some(Estimated { parameters: 4.0, rows: 200.0 }),
        bound_gap: Some(0.001),
        marginal_error: Some(0.01),
        ..Findings::default()
    }
}

type Change = fn(&mut Findings);

/// A finding, the claim that it is about, its level there, and what the reason says.
const BAD: [(Change, Claim, Level, &str); 26] = [
    (
        |f| f.starts = Some(starts(30, 1, 1)),
        Claim::Bound,
        Level::Caution,
        "1 of 30 starts came within 1.00 nats",
    ),
    (|f| f.starts = Some(starts(3, 3, 1)), Claim::Bound, Level::Caution, "and 1 of these began apart"),
    (|f| f.starts = Some(starts(1, 1, 1)), Claim::Bound, Level::Caution, "one start"),
    (|f| f.converged = Some(false), Claim::Bound, Level::Caution, "ran out of sweeps"),
    (|f| f.bound_gap = Some(0.1), Claim::Bound, Level::Caution, "0.10 nats a spin"),
    (|f| f.bound_gap = Some(0.5), Claim::Bound, Level::DoNotTrust, "0.50 nats a spin"),
    (
        |f| f.parameters_khat = Some(0.71),
        Claim::Posterior,
        Level::Caution,
        "k̂ of q over all parameters is 0.71: inter",
    ),
    (|f| f.parameters_khat = Some(f64::NAN), Claim::Posterior, Level::Caution, "k̂ of q over all parameters"),
    (
        |f| f.parameters_khat = Some(0.71),
        Claim::Bound,
        Level::Caution,
        "k̂ of the draws that log Z is estimated by is 0.71; it is 0.00 nats a spin or more",
    ),
    (
        |f| (f.bound_gap, f.model_is_given) = (None, true),
        Claim::Bound,
        Level::Caution,
        "how far the bound is below log Z, for draws",
    ),
    (|f| f.narrower = Some(1.5), Claim::Posterior, Level::Caution, "up to 1.50 times as large"),
    (|f| f.narrower = Some(f64::NAN), Claim::Posterior, Level::DoNotTrust, "times as large"),
    (|f| f.wider = Some(1.3), Claim::Posterior, Level::Caution, "up to 1.30 times as large as those of q"),
    (|f| f.wider = Some(3.5), Claim::Posterior, Level::DoNotTrust, "the intervals are too narrow by as much"),
    (|f| f.wider = Some(f64::NAN), Claim::Posterior, Level::DoNotTrust, "times as large as those of q"),
    (
        |f| f.marginal_error = Some(0.06),
        Claim::Posterior,
        Level::Caution,
        "0.060 from the exact one: q is too sure",
    ),
    (|f| f.marginal_error = Some(0.5), Claim::Posterior, Level::DoNotTrust, "or is on one of several modes"),
    (
        |f| f.transformed = Some(transformed(1e-4, 0.1)),
        Claim::Model,
        Level::Caution,
        "`x` is wider than p(x) says: about 0.10",
    ),
    (
        |f| f.transformed = Some(transformed(1e-9, 0.5)),
        Claim::Model,
        Level::DoNotTrust,
        "about 0.50 nats a row",
    ),
    (|f| f.transformed = Some(transformed(f64::NAN, 0.0)), Claim::Model, Level::DoNotTrust, "than p(x) says"),
    (|f| f.transformed = Some(transformed(0.9, f64::NAN)), Claim::Model, Level::DoNotTrust, "than p(x) says"),
    (
        |f| f.estimated = Some(Estimated { parameters: 10.0, rows: 100.0 }),
        Claim::Model,
        Level::Caution,
        "10 parameters were fitted to 100 rows, so they are not known exactly: new rows lose about 0.05 nats each by it in the mean of \
         such fits, and more than 0.09 in one fit of 20",
    ),
    // A table may be sorted.
    (
        |f| f.in_no_order = Some(transformed(1e-9, 0.5)),
        Claim::Model,
        Level::Caution,
        "p(x) says, unless the rows were sorted",
    ),
    (|f| f.in_no_order = Some(transformed(f64::NAN, 0.5)), Claim::Model, Level::Caution, "unless the rows"),
    (
        |f| f.held_out_documents = Some(documents(0.1, 1.0, 0.0)),
        Claim::Model,
        Level::Caution,
        "log p of a word is 0.10 nats lower than in documents that took part, 1.00 nats higher than without topics, and 0.00 nats higher \
         than where",
    ),
    (
        |f| f.held_out_documents = Some(documents(0.0, -0.1, 0.0)),
        Claim::Model,
        Level::DoNotTrust,
        "0.10 nats lower than without topics",
    ),
];

#[test]
fn a_good_fit_is_trusted_in_every_claim() {
    let verdict = Verdict::of(&good());
    assert_eq!(verdict.level, Level::Trust, "{verdict}");
    assert!(Claim::ALL.iter().all(|&claim| verdict.claim(claim) == Some(Level::Trust)));
}

#[test]
fn each_bad_finding_is_named_with_its_level() {
    for (change, claim, level, says) in &BAD {
        let mut findings = good();
        change(&mut findings);
        let verdict = Verdict::of(&findings);
        let found = verdict
            .reasons
            .iter()
            .any(|r| (r.claim, r.level) == (*claim, *level) && r.finding.contains(says));
        assert!(found, "{says}: {verdict}");
        assert_eq!((verdict.level, verdict.claim(*claim)), (*level, Some(*level)), "{says}: {verdict}");
    }
}

/// Where no interval of a parameter is told, what k̂ condemns is named and the whole is not.
#[test]
fn khat_condemns_the_intervals_that_it_is_about() {
    let mut findings =
        Findings { intervals_told: false, parameters_khat: Some(1.2), bound_gap: None, ..good() };
    let verdict = Verdict::of(&findings);
    assert_eq!(
        (verdict.level, verdict.claim(Claim::Posterior)),
        (Level::Trust, Some(Level::Caution)),
        "{verdict}"
    );
    assert!(verdict.to_string().contains("of p(x) this says nothing"), "{verdict}");
    findings.intervals_told = true;
    assert_eq!(Verdict::of(&findings).level, Level::Caution);
}

/// What is not looked at is never trusted.
#[test]
fn a_missing_check_is_named() {
    let missing: [(Change, &str); 4] = [
        (|f| f.transformed = None, "not checked: whether the rows are such as p(x) says"),
        (|f| f.converged = None, "not checked: whether the fit converged"),
        (|f| f.maximised_a_bound = None, "not checked: whether a bound was maximised"),
        (
            |f| {
                (f.parameters_khat, f.narrower, f.wider, f.marginal_error) = (None, None, None, None);
            },
            "q takes latents and parameters for independent, and is too sure of these; by how much was not measured",
        ),
    ];
    for (change, says) in missing {
        let mut findings = good();
        change(&mut findings);
        let verdict = Verdict::of(&findings);
        assert_eq!(verdict.level, Level::Caution, "{verdict}");
        assert!(verdict.reasons.iter().any(|reason| reason.finding == says), "{verdict}");
    }
}

/// A posterior that is known is no gap in what was checked.
#[test]
fn a_known_posterior_is_trusted() {
    let findings =
        Findings { parameters_khat: None, narrower: None, wider: None, marginal_error: None, ..good() };
    let verdict = Verdict::of(&Findings { posterior_is_known: true, ..findings });
    assert_eq!(
        (verdict.level, verdict.claim(Claim::Posterior)),
        (Level::Trust, Some(Level::Trust)),
        "{verdict}"
    );
}

/// Of many rows a test sees what does not matter, and of few it sees nothing: neither is a reason.
#[test]
fn what_costs_nothing_is_no_reason() {
    for of in [transformed(1e-12, 0.004), transformed(0.3, 0.02), transformed(0.9, 0.1)] {
        assert_eq!(Verdict::of(&Findings { transformed: Some(of), ..good() }).level, Level::Trust);
    }
    let given = Findings { model_is_given: true, transformed: None, ..good() };
    assert_eq!(Verdict::of(&given).claim(Claim::Model), Some(Level::Trust));
}

fn remedies(findings: &Findings) -> Vec<Remedy> {
    Verdict::of(findings).reasons.iter().flat_map(|reason| reason.remedies.clone()).collect()
}

/// No advice is what was just done: of starts it asks for more than there were, and of many it says what they show.
#[test]
fn advice_of_starts_ends() {
    let of = |number| Findings { starts: Some(starts(number, 1, 1)), ..good() };
    assert_eq!(remedies(&of(1)), [Remedy::MoreStarts(20)]);
    assert_eq!(remedies(&of(8)), [Remedy::MoreStarts(32)]);
    for number in [20, 80, 320] {
        assert_eq!(remedies(&of(number)), [Remedy::Anneal]);
        let told = Verdict::of(&of(number)).to_string();
        assert!(told.contains("the bound has many optima, and that a higher one may be left"), "{told}");
    }
}

/// More parts are no help where some are spare, or where what there is has too many parameters for the rows.
#[test]
fn more_parts_are_advised_where_they_may_help() {
    use Remedy::{MoreComponents, MoreLatents, MoreStates};
    let of = |enough_parts, parameters| {
        let departure = Departure::Columns;
        let transformed = Some(Transformed { departure, ..transformed(1e-9, 0.1) });
        let estimated = Some(Estimated { parameters, rows: 200.0 });
        remedies(&Findings { enough_parts, transformed, estimated, ..good() })
    };
    let has = |found: &[Remedy]| {
        let more = [MoreComponents, MoreLatents, MoreStates].map(|remedy| found.contains(&remedy));
        assert!(more == [more[0]; 3], "{found:?}");
        more[0]
    };
    assert!(has(&of(false, 4.0)));
    assert!(!has(&of(true, 4.0)));
    let many = of(false, 40.0);
    assert!(!has(&many) && many.contains(&Remedy::SimplerCovariance), "{many:?}");
}

/// An auto-encoder that is worse than a mixture or a linear model names these, so that they do not name it: no advice goes round.
#[test]
fn no_advice_goes_back_to_an_auto_encoder() {
    for departure in [Departure::Shape, Departure::Skew, Departure::Tails, Departure::Columns] {
        for enough_parts in [false, true] {
            let transformed =
                Some(Transformed { departure, rows: 5000, columns: 6, ..transformed(1e-9, 0.1) });
            let found = remedies(&Findings { enough_parts, transformed, ..good() });
            assert!(!found.is_empty() && !found.contains(&Remedy::AutoEncoder), "{found:?}");
        }
    }
}

/// k̂ is an estimate: it condemns where it is above its limit by more than its standard error.
#[test]
fn khat_condemns_beyond_its_error() {
    let of = |khat, error| {
        let findings = Findings {
            parameters_khat: Some(khat),
            parameters_khat_error: Some(error),
            bound_gap: None,
            ..good()
        };
        let verdict = Verdict::of(&findings);
        (verdict.claim(Claim::Posterior).unwrap(), verdict)
    };
    assert_eq!(of(0.6, 0.15).0, Level::Trust);
    let (level, verdict) = of(0.8, 0.15);
    let said = verdict.reasons.iter().any(|r| r.finding.contains("it is not known whether q covers"));
    assert!(level == Level::Trust && said, "{verdict:?}");
    assert_eq!(of(0.9, 0.15).0, Level::Caution);
    assert_eq!(of(f64::NAN, 0.15).0, Level::Caution);
    assert_eq!(of(0.9, f64::NAN).0, Level::Caution);
}

/// Rows that follow one another are told to the intervals of parameters, by the factor that it costs.
#[test]
fn dependent_rows_make_intervals_too_narrow() {
    let of = |probability: f64, factor: f64| {
        let order = Some(transformed(probability, 0.5));
        Verdict::of(&Findings { in_no_order: order, dependent: Some(factor), ..good() })
    };
    let verdict = of(1e-9, 2.5);
    assert_eq!(verdict.claim(Claim::Posterior), Some(Level::Caution), "{verdict}");
    assert!(verdict.to_string().contains("standard deviations are up to 2.50 times as large"), "{verdict}");
    // Where nothing depends, or it costs little, nothing is said.
    for verdict in [of(0.2, 2.5), of(1e-9, 1.1)] {
        assert_eq!(verdict.claim(Claim::Posterior), Some(Level::Trust), "{verdict}");
    }
}

/// What may mend rows that are not such as p(x) says goes by what they are.
#[test]
fn remedies_go_by_what_failed() {
    let remedies = |change: &dyn Fn(&mut Findings)| {
        let mut findings = good();
        change(&mut findings);
        let verdict = Verdict::of(&findings);
        verdict.reasons.iter().flat_map(|reason| reason.remedies.clone()).collect::<Vec<Remedy>>()
    };
    let of = |departure| {
        remedies(&|f: &mut Findings| {
            f.transformed = Some(Transformed { departure, ..transformed(1e-9, 0.1) });
        })
    };
    // A logarithm is for what was seen to be better by it.
    assert!(!of(Departure::Skew).contains(&Remedy::Logarithm));
    let skewed = |what| {
        remedies(&|f: &mut Findings| {
            let departure = Departure::Skew;
            f.transformed = Some(Transformed { departure, ..transformed(1e-9, 0.1) });
            f.skewed = Some(what);
        })
    };
    assert_eq!(skewed(Skewed::LogNormal)[0], Remedy::Logarithm);
    assert_eq!(skewed(Skewed::Counts)[..2], [Remedy::SquareRoot, Remedy::CountLikelihood]);
    assert!(skewed(Skewed::Otherwise).contains(&Remedy::NormalScores));
    assert!(!skewed(Skewed::Otherwise).contains(&Remedy::Logarithm));
    assert_eq!(of(Departure::Shape)[0], Remedy::Mixture);
    assert_eq!(of(Departure::Columns)[0], Remedy::Squares);
    let order = remedies(&|f: &mut Findings| f.in_no_order = Some(transformed(1e-9, 0.1)));
    assert_eq!(order[2..4], [Remedy::StateSpace, Remedy::HiddenMarkov]);
}
