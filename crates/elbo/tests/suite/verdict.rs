//! The verdict on made-up findings: its level, its reasons, and that a bad finding never makes it better.

use elbo::{
    diagnose::{Claim, Findings, KhatShares, Level, Predictive, Reason, Remedy, Scale, Verdict},
    terms::Mean,
};

fn mean(value: f64, standard_error: f64) -> Mean {
    Mean { value, standard_error }
}

/// Shares of 100 rows with 4,000 draws each.
fn khat(above_limit: f64, above_one: f64) -> KhatShares {
    KhatShares { rows: 100, limit: 0.7, above_limit, above_one }
}

fn scale(ratio: f64) -> Scale {
    Scale { ratio, of: "all columns".into() }
}

/// Everything checked, everything well.
fn good() -> Findings {
    Findings {
        converged: Some(true),
        maximised_a_bound: Some(true),
        active_units: Some(8),
        kl: Some(20.0),
        mutual_information: Some(6.5),
        generalisation_gap: Some(mean(1.0, 0.4)),
        inference_gap: Some(mean(3.0, 0.1)),
        amortisation_gap: Some(mean(1.5, 0.1)),
        training_amortisation_gap: Some(mean(1.2, 0.1)),
        khat: Some(khat(0.2, 0.05)),
        effective_sample_size: Some(120.0),
        disagreement: Some(mean(0.1, 0.02)),
        scale: Some(scale(1.1)),
        columns: 400,
        over_independent: Some(mean(9.0, 0.5)),
        over_linear: Some(mean(4.0, 0.5)),
        over_mixture: Some(mean(0.1, 0.02)),
        over_blend: Some(mean(0.02, 0.02)),
        predictive: Some(Predictive { coverage: 0.88, limit: 0.82, of: "column a".into() }),
        ..Findings::default()
    }
}

type Change = fn(&mut Findings);

struct Case {
    change: Change,
    claim: Claim,
    level: Level,
    /// What the reason must say.
    says: &'static str,
    /// One of its remedies, where it has any.
    remedy: Option<Remedy>,
}

