//! Structured arrays of NumPy: a row is a record, whose fields are columns with names.

use std::path::Path;

use npyz::{DType, Endianness, Field, TypeChar, TypeStr};

use super::array::{items, number, refused, rounded, text};
use crate::error::{CellFault, Error};
use crate::frame::{Column, Frame, Matrix};
use crate::options::ReadOptions;
use crate::source::Source;

/// The most bytes of a record.
const LONGEST: usize = 1 << 20;

/// A field of a record, and what was read of it.
struct Part<'a> {
    name: &'a str,
    item: &'a TypeStr,
    /// Its bytes within the record.
    bytes: std::ops::Range<usize>,
    numbers: Vec<f64>,
    texts: Vec<String>,
    /// The first whole number that f64 does not hold exactly: its row from 0, and as it is written.
    rounded: Option<(usize, String)>,
}

/// Reads the records that follow the header.
pub(super) fn read(
    source: &mut Source,
    fields: &[Field],
    shape: &[u64],
    options: &ReadOptions,
) -> Result<Frame, Error> {
    let path = source.origin.path.clone();
    let &[rows] = shape else {
        let found = format!("holds records in shape {shape:?}");
        return Err(refused(&path, found, "but must have one dimension"));
    };
    let (mut parts, mut size) = (Vec::new(), 0);
    for field in fields {
        let refuse = |what: String| {
            let found = format!("has a field `{}` of {what}", field.name);
            refused(&path, found, "which is neither a number, a bool nor text")
        };
        let DType::Plain(item) = &field.dtype else { return Err(refuse(field.dtype.descr())) };
        let length =
            item.num_bytes().filter(|&length| length < LONGEST).ok_or_else(|| refuse(item.to_string()))?;
        let bytes = size..size + length;
        size = bytes.end;
        let known = match item.type_char() {
            TypeChar::Float => matches!(length, 2 | 4 | 8),
            TypeChar::Int | TypeChar::Uint => matches!(length, 1 | 2 | 4 | 8),
            TypeChar::Bool | TypeChar::UnicodeStr | TypeChar::ByteStr => true,
            // What fills a record up so that its fields are aligned.
            TypeChar::RawData if field.name.is_empty() => continue,
            _ => false,
        };
        if !known {
            return Err(refuse(item.to_string()));
        }
        let (numbers, texts) = (Vec::new(), Vec::new());
        parts.push(Part { name: &field.name, item, bytes, numbers, texts, rounded: None });
    }
    if parts.is_empty() || size > LONGEST {
        return Err(refused(&path, format!("holds records of {size} bytes"), "which are none, or too long"));
    }
    let mut row = 0;
    items(source, rows as usize, size, |record| {
        row += 1;
        parts.iter_mut().try_for_each(|part| part.take(record, row, &path, options))
    })?;
    let mut frame = Frame { name: path.display().to_string(), memory: options.memory, ..Frame::new() };
    for part in parts {
        let name = part.name.to_owned();
        if let Some(rounded) = &part.rounded {
            frame.reading.decide_rounded(&name, rounded);
        }
        let column = if part.is_text() {
            Column::of_texts(part.texts)
        } else {
            Column::Matrix(Matrix::new(vec![name.clone()], part.numbers))
        };
        frame.push(name, column);
    }
    Ok(frame)
}

impl Part<'_> {
    fn is_text(&self) -> bool {
        matches!(self.item.type_char(), TypeChar::UnicodeStr | TypeChar::ByteStr)
    }

    /// Takes its item of a record, of this row from 1.
    fn take(&mut self, record: &[u8], row: usize, path: &Path, options: &ReadOptions) -> Result<(), Error> {
        let (kind, big) = (self.item.type_char(), self.item.endianness() == Endianness::Big);
        let mut bytes = record[self.bytes.clone()].to_vec();
        if self.is_text() {
            self.texts.push(text(kind, &bytes, big));
            return Ok(());
        }
        if big {
            bytes.reverse();
        }
        let value = number(kind, &bytes);
        if self.rounded.is_none() {
            self.rounded = rounded(kind, &bytes).map(|text| (row - 1, text));
        }
        if value.is_infinite() || (value.is_nan() && !options.missing) {
            let (path, column) = (path.to_owned(), self.name.to_owned());
            return Err(Error::Value { path, column, row, value, fault: CellFault::NotFinite });
        }
        self.numbers.push(value);
        Ok(())
    }
}
