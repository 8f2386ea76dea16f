//! Matrix Market: a line `row column number` for each entry, rows and columns from 1; or the numbers of a whole matrix, a
//! line each, column after column.
//!
//! A parser of our own: those of the crates of sparse matrices (`sprs`, `nalgebra-sparse`) bring their linear algebra with
//! them, and their errors have no lines.

use super::entries::{MOST, by_rows, count, is_believed, is_count, matrix, wrong};
use super::reader::Format;
use super::vocabulary::Vocabulary;
use crate::error::{EntryFault, Error};
use crate::frame::{Column, Frame};
use crate::names::brief;
use crate::options::ReadOptions;
use crate::source::Source;

/// Matrix Market files.
pub(crate) struct MatrixMarket;

impl Format for MatrixMarket {
    fn name(&self) -> &'static str {
        "a Matrix Market file"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["mtx"]
    }

    fn begins(&self, head: &[u8]) -> bool {
        head.starts_with(b"%%")
    }

    /// Counts stay sparse; other numbers become a matrix.
    fn read(&self, source: &mut Source, options: &ReadOptions) -> Result<Frame, Error> {
        let named = Vocabulary::of(&source.origin.path, &options.counts)?;
        let file = Parsed::<f64>::read(source, options.counts.transpose, real)?;
        let Parsed { rows, columns, entries, transpose, line } = file;
        if entries.iter().all(|&(.., value)| is_count(value)) {
            let entries =
                entries.into_iter().map(|(row, column, value)| (row, column, value as u32)).collect();
            return sparse(source, Parsed { rows, columns, entries, transpose, line }, named);
        }
        let names = named.map(|named| named.names(columns)).transpose()?;
        matrix(&source.origin.path, [rows, columns], entries, names, options)
    }

    fn read_counts(&self, source: &mut Source, options: &ReadOptions) -> Result<Frame, Error> {
        let named = Vocabulary::of(&source.origin.path, &options.counts)?;
        let counts = Parsed::read(source, options.counts.transpose, |text| count(text, FORM))?;
        sparse(source, counts, named)
    }
}

const FORM: &str = "`row column number`";

/// Any number.
fn real(text: &str) -> Result<f64, EntryFault> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(value) if value.is_infinite() && text.contains(|c: char| c.is_ascii_digit()) => {
            Err(EntryFault::TooLarge)
        }
        _ => Err(EntryFault::Form(FORM)),
    }
}

/// Numbers in their places.
struct Parsed<T> {
    rows: usize,
    columns: usize,
    /// (row, column, number), in the order of the file.
    entries: Vec<(u32, u32, T)>,
    /// Whether the rows are the columns of the file.
    transpose: bool,
    /// The last line.
    line: usize,
}

impl<T: Mirror> Parsed<T> {
    /// Reads them, with the rows of the file as rows, or its columns.
    fn read(
        source: &mut Source,
        transpose: bool,
        number: impl Fn(&str) -> Result<T, EntryFault>,
    ) -> Result<Self, Error> {
        let origin = source.origin.clone();
        let path = || origin.path.clone();
        let (mut kind, mut size): (Option<Kind>, Option<Size>) = (None, None);
        let (mut last, mut entries, mut taken) = (0, Vec::new(), 0);
        // The place of the next number of an array.
        let mut next = (0, 0);
        source.lines(|line, text| {
            last = line;
            let refuse = |rule| Error::MatrixMarket { path: path(), line, text: brief(text), rule };
            let Some(kind) = kind else {
                kind = Some(Kind::of(text).map_err(refuse)?);
                return Ok(());
            };
            if text.starts_with('%') || text.trim().is_empty() {
                return Ok(());
            }
            let Some(size) = size else {
                size = Some(Size::of(text, kind).map_err(refuse)?);
                next = (Size::first(kind, 0), 0);
                return Ok(());
            };
            let fail = |fault| wrong(&origin, line, text, fault);
            if taken == size.expected {
                let (unit, actual) = ("matrix", size.expected + 1);
                return Err(Error::EntryCount { path: path(), line, unit, expected: size.expected, actual });
            }
            let mut fields = text.split_ascii_whitespace();
            let (row, column) = if kind.array {
                let place = (next.0 as u32, next.1 as u32);
                next.0 += 1;
                if next.0 >= size.rows {
                    next = (Size::first(kind, next.1 + 1), next.1 + 1);
                }
                place
            } else {
                let mut index = |what, most: usize| match fields.next().unwrap_or_default().parse::<i128>() {
                    Ok(index) if (1..=most as i128).contains(&index) => Ok((index - 1) as u32),
                    Ok(_) => Err(fail(EntryFault::Index { what, least: 1, most })),
                    Err(_) => Err(fail(EntryFault::Form(FORM))),
                };
                (index("row", size.rows)?, index("column", size.columns)?)
            };
            let text = if kind.pattern { Some("1") } else { fields.next() };
            let (Some(text), None) = (text, fields.next()) else { return Err(fail(EntryFault::Form(FORM))) };
            let value = number(text).map_err(fail)?;
            taken += 1;
            let mut put = |row, column, value| {
                entries.push(if transpose { (column, row, value) } else { (row, column, value) });
            };
            match kind.symmetry {
                Symmetry::Symmetric if row != column => put(column, row, value),
                Symmetry::Skew => {
                    put(column, row, value.mirrored().ok_or_else(|| fail(EntryFault::Negative))?);
                }
                _ => {}
            }
            put(row, column, value);
            Ok(())
        })?;
        let Some(size) = size else {
            let rule = "it must be followed by `rows columns entries`";
            return Err(Error::MatrixMarket { path: path(), line: last, text: "the last".into(), rule });
        };
        if taken != size.expected {
            let unit = "matrix";
            return Err(Error::EntryCount {
                path: path(),
                line: last,
                unit,
                expected: size.expected,
                actual: taken,
            });
        }
        if !is_believed(size.rows, taken) || !is_believed(size.columns, taken) {
            let (text, rule) =
                (format!("{} {} {taken}", size.rows, size.columns), "it has too few entries for its size");
            return Err(Error::MatrixMarket { path: path(), line: 2, text, rule });
        }
        let (rows, columns) = if transpose { (size.columns, size.rows) } else { (size.rows, size.columns) };
        Ok(Self { rows, columns, entries, transpose, line: last })
    }
}

