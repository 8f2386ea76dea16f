//! Rules that many values keep, each checked by name.

use std::ops::{
    Bound::{Excluded, Included},
    RangeBounds,
};

use crate::Error;

/// Defines types that are read from files, and are valid from then on: `check` is called on what was read, and its error
/// is that of the reading. In Rust they are made field by field, and checked where they are used.
///
/// serde reads a private twin of the type, so that there is no way round the check.
macro_rules! checked {
    (
        $(#[doc = $doc:expr])*
        #[derive($($derive:ident),*)]
        $(#[serde($($serde:tt)*)])?
        pub $kind:tt $name:ident { $($body:tt)* }
    ) => {
        $(#[doc = $doc])*
        #[derive($($derive,)* serde::Serialize)]
        $(#[serde($($serde)*)])?
        pub $kind $name { $($body)* }

        const _: () = {
            type Checked = $name;

            #[allow(dead_code, unreachable_pub)]
            #[derive(serde::Deserialize)]
            #[serde(remote = "Checked")]
            $(#[serde($($serde)*)])?
            $kind Twin { $($body)* }

            impl<'de> serde::Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                    let read = Twin::deserialize(from)?;
                    read.check().map_err(serde::de::Error::custom)?;
                    Ok(read)
                }
            }
        };
    };
}
pub(crate) use checked;

/// A number in a range.
pub(crate) fn in_range(what: &str, value: f64, range: impl RangeBounds<f64>) -> Result<f64, Error> {
    if range.contains(&value) {
        return Ok(value);
    }
    let (low, high) = (range.start_bound().cloned(), range.end_bound().cloned());
    Err(Error::OutOfRange { what: what.into(), value, low, high })
}

/// A finite number.
pub(crate) fn finite(what: &str, value: f64) -> Result<f64, Error> {
    in_range(what, value, (Excluded(f64::NEG_INFINITY), Excluded(f64::INFINITY)))
}

/// A finite number > 0.
pub(crate) fn positive(what: &str, value: f64) -> Result<f64, Error> {
    above(what, value, 0.0)
}

/// A finite number > `low`.
pub(crate) fn above(what: &str, value: f64, low: f64) -> Result<f64, Error> {
    in_range(what, value, (Excluded(low), Excluded(f64::INFINITY)))
}

/// A finite number ≥ 0.
pub(crate) fn not_negative(what: &str, value: f64) -> Result<f64, Error> {
    in_range(what, value, (Included(0.0), Excluded(f64::INFINITY)))
}

/// A number in (`low`, `high`).
pub(crate) fn between(what: &str, value: f64, low: f64, high: f64) -> Result<f64, Error> {
    in_range(what, value, (Excluded(low), Excluded(high)))
}

/// Finite numbers.
pub(crate) fn each_finite(what: &str, values: &[f64]) -> Result<(), Error> {
    values.iter().try_for_each(|&value| finite(what, value).map(drop))
}

/// Finite numbers, one or more.
pub(crate) fn all_finite(what: &str, values: &[f64]) -> Result<(), Error> {
    at_least("the dimension", values.len(), 1).map_err(|error| error.within(what))?;
    each_finite(what, values)
}

/// Numbers > 0.
pub(crate) fn each_positive(what: &str, values: &[f64]) -> Result<(), Error> {
    values.iter().try_for_each(|&value| positive(what, value).map(drop))
}

/// A weight for each row, ≥ 0 and not all 0.
pub(crate) fn row_weights(weights: &[f64], rows: usize) -> Result<(), Error> {
    Error::check_shape("the rows' weights", &[rows], &[weights.len()])?;
    for (n, &weight) in weights.iter().enumerate() {
        not_negative(&format!("the weight of row {}", n + 1), weight)?;
    }
    above("the sum of the rows' weights", weights.iter().sum(), 0.0).map(drop)
}

/// A standard deviation of which 1/sd² is a number > 0 too.
pub(crate) fn deviation(what: &str, sd: f64) -> Result<(), Error> {
    positive(what, sd)?;
    positive(&format!("{what}, as 1/sd²,"), (sd * sd).recip()).map(drop)
}

/// Numbers ≥ 0 that add up to 1, to rounding.
pub(crate) fn probabilities(what: &str, values: &[f64]) -> Result<(), Error> {
    let total: f64 = values.iter().sum();
    if values.iter().all(|&p| p >= 0.0) && (total - 1.0).abs() <= 1e-9 {
        return Ok(());
    }
    Err(Error::NotProbabilities { what: what.into(), values: values.into() })
}

/// A count of at least so many.
pub(crate) fn at_least(what: &str, number: usize, least: usize) -> Result<(), Error> {
    if number >= least { Ok(()) } else { Err(Error::TooFew { what: what.into(), number, least }) }
}

/// A count of at most so many, which is the number that `limit` says.
pub(crate) fn at_most(what: &str, number: usize, most: usize, limit: &str) -> Result<(), Error> {
    if number <= most {
        return Ok(());
    }
    Err(Error::TooMany { what: what.into(), number, most, limit: limit.into() })
}

/// The sizes of layers or of images: each at least 1.
pub(crate) fn sizes(what: &str, sizes: &[usize]) -> Result<(), Error> {
    sizes.iter().enumerate().try_for_each(|(i, &size)| at_least(&format!("{what}[{i}]"), size, 1))
}

/// A count that is that of something else.
pub(crate) fn equal(what: &str, number: usize, expected: usize, of: &str) -> Result<(), Error> {
    if number == expected {
        return Ok(());
    }
    Err(Error::Unequal { what: what.into(), number, expected, of: of.into() })
}

/// A count that another one divides.
pub(crate) fn multiple(what: &str, number: usize, divisor: usize, of: &str) -> Result<(), Error> {
    if number.is_multiple_of(divisor) {
        return Ok(());
    }
    Err(Error::NotMultiple { what: what.into(), number, divisor, of: of.into() })
}

/// The index of one of so many.
pub(crate) fn index(what: &str, index: usize, number: usize, of: &str) -> Result<(), Error> {
    if index < number {
        return Ok(());
    }
    Err(Error::OutOfBounds { what: what.into(), index, number, of: of.into() })
}
