//! Matrices stored so that every kernel reads forwards: panels of 32 columns, in each all rows.

use crate::level::kernel;

/// Columns of a panel.
pub const WIDTH: usize = 32;

/// The 32 columns of one row in one panel, on a cache line.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Row(pub [f32; WIDTH]);

impl Row {
    /// A row of zeros.
    pub const ZERO: Self = Self([0.0; WIDTH]);

    /// Columns 0 to 15, or 16 to 31.
    #[inline(always)]
    pub(crate) fn half(&self, half: usize) -> &[f32; 16] {
        self.0.as_chunks::<16>().0.get(half).expect("two halves")
    }

    #[inline(always)]
    pub(crate) fn half_mut(&mut self, half: usize) -> &mut [f32; 16] {
        self.0.as_chunks_mut::<16>().0.get_mut(half).expect("two halves")
    }

    /// The numbers of neighbouring rows as one slice: loops over it become vector code of any level.
    #[inline(always)]
    pub(crate) fn flat(rows: &[Self]) -> &[f32] {
        // SAFETY: a `Row` is 32 f32 and nothing else (`repr(C)`, 128 bytes), so n rows are 32 n f32 in a row.
        unsafe { std::slice::from_raw_parts(rows.as_ptr().cast(), rows.len() * WIDTH) }
    }

    #[inline(always)]
    pub(crate) fn flat_mut(rows: &mut [Self]) -> &mut [f32] {
        // SAFETY: as for `flat`; the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(rows.as_mut_ptr().cast(), rows.len() * WIDTH) }
    }
}

/// A matrix of f32 in panels. Columns beyond the last are padding of any value, which no kernel uses.
///
/// ```
/// use elbo_kernels::Panels;
/// let mut m = Panels::new(2, 40);
/// let values: Vec<f32> = (0..80).map(|v| v as f32).collect();
/// m.read_rows(&values);
/// assert_eq!(m.at(1, 35), 75.0);
/// let mut back = vec![0.0; 80];
/// m.write_rows(&mut back);
/// assert_eq!(back, values);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panels {
    rows: usize,
    columns: usize,
    data: Vec<Row>,
}

impl Panels {
    /// Makes a matrix of this shape, all zero.
    pub fn new(rows: usize, columns: usize) -> Self {
        Self { rows, columns, data: vec![Row::ZERO; rows * columns.div_ceil(WIDTH)] }
    }

    /// Takes another number of rows; the values are then without meaning. It allocates only for more rows than ever
    /// before.
    pub fn resize(&mut self, rows: usize) {
        if rows != self.rows {
            self.rows = rows;
            self.data.resize(rows * self.columns.div_ceil(WIDTH), Row::ZERO);
        }
    }

    /// The number of rows.
    #[inline(always)]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns.
    #[inline(always)]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Columns of panel `panel` that are not padding.
    #[inline(always)]
    pub fn live(&self, panel: usize) -> usize {
        (self.columns - panel * WIDTH).min(WIDTH)
    }

    /// The rows of panel `panel`: its columns start at 32 · `panel`.
    #[inline(always)]
    pub fn panel(&self, panel: usize) -> &[Row] {
        &self.data[panel * self.rows..][..self.rows]
    }

    /// The rows of panel `panel`, to be written.
    #[inline(always)]
    pub fn panel_mut(&mut self, panel: usize) -> &mut [Row] {
        &mut self.data[panel * self.rows..][..self.rows]
    }

    /// All panels, from the left.
    #[inline(always)]
    pub fn panels(&self) -> impl ExactSizeIterator<Item = &[Row]> + Clone {
        // A matrix without rows has no panels to read.
        self.data.chunks_exact(self.rows.max(1))
    }

    /// All values, panel after panel: `rows` of them for each panel.
    pub fn as_mut_slice(&mut self) -> &mut [Row] {
        &mut self.data
    }

    /// The value at a place.
    #[inline(always)]
    pub fn at(&self, row: usize, column: usize) -> f32 {
        self.panel(column / WIDTH)[row].0[column % WIDTH]
    }

