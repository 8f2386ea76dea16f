//! ψ of every row of a fit, in tables.

use crate::{engine::record, minibatch::Rows};

/// ψ of every row of a fit, with what its ascent carries on: a record of 6K + 1 numbers a row, in the order of the rows.
///
/// A record is (μ, a, first moments, second moments, steps taken), with log σ² = 30 tanh(a/30); a row with no steps was
/// never visited.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalParameters {
    /// The records of the training rows, `[N, 6K + 1]`.
    pub train: Vec<f32>,
    /// The records of the validation rows, in the same form.
    pub validation: Vec<f32>,
}

impl LocalParameters {
    /// Of rows that were never visited.
    pub(crate) fn new(latent: usize, train: usize, validation: usize) -> Self {
        let table = |rows: usize| vec![0.0; rows * record(latent)];
        Self { train: table(train), validation: table(validation) }
    }
}

/// Where in a table the record of each row of the matrix stands.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    places: Vec<u32>,
    size: usize,
}

impl Places {
    pub(crate) fn new(rows: &Rows<'_>, latent: usize) -> Self {
        let last = rows.index().iter().max().map_or(0, |last| last + 1);
        let mut places = vec![u32::MAX; last];
        for (place, &row) in (0..).zip(rows.index()) {
            places[row] = place;
        }
        Self { places, size: record(latent) }
    }

    fn range(&self, row: usize) -> std::ops::Range<usize> {
        let start = self.places[row] as usize * self.size;
        start..start + self.size
    }

    /// The records of some rows.
    pub(crate) fn read(&self, table: &[f32], rows: &[usize], records: &mut Vec<f32>) {
        records.clear();
        for &row in rows {
            records.extend_from_slice(&table[self.range(row)]);
        }
    }

    /// Puts the records of some rows back.
    pub(crate) fn write(&self, table: &mut [f32], rows: &[usize], records: &[f32]) {
        for (&row, record) in rows.iter().zip(records.chunks_exact(self.size)) {
            table[self.range(row)].copy_from_slice(record);
        }
    }
}
