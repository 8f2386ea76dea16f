//! The rules of a fit by coordinate ascent: one a function, its thresholds and their source in its reason.

use super::{
    bound::a_bound,
    grading::{Essential, OURS, Rule, caution_unless, figure, grade, meaning, reason},
};
use crate::diagnose::{
    Claim, Departure, Estimated, Findings, HeldOutDocuments, KHAT_LIMIT, Level, Reason, Remedy, Skewed,
    Starts, Transformed,
};

/// Without these no trust.
pub(super) const ESSENTIAL: [Essential; 3] = [
    (Claim::Model, "whether the rows are such as p(x) says", rows),
    (Claim::Bound, "whether the fit converged", convergence),
    (Claim::Bound, "whether a bound was maximised", a_bound),
];

pub(super) const FURTHER: [Rule; 10] = [
    order,
    bound_gap,
    estimation,
    starts,
    parameters,
    independence,
    deviations,
    dependence,
    marginals,
    other_posterior,
];

/// Probabilities below which tests of rows, and of their order, count: one of 20 right models is refused by either.
const UNLIKELY: [f64; 2] = [0.04, 0.01];
/// Nats that p(x) may lose by what is seen of it: of a row, for caution, and of a column, for no trust.
const LOST: [f64; 2] = [0.01, 0.25];
/// Those that new rows may lose by the number of parameters, in 19 fits of 20.
const ESTIMATED: f64 = 0.05;
/// Nats per token that documents may lie below what topics claim.
const OVERCLAIMED: [f64; 2] = [0.03, 0.25];
/// Nats per token by which a document's own words may beat its topics.
const OWN_WORDS: [f64; 2] = [0.01, 0.25];
/// Nats a spin that a bound may be below log Z.
const BOUND_GAP: [f64; 2] = [0.03, 0.25];
/// Factors by which intervals may be too narrow.
const NARROWER: [f64; 2] = [1.15, 3.0];
/// Starts after which more of them are no advice.
const MANY_STARTS: usize = 20;

/// What may describe rows that are not such as p(x) says. Each model has its own among them. None is an auto-encoder, whose rows
/// are held against a mixture and a linear model, and which names these where they are better: advice would go round.
fn remedies(departure: Departure, findings: &Findings) -> Vec<Remedy> {
    use Remedy::{
        CalendarResiduals, CountLikelihood, Differences, FullCovariance, HiddenMarkov, Logarithm, Mixture,
        MoreComponents, MoreLatents, MoreStates, NormalScores, SquareRoot, Squares, StateSpace,
    };
    let all: &[Remedy] = match (departure, findings.skewed) {
        (Departure::Skew, Some(Skewed::LogNormal)) => {
            &[Logarithm, Mixture, MoreComponents, FullCovariance, MoreStates]
        }
        (Departure::Skew, Some(Skewed::Counts)) => {
            &[SquareRoot, CountLikelihood, Mixture, MoreComponents, FullCovariance, MoreStates]
        }
        (Departure::Shape, _) => &[Mixture, MoreComponents, FullCovariance, MoreStates],
        (Departure::Tails | Departure::Skew, _) => {
            &[Mixture, MoreComponents, FullCovariance, MoreStates, NormalScores]
        }
        (Departure::Columns, _) => {
            &[Squares, MoreComponents, FullCovariance, MoreLatents, MoreStates, Mixture]
        }
        (Departure::Order, _) => &[Differences, CalendarResiduals, StateSpace, HiddenMarkov, MoreStates],
    };
    let many = findings.estimated.is_some_and(too_many);
    let helps = |remedy: &Remedy| match remedy {
        // What is added is fitted too.
        MoreComponents | MoreLatents | MoreStates => !findings.enough_parts && !many,
        Squares => !many,
        _ => true,
    };
    all.iter().copied().filter(helps).collect()
}

