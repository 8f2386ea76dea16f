//! The first pass over a text table: what its columns are, and what becomes of them.

use std::path::Path;

use super::cell::{is_text, number};
use super::comments::Comments;
use super::dialect::{Dialect, sample};
use super::encoding::Encoding;
use super::header;
use super::notes::Notes;
use super::records::{Record, Records};
use super::scan::{ColumnScan, Example, decimal};
use super::totals::{Sums, names_total, sums_up};
use super::written::written;
use crate::delimiter::{DecimalMark, Delimiter};
use crate::error::{CellFault, Error};
use crate::kind::ColumnKind;
use crate::names::{brief, column_names, listed};
use crate::numbering::{Numbering, is_name_of};
use crate::options::{ReadOptions, TextColumns};
use crate::reading::{ColumnReading, Reading, Role};
use crate::roles::{assign, is_unnamed, no_data, place, said_of_counting, told, why_no_dates};
use crate::room::check_columns;
use crate::source::{Source, plain_name};
use crate::time::{Dates, Writing, dates};

/// What is known of a text table after its first pass.
pub(super) struct Table {
    encoding: Encoding,
    dialect: Dialect,
    /// The decimal mark of its numbers.
    pub(super) decimal: DecimalMark,
    pub(super) reading: Reading,
    /// Whether the first row names the columns.
    pub(super) header: bool,
    /// The line below the names that tells units.
    pub(super) units: Option<usize>,
    /// The last line, where it sums up the others.
    pub(super) total: Option<usize>,
    /// The first line below the table.
    pub(super) below: Option<usize>,
    /// Whether each row ends with a delimiter that parts nothing.
    pub(super) trailing: bool,
    /// The kinds that columns are told to be of.
    pub(super) told: Vec<Option<ColumnKind>>,
    /// How the columns of dates write them.
    pub(super) writings: Vec<Option<Writing>>,
    /// Of each column: the unit or currency around its numbers, if these are written for people.
    pub(super) affixes: Vec<Option<String>>,
}

/// The rows as they were scanned.
#[allow(clippy::struct_excessive_bools, reason = "each says one thing of the same rows")]
struct Scan {
    first: Record,
    second: Option<Record>,
    last: Record,
    columns: Vec<ColumnScan>,
    rows: usize,
    quoted: usize,
    comments: Comments,
    units: bool,
    /// Whether the last row may be one of totals, and is not taken yet; and why it sums up the others, where it does.
    held_back: bool,
    total: Option<String>,
    /// How many rows are called totals, and the first of them.
    called: usize,
    first_called: Option<Example>,
    notes: Notes,
    trailing: bool,
    /// Whether commas part the cells.
    commas: bool,
}

impl Table {
    /// Reads a source once.
    pub(super) fn of(source: &mut Source, options: &ReadOptions) -> Result<Self, Error> {
        let (encoding, why) = Encoding::of(source.peek()?);
        let read = Self::in_encoding(source, encoding, why, options);
        // Text of which no character is UTF-8 but ASCII is of the usual other encoding.
        if let Err((error, false)) = &read
            && let Error::Utf8 { line, .. } = **error
            && encoding == Encoding::Utf8
        {
            let why = format!("line {line} is not UTF-8");
            return Self::in_encoding(source, Encoding::Windows1252, &why, options)
                .map_err(|(error, _)| *error);
        }
        read.map_err(|(error, _)| *error)
    }

    /// Reads a source once in this encoding; an error comes with whether there were characters beyond ASCII before it.
    fn in_encoding(
        source: &Source,
        encoding: Encoding,
        why: &str,
        options: &ReadOptions,
    ) -> Result<Self, (Box<Error>, bool)> {
        let plain = |error| (Box::new(error), true);
        let path = source.origin.path.clone();
        let mut reading = Reading::default();
        reading.decide("encoding", encoding.name(), why, encoding == Encoding::Utf8);
        let text = || encoding.decoded(source.again()?);
        let head = sample(text().map_err(plain)?, &source.origin).map_err(plain)?;
        if head.contains(&0) {
            return Err(plain(Error::NotText { path }));
        }
        let dialect = Dialect::of(&head, &source.origin, usual(&path), &options.table, &mut reading);
        let mut records = Records::new(
            text().map_err(plain)?,
            source.origin.clone(),
            dialect.delimiter,
            dialect.comments.clone(),
        );
        // Each row that a fitted model is asked about has its answer.
        let scan = Scan::of(&mut records, &path, !options.wanted.is_empty());
        let beyond_ascii = records.beyond_ascii;
        let mut scan = scan.map_err(|error| (Box::new(error), beyond_ascii))?;
        let again = || {
            let text = encoding.decoded(source.again()?)?;
            Ok(Records::new(text, source.origin.clone(), dialect.delimiter, dialect.comments.clone()))
        };
        scan.close(again).map_err(plain)?;
        Self::understood(scan, encoding, dialect, reading, &path, options).map_err(plain)
    }

