//! The IDX format: a magic number, sizes, then numbers, all big endian.

use std::path::Path;

use super::reader::{Format, Holds, check_image};
use crate::cells::{Cells, Number, Numbers, Precision};
use crate::collector::Collector;
use crate::error::{CellFault, Error};
use crate::frame::{Column, Frame, Matrix};
use crate::names::column_names;
use crate::options::ReadOptions;
use crate::source::Source;

/// IDX files.
pub(crate) struct Idx;

impl Format for Idx {
    fn name(&self) -> &'static str {
        "an IDX file"
    }

    fn holds(&self) -> Holds {
        Holds::Rows
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
        if options.label_column.is_some() {
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

    fn number(self, b: &[u8]) -> f64 {
        match self {
            Self::U8 => f64::from(b[0]),
            Self::I8 => f64::from(b[0].cast_signed()),
            Self::I16 => f64::from(i16::from_be_bytes([b[0], b[1]])),
            Self::I32 => f64::from(i32::from_be_bytes([b[0], b[1], b[2], b[3]])),
            Self::F32 => f64::from(f32::from_be_bytes([b[0], b[1], b[2], b[3]])),
            Self::F64 => f64::from_be_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]),
        }
    }
}

/// What a file says of itself.
struct Header {
    kind: Kind,
    shape: Vec<usize>,
    /// The bytes that should follow.
    bytes: u64,
}

/// Bytes read at a time: whole numbers of every type.
const PIECE: u64 = 1 << 20;

impl Header {
    fn read(source: &mut Source) -> Result<Self, Error> {
        let magic = source.take(4)?;
        let path = source.origin.path.clone();
        let bad_magic = |rule| Error::IdxMagic { path: path.clone(), magic: magic.clone(), rule };
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

        let bytes =
            sizes.iter().fold(kind.size() as u64, |product, &size| product.saturating_mul(size.into()));
        Ok(Self { kind, shape: sizes.iter().map(|&size| size as usize).collect(), bytes })
    }

    /// Hands over the numbers that follow. The shape is not to be trusted before they are there, all and no more.
    fn numbers(
        &self,
        source: &mut Source,
        mut take: impl FnMut(f64) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut actual = 0;
        while actual < self.bytes {
            let piece = source.take(PIECE.min(self.bytes - actual))?;
            if piece.is_empty() {
                break;
            }
            for bytes in piece.chunks_exact(self.kind.size()) {
                take(self.kind.number(bytes))?;
            }
            actual += piece.len() as u64;
        }
        actual += source.drain()?;
        if actual != self.bytes {
            let (path, shape) = (source.origin.path.clone(), self.shape.clone());
            return Err(Error::IdxSize { path, shape, expected: self.bytes, actual });
        }
        Ok(())
    }
}

/// Reads the numbers as `T`.
fn read<T: Number>(source: &mut Source, header: &Header, options: &ReadOptions) -> Result<Frame, Error>
where
    Numbers: From<Cells<T>>,
{
    let mut values = Collector::new(options.memory);
    let (mut count, mut greatest, mut bad) = (0, 0.0_f64, None);
    header.numbers(source, |number| {
        let value = T::of(number);
        if !value.into().is_finite() {
            bad.get_or_insert((count, number));
        }
        count += 1;
        greatest = greatest.max(number);
        values.push(value)
    })?;
    let path = source.origin.path.clone();
    let row_shape = &header.shape[1..];
    // Of no row the header may say anything: it is not to be trusted with names of columns.
    let width = row_shape.iter().fold(1_usize, |product, &size| product.saturating_mul(size));
    if width == 0 {
        return Err(Error::NoColumns { path });
    }
    options.check_rows(&path, header.shape[0])?;
    check_image(&path, options.image, width)?;
    let image = match (options.image, row_shape) {
        (None, &[height, width]) => Some((height, width)),
        (given, _) => given,
    };
    let columns = match image {
        Some((height, width)) => column_names(&[height, width]),
        None => column_names(row_shape),
    };
    if let Some((at, value)) = bad {
        return Err(Error::Value {
            path,
            column: columns[at % width].clone(),
            row: at / width + 1,
            value,
            fault: if value.is_finite() { CellFault::TooLarge } else { CellFault::NotFinite },
        });
    }
    let pixels = header.kind == Kind::U8 && (image.is_some() || row_shape.len() > 1);
    // Bytes of 0 and 1 alone are pixels that are binary already.
    let full_scale = pixels.then_some(if greatest <= 1.0 { 1.0 } else { 255.0 });
    let matrix = Matrix { columns, values: values.finish()?.into(), image, full_scale };
    let frame = Frame { name: path.display().to_string(), memory: options.memory, ..Frame::new() };
    Ok(frame.with("values", Column::Matrix(matrix)))
}

/// Reads a label file: one number per row.
pub(crate) fn read_labels(path: &Path) -> Result<Vec<String>, Error> {
    let mut source = Source::open(path)?;
    let header = Header::read(&mut source)?;
    if header.shape.len() != 1 {
        return Err(Error::LabelShape { path: path.to_owned(), shape: header.shape });
    }
    let mut labels = Vec::new();
    header.numbers(&mut source, |label| {
        labels.push(label.to_string());
        Ok(())
    })?;
    Ok(labels)
}
