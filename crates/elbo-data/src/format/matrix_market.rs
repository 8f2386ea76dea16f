//! Matrix Market: a line `row column count` for each entry, rows and columns from 1.
//!
//! A parser of our own: those of the crates of sparse matrices (`sprs`, `nalgebra-sparse`) bring their linear algebra with
//! them, and their errors have no lines.

use super::entries::{MOST, close, count, wrong};
use super::reader::{Format, Holds};
use super::vocabulary::Vocabulary;
use crate::error::{EntryFault, Error};
use crate::frame::{Column, Frame, Sparse};
use crate::options::ReadOptions;
use crate::source::Source;

const FORM: &str = "`row column count`";

/// Matrix Market files.
pub(crate) struct MatrixMarket;

impl Format for MatrixMarket {
    fn name(&self) -> &'static str {
        "a Matrix Market file"
    }

    fn holds(&self) -> Holds {
        Holds::Counts
    }

    fn endings(&self) -> &'static [&'static str] {
        &[]
    }

    fn begins(&self, head: &[u8]) -> bool {
        head.starts_with(b"%%")
    }

    fn read(&self, source: &mut Source, options: &ReadOptions) -> Result<Frame, Error> {
        let path = source.origin.path.clone();
        let named = Vocabulary::of(&path, &options.counts)?;
        let mut counts = read(source, options.counts.transpose)?;
        counts.names = named.map(|named| named.names(counts.width)).transpose()?;
        let frame = Frame { name: path.display().to_string(), ..Frame::new() };
        Ok(frame.with("counts", Column::Sparse(counts)))
    }
}

/// Reads counts whose rows are those of the file, or its columns.
fn read(source: &mut Source, transpose: bool) -> Result<Sparse, Error> {
    let origin = source.origin.clone();
    let path = || origin.path.clone();
    let mut shape: Option<[usize; 3]> = None;
    let mut last = 0;
    // (document, word, count) in the order of the file.
    let mut entries: Vec<(u32, u32, u32)> = Vec::new();
    source.lines(|line, text| {
        last = line;
        let refuse = |rule| Error::MatrixMarket { path: path(), line, text: text.to_owned(), rule };
        if line == 1 {
            return header(text).map_err(refuse);
        }
        if text.starts_with('%') || text.trim().is_empty() {
            return Ok(());
        }
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let Some([rows, columns, expected]) = shape else {
            let sizes: Option<Vec<usize>> = fields.iter().map(|field| field.parse().ok()).collect();
            let sizes = sizes.and_then(|sizes| <[usize; 3]>::try_from(sizes).ok());
            let sizes = sizes.ok_or_else(|| refuse("it must be `rows columns entries`"))?;
            if sizes[..2].iter().any(|&size| size > MOST) {
                return Err(refuse("rows and columns must be 16777216 at most, numbered without gaps"));
            }
            shape = Some(sizes);
            return Ok(());
        };
        let fail = |fault| wrong(&origin, line, text, fault);
        let &[row, column, number] = fields.as_slice() else { return Err(fail(EntryFault::Form(FORM))) };
        let index = |what, text: &str, most: usize| match text.parse::<i128>() {
            Ok(index) if (1..=most as i128).contains(&index) => Ok((index - 1) as u32),
            Ok(_) => Err(fail(EntryFault::Index { what, least: 1, most })),
            Err(_) => Err(fail(EntryFault::Form(FORM))),
        };
        let (row, column) = (index("row", row, rows)?, index("column", column, columns)?);
        let number = count(number, FORM).map_err(fail)?;
        if entries.len() == expected {
            let (unit, actual) = ("matrix", expected + 1);
            return Err(Error::EntryCount { path: path(), line, unit, expected, actual });
        }
        entries.push(if transpose { (column, row, number) } else { (row, column, number) });
        Ok(())
    })?;
    let Some([rows, columns, expected]) = shape else {
        let rule = "it must be followed by `rows columns entries`";
        return Err(Error::MatrixMarket { path: path(), line: last, text: "the last".into(), rule });
    };
    if entries.len() != expected {
        let (unit, actual) = ("matrix", entries.len());
        return Err(Error::EntryCount { path: path(), line: last, unit, expected, actual });
    }
    let (documents, vocabulary) = if transpose { (columns, rows) } else { (rows, columns) };

    entries.sort_by_key(|&(document, ..)| document);
    let (mut offsets, mut words, mut counts) = (vec![0], Vec::new(), Vec::new());
    let mut left = entries.into_iter().peekable();
    for d in 0..documents {
        let begin = words.len();
        while let Some((_, word, count)) = left.next_if(|&(document, ..)| document as usize == d) {
            words.push(word);
            counts.push(count);
        }
        close(&mut words, &mut counts, begin).map_err(|word| {
            let (row, column) = if transpose { (word as usize, d) } else { (d, word as usize) };
            wrong(&origin, last, &format!("{} {} …", row + 1, column + 1), EntryFault::TooLarge)
        })?;
        offsets.push(words.len());
    }
    Ok(Sparse { offsets, columns: words, counts, width: vocabulary, names: None })
}

/// Whether it is a matrix of numbers given by coordinates, without symmetry.
fn header(text: &str) -> Result<(), &'static str> {
    let text = text.to_lowercase();
    match text.split_ascii_whitespace().collect::<Vec<_>>().as_slice() {
        ["%%matrixmarket", "matrix", "coordinate", "integer" | "real", "general"] => Ok(()),
        ["%%matrixmarket", "matrix", "coordinate", "integer" | "real", _] => {
            Err("a matrix of counts has no symmetry: it must be general")
        }
        ["%%matrixmarket", "matrix", "coordinate", _, _] => Err("its numbers must be integer or real"),
        _ => Err("it must be the header of a matrix of coordinates"),
    }
}