/// One bad finding each.
const BAD: [Case; 29] = [
    Case {
        change: |f| f.over_blend = Some(mean(-0.7, 0.19)),
        claim: Claim::Model,
        level: Level::Caution,
        says: "is 0.70 ± 0.19 nats below that of half p(x) and half a mixture of 10 components: p(x) lacks",
        remedy: Some(Remedy::MoreEpochs),
    },
    Case {
        change: |f| f.generalisation_gap = Some(mean(1.0, 7.0)),
        claim: Claim::Model,
        level: Level::Caution,
        says: "nats above that of held-out rows (mean KL 20.00): held-out rows are too few to see overfitting",
        remedy: Some(Remedy::Patience),
    },
    Case {
        change: |f| {
            let unsure = Some(mean(4.0, 2.0));
            (f.over_independent, f.over_linear, f.over_mixture) = (unsure, unsure, unsure);
        },
        claim: Claim::Model,
        level: Level::Caution,
        says: "known to 2.000 nats a row: held-out rows are too few",
        remedy: None,
    },
    Case {
        change: |f| f.over_independent = Some(mean(-20.0, 5.0)),
        claim: Claim::Model,
        level: Level::Caution,
        says: "is 20.00 ± 5.00 nats below that of independent columns",
        remedy: Some(Remedy::MoreEpochs),
    },
    Case {
        change: |f| f.over_independent = Some(mean(-1.4e6, 3.7e5)),
        claim: Claim::Model,
        level: Level::DoNotTrust,
        says: "is 1.4e6 ± 370000.00 nats below that of independent columns",
        remedy: Some(Remedy::MoreEpochs),
    },
    Case {
        change: |f| f.over_linear = Some(mean(-30.0, 2.0)),
        claim: Claim::Model,
        level: Level::Caution,
        says: "is 30.00 ± 2.00 nats below that of the linear model",
        remedy: Some(Remedy::StepSize),
    },
    Case {
        change: |f| f.predictive = Some(Predictive { coverage: 0.8, limit: 0.82, of: "column a".into() }),
        claim: Claim::Model,
        level: Level::Caution,
        says: "hold 80 % of held-out rows at the least (column a), where chance allows 82 %: p(x) is too narrow",
        remedy: Some(Remedy::HiddenLayers),
    },
    Case {
        change: |f| f.predictive = Some(Predictive { coverage: 0.6, limit: 0.82, of: "column a".into() }),
        claim: Claim::Model,
        level: Level::DoNotTrust,
        says: "hold 60 % of held-out rows",
        remedy: Some(Remedy::MoreEpochs),
    },
    Case {
        change: |f| f.at_floor = vec!["kind".into(), "b".into()],
        claim: Claim::Bound,
        level: Level::Caution,
        says: "σ is as small as it may become (kind and 1 more)",
        remedy: None,
    },
    Case {
        change: |f| f.converged = Some(false),
        claim: Claim::Model,
        level: Level::Caution,
        says: "ran out of epochs",
        remedy: Some(Remedy::MoreEpochs),
    },
    Case {
        change: |f| f.maximised_a_bound = Some(false),
        claim: Claim::Bound,
        level: Level::Caution,
        says: "not a bound",
        remedy: Some(Remedy::MaximiseElbo),
    },
    Case {
        change: |f| f.active_units = Some(0),
        claim: Claim::Model,
        level: Level::DoNotTrust,
        says: "posterior collapse",
        remedy: Some(Remedy::KlWarmUp),
    },
    Case {
        change: |f| f.mutual_information = Some(0.004),
        claim: Claim::Model,
        level: Level::DoNotTrust,
        says: "0.004 nats about the row",
        remedy: Some(Remedy::EncoderSteps),
    },
    Case {
        change: |f| f.generalisation_gap = Some(mean(13.0, 0.5)),
        claim: Claim::Model,
        level: Level::Caution,
        says: "the bound of training rows is 13.00 ± 0.50 nats above",
        remedy: Some(Remedy::Patience),
    },
    Case {
        change: |f| f.generalisation_gap = Some(mean(400.0, 5.0)),
        claim: Claim::Model,
        level: Level::DoNotTrust,
        says: "the bound of training rows is 400.00 ± 5.00 nats above that of held-out rows (mean KL 20.00): overfitting",
        remedy: Some(Remedy::Patience),
    },
    Case {
        change: |f| f.scale = Some(scale(3.0)),
        claim: Claim::Model,
        level: Level::Caution,
        says: "3.00 times σ² (all columns): the rows are on another scale than the training rows, or σ is too small",
        remedy: Some(Remedy::ColumnScale),
    },
    // Held-out rows multiplied by ten, and by a tenth.
    Case {
        change: |f| f.scale = Some(scale(100.0)),
        claim: Claim::Model,
        level: Level::DoNotTrust,
        says: "100.00 times σ²",
        remedy: Some(Remedy::ColumnScale),
    },
    Case {
        change: |f| f.scale = Some(scale(0.01)),
        claim: Claim::Model,
        level: Level::DoNotTrust,
        says: "0.01 times σ² (all columns): the rows are on another scale than the training rows, or σ is too large",
        remedy: Some(Remedy::NoiseScale),
    },
    Case {
        change: |f| f.scale = Some(scale(93_762_724_451_359_296.0)),
        claim: Claim::Model,
        level: Level::DoNotTrust,
        says: "are 9.4e16 times σ² (all columns): the rows are on another scale",
        remedy: Some(Remedy::NoiseScale),
    },
    Case {
        change: |f| f.over_linear = Some(mean(-2.0, 0.5)),
        claim: Claim::Model,
        level: Level::Caution,
        says: "is 2.00 ± 0.50 nats below that of the linear model",
        remedy: Some(Remedy::MoreEpochs),
    },
    Case {
        change: |f| f.inference_gap = Some(mean(11.0, 0.3)),
        claim: Claim::Bound,
        level: Level::Caution,
        says: "log p(x) is at least 11.00",
        remedy: Some(Remedy::PerDatumGuide),
    },
    Case {
        change: |f| f.inference_gap = Some(mean(21.0, 0.3)),
        claim: Claim::Bound,
        level: Level::DoNotTrust,
        says: "log p(x) is at least 21.00",
        remedy: Some(Remedy::EncoderSteps),
    },
    Case {
        change: |f| f.disagreement = Some(mean(-1.0, 0.1)),
        claim: Claim::Bound,
        level: Level::Caution,
        says: "differ by 1.00",
        remedy: None,
    },
    Case {
        change: |f| f.effective_sample_size = Some(2.5),
        claim: Claim::Bound,
        level: Level::Caution,
        says: "2.5 effective draws",
        remedy: None,
    },
    Case {
        change: |f| f.khat = Some(khat(0.6, 0.1)),
        claim: Claim::Posterior,
        level: Level::Caution,
        says: "60 % of 100 rows have a k̂ above 0.70, 10 % above 1: the posterior uncertainties of these rows",
        remedy: Some(Remedy::InferEachRow),
    },
    Case {
        change: |f| f.khat = Some(khat(0.9, 0.6)),
        claim: Claim::Posterior,
        level: Level::DoNotTrust,
        says: "60 % above 1: no estimate",
        remedy: Some(Remedy::InferEachRow),
    },
    Case {
        change: |f| f.amortisation_gap = Some(mean(25.0, 0.5)),
        claim: Claim::Posterior,
        level: Level::DoNotTrust,
        says: "raises the bound by 25.00",
        remedy: Some(Remedy::EncoderSteps),
    },
    Case {
        change: |f| {
            f.amortisation_gap = Some(mean(13.0, 0.2));
            f.training_amortisation_gap = Some(mean(0.5, 0.2));
        },
        claim: Claim::Posterior,
        level: Level::Caution,
        says: "12.50 ± 0.28 nats above that of training rows (mean KL 20.00): the encoder is overfitted",
        remedy: Some(Remedy::Patience),
    },
    Case {
        change: |f| f.kl = Some(0.005),
        claim: Claim::Model,
        level: Level::DoNotTrust,
        says: "the mean KL is 0.005 nats",
        remedy: Some(Remedy::FreeBits),
    },
];

