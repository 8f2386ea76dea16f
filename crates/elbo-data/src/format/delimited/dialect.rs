//! How a text table is written: what parts its cells, and which of its first lines are no rows.

use std::io::{BufRead, Cursor};

use super::cell::{is_missing, is_text, number};
use super::comments::{Comments, Rows, is_comment};
use super::header::is_year;
use super::records::{Record, Records};
use super::written::written;
use crate::delimiter::{DecimalMark, Delimiter};
use crate::options::TableOptions;
use crate::reading::Reading;
use crate::source::Origin;

/// How a text table is written.
#[derive(Debug, Clone)]
pub(super) struct Dialect {
    pub(super) delimiter: Delimiter,
    pub(super) comments: Comments,
}

/// How many of the first lines, and bytes, are looked at; at least three lines are.
const LINES: usize = 200;
const BYTES: usize = 1 << 17;

/// Those that are looked for, in the order in which they are preferred.
const DELIMITERS: [Delimiter; 5] =
    [Delimiter::COMMA, Delimiter::SEMICOLON, Delimiter::TAB, Delimiter::PIPE, Delimiter::BLANKS];

/// The first lines of a text.
pub(super) fn sample(mut text: Box<dyn BufRead>, origin: &Origin) -> Result<Vec<u8>, crate::Error> {
    let mut sample = Vec::new();
    let (mut lines, mut after_return) = (0, false);
    while (lines < LINES && sample.len() < BYTES) || (lines < 3 && sample.len() < 1 << 26) {
        let buffer = text.fill_buf().map_err(|cause| origin.fail(cause))?;
        if buffer.is_empty() {
            break;
        }
        // Whole lines, so that no cell is cut.
        let end = memchr::memchr2(b'\n', b'\r', buffer);
        let taken = end.map_or(buffer.len(), |end| end + 1);
        let is_end = |byte: u8| byte == b'\n' || byte == b'\r';
        let both = after_return && buffer[0] == b'\n';
        after_return = buffer[taken - 1] == b'\r';
        lines += usize::from(is_end(buffer[taken - 1]) && !both);
        sample.extend_from_slice(&buffer[..taken]);
        text.consume(taken);
    }
    Ok(sample)
}

/// What a delimiter makes of the first lines.
struct Split {
    delimiter: Delimiter,
    width: usize,
    /// The share of records of that width.
    share: f64,
    /// The share of cells that are numbers, or missing.
    numbers: f64,
    /// The share of cells that hold no other delimiter.
    clean: f64,
    /// Whether the first record has the cells of a row.
    named: bool,
    records: Vec<Record>,
}

impl Split {
    fn of(sample: &[u8], origin: &Origin, delimiter: Delimiter, comments: &Comments) -> Self {
        let reader = Box::new(Cursor::new(sample));
        let mut of = Records::new(reader, origin.clone(), delimiter, comments.clone());
        let (mut records, mut record) = (Vec::new(), Record::default());
        // What is wrong is said where the whole is read.
        while let Ok(true) = of.next(&mut record) {
            records.push(record.clone());
        }
        let mut widths: Vec<usize> = records.iter().map(Record::len).collect();
        widths.sort_unstable();
        let same = widths.chunk_by(|a, b| a == b).max_by_key(|same| (same.len(), same[0]));
        let (width, count) = same.map_or((0, 0), |same| (same[0], same.len()));
        // The names may lack the one of the rows' names.
        let short = records.len() > 1 && records[0].len() + 1 == width;
        let share = count as f64 / widths.len().saturating_sub(usize::from(short)).max(1) as f64;
        let cells = || records.iter().flat_map(Record::cells);
        let all = cells().count().max(1) as f64;
        let is_number =
            |cell: &&str| number::<f64>(cell).is_ok() || is_missing(cell) || written(cell).is_some();
        let parts = [';', '\t', '|'];
        let other = |c: char| parts.contains(&c) && c != char::from(delimiter.byte());
        Self {
            delimiter,
            width,
            share,
            numbers: cells().filter(is_number).count() as f64 / all,
            clean: cells().filter(|cell| !cell.contains(other)).count() as f64 / all,
            named: short || records.first().is_some_and(|first| first.len() == width),
            records,
        }
    }