/// Whether p(x) describes the rows.
fn rows(findings: &Findings) -> Option<Reason> {
    if findings.model_is_given {
        let finding = "the model is given: nothing of it was fitted".into();
        return Some(reason(Claim::Model, Level::Trust, finding, "what is given is not judged", OURS, &[]));
    }
    if let Some(documents) = findings.held_out_documents {
        return Some(of_documents(documents, findings.enough_parts));
    }
    let transformed = findings.transformed.as_ref()?;
    let Transformed { rows, columns, tests, probability, lost, worst, departure, .. } = transformed;
    let level = if *probability < UNLIKELY[0] || lost.value.is_nan() {
        grade(lost.value, [LOST[0], LOST[1] * *columns as f64])
    } else {
        Level::Trust
    };
    let level = if probability.is_nan() { Level::DoNotTrust } else { level };
    let finding = if level == Level::Trust {
        let nats = figure(if lost.value > 0.0 { lost.value } else { 0.0 });
        format!("{rows} rows are such as p(x) says, by {tests} tests: about {nats} nats a row are lost")
    } else if *columns == 1 {
        format!("{worst} than p(x) says: about {} nats a row are lost", figure(lost.value))
    } else {
        let nats = figure(lost.value);
        format!(
            "about {nats} nats a row are lost over all {columns} columns; most clearly, {worst} than p(x) says"
        )
    };
    Some(reason(
        Claim::Model,
        level,
        finding,
        "caution where more than 0.01 nats a row are lost and the tests together see it, by a probability below 0.04; no trust \
         where more than 0.25 a column are",
        "smooth tests of the probability integral transforms: Neyman 1937, Rosenblatt 1952; the limits are our choice",
        &remedies(*departure, findings),
    ))
}

/// Whether rows depend on those before them, where the model has them in no order. A table may be sorted, so that this condemns
/// nothing.
fn order(findings: &Findings) -> Option<Reason> {
    let in_no_order = findings.in_no_order.as_ref()?;
    let worst = &in_no_order.worst;
    let level = caution_unless(!depend(findings));
    let meaning = meaning(level, ", unless the rows were sorted");
    let finding = if level == Level::Trust {
        "no row depends on those before it".into()
    } else {
        format!("{worst} than p(x) says{meaning}")
    };
    let rule = "caution where products of ranks of rows up to 10 apart are not as of independent ones, by a probability below \
                0.01, and 0.01 nats a row are lost by it";
    Some(reason(
        Claim::Model,
        level,
        finding,
        rule,
        "Neyman 1937; Box and Pierce 1970",
        &remedies(Departure::Order, findings),
    ))
}

/// Whether rows are seen to depend on those before them.
fn depend(findings: &Findings) -> bool {
    let of = |of: &Transformed| {
        of.probability.is_nan() || (of.probability < UNLIKELY[1] && of.lost.value > LOST[0])
    };
    findings.in_no_order.as_ref().is_some_and(of)
}

/// Whether topics hold for documents that they had not seen.
fn of_documents(found: HeldOutDocuments, enough: bool) -> Reason {
    let HeldOutDocuments { documents, overclaimed, over_unigram, under_own_words } = found;
    let sure = |value: f64, error: f64| value - 2.0 * error;
    let level = grade(sure(overclaimed.value, overclaimed.standard_error), OVERCLAIMED);
    let worse = sure(-over_unigram.value, over_unigram.standard_error);
    let level = level.max(grade(worse, [0.0, 0.0]));
    let own = grade(sure(under_own_words.value, under_own_words.standard_error), OWN_WORDS);
    let level = level.max(own);
    let finding = format!(
        "one half of the words of {documents} documents that took no part in a fit was predicted from the other half. log p of a \
         word is {} than in documents that took part, {} than without topics, and {} than where the words that a document has \
         already count for more",
        beside(-overclaimed.value),
        beside(over_unigram.value),
        beside(-under_own_words.value)
    );
    let rule = "caution where log p of a word is more than 0.03 nats lower than in documents that took part, or more than 0.01 nats lower \
                than where the words of the document count for more, beyond 2 standard errors; no trust where it is more than 0.25 \
                nats lower than one of these, or lower than without topics";
    let more: &[Remedy] = if enough { &[] } else { &[Remedy::MoreTopics] };
    reason(Claim::Model, level, finding, rule, OURS, more)
}

/// A number of rows, which weights may make no whole one.
fn number(rows: f64) -> String {
    format!("{}", (rows * 100.0).round() / 100.0)
}

/// How a figure in nats lies beside another.
fn beside(difference: f64) -> String {
    let side = if difference < 0.0 { "lower" } else { "higher" };
    format!("{} nats {side}", figure(difference.abs()))
}

