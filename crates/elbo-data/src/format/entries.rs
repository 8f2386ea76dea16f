//! Entries of sparse counts in text files.

use crate::error::{EntryFault, Error};
use crate::source::Origin;

/// The most words that a file may tell of by an index or a size alone, which take memory whether they occur or not; also
/// the most rows and columns of a matrix.
pub(crate) const MOST: usize = 1 << 24;

/// What is wrong with an entry of a file.
pub(crate) fn wrong(origin: &Origin, line: usize, text: &str, fault: EntryFault) -> Error {
    Error::Entry { path: origin.path.clone(), line, text: text.to_owned(), fault }
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
