//! Numbers that are written for people: `1,234,567`, `10.6%`, `$5`, `12 kg`, `(3)`, `1,5`.

use crate::cells::Number;
use crate::delimiter::DecimalMark;

/// The parts of a number that is not written plainly.
#[derive(Debug, PartialEq)]
pub(super) struct Written<'a> {
    negative: bool,
    /// Digits and the marks between them.
    body: &'a str,
    /// The exponent, without its letter.
    exponent: &'a str,
    /// What stands around the number: a unit, a currency, `%`.
    pub(super) affix: String,
}

/// What the marks between the digits can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marks {
    /// No comma, and no point that parts thousands.
    Neutral,
    /// A comma before a fraction: `1,5`.
    CommaDecimal,
    /// Commas between thousands: `1,234,567` or `1,234.5`.
    CommaThousands,
    /// `1,234`, which may be either.
    Either,
}

/// Longer units are words.
const UNIT: usize = 6;

/// The parts of a number, if the cell is one.
pub(super) fn written(cell: &str) -> Option<Written<'_>> {
    let (inner, accounting) = match cell.strip_prefix('(').and_then(|cell| cell.strip_suffix(')')) {
        Some(inner) => (inner.trim(), true),
        None => (cell, false),
    };
    let is_sign = |c: char| matches!(c, '-' | '+' | '−');
    let is_blank = |c: char| matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}');
    let mut rest = inner;
    let mut minus = accounting;
    let mut signed = accounting;
    let mut sign = |rest: &mut &str| {
        if let Some(first) = rest.chars().next().filter(|&c| is_sign(c) && !signed) {
            signed = true;
            minus = first != '+';
            *rest = rest[first.len_utf8()..].trim_start_matches(is_blank);
        }
    };
    sign(&mut rest);
    let start =
        rest.find(|c: char| c.is_ascii_digit() || c == '.' || c == ',').filter(|&start| start <= UNIT)?;
    let before = rest[..start].trim_end_matches(is_blank);
    let (before, inner_sign) = match before.chars().last().filter(|&c| is_sign(c)) {
        Some(last) => (
            before[..before.len() - last.len_utf8()].trim_end_matches(is_blank),
            &before[before.len() - last.len_utf8()..],
        ),
        None => (before, ""),
    };
    sign(&mut { inner_sign });
    // Only a currency stands before a number: `A12` is a name.
    if !before.is_empty() && !is_currency(before) {
        return None;
    }
    rest = &rest[start..];
    let is_body = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '\'' | '’') || is_blank(c);
    let end = rest.find(|c: char| !is_body(c)).unwrap_or(rest.len());
    let body = rest[..end].trim_end_matches(is_blank);
    rest = &rest[end..];
    let mut exponent = "";
    if let Some(after) =
        rest.strip_prefix(['e', 'E', 'd', 'D']).filter(|_| rest.len() < 6 && end == body.len())
    {
        let digits = after.strip_prefix(['+', '-']).unwrap_or(after);
        // Fortran writes a point before `D`: `2D3` is a code.
        let is_power = !rest.starts_with(['d', 'D']) || body.contains(['.', ',']);
        if is_power && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            (exponent, rest) = (after, "");
        }
    }
    let after = rest.trim_matches(is_blank);
    let unit = |c: char| c.is_alphabetic() || matches!(c, '%' | '‰' | '°' | '/' | '²' | '³' | 'µ');
    if !(after.chars().all(unit) && after.chars().count() <= UNIT || is_currency(after)) {
        return None;
    }
    if !body.bytes().any(|byte| byte.is_ascii_digit()) || (!before.is_empty() && !after.is_empty()) {
        return None;
    }
    let affix = if before.is_empty() { after } else { before }.to_owned();
    marks(body)?;
    Some(Written { negative: minus, body, exponent, affix })
}

fn is_currency(text: &str) -> bool {
    const SYMBOLS: &str = "$€£¥₹₽₩₺₪₫฿¢";
    let code =
        || ["USD", "EUR", "GBP", "JPY", "CHF", "CNY", "INR", "US$", "A$", "C$", "R$", "kr"].contains(&text);
    !text.is_empty() && (text.chars().all(|c| SYMBOLS.contains(c)) || code())
}

/// What the marks of a body mean; `None` where they part no digits as numbers have them.
fn marks(body: &str) -> Option<Marks> {
    let (commas, points) = (body.matches(',').count(), body.matches('.').count());
    let reads = |decimal| plain(body, decimal).is_some();
    let (point, comma) = (reads(DecimalMark::Point), reads(DecimalMark::Comma));
    match (point, comma) {
        (false, false) => None,
        (true, true) if commas == 0 => Some(Marks::Neutral),
        (true, true) => Some(Marks::Either),
        (true, false) if commas > 0 => Some(Marks::CommaThousands),
        (false, true) if points > 0 || commas > 0 => Some(Marks::CommaDecimal),
        _ => Some(Marks::Neutral),
    }
}

