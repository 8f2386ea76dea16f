//! Numbers for people: a true minus sign, and no more digits than tell something.

use std::ops::Range;

use plotters::coord::{
    ranged1d::{BoldPoints, Ranged},
    types::RangedCoordf64,
};

/// Labels of this many characters are short enough for any axis.
const SHORT: usize = 7;
/// No label has more decimals.
const DECIMALS: u8 = 12;

/// A number with so many decimals; a zero has no sign.
pub(crate) fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(size) if size.bytes().any(|b| (b'1'..=b'9').contains(&b)) => format!("−{size}"),
        Some(size) if value.is_finite() => size.into(),
        _ => text.replace('-', "−"),
    }
}

/// A number as digits and a power of ten: `2.5e−6`.
fn scientific(value: f64, decimals: usize) -> String {
    if value == 0.0 { "0".into() } else { format!("{value:.decimals$e}").replace('-', "−") }
}

/// A number to four significant digits.
pub(crate) fn significant(value: f64) -> String {
    if value == 0.0 || (1e-4..1e7).contains(&value.abs()) {
        number(value, decimals(&[value], 4))
    } else {
        scientific(value, 3)
    }
}

/// A number beside what it is spread by: to four significant digits, and to three of the spread where that takes more.
pub(crate) fn beside(value: f64, spread: f64) -> String {
    let places = value.abs().log10().floor() - spread.log10().floor();
    if places.is_finite() && places > 1.0 {
        number(value, decimals(&[spread], 3))
    } else {
        significant(value)
    }
}

/// The decimals that give the largest of some numbers so many significant digits.
pub(crate) fn decimals(values: &[f64], digits: u8) -> usize {
    let size = values.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
    let enough = |&d: &u8| size * 10f64.powi(d.into()) >= 10f64.powi(i32::from(digits) - 1);
    if size > 0.0 { (0..DECIMALS).find(enough).unwrap_or(DECIMALS).into() } else { 0 }
}

/// The ticks of an axis, at most so many.
pub(crate) fn ticks(range: &Range<f64>, most: usize) -> Vec<f64> {
    RangedCoordf64::from(range.clone()).key_points(BoldPoints(most))
}

/// The labels of an axis: the fewest decimals that tell its ticks apart, or powers of ten where those are shorter than
/// very long labels.
pub(crate) fn label(range: &Range<f64>, most: usize) -> impl Fn(f64) -> String + use<> {
    let at = ticks(range, most);
    let fine = 1e-3 * (range.end - range.start) / most as f64;
    let fewest = |write: fn(f64, usize) -> String| {
        let exact = |&decimals: &usize| {
            let read = |v: f64| write(v, decimals).replace('−', "-").parse::<f64>();
            at.iter().all(|&v| read(v).is_ok_and(|read| (read - v).abs() <= fine))
        };
        let decimals = (0..DECIMALS.into()).find(exact).unwrap_or(DECIMALS.into());
        let longest = at.iter().map(|&v| write(v, decimals).chars().count()).max();
        (longest.unwrap_or(0), decimals, write)
    };
    let (plain, powers) = (fewest(number), fewest(scientific));
    let (_, decimals, write) = if plain.0 <= SHORT.max(powers.0) { plain } else { powers };
    // A tick at zero may be off by rounding.
    move |v| write(if v.abs() <= fine { 0.0 } else { v }, decimals)
}

/// The label of a tick that counts: nothing between whole numbers.
pub(crate) fn whole(x: f64) -> String {
    if (x - x.round()).abs() < 1e-6 { number(x, 0) } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_beside_a_spread_keeps_the_digits_that_tell() {
        assert_eq!(beside(20_000_002.939, 0.6574), "20000002.939");
        assert_eq!(beside(5_412_001.056, 12.3), "5412001.1");
        assert_eq!(beside(-1234.567, 1200.0), "−1235");
        assert_eq!(beside(2.34567, 0.0), "2.346");
        assert_eq!(beside(100.25, 0.001), "100.25000");
        assert_eq!(beside(4.2e9, 1e8), "4.200e9");
    }
}