    /// Decides what the columns are, and what becomes of them.
    fn understood(
        mut scan: Scan,
        encoding: Encoding,
        dialect: Dialect,
        mut reading: Reading,
        path: &Path,
        options: &ReadOptions,
    ) -> Result<Self, Error> {
        said_of_comments(&scan.comments, &dialect, &mut reading);
        let (header, why) =
            header::decide(&scan.first, scan.second.as_ref(), &scan.columns, scan.rows, scan.quoted, options);
        let chosen = if header {
            format!("line {} names the columns", scan.first.line)
        } else {
            format!("line {} is data", scan.first.line)
        };
        reading.decide("header", chosen, why, false);
        let units = scan.leave_units(header, &mut reading);
        if !header {
            let first = scan.first.clone();
            scan.take(&first);
            scan.rows += 1;
        }
        scan.columns.iter_mut().for_each(ColumnScan::decide_writing);
        let above = (!header)
            .then(|| header::above(&scan.first, &scan.comments, dialect.delimiter, options))
            .flatten();
        if let Some((line, _)) = &above {
            let why = "the comment above the first row has a name for each column";
            reading.decide("names", format!("line {line}"), why, false);
        }
        let names =
            header::names(above.as_ref().map_or(&scan.first, |(_, names)| names), header || above.is_some());
        let plain: Vec<String> = names.iter().map(|(name, _)| name.clone()).collect();
        let taken = taken(&plain, options);
        let numbers: Vec<(String, &ColumnScan)> = plain
            .iter()
            .cloned()
            .zip(&scan.columns)
            .zip(taken)
            .filter(|((_, column), taken)| column.is_number() && *taken)
            .map(|(column, _)| column)
            .collect();
        let (mark, why, usual) = decimal(&numbers, dialect.delimiter, options.table.decimal, path)?;
        let chosen = if mark == DecimalMark::Comma { "comma" } else { "point" };
        reading.decide("decimal", chosen, why, usual);
        said_of_thousands(&numbers, mark, &mut reading);
        let affixes = affixes(&names, &scan.columns, mark, &mut reading);
        let mut told = told(&plain, options, path)?;
        let mut columns = scan.understood(&names, &told);
        for (column, unit) in columns.iter_mut().zip(&affixes) {
            column.unit = unit.clone().filter(|unit| !unit.is_empty());
        }
        assign(&mut columns, scan.rows, path, options)?;
        for (i, (column, cells)) in columns.iter_mut().zip(&scan.columns).enumerate() {
            let Some((line, text)) = odd(column, cells, told[i]) else { continue };
            if options.text == TextColumns::Kept {
                column.role =
                    Role::Refused(format!("its cell `{}` in line {line} is no number", brief(&text)));
                continue;
            }
            let (path, column) = (path.to_owned(), column.name.clone());
            let is_first = !header && line == scan.first.line;
            let fault = if is_first { CellFault::InFirstRow } else { CellFault::NotANumber };
            return Err(Error::Cell { path, column, number: i + 1, line, text, fault });
        }
        if options.wanted.is_empty() {
            said_of_counting(&columns, scan.rows, &mut reading);
        }
        check_told_dates(&columns, &scan.columns, &told, path)?;
        said_of_booleans(&columns, &scan.columns, &mut told, &mut reading);
        said_of_digits(&columns, &scan.columns, &mut reading);
        scan.said_of_totals(&columns, &mut reading);
        scan.notes.said(&mut reading);
        said_of_turned(&columns, &scan.columns, &mut reading);
        let data = |column: &ColumnReading| matches!(column.role, Role::Data | Role::Refused(_));
        if options.text == TextColumns::Aside && !columns.iter().any(data) {
            return Err(no_data(&columns, path));
        }
        if let Some((height, width)) = options.image.filter(|_| !header && above.is_none()) {
            rename_pixels(&mut columns, height, width);
        }
        reading.columns = columns;
        let units = scan.second.as_ref().filter(|_| units).map(|second| second.line);
        let total = scan.total.is_some().then_some(scan.last.line);
        let (decimal, below, trailing) = (mark, scan.notes.line(), scan.trailing);
        let writings = scan.columns.into_iter().map(|column| column.writing).collect();
        Ok(Self {
            encoding,
            dialect,
            decimal,
            reading,
            header,
            units,
            total,
            below,
            trailing,
            told,
            writings,
            affixes,
        })
    }