/// What may mend it that parameters are known badly. Each model has its own among them.
const BETTER_KNOWN: [Remedy; 6] = [
    Remedy::SharedPrior,
    Remedy::ConjugatePrior,
    Remedy::SimplerCovariance,
    Remedy::FewerColumns,
    Remedy::FewerParameters,
    Remedy::MoreRows,
];

/// Whether new rows may lose much by the number of parameters; NaN counts as much.
fn too_many(estimated: Estimated) -> bool {
    let lost = estimated.lost_at_most();
    lost.is_nan() || lost > ESTIMATED
}

/// What new rows lose by the number of parameters.
fn estimation(findings: &Findings) -> Option<Reason> {
    let estimated = findings.estimated?;
    let (Estimated { parameters, rows }, lost) = (estimated, estimated.lost());
    let level = caution_unless(!too_many(estimated));
    let what = if findings.held_out_documents.is_some() { "words" } else { "rows" };
    let finding = format!(
        "{parameters:.0} parameters were fitted to {} {what}, so they are not known exactly: new {what} lose about {} nats \
         each by it in the mean of such fits, and more than {} in one fit of 20",
        number(rows),
        figure(lost),
        figure(estimated.lost_at_most())
    );
    let rule = "caution where new rows lose more than 0.05 nats each in one fit of 20; with p parameters and N rows they lose χ²/(2N), \
                where χ² has p degrees of freedom, so p/(2N) in the mean";
    let source = "Wilks 1938, Akaike 1974; the limit is our choice";
    let remedies: Vec<Remedy> =
        BETTER_KNOWN.into_iter().filter(|remedy| *remedy != Remedy::ConjugatePrior).collect();
    Some(reason(Claim::Model, level, finding, rule, source, &remedies))
}

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
    let Starts { starts, reached, apart, within } = findings.starts?;
    let alike = if apart < reached { format!(", and {apart} of these began apart") } else { String::new() };
    let finding = if starts == 1 {
        "one start: whether another ends at a higher bound was not looked at".into()
    } else {
        format!("{reached} of {starts} starts came within {within:.2} nats of the highest bound{alike}")
    };
    let more = Remedy::MoreStarts((4 * starts).max(MANY_STARTS));
    let level = caution_unless(apart > 1);
    let many = starts >= MANY_STARTS;
    let limit = meaning(
        if many { level } else { Level::Trust },
        ": so many starts are enough to say that the bound has many optima, and that a higher one may be left",
    );
    let finding = format!("{finding}{limit}");
    let rule = "caution where fewer than two starts that began apart reach the highest bound";
    let remedies: &[Remedy] = if many { &[Remedy::Anneal] } else { &[more] };
    Some(reason(Claim::Bound, level, finding, rule, OURS, remedies))
}

/// Whether the bound on log Z is near it.
fn bound_gap(findings: &Findings) -> Option<Reason> {
    let khat = findings.parameters_khat.filter(|khat| khat.is_nan() || *khat > KHAT_LIMIT);
    let (level, finding) = match (findings.bound_gap, khat) {
        (None, _) if !findings.model_is_given => return None,
        (None, _) => {
            let finding = "not checked: how far the bound is below log Z, for draws of q would take too long";
            (Level::Caution, finding.into())
        }
        // The estimate is too low, so that a gap is one.
        (Some(gap), Some(khat)) => {
            let finding = format!(
                "not checked: how far the bound is below log Z, for k̂ of the draws that log Z is estimated by is {khat:.2}; it is {} \
                 nats a spin or more",
                figure(gap)
            );
            (grade(gap, BOUND_GAP).max(Level::Caution), finding)
        }
        (Some(gap), None) => {
            (grade(gap, BOUND_GAP), format!("the bound is {} nats a spin below log Z, or more", figure(gap)))
        }
    };
    let rule = "caution above 0.03 nats a spin, or where log Z is not known: it is enumerated up to 20 spins, and else estimated by \
                draws of q whose k̂ is up to 0.7; no trust above 0.25";
    let source = "Yao, Vehtari, Simpson and Gelman 2018; the limits are our choice";
    Some(reason(Claim::Bound, level, finding, rule, source, &[]))
}

