//! Slices of numbers as matrices, row by row.

use faer::{Mat, MatRef};

use crate::distribution::cholesky::axpy;

pub(super) fn view(block: &[f64], width: usize) -> MatRef<'_, f64> {
    MatRef::from_row_major_slice(block, block.len() / width, width)
}

/// Bᵀ A B in place of a small A, both `[n, n]`: a library would allocate more than it computes.
pub(super) fn congruence(by: &[f64], block: &mut [f64], n: usize, room: &mut Vec<f64>) {
    room.clear();
    room.resize(n * n, 0.0);
    for (row, out) in block.chunks(n).zip(room.chunks_mut(n)) {
        row.iter().zip(by.chunks(n)).for_each(|(a, by)| axpy(out, *a, by));
    }
    block.fill(0.0);
    for (by, row) in by.chunks(n).zip(room.chunks(n)) {
        by.iter().zip(block.chunks_mut(n)).for_each(|(b, out)| axpy(out, *b, row));
    }
}

/// The rows of a matrix, one after the other.
pub(super) fn row_by_row(of: MatRef<'_, f64>) -> Vec<f64> {
    (0..of.nrows()).flat_map(|i| (0..of.ncols()).map(move |j| of[(i, j)])).collect()
}

pub(super) fn store(from: &Mat<f64>, block: &mut [f64]) {
    let width = from.ncols();
    block.iter_mut().enumerate().for_each(|(i, v)| *v = from[(i / width, i % width)]);
}
