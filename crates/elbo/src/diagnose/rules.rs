//! The rules of the [verdict](super::Verdict): one a function, its thresholds and their source in its reason.

use super::{Claim, Findings, KHAT_LIMIT, Level, Reason, Remedy, Starts};
use crate::terms::Mean;

type Rule = fn(&Findings) -> Option<Reason>;

/// Without these no trust.
const ESSENTIAL: [(&str, Rule); 4] = [
    ("whether the fit converged", convergence),
    ("whether a bound was maximised", a_bound),
    ("whether the latent is in use", latent_in_use),
    ("held-out rows against training rows", generalisation),
];

/// Those of them that apply to a fit by coordinate ascent: no row is held out where nothing was fitted but what q integrates
/// over.
const OF_COORDINATE_ASCENT: usize = 2;

const FURTHER: [Rule; 11] = [
    scale,
    linear,
    tightness,
    agreement,
    draws,
    importance_weights,
    amortisation,
    encoder_generalisation,
    starts,
    parameters,
    marginals,
];

/// Nats below which a KL or a mutual information is nothing; of the size that a variance of E\[z|x\] of 0.01 beside a
/// variance of 1 amounts to, Burda et al.'s limit.
const NOTHING: f64 = 0.01;
/// Shares of the mean KL from which a gap is a reason for caution, and for no trust.
const HALF: f64 = 0.5;
const ALL: f64 = 1.0;
/// What the mean KL counts as where it is less, in nats: of a collapsed fit a gap of hundredths would be large, and is not.
const LEAST: f64 = 0.2;
/// The share of the mean KL up to which a gap is small.
const SMALL: f64 = 0.1;
/// A difference counts as far as it is more than so many standard errors.
const STANDARD_ERRORS: f64 = 3.0;
/// Shares of rows: that may have a k̂ above the limit; that may have one above 1.
const MANY: f64 = 0.25;
const MOST: f64 = 0.5;
/// Factors by which squared residuals may differ from σ².
const SCALE: [f64; 2] = [2.0, 4.0];
/// Nats by which two estimates of log p(x) may differ.
const DISAGREEMENT: f64 = 0.5;
/// Effective draws that an estimate of log p(x) should rest on.
const DRAWS: f64 = 10.0;

const OURS: &str = "our choice";
const OF_THE_KL: &str = "caution where more than half of the mean KL (0.2 nats at least) beyond 3 standard errors, no trust where more than \
     all of it";

pub(super) fn reasons(findings: &Findings) -> Vec<Reason> {
    let needed = if findings.coordinate_ascent { &ESSENTIAL[..OF_COORDINATE_ASCENT] } else { &ESSENTIAL[..] };
    let essential: Vec<Option<Reason>> = needed.iter().map(|(_, rule)| rule(findings)).collect();
    let names = needed.iter().map(|(name, _)| *name);
    let missing: Vec<&str> =
        names.zip(&essential).filter(|(_, r)| r.is_none()).map(|(name, _)| name).collect();
    let mut reasons: Vec<Reason> = essential.into_iter().flatten().collect();
    reasons.extend(FURTHER.iter().filter_map(|rule| rule(findings)));
    if !missing.is_empty() {
        let nothing = if reasons.is_empty() { "nothing was checked: " } else { "not checked: " };
        reasons.push(reason(
            risen(findings),
            Level::Caution,
            format!("{nothing}{}", missing.join(", ")),
            "no trust without these",
            OURS,
            &[],
        ));
    }
    reasons
}

