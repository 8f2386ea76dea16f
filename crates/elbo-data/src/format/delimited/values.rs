//! The second pass over a text table: its cells.

use std::path::Path;

use super::cell::{is_missing, number};
use super::records::Record;
use super::table::Table;
use super::written::written;
use crate::cells::{Cells, Number, Numbers};
use crate::collector::SpillBuffer;
use crate::delimiter::DecimalMark;
use crate::error::{CellFault, Error};
use crate::format::reader::check_image;
use crate::frame::{Column, Frame, Levels, Matrix};
use crate::kind::{ColumnKind, yes_or_no};
use crate::lines::Lines;
use crate::options::{ReadOptions, TextColumns};
use crate::reading::{ColumnReading, Role};
use crate::roles::{joined, not_of};
use crate::source::Source;
use crate::time::Writing;

/// Columns of a table as they are read.
enum Part<T> {
    /// Numbers, in columns side by side.
    Numbers { columns: Vec<String>, values: SpillBuffer<T> },
    /// A column of text, what it is told to hold, and how it writes dates.
    Text { name: String, cells: Vec<String>, told: Option<ColumnKind>, writing: Option<Writing> },
}

/// What becomes of the cells of a column.
#[derive(Clone, Copy, PartialEq)]
enum To {
    /// They are left out.
    Nothing,
    /// They are the labels of their rows.
    Labels,
    /// They go to this part.
    Part(usize),
}

/// How the numbers of a column are written.
enum NumberForm {
    Plain,
    Written(String),
}

/// The parts of a table from left to right, with that of the times last, and to which of them each column goes.
fn parts<T: Number>(table: &Table, options: &ReadOptions) -> (Vec<Part<T>>, Vec<To>) {
    let kept = options.text == TextColumns::Kept;
    let columns = &table.reading.columns;
    let is_text =
        |i: usize| kept && (!columns[i].kind.is_number() || matches!(columns[i].role, Role::Refused(_)));
    let mut to = vec![To::Nothing; columns.len()];
    let mut chosen = Vec::new();
    for (i, column) in columns.iter().enumerate() {
        let label = column.role == Role::Label && (!kept || !options.label_columns.is_empty());
        if label {
            to[i] = To::Labels;
        } else if column.role == Role::Time {
            // It comes last, by itself.
        } else if kept || matches!(column.role, Role::Data | Role::Refused(_)) {
            chosen.push(i);
        }
    }
    let numbers = chosen.iter().filter(|&&i| !is_text(i)).count() as u64;
    let mut parts = Vec::new();
    for group in chosen.chunk_by(|&a, &b| !is_text(a) && !is_text(b)) {
        for &i in group {
            to[i] = To::Part(parts.len());
        }
        parts.push(if is_text(group[0]) {
            let i = group[0];
            let (name, writing) = (columns[i].name.clone(), table.writings[i].clone());
            Part::Text { name, cells: Vec::new(), told: table.told[i], writing }
        } else {
            // Each has its share of the memory.
            let share = options.memory.map(|memory| memory.saturating_mul(group.len() as u64) / numbers);
            let columns = group.iter().map(|&i| columns[i].name.clone()).collect();
            Part::Numbers { columns, values: SpillBuffer::new(share) }
        });
    }
    if let Some(i) = columns.iter().position(|column| column.role == Role::Time) {
        let name = columns[i].name.clone();
        to[i] = To::Part(parts.len());
        parts.push(if columns[i].kind.is_number() {
            Part::Numbers { columns: vec![name], values: SpillBuffer::new(options.memory) }
        } else {
            let (told, writing) = (Some(ColumnKind::Time), table.writings[i].clone());
            Part::Text { name, cells: Vec::new(), told, writing }
        });
    }
    (parts, to)
}