/// A body as every program reads it: without the marks between thousands, and with a point.
fn plain(body: &str, decimal: DecimalMark) -> Option<String> {
    let (whole, fraction) = match body.split_once(decimal.char()) {
        Some((whole, fraction)) => (whole, fraction),
        None => (body, ""),
    };
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let is_mark = |c: char| !c.is_ascii_digit();
    let mut marks = whole.chars().filter(|&c| is_mark(c));
    let mut digits: String = whole.chars().filter(char::is_ascii_digit).collect();
    if let Some(mark) = marks.next() {
        let groups: Vec<&str> = whole.split(mark).collect();
        let (first, rest) = groups.split_first()?;
        let last = rest.last()?;
        let grouped = marks.all(|other| other == mark)
            && mark != decimal.char()
            && (1..=3).contains(&first.len())
            && !first.starts_with('0')
            && last.len() == 3
            // Thousands, or as in India hundreds above them.
            && rest.iter().all(|group| matches!(group.len(), 2 | 3));
        if !grouped {
            return None;
        }
    } else if digits.is_empty() && fraction.is_empty() {
        return None;
    }
    if !fraction.is_empty() {
        digits.push('.');
        digits.push_str(fraction);
    }
    Some(digits)
}

impl Written<'_> {
    /// What its marks can mean.
    pub(super) fn marks(&self) -> Marks {
        marks(self.body).unwrap_or(Marks::Neutral)
    }

    /// The number, where the marks are as this decimal mark asks.
    pub(super) fn number<T: Number>(&self, decimal: DecimalMark) -> Option<T> {
        let mut text = plain(self.body, decimal)?;
        if self.negative {
            text.insert(0, '-');
        }
        if !self.exponent.is_empty() {
            text.push('e');
            text.push_str(self.exponent);
        }
        text.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        use DecimalMark::{Comma, Point};
        for (cell, decimal, value, affix) in [
            ("1,234,567", Point, 1_234_567.0, ""),
            ("12,34,567.25", Point, 1_234_567.25, ""),
            ("1 234", Point, 1234.0, ""),
            ("1'234.5", Point, 1234.5, ""),
            ("1\u{a0}234,5", Comma, 1234.5, ""),
            ("1.234,5", Comma, 1234.5, ""),
            ("-0,25", Comma, -0.25, ""),
            (",5", Comma, 0.5, ""),
            ("10.6%", Point, 10.6, "%"),
            ("10,6 %", Comma, 10.6, "%"),
            ("$1,200", Point, 1200.0, "$"),
            ("-$5.50", Point, -5.5, "$"),
            ("$-5.50", Point, -5.5, "$"),
            ("€ 12", Point, 12.0, "€"),
            ("12 €", Point, 12.0, "€"),
            ("USD 3", Point, 3.0, "USD"),
            ("12 kg", Point, 12.0, "kg"),
            ("3.5m/s²", Point, 3.5, "m/s²"),
            ("(3.5)", Point, -3.5, ""),
            ("−4", Point, -4.0, ""),
            ("1.5D+03", Point, 1500.0, ""),
            ("1,5e-3", Comma, 0.0015, ""),
        ] {
            let of = written(cell).unwrap_or_else(|| panic!("{cell}"));
            assert_eq!((of.number::<f64>(decimal), of.affix.as_str()), (Some(value), affix), "{cell}");
        }
        for cell in [
            "A12",
            "abc",
            "1-2",
            "2020-01-01",
            "12:30",
            "1,2,3",
            "1.2.3",
            "12 pieces of",
            "",
            "%",
            "1 2",
            "3 + 4",
            "1D1",
            "2d10",
        ] {
            assert_eq!(written(cell), None, "{cell}");
        }
    }

    #[test]
    fn marks_that_can_be_either() {
        let of = |cell| written(cell).unwrap().marks();
        assert_eq!(of("1,234"), Marks::Either);
        for cell in ["1,5", "0,123", "1234,567", "1.234,5"] {
            assert_eq!(of(cell), Marks::CommaDecimal, "{cell}");
        }
        for cell in ["1,234,567", "1,234.5"] {
            assert_eq!(of(cell), Marks::CommaThousands, "{cell}");
        }
        assert_eq!(of("12 %"), Marks::Neutral);
    }
}
