//! The values that a cell or an observation may take.

use std::fmt;

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Domain {
    /// A finite number, or NaN, which is a missing one.
    FiniteOrMissing,
    /// A finite number: a missing one has no distribution.
    Given,
    /// 0 or 1.
    Binary,
    /// −1 or 1, or NaN, which is a missing one.
    SpinOrMissing,
    /// A whole number from 0 to 2⁵³, up to which all are exact.
    Count,
    /// A whole number from 0 to one less than this.
    Class(usize),
    /// It is a row of this many numbers.
    Columns(usize),
    /// The logarithm of a weight: a finite number, or −∞.
    LogWeight,
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FiniteOrMissing => f.write_str("finite, or NaN where it is missing"),
            Self::Given => f.write_str("finite: x is given, so a missing cell has no distribution"),
            Self::Binary => f.write_str("0 or 1"),
            Self::SpinOrMissing => f.write_str("-1, 1 or missing"),
            Self::Count => f.write_str("a count, from 0 to 2⁵³"),
            Self::Class(classes) => write!(f, "a class, from 0 to {}", classes.saturating_sub(1)),
            Self::Columns(columns) => write!(f, "a row of {columns} columns"),
            Self::LogWeight => f.write_str("finite, or -inf for a weight of 0"),
        }
    }
}