    /// Sets the value at a place.
    #[inline(always)]
    pub fn set(&mut self, row: usize, column: usize, value: f32) {
        self.panel_mut(column / WIDTH)[row].0[column % WIDTH] = value;
    }

    /// Takes the values of a row-major matrix of the same shape.
    ///
    /// # Panics
    /// It panics where the number of values is another.
    pub fn read_rows(&mut self, values: &[f32]) {
        assert_eq!(values.len(), self.rows * self.columns, "a row-major matrix of the same shape");
        for (r, values) in values.chunks_exact(self.columns.max(1)).enumerate() {
            for (p, values) in values.chunks(WIDTH).enumerate() {
                self.data[p * self.rows + r].0[..values.len()].copy_from_slice(values);
            }
        }
    }

    /// Writes the values to a row-major matrix of the same shape.
    ///
    /// # Panics
    /// It panics where the number of values is another.
    pub fn write_rows(&self, values: &mut [f32]) {
        assert_eq!(values.len(), self.rows * self.columns, "a row-major matrix of the same shape");
        for (r, values) in values.chunks_exact_mut(self.columns.max(1)).enumerate() {
            for (p, values) in values.chunks_mut(WIDTH).enumerate() {
                values.copy_from_slice(&self.data[p * self.rows + r].0[..values.len()]);
            }
        }
    }
}

/// Packs one panel of a row-major `[rows, columns]` matrix: columns 32 · `panel` and on.
pub fn pack(matrix: &[f32], columns: usize, panel: usize, out: &mut [Row]) {
    let from = panel * WIDTH;
    let live = (columns - from).min(WIDTH);
    for (row, out) in matrix.chunks_exact(columns).zip(out) {
        if live == WIDTH {
            out.0.copy_from_slice(&row[from..from + WIDTH]);
        } else {
            out.0[..live].copy_from_slice(&row[from..from + live]);
        }
    }
}

kernel! {
    /// Packs one panel of the transpose of a row-major `[rows, columns]` matrix: its columns are the matrix's rows
    /// 32 · `panel` and on, `out` has a row for each of its columns.
    pub fn pack_transposed<V>(matrix: &[f32], columns: usize, panel: usize, out: &mut [Row]) {
        assert_eq!(out.len(), columns, "a row for each column");
        let rows = matrix.len() / columns.max(1);
        let from = panel * WIDTH;
        let live = (rows - from).min(WIDTH);
        let matrix = &matrix[from * columns..][..live * columns];
        for half in 0..live.div_ceil(16) {
            let matrix = &matrix[half * 16 * columns..];
            let mut done = 0;
            if live >= (half + 1) * 16 {
                // Squares of sixteen by sixteen.
                let (squares, _) = out.as_chunks_mut::<16>();
                for square in squares {
                    let mut rows = [V::splat(0.0); 16];
                    for (r, row) in rows.iter_mut().enumerate() {
                        let sixteen = &matrix[r * columns + done..][..16];
                        *row = V::load(sixteen.try_into().expect("sixteen"));
                    }
                    for (column, out) in V::transpose(rows).into_iter().zip(square) {
                        column.store(out.half_mut(half));
                    }
                    done += 16;
                }
            }
            for (column, out) in out.iter_mut().enumerate().skip(done) {
                for (r, row) in matrix.chunks_exact(columns).take(16).enumerate() {
                    out.half_mut(half)[r] = row[column];
                }
            }
        }
    }
}

kernel! {
    /// Multiplies each row by its factor.
    pub fn scale_rows<V>(matrix: &mut Panels, factors: &[f32]) {
        assert_eq!(factors.len(), matrix.rows, "a factor for each row");
        for panel in matrix.data.chunks_exact_mut(factors.len().max(1)) {
            for (row, &factor) in panel.iter_mut().zip(factors) {
                for value in &mut row.0 {
                    *value *= factor;
                }
            }
        }
    }
}
