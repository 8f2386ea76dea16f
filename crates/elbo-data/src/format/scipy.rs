//! Sparse matrices as SciPy saves them: a few arrays of an `.npz` file.

use std::path::Path;

use super::array::{read_labels, read_numbers};
use super::entries::{MOST, by_rows, is_believed, is_count, matrix};

use crate::error::Error;
use crate::frame::{Column, Frame};
use crate::options::ReadOptions;
use crate::source::Source;

/// Whether arrays of these names are such a matrix.
pub(super) fn is_sparse(names: &[String]) -> bool {
    ["format", "shape", "data"].iter().all(|wanted| names.iter().any(|name| name == wanted))
}

/// Reads a matrix whose arrays `array` opens by their names. Counts stay sparse; other numbers become rows, 0 where the file
/// has none.
pub(super) fn read(
    path: &Path,
    array: impl Fn(&str) -> Result<Source, Error>,
    options: &ReadOptions,
) -> Result<Frame, Error> {
    let damaged = |reason: &str| Error::Damaged {
        path: path.to_owned(),
        format: "sparse matrix of SciPy",
        reason: reason.into(),
    };
    let numbers = |name: &str| read_numbers(&mut array(name)?);
    let format = read_labels(&mut array("format")?)?.concat();
    if !["coo", "csr", "csc"].contains(&format.as_str()) {
        let rule = format!("is a sparse matrix of SciPy in the format `{format}`: save it after `.tocsr()`");
        return Err(Error::Unread { path: path.to_owned(), rule });
    }
    let index = |x: f64| (x >= 0.0 && x.fract() == 0.0 && x <= MOST as f64).then_some(x as u32);
    let indices = |name: &str| -> Result<Vec<u32>, Error> {
        let all: Option<Vec<u32>> = numbers(name)?.into_iter().map(index).collect();
        all.ok_or_else(|| damaged(&format!("`{name}` holds a number that is no index from 0 to {MOST}")))
    };
    let shape = indices("shape")?;
    let &[rows, columns] = shape.as_slice() else {
        return Err(damaged("its shape is not of two dimensions"));
    };
    let data = numbers("data")?;
    let offsets = |count| {
        let rule = "`indptr` does not rise from 0 to the number of entries, once for each row or column";
        expanded(&numbers("indptr")?, count, data.len()).ok_or_else(|| damaged(rule))
    };
    let (row, column) = match format.as_str() {
        "csr" => (offsets(rows)?, indices("indices")?),
        "csc" => (indices("indices")?, offsets(columns)?),
        _ => (indices("row")?, indices("col")?),
    };
    if row.len() != data.len() || column.len() != data.len() {
        return Err(damaged("its arrays differ in length"));
    }
    if row.iter().any(|&row| row >= rows) || column.iter().any(|&column| column >= columns) {
        return Err(damaged("an index is beyond its shape"));
    }
    if data.iter().any(|value| !value.is_finite()) {
        return Err(damaged("a number is not finite"));
    }
    let mut shape = [rows as usize, columns as usize];
    if shape.iter().any(|&size| !is_believed(size, data.len())) {
        return Err(damaged("it has too few entries for its size"));
    }
    let places = row
        .into_iter()
        .zip(column)
        .map(|(row, column)| if options.counts.transpose { (column, row) } else { (row, column) });
    let places: Vec<(u32, u32)> = places.collect();
    if options.counts.transpose {
        shape.reverse();
    }
    if !data.iter().all(|&value| is_count(value)) {
        let entries =
            places.into_iter().zip(data).map(|((row, column), value)| (row, column, value)).collect();
        return matrix(path, shape, entries, None, options);
    }
    let entries =
        places.into_iter().zip(data).map(|((row, column), value)| (row, column, value as u32)).collect();
    let counts = by_rows(shape[0], shape[1], entries, None).map_err(|(row, column)| {
        damaged(&format!("the count of row {row}, column {column} is beyond 4294967295"))
    })?;
    let frame = Frame { name: path.display().to_string(), memory: options.memory, ..Frame::new() };
    Ok(frame.with("counts", Column::Sparse(counts)))
}

/// The row of each entry, where those of row r are `offsets[r]..offsets[r + 1]`.
fn expanded(offsets: &[f64], rows: u32, entries: usize) -> Option<Vec<u32>> {
    let rising = offsets.windows(2).all(|pair| pair[0] <= pair[1]);
    let all_there = offsets.len() == rows as usize + 1 && offsets.last() == Some(&(entries as f64));
    if !all_there || offsets[0] != 0.0 || !rising {
        return None;
    }
    let mut all = Vec::with_capacity(entries);
    for (row, pair) in offsets.windows(2).enumerate() {
        all.resize(pair[1] as usize, row as u32);
    }
    Some(all)
}
