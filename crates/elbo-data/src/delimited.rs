//! Text tables: CSV and TSV.

use std::io::{self, BufReader, Read};
use std::path::Path;

use csv::{ErrorKind, Position, ReaderBuilder, StringRecord, Trim};

use crate::cells::Collector;
use crate::dataset::column_names;
use crate::error::CellFault;
use crate::read::check_image;
use crate::source::{Origin, Source};
use crate::{Dataset, Error, Number, ReadOptions};

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
    let mut records = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .delimiter(delimiter)
        .from_reader(reader)
        .into_records()
        .map(|record| record.map_err(|error| unreadable(origin, error)))
        .peekable();

    let first = records.next().ok_or_else(|| Error::Empty { path: path.clone() })??;
    let second = records.peek().and_then(|record| record.as_ref().ok());
    let wanted = options.label_column.as_deref();
    let header = is_header(&first, second, wanted);
    let names: Vec<String> = first
        .iter()
        .enumerate()
        .map(|(i, name)| match name {
            name if header && !name.is_empty() => name.to_owned(),
            _ => format!("column {}", i + 1),
        })
        .collect();
    let mut label = wanted.map(|wanted| label_index(&path, wanted, &names)).transpose()?;
    if label.is_none() && options.text_is_label {
        let cells = if header { second } else { Some(&first) };
        label = only_text(cells);
    }

    let mut values = Collector::new(options.memory);
    let mut labels = Vec::new();
    let mut first_line = None;
    let data = (!header).then_some(Ok(first)).into_iter().chain(records);
    for record in data {
        let record = record?;
        let line = || line_of(&path, record.position());
        first_line.get_or_insert_with(line);
        if record.len() != names.len() {
            let (expected, actual) = (names.len(), record.len());
            return Err(Error::Ragged { line: line(), path, expected, actual });
        }
        for (i, cell) in record.iter().enumerate() {
            if label == Some(i) {
                labels.push(cell.to_owned());
                continue;
            }
            let value = match number(cell) {
                Ok(value) => value,
                Err(fault) if options.missing && is_missing(cell, fault) => T::MISSING,
                Err(fault) => {
                    return Err(Error::Cell {
                        path: path.clone(),
                        column: names[i].clone(),
                        number: i + 1,
                        line: line(),
                        text: cell.to_owned(),
                        fault,
                    });
                }
            };
            values.push(value)?;
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
    const LISTED: usize = 20;
    names.iter().position(|name| name == wanted).or_else(|| place(wanted, names.len())).ok_or_else(|| {
        let mut listed: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
        if names.len() > LISTED {
            listed.push(format!("and {} more", names.len() - LISTED));
        }
        Error::LabelColumn { path: path.to_owned(), wanted: wanted.to_owned(), names: listed.join(", ") }
    })
}

/// The line where a record starts.
fn line_of(path: &Path, position: Option<&Position>) -> usize {
    position.map_or(1, |place| count_lines(path, place.byte()).unwrap_or(place.line() as usize))
}

/// The line of the first record that ends after so many bytes. The reader's own count takes the end of the record
/// before, which CRLF and blank lines put elsewhere: so a file is read again, what is none cannot be.
fn count_lines(path: &Path, end_of_last: u64) -> Option<usize> {
    if !path.is_file() {
        return None;
    }
    let mut line = 1;
    for (at, byte) in (0..).zip(BufReader::new(Source::open(path).ok()?.reader).bytes()) {
        let byte = byte.ok()?;
        if at >= end_of_last && !matches!(byte, b'\r' | b'\n') {
            break;
        }
        line += usize::from(byte == b'\n');
    }
    Some(line)
}

/// What a failure of the CSV reader means.
fn unreadable(origin: &Origin, error: csv::Error) -> Error {
    match error.into_kind() {
        ErrorKind::Io(cause) => origin.fail(cause),
        ErrorKind::Utf8 { pos, .. } => {
            Error::Utf8 { path: origin.path.clone(), line: line_of(&origin.path, pos.as_ref()) }
        }
        other => origin.fail(io::Error::other(format!("{other:?}"))),
    }
}
