//! Workbooks of Excel (.xlsx): a sheet becomes a text table, and is read as one.

use std::fmt::Write as _;
use std::io::BufReader;
use std::path::Path;

use calamine::{Data, DataRef, ExcelDateTime, Reader, SheetVisible, Xlsx, XlsxError};

use super::delimited::Delimited;
use super::reader::Format;
use crate::delimiter::{DecimalMark, Delimiter};
use crate::error::Error;
use crate::frame::Frame;
use crate::names::{brief, listed};
use crate::options::{ReadOptions, TableOptions};
use crate::source::{Archive, Bytes, Source, Spool};

/// Workbooks.
pub(crate) struct Workbook;

impl Format for Workbook {
    fn name(&self) -> &'static str {
        "a workbook of Excel (.xlsx)"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["xlsx", "xlsm"]
    }

    /// An archive, of which others are unpacked before.
    fn begins(&self, head: &[u8]) -> bool {
        head.starts_with(b"PK\x03\x04")
    }

    fn read(&self, source: &mut Source, options: &ReadOptions) -> Result<Frame, Error> {
        let path = source.origin.path.clone();
        let decimal = options.table.decimal.unwrap_or(DecimalMark::Point);
        let sheet = as_text(&path, source.seekable()?, options.table.part.as_deref(), decimal)?;
        let (delimiter, decimal) = (Some(Delimiter::COMMA), Some(decimal));
        let table = TableOptions { delimiter, decimal, ..options.table.clone() };
        let options = ReadOptions { table, ..options.clone() };
        let mut frame = Delimited.read(&mut Source::of_bytes(&path, sheet.text, None)?, &options)?;
        // How the text is written is no choice of the workbook.
        frame
            .reading
            .decisions
            .retain(|decision| !["delimiter", "decimal", "encoding"].contains(&decision.of));
        if !sheet.others.is_empty() {
            let chosen = format!("`{}`, and not {}", sheet.name, listed(sheet.others.iter()));
            frame.reading.decide("sheet", chosen, sheet.why, false);
        }
        Ok(frame)
    }
}

/// The most bytes of a part of a workbook, unpacked.
const LARGEST: u64 = 2 << 30;

/// The rows and columns of a sheet of Excel's, which has no more.
const ROWS: u32 = 1 << 20;
const COLUMNS: u32 = 1 << 14;

/// So many cells are few: they may be empty but for some.
const FEW: u64 = 1 << 22;

/// The most places of a table for each cell that is there. A cell far to the right, in a row of its own or by mistake, makes
/// all rows as wide.
const MOST_PER_CELL: u64 = 256;

/// A sheet as text: cells parted by commas, each row on the line of its number.
struct AsText {
    name: String,
    /// Why it is taken, and the names of the others.
    why: &'static str,
    others: Vec<String>,
    text: Bytes,
}

/// The sheet of this name, or the first that is shown and holds cells.
fn as_text(path: &Path, stored: Bytes, wanted: Option<&str>, decimal: DecimalMark) -> Result<AsText, Error> {
    let fail = |error: XlsxError| damaged(path, error.to_string());
    check(path, &stored)?;
    let mut book: Xlsx<_> = Xlsx::new(BufReader::new(stored)).map_err(fail)?;
    let names = book.sheet_names();
    let mut candidates = match wanted {
        Some(wanted) => names.iter().filter(|name| *name == wanted).cloned().collect(),
        None => names.clone(),
    };
    if candidates.is_empty() {
        let wanted = wanted.map(Into::into);
        return Err(Error::Parts { path: path.to_owned(), what: "sheets", wanted, names });
    }
    let shown: Vec<String> = book
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.visible == SheetVisible::Visible)
        .map(|sheet| sheet.name.clone())
        .collect();
    candidates.sort_by_key(|name| !shown.contains(name));
    let mut found = None;
    for name in candidates {
        if let Some(extent) = Extent::of(&mut book, &name).map_err(fail)? {
            found = Some((name, extent));
            break;
        }
    }
    let Some((name, Extent { first, last, last_row, rows, cells: held })) = found else {
        return Err(Error::Empty { path: path.to_owned() });
    };
    let why = match wanted {
        Some(_) => "it is asked for",
        None if names.first() == Some(&name) => "it is the first",
        None if shown.contains(&name) => "it is the first that is shown and holds cells",
        None => "it is the first that holds cells",
    };
    if last_row >= ROWS || last >= COLUMNS {
        return Err(damaged(path, format!("a cell of `{name}` lies outside of any sheet of Excel's")));
    }
    let width = u64::from(last - first) + 1;
    if rows * width > FEW && rows * width / MOST_PER_CELL > held {
        let name = brief(&name);
        let rule = format!(
            "has {held} cells in {rows} rows of {width} columns, `{name}`: look for some far to the right of the table"
        );
        return Err(Error::Unread { path: path.to_owned(), rule });
    }
    let mut cells = book.worksheet_cells_reader(&name).map_err(fail)?;
    let (mut table, mut line, mut next) = (Spool::new()?, String::new(), (0, first));
    while let Some(cell) = cells.next_cell().map_err(fail)? {
        let (row, column) = cell.get_position();
        if matches!(cell.get_value(), DataRef::Empty) {
            continue;
        }
        if row < next.0 || (row == next.0 && column < next.1) {
            return Err(damaged(path, format!("the cells of `{name}` are out of order")));
        }
        while next.0 < row {
            end(&mut line, next.1, first, last);
            table.write(line.as_bytes())?;
            line.clear();
            next = (next.0 + 1, first);
        }
        (next.1..column).for_each(|_| line.push(','));
        put(&mut line, &Data::from(cell.get_value().clone()), decimal);
        if column < last {
            line.push(',');
        }
        next.1 = column + 1;
    }
    end(&mut line, next.1, first, last);
    table.write(line.as_bytes())?;
    let others = names.into_iter().filter(|other| *other != name).collect();
    Ok(AsText { name, why, others, text: table.finish()? })
}

