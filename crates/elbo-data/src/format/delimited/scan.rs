//! What the cells of a column are, told by all rows.

use std::collections::HashSet;

use super::cell::{digits, is_missing, number};
use super::written::{Marks, written};
use crate::delimiter::{DecimalMark, Delimiter};
use crate::error::{CellFault, Error};
use crate::kind::{ColumnKind, yes_or_no};
use crate::names::{argument, brief};
use crate::numbering::{Numbering, RowNumbers};
use crate::time::{DateScan, Writing};

/// The largest number of different texts that are kept.
const LEVELS: usize = 10_000;

/// A cell that is quoted in messages: its line, and its text.
pub(super) type Example = (usize, String);

/// What the cells of a column are.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is true until a cell says otherwise")]
pub(super) struct ColumnScan {
    /// Numbers that are written plainly, and those with a point or an exponent among them.
    plain: usize,
    points: usize,
    pub(super) missing: usize,
    text: usize,
    /// `True` and `False` among the text, whatever their case.
    truths: usize,
    /// `yes` and `no`, and the like, among the text.
    answers: usize,
    /// What the text is as dates.
    dates: DateScan,
    /// How it is known which of day and month goes first, where that had to be found out.
    pub(super) turned: Option<String>,
    /// How its dates are written, where they are.
    pub(super) writing: Option<Writing>,
    /// Numbers for people, without and with a unit or a currency.
    written: usize,
    affixes: Vec<(String, usize, Example)>,
    first_text: Option<Example>,
    first_number: Option<Example>,
    levels: HashSet<String>,
    many_levels: bool,
    whole: bool,
    binary: bool,
    years: bool,
    numbering: RowNumbers,
    /// Of the numbers 0 to 63, which are cells, by their bits; and whether all cells are such.
    small: u64,
    all_small: bool,
    /// Cells that tell the decimal mark, or may have either.
    pub(super) point: Option<Example>,
    pub(super) comma: Option<Example>,
    pub(super) thousands: Option<Example>,
    pub(super) either: Option<Example>,
    /// A point before three digits, which may stand between thousands.
    pub(super) three: Option<Example>,
    /// A whole number that begins with 0, as codes do, and one that f64 does not hold exactly.
    pub(super) zeros: Option<Example>,
    pub(super) rounded: Option<Example>,
}

impl Default for ColumnScan {
    fn default() -> Self {
        Self {
            plain: 0,
            points: 0,
            missing: 0,
            text: 0,
            truths: 0,
            answers: 0,
            dates: DateScan::default(),
            turned: None,
            writing: None,
            written: 0,
            affixes: Vec::new(),
            first_text: None,
            first_number: None,
            levels: HashSet::new(),
            many_levels: false,
            whole: true,
            binary: true,
            years: true,
            numbering: RowNumbers::default(),
            small: 0,
            all_small: true,
            point: None,
            comma: None,
            thousands: None,
            either: None,
            three: None,
            zeros: None,
            rounded: None,
        }
    }
}

