//! The NPY format of NumPy: a header in Python's syntax, then the items of one array.

use npyz::{DType, Order, TypeChar};

use super::array::{Header, MAGIC, parsed};
use super::dense::Dense;
use super::reader::Format;
use super::structured;
use crate::cells::{Cells, Number, Numbers, Precision};
use crate::collector::SpillBuffer;
use crate::error::Error;
use crate::frame::Frame;
use crate::options::ReadOptions;
use crate::source::Source;

/// NPY files: an array of one dimension is one column, of two a table, and of three or four a row is an image or whatever else
/// has a shape.
pub(crate) struct Npy;

impl Format for Npy {
    fn name(&self) -> &'static str {
        "a NumPy file of one array (.npy)"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["npy"]
    }

    fn begins(&self, head: &[u8]) -> bool {
        head.starts_with(MAGIC)
    }

    fn read(&self, source: &mut Source, options: &ReadOptions) -> Result<Frame, Error> {
        let header = parsed(source)?;
        if let DType::Record(fields) = header.dtype() {
            return structured::read(source, &fields, header.shape(), options);
        }
        if !options.label_columns.is_empty() {
            let path = source.origin.path.clone();
            return Err(Error::LabelSource {
                path,
                rule: "an array without field names has no label column",
            });
        }
        let header = Header::of(&header, &source.origin.path, false)?;
        match options.precision {
            Precision::Double if !header.is_single() => read::<f64>(source, &header, options),
            _ => read::<f32>(source, &header, options),
        }
    }
}

/// Reads the numbers as `T`.
fn read<T: Number>(source: &mut Source, header: &Header, options: &ReadOptions) -> Result<Frame, Error>
where
    Numbers: From<Cells<T>>,
{
    let mut dense = Dense::<T>::new(options);
    let (rows, of_row) = (header.shape[0], &header.shape[1..]);
    let rounded;
    if header.order == Order::Fortran {
        // The first index runs fastest: they are gathered by rows once all are there.
        let mut stored = SpillBuffer::<f64>::new(options.memory);
        rounded = header.numbers(source, |numbers| stored.extend(numbers.iter().copied()))?;
        let stored = stored.finish()?;
        let width = if stored.is_empty() { 0 } else { of_row.iter().product() };
        let places: Vec<usize> = (0..width).map(|flat| rows * by_columns(flat, of_row)).collect();
        let mut numbers = Vec::with_capacity(width);
        for row in 0..if width == 0 { 0 } else { rows } {
            numbers.clear();
            numbers.extend(places.iter().map(|place| stored[place + row]));
            dense.extend(&numbers)?;
        }
    } else {
        rounded = header.numbers(source, |numbers| dense.extend(numbers))?;
    }
    let bytes = header.item.type_char() == TypeChar::Uint && header.item.size_field() == 1;
    let mut frame = dense.finish(&source.origin.path, &header.shape, bytes, options)?;
    if let Some((place, text)) = rounded {
        let width: usize = of_row.iter().product();
        let (row, column) = match header.order {
            Order::Fortran => {
                let of_place = |&flat: &usize| by_columns(flat, of_row) == place / rows;
                (place % rows, (0..width).find(of_place).unwrap_or(0))
            }
            Order::C => (place / width, place % width),
        };
        let name = frame.names().nth(column).unwrap_or_default().into_owned();
        frame.reading.decide_rounded(&name, &(row, text));
    }
    Ok(frame)
}

/// The place in Fortran order of what has the place `flat` in C order.
fn by_columns(mut flat: usize, shape: &[usize]) -> usize {
    let mut indices = vec![0; shape.len()];
    for (index, &size) in indices.iter_mut().zip(shape).rev() {
        *index = flat % size;
        flat /= size;
    }
    indices.iter().zip(shape).rev().fold(0, |place, (index, size)| place * size + index)
}
