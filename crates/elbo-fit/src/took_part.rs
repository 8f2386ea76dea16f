//! Whether rows took part in a fit: then they are more probable than new ones.

use std::{
    collections::{HashMap, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

use crate::text::{Text, counted};

/// Where the rows of the fit have more numbers, they are not read again for this.
pub(crate) const MOST_NUMBERS: usize = 50_000_000;

/// Where more of the rows of the fit repeat one another, an equal row tells nothing.
const REPEATED: f64 = 0.1;

/// How many of some rows are rows of the fit: all where they are the same rows, in whatever order; else those that stand among
/// them, where these are more than chance makes.
///
/// By chance a new row equals one of the fit with the probability that rows of the fit repeat one another (Good 1953), here
/// with three standard errors.
pub(crate) fn took_part<R: Hash>(
    fitted: impl IntoIterator<Item = R>,
    rows: impl IntoIterator<Item = R>,
) -> usize {
    let counts = |rows: &mut dyn Iterator<Item = R>| {
        let mut counts = HashMap::<u64, usize>::new();
        for row in rows {
            let mut hash = DefaultHasher::new();
            row.hash(&mut hash);
            *counts.entry(hash.finish()).or_default() += 1;
        }
        counts
    };
    let (of_fit, of_rows) = (counts(&mut fitted.into_iter()), counts(&mut rows.into_iter()));
    let (fitted, all): (usize, usize) = (of_fit.values().sum(), of_rows.values().sum());
    if of_fit == of_rows {
        return all;
    }
    let single = of_fit.values().filter(|&&times| times == 1).count();
    let chance = 1.0 - single as f64 / (fitted as f64).max(1.0);
    let found: usize =
        of_rows.iter().filter(|(row, _)| of_fit.contains_key(row)).map(|(_, times)| times).sum();
    let expected = chance * all as f64;
    let most = expected + 3.0 * (expected * (1.0 - chance)).sqrt();
    if chance <= REPEATED && found as f64 > most { found } else { 0 }
}

/// Numbers by their bits, so that a missing cell equals another.
pub(crate) fn bits(row: &[f64]) -> Vec<u64> {
    row.iter().map(|x| if x.is_nan() { f64::NAN.to_bits() } else { (x + 0.0).to_bits() }).collect()
}

/// Says how many of so many rows were fitted to, where any were; `what` is one of them.
pub(crate) fn told(took_part: usize, all: usize, what: &str) -> Option<(&'static str, Text)> {
    let which = match took_part {
        0 => return None,
        _ if 2 * took_part > all => format!("these {what}s, or most of them,"),
        _ => format!("{took_part} of these {}", counted(all, what)),
    };
    Some(("note", format!("{which} took part in the fit: new {what}s have a lower value").into()))
}

#[cfg(test)]
mod tests {
    use super::{bits, took_part};

    #[test]
    fn rows_of_the_fit_are_known_among_others() {
        let row = |n: u32| vec![n, n * n];
        let fitted = || (0..100).map(row);
        assert_eq!(took_part(fitted(), fitted().rev()), 100);
        assert_eq!(took_part(fitted(), (90..130).map(row)), 10);
        assert_eq!(took_part(fitted(), [row(7)]), 1);
        assert_eq!(took_part(fitted(), (100..200).map(row)), 0);
        assert_eq!(took_part(fitted(), []), 0);
    }

    #[test]
    fn rows_that_repeat_tell_nothing_unless_all_are_the_same() {
        let coin = |n: u32| n % 2;
        assert_eq!(took_part((0..100).map(coin), (0..40).map(coin)), 0);
        assert_eq!(took_part((0..100).map(coin), (0..100).rev().map(coin)), 100);
        // Two in a hundred of the fit are equal: two of a hundred new ones may well be equal to others.
        let fitted = || (0..99).chain([98]);
        assert_eq!(took_part(fitted(), 97..197), 0);
        assert_eq!(took_part(fitted(), 80..180), 19);
    }

    #[test]
    fn missing_cells_are_equal() {
        assert_eq!(bits(&[f64::NAN, 0.0]), bits(&[-f64::NAN, -0.0]));
    }
}