fn against(verdict: &Verdict) -> Vec<&Reason> {
    verdict.reasons.iter().filter(|reason| reason.level > Level::Trust).collect()
}

#[test]
fn a_good_fit_is_trusted_in_every_claim() {
    let verdict = Verdict::of(&good());
    assert_eq!(verdict.level, Level::Trust, "{verdict}");
    assert!(Claim::ALL.iter().all(|&claim| verdict.claim(claim) == Some(Level::Trust)));
    assert_eq!(verdict.reasons.len(), 17);
    assert!(verdict.reasons.iter().all(|reason| reason.remedies.is_empty()));
}

/// A k̂ moderately above the limit in most rows does not matter where the bound is within a tenth of the mean KL.
#[test]
fn a_moderate_khat_beside_a_small_gap_is_trusted() {
    let mut findings = good();
    findings.khat = Some(khat(0.8, 0.2));
    assert_eq!(Verdict::of(&findings).claim(Claim::Posterior), Some(Level::Caution));
    findings.inference_gap = Some(mean(1.5, 0.1));
    assert_eq!(Verdict::of(&findings).claim(Claim::Posterior), Some(Level::Trust));
    findings.khat = Some(khat(0.8, 0.3));
    assert_eq!(Verdict::of(&findings).claim(Claim::Posterior), Some(Level::Caution));
}

/// Beside the KL of a collapsed posterior every gap is large; one of a few hundredths of a nat is no finding.
#[test]
fn a_gap_of_hundredths_is_small_whatever_the_kl() {
    let hundredths = Some(mean(0.04, 0.001));
    let mut findings = Findings {
        active_units: Some(0),
        kl: Some(0.008),
        generalisation_gap: hundredths,
        inference_gap: hundredths,
        amortisation_gap: hundredths,
        training_amortisation_gap: Some(mean(0.01, 0.001)),
        mutual_information: Some(-0.003),
        ..good()
    };
    let verdict = Verdict::of(&findings);
    let reasons = against(&verdict);
    assert_eq!(reasons.len(), 1, "{verdict}");
    assert!(reasons[0].finding.ends_with("z holds at least 0.000 nats about the row"), "{verdict}");
    findings.inference_gap = Some(mean(0.15, 0.001));
    assert_eq!(Verdict::of(&findings).claim(Claim::Bound), Some(Level::Caution));
}

/// What 784-400-20 comes to on MNIST: the model and its bound are well, q(z|x) of a row is not to be relied on.
#[test]
fn a_usual_encoder_of_images_is_a_reason_for_caution_alone() {
    let findings = Findings {
        converged: Some(true),
        maximised_a_bound: Some(true),
        active_units: Some(20),
        kl: Some(27.0),
        generalisation_gap: Some(mean(0.2, 0.35)),
        inference_gap: Some(mean(5.1, 0.2)),
        khat: Some(khat(0.97, 0.69)),
        columns: 784,
        over_mixture: Some(mean(60.0, 1.1)),
        ..Findings::default()
    };
    let verdict = Verdict::of(&findings);
    assert_eq!(verdict.level, Level::Caution);
    let levels = Claim::ALL.map(|claim| verdict.claim(claim).unwrap());
    assert_eq!(levels, [Level::Trust, Level::Trust, Level::DoNotTrust]);
    assert_eq!(against(&verdict).len(), 1);
}