impl ColumnScan {
    /// Takes the cell of a row, on this line.
    pub(super) fn take(&mut self, cell: &str, line: usize) {
        if let Some(digits) = digits(cell.as_bytes()) {
            self.plain += 1;
            keep_first(&mut self.first_number, line, cell);
            self.points += usize::from(digits.point || digits.exponent);
            let whole = digits.is_whole && !digits.exponent && !digits.negative;
            self.whole &= whole;
            self.binary &= whole
                && digits.whole == 1
                && matches!(cell.as_bytes()[usize::from(cell.starts_with('+'))], b'0' | b'1');
            self.years &= whole && digits.whole == 4 && !digits.point;
            if digits.point && !digits.exponent && self.point.as_ref().is_none_or(|(first, _)| line < *first)
            {
                let thousands = digits.fraction == 3
                    && (1..=3).contains(&digits.whole)
                    && !cell.trim_start_matches(['-', '+']).starts_with('0');
                keep_first(if thousands { &mut self.three } else { &mut self.point }, line, cell);
            }
            if whole && !digits.point && digits.whole > 1 {
                let number = cell.trim_start_matches('+');
                if number.starts_with('0') && self.zeros.is_none() {
                    keep_first(&mut self.zeros, line, cell);
                }
                let inexact = |number: u128| number as f64 as u128 != number;
                if digits.whole > 15 && self.rounded.is_none() && number.parse().is_ok_and(inexact) {
                    keep_first(&mut self.rounded, line, cell);
                }
            }
            let number = || cell.split('.').next().and_then(|number| number.parse().ok());
            let number = if whole { number() } else { None };
            match number.filter(|&number| number < 64) {
                Some(number) => self.small |= 1_u64 << number,
                None => self.all_small = false,
            }
            self.numbering.take(number);
            return;
        }
        self.all_small = false;
        self.numbering.take(None);
        if is_missing(cell) {
            self.missing += 1;
            return;
        }
        let example = || (line, cell.to_owned());
        if number::<f64>(cell) != Err(CellFault::NotANumber) {
            // An infinity, which is refused where it is data, or NaN, which is not.
            self.plain += 1;
            keep_first(&mut self.first_number, line, cell);
            (self.whole, self.binary, self.years) = (false, false, false);
            return;
        }
        if let Some(of) = written(cell) {
            (self.whole, self.binary, self.years) = (false, false, false);
            let told = match of.marks() {
                Marks::Neutral => None,
                Marks::CommaDecimal => Some(&mut self.comma),
                Marks::CommaThousands => Some(&mut self.thousands),
                Marks::Either => Some(&mut self.either),
            };
            if let Some(told) = told {
                keep_first(told, line, cell);
            }
            if of.affix.is_empty() {
                self.written += 1;
                keep_first(&mut self.first_number, line, cell);
                return;
            }
            // Beyond the fourth they are counted as one.
            let place = self
                .affixes
                .iter()
                .position(|(affix, ..)| *affix == of.affix)
                .unwrap_or(self.affixes.len().min(3));
            match self.affixes.get_mut(place) {
                Some((_, count, _)) => *count += 1,
                None => self.affixes.push((of.affix, 1, example())),
            }
        } else {
            self.text += 1;
            let answers = cell.len() <= "false".len() && yes_or_no(cell).is_some();
            self.answers += usize::from(answers);
            self.truths += usize::from(answers && is_truth(cell));
            keep_first(&mut self.first_text, line, cell);
        }
        self.dates.take(cell, line);
        if !self.many_levels && !self.levels.contains(cell) {
            self.many_levels = self.levels.len() == LEVELS;
            self.levels.insert(cell.to_owned());
        }
    }

    /// Missing cells.
    pub(super) fn take_missing(&mut self, number: usize) {
        self.missing += number;
        if number > 0 {
            self.numbering.take(None);
        }
    }

    /// The numbers among the cells, if those with units are such.
    fn numbers(&self) -> usize {
        let affixed = if self.one_affix().is_some() { self.affixed() } else { 0 };
        self.plain + self.written + affixed
    }

    fn affixed(&self) -> usize {
        self.affixes.iter().map(|(_, count, _)| count).sum()
    }

    /// The unit or currency that all numbers have.
    pub(super) fn one_affix(&self) -> Option<&str> {
        match &self.affixes[..] {
            [(affix, ..)] if self.plain + self.written == 0 => Some(affix),
            _ => None,
        }
    }

    fn texts(&self) -> usize {
        self.text + if self.one_affix().is_some() { 0 } else { self.affixed() }
    }

    /// Whether every cell is `True` or `False`, or missing.
    pub(super) fn is_boolean(&self) -> bool {
        self.truths > 0 && self.truths == self.text && self.numbers() + self.affixed() == 0
    }

    /// Whether its cells, but for some, are numbers.
    pub(super) fn is_number(&self) -> bool {
        if self.is_boolean() {
            return true;
        }
        let affixed = self.affixed();
        // Few units among numbers are mistakes, many are names.
        let mixed = affixed > self.text && self.affixes.len() < 4;
        self.numbers() > 0 && self.numbers() >= self.texts() || mixed
    }

    /// Whether it is text.
    pub(super) fn is_text(&self) -> bool {
        self.texts() > 0 && !self.is_number()
    }

    /// The first cell that is no number, where most are.
    pub(super) fn odd(&self) -> Option<Example> {
        let affixed = self.affixes.iter().map(|(_, _, example)| example);
        let last = if self.one_affix().is_some() {
            None
        } else if self.plain + self.written > 0 {
            affixed.min()
        } else {
            affixed.skip(1).min()
        };
        self.first_text.iter().chain(last).min().cloned().filter(|_| self.is_number() && !self.is_boolean())
    }

    /// Whether every cell is missing.
    pub(super) fn is_empty(&self) -> bool {
        self.numbers() + self.texts() == 0
    }

    /// The first cell that is no number.
    pub(super) fn any_text(&self) -> Option<Example> {
        self.first_text.iter().chain(self.affixes.iter().map(|(_, _, example)| example)).min().cloned()
    }

