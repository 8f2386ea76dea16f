//! The verdict on a fit: what of it can be trusted, and why.
//!
//! Three claims are judged apart. An encoder whose q(z|x) misses the posterior's tails, as that of most good
//! auto-encoders of images does, says nothing against the model p(x), and its bound is still a bound: on MNIST
//! (784-400-20, the defaults) k̂ is above 1 for two rows in three, yet log p(x) is about 5 nats above the bound, a fifth
//! of what q says about a row. So k̂ is read as a statement about q(z|x), and the worst of q(z|x) is caution for the whole:
//! it can be repaired for a row at a time, by inference for that row.
//!
//! Of a fit by coordinate ascent p(x) is judged by the rows themselves, and the bound by its starts and by whether it
//! had stopped rising. q of the parameters counts for the whole where intervals of parameters are told: k̂ condemns these,
//! and says nothing of p(x).
//!
//! The unit for gaps is the mean KL(q(z|x) ‖ p(z)): what q says about a row, in nats, whatever the width or the
//! scaling of the data. A gap of log p(x) over the bound as large as this means that q is as far from the posterior
//! as from the prior. A KL below 0.2 nats counts as 0.2: beside it a gap of hundredths would be large, and matters to nobody.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Claim, Findings, Level, Reason, Remedy, rules};

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
/// // Nothing compares log p(x) of held-out rows with that of other models: there is no trust without it.
/// assert_eq!((verdict.level, verdict.claim(Claim::Model)), (Level::Caution, Some(Level::Caution)));
/// findings.active_units = Some(0);
/// let verdict = Verdict::of(&findings);
/// assert_eq!(verdict.level, Level::DoNotTrust);
/// assert!(verdict.to_string().contains("0 latent variables are active"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// On the whole: the worst of the reasons, where those about an encoder's q(z|x) count as caution at
    /// most, and those about a q of parameters only where intervals of these are told.
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
            Claim::Posterior if !findings.intervals_told => Level::Trust,
            _ => reason.level,
        };
        let level = reasons.iter().map(most).max().unwrap_or(Level::Caution);
        Self { level, reasons }
    }

    /// Leaves out the remedies that are none for this fit: those that it had already, or that its settings do not allow.
    #[must_use]
    pub fn with_remedies(mut self, is_left: impl Fn(Remedy) -> bool) -> Self {
        for reason in &mut self.reasons {
            reason.remedies.retain(|&remedy| is_left(remedy));
        }
        self
    }

    /// The level of one claim; `None` where nothing about it was checked.
    pub fn claim(&self, claim: Claim) -> Option<Level> {
        self.reasons.iter().filter(|reason| reason.claim == claim).map(|reason| reason.level).max()
    }
}

/// A verdict with its remedies in the words of a front end.
struct Worded<'a> {
    verdict: &'a Verdict,
    words: &'a dyn Fn(&Remedy) -> String,
}

impl Verdict {
    /// As it is displayed, but with the remedies in these words.
    pub fn worded<'a>(&'a self, words: &'a dyn Fn(&Remedy) -> String) -> impl fmt::Display + 'a {
        Worded { verdict: self, words }
    }
}

impl fmt::Display for Verdict {
    /// The level; a line for each claim; below it each reason that speaks against it, the worst first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.worded(&Remedy::to_string).fmt(f)
    }
}

impl fmt::Display for Worded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verdict, words } = self;
        write!(f, "{}", verdict.level)?;
        for claim in Claim::ALL {
            let Some(level) = verdict.claim(claim) else {
                write!(f, "\n  {claim:<20} not checked")?;
                continue;
            };
            write!(f, "\n  {claim:<20} {level}")?;
            for level in [Level::DoNotTrust, Level::Caution] {
                for reason in verdict.reasons.iter().filter(|r| (r.claim, r.level) == (claim, level)) {
                    write!(f, "\n    {level}: ")?;
                    reason.write(f, words)?;
                }
            }
        }
        Ok(())
    }
}
