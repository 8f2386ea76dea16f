//! A table whose columns are words, as sparse counts.

use crate::error::{EntryFault, Error};
use crate::frame::{Cell, Column, Frame, Sparse};

/// The counts of a table of documents by words; columns of text, such as the names of documents, are left out.
pub(crate) fn counts_of(mut frame: Frame) -> Result<Frame, Error> {
    if let [(_, Column::Sparse(_))] = frame.columns[..] {
        return Ok(frame);
    }
    let rows = frame.rows()?;
    let (mut names, mut words) = (Vec::new(), Vec::new());
    for (place, (name, kind)) in frame.names().zip(frame.kinds()).enumerate() {
        if kind.is_number() {
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
    Ok(frame)
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
