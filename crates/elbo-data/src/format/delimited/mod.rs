//! Text tables: CSV and TSV.

mod cell;
mod layout;
mod rows;

use std::path::Path;

use super::reader::{Format, Holds, check_image};
use crate::cells::{Cells, Number, Numbers, Precision};
use crate::collector::Collector;
use crate::error::{CellFault, Error};
use crate::frame::{Column, Frame, Lines, Matrix};
use crate::names::column_names;
use crate::options::{ReadOptions, TextColumns};
use crate::source::{Source, plain_name};
use cell::{is_missing, is_text, number};
use layout::Layout;
use rows::{Row, Rows};

/// Text tables.
pub(crate) struct Delimited;

impl Format for Delimited {
    fn name(&self) -> &'static str {
        "a text file ending in .csv, .tsv or .txt"
    }

    fn holds(&self) -> Holds {
        Holds::Rows
    }

    fn endings(&self) -> &'static [&'static str] {
        &["csv", "tsv", "txt"]
    }

    fn read(&self, source: &mut Source, options: &ReadOptions) -> Result<Frame, Error> {
        let delimiter = delimiter(&source.origin.path.clone(), source.peek()?);
        let text = match options.text {
            TextColumns::Kept => text_columns(&mut source.again()?, delimiter, options)?,
            TextColumns::Refused | TextColumns::Label => Vec::new(),
        };
        match options.precision {
            Precision::Single => read::<f32>(source, delimiter, &text, options),
            Precision::Double => read::<f64>(source, delimiter, &text, options),
        }
    }
}

/// A tab in `.tsv` files, and in others but `.csv` where their first line has one.
fn delimiter(path: &Path, head: &[u8]) -> u8 {
    let name = plain_name(path);
    let first_line = || head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    match name.rsplit_once('.') {
        Some((_, "csv")) => b',',
        Some((_, "tsv")) => b'\t',
        _ if first_line().contains(&b'\t') => b'\t',
        _ => b',',
    }
}

/// The columns of a table, and the rows below their names.
fn open<'a>(
    source: &'a mut Source,
    delimiter: u8,
    options: &ReadOptions,
) -> Result<(Layout, impl Iterator<Item = Result<Row, Error>> + use<'a>), Error> {
    let path = source.origin.path.clone();
    let mut rows = Rows::new(source, delimiter).peekable();
    let first = rows.next().ok_or_else(|| Error::Empty { path: path.clone() })??;
    let second = rows.peek().and_then(|row| row.as_ref().ok()).map(|row| &row.cells);
    let layout = Layout::new(&path, &first.cells, second, options)?;
    // What stands before the first line stands between no two.
    let first = (!layout.header).then_some(Ok(Row { empty: 0, ..first }));
    Ok((layout, first.into_iter().chain(rows)))
}

/// Which columns hold text in any row.
fn text_columns(source: &mut Source, delimiter: u8, options: &ReadOptions) -> Result<Vec<bool>, Error> {
    let (layout, rows) = open(source, delimiter, options)?;
    let mut text = vec![false; layout.names.len()];
    for row in rows {
        for (column, cell) in text.iter_mut().zip(&row?.cells) {
            *column = *column || is_text(cell);
        }
    }
    Ok(text)
}

/// Columns of a table as they are read.
enum Part<T> {
    /// Numbers, in columns side by side.
    Numbers { columns: Vec<String>, values: Collector<T> },
    /// A column of text.
    Text { name: String, cells: Vec<String> },
}