    /// The records of the table once more, those of the names and of units among them.
    pub(super) fn records(&self, source: Source) -> Result<Records<'static>, Error> {
        let origin = source.origin.clone();
        let text = self.encoding.decoded(source)?;
        Ok(Records::new(
            text,
            origin,
            self.dialect.delimiter,
            Comments { left_out: 0, ..self.dialect.comments.clone() },
        ))
    }
}

/// The first cell of a column of data that is no number, though it should be.
fn odd(column: &ColumnReading, cells: &ColumnScan, told: Option<ColumnKind>) -> Option<Example> {
    match column.role {
        // `yes` and `no` may be told to be 1 and 0.
        _ if told == Some(ColumnKind::Binary) => None,
        Role::Refused(_) => cells.any_text(),
        Role::Data | Role::Time if told.is_none_or(ColumnKind::is_number) => cells.odd(),
        _ => None,
    }
}

/// Refuses a column that is told to hold dates, and has a cell that is none.
fn check_told_dates(
    columns: &[ColumnReading],
    cells: &[ColumnScan],
    told: &[Option<ColumnKind>],
    path: &Path,
) -> Result<(), Error> {
    for (number, (column, (cells, told))) in columns.iter().zip(cells.iter().zip(told)).enumerate() {
        let dates = cells.writing.is_some() || cells.turned.is_some() || cells.is_empty();
        if *told != Some(ColumnKind::Time) || dates || matches!(column.role, Role::Aside(_) | Role::Label) {
            continue;
        }
        let (path, name) = (path.to_owned(), column.name.clone());
        if let Some((line, text)) = column.odd_date.clone() {
            let fault = CellFault::NotADate;
            return Err(Error::Cell { path, column: name, number: number + 1, line, text, fault });
        }
        let (line, text) = cells.first_cell().unwrap_or_default();
        return Err(Error::NoInstants { path, column: name, line, text });
    }
    Ok(())
}

/// Of each column whether its cells may be numbers that a model takes, by what is told of it.
fn taken(names: &[String], options: &ReadOptions) -> Vec<bool> {
    let table = &options.table;
    let places = |of: &[String]| of.iter().filter_map(|name| place(name, names)).collect::<Vec<_>>();
    let [dropped, chosen, labels] =
        [&table.drop, &table.columns, &options.label_columns].map(|of| places(of));
    let texts: Vec<usize> = table
        .types
        .iter()
        .filter(|(_, kind)| !kind.is_number())
        .filter_map(|(name, _)| place(name, names))
        .collect();
    let out = |i: &usize| dropped.contains(i) || labels.contains(i) || texts.contains(i);
    (0..names.len()).map(|i| !out(&i) && (chosen.is_empty() || chosen.contains(&i))).collect()
}

/// Says in which columns marks between thousands are left out, and what that makes of the first such number.
fn said_of_thousands(numbers: &[(String, &ColumnScan)], mark: DecimalMark, reading: &mut Reading) {
    let example = |column: &ColumnScan| {
        let points = column.comma.as_ref().filter(|(_, text)| text.contains('.'));
        let example = match mark {
            DecimalMark::Point => column.thousands.iter().chain(&column.either).min(),
            DecimalMark::Comma => column.three.iter().chain(points).min(),
        };
        example.cloned()
    };
    let of: Vec<(&String, Example)> =
        numbers.iter().filter_map(|(name, column)| Some((name, example(column)?))).collect();
    if let Some((_, (line, text))) = of.first()
        && let Some(value) = written(text).and_then(|of| of.number::<f64>(mark))
    {
        let why =
            format!("marks between thousands are left out: `{}` in line {line} is {value}", brief(text));
        reading.decide("thousands", listed(of.iter().map(|(name, _)| name)), why, false);
    }
}

