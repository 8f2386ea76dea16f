//! A table whose columns are words, as sparse counts.

use std::path::Path;

use crate::error::{EntryFault, Error};
use crate::frame::{Cell, Column, Frame, Sparse};
use crate::options::ReadOptions;
use crate::reading::Role;
use crate::roles::{no_column, place};

/// The counts of a table of documents by words; columns of text, such as the names of documents, are left out.
/// Beside them stand the weights of the documents, where a column says them.
pub(crate) fn counts_of(mut frame: Frame, path: &Path, options: &ReadOptions) -> Result<Frame, Error> {
    if let [(_, Column::Sparse(_))] = frame.columns[..] {
        return Ok(frame);
    }
    let rows = frame.rows()?;
    let weights = match &options.counts.weights {
        Some(wanted) => weights(&mut frame, wanted, path, options)?,
        None => None,
    };
    let (mut names, mut words) = (Vec::new(), Vec::new());
    for (place, (name, kind)) in frame.names().zip(frame.kinds()).enumerate() {
        if kind.is_number() && weights.as_ref().is_none_or(|(of, _)| *of != place) {
            names.push(name.into_owned());
            words.push(place);
        }
    }
    let (mut offsets, mut columns, mut counts) = (vec![0], Vec::new(), Vec::new());
    for row in 0..rows {
        for (word, &place) in words.iter().enumerate() {
            match count(&frame.cell(row, place)) {
                Ok(0) => {}
                Ok(number) => {
                    columns.push(word as u32);
                    counts.push(number);
                }
                Err(fault) => {
                    let value = match frame.cell(row, place) {
                        Cell::Real(value) => value.to_string(),
                        Cell::Count(count) => count.to_string(),
                        _ => String::new(),
                    };
                    let (name, place) = (frame.name.clone(), frame.place(row, place));
                    return Err(Error::Count { name, place, value, fault });
                }
            }
        }
        offsets.push(columns.len());
    }
    if words.is_empty() {
        return Err(Error::NoColumns { path: frame.name.into() });
    }
    let width = words.len();
    let sparse = Sparse { offsets, columns, counts, width, names: Some(names) };
    frame.columns = vec![("counts".into(), Column::Sparse(sparse))];
    frame.columns.extend(weights.map(|(_, weights)| ("weights".into(), Column::Real(weights))));
    Ok(frame)
}

/// The place of the column of weights, and these.
fn weights(
    frame: &mut Frame,
    wanted: &str,
    path: &Path,
    options: &ReadOptions,
) -> Result<Option<(usize, Vec<f64>)>, Error> {
    let names: Vec<String> = frame.names().map(Into::into).collect();
    let Some(place) = place(wanted, &names) else {
        return if options.counts.may_lack_weights { Ok(None) } else { Err(no_column(wanted, &names, path)) };
    };
    let mut weights = Vec::with_capacity(names.len());
    for row in 0..frame.rows()? {
        let value = match frame.cell(row, place) {
            Cell::Real(value) => value,
            Cell::Count(count) => count as f64,
            Cell::Missing | Cell::Text(_) => f64::NAN,
        };
        if !(value.is_finite() && value >= 0.0) {
            let (name, place, value) = (frame.name.clone(), frame.place(row, place), value.to_string());
            return Err(Error::Count { name, place, value, fault: EntryFault::Weight });
        }
        weights.push(value);
    }
    for column in frame.reading.columns.iter_mut().filter(|column| column.name == names[place]) {
        column.role = Role::Aside("it says how many documents each stands for".into());
    }
    Ok(Some((place, weights)))
}

fn count(cell: &Cell<'_>) -> Result<u32, EntryFault> {
    let value = match *cell {
        Cell::Count(count) => count as f64,
        Cell::Real(value) => value,
        Cell::Missing | Cell::Text(_) => f64::NAN,
    };
    match value {
        value if value < 0.0 => Err(EntryFault::Negative),
        value if value.fract() != 0.0 => Err(EntryFault::Fractional),
        value if value > f64::from(u32::MAX) => Err(EntryFault::TooLarge),
        value => Ok(value as u32),
    }
}
