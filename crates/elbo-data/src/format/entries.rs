//! Entries of sparse counts in text files.

use std::path::Path;

use crate::collector::SpillBuffer;
use crate::error::{EntryFault, Error};
use crate::frame::{Column, Frame, Matrix, Sparse};
use crate::names::{brief, column_names};
use crate::options::ReadOptions;
use crate::room::check_room;
use crate::source::Origin;

/// The most words that a file may tell of by an index or a size alone, which take memory whether they occur or not; also
/// the most rows and columns of a matrix.
pub(crate) const MOST: usize = 1 << 24;

/// Whether a file of this many entries is believed to have this many rows or words.
pub(crate) fn is_believed(size: usize, entries: usize) -> bool {
    size <= 1 << 16 || size >> 10 <= entries
}

/// Checks that there is room for the rows of numbers of these entries, most of which are 0.
pub(crate) fn check_table(
    path: &Path,
    [rows, width]: [usize; 2],
    entries: usize,
    options: &ReadOptions,
) -> Result<(), Error> {
    let cells = rows.saturating_mul(width);
    if cells > 1 << 22 && cells >> 12 > entries {
        let rule = format!("has {entries} entries in {rows} rows of {width}: too few for a table");
        return Err(Error::Unread { path: path.to_owned(), rule });
    }
    check_room(path, 8 * cells as u64, options.memory)
}

/// What is wrong with an entry of a file.
pub(crate) fn wrong(origin: &Origin, line: usize, text: &str, fault: EntryFault) -> Error {
    Error::Entry { path: origin.path.clone(), line, text: brief(text), fault }
}

/// A whole number from 0.
pub(crate) fn count(text: &str, form: &'static str) -> Result<u32, EntryFault> {
    if let Ok(count) = text.parse() {
        return Ok(count);
    }
    match text.parse::<f64>() {
        Ok(value) if value < 0.0 => Err(EntryFault::Negative),
        Ok(value) if value.fract() != 0.0 && value.is_finite() => Err(EntryFault::Fractional),
        Ok(value) if value <= f64::from(u32::MAX) => Ok(value as u32),
        Ok(value) if value > 0.0 => Err(EntryFault::TooLarge),
        _ => Err(EntryFault::Form(form)),
    }
}

/// Puts the entries of a document in order and adds those of the same word, from `begin` on. The word whose counts are
/// too large together is the error.
pub(crate) fn close(words: &mut Vec<u32>, counts: &mut Vec<u32>, begin: usize) -> Result<(), u32> {
    let mut entries: Vec<(u32, u32)> =
        words.drain(begin..).zip(counts.drain(begin..)).filter(|&(_, count)| count > 0).collect();
    entries.sort_unstable();
    for same in entries.chunk_by(|a, b| a.0 == b.0) {
        let sum: u64 = same.iter().map(|&(_, count)| u64::from(count)).sum();
        words.push(same[0].0);
        counts.push(u32::try_from(sum).map_err(|_| same[0].0)?);
    }
    Ok(())
}

/// Sparse counts of entries (row, column, count) in any order. The place whose counts are too large together is the error.
pub(crate) fn by_rows(
    rows: usize,
    width: usize,
    mut entries: Vec<(u32, u32, u32)>,
    names: Option<Vec<String>>,
) -> Result<Sparse, (usize, u32)> {
    entries.sort_by_key(|&(row, ..)| row);
    let (mut offsets, mut columns, mut counts) = (vec![0], Vec::new(), Vec::new());
    let mut left = entries.into_iter().peekable();
    for row in 0..rows {
        let begin = columns.len();
        while let Some((_, column, count)) = left.next_if(|&(other, ..)| other as usize == row) {
            columns.push(column);
            counts.push(count);
        }
        close(&mut columns, &mut counts, begin).map_err(|column| (row, column))?;
        offsets.push(columns.len());
    }
    Ok(Sparse { offsets, columns, counts, width, names })
}

/// Whether a number is a count that sparse counts can hold.
pub(crate) fn is_count(value: f64) -> bool {
    value >= 0.0 && value.fract() == 0.0 && value <= f64::from(u32::MAX)
}

/// The rows of numbers of entries (row, column, number) in any order, 0 where there is none. Entries of one place are added, as
/// SciPy does.
pub(crate) fn matrix(
    path: &Path,
    [rows, width]: [usize; 2],
    mut entries: Vec<(u32, u32, f64)>,
    names: Option<Vec<String>>,
    options: &ReadOptions,
) -> Result<Frame, Error> {
    check_table(path, [rows, width], entries.len(), options)?;
    entries.sort_by_key(|&(row, column, _)| (row, column));
    let mut values = SpillBuffer::<f64>::new(options.memory);
    let mut left = entries.into_iter().peekable();
    let mut of_row = vec![0.0; width];
    for row in 0..rows {
        of_row.fill(0.0);
        while let Some((_, column, value)) = left.next_if(|&(other, ..)| other as usize == row) {
            of_row[column as usize] += value;
        }
        values.extend(of_row.iter().copied())?;
    }
    let columns = names.unwrap_or_else(|| column_names(&[width]));
    let matrix = Matrix { columns, values: values.finish()?.into(), image: None, full_scale: None };
    let frame = Frame { name: path.display().to_string(), memory: options.memory, ..Frame::new() };
    Ok(frame.with("values", Column::Matrix(matrix)))
}
