//! What NumPy's files share: the header of an array, and its items.

use std::path::Path;

use npyz::{DType, Endianness, NpyHeader, Order, TypeChar, TypeStr};

use super::dense;
use crate::error::Error;
use crate::source::Source;

pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// The most bytes of a header; NumPy itself reads no longer one.
const MOST: usize = 10_000;

/// Every whole number below this is a number of f64: 2⁵³.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// How deep brackets may lie in brackets in a header, where an array of numbers has two: the parser takes twice as long for
/// each.
const DEEPEST: usize = 8;

/// The most characters of a label.
const LONGEST: u64 = 10_000;

/// What a file says of itself.
pub(super) struct Header {
    pub(super) item: TypeStr,
    pub(super) shape: Vec<usize>,
    pub(super) order: Order,
}

/// A file that is no array that can be read.
pub(super) fn refused(path: &Path, found: String, rule: &'static str) -> Error {
    Error::Header {
        path: path.to_owned(),
        format: "a NumPy file that can be read",
        found,
        rule,
        form: "numpy.save writes it of an array of floats, integers or bools with one to four dimensions",
    }
}

/// Reads the header of a file.
pub(super) fn parsed(source: &mut Source) -> Result<NpyHeader, Error> {
    let path = source.origin.path.clone();
    let refuse = |found: String, rule| refused(&path, found, rule);
    // Magic, version, and the length of the rest in two bytes, or in four from version 2 on.
    let mut head = source.take(10)?;
    let &[_, _, _, _, _, _, version, _, low, high] = head.as_slice() else {
        return Err(refuse(format!("has {} bytes", head.len()), "and ends within its header"));
    };
    if !head.starts_with(MAGIC) {
        return Err(refuse(format!("starts with {:02x?}", &head[..6]), "not with 93 and `NUMPY`"));
    }
    let mut length = usize::from(u16::from_le_bytes([low, high]));
    if version > 1 {
        let more = source.take(2)?;
        length += more.iter().rev().fold(0, |length, &byte| length << 8 | usize::from(byte)) << 16;
        head.extend(more);
    }
    if length > MOST {
        return Err(refuse(format!("has a header of {length} bytes"), "of which 10000 are the most"));
    }
    head.extend(source.take(length as u64)?);
    if depth(&head) > DEEPEST {
        return Err(refuse("has a header of brackets in brackets".into(), "not one number an item"));
    }
    // The parser multiplies them.
    let shape = sizes(&head);
    if shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size)).is_none() {
        return Err(Error::Size { path, shape, expected: u64::MAX, actual: source.drain()? });
    }
    NpyHeader::from_reader(head.as_slice())
        .map_err(|error| refuse(format!("has a header that is none ({error})"), "or ends within it"))
}

/// Hands over each of this many items, which have this many bytes; no more may follow.
pub(super) fn items(
    source: &mut Source,
    number: usize,
    size: usize,
    mut take: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let expected = (number as u64).saturating_mul(size as u64);
    let mut actual = 0;
    while actual < expected {
        let item = source.take(size as u64)?;
        actual += item.len() as u64;
        if item.len() < size {
            break;
        }
        take(&item)?;
    }
    actual += source.drain()?;
    if actual != expected {
        let path = source.origin.path.clone();
        return Err(Error::Size { path, shape: vec![number], expected, actual });
    }
    Ok(())
}

