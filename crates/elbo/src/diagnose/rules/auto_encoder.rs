//! The rules of an auto-encoder: one a function, its thresholds and their source in its reason.

use super::{
    bound::a_bound,
    grading::{
        Essential, OURS, Rule, STANDARD_ERRORS, apart, caution_unless, figure, grade, meaning, nats, reason,
    },
};
use crate::{
    diagnose::{Claim, Findings, Level, Predictive, Reason, Remedy},
    terms::Mean,
};

/// Without these no trust.
pub(super) const ESSENTIAL: [Essential; 6] = [
    (Claim::Model, "whether the fit converged", convergence),
    (Claim::Bound, "whether a bound was maximised", a_bound),
    (Claim::Model, "whether the latent is in use", latent_in_use),
    (Claim::Model, "held-out rows against training rows", generalisation),
    (Claim::Model, "simpler models beside it", precision),
    (Claim::Posterior, "whether q is near the posterior", importance_weights),
];

pub(super) const FURTHER: [Rule; 12] = [
    independent,
    linear,
    mixture,
    blend,
    predictive,
    scale,
    floor,
    tightness,
    agreement,
    draws,
    amortisation,
    encoder_generalisation,
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
/// Shares of rows: that may have a k̂ above the limit; that may have one above 1.
const MANY: f64 = 0.25;
const MOST: f64 = 0.5;
/// Factors by which squared residuals may differ from σ².
const SCALE: [f64; 2] = [2.0, 4.0];
/// Nats that matter: of a row, and of each of its columns.
const MATTERS: [f64; 2] = [0.05, 0.005];
/// How many times that a simpler model must be better for no trust.
const BEATEN: f64 = 10.0;
/// How many times that the bound may lie below log p(x): a model is drawn to where its bound is tight.
const LOOSE: f64 = 1.5;
/// The share of what matters by which half p(x) and half a mixture may be the better.
const QUARTER: f64 = 0.25;
/// The standard error with which what matters is seen, as a share of it.
const SEEN: f64 = 0.6;
/// By how much the coverage of 90 % intervals may be lower than chance allows.
const NARROW: [f64; 2] = [0.0, 0.1];
/// Nats by which two estimates of log p(x) may differ.
const DISAGREEMENT: f64 = 0.5;
/// Effective draws that an estimate of log p(x) should rest on.
const DRAWS: f64 = 10.0;

/// What may raise log p(x), and the mixture that it is compared with.
const BETTER_FIT: [Remedy; 3] = [Remedy::MoreEpochs, Remedy::StepSize, Remedy::HiddenLayers];
const MIXTURE: Remedy = Remedy::MixtureOf(10);

const OF_THE_KL: &str = "caution where more than half of the mean KL (0.2 nats at least) beyond 3 standard errors, no trust where more than \
     all of it";

const GENERALISATION: &str = "caution where more than half of the mean KL (0.2 nats at least) beyond 3 standard errors, or where 3 \
     standard errors are more than the mean KL; no trust where more than all of it";

/// As much of a gap as is beyond its error.
fn surely(gap: Mean) -> f64 {
    gap.value - STANDARD_ERRORS * gap.standard_error
}

/// What gaps are measured by: the mean KL, LEAST at least. Not `max`, which drops a NaN.
fn unit(kl: f64) -> f64 {
    if kl < LEAST { LEAST } else { kl }
}

/// The level of a gap measured by the mean KL.
fn against(kl: f64, gap: Mean) -> Level {
    grade(surely(gap), [HALF * unit(kl), ALL * unit(kl)])
}

fn convergence(findings: &Findings) -> Option<Reason> {
    let converged = findings.converged?;
    let finding = if converged {
        "the held-out bound had stopped rising"
    } else {
        "the fit ran out of epochs: its bound may still have been rising"
    };
    let (level, rule) = (caution_unless(converged), "caution unless the bound had stopped rising");
    Some(reason(Claim::Model, level, finding.into(), rule, OURS, &[Remedy::MoreEpochs]))
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
    let seen = STANDARD_ERRORS * gap.standard_error <= ALL * unit(kl);
    let why = match (level, seen) {
        (Level::Trust, false) => ": held-out rows are too few to see overfitting",
        _ => meaning(level, ": overfitting, or rows of another kind"),
    };
    let level = level.max(caution_unless(seen));
    let finding =
        format!("the bound of training rows is {} that of held-out rows (mean KL {kl:.2}){why}", apart(gap));
    let remedies = [Remedy::Patience, Remedy::ParameterPrior, Remedy::HiddenLayers];
    Some(reason(Claim::Model, level, finding, GENERALISATION, OURS, &remedies))
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

fn floor(findings: &Findings) -> Option<Reason> {
    let [first, rest @ ..] = &findings.at_floor[..] else { return None };
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    Some(reason(
        Claim::Bound,
        Level::Caution,
        format!(
            "σ is as small as it may become ({first}{more}): what is discrete, hardly varies or follows from other columns has \
             no largest density, and these nats say how small σ was let become"
        ),
        "caution where a σ is at its floor: a thousandth of the column's standard deviation, or its resolution over √12",
        OURS,
        &[],
    ))
}

/// Nats a row that matter: of wide rows, so much of a column.
fn matters(findings: &Findings) -> f64 {
    MATTERS[0].max(MATTERS[1] * findings.columns as f64)
}

/// Whether a simpler model has the higher log p(x) of the same held-out rows, and the level where it surely has much more.
fn beside(
    findings: &Findings,
    over: Option<Mean>,
    model: &str,
    beaten: Level,
    itself: Option<Remedy>,
) -> Option<Reason> {
    let (over, matters) = (over?, matters(findings));
    let surely = over.value + STANDARD_ERRORS * over.standard_error;
    let level = if surely < -BEATEN * matters || over.value.is_nan() {
        beaten
    } else {
        caution_unless(over.value + over.standard_error >= -0.5 * matters)
    };
    Some(reason(
        Claim::Model,
        level,
        format!("log p(x) of held-out rows is {} that of {model}", apart(over)),
        "caution where it is lower by more than a standard error and half of what matters, 0.05 nats a row or 0.005 a column; no \
         trust where that of independent columns is higher by more than 3 and ten times what matters",
        OURS,
        &itself.into_iter().chain(BETTER_FIT).collect::<Vec<Remedy>>(),
    ))
}

fn independent(findings: &Findings) -> Option<Reason> {
    beside(findings, findings.over_independent, "independent columns, without any z", Level::DoNotTrust, None)
}

fn linear(findings: &Findings) -> Option<Reason> {
    let model = "the linear model of as many latent variables";
    beside(findings, findings.over_linear, model, Level::Caution, Some(Remedy::Factors))
}

fn mixture(findings: &Findings) -> Option<Reason> {
    beside(findings, findings.over_mixture, "a mixture of 10 components", Level::Caution, Some(MIXTURE))
}

/// Whether p(x) lacks something that a mixture has: a blend of two densities is seldom the better of a density that lacks
/// nothing, and by concavity p(x) lacks as much at the least.
fn blend(findings: &Findings) -> Option<Reason> {
    let (over, matters) = (findings.over_blend?, matters(findings));
    let level = caution_unless(over.value + over.standard_error >= -QUARTER * matters);
    let lacks = meaning(level, ": p(x) lacks at least so much");
    Some(reason(
        Claim::Model,
        level,
        format!(
            "log p(x) of held-out rows is {} that of half p(x) and half a mixture of 10 components{lacks}",
            apart(over)
        ),
        "caution where it is lower by more than a standard error and a quarter of what matters, 0.05 nats a row or 0.005 a column",
        "stacking of predictive densities, Yao et al. 2018; the limit is our choice",
        &[MIXTURE].into_iter().chain(BETTER_FIT).collect::<Vec<Remedy>>(),
    ))
}

/// Whether the held-out rows are enough to see what matters.
fn precision(findings: &Findings) -> Option<Reason> {
    let Findings { over_independent, over_linear, over_mixture, .. } = findings;
    let errors =
        [over_independent, over_linear, over_mixture].into_iter().flatten().map(|over| over.standard_error);
    let (error, matters) = (errors.min_by(f64::total_cmp)?, matters(findings));
    let level = caution_unless(error <= SEEN * matters);
    let few = meaning(
        level,
        ": held-out rows are too few, or no simpler model is near, to tell how much better p(x) could be",
    );
    Some(reason(
        Claim::Model,
        level,
        format!("log p(x) beside that of the nearest simpler model is known to {error:.3} nats a row{few}"),
        "caution above 0.6 times what matters, 0.05 nats a row or 0.005 a column",
        OURS,
        &[],
    ))
}

/// Whether rows drawn from the model cover those held out.
fn predictive(findings: &Findings) -> Option<Reason> {
    let Predictive { coverage, limit, of } = findings.predictive.as_ref()?;
    let level = grade(limit - coverage, NARROW);
    let narrow = meaning(level, ": p(x) is too narrow for these rows, or elsewhere");
    Some(reason(
        Claim::Model,
        level,
        format!(
            "the 90 % intervals of rows drawn from the model hold {:.0} % of held-out rows at the least ({of}), where chance allows \
             {:.0} %{narrow}",
            100.0 * coverage,
            100.0 * limit
        ),
        "caution below what chance allows once in 1,000 fits, no trust where it is lower by another tenth of the rows",
        "posterior predictive checks: Gelman, Meng and Stern 1996",
        &[Remedy::MoreEpochs, Remedy::HiddenLayers],
    ))
}

fn tightness(findings: &Findings) -> Option<Reason> {
    // Where only one part of the gap is known, the whole is at least as large.
    let (gap, kl) = (findings.inference_gap.or(findings.amortisation_gap)?, findings.kl?);
    let loose = caution_unless(surely(gap) <= LOOSE * matters(findings));
    Some(reason(
        Claim::Bound,
        against(kl, gap).max(loose),
        format!(
            "log p(x) is at least {} above the bound (mean KL {kl:.2}), which is what was maximised",
            nats(gap)
        ),
        "caution where more than half of the mean KL (0.2 nats at least), or than 0.075 nats a row or 0.0075 a column, beyond 3 \
         standard errors; no trust where more than all of the mean KL",
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
            "the amortisation gap of held-out rows is {} that of training rows (mean KL {kl:.2}){why}",
            apart(gap)
        ),
        OF_THE_KL,
        "Cremer et al. 2018; the limits are our choice",
        &[Remedy::InferEachRow, Remedy::Patience, Remedy::HiddenLayers],
    ))
}