/// Reads the rows, with numbers as `T`.
pub(super) fn read<T: Number>(
    source: &mut Source,
    table: Table,
    options: &ReadOptions,
) -> Result<Frame, Error>
where
    Numbers: From<Cells<T>>,
{
    let path = source.origin.path.clone();
    let mut records = table.records(source.again()?)?;
    let (mut parts, to) = parts::<T>(&table, options);
    let forms: Vec<NumberForm> = table
        .affixes
        .iter()
        .map(|affix| affix.clone().map_or(NumberForm::Plain, NumberForm::Written))
        .collect();
    let columns = &table.reading.columns;
    let fail = |text: &str, i: usize, line: usize, fault| Error::Cell {
        path: path.clone(),
        column: columns[i].name.clone(),
        number: i + 1,
        line,
        text: text.to_owned(),
        fault,
    };
    let told = &table.told;
    let value = |cell: &str, i: usize, line: usize| {
        let read = match &forms[i] {
            NumberForm::Plain => number::<T>(cell),
            NumberForm::Written(affix) => written_number(cell, affix, table.decimal),
        };
        let value = match read {
            Ok(value) => value,
            Err(_) if options.missing && is_missing(cell) => T::MISSING,
            Err(CellFault::NotANumber) if told[i] == Some(ColumnKind::Binary) => {
                yes_or_no(cell).map(T::of).ok_or_else(|| fail(cell, i, line, CellFault::NotBinary))?
            }
            Err(fault) => return Err(fail(cell, i, line, fault)),
        };
        match told[i].and_then(|kind| not_of(kind, value.into())) {
            Some(fault) => Err(fail(cell, i, line, fault)),
            None => Ok(value),
        }
    };
    let labelled = to.contains(&To::Labels);
    let (mut labels, mut lines, mut count) = (Vec::new(), Lines::default(), 0);
    let mut record = Record::default();
    let mut first = true;
    while records.next(&mut record)? {
        if table.below.is_some_and(|below| record.line >= below) {
            break;
        }
        let at_first = std::mem::take(&mut first);
        if (at_first && table.header) || [table.units, table.total].contains(&Some(record.line)) {
            continue;
        }
        if table.trailing {
            record.drop_last();
        }
        if record.len() != to.len() {
            let (expected, actual) = (to.len(), record.len());
            return Err(Error::Ragged { line: record.line, path, expected, actual });
        }
        let line = record.line;
        // The only cell of a row may be missing: then its line is empty. What stands before the first line stands between
        // no two.
        let missing = if to.len() == 1 && !labelled && !at_first { record.empty } else { 0 };
        for line in line - missing..line {
            put(&mut parts, to[0], "", &value, (0, line))?;
            lines.put(count, line);
            count += 1;
        }
        for (i, cell) in record.cells().enumerate() {
            put(&mut parts, to[i], cell, &value, (i, line))?;
        }
        if labelled {
            let of =
                record.cells().zip(&to).filter(|(_, to)| **to == To::Labels).map(|(cell, _)| cell.to_owned());
            labels.push(joined(of));
        }
        lines.put(count, line);
        count += 1;
    }
    let mut frame = Frame {
        name: path.display().to_string(),
        labels: labelled.then_some(labels),
        label_names: label_names(columns, &to),
        lines,
        memory: options.memory,
        ..Frame::new()
    };
    if let Some(i) = columns.iter().position(|column| column.role == Role::Time) {
        let part = parts.pop().expect("the times have a part");
        let times = part.column(&path)?.1.times(&columns[i].name, 0);
        frame.set_times(times, i + 1, &path)?;
    }
    for part in parts {
        let (name, column) = part.column(&path)?;
        frame.push(name, column);
    }
    frame.reading = table.reading;
    set_image(&mut frame, &path, options.image)?;
    Ok(frame)
}

/// The names of the columns of labels that have names.
fn label_names(columns: &[ColumnReading], to: &[To]) -> Vec<String> {
    let labels = columns.iter().zip(to).filter(|(column, to)| **to == To::Labels && column.named);
    labels.map(|(column, _)| column.name.clone()).collect()
}