/// Takes columns of `True` and `False` for numbers, and says so.
fn said_of_booleans(
    columns: &[ColumnReading],
    cells: &[ColumnScan],
    told: &mut [Option<ColumnKind>],
    reading: &mut Reading,
) {
    for ((column, cells), told) in columns.iter().zip(cells).zip(told) {
        if cells.is_boolean() && column.role == Role::Data && told.is_none() {
            *told = Some(ColumnKind::Binary);
            reading.decide("boolean", format!("`{}`", column.name), "True is 1, and False is 0", false);
        }
    }
}

/// Says which of day and month goes first, where it had to be found out.
fn said_of_turned(columns: &[ColumnReading], cells: &[ColumnScan], reading: &mut Reading) {
    for (column, cells) in columns.iter().zip(cells) {
        if let Some(turned) = cells.turned.as_ref().filter(|_| column.kind == ColumnKind::Time) {
            reading.decide("dates", format!("`{}`", brief(&column.name)), turned, false);
        }
    }
}

/// Says in which columns of data digits are lost: zeros before a number, and those beyond what f64 holds.
fn said_of_digits(columns: &[ColumnReading], cells: &[ColumnScan], reading: &mut Reading) {
    for (column, cells) in columns.iter().zip(cells).filter(|(column, _)| column.role == Role::Data) {
        let lost = [
            (&cells.zeros, "is read as a number, without the zeros before it; a code is a category"),
            (&cells.rounded, "is rounded: a number keeps 15 digits"),
        ];
        for (example, why) in lost {
            if let Some((line, text)) = example {
                let why = format!("`{}` in line {line} {why}", brief(text));
                reading.decide("digits", format!("`{}`", brief(&column.name)), why, false);
            }
        }
    }
}

/// Of each column: the unit or currency around its numbers, if these are written for people; units are said.
fn affixes(
    names: &[(String, bool)],
    columns: &[ColumnScan],
    mark: DecimalMark,
    reading: &mut Reading,
) -> Vec<Option<String>> {
    let of = |column: &ColumnScan| {
        let written = column.is_number() && (column.is_written() || mark == DecimalMark::Comma);
        written.then(|| column.one_affix().unwrap_or_default().to_owned())
    };
    let affixes: Vec<Option<String>> = columns.iter().map(of).collect();
    for ((name, _), affix) in names.iter().zip(&affixes) {
        if let Some(affix) = affix.as_ref().filter(|affix| !affix.is_empty()) {
            reading.decide("unit", format!("`{name}` is in {affix}"), "every cell of it has that", false);
        }
    }
    affixes
}

/// The columns of an image have the names of their pixels.
fn rename_pixels(columns: &mut [ColumnReading], height: usize, width: usize) {
    let data = columns.iter_mut().filter(|column| column.role == Role::Data);
    let count = data.count();
    if height.checked_mul(width) == Some(count) {
        let data = columns.iter_mut().filter(|column| column.role == Role::Data);
        data.zip(column_names(&[height, width])).for_each(|(column, name)| column.name = name);
    }
}

fn said_of_comments(comments: &Comments, dialect: &Dialect, reading: &mut Reading) {
    let Some((line, text)) = &comments.first else { return };
    let lines = match comments.left_out {
        1 => format!("line {line} is left out"),
        number => format!("{number} lines are left out, from {line} to {}", comments.last),
    };
    let above = *line <= dialect.comments.above;
    let why = match (above, comments.left_out) {
        (true, 1) => "it stands above the table",
        (true, _) => "the first stands above the table",
        (false, 1) => "it begins as comments do",
        (false, _) => "they begin as comments do",
    };
    reading.decide("comments", lines, format!("{why}: `{}`", brief(text)), false);
}

/// The delimiter of files that end as this one.
fn usual(path: &Path) -> Delimiter {
    let name = plain_name(path);
    let tabs = name.rsplit_once('.').is_some_and(|(_, ending)| ending == "tsv");
    if tabs { Delimiter::TAB } else { Delimiter::COMMA }
}

