//! What a cell of a text table says.

use super::written::written;
use crate::cells::Number;
use crate::error::CellFault;

/// The number that a cell holds, as every program reads it.
pub(super) fn number<T: Number>(cell: &str) -> Result<T, CellFault> {
    if cell.is_empty() {
        return Err(CellFault::Empty);
    }
    match cell.parse::<T>() {
        Ok(value) if value.into().is_finite() => Ok(value),
        Ok(value) if value.into().is_infinite() && cell.contains(|c: char| c.is_ascii_digit()) => {
            Err(CellFault::TooLarge)
        }
        Ok(value) if value.into().is_nan() => Err(CellFault::Missing),
        Ok(_) => Err(CellFault::NotFinite),
        Err(_) if is_missing(cell) => Err(CellFault::Missing),
        Err(_) => Err(CellFault::NotANumber),
    }
}

/// Whether a cell is missing: empty, or one of the marks of pandas, R, SQL, Excel, SAS, Stata and SPSS. An infinity is not.
pub(super) fn is_missing(cell: &str) -> bool {
    const LONGEST: usize = 16;
    if cell.is_empty() {
        return true;
    }
    if is_error(cell) {
        return true;
    }
    if cell.len() > LONGEST {
        return false;
    }
    let lower = cell.to_lowercase();
    match lower.as_str() {
        "na" | "n/a" | "n.a." | "n.a" | "n/a." | "<na>" | "#na" | "#n/a" | "#n/a n/a" | "#n/a!"
        | "na_real_" | "na_integer_" | "na_character_" | "nan" | "-nan" | "+nan" | "<nan>" | "nan(ind)"
        | "-nan(ind)" | "nan(snan)" | "-nan(snan)" | "1.#ind" | "-1.#ind" | "1.#qnan" | "-1.#qnan"
        | "1.#snan" | "nat" | "<nat>" | "null" | "<null>" | "(null)" | "[null]" | "nil" | "none"
        | "missing" | "<missing>" | "(missing)" | "\\n" | "nd" | "n.d." | "n/d" | "k.a." | "k. a." | "?"
        | "??" | "-" | "--" | "---" | "–" | "—" | "−" | "." | ".." | "..." | "…" | "._" | "_" | "*"
        | "**" => true,
        // SAS and Stata have missing values of 26 kinds.
        other => matches!(other.as_bytes(), [b'.', b'a'..=b'z']),
    }
}

/// Whether a cell is what a spreadsheet shows of one that it cannot compute, or that is too narrow.
pub(super) fn is_error(cell: &str) -> bool {
    const ERRORS: [&str; 24] = [
        "#n/a",
        "#na",
        "#nv",
        "#div/0!",
        "#value!",
        "#wert!",
        "#valeur!",
        "#ref!",
        "#bezug!",
        "#num!",
        "#zahl!",
        "#nombre!",
        "#name?",
        "#nom?",
        "#null!",
        "#nul!",
        "#spill!",
        "#überlauf!",
        "#calc!",
        "#field!",
        "#blocked!",
        "#connect!",
        "#busy!",
        "#unknown!",
    ];
    cell.starts_with('#')
        && (is_narrow(cell) || (cell.len() < 16 && ERRORS.contains(&cell.to_lowercase().as_str())))
}

/// Whether a cell is one that is too narrow for its number: `########`.
pub(super) fn is_narrow(cell: &str) -> bool {
    cell.len() > 2 && cell.bytes().all(|byte| byte == b'#')
}

/// Text, as opposed to a number, however it is written, or to a mark of a missing one.
pub(super) fn is_text(cell: &str) -> bool {
    number::<f64>(cell) == Err(CellFault::NotANumber) && written(cell).is_none()
}

/// What the digits of a plain number are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each says one thing of the same digits")]
pub(super) struct Digits {
    /// Digits before the point, and after it.
    pub(super) whole: usize,
    pub(super) fraction: usize,
    /// Whether it has a point or an exponent.
    pub(super) point: bool,
    pub(super) exponent: bool,
    pub(super) negative: bool,
    /// Whether all digits after the point are 0.
    pub(super) is_whole: bool,
}

/// The digits of a number that is written plainly: `-1.5e-3`.
pub(super) fn digits(cell: &[u8]) -> Option<Digits> {
    let negative = cell.first() == Some(&b'-');
    let mut at = usize::from(negative || cell.first() == Some(&b'+'));
    let run = |from: usize| cell[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = run(at);
    at += whole;
    let point = cell.get(at) == Some(&b'.');
    let (mut fraction, mut is_whole) = (0, true);
    if point {
        at += 1;
        fraction = run(at);
        is_whole = cell[at..at + fraction].iter().all(|&byte| byte == b'0');
        at += fraction;
    }
    if whole + fraction == 0 {
        return None;
    }
    let exponent = matches!(cell.get(at), Some(b'e' | b'E'));
    if exponent {
        at += 1 + usize::from(matches!(cell.get(at + 1), Some(b'+' | b'-')));
        let power = run(at);
        if power == 0 {
            return None;
        }
        at += power;
    }
    (at == cell.len()).then_some(Digits { whole, fraction, point, exponent, negative, is_whole })
}