impl<T: Number> Part<T>
where
    Numbers: From<Cells<T>>,
{
    /// The column, or the block of columns, that it is.
    fn column(self, path: &Path) -> Result<(String, Column), Error> {
        match self {
            Self::Text { name, cells, told, writing } => {
                let unclear =
                    |text| Error::UnclearDates { path: path.to_owned(), column: name.clone(), text };
                let column = of_kind(cells, told, writing).map_err(unclear)?;
                Ok((name, column))
            }
            Self::Numbers { columns, values } => {
                let values = values.finish()?.into();
                let matrix = Matrix { columns, values, image: None, full_scale: None };
                Ok(("values".into(), Column::Matrix(matrix)))
            }
        }
    }
}

/// Puts a cell where its column goes.
fn put<T: Number>(
    parts: &mut [Part<T>],
    to: To,
    cell: &str,
    value: &impl Fn(&str, usize, usize) -> Result<T, Error>,
    (i, line): (usize, usize),
) -> Result<(), Error> {
    let To::Part(part) = to else { return Ok(()) };
    match &mut parts[part] {
        Part::Text { cells, .. } => {
            cells.push(if is_missing(cell) { String::new() } else { cell.to_owned() });
        }
        Part::Numbers { values, .. } => values.push(value(cell, i, line)?)?,
    }
    Ok(())
}

/// The number of a cell that is written for people, with this unit around it.
fn written_number<T: Number>(cell: &str, affix: &str, decimal: DecimalMark) -> Result<T, CellFault> {
    let marks = |c: char| matches!(c, '.' | ',');
    if affix.is_empty()
        && (decimal == DecimalMark::Point || !cell.contains(marks))
        && let Ok(value) = number::<T>(cell)
    {
        return Ok(value);
    }
    let of = written(cell).filter(|of| of.affix == affix);
    match of.and_then(|of| of.number::<T>(decimal)) {
        Some(value) if value.into().is_finite() => Ok(value),
        Some(_) => Err(CellFault::TooLarge),
        None => Err(number::<T>(cell).err().unwrap_or(CellFault::NotANumber)),
    }
}

/// A column of text, of the kind that is told, or else of the kind that the text has. The error is the first of dates in
/// which day and month may be either way round.
fn of_kind(cells: Vec<String>, told: Option<ColumnKind>, writing: Option<Writing>) -> Result<Column, String> {
    let instants = |way: Writing| Column::Time(cells.iter().map(|cell| way.read(cell)).collect());
    Ok(match told {
        Some(ColumnKind::Category) => Column::Category(Levels::of_texts(&cells)),
        Some(ColumnKind::Ordinal) => Column::Ordinal(Levels::of_texts(&cells)),
        Some(ColumnKind::Text) => Column::Text(cells),
        Some(ColumnKind::Time) => match (writing, cells.iter().find(|cell| !cell.is_empty())) {
            (None, Some(first)) => return Err(first.clone()),
            (None, None) => Column::Time(vec![None; cells.len()]),
            (Some(way), _) => instants(way),
        },
        Some(ColumnKind::Real | ColumnKind::Count | ColumnKind::Binary) | None => match writing {
            Some(way) => instants(way),
            None => Column::of_undated(cells),
        },
    })
}

/// Makes the numbers of a table images, which only one block of them can be.
fn set_image(frame: &mut Frame, path: &Path, image: Option<(usize, usize)>) -> Result<(), Error> {
    let Some((height, width)) = image else { return Ok(()) };
    let [(_, Column::Matrix(matrix))] = &mut frame.columns[..] else {
        return Err(Error::ImageShape { path: path.to_owned(), height, width, columns: frame.width() });
    };
    check_image(path, image, matrix.width())?;
    matrix.image = image;
    matrix.full_scale = full_scale(matrix);
    Ok(())
}

/// The value of a full pixel, where all are whole numbers of the size of bytes, as of image files: 255. Numbers to 16 may be
/// anything.
fn full_scale(matrix: &Matrix) -> Option<f32> {
    let values = || (0..matrix.values.len()).map(|at| matrix.values.at(at));
    let is_byte = |value: f64| (0.0..=255.0).contains(&value) && value.fract() == 0.0;
    (values().all(is_byte) && values().any(|value| value > 16.0)).then_some(255.0)
}