/// Where a sheet holds cells.
struct Extent {
    /// The first column that holds one.
    first: u32,
    /// The last column.
    last: u32,
    last_row: u32,
    /// How many rows hold one.
    rows: u64,
    /// How many there are.
    cells: u64,
}

impl Extent {
    /// That of a sheet; `None` of one without a cell.
    fn of(book: &mut Xlsx<BufReader<Bytes>>, sheet: &str) -> Result<Option<Self>, XlsxError> {
        let mut cells = book.worksheet_cells_reader(sheet)?;
        let mut extent: Option<Self> = None;
        while let Some(cell) = cells.next_cell()? {
            if matches!(cell.get_value(), DataRef::Empty) {
                continue;
            }
            let (row, column) = cell.get_position();
            let one = Self { first: column, last: column, last_row: row, rows: 1, cells: 1 };
            extent = Some(match extent {
                None => one,
                Some(Self { first, last, last_row, rows, cells }) => Self {
                    first: first.min(column),
                    last: last.max(column),
                    last_row: last_row.max(row),
                    rows: rows + u64::from(row != last_row),
                    cells: cells + 1,
                },
            });
        }
        Ok(extent)
    }
}

/// Ends a row whose next cell would be of this column; one without a cell stays empty.
fn end(line: &mut String, next: u32, first: u32, last: u32) {
    if next > first {
        (next..last).for_each(|_| line.push(','));
    }
    line.push('\n');
}

/// Writes a cell as a text table has it.
fn put(line: &mut String, cell: &Data, decimal: DecimalMark) {
    let written = match cell {
        Data::Empty => Ok(()),
        Data::Int(value) => write!(line, "{value}"),
        // Beside text with decimal commas, numbers have them too.
        Data::Float(value) if decimal == DecimalMark::Comma => {
            write!(line, "\"{}\"", value.to_string().replace('.', ","))
        }
        Data::Float(value) => write!(line, "{value}"),
        Data::Bool(value) => write!(line, "{}", u8::from(*value)),
        Data::DateTime(instant) => write!(line, "\"{}\"", time(instant, decimal)),
        // The marks of Excel: #N/A, #DIV/0! and so on are no cells.
        Data::Error(_) => write!(line, "#N/A"),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => {
            // A cell stays on the line of its row.
            let text: String = text.chars().map(|c| if matches!(c, '\n' | '\r') { ' ' } else { c }).collect();
            write!(line, "\"{}\"", text.replace('"', "\"\""))
        }
    };
    written.expect("a string takes any text");
}

/// A date, or a date and a time; a time without a date as a watch shows it, and a duration in hours.
fn time(instant: &ExcelDateTime, decimal: DecimalMark) -> String {
    const HOURS: f64 = 24.0;
    if instant.is_duration() {
        // To the microsecond: a day is no sum of powers of two.
        let hours = (instant.as_f64() * HOURS * 3.6e9).round() / 3.6e9;
        return format!("{hours} h").replace('.', &decimal.char().to_string());
    }
    let (year, month, day, hour, minute, second, milli) = instant.to_ymd_hms_milli();
    if (0.0..1.0).contains(&instant.as_f64()) {
        return match milli {
            0 => format!("{hour:02}:{minute:02}:{second:02}"),
            milli => format!("{hour:02}:{minute:02}:{second:02}.{milli:03}"),
        };
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second, milli) == (0, 0, 0, 0) {
        date
    } else {
        format!("{date}T{hour:02}:{minute:02}:{second:02}.{milli:03}")
    }
}

/// Checks the sizes that the parts are announced with.
fn check(path: &Path, stored: &Bytes) -> Result<(), Error> {
    let mut archive = Archive::open(path, stored)?;
    if !archive.names.iter().any(|name| name.to_lowercase() == "xl/workbook.xml") {
        let rule = "is an archive that is no workbook of Excel's: write it as .xlsx or .csv".into();
        return Err(Error::Unread { path: path.to_owned(), rule });
    }
    for entry in 0..archive.names.len() {
        let size = archive.size(entry)?;
        if size > LARGEST {
            return Err(damaged(path, format!("`{}` has {size} bytes", archive.names[entry])));
        }
    }
    Ok(())
}

fn damaged(path: &Path, reason: String) -> Error {
    Error::Damaged { path: path.to_owned(), format: "workbook", reason }
}