/// The bytes that a column takes besides its cells: what is seen of it, its name, and what is said of it.
const COLUMN: u64 = 1 << 10;

impl Scan {
    /// Takes all rows but the first, and the last where it may be one of totals. `asked` says that each row has an answer:
    /// empty rows at the end are some, and so are sums without a name.
    fn of(records: &mut Records<'_>, path: &Path, asked: bool) -> Result<Self, Error> {
        let (mut first, mut record) = (Record::default(), Record::default());
        if !records.next(&mut first)? {
            return Err(Error::Empty { path: path.to_owned() });
        }
        let second = records.next(&mut record)?.then(|| record.clone());
        let columns = second.as_ref().unwrap_or(&first).len();
        check_columns(path, columns.max(first.len()), COLUMN)?;
        let mut scan = Self {
            columns: vec![ColumnScan::default(); columns],
            first,
            second,
            last: Record::default(),
            rows: 0,
            quoted: 0,
            comments: Comments::default(),
            units: false,
            held_back: false,
            total: None,
            called: 0,
            first_called: None,
            notes: Notes::default(),
            trailing: false,
            commas: records.delimiter() == Delimiter::COMMA,
        };
        // One column tells whether the last row may sum up the others: then all are looked at.
        let numbers = scan
            .second
            .as_ref()
            .and_then(|second| second.cells().rposition(|cell| number::<f64>(cell).is_ok()));
        let mut sums = Sums::default();
        let probe = |record: &Record, sums: &mut Sums| {
            numbers.and_then(|i| record.cells().nth(i)).into_iter().for_each(|cell| sums.take(cell));
        };
        scan.second.iter().for_each(|second| probe(second, &mut sums));
        while records.next(&mut record)? {
            if scan.notes.take(&record, columns) {
                continue;
            }
            for mut row in scan.notes.rows() {
                scan.put(&mut row, path)?;
                probe(&row, &mut sums);
            }
            scan.put(&mut record, path)?;
            probe(&record, &mut sums);
        }
        for mut row in scan.rows_of_notes(asked) {
            scan.put(&mut row, path)?;
            probe(&row, &mut sums);
        }
        let mut with_first = sums;
        probe(&scan.first, &mut with_first);
        // Each row that a fitted model is asked about has its answer, unless it is called otherwise.
        let adds_up = |cell: &str| !asked && (sums.is_sum(cell) || with_first.is_sum(cell));
        let cell = numbers.and_then(|i| scan.last.cells().nth(i));
        scan.held_back = scan.rows > 1 && (scan.last.cells().any(names_total) || cell.is_some_and(adds_up));
        if !scan.held_back {
            let last = scan.last.clone();
            scan.take(&last);
        }
        scan.comments = records.comments.clone();
        if let Some(second) = scan.second.clone() {
            scan.units = scan.rows > 0 && header::tells_units(&scan.first, &second, &scan.columns);
            scan.empties(&second);
            if !scan.units {
                scan.take(&second);
            }
            scan.rows += 1;
        }
        scan.check_first(path)?;
        Ok(scan)
    }

    /// Takes a row once another follows, since the last may be one of totals; the row before is in its place then.
    fn put(&mut self, record: &mut Record, path: &Path) -> Result<(), Error> {
        if record.len() != self.columns.len() {
            // What is wrong with the first row is said of it.
            self.check_first(path)?;
            let (expected, actual) = (self.columns.len(), record.len());
            return Err(Error::Ragged { path: path.to_owned(), line: record.line, expected, actual });
        }
        self.empties(record);
        std::mem::swap(&mut self.last, record);
        self.take(record);
        self.rows += 1;
        Ok(())
    }

    /// The rows among what may be notes, once all others are known.
    fn rows_of_notes(&mut self, keep_empty: bool) -> Vec<Record> {
        if self.notes.line().is_none() {
            return Vec::new();
        }
        let mut columns = self.columns.clone();
        for record in self.second.iter().chain([&self.last]) {
            columns.iter_mut().zip(record.cells()).for_each(|(column, cell)| column.take(cell, record.line));
        }
        self.notes.part(&columns, keep_empty)
    }