/// The parts of a table from left to right, and to which of them each column goes: that of labels to none.
fn parts<T: Number>(
    layout: &Layout,
    text: &[bool],
    memory: Option<u64>,
) -> (Vec<Part<T>>, Vec<Option<usize>>) {
    let is_text = |column: usize| text.get(column) == Some(&true);
    let columns: Vec<usize> =
        (0..layout.names.len()).filter(|&column| layout.label != Some(column)).collect();
    let numbers = columns.iter().filter(|&&column| !is_text(column)).count() as u64;
    let (mut parts, mut part_of) = (Vec::new(), vec![None; layout.names.len()]);
    for group in columns.chunk_by(|&a, &b| !is_text(a) && !is_text(b)) {
        let mut names = group.iter().map(|&column| layout.names[column].clone());
        for &column in group {
            part_of[column] = Some(parts.len());
        }
        parts.push(match names.next() {
            Some(name) if is_text(group[0]) => Part::Text { name, cells: Vec::new() },
            first => {
                // Each has its share of the memory.
                let share = memory.map(|memory| memory.saturating_mul(group.len() as u64) / numbers);
                Part::Numbers {
                    columns: first.into_iter().chain(names).collect(),
                    values: Collector::new(share),
                }
            }
        });
    }
    (parts, part_of)
}

/// Reads the rows, with numbers as `T`; these columns hold text.
fn read<T: Number>(
    source: &mut Source,
    delimiter: u8,
    text: &[bool],
    options: &ReadOptions,
) -> Result<Frame, Error>
where
    Numbers: From<Cells<T>>,
{
    let path = source.origin.path.clone();
    let (layout, rows) = open(source, delimiter, options)?;
    let (mut parts, part_of) = parts::<T>(&layout, text, options.memory);
    let Layout { names, header, label } = layout;
    let label_name = label.filter(|_| header).map(|label| names[label].clone());
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
    let (mut labels, mut lines, mut count) = (Vec::new(), Lines::default(), 0);
    let mut put = |cell: &str, column: usize, line: usize| {
        match part_of[column].map(|part| &mut parts[part]) {
            None => labels.push(cell.to_owned()),
            Some(Part::Text { cells, .. }) => {
                let missing = is_missing(cell, CellFault::NotANumber);
                cells.push(if missing { String::new() } else { cell.to_owned() });
            }
            Some(Part::Numbers { values, .. }) => values.push(value(cell, column, line)?)?,
        }
        Ok(())
    };
    for row in rows {
        let Row { cells, line, empty } = row?;
        // The only cell of a row may be missing: then its line is empty.
        let missing = if names.len() == 1 && label.is_none() { empty } else { 0 };
        for line in line - missing..line {
            put("", 0, line)?;
            lines.put(count, line);
            count += 1;
        }
        if cells.len() != names.len() {
            let (expected, actual) = (names.len(), cells.len());
            return Err(Error::Ragged { line, path, expected, actual });
        }
        for (column, cell) in cells.iter().enumerate() {
            put(cell, column, line)?;
        }
        lines.put(count, line);
        count += 1;
    }
    if parts.is_empty() {
        return Err(Error::NoColumns { path });
    }
    let labels = label.map(|_| labels);
    let mut frame = Frame {
        name: path.display().to_string(),
        labels,
        label_name,
        lines,
        memory: options.memory,
        ..Frame::new()
    };
    for part in parts {
        match part {
            Part::Text { name, cells } => frame.push(name, Column::of_texts(cells)),
            Part::Numbers { columns, values } => {
                let values = values.finish()?.into();
                frame.push(
                    "values",
                    Column::Matrix(Matrix { columns, values, image: None, full_scale: None }),
                );
            }
        }
    }
    set_image(&mut frame, &path, options.image, header)?;
    Ok(frame)
}

/// Makes the numbers of a table images, which only one block of them can be.
fn set_image(
    frame: &mut Frame,
    path: &Path,
    image: Option<(usize, usize)>,
    header: bool,
) -> Result<(), Error> {
    let Some((height, width)) = image else { return Ok(()) };
    let [(_, Column::Matrix(matrix))] = &mut frame.columns[..] else {
        return Err(Error::ImageShape { path: path.to_owned(), height, width, columns: frame.width() });
    };
    check_image(path, image, matrix.width())?;
    matrix.image = image;
    if !header {
        matrix.columns = column_names(&[height, width]);
    }
    Ok(())
}