/// Whether q(θ) is near the posterior of all parameters.
fn parameters(findings: &Findings) -> Option<Reason> {
    let khat = findings.parameters_khat?;
    let error = findings.parameters_khat_error.unwrap_or(0.0);
    let level = caution_unless(khat - error <= KHAT_LIMIT);
    let known = meaning(
        level,
        ": intervals of the parameters are too narrow, and estimates by draws of q are too low; of p(x) this says nothing",
    );
    let open = level == Level::Trust && khat > KHAT_LIMIT;
    let open = if open {
        ": above 0.7 by no more than its standard error, so that it is not known whether q covers the posterior"
    } else {
        ""
    };
    let beside = if error > 0.0 { format!(" ± {error:.2}") } else { String::new() };
    let finding = format!("k̂ of q over all parameters is {khat:.2}{beside}{known}{open}");
    let rule = "caution where k̂ is above 0.7 by more than its standard error: there q does not cover the posterior of the parameters";
    let source = "Yao, Vehtari, Simpson and Gelman 2018; Hosking and Wallis 1987";
    Some(reason(Claim::Posterior, level, finding, rule, source, &[]))
}

/// What it costs to take coefficients for independent.
fn independence(findings: &Findings) -> Option<Reason> {
    let narrower = findings.narrower?;
    let level = grade(narrower, NARROWER);
    let meaning = meaning(level, ": the intervals are too narrow by as much");
    let finding = format!(
        "standard deviations of a q without independence are up to {narrower:.2} times as large{meaning}"
    );
    let rule = "caution above 1.15, no trust above 3";
    Some(reason(Claim::Posterior, level, finding, rule, OURS, &[Remedy::JointPosterior]))
}

/// Standard deviations of q beside those of the posterior.
fn deviations(findings: &Findings) -> Option<Reason> {
    let wider = findings.wider?;
    let level = grade(wider, NARROWER);
    let meaning = meaning(level, ": the intervals are too narrow by as much");
    let one = findings.wider_of.as_ref().filter(|_| level != Level::Trust);
    let one = one.map_or(String::new(), |one| format!("; {one}"));
    let finding = format!(
        "standard deviations of the posterior are up to {wider:.2} times as large as those of q{meaning}{one}"
    );
    let rule =
        "caution above 1.15, no trust above 3; those of the posterior are by quadrature, or by a Gibbs chain";
    let source = "Gelfand and Smith 1990; the limits are our choice";
    Some(reason(Claim::Posterior, level, finding, rule, source, &BETTER_KNOWN))
}

/// What it costs to take rows for independent.
fn dependence(findings: &Findings) -> Option<Reason> {
    let factor = findings.dependent.filter(|_| depend(findings))?;
    let level = caution_unless(factor <= NARROWER[0]);
    let meaning = meaning(level, ": unless the rows were sorted, the intervals are too narrow by as much");
    let finding = format!(
        "rows depend on those before them, by which standard deviations are up to {factor:.2} times as large{meaning}"
    );
    let rule = "caution above 1.15, where rows are seen to depend on those before them";
    Some(reason(Claim::Posterior, level, finding, rule, "Bartlett 1935", &[]))
}

/// Whether q has the exact marginals. k̂ cannot tell: draws of q see only the modes that q is on.
fn marginals(findings: &Findings) -> Option<Reason> {
    let error = findings.marginal_error?;
    let level = grade(error, [0.05, 0.25]);
    let meaning = meaning(level, ": q is too sure, or is on one of several modes");
    let finding = format!("a marginal probability of q is {error:.3} from the exact one{meaning}");
    Some(reason(Claim::Posterior, level, finding, "caution above 0.05, no trust above 0.25", OURS, &[]))
}

/// What is said of a q that is compared with nothing.
fn other_posterior(findings: &Findings) -> Option<Reason> {
    let compared = [findings.parameters_khat, findings.marginal_error, findings.narrower, findings.wider];
    if compared.iter().any(Option::is_some) {
        return None;
    }
    let (level, finding, rule, source) = if findings.posterior_is_known {
        let finding = "q is as good as the posterior of the parameters";
        (
            Level::Trust,
            finding,
            "a conjugate model, of which q takes nothing for independent but a scale",
            OURS,
        )
    } else {
        let finding = "q takes latents and parameters for independent, and is too sure of these; by how much was not measured";
        let rule = "caution where q of the parameters is compared with nothing";
        (Level::Caution, finding, rule, "Turner and Sahani 2011")
    };
    Some(reason(Claim::Posterior, level, finding.into(), rule, source, &[]))
}