impl Header {
    /// What a header says; items may be `text`, and the array may be one item without a dimension, where labels are read.
    pub(super) fn of(header: &NpyHeader, path: &Path, text: bool) -> Result<Self, Error> {
        let refuse = |found: String, rule| refused(path, found, rule);
        let item = match header.dtype() {
            DType::Plain(item) => item,
            other => {
                return Err(refuse(format!("holds {}", other.descr()), "not one number an item"));
            }
        };
        let known = match item.type_char() {
            TypeChar::Float => matches!(item.size_field(), 2 | 4 | 8),
            TypeChar::Int | TypeChar::Uint => matches!(item.size_field(), 1 | 2 | 4 | 8),
            TypeChar::Bool => item.size_field() == 1,
            TypeChar::UnicodeStr | TypeChar::ByteStr => text && (1..=LONGEST).contains(&item.size_field()),
            _ => false,
        };
        if !known {
            let rule = "which is none of f2, f4, f8, i1, i2, i4, i8, u1, u2, u4, u8 and b1";
            return Err(refuse(format!("holds items of type {item}"), rule));
        }
        let shape: Option<Vec<usize>> = header.shape().iter().map(|&size| size.try_into().ok()).collect();
        let shape = shape.map(|shape| if text && shape.is_empty() { vec![1] } else { shape });
        let shape = shape.filter(|shape| (1..=4).contains(&shape.len()));
        let Some(shape) = shape else {
            return Err(refuse(format!("has shape {:?}", header.shape()), "but must have 1 to 4 dimensions"));
        };
        Ok(Self { item, shape, order: header.order() })
    }

    /// Whether single precision holds every item exactly.
    pub(super) fn is_single(&self) -> bool {
        match self.item.type_char() {
            TypeChar::Float => self.item.size_field() <= 4,
            _ => self.item.size_field() <= 2,
        }
    }

    /// Hands over the numbers in the order of the file, some at a time. Integers beyond 2⁵³ are the nearest that f64 holds: the
    /// first that this changes is told, by its place from 0 and as it is written.
    pub(super) fn numbers(
        &self,
        source: &mut Source,
        take: impl FnMut(&[f64]) -> Result<(), Error>,
    ) -> Result<Option<(usize, String)>, Error> {
        let (kind, big) = (self.item.type_char(), self.item.endianness() == Endianness::Big);
        let size = self.item.size_field() as usize;
        let (mut before, mut changed) = (0, None);
        let convert = |bytes: &[u8], numbers: &mut Vec<f64>| {
            numbers.extend(bytes.chunks_exact(size).map(|item| {
                let mut word = [0; 8];
                let word = &mut word[..size];
                word.copy_from_slice(item);
                if big {
                    word.reverse();
                }
                number(kind, word)
            }));
            let exact = numbers.iter().all(|number| number.abs() < EXACT);
            if !exact && changed.is_none() {
                changed = bytes.chunks_exact(size).enumerate().find_map(|(place, item)| {
                    let item: Vec<u8> =
                        if big { item.iter().rev().copied().collect() } else { item.to_vec() };
                    Some((before + place, rounded(kind, &item)?))
                });
            }
            before += numbers.len();
        };
        dense::numbers(source, &self.shape, size, convert, take)?;
        Ok(changed)
    }
}

/// The sizes in a header: the numbers behind the word `shape`, up to the bracket that closes.
fn sizes(head: &[u8]) -> Vec<usize> {
    let text = String::from_utf8_lossy(head);
    let shape = text.split_once("shape").and_then(|(_, rest)| rest.split([')', ']']).next());
    let numbers = shape.unwrap_or_default().split(|c: char| !c.is_ascii_digit());
    numbers.filter(|run| !run.is_empty()).map(|run| run.parse().unwrap_or(usize::MAX)).collect()
}

