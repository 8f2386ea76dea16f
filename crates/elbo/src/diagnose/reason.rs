//! One rule of the verdict, applied: what it is about, and what it allows.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::Remedy;

/// How far a claim can be trusted; the greater, the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// What was checked is well.
    Trust,
    /// The claim is of use, with the reservation that the reason names.
    Caution,
    /// The claim is not to be relied on.
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
    /// All claims, in the order in which they are told.
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
    /// What may mend it.
    #[serde(deserialize_with = "known")]
    pub remedies: Vec<Remedy>,
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

impl Reason {
    /// What was found; below it, indented, the rule with its source, and what to try, in the words given.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, words: &dyn Fn(&Remedy) -> String) -> fmt::Result {
        write!(f, "{}\n      rule: {} ({})", self.finding, self.rule, self.source)?;
        if self.remedies.is_empty() {
            return Ok(());
        }
        let remedies: Vec<String> = self.remedies.iter().map(words).collect();
        write!(f, "\n      try:  {}", remedies.join(", "))
    }
}

impl fmt::Display for Reason {
    /// What was found; below it, indented, the rule with its source, and what to try.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, &Remedy::to_string)
    }
}

/// Remedies that this version knows: an older file has them in the words of a front end.
fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Remedy>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Entry {
        Known(Remedy),
        Other(de::IgnoredAny),
    }
    let entries = Vec::<Entry>::deserialize(deserializer)?;
    Ok(entries
        .into_iter()
        .filter_map(|entry| if let Entry::Known(of) = entry { Some(of) } else { None })
        .collect())
}
