//! Rows in sequences that know nothing of each other, and sums over them.

use rayon::prelude::*;

use super::cells::check_finite;
use crate::{Error, check};

/// Parts that a sum over the sequences is made of: never the number of threads, on which no bit may depend.
const PARTS: usize = 64;

/// Sequences of rows, one after the other in one array.
#[derive(Clone, Debug)]
pub(super) struct Sequences<'a> {
    sequences: Vec<&'a [f64]>,
    columns: usize,
}

impl<'a> Sequences<'a> {
    /// Of `values`, row by row, in sequences of `lengths` rows each.
    ///
    /// # Errors
    /// It fails where the sizes disagree, a sequence has no row, or a value is infinite.
    pub(super) fn new(values: &'a [f64], columns: usize, lengths: &[usize]) -> Result<Self, Error> {
        let rows: usize = lengths.iter().sum();
        if columns == 0 || rows.checked_mul(columns) != Some(values.len()) {
            let (what, expected) = ("the data in sequences".into(), vec![rows, columns]);
            return Err(Error::Shape { what, expected, got: vec![values.len()] });
        }
        for (i, &length) in lengths.iter().enumerate() {
            check::at_least(&format!("the length of sequence {}", i + 1), length, 1)?;
        }
        check_finite(values, columns)?;
        let mut rest = values;
        let cut = |&length: &usize| {
            let (sequence, after) = rest.split_at(length * columns);
            rest = after;
            sequence
        };
        Ok(Self { sequences: lengths.iter().map(cut).collect(), columns })
    }

    /// One sequence.
    pub(super) fn one(values: &'a [f64], columns: usize) -> Result<Self, Error> {
        Self::new(values, columns, &[values.len().checked_div(columns).unwrap_or(0)])
    }

    /// The sequences, each row by row.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'a [f64]> + '_ {
        self.sequences.iter().copied()
    }

    /// All rows in order.
    pub(super) fn rows(&self) -> impl Iterator<Item = &'a [f64]> + '_ {
        self.iter().flat_map(|sequence| sequence.chunks(self.columns))
    }

    /// The values that a column has, in order.
    pub(super) fn column(&self, column: usize) -> impl Iterator<Item = f64> + '_ {
        self.rows().map(move |row| row[column]).filter(|x| !x.is_nan())
    }

    /// A sum over the sequences, which `add` takes in with their numbers: in parallel, and always in the same order.
    pub(super) fn sum<S: Send>(
        &self,
        zero: impl Fn() -> S + Sync,
        add: impl Fn(&mut S, usize, &[f64]) -> Result<(), Error> + Sync,
        merge: impl Fn(&mut S, &S),
    ) -> Result<S, Error> {
        let size = self.sequences.len().div_ceil(PARTS).max(1);
        let part = |(part, sequences): (usize, &[&[f64]])| {
            let mut sum = zero();
            for (i, sequence) in sequences.iter().enumerate() {
                add(&mut sum, part * size + i, sequence)?;
            }
            Ok(sum)
        };
        let parts: Vec<Result<S, Error>> = self.sequences.par_chunks(size).enumerate().map(part).collect();
        let mut total = zero();
        for part in parts {
            merge(&mut total, &part?);
        }
        Ok(total)
    }
}