    /// How the rows below this line are written; the first may hold the names.
    fn rows(&self, above: usize) -> Rows {
        let below = self.records.iter().filter(|record| record.line > above).skip(1);
        let (mut texts, mut all) = (0, 0);
        for cell in below.filter_map(|record| record.cells().next()).filter(|cell| !is_missing(cell)) {
            (texts, all) = (texts + usize::from(is_text(cell)), all + 1);
        }
        Rows { delimiter: self.delimiter, width: self.width, text_first: 2 * texts > all }
    }

    /// Whether it makes a table of the lines.
    fn is_table(&self) -> bool {
        self.width > 1
            && self.share >= 0.9
            && self.clean > 0.5
            && (self.delimiter != Delimiter::BLANKS || self.numbers > 0.3)
    }
}

impl Dialect {
    /// By the first lines; what is decided, and not told, is added to the reading. `usual` is the delimiter of files that end
    /// so.
    pub(super) fn of(
        sample: &[u8],
        origin: &Origin,
        usual: Delimiter,
        table: &TableOptions,
        reading: &mut Reading,
    ) -> Self {
        let text = String::from_utf8_lossy(sample);
        let lines: Vec<&str> = text.split(['\n', '\r']).filter(|line| !line.trim().is_empty()).collect();
        let marked = lines.iter().filter(|line| is_comment(line)).count();
        // Where most lines begin with a mark it is none.
        let mut comments = Comments { marked: 2 * marked <= lines.len().max(2), ..Comments::default() };
        let told = table.delimiter.or_else(|| of_excel(&lines));
        if table.delimiter.is_none() && told.is_some() {
            comments.above = 1;
        }
        let split = |delimiter| Split::of(sample, origin, delimiter, &comments);
        let (chosen, why) = if let Some(delimiter) = told {
            let why = if table.delimiter.is_some() { "it is told" } else { "the first line says so" };
            (split(delimiter), why)
        } else {
            let comma =
                |delimiter| delimiter == Delimiter::COMMA && table.decimal == Some(DecimalMark::Comma);
            let first = split(usual);
            let mut best = None::<Split>;
            let others = DELIMITERS.iter().filter(|&&other| other != usual).map(|&other| split(other));
            for of in std::iter::once(first).chain(others).filter(|of| of.is_table() && !comma(of.delimiter))
            {
                // Text may hold any of them: only what parts cells better goes before what is usual.
                let value = |of: &Split| of.clean + of.numbers + if of.named { 0.3 } else { 0.0 };
                let more = if of.delimiter == Delimiter::BLANKS { 0.2 } else { 0.05 };
                if best.as_ref().is_none_or(|best| value(&of) > value(best) + more) {
                    best = Some(of);
                }
            }
            match best {
                Some(best) => (best, "it parts the first rows into cells of equal number"),
                None if comma(usual) && !parts_names(&split(usual)) => {
                    (split(Delimiter::SEMICOLON), "a comma stands before the fraction")
                }
                None => (split(usual), "nothing else parts the rows"),
            }
        };
        let said = match chosen.delimiter {
            Delimiter::BLANKS => "blanks".to_owned(),
            other => other.to_string(),
        };
        let usual = chosen.delimiter == usual || (chosen.width < 2 && told.is_none());
        reading.decide("delimiter", said, why, usual);
        comments.above = comments.above.max(above(&chosen));
        comments.rows = Some(chosen.rows(comments.above));
        Self { delimiter: chosen.delimiter, comments }
    }
}

/// The delimiter that a first line `sep=;` tells, as Excel writes it.
fn of_excel(lines: &[&str]) -> Option<Delimiter> {
    let first = lines.first()?.trim_start_matches('\u{feff}').trim_matches('"');
    first.to_lowercase().strip_prefix("sep=")?.parse().ok()
}