#[test]
fn each_bad_finding_is_named_with_its_level_and_its_remedy() {
    for Case { change, claim, level, says, remedy } in &BAD {
        let mut findings = good();
        change(&mut findings);
        let verdict = Verdict::of(&findings);
        let found = |r: &&Reason| (r.claim, r.level) == (*claim, *level) && r.finding.contains(says);
        let reasons = against(&verdict);
        let reason = reasons.iter().find(|r| found(r)).unwrap_or_else(|| panic!("{says}: {verdict}"));
        assert!(remedy.map_or(reason.remedies.is_empty(), |remedy| reason.remedies.contains(&remedy)));
        assert!(!reason.rule.is_empty() && !reason.source.is_empty());
        assert_eq!(verdict.claim(*claim), Some(*level), "{says}");
        // A KL of nothing also makes every gap a large one.
        let whole = if *claim == Claim::Posterior { Level::Caution } else { *level };
        assert_eq!(verdict.level, whole, "{says}");
    }
}

/// Over every set of the first ten bad findings, and of the last two tens, on top of good ones and of none.
#[test]
fn a_bad_finding_never_improves_the_verdict() {
    for start in [good(), Findings::default()] {
        for set in 0..1u32 << 10 {
            for skip in [0, BAD.len() - 20, BAD.len() - 10] {
                let chosen = |i: &usize| set >> i & 1 == 1;
                let mut findings = start.clone();
                (0..10).filter(chosen).for_each(|i| (BAD[i + skip].change)(&mut findings));
                let before = Verdict::of(&findings);
                for Case { change, says, .. } in &BAD {
                    let mut worse = findings.clone();
                    change(&mut worse);
                    // A mild finding must not take the place of a grave one about the same quantity.
                    if lighter(&worse, &findings) {
                        continue;
                    }
                    let after = Verdict::of(&worse);
                    assert!(after.level >= before.level, "{says}\n{before}\n{after}");
                    for claim in Claim::ALL {
                        assert!(after.claim(claim) >= before.claim(claim), "{says}\n{before}\n{after}");
                    }
                }
            }
        }
    }
}

/// Whether a quantity is less bad in `a` than in `b`.
fn lighter(a: &Findings, b: &Findings) -> bool {
    let gap = |f: fn(&Findings) -> Option<Mean>| {
        let value = |findings| f(findings).map_or(f64::NEG_INFINITY, |m| m.value);
        value(a) < value(b)
    };
    let off = |f: &Findings| f.scale.as_ref().map_or(0.0, |s| s.ratio.ln().abs());
    let above = |f: &Findings| f.khat.map_or(0.0, |k| k.above_one);
    let least = |mean: Option<Mean>| mean.map_or(0.0, |m| m.value + 3.0 * m.standard_error);
    let over = |f: fn(&Findings) -> Option<Mean>| least(f(a)) > least(f(b));
    let covers = |f: &Findings| f.predictive.as_ref().map_or(1.0, |p| p.coverage);
    gap(|f| f.generalisation_gap)
        || over(|f| f.over_independent)
        || over(|f| f.over_linear)
        || over(|f| f.over_mixture)
        || over(|f| f.over_blend)
        || covers(a) > covers(b)
        || gap(|f| f.inference_gap)
        || gap(|f| f.amortisation_gap)
        || off(a) < off(b)
        || above(a) < above(b)
}

#[test]
fn nothing_checked_is_no_trust() {
    let verdict = Verdict::of(&Findings::default());
    assert_eq!((verdict.level, verdict.reasons.len()), (Level::Caution, 3));
    assert!(verdict.reasons[0].finding.starts_with("nothing was checked: whether the fit converged, "));
}

#[test]
fn a_missing_check_is_named() {
    let missing: [(Change, &str); 6] = [
        (|f| f.converged = None, "not checked: whether the fit converged"),
        (|f| f.maximised_a_bound = None, "not checked: whether a bound was maximised"),
        (|f| f.generalisation_gap = None, "not checked: held-out rows against training rows"),
        (
            |f| (f.over_independent, f.over_linear, f.over_mixture) = (None, None, None),
            "not checked: simpler models beside it",
        ),
        (|f| f.khat = None, "not checked: whether q is near the posterior"),
        (|f| f.kl = None, "not checked: held-out rows against training rows"),
    ];
    for (change, says) in missing {
        let mut findings = good();
        change(&mut findings);
        let verdict = Verdict::of(&findings);
        assert_eq!(verdict.level, Level::Caution);
        assert_eq!(against(&verdict)[0].finding, says);
    }
}