/// A number that may stand on the other side of the diagonal with the other sign.
trait Mirror: Copy {
    fn mirrored(self) -> Option<Self>;
}

impl Mirror for f64 {
    fn mirrored(self) -> Option<Self> {
        Some(-self)
    }
}

impl Mirror for u32 {
    fn mirrored(self) -> Option<Self> {
        (self == 0).then_some(0)
    }
}

/// What the first line tells.
#[derive(Clone, Copy)]
struct Kind {
    array: bool,
    pattern: bool,
    symmetry: Symmetry,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Symmetry {
    General,
    Symmetric,
    /// The number across the diagonal has the other sign.
    Skew,
}

impl Kind {
    fn of(text: &str) -> Result<Self, &'static str> {
        let text = text.to_lowercase();
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let &["%%matrixmarket", "matrix", form, numbers, symmetry] = words.as_slice() else {
            return Err("it must be `%%MatrixMarket matrix` with a form, a kind of number and a symmetry");
        };
        let array = match form {
            "coordinate" => false,
            "array" => true,
            _ => return Err("its form must be coordinate or array"),
        };
        let pattern = match numbers {
            "real" | "double" | "integer" | "unsigned-integer" | "unsigned" => false,
            "pattern" if !array => true,
            "pattern" => return Err("an array has numbers: it cannot be a pattern"),
            "complex" => return Err("complex numbers are not read"),
            _ => return Err("its numbers must be real, integer, unsigned or a pattern"),
        };
        let symmetry = match symmetry {
            "general" => Symmetry::General,
            "symmetric" => Symmetry::Symmetric,
            "skew-symmetric" => Symmetry::Skew,
            "hermitian" => return Err("a Hermitian matrix has complex numbers, which are not read"),
            _ => return Err("its symmetry must be general, symmetric or skew-symmetric"),
        };
        Ok(Self { array, pattern, symmetry })
    }
}

/// What the line of sizes tells.
#[derive(Clone, Copy)]
struct Size {
    rows: usize,
    columns: usize,
    /// How many lines follow.
    expected: usize,
}

impl Size {
    fn of(text: &str, kind: Kind) -> Result<Self, &'static str> {
        let sizes: Option<Vec<usize>> =
            text.split_ascii_whitespace().map(|field| field.parse().ok()).collect();
        let (rows, columns, entries) = match (sizes.as_deref(), kind.array) {
            (Some(&[rows, columns, entries]), false) => (rows, columns, entries),
            (Some(&[rows, columns]), true) => (rows, columns, 0),
            (_, false) => return Err("it must be `rows columns entries`"),
            (_, true) => return Err("it must be `rows columns`"),
        };
        if rows > MOST || columns > MOST {
            return Err("rows and columns must be 16777216 at most, numbered without gaps");
        }
        if kind.symmetry != Symmetry::General && rows != columns {
            return Err("a symmetric matrix must have as many rows as columns");
        }
        let expected = match (kind.array, kind.symmetry) {
            (false, _) => entries,
            (true, Symmetry::General) => rows * columns,
            // By columns, from the diagonal down, or from below it.
            (true, Symmetry::Symmetric) => rows * (rows + 1) / 2,
            (true, Symmetry::Skew) => rows * rows.saturating_sub(1) / 2,
        };
        Ok(Self { rows, columns, expected })
    }

    /// The row of the first number of a column of an array.
    fn first(kind: Kind, column: usize) -> usize {
        match kind.symmetry {
            Symmetry::General => 0,
            Symmetry::Symmetric => column,
            Symmetry::Skew => column + 1,
        }
    }
}

/// Counts by rows.
fn sparse(source: &Source, file: Parsed<u32>, named: Option<Vocabulary>) -> Result<Frame, Error> {
    let Parsed { rows, columns, entries, transpose, line } = file;
    let names = named.map(|named| named.names(columns)).transpose()?;
    let counts = by_rows(rows, columns, entries, names).map_err(|(row, column)| {
        let (row, column) = if transpose { (column as usize, row) } else { (row, column as usize) };
        wrong(&source.origin, line, &format!("{} {} …", row + 1, column + 1), EntryFault::TooLarge)
    })?;
    let frame = Frame { name: source.origin.path.display().to_string(), ..Frame::new() };
    Ok(frame.with("counts", Column::Sparse(counts)))
}