/// How deep brackets lie in brackets.
fn depth(text: &[u8]) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    for byte in text {
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

/// The number of a little-endian item.
pub(super) fn number(kind: TypeChar, bytes: &[u8]) -> f64 {
    let unsigned = bytes.iter().rev().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
    let unused = 64 - 8 * bytes.len() as u32;
    match (kind, bytes.len()) {
        (TypeChar::Float, 2) => half::f16::from_bits(unsigned as u16).into(),
        (TypeChar::Float, 4) => f32::from_bits(unsigned as u32).into(),
        (TypeChar::Float, _) => f64::from_bits(unsigned),
        (TypeChar::Int, _) => ((unsigned << unused).cast_signed() >> unused) as f64,
        _ => unsigned as f64,
    }
}

/// The whole number of a little-endian item, where it is one.
fn whole(kind: TypeChar, bytes: &[u8]) -> Option<i128> {
    let unsigned = bytes.iter().rev().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
    let unused = 64 - 8 * bytes.len() as u32;
    match kind {
        TypeChar::Int => Some(((unsigned << unused).cast_signed() >> unused).into()),
        TypeChar::Uint => Some(unsigned.into()),
        _ => None,
    }
}

/// The whole number of a little-endian item as it is written, where f64 does not hold it exactly.
pub(super) fn rounded(kind: TypeChar, bytes: &[u8]) -> Option<String> {
    whole(kind, bytes).filter(|&whole| whole as f64 as i128 != whole).map(|whole| whole.to_string())
}

/// Reads an array of labels: numbers or text in one dimension.
pub(super) fn read_labels(source: &mut Source) -> Result<Vec<String>, Error> {
    let header = Header::of(&parsed(source)?, &source.origin.path, true)?;
    if header.shape.len() != 1 {
        return Err(Error::LabelShape { path: source.origin.path.clone(), shape: header.shape });
    }
    let (mut labels, length) = (Vec::new(), header.item.size_field() as usize);
    match header.item.type_char() {
        kind @ (TypeChar::UnicodeStr | TypeChar::ByteStr) => {
            let big = header.item.endianness() == Endianness::Big;
            let size = if kind == TypeChar::UnicodeStr { 4 * length } else { length };
            let take = |item: &[u8]| {
                labels.push(text(kind, item, big));
                Ok(())
            };
            items(source, header.shape[0], size, take)?;
        }
        // Codes of many digits differ where their nearest numbers do not.
        kind @ (TypeChar::Int | TypeChar::Uint) => {
            let big = header.item.endianness() == Endianness::Big;
            let take = |item: &[u8]| {
                let item: Vec<u8> = if big { item.iter().rev().copied().collect() } else { item.to_vec() };
                labels.extend(whole(kind, &item).map(|whole| whole.to_string()));
                Ok(())
            };
            items(source, header.shape[0], length, take)?;
        }
        _ => {
            header.numbers(source, |numbers| {
                labels.extend(numbers.iter().map(f64::to_string));
                Ok(())
            })?;
        }
    }
    Ok(labels)
}

/// The text of an item, which zeros fill up: characters of four bytes, or bytes.
pub(super) fn text(kind: TypeChar, item: &[u8], big: bool) -> String {
    if kind == TypeChar::ByteStr {
        let end = item.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        return String::from_utf8_lossy(&item[..end]).into_owned();
    }
    let of = |code: &[u8; 4]| if big { u32::from_be_bytes(*code) } else { u32::from_le_bytes(*code) };
    let codes = item.as_chunks().0.iter().map(of).take_while(|&code| code > 0);
    codes.map(|code| char::from_u32(code).unwrap_or('\u{fffd}')).collect()
}

/// The numbers of an array, and the first of them that f64 does not hold exactly: its row, and as it is written.
pub(super) type Numbers = (Vec<f64>, Option<(usize, String)>);

/// Reads an array of numbers in one dimension.
pub(super) fn read_numbers(source: &mut Source) -> Result<Vec<f64>, Error> {
    let header = parsed(source)?;
    Ok(numbers_of(&header, source)?.0)
}

fn numbers_of(header: &NpyHeader, source: &mut Source) -> Result<Numbers, Error> {
    let header = Header::of(header, &source.origin.path, false)?;
    if header.shape.len() != 1 {
        let found = format!("has shape {:?}", header.shape);
        return Err(refused(&source.origin.path, found, "but one dimension is needed"));
    }
    let mut all = Vec::new();
    let rounded = header.numbers(source, |numbers| {
        all.extend_from_slice(numbers);
        Ok(())
    })?;
    Ok((all, rounded))
}

/// The numbers of an array, if it is one of numbers in one dimension.
pub(super) fn numbers_of_column(source: &mut Source) -> Result<Option<Numbers>, Error> {
    let header = parsed(source)?;
    let is_column = Header::of(&header, &source.origin.path, false).is_ok_and(|of| of.shape.len() == 1);
    if is_column { numbers_of(&header, source).map(Some) } else { Ok(None) }
}