/// A difference within its error is none.
#[test]
fn noise_is_no_reason() {
    let mut findings = good();
    findings.generalisation_gap = Some(mean(28.0, 6.5));
    findings.inference_gap = Some(mean(30.0, 9.5));
    findings.over_linear = Some(mean(-2.0, 2.0));
    findings.disagreement = Some(mean(3.0, 0.9));
    assert_eq!(Verdict::of(&findings).level, Level::Trust);
}

#[test]
fn what_is_no_number_is_bad() {
    let changes: [Change; 10] = [
        |f| f.kl = Some(f64::NAN),
        |f| f.mutual_information = Some(f64::NAN),
        |f| f.generalisation_gap = Some(mean(1.0, f64::NAN)),
        |f| f.inference_gap = Some(mean(f64::NAN, 0.1)),
        |f| f.amortisation_gap = Some(mean(f64::NAN, 0.1)),
        |f| f.effective_sample_size = Some(f64::NAN),
        |f| f.disagreement = Some(mean(f64::NAN, 0.1)),
        |f| f.over_linear = Some(mean(0.0, f64::NAN)),
        |f| f.khat = Some(khat(f64::NAN, f64::NAN)),
        |f| f.scale = Some(scale(f64::NAN)),
    ];
    for change in changes {
        let mut findings = good();
        change(&mut findings);
        assert!(Verdict::of(&findings).level > Level::Trust, "{findings:?}");
    }
}

#[test]
fn it_reads_well() {
    let mut findings = good();
    findings.converged = Some(false);
    findings.khat = Some(khat(0.9, 0.6));
    findings.inference_gap = None;
    findings.effective_sample_size = None;
    findings.disagreement = None;
    findings.amortisation_gap = None;
    findings.maximised_a_bound = None;
    let expected = "\
caution
  the model p(x)       caution
    caution: the fit ran out of epochs: its bound may still have been rising
      rule: caution unless the bound had stopped rising (our choice)
      try:  more epochs
  the figures in nats  caution
    caution: not checked: whether a bound was maximised
      rule: the verdict is caution at best until these checks are made (our choice)
  the posterior q      do not trust
    do not trust: 90 % of 100 rows have a k̂ above 0.70, 60 % above 1: no estimate weighted by p(x, z)/q(z|x) can be \
relied on, nor q's uncertainties
      rule: caution where more than a quarter are above the limit, unless few are above 1 and log p(x) is within a \
tenth of the mean KL of the bound; no trust where most are above 1 (k̂: Yao et al. 2018, Vehtari et al. 2024; the \
shares of rows are our choice)
      try:  inference for each row by itself, a guide per datum";
    assert_eq!(Verdict::of(&findings).to_string(), expected);
}

#[test]
fn it_survives_json() {
    let verdict = Verdict::of(&good());
    let text = serde_json::to_string(&verdict).unwrap();
    assert!(text.starts_with(r#"{"level":"trust","reasons":[{"claim":"model","level":"trust","#), "{text}");
    assert_eq!(serde_json::from_str::<Verdict>(&text).unwrap(), verdict);
    let findings = serde_json::to_string(&good()).unwrap();
    assert_eq!(serde_json::from_str::<Findings>(&findings).unwrap(), good());
    assert_eq!(serde_json::from_str::<Findings>("{}").unwrap(), Findings::default());
}

/// Remedies are values, which a file keeps; of those that it does not know, as the flags of an earlier program, it says
/// nothing.
#[test]
fn a_front_end_words_the_remedies_and_a_file_keeps_them() {
    let mut findings = good();
    findings.active_units = Some(0);
    let verdict = Verdict::of(&findings);
    let flags = verdict.worded(&|remedy| format!("«{remedy:?}»")).to_string();
    assert!(flags.contains("try:  «KlWarmUp», «FreeBits», «Beta(0.5)», «EncoderSteps»"), "{flags}");
    assert!(
        verdict.to_string().contains("try:  a warm-up of the KL, free nats, a weight of 0.5 for the KL"),
        "{verdict}"
    );
    let text = serde_json::to_string(&verdict).unwrap();
    assert_eq!(serde_json::from_str::<Verdict>(&text).unwrap(), verdict);
    let older = text.replace("\"kl-warm-up\"", "\"--kl-warm-up\"");
    let read: Verdict = serde_json::from_str(&older).unwrap();
    let remedies = &against(&read)[0].remedies;
    assert_eq!(remedies, &[Remedy::FreeBits, Remedy::Beta(0.5), Remedy::EncoderSteps]);
}
