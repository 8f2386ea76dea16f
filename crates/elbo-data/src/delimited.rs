//! Text tables: CSV and TSV.

use std::io::{self, Read};
use std::iter;
use std::mem;
use std::path::Path;

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder, StringRecord};

use crate::collector::Collector;
use crate::error::CellFault;
use crate::names::{column_names, listed};
use crate::read::check_image;
use crate::source::{Origin, Source};
use crate::{Dataset, Error, Number, ReadOptions};

/// The cells of a row.
struct Row {
    cells: StringRecord,
    /// The line where it starts, from 1.
    line: usize,
    /// How many empty lines stand before it.
    empty: usize,
}

/// Reads a data set.
pub(crate) fn read<T: Number>(
    mut source: Source,
    delimiter: u8,
    options: &ReadOptions,
) -> Result<Dataset<T>, Error> {
    let read = read_table(&mut source, delimiter, options);
    if read.is_err() && source.origin.gzip {
        // A damaged file is full of wrong cells, which tell less than that it is damaged: its end knows.
        source.drain()?;
    }
    read
}

fn read_table<T: Number>(
    source: &mut Source,
    delimiter: u8,
    options: &ReadOptions,
) -> Result<Dataset<T>, Error> {
    let Source { origin, reader } = source;
    let path = origin.path.clone();
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(LineEnds { reader, after_return: false }.chain(&b"\n"[..]));
    let mut rows = iter::from_fn(|| next_row(&mut reader, origin).transpose()).peekable();

    let first = rows.next().ok_or_else(|| Error::Empty { path: path.clone() })??;
    let second = rows.peek().and_then(|row| row.as_ref().ok()).map(|row| &row.cells);
    let wanted = options.label_column.as_deref();
    let header = is_header(&first.cells, second, wanted);
    let names: Vec<String> = first
        .cells
        .iter()
        .enumerate()
        .map(|(i, name)| match name {
            name if header && !name.is_empty() => name.to_owned(),
            _ => format!("column {}", i + 1),
        })
        .collect();
    let mut label = wanted.map(|wanted| label_index(&path, wanted, &names)).transpose()?;
    if label.is_none() && options.text_is_label {
        let cells = if header { second } else { Some(&first.cells) };
        label = only_text(cells);
    }

    let value = |cell: &str, column: usize, line: usize| match number(cell) {
        Ok(value) => Ok(value),
        Err(fault) if options.missing && is_missing(cell, fault) => Ok(T::MISSING),
        Err(fault) => Err(Error::Cell {
            path: path.clone(),
            column: names[column].clone(),
            number: column + 1,
            line,
            text: cell.to_owned(),
            fault,
        }),
    };
    let mut values = Collector::new(options.memory);
    let mut labels = Vec::new();
    let mut first_line = None;
    // What stands before the first line stands between no two.
    let data = (!header).then_some(Ok(Row { empty: 0, ..first })).into_iter().chain(rows);
    for row in data {
        let Row { cells, line, empty } = row?;
        // The only cell of a row may be missing: then its line is empty.
        let missing = if names.len() == 1 && label.is_none() { empty } else { 0 };
        first_line.get_or_insert(line - missing);
        for line in line - missing..line {
            values.push(value("", 0, line)?)?;
        }
        if cells.len() != names.len() {
            let (expected, actual) = (names.len(), cells.len());
            return Err(Error::Ragged { line, path, expected, actual });
        }
        for (i, cell) in cells.iter().enumerate() {
            if label == Some(i) {
                labels.push(cell.to_owned());
            } else {
                values.push(value(cell, i, line)?)?;
            }
        }
    }

    let mut columns = names;
    if let Some(label) = label {
        columns.remove(label);
    }
    if columns.is_empty() {
        return Err(Error::NoColumns { path });
    }
    check_image(&path, options.image, columns.len())?;
    if let (Some((height, width)), false) = (options.image, header) {
        columns = column_names(&[height, width]);
    }
    Ok(Dataset {
        name: path.display().to_string(),
        columns,
        values: values.finish()?,
        labels: label.map(|_| labels),
        image: options.image,
        full_scale: None,
        first_line: first_line.unwrap_or(1),
    })
}

fn number<T: Number>(cell: &str) -> Result<T, CellFault> {
    if cell.is_empty() {
        return Err(CellFault::Empty);
    }
    match cell.parse::<T>() {
        Ok(value) if value.into().is_finite() => Ok(value),
        Ok(value) if value.into().is_infinite() && cell.contains(|c: char| c.is_ascii_digit()) => {
            Err(CellFault::TooLarge)
        }
        Ok(_) => Err(CellFault::NotFinite),
        Err(_) => Err(CellFault::NotANumber),
    }
}