    /// The first cell that is not missing.
    pub(super) fn first_cell(&self) -> Option<Example> {
        self.any_text().into_iter().chain(self.first_number.clone()).min()
    }

    /// Whether all numbers have a point or an exponent.
    pub(super) fn all_points(&self) -> bool {
        self.plain > 0 && self.points == self.plain && self.written == 0
    }

    pub(super) fn has_fraction(&self) -> bool {
        self.plain > 0 && !self.whole && self.points > 0
    }

    pub(super) fn are_years(&self) -> bool {
        self.plain > 0 && self.years
    }

    /// Whether a whole number below 64 is one of its cells.
    pub(super) fn has_number(&self, cell: &str) -> bool {
        cell.parse::<u64>().is_ok_and(|number| number < 64 && self.small >> number & 1 == 1)
    }

    /// Whether each of its cells is one of these whole numbers below 64.
    pub(super) fn within(&self, cells: &[&str]) -> bool {
        let numbers = cells.iter().filter_map(|cell| cell.parse::<u64>().ok()).filter(|&number| number < 64);
        self.all_small && self.small & !numbers.fold(0, |all, number| all | 1_u64 << number) == 0
    }

    /// Whether its cells are whole numbers without a point, or missing.
    pub(super) fn is_whole(&self) -> bool {
        self.plain > 0 && self.points + self.written + self.text + self.affixed() == 0
    }

    /// The ways in which every cell is a date; none where some cell is none.
    fn ways(&self) -> &[Writing] {
        if self.numbers() == 0 { self.dates.ways() } else { &[] }
    }

    /// Whether a cell is a date as those of the column are.
    pub(super) fn is_date(&self, cell: &str) -> bool {
        let ways = self.ways();
        !ways.is_empty() && ways.iter().all(|way| way.read(cell).is_some())
    }

    /// Whether it holds dates in which day and month may be either way round.
    pub(super) fn may_turn(&self) -> bool {
        Writing::may_turn(self.ways())
    }

    /// Decides how the dates are written, if they are any, once all cells are taken: where day and month may be either way
    /// round, as has been found out.
    pub(super) fn decide_writing(&mut self) {
        if !self.may_turn() {
            (self.turned, self.writing) = (None, self.ways().first().cloned());
        }
    }

    /// The first cell that is not written as the others are, where most cells are dates.
    pub(super) fn odd_date(&self) -> Option<Example> {
        self.dates.odd(self.plain + self.written, self.first_number.as_ref())
    }

    /// Whether a text is none of its cells: there are none, or these are numbers, or dates.
    pub(super) fn is_odd(&self, text: &str) -> bool {
        self.is_empty() || self.is_number() || (!self.ways().is_empty() && !self.is_date(text))
    }

    /// Whether no cell is missing.
    pub(super) fn is_full(&self) -> bool {
        self.missing == 0 && !self.is_empty()
    }

    /// Whether its cells, but for this one, are all numbers or all dates.
    pub(super) fn differs(&self) -> bool {
        !self.ways().is_empty() || (self.numbers() > 0 && self.texts() == 0)
    }

    /// Whether its cells number the rows.
    pub(super) fn numbering(&self) -> Numbering {
        self.numbering.kind()
    }

    /// Whether a text occurs.
    pub(super) fn has_level(&self, text: &str) -> bool {
        self.levels.contains(text)
    }

    /// Whether its numbers are written for people in any cell.
    pub(super) fn is_written(&self) -> bool {
        self.written + self.affixed() > 0
    }

    /// What the cells of this column are, and how that is known.
    pub(super) fn kind(&self, name: &str) -> (ColumnKind, String) {
        if self.is_number() || self.texts() == 0 {
            return match self {
                _ if self.is_boolean() => (ColumnKind::Binary, "every cell is True or False".into()),
                _ if self.numbers() == 0 && self.texts() == 0 => {
                    (ColumnKind::Real, "every cell is missing".into())
                }
                _ if self.numbers() == self.plain && self.binary => {
                    (ColumnKind::Binary, "every cell is 0 or 1".into())
                }
                _ if self.numbers() == self.plain && self.whole => {
                    (ColumnKind::Count, "every cell is a whole number from 0".into())
                }
                _ => (ColumnKind::Real, "every cell is a number".into()),
            };
        }
        if !self.ways().is_empty() {
            let why = self.turned.as_ref().map_or(String::new(), |turned| format!(", {turned}"));
            return (ColumnKind::Time, format!("it holds dates{why}"));
        }
        let seen = self.texts() + self.numbers();
        let of = self.first_text.as_ref().or_else(|| self.affixes.first().map(|(_, _, example)| example));
        let (line, text) = of.cloned().unwrap_or_default();
        let besides =
            if self.numbers() > 0 { format!(", and {} numbers", self.numbers()) } else { String::new() };
        let levels = self.levels.len() + usize::from(self.numbers() > 0);
        let answers = if self.answers > 0 && self.answers == seen {
            format!("; «type {}=binary» takes yes for 1 and no for 0", argument(name))
        } else {
            String::new()
        };
        let why = format!("it holds text, as `{}` in line {line}{besides}{answers}", brief(&text));
        let category = !self.many_levels && 2 * levels <= seen;
        (if category { ColumnKind::Category } else { ColumnKind::Text }, why)
    }
}