    /// Decides what all rows together tell: whether the last, which was not taken yet, sums up the others, and which of day
    /// and month goes first. `again` has the records once more.
    fn close<'a>(&mut self, again: impl Fn() -> Result<Records<'a>, Error>) -> Result<(), Error> {
        if self.held_back {
            self.total = self.why_total(again()?)?;
            if self.total.is_none() {
                let last = self.last.clone();
                self.take(&last);
            } else {
                self.rows -= 1;
            }
        }
        let turning: Vec<usize> = (0..self.columns.len()).filter(|&i| self.columns[i].may_turn()).collect();
        if turning.is_empty() {
            return Ok(());
        }
        let mut cells = vec![Vec::new(); turning.len()];
        let (mut records, mut record) = (again()?, Record::default());
        while records.next(&mut record)? {
            for (place, cell) in record.cells().enumerate() {
                // Names, units and missing cells are no dates.
                if let Some(of) = turning.iter().position(|&i| i == place)
                    && self.columns[place].is_date(cell)
                {
                    cells[of].push(cell.to_owned());
                }
            }
        }
        for (i, cells) in turning.into_iter().zip(cells) {
            (self.columns[i].turned, self.columns[i].writing) = match dates(&cells) {
                Dates::Known(way, _, why) => (why.map(|why| format!("{}: {why}", way.first())), Some(way)),
                Dates::Unclear | Dates::None => {
                    (Some("but which of day and month goes first is unclear".into()), None)
                }
            };
        }
        Ok(())
    }

    /// What the rows above the last add up to, of each column.
    fn sums(&self, mut records: Records<'_>) -> Result<Vec<Sums>, Error> {
        let (mut sums, mut record) = (vec![Sums::default(); self.columns.len()], Record::default());
        while records.next(&mut record)? {
            if record.line == self.last.line {
                break;
            }
            sums.iter_mut().zip(record.cells()).for_each(|(sums, cell)| sums.take(cell));
        }
        Ok(sums)
    }

    /// Why the last row, which was not taken yet, sums up the others, where it does.
    fn why_total(&self, records: Records<'_>) -> Result<Option<String>, Error> {
        let called = |(cell, column): &(&str, &ColumnScan)| names_total(cell) && column.differs();
        let named = |cell: &str| format!("it is called `{}`", brief(cell));
        if let Some((cell, _)) = self.last.cells().zip(&self.columns).find(called) {
            return Ok(Some(format!("{}, where the other rows have numbers or dates", named(cell))));
        }
        let sums = self.sums(records)?;
        let one = |(cell, sums): (&str, &Sums)| sums.is_total(cell);
        // A name that rows above have as well is one of theirs.
        let own = |(cell, column): &(&str, &ColumnScan)| names_total(cell) && !column.has_level(cell);
        Ok(match self.last.cells().zip(&self.columns).find(own) {
            Some((cell, _)) if self.last.cells().zip(&sums).any(one) => {
                Some(format!("{}, and its numbers are the sums or the means of those above", named(cell)))
            }
            _ => sums_up(&self.last, &sums, |i| self.columns[i].is_text())
                .then(|| "each of its numbers is the sum of those above".into()),
        })
    }

    /// The cells of a row.
    fn take(&mut self, record: &Record) {
        for (column, cell) in self.columns.iter_mut().zip(record.cells()) {
            column.take(cell, record.line);
            if names_total(cell) {
                self.called += 1;
                if self.first_called.as_ref().is_none_or(|(line, _)| record.line < *line) {
                    self.first_called = Some((record.line, cell.to_owned()));
                }
            }
        }
        self.quoted += record.quoted;
    }

    /// Leaves the row out that tells units, and says so, where there is one below the names; its line may hold data.
    fn leave_units(&mut self, header: bool, reading: &mut Reading) -> bool {
        let Some(second) = self.second.clone().filter(|_| self.units) else { return false };
        if header {
            let cells: Vec<&str> = second.cells().take(3).collect();
            let why = format!("no cell of it is a number: `{}`", brief(&cells.join(", ")));
            reading.decide("units", format!("line {} is left out", second.line), why, false);
            self.rows -= 1;
        } else {
            self.take(&second);
        }
        header
    }

    /// Says so where the last row sums up the others, or only seems to.
    fn said_of_totals(&self, columns: &[ColumnReading], reading: &mut Reading) {
        if let Some(why) = &self.total {
            reading.decide("totals", format!("line {} is left out", self.last.line), why, false);
        }
        self.said_of_subtotals(reading);
        if self.total.is_some() {
            return;
        }
        let text = |(cell, column): &(&str, &ColumnReading)| !column.kind.is_number() && names_total(cell);
        if let Some((cell, _)) = self.last.cells().zip(columns).find(text) {
            let why =
                format!("it is called `{}`, but nothing else tells it from the rows above", brief(cell));
            reading.decide("totals", format!("line {} is a row as the others", self.last.line), why, false);
        }
    }

    /// Says so where a few rows above the last are called totals.
    fn said_of_subtotals(&self, reading: &mut Reading) {
        if let Some((line, cell)) = &self.first_called
            && *line != self.last.line
            && 4 * self.called <= self.rows
        {
            let more = if self.called > 1 {
                format!(", and so are {} more", self.called - 1)
            } else {
                String::new()
            };
            let why = format!(
                "it is called `{}`{more}: leave it out of the file if it sums up others",
                brief(cell)
            );
            reading.decide("totals", format!("line {line} is a row as the others"), why, false);
        }
    }

    /// What is known of the columns, before they have roles.
    fn understood(&self, names: &[(String, bool)], told: &[Option<ColumnKind>]) -> Vec<ColumnReading> {
        let of = |((name, named), (column, told)): (&(String, bool), (&ColumnScan, &Option<ColumnKind>))| {
            let (kind, why) = match told {
                Some(told) => (*told, format!("it is told to hold {told}")),
                None => column.kind(name),
            };
            let odd_date = column.odd_date();
            let why = odd_date.as_ref().filter(|_| told.is_none()).map_or(why, why_no_dates);
            ColumnReading {
                name: name.clone(),
                named: *named && !is_unnamed(name),
                kind,
                why,
                missing: column.missing,
                numbering: column.numbering(),
                role: Role::Data,
                unit: None,
                odd_date,
            }
        };
        names.iter().zip(self.columns.iter().zip(told)).map(of).collect()
    }

    /// The only cell of a row may be missing: then its line is empty.
    fn empties(&mut self, record: &Record) {
        if self.columns.len() == 1 && record.empty > 0 {
            self.columns[0].take_missing(record.empty);
            self.rows += record.empty;
        }
    }

    /// Makes the first row as wide as the others: it may lack the name of the rows' names, and a delimiter at the end of each
    /// row parts nothing.
    fn check_first(&mut self, path: &Path) -> Result<(), Error> {
        let (expected, actual) = (self.first.len(), self.columns.len());
        if expected == actual {
            return Ok(());
        }
        let blank = |column: &ColumnScan| column.is_empty();
        if expected + 1 == actual && self.columns.last().is_some_and(blank) {
            self.columns.pop();
            self.trailing = true;
            return Ok(());
        }
        let named = self.first.cells().all(is_text);
        // Commas may stand before fractions.
        let may_be_fraction = |column: &ColumnScan| self.commas && column.is_whole();
        let halves = named && self.columns.iter().all(may_be_fraction);
        let pairs = self.columns.windows(2).skip(1).any(|pair| pair.iter().all(may_be_fraction));
        let calls_rows = self.first.cells().next().is_some_and(|name| is_name_of(name, Numbering::InOrder));
        let names_rows = self.columns.first().is_some_and(|column| {
            column.is_text()
                || match column.numbering() {
                    Numbering::None => false,
                    Numbering::Distinct => named && !pairs && !halves,
                    Numbering::Counting => !pairs && !halves,
                    // R writes its names in quotes.
                    Numbering::InOrder => {
                        self.first.quoted > 0 || !(calls_rows || pairs || (expected == 1 && halves))
                    }
                }
        });
        if expected + 1 == actual && names_rows {
            self.first.put_blank();
            return Ok(());
        }
        let line = self.second.as_ref().map_or(0, |second| second.line);
        if (halves && 2 * expected == actual) || (named && pairs && expected + 1 == actual) {
            return Err(Error::DecimalCommas { path: path.to_owned(), line, expected, actual });
        }
        Err(Error::Ragged { path: path.to_owned(), line, expected, actual })
    }
}
