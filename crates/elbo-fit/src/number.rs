//! Numbers for people.

use elbo::terms::Mean;

/// A mean and its standard error, to three decimals where that is not absurd.
///
/// ```
/// use elbo::terms::Mean;
/// assert_eq!(elbo_fit::plus_minus(Mean { value: -22.9074, standard_error: 0.2381 }), "-22.907 ± 0.238");
/// assert_eq!(elbo_fit::plus_minus(Mean::of(&[-22.9074])), "-22.907"); // of a single row
/// ```
pub fn plus_minus(mean: Mean) -> String {
    // Of rows in other units than the model's the size says all.
    match (mean.value, mean.error()) {
        (value, Some(error)) if value.abs() < 1e6 => format!("{value:.3} ± {error:.3}"),
        (value, Some(error)) => format!("{value:.2e} ± {error:.1e}"),
        (value, None) if value.abs() < 1e6 => format!("{value:.3}"),
        (value, None) => format!("{value:.2e}"),
    }
}

/// A number to seven significant digits.
///
/// ```
/// assert_eq!(elbo_fit::significant(1234.567_89), "1234.568");
/// assert_eq!(elbo_fit::significant(1e-9), "1.000000e-9");
/// ```
pub fn significant(x: f64) -> String {
    let text = format!("{x:.6e}");
    let exponent: i32 = text.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    if (-5..=9).contains(&exponent) { format!("{x:.*}", (6 - exponent).max(0) as usize) } else { text }
}

/// Numbers that stand together, in one form: each to seven significant digits, with an exponent where one of them needs it.
pub(crate) fn alike<const N: usize>(numbers: [f64; N]) -> [String; N] {
    let exponent = |text: &String| text.contains('e');
    if numbers.iter().any(|&x| x != 0.0 && exponent(&significant(x))) {
        return numbers.map(|x| format!("{x:.6e}"));
    }
    numbers.map(significant)
}

/// A probability as a percentage, without its sign.
///
/// ```
/// assert_eq!([0.95, 0.975].map(elbo_fit::percent), ["95", "97.5"]);
/// ```
pub fn percent(level: f64) -> String {
    let text = format!("{:.6}", 100.0 * level);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The greatest of some probabilities, of equal ones the first.
pub(crate) fn likeliest(p: &[f64]) -> usize {
    (1..p.len()).fold(0, |best, k| if p[k] > p[best] { k } else { best })
}
