//! Rows of a data set, minibatches of them, and the one N/B of the system (E17).

use rayon::prelude::*;

use crate::{
    distribution::bernoulli::Binarise,
    random::{Key, Purpose},
};

/// Rows evaluated at a time on the CPU: bounds the memory, and fixes the arithmetic whatever the number of threads.
pub(crate) const CHUNK: usize = 256;

/// Rows that one thread copies at a time.
const TOGETHER: usize = 64;

/// Some rows of a row-major data matrix `[_, D]`, in an order of their own.
///
/// A row keeps its index in the matrix: noise and binarisation are keyed by it.
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    values: &'a [f32],
    width: usize,
    index: Vec<usize>,
}

impl<'a> Rows<'a> {
    /// All rows of a matrix of `width` columns, in order.
    pub fn all(values: &'a [f32], width: usize) -> Self {
        Self { values, width, index: (0..values.len() / width.max(1)).collect() }
    }

    /// The rows with these indices into the matrix.
    #[must_use]
    pub fn select(&self, index: Vec<usize>) -> Self {
        Self { values: self.values, width: self.width, index }
    }

    /// N, the number of rows.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// D, the number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The rows' indices in the matrix.
    pub fn index(&self) -> &[usize] {
        &self.index
    }

    /// The values of each row.
    pub fn iter(&self) -> impl Iterator<Item = &'a [f32]> {
        self.index.iter().map(|&row| self.row(row))
    }

    fn row(&self, row: usize) -> &'a [f32] {
        &self.values[row * self.width..][..self.width]
    }

    /// Mean and variance (divided by N) of each column.
    pub fn moments(&self) -> (Vec<f64>, Vec<f64>) {
        let n = self.len().max(1) as f64;
        let mut mean = vec![0.0; self.width];
        for row in self.iter() {
            for (m, &x) in mean.iter_mut().zip(row) {
                *m += f64::from(x);
            }
        }
        // Divided last: sums of equal f32 are exact in f64, so a constant column has variance 0 and no other.
        for m in &mut mean {
            *m /= n;
        }
        let mut variance = vec![0.0; self.width];
        for row in self.iter() {
            for ((v, &x), m) in variance.iter_mut().zip(row).zip(&mean) {
                *v += (f64::from(x) - m).powi(2) / n;
            }
        }
        (mean, variance)
    }

    /// The smallest difference between two values of each column, among the first so many rows; infinite where all are equal.
    ///
    /// ```
    /// use elbo::minibatch::Rows;
    /// // Whole numbers beside halves.
    /// let rows = Rows::all(&[3.0, 0.5, 1.0, 0.0, 3.0, 2.0], 2);
    /// assert_eq!(rows.resolution(100), [2.0, 0.5]);
    /// ```
    pub fn resolution(&self, rows: usize) -> Vec<f64> {
        let smallest = |column: usize| {
            let mut values: Vec<f32> = self.iter().take(rows).map(|row| row[column]).collect();
            values.sort_unstable_by(f32::total_cmp);
            let steps = values.windows(2).map(|pair| f64::from(pair[1]) - f64::from(pair[0]));
            steps.filter(|&step| step > 0.0).fold(f64::INFINITY, f64::min)
        };
        (0..self.width).into_par_iter().map(smallest).collect()
    }

    /// Row (index in the matrix), column and value of the first cell for which `wrong` holds.
    pub fn first(&self, wrong: impl Fn(f32) -> bool) -> Option<(usize, usize, f32)> {
        self.index.iter().find_map(|&row| {
            self.row(row).iter().position(|&v| wrong(v)).map(|column| (row, column, self.row(row)[column]))
        })
    }

    /// Splits off a validation set: the first ⌈fraction · N⌉ rows of a permutation drawn from `seed`, at
    /// least one on either side. Returns (training, validation), each in the order of the matrix.
    ///
    /// ```
    /// use elbo::{minibatch::Rows, random::Key};
    /// let values = [0.0; 20];
    /// let (train, validation) = Rows::all(&values, 2).split(0.2, Key::new(1));
    /// assert_eq!((train.len(), validation.len()), (8, 2));
    /// ```
    pub fn split(&self, fraction: f64, seed: Key) -> (Self, Self) {
        let part = |places: Vec<usize>| {
            let mut index: Vec<usize> = places.iter().map(|&place| self.index[place]).collect();
            index.sort_unstable();
            self.select(index)
        };
        let (training, validation) = split(self.len(), fraction, seed);
        (part(training), part(validation))
    }

    /// All rows in order, a thousand at a time, so that they are never copied all at once. The terms of an objective,
    /// evaluated piece by piece, are those of all rows at once.
    pub fn pieces(&self, binarise: Binarise, draws: Key) -> impl Iterator<Item = Minibatch> {
        self.index.chunks(4 * CHUNK).map(move |rows| self.minibatch(rows.iter().copied(), binarise, draws))
    }

    /// The minibatches of one epoch: every row once, in an order drawn from `key`, `size` rows each and the
    /// last one what is left. Nothing is dropped.
    pub fn minibatches(&self, size: usize, binarise: Binarise, key: Key, epoch: u64) -> Minibatches<'_, 'a> {
        Minibatches {
            rows: self,
            order: key.purpose(Purpose::Shuffle).fold(epoch).permutation(self.len()),
            size: size.max(1),
            binarise,
            draws: key.purpose(Purpose::Binarise).fold(epoch),
            next: 0,
        }
    }

    /// The minibatch of the rows with these indices in the matrix.
    pub fn minibatch(&self, rows: impl Iterator<Item = usize>, binarise: Binarise, draws: Key) -> Minibatch {
        let mut minibatch = Minibatch::default();
        self.fill(&mut minibatch, rows, binarise, draws);
        minibatch
    }

    /// The same, in the room of an earlier minibatch, on rayon's current thread pool.
    pub fn fill(
        &self,
        minibatch: &mut Minibatch,
        rows: impl Iterator<Item = usize>,
        binarise: Binarise,
        draws: Key,
    ) {
        let Minibatch { rows: index, values, width, total } = minibatch;
        (*width, *total) = (self.width, self.len());
        index.clear();
        index.extend(rows);
        values.resize(index.len() * self.width, 0.0);
        index.par_chunks(TOGETHER).zip(values.par_chunks_mut(TOGETHER * self.width.max(1))).for_each(
            |(index, values)| {
                for (&row, values) in index.iter().zip(values.chunks_exact_mut(self.width)) {
                    values.copy_from_slice(self.row(row));
                    binarise.apply(draws, row as u64, values);
                }
            },
        );
    }
}

