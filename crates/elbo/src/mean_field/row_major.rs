//! Slices of numbers as matrices, row by row.

use faer::{Mat, MatRef};

pub(super) fn view(block: &[f64], width: usize) -> MatRef<'_, f64> {
    MatRef::from_row_major_slice(block, block.len() / width, width)
}

pub(super) fn store(from: &Mat<f64>, block: &mut [f64]) {
    let width = from.ncols();
    block.iter_mut().enumerate().for_each(|(i, v)| *v = from[(i / width, i % width)]);
}