/// Whether a cell is `True` or `False`, in any case.
pub(super) fn is_truth(cell: &str) -> bool {
    cell.len() > 3 && yes_or_no(cell).is_some()
}

/// Keeps the example of the first line: rows may come out of their order.
fn keep_first(example: &mut Option<Example>, line: usize, cell: &str) {
    if example.as_ref().is_none_or(|(first, _)| line < *first) {
        *example = Some((line, cell.to_owned()));
    }
}

/// The decimal mark of a table whose columns of numbers these are, how it is known, and whether everyone expects it.
pub(super) fn decimal(
    columns: &[(String, &ColumnScan)],
    delimiter: Delimiter,
    told: Option<DecimalMark>,
    path: &std::path::Path,
) -> Result<(DecimalMark, String, bool), Error> {
    let first = |of: fn(&ColumnScan) -> &Option<Example>| {
        columns
            .iter()
            .find_map(|(name, column)| of(column).clone().map(|(line, text)| (name.clone(), line, text)))
    };
    let place = |(column, line, text): &(String, usize, String)| {
        format!("column `{}` line {line}, `{}`,", brief(column), brief(text))
    };
    if let Some(told) = told {
        let commas = first(|column| &column.comma).or_else(|| first(|column| &column.either));
        let points = first(|column| &column.point).or_else(|| first(|column| &column.three));
        if let (DecimalMark::Comma, Delimiter::COMMA, None, Some((column, line, text))) =
            (told, delimiter, commas, points)
        {
            return Err(Error::CommaDelimited { path: path.to_owned(), column, line, text });
        }
        let comma = first(|column| &column.comma);
        let point = first(|column| &column.point).or_else(|| first(|column| &column.thousands));
        let path = path.to_owned();
        return match (told, comma, point) {
            (_, Some(comma), Some(point)) => {
                let column = if told == DecimalMark::Comma { point.0.clone() } else { comma.0.clone() };
                Err(Error::DecimalMarks { path, comma: place(&comma), point: place(&point), column })
            }
            (DecimalMark::Comma, None, Some((column, line, text)))
            | (DecimalMark::Point, Some((column, line, text)), None) => {
                Err(Error::OtherDecimalMark { path, column, line, text, told: told.char() })
            }
            _ => Ok((told, "it is told".into(), told == DecimalMark::Point)),
        };
    }
    let comma = first(|column| &column.comma);
    let point = first(|column| &column.point).or_else(|| first(|column| &column.thousands));
    let either = first(|column| &column.either);
    let path = path.to_owned();
    match (comma, point, either) {
        (Some((column, line, text)), Some((other, at, point)), _) if !text.contains(',') => {
            let point = format!("column `{}` line {at}, `{}`,", brief(&other), brief(&point));
            Err(Error::ThousandPoints { path, column, line, text, point })
        }
        (Some(comma), Some(point), _) => {
            let column = point.0.clone();
            Err(Error::DecimalMarks { path, comma: place(&comma), point: place(&point), column })
        }
        (Some((_, line, text)), None, _) => {
            Ok((DecimalMark::Comma, format!("as in `{}`, line {line}", brief(&text)), false))
        }
        (None, None, Some((column, line, text))) if delimiter != Delimiter::COMMA => {
            Err(Error::DecimalMark { path, column, line, text })
        }
        (None, None, None)
            if delimiter == Delimiter::SEMICOLON && first(|column| &column.three).is_some() =>
        {
            let (_, line, text) = first(|column| &column.three).unwrap_or_default();
            let why = format!(
                "`{}` in line {line} may be a number of thousands, but no comma says so",
                brief(&text)
            );
            Ok((DecimalMark::Point, why, false))
        }
        (None, ..) => Ok((DecimalMark::Point, "no number has a decimal comma".into(), true)),
    }
}