fn reason(
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
fn grade(value: f64, [caution, no_trust]: [f64; 2]) -> Level {
    if value <= caution {
        Level::Trust
    } else if value <= no_trust {
        Level::Caution
    } else {
        Level::DoNotTrust
    }
}

/// Trust, or caution.
fn caution_unless(well: bool) -> Level {
    if well { Level::Trust } else { Level::Caution }
}

/// As much of a gap as is beyond its error.
fn surely(gap: Mean) -> f64 {
    gap.value - STANDARD_ERRORS * gap.standard_error
}

/// The level of a gap measured by the mean KL.
fn against(kl: f64, gap: Mean) -> Level {
    // Not `max`, which drops a NaN.
    let unit = if kl < LEAST { LEAST } else { kl };
    grade(surely(gap), [HALF * unit, ALL * unit])
}

/// What a gap means, where it is a reason against trust.
fn meaning(level: Level, words: &'static str) -> &'static str {
    if level == Level::Trust { "" } else { words }
}

fn nats(mean: Mean) -> String {
    format!("{} ± {} nats", figure(mean.value), figure(mean.standard_error))
}

/// Of what is beyond all reason, as rows in other units are, the size alone.
fn figure(value: f64) -> String {
    if value.abs() < 1e6 { format!("{value:.2}") } else { format!("{value:.1e}") }
}

/// What it says of a fit how far its bound has risen: of the bound alone, where no parameter is fitted but q.
fn risen(findings: &Findings) -> Claim {
    if findings.coordinate_ascent { Claim::Bound } else { Claim::Model }
}

fn convergence(findings: &Findings) -> Option<Reason> {
    let converged = findings.converged?;
    let (bound, amount, remedy) = if findings.coordinate_ascent {
        ("the bound", "sweeps", Remedy::MoreSweeps)
    } else {
        ("the held-out bound", "epochs", Remedy::MoreEpochs)
    };
    let finding = if converged {
        format!("{bound} had stopped rising")
    } else {
        format!("the fit ran out of {amount}: its bound may still have been rising")
    };
    let (level, rule) = (caution_unless(converged), "caution unless the bound had stopped rising");
    Some(reason(risen(findings), level, finding, rule, OURS, &[remedy]))
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

/// Posterior collapse.
fn latent_in_use(findings: &Findings) -> Option<Reason> {
    let (mut found, mut used) = (Vec::new(), true);
    if let Some(active) = findings.active_units {
        let variables = if active == 1 { "latent variable is" } else { "latent variables are" };
        found.push(format!("{active} {variables} active"));
        used &= active > 0;
    }
    if let Some(kl) = findings.kl {
        found.push(format!("the mean KL is {kl:.3} nats"));
        used &= kl > NOTHING;
    }
    if let Some(information) = findings.mutual_information {
        // An estimate, which may fall below 0.
        let held = if information < 0.0 { 0.0 } else { information };
        found.push(format!("z holds at least {held:.3} nats about the row"));
        used &= information > NOTHING;
    }
    if found.is_empty() {
        return None;
    }
    let level = if used { Level::Trust } else { Level::DoNotTrust };
    let collapse = match (used, findings.converged) {
        (true, _) => "",
        (false, Some(false)) => "the latent is not in use (posterior collapse, or too few epochs so far): ",
        (false, _) => "the latent is not in use (posterior collapse): ",
    };
    Some(reason(
        Claim::Model,
        level,
        format!("{collapse}{}", found.join(", ")),
        "no trust without an active latent variable, or with a KL or mutual information up to 0.01 nats",
        "Burda et al. 2015, He et al. 2019; the limit in nats is our choice",
        &[Remedy::KlWarmUp, Remedy::FreeBits, Remedy::Beta(0.5), Remedy::EncoderSteps],
    ))
}

fn generalisation(findings: &Findings) -> Option<Reason> {
    let (gap, kl) = (findings.generalisation_gap?, findings.kl?);
    let level = against(kl, gap);
    let why = meaning(level, ": overfitting, or rows of another kind");
    let finding = format!(
        "the bound of training rows is {} above that of held-out rows (mean KL {kl:.2}){why}",
        nats(gap)
    );
    let remedies = [Remedy::Patience, Remedy::ParameterPrior, Remedy::HiddenLayers];
    Some(reason(Claim::Model, level, finding, OF_THE_KL, OURS, &remedies))
}

fn a_bound(findings: &Findings) -> Option<Reason> {
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
        &[Remedy::MaximiseElbo, Remedy::Beta(1.0), Remedy::ScoreFunction],
    ))
}

fn scale(findings: &Findings) -> Option<Reason> {
    let scale = findings.scale.as_ref()?;
    let level = grade(scale.ratio.max(1.0 / scale.ratio), SCALE);
    // `max` drops a NaN.
    let level = if scale.ratio.is_nan() { Level::DoNotTrust } else { level };
    let wrong = if scale.ratio < 1.0 {
        ": the rows are on another scale than the training rows, or σ is too large"
    } else {
        ": the rows are on another scale than the training rows, or σ is too small, as by overfitting"
    };
    let wrong = meaning(level, wrong);
    Some(reason(
        Claim::Model,
        level,
        format!(
            "the squared residuals of held-out rows are {} times σ² ({}){wrong}",
            figure(scale.ratio),
            scale.of
        ),
        "caution beyond a factor of 2 either way, no trust beyond 4",
        OURS,
        &[Remedy::NoiseScale, Remedy::ColumnScale],
    ))
}

fn linear(findings: &Findings) -> Option<Reason> {
    let over = findings.over_linear?;
    let level = caution_unless(over.value + STANDARD_ERRORS * over.standard_error >= 0.0);
    Some(reason(
        Claim::Model,
        level,
        format!("the bound exceeds the linear model's exact log p(x) by {}", nats(over)),
        "caution where it lies below by more than 3 standard errors",
        OURS,
        &[Remedy::MoreEpochs, Remedy::StepSize, Remedy::HiddenLayers],
    ))
}

fn tightness(findings: &Findings) -> Option<Reason> {
    // Where only one part of the gap is known, the whole is at least as large.
    let (gap, kl) = (findings.inference_gap.or(findings.amortisation_gap)?, findings.kl?);
    Some(reason(
        Claim::Bound,
        against(kl, gap),
        format!("log p(x) is at least {} above the bound (mean KL {kl:.2})", nats(gap)),
        OF_THE_KL,
        "the gaps are Cremer et al.'s (2018); the limits are our choice",
        &[Remedy::EncoderSteps, Remedy::PerDatumGuide, Remedy::MoreEpochs],
    ))
}

fn agreement(findings: &Findings) -> Option<Reason> {
    let difference = findings.disagreement?;
    let size = Mean { value: difference.value.abs(), ..difference };
    Some(reason(
        Claim::Bound,
        caution_unless(surely(size) <= DISAGREEMENT),
        format!("two estimates of log p(x) differ by {}; both are too low, the lower more so", nats(size)),
        "caution above 0.5 nats beyond 3 standard errors",
        "two estimators: Wu et al. 2017; the limit is our choice",
        &[],
    ))
}

fn draws(findings: &Findings) -> Option<Reason> {
    let size = findings.effective_sample_size?;
    Some(reason(
        Claim::Bound,
        caution_unless(size >= DRAWS),
        format!("the estimate of log p(x) rests on {size:.1} effective draws a row"),
        "caution below 10: it is then likely too low",
        OURS,
        &[],
    ))
}

fn importance_weights(findings: &Findings) -> Option<Reason> {
    let khat = findings.khat?;
    let near = match (findings.inference_gap, findings.kl) {
        (Some(gap), Some(kl)) => gap.value + STANDARD_ERRORS * gap.standard_error <= SMALL * kl,
        _ => false,
    };
    let limits = if near && khat.above_one <= MANY { [1.0, 1.0] } else { [MANY, 1.0] };
    let level = grade(khat.above_limit, limits).max(grade(khat.above_one, [MOST, MOST]));
    let consequence = match level {
        Level::Trust => "",
        Level::Caution => ": the posterior uncertainties of these rows are not to be trusted",
        Level::DoNotTrust => {
            ": no estimate weighted by p(x, z)/q(z|x) can be relied on, nor q's uncertainties"
        }
    };
    Some(reason(
        Claim::Posterior,
        level,
        format!(
            "{:.0} % of {} rows have a k̂ above {:.2}, {:.0} % above 1{consequence}",
            100.0 * khat.above_limit,
            khat.rows,
            khat.limit,
            100.0 * khat.above_one
        ),
        "caution where more than a quarter are above the limit, unless few are above 1 and log p(x) is within a tenth \
         of the mean KL of the bound; no trust where most are above 1",
        "k̂: Yao et al. 2018, Vehtari et al. 2024; the shares of rows are our choice",
        &[Remedy::InferEachRow, Remedy::PerDatumGuide],
    ))
}

fn amortisation(findings: &Findings) -> Option<Reason> {
    let (gap, kl) = (findings.amortisation_gap?, findings.kl?);
    Some(reason(
        Claim::Posterior,
        against(kl, gap),
        format!(
            "inference for each row by itself raises the bound by {} (mean KL {kl:.2}): the amortisation gap",
            nats(gap)
        ),
        OF_THE_KL,
        "Cremer et al. 2018; the limits are our choice",
        &[Remedy::InferEachRow, Remedy::EncoderSteps, Remedy::HiddenLayers],
    ))
}

fn encoder_generalisation(findings: &Findings) -> Option<Reason> {
    let (held_out, training) = (findings.amortisation_gap?, findings.training_amortisation_gap?);
    let kl = findings.kl?;
    let gap = held_out - training;
    let level = against(kl, gap);
    let why = meaning(level, ": the encoder is overfitted");
    Some(reason(
        Claim::Posterior,
        level,
        format!(
            "the amortisation gap of held-out rows is {} above that of training rows (mean KL {kl:.2}){why}",
            nats(gap)
        ),
        OF_THE_KL,
        "Cremer et al. 2018; the limits are our choice",
        &[Remedy::InferEachRow, Remedy::Patience, Remedy::HiddenLayers],
    ))
}