/// The usual marks of a missing cell, in lower case.
const MISSING: [&str; 8] = ["na", "n/a", "null", "none", "?", "-", ".", "nan"];

/// Whether a cell that holds no number is missing; an infinity is not.
fn is_missing(cell: &str, fault: CellFault) -> bool {
    fault == CellFault::Empty || MISSING.contains(&cell.to_lowercase().as_str())
}

/// Text, as opposed to a number or to one of the usual marks of a missing one.
fn is_text(cell: &str) -> bool {
    number::<f64>(cell) == Err(CellFault::NotANumber) && !MISSING.contains(&cell.to_lowercase().as_str())
}

/// The one cell of a record that is text; `None` where there are more, or others are no data either.
fn only_text(record: Option<&StringRecord>) -> Option<usize> {
    let record = record?;
    let mut text = record.iter().enumerate().filter(|(_, cell)| is_text(cell)).map(|(i, _)| i);
    let first = text.next()?;
    (text.next().is_none() && record.len() > 1).then_some(first)
}

/// Whether the first line names the columns: it holds the label column's name,
/// or text and no number, or text above a number.
fn is_header(first: &StringRecord, second: Option<&StringRecord>, wanted: Option<&str>) -> bool {
    // A label column given by its place may hold text in every line: no evidence.
    let set_aside = wanted.and_then(|wanted| place(wanted, first.len()));
    if set_aside.is_none() && first.iter().any(|cell| Some(cell) == wanted) {
        return true;
    }
    let cells = || first.iter().enumerate().filter(|&(i, _)| Some(i) != set_aside);
    let above_number = |i| {
        let below = second.and_then(|record| record.get(i));
        below.is_some_and(|cell| number::<f64>(cell).is_ok())
    };
    let any_number = cells().any(|(_, cell)| number::<f64>(cell).is_ok());
    cells().any(|(i, cell)| is_text(cell) && (!any_number || above_number(i)))
}

/// The column, from 0, that `last` or a number from 1 stands for.
fn place(wanted: &str, width: usize) -> Option<usize> {
    match wanted {
        "last" => width.checked_sub(1),
        number => number.parse::<usize>().ok()?.checked_sub(1).filter(|&i| i < width),
    }
}

fn label_index(path: &Path, wanted: &str, names: &[String]) -> Result<usize, Error> {
    names.iter().position(|name| name == wanted).or_else(|| place(wanted, names.len())).ok_or_else(|| {
        let (path, names) = (path.to_owned(), listed(names.iter()));
        Error::LabelColumn { path, wanted: wanted.to_owned(), names }
    })
}

/// The next row, its cells without the space around them; `None` at the end.
fn next_row(reader: &mut Reader<impl Read>, origin: &Origin) -> Result<Option<Row>, Error> {
    let before = reader.position().line();
    let mut record = ByteRecord::new();
    if !reader.read_byte_record(&mut record).map_err(|error| unreadable(origin, error))? {
        return Ok(None);
    }
    // Quotes may hold further lines, to the end of the file where they are never closed.
    let lines = record.as_slice().split(|&byte| byte == b'\n').count() as u64;
    let line = (reader.position().line() - lines).max(before);
    let (line, empty) = (line as usize, (line - before) as usize);
    let mut cells = StringRecord::from_byte_record(record)
        .map_err(|_| Error::Utf8 { path: origin.path.clone(), line })?;
    cells.trim();
    Ok(Some(Row { cells, line, empty }))
}

/// Text whose lines all end in `\n` alone, by which the CSV reader counts them.
struct LineEnds<R> {
    reader: R,
    after_return: bool,
}

impl<R: Read> Read for LineEnds<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.reader.read(buffer)?;
            let mut kept = 0;
            for i in 0..read {
                let byte = buffer[i];
                let after_return = mem::replace(&mut self.after_return, byte == b'\r');
                if !(after_return && byte == b'\n') {
                    buffer[kept] = if byte == b'\r' { b'\n' } else { byte };
                    kept += 1;
                }
            }
            // Nothing read is the end.
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}

/// What a failure of the CSV reader means.
fn unreadable(origin: &Origin, error: csv::Error) -> Error {
    match error.into_kind() {
        ErrorKind::Io(cause) => origin.fail(cause),
        other => origin.fail(io::Error::other(format!("{other:?}"))),
    }
}
