//! What kind of values a column holds, told by all of its rows.

use std::collections::HashSet;
use std::fmt::{self, Display};

use serde::{Deserialize, Serialize};

use crate::numbering::{Numbering, RowNumbers};

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

/// What one pass over the cells of a column tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    /// What the cells are.
    pub(crate) kind: ColumnKind,
    /// How many are missing.
    pub(crate) missing: usize,
    /// Whether they number the rows.
    pub(crate) numbering: Numbering,
    /// The row, from 0, of the first cell that is no date, where most are; and the cell.
    pub(crate) odd_date: Option<(usize, String)>,
}

/// What the numbers of a column have been so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct NumberKinds {
    numbers: usize,
    missing: usize,
    /// Numbers other than 0 and 1, and others than whole numbers from 0.
    not_binary: bool,
    not_whole: bool,
    numbering: RowNumbers,
}

impl NumberKinds {
    /// One more; NaN is missing.
    pub(crate) fn take(&mut self, value: f64) {
        let whole = value >= 0.0 && value.fract() == 0.0;
        self.numbering.take((whole && value <= LARGEST).then_some(value as u64));
        if value.is_nan() {
            self.missing += 1;
            return;
        }
        self.numbers += 1;
        self.not_binary |= value != 0.0 && value != 1.0;
        self.not_whole |= !whole;
    }

    /// What they are together: the narrowest kind that all of them are of, and real numbers where there are none.
    pub(crate) fn known(&self) -> Known {
        let kind = match self {
            Self { numbers: 0, .. } | Self { not_whole: true, .. } => ColumnKind::Real,
            Self { not_binary: false, .. } => ColumnKind::Binary,
            _ => ColumnKind::Count,
        };
        Known { kind, missing: self.missing, numbering: self.numbering.kind(), odd_date: None }
    }
}

/// The largest whole number below which f64 holds every one.
const LARGEST: f64 = 9_007_199_254_740_992.0;

/// 1 of `True` and `yes`, 0 of `False` and `no`, in any case.
pub(crate) fn yes_or_no(cell: &str) -> Option<f64> {
    match cell.to_lowercase().as_str() {
        "true" | "yes" | "t" | "y" => Some(1.0),
        "false" | "no" | "f" | "n" => Some(0.0),
        _ => None,
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
        let mut seen = NumberKinds::default();
        for &value in values {
            seen.take(value);
        }
        seen.known().kind
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