/// Of `n` rows those for training and those for validation, by their numbers from 0, as [`Rows::split`] chooses them.
pub fn split(n: usize, fraction: f64, seed: Key) -> (Vec<usize>, Vec<usize>) {
    let held = ((fraction * n as f64).ceil() as usize).clamp(1, n.max(2) - 1);
    let mut validation = seed.purpose(Purpose::Split).permutation(n);
    let mut training = validation.split_off(held);
    training.sort_unstable();
    validation.sort_unstable();
    (training, validation)
}

/// The minibatches of one epoch, in order; each can also be made by its number, in the room of another.
#[derive(Clone, Debug)]
pub struct Minibatches<'r, 'a> {
    rows: &'r Rows<'a>,
    order: Vec<usize>,
    size: usize,
    binarise: Binarise,
    draws: Key,
    next: usize,
}

impl Minibatches<'_, '_> {
    /// How many there are.
    pub fn number(&self) -> usize {
        self.order.len().div_ceil(self.size)
    }

    /// Makes minibatch number `number`, from 0.
    ///
    /// # Panics
    /// Where there is none of that number.
    pub fn fill(&self, number: usize, minibatch: &mut Minibatch) {
        let places = &self.order[number * self.size..self.order.len().min((number + 1) * self.size)];
        let rows = places.iter().map(|&place| self.rows.index[place]);
        self.rows.fill(minibatch, rows, self.binarise, self.draws);
    }
}