/// Whether the marks part quoted cells, or names above the rows.
fn parts_names(split: &Split) -> bool {
    let first = split.records.first();
    split.records.iter().any(|record| record.quoted > 0)
        || first.is_some_and(|first| first.len() == split.width && first.cells().all(is_text))
}

fn is_digits(cell: &str) -> bool {
    cell.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit())
}

/// The last line of what stands above the table: text that does not have the cells of a row.
fn above(split: &Split) -> usize {
    let Split { width, share, ref records, .. } = *split;
    if share < 0.5 || split.delimiter == Delimiter::BLANKS {
        return 0;
    }
    let full = records.iter().position(|record| record.len() == width).unwrap_or(0);
    let begin = full + titles(&records[full..]);
    let words = |record: &Record| record.cells().all(|cell| cell.is_empty() || is_text(cell));
    let (heads, rest) = records.split_at(begin);
    // Names may lack the one of the names of the rows.
    // What has half of the cells of rows of digits names columns whose decimal mark is the delimiter.
    let halves = |last: &Record| {
        let mut cells = rest.iter().flat_map(Record::cells);
        split.delimiter == Delimiter::COMMA && 2 * last.len() == width && cells.all(is_digits)
    };
    let short = heads.last().is_some_and(|last| last.len() + 1 == width || halves(last))
        && rest.first().is_some_and(|row| !words(row));
    let heads = if short { &heads[..heads.len() - 1] } else { heads };
    match heads.last() {
        Some(last) if heads.iter().all(words) && (width > 1 || begin > full) => last.line,
        _ => 0,
    }
}

/// How many of the first records are titles, which a program filled up to the width of the table: text in one cell at most, or
/// in half of those of the names. The names are the first text that stands above all numbers of a row but its first.
fn titles(records: &[Record]) -> usize {
    // The first of a table without titles are looked at in any case.
    const MOST: usize = 32;
    let places = |record: &Record, of: fn(&str) -> bool| -> Vec<usize> {
        record.cells().enumerate().filter(|(_, cell)| of(cell)).map(|(place, _)| place).collect()
    };
    let filled = |record: &Record| places(record, |cell| !cell.is_empty());
    let numbers =
        |record: &Record| places(record, |cell| number::<f64>(cell).is_ok() || written(cell).is_some());
    let words = |record: &Record| places(record, is_text) == filled(record);
    // What follows an empty line belongs to no names above it.
    let held: Vec<usize> =
        (0..records.len().min(MOST)).filter(|&i| !filled(&records[i]).is_empty()).collect();
    let apart = |at: usize| records[held[at]].empty > 0 || (at > 0 && held[at] > held[at - 1] + 1);
    let names = |at: usize| {
        let below = held[at + 1..].first().filter(|&&row| !words(&records[row]) || !apart(at + 1));
        let row = below
            .into_iter()
            .chain(held.get(at + 2))
            .take(2)
            .find(|&&row| !numbers(&records[row]).is_empty());
        let (Some(&row), of) = (row.filter(|_| below.is_some()), filled(&records[held[at]])) else {
            return false;
        };
        let (of_row, first) = (numbers(&records[row]), filled(&records[row])[0]);
        // Years may be names.
        places(&records[held[at]], |cell| is_text(cell) || is_year(cell)) == of
            && is_text(records[held[at]].cells().nth(of[0]).unwrap_or_default())
            && of_row.iter().all(|place| *place == first || of.contains(place))
            && of_row.iter().any(|place| of.contains(place))
    };
    let Some(at) = (0..held.len()).find(|&at| names(at)) else { return 0 };
    let most = (filled(&records[held[at]]).len() / 2).max(1);
    let all = held[..at].iter().all(|&i| words(&records[i]) && filled(&records[i]).len() <= most);
    let alone = records[held[at]].len() == 1;
    if at > 0 && all && (!alone || apart(at)) { held[at] } else { 0 }
}
