//! The IDX format: a magic number, sizes, then numbers, all big endian.

use std::path::Path;

use super::dense::{self, Dense};
use super::reader::Format;
use crate::cells::{Cells, Number, Numbers, Precision};
use crate::error::Error;
use crate::frame::Frame;
use crate::options::ReadOptions;
use crate::source::Source;

/// IDX files.
pub(crate) struct Idx;

impl Format for Idx {
    fn name(&self) -> &'static str {
        "an IDX file"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["ubyte", "idx"]
    }

    fn begins(&self, head: &[u8]) -> bool {
        head.starts_with(&[0, 0])
    }

    /// `train-images-idx3-ubyte` as well as `train.idx3`.
    fn is_named(&self, name: &str) -> bool {
        let ending = name.rsplit(['.', '-']).next().unwrap_or_default();
        ending == "ubyte" || ending.starts_with("idx")
    }

    fn read(&self, source: &mut Source, options: &ReadOptions) -> Result<Frame, Error> {
        if !options.label_columns.is_empty() {
            let path = source.origin.path.clone();
            return Err(Error::LabelSource { path, rule: "an IDX file has no label column" });
        }
        let header = Header::read(source)?;
        match (header.kind, options.precision) {
            (Kind::I32 | Kind::F64, Precision::Double) => read::<f64>(source, &header, options),
            _ => read::<f32>(source, &header, options),
        }
    }
}

/// The type of the numbers in a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    U8,
    I8,
    I16,
    I32,
    F32,
    F64,
}

impl Kind {
    fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0x08 => Self::U8,
            0x09 => Self::I8,
            0x0b => Self::I16,
            0x0c => Self::I32,
            0x0d => Self::F32,
            0x0e => Self::F64,
            _ => return None,
        })
    }

    fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::I16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// Adds the numbers of whole items.
    fn convert(self, bytes: &[u8], numbers: &mut Vec<f64>) {
        match self {
            Self::U8 => numbers.extend(bytes.iter().map(|&byte| f64::from(byte))),
            Self::I8 => numbers.extend(bytes.iter().map(|&byte| f64::from(byte.cast_signed()))),
            Self::I16 => numbers.extend(items(bytes).map(|item| f64::from(i16::from_be_bytes(item)))),
            Self::I32 => numbers.extend(items(bytes).map(|item| f64::from(i32::from_be_bytes(item)))),
            Self::F32 => numbers.extend(items(bytes).map(|item| f64::from(f32::from_be_bytes(item)))),
            Self::F64 => numbers.extend(items(bytes).map(f64::from_be_bytes)),
        }
    }
}

fn items<const SIZE: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; SIZE]> + '_ {
    bytes.as_chunks().0.iter().copied()
}

/// What a file says of itself.
struct Header {
    kind: Kind,
    shape: Vec<usize>,
}

impl Header {
    fn read(source: &mut Source) -> Result<Self, Error> {
        let magic = source.take(4)?;
        let path = source.origin.path.clone();
        let bad_magic = |rule| Error::Header {
            path: path.clone(),
            format: Idx.name(),
            found: format!("starts with {magic:02x?}"),
            rule,
            form: "an IDX file starts with two zero bytes, the type and the number of dimensions",
        };
        let &[0, 0, code, dimensions] = magic.as_slice() else {
            return Err(bad_magic("not with two zero bytes and two more"));
        };
        let kind = Kind::from_code(code)
            .ok_or_else(|| bad_magic("whose type (third byte) is none of 08, 09, 0b, 0c, 0d, 0e"))?;
        if !(1..=4).contains(&dimensions) {
            return Err(bad_magic("whose number of dimensions (fourth byte) is not 1 to 4"));
        }
        let sizes = source.take(4 * u64::from(dimensions))?;
        if sizes.len() < 4 * usize::from(dimensions) {
            return Err(bad_magic("and ends within its header"));
        }
        let sizes: Vec<u32> =
            sizes.chunks_exact(4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]])).collect();

        Ok(Self { kind, shape: sizes.iter().map(|&size| size as usize).collect() })
    }

    /// Hands over the numbers that follow, some at a time.
    fn numbers(
        &self,
        source: &mut Source,
        take: impl FnMut(&[f64]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let convert = |bytes: &[u8], numbers: &mut Vec<f64>| self.kind.convert(bytes, numbers);
        dense::numbers(source, &self.shape, self.kind.size(), convert, take)
    }
}

/// Reads the numbers as `T`.
fn read<T: Number>(source: &mut Source, header: &Header, options: &ReadOptions) -> Result<Frame, Error>
where
    Numbers: From<Cells<T>>,
{
    let mut dense = Dense::<T>::new(options);
    header.numbers(source, |numbers| dense.extend(numbers))?;
    dense.finish(&source.origin.path, &header.shape, header.kind == Kind::U8, options)
}

/// Reads a label file: one number per row.
pub(crate) fn read_labels(path: &Path) -> Result<Vec<String>, Error> {
    let mut source = Source::open(path)?;
    let header = Header::read(&mut source)?;
    if header.shape.len() != 1 {
        return Err(Error::LabelShape { path: path.to_owned(), shape: header.shape });
    }
    let mut labels = Vec::new();
    header.numbers(&mut source, |numbers| {
        labels.extend(numbers.iter().map(f64::to_string));
        Ok(())
    })?;
    Ok(labels)
}