impl Iterator for Minibatches<'_, '_> {
    type Item = Minibatch;

    fn next(&mut self) -> Option<Minibatch> {
        if self.next == self.number() {
            return None;
        }
        let mut minibatch = Minibatch::default();
        self.fill(self.next, &mut minibatch);
        self.next += 1;
        Some(minibatch)
    }
}

/// B rows of a data set of N, which it knows.
#[derive(Clone, Debug, Default)]
pub struct Minibatch {
    /// The data rows, `[B]`: indices into the matrix they came from.
    pub rows: Vec<usize>,
    /// x, row-major `[B, D]`.
    pub values: Vec<f32>,
    /// D.
    pub width: usize,
    /// N.
    pub total: usize,
}

impl Minibatch {
    /// N/B, with this minibatch's own B: it makes the sum over the minibatch an unbiased estimate of the sum
    /// over the data set (E17).
    pub fn scale(&self) -> f64 {
        scale(self.total, self.rows.len())
    }
}

/// N/B of `rows` rows of `total`.
pub(crate) fn scale(total: usize, rows: usize) -> f64 {
    total as f64 / rows as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_holds_every_row_once_and_scales_add_up() {
        let values: Vec<f32> = (0..46).map(|v| v as f32).collect();
        let rows = Rows::all(&values, 2).select((3..23).collect());
        let batches: Vec<_> = rows.minibatches(6, Binarise::None, Key::new(3), 0).collect();
        assert_eq!(batches.iter().map(|b| b.rows.len()).collect::<Vec<_>>(), [6, 6, 6, 2]);
        assert_eq!(batches[3].scale(), 10.0);
        let mut seen: Vec<usize> = batches.iter().flat_map(|b| b.rows.clone()).collect();
        for batch in &batches {
            for (row, x) in batch.rows.iter().zip(batch.values.chunks(2)) {
                assert_eq!(x, [2.0 * *row as f32, 2.0 * *row as f32 + 1.0]);
            }
        }
        seen.sort_unstable();
        assert_eq!(seen, (3..23).collect::<Vec<_>>());
        let other: Vec<_> = rows.minibatches(6, Binarise::None, Key::new(3), 1).collect();
        assert_ne!(batches[0].rows, other[0].rows);
    }

    #[test]
    fn a_split_is_disjoint_complete_and_seeded() {
        let values = vec![0.0; 101];
        let rows = Rows::all(&values, 1);
        let (train, validation) = rows.split(0.1, Key::new(5));
        assert_eq!((train.len(), validation.len()), (90, 11));
        let mut both = [train.index(), validation.index()].concat();
        both.sort_unstable();
        assert_eq!(both, rows.index());
        assert_eq!(rows.split(0.1, Key::new(5)).1.index(), validation.index());
        assert_ne!(rows.split(0.1, Key::new(6)).1.index(), validation.index());
        assert_eq!(rows.select(vec![0, 1]).split(0.99, Key::new(5)).0.len(), 1);
    }

    #[test]
    fn dynamic_binarisation_changes_from_epoch_to_epoch_but_not_with_the_batch() {
        let values = vec![0.5; 400];
        let rows = Rows::all(&values, 40);
        let epoch = |size, epoch| {
            let mut all: Vec<(usize, Vec<f32>)> = rows
                .minibatches(size, Binarise::Dynamic, Key::new(1), epoch)
                .flat_map(|b| {
                    let x: Vec<_> = b.values.chunks(40).map(<[f32]>::to_vec).collect();
                    b.rows.into_iter().zip(x).collect::<Vec<_>>()
                })
                .collect();
            all.sort_by_key(|(row, _)| *row);
            all
        };
        assert_eq!(epoch(10, 0), epoch(3, 0));
        assert_ne!(epoch(10, 0), epoch(10, 1));
    }
}
