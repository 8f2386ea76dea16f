//! What formats of dense arrays share: items of one size behind a header that tells their shape, of which the first
//! dimension counts the rows and further ones are flattened.

use std::path::Path;

use super::reader::check_image;
use crate::cells::{Cells, Number, Numbers};
use crate::collector::SpillBuffer;
use crate::error::{CellFault, Error};
use crate::frame::{Column, Frame, Matrix};
use crate::names::column_names;
use crate::options::ReadOptions;
use crate::room::check_columns;
use crate::source::Source;

/// Bytes read at a time, or a few less: whole items. Their numbers stay in the second cache.
const PIECE: u64 = 1 << 15;

/// The bytes that a column takes besides its cells: its name, and what is said of it.
const COLUMN: u64 = 1 << 8;

/// The bytes that an array of this shape takes; the largest number where they are more.
fn bytes(shape: &[usize], size: usize) -> u64 {
    shape.iter().fold(size as u64, |product, &length| product.saturating_mul(length as u64))
}

/// Hands over the numbers of the items, of `size` bytes each, that are all that is left, some at a time; `convert` adds
/// those of whole items. The shape is not to be trusted before they are there, all and no more.
pub(super) fn numbers(
    source: &mut Source,
    shape: &[usize],
    size: usize,
    mut convert: impl FnMut(&[u8], &mut Vec<f64>),
    mut take: impl FnMut(&[f64]) -> Result<(), Error>,
) -> Result<(), Error> {
    let (expected, mut actual) = (bytes(shape, size), 0);
    let mut numbers = Vec::new();
    while actual < expected {
        let piece = source.take((PIECE - PIECE % size as u64).min(expected - actual))?;
        if piece.is_empty() {
            break;
        }
        numbers.clear();
        convert(&piece, &mut numbers);
        take(&numbers)?;
        actual += piece.len() as u64;
    }
    actual += source.drain()?;
    if actual != expected {
        let (path, shape) = (source.origin.path.clone(), shape.to_vec());
        return Err(Error::Size { path, shape, expected, actual });
    }
    Ok(())
}

/// The numbers of an array, row after row, as they are read.
pub(super) struct Dense<T> {
    values: SpillBuffer<T>,
    count: usize,
    /// Whether one is above 1.
    above_one: bool,
    /// The first that no `T` can hold, and its place.
    bad: Option<(usize, f64)>,
    /// Whether NaN is a missing one.
    missing: bool,
}

impl<T: Number> Dense<T>
where
    Numbers: From<Cells<T>>,
{
    /// None so far.
    pub(super) fn new(options: &ReadOptions) -> Self {
        Self {
            values: SpillBuffer::new(options.memory),
            count: 0,
            above_one: false,
            bad: None,
            missing: options.missing,
        }
    }

    /// Takes the next ones.
    pub(super) fn extend(&mut self, numbers: &[f64]) -> Result<(), Error> {
        let missing = self.missing;
        let fits = |number: f64| (missing & number.is_nan()) | T::of(number).into().is_finite();
        let mut fit = true;
        // Without a way out of the loop, so that many numbers are looked at at once.
        for &number in numbers {
            fit &= fits(number);
            self.above_one |= number > 1.0;
        }
        if let (false, None) = (fit, self.bad) {
            let bad = numbers.iter().position(|&number| !fits(number));
            self.bad = bad.map(|place| (self.count + place, numbers[place]));
        }
        self.count += numbers.len();
        self.values.extend(numbers.iter().map(|&number| T::of(number)))
    }

    /// The frame, where the numbers are all that the shape tells; `bytes`, whether each is one.
    pub(super) fn finish(
        self,
        path: &Path,
        shape: &[usize],
        bytes: bool,
        options: &ReadOptions,
    ) -> Result<Frame, Error> {
        let path = path.to_owned();
        let row_shape = &shape[1..];
        // Of no row the header may say anything: it is not to be trusted with names of columns.
        let width = row_shape.iter().fold(1_usize, |product, &size| product.saturating_mul(size));
        if width == 0 {
            return Err(Error::NoColumns { path });
        }
        options.check_rows(&path, shape[0])?;
        check_columns(&path, width, COLUMN)?;
        check_image(&path, options.image, width)?;
        let image = match (options.image, row_shape) {
            (None, &[height, width]) => Some((height, width)),
            (given, _) => given,
        };
        let columns = match image {
            Some((height, width)) => column_names(&[height, width]),
            None => column_names(row_shape),
        };
        if let Some((at, value)) = self.bad {
            return Err(Error::Value {
                path,
                column: columns[at % width].clone(),
                row: at / width + 1,
                value,
                fault: if value.is_finite() { CellFault::TooLarge } else { CellFault::NotFinite },
            });
        }
        let pixels = bytes && (image.is_some() || row_shape.len() > 1);
        // Bytes of 0 and 1 alone are pixels that are binary already.
        let full_scale = pixels.then_some(if self.above_one { 255.0 } else { 1.0 });
        let matrix = Matrix { columns, values: self.values.finish()?.into(), image, full_scale };
        let frame = Frame { name: path.display().to_string(), memory: options.memory, ..Frame::new() };
        Ok(frame.with("values", Column::Matrix(matrix)))
    }
}
