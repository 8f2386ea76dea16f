//! The verdict on a fit: what of it can be trusted, and why.
//!
//! Three claims are judged apart. An encoder whose q(z|x) misses the posterior's tails, as that of most good
//! auto-encoders of images does, says nothing against the model p(x), and its bound is still a bound: on MNIST
//! (784-400-20, the defaults) k̂ is above 1 for two rows in three, yet log p(x) is about 5 nats above the bound, a fifth
//! of what q says about a row. So k̂ is read as a statement about q(z|x), and the worst of q(z|x) is caution for the whole:
//! it can be repaired for a row at a time, by inference for that row.
//!
//! Of a fit by coordinate ascent q, of all parameters and latents at once, is what is fitted: the worst of it is the
//! worst of the whole. Whether it has converged, and from how many starts, is said of the bound; whether p(x) describes
//! the rows is not looked at.
//!
//! The unit for gaps is the mean KL(q(z|x) ‖ p(z)): what q says about a row, in nats, whatever the width or the
//! scaling of the data. A gap of log p(x) over the bound as large as this means that q is as far from the posterior
//! as from the prior. A KL below 0.2 nats counts as 0.2: beside it a gap of hundredths would be large, and matters to nobody.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Findings, rules};

/// How far a claim can be trusted; the greater, the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// What was checked is well.
    Trust,
    /// Of use, with the reservation that the reason names.
    Caution,
    /// Not to be relied on.
    DoNotTrust,
}

/// What a reason is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// The generative model: that p(x) describes rows like these, and z what they have in common.
    Model,
    /// The figures in nats: the bound, and the estimate of log p(x).
    Bound,
    /// q as the posterior, of single rows or of all parameters: means, standard deviations, importance weights.
    Posterior,
}

impl Claim {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 3] = [Self::Model, Self::Bound, Self::Posterior];
}

/// One rule, applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// What it is about.
    pub claim: Claim,
    /// What it allows; a reason to trust is one as well.
    pub level: Level,
    /// What was found, in plain words, with its number.
    pub finding: String,
    /// The rule, with its thresholds.
    pub rule: String,
    /// Where the rule comes from.
    pub source: String,
    /// Flags of the program, or its verbs, that may mend it.
    pub remedies: Vec<String>,
}

/// What of a fit can be trusted.
///
/// ```
/// use elbo::{diagnose::{Claim, Findings, Level, Verdict}, terms::Mean};
/// let mut findings = Findings {
///     converged: Some(true),
///     maximised_a_bound: Some(true),
///     active_units: Some(12),
///     kl: Some(25.0),
///     generalisation_gap: Some(Mean { value: 1.5, standard_error: 0.3 }),
///     ..Findings::default()
/// };
/// let verdict = Verdict::of(&findings);
/// assert_eq!((verdict.level, verdict.claim(Claim::Posterior)), (Level::Trust, None));
/// findings.active_units = Some(0);
/// let verdict = Verdict::of(&findings);
/// assert_eq!(verdict.level, Level::DoNotTrust);
/// assert!(verdict.to_string().contains("0 latent variables are active"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// On the whole: the worst of the reasons, where those about an encoder's q(z|x) count as caution at most.
    pub level: Level,
    /// A reason for each rule whose findings are there.
    pub reasons: Vec<Reason>,
}

impl Verdict {
    /// Judges a fit by what was found out. Where a check without which there is no trust is missing, that is a reason for
    /// caution; a number that is NaN counts as bad.
    pub fn of(findings: &Findings) -> Self {
        let reasons = rules::reasons(findings);
        let most = |reason: &Reason| match reason.claim {
            Claim::Posterior if !findings.coordinate_ascent => reason.level.min(Level::Caution),
            _ => reason.level,
        };
        let level = reasons.iter().map(most).max().unwrap_or(Level::Caution);
        Self { level, reasons }
    }

    /// The level of one claim; `None` where nothing about it was checked.
    pub fn claim(&self, claim: Claim) -> Option<Level> {
        self.reasons.iter().filter(|reason| reason.claim == claim).map(|reason| reason.level).max()
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Trust => "trust",
            Self::Caution => "caution",
            Self::DoNotTrust => "do not trust",
        })
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Model => "the model p(x)",
            Self::Bound => "the figures in nats",
            Self::Posterior => "the posterior q",
        })
    }
}

impl fmt::Display for Reason {
    /// What was found; below it, indented, the rule with its source, and what to try.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n      rule: {} ({})", self.finding, self.rule, self.source)?;
        if self.remedies.is_empty() {
            Ok(())
        } else {
            write!(f, "\n      try:  {}", self.remedies.join(", "))
        }
    }
}

impl fmt::Display for Verdict {
    /// The level; a line for each claim; below it each reason that speaks against it, the worst first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.level)?;
        for claim in Claim::ALL {
            let Some(level) = self.claim(claim) else {
                write!(f, "\n  {claim:<20} not checked")?;
                continue;
            };
            write!(f, "\n  {claim:<20} {level}")?;
            for level in [Level::DoNotTrust, Level::Caution] {
                for reason in self.reasons.iter().filter(|r| (r.claim, r.level) == (claim, level)) {
                    write!(f, "\n    {level}: {reason}")?;
                }
            }
        }
        Ok(())
    }
}
