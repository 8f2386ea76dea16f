//! What kind of values a column holds, told by all of its rows.

use std::collections::HashSet;
use std::fmt::{self, Display};

use serde::{Deserialize, Serialize};

/// The kind of a column's values: what a likelihood asks before it takes them.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnKind {
    /// Real numbers.
    Real,
    /// Whole numbers from 0.
    Count,
    /// 0 and 1 alone.
    Binary,
    /// One of some levels, which have no order.
    Category,
    /// One of some levels in their order.
    Ordinal,
    /// Instants.
    Time,
    /// Any text.
    Text,
}

impl ColumnKind {
    /// Whether its values are numbers as they are.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Real | Self::Count | Self::Binary)
    }
}

impl Display for ColumnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Real => "real numbers",
            Self::Count => "counts",
            Self::Binary => "0 and 1",
            Self::Category => "categories",
            Self::Ordinal => "ordered categories",
            Self::Time => "times",
            Self::Text => "text",
        })
    }
}

/// What the numbers of a column have been so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    any: bool,
    binary: bool,
    whole: bool,
}

impl Seen {
    /// Before the first.
    pub(crate) const NOTHING: Self = Self { any: false, binary: true, whole: true };

    /// One more; NaN is missing, and tells nothing.
    pub(crate) fn take(&mut self, value: f64) {
        if value.is_nan() {
            return;
        }
        self.any = true;
        self.binary &= value == 0.0 || value == 1.0;
        self.whole &= value >= 0.0 && value.fract() == 0.0;
    }

    /// The narrowest kind that all of them are of; real numbers where there are none.
    pub(crate) fn kind(self) -> ColumnKind {
        match self {
            Self { any: true, binary: true, .. } => ColumnKind::Binary,
            Self { any: true, whole: true, .. } => ColumnKind::Count,
            _ => ColumnKind::Real,
        }
    }
}

/// Whether texts, of which the empty are missing, are levels: each of them occurs twice on average.
pub(crate) fn are_levels(texts: &[String]) -> bool {
    let seen = texts.iter().filter(|text| !text.is_empty());
    let levels: HashSet<&String> = seen.clone().collect();
    2 * levels.len() <= seen.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(values: &[f64]) -> ColumnKind {
        let mut seen = Seen::NOTHING;
        for &value in values {
            seen.take(value);
        }
        seen.kind()
    }

    #[test]
    fn the_narrowest_kind_that_all_rows_allow() {
        assert_eq!(kind(&[0.0, 1.0, f64::NAN, -0.0]), ColumnKind::Binary);
        assert_eq!(kind(&[0.0, 1.0, 2.0]), ColumnKind::Count);
        assert_eq!(kind(&[0.0, 1.0, -1.0]), ColumnKind::Real);
        assert_eq!(kind(&[0.0, 1.0, 0.5]), ColumnKind::Real);
        assert_eq!(kind(&[2.0, f64::INFINITY]), ColumnKind::Real);
        assert_eq!(kind(&[f64::NAN]), ColumnKind::Real);
    }

    #[test]
    fn levels_come_again() {
        let texts = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(are_levels(&texts("a b a b")));
        assert!(are_levels(&texts("a a ")));
        assert!(!are_levels(&texts("a b c a")));
    }
}
