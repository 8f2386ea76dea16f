//! What the first lines of a text table tell: the names of its columns, and which of them are labels.

use std::path::Path;

use csv::StringRecord;

use super::cell::{is_text, number};
use crate::error::Error;
use crate::names::listed;
use crate::options::{ReadOptions, TextColumns};

/// The columns of a table.
pub(super) struct Layout {
    /// The name of each column.
    pub(super) names: Vec<String>,
    /// Whether the first line has them.
    pub(super) header: bool,
    /// The column of labels, from 0.
    pub(super) label: Option<usize>,
}

impl Layout {
    /// By the first and the second row.
    pub(super) fn new(
        path: &Path,
        first: &StringRecord,
        second: Option<&StringRecord>,
        options: &ReadOptions,
    ) -> Result<Self, Error> {
        let wanted = options.label_column.as_deref();
        let header = is_header(first, second, wanted);
        let names: Vec<String> = first
            .iter()
            .enumerate()
            .map(|(i, name)| match name {
                name if header && !name.is_empty() => name.to_owned(),
                _ => format!("column {}", i + 1),
            })
            .collect();
        let mut label = wanted.map(|wanted| label_index(path, wanted, &names)).transpose()?;
        if label.is_none() && options.text == TextColumns::Label {
            label = only_text(if header { second } else { Some(first) });
        }
        Ok(Self { names, header, label })
    }
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
