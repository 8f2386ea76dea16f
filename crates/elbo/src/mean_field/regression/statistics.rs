//! The rows of a regression as one triangle: \[X y\] = Q R, so that ‖y − Xw‖² = ‖Tw − t‖² + ρ², \[T t; 0 ρ\] = R.
//!
//! R is XᵀX, Xᵀy and yᵀy without their squared condition: nothing cancels where columns nearly coincide or the fit is
//! nearly perfect. Triangles of some rows are stacked and triangularised again (Golub and Van Loan 2013, section 5.2).

use std::ops::Range;

use faer::{Mat, MatRef};
use rayon::prelude::*;

use crate::{Error, check, error::Domain};

/// Parts of the rows that run in parallel: a fixed number, so that sums do not depend on the threads.
const PARTS: usize = 64;

/// Rows put below a triangle at a time.
const BLOCK: usize = 512;

/// All that a regression keeps of its rows.
#[derive(Clone, Debug)]
pub(super) struct Statistics {
    /// How many rows have a y.
    pub(super) rows: f64,
    /// \[T t; 0 ρ\], `[P + 1, P + 1]`.
    triangle: Mat<f64>,
}

impl Statistics {
    /// Of rows x, `[N, columns]`, with a column of ones before them where there is an `intercept`, and their y, `[N]`.
    pub(super) fn of(x: &[f64], columns: usize, y: &[f64], intercept: bool) -> Result<Self, Error> {
        if x.len() != y.len() * columns {
            return Err(Error::Shape {
                what: "x".into(),
                expected: vec![y.len(), columns],
                got: vec![x.len()],
            });
        }
        if !intercept {
            check::at_least("the number of columns without an intercept", columns, 1)?;
        }
        let width = usize::from(intercept) + columns + 1;
        let each = y.len().div_ceil(PARTS).max(1);
        let parts: Vec<Result<Self, Error>> = (0..PARTS)
            .into_par_iter()
            .map(|part| Self::part(x, columns, y, each * part..each * (part + 1), width))
            .collect();
        let mut whole = Self { rows: 0.0, triangle: Mat::zeros(width, width) };
        for part in parts {
            let part = part?;
            if part.rows > 0.0 {
                whole.rows += part.rows;
                whole.triangle = triangle(whole.triangle.as_ref(), part.triangle.as_ref());
            }
        }
        Ok(whole)
    }

    fn part(x: &[f64], columns: usize, y: &[f64], rows: Range<usize>, width: usize) -> Result<Self, Error> {
        let mut part = Self { rows: 0.0, triangle: Mat::zeros(width, width) };
        let mut block: Vec<f64> = Vec::with_capacity(BLOCK * width);
        let last = rows.end.min(y.len());
        for n in rows.start..last {
            let (x, y) = (&x[n * columns..(n + 1) * columns], y[n]);
            check(x, y, n)?;
            if !y.is_nan() {
                part.rows += 1.0;
                block.extend(std::iter::repeat_n(1.0, width - 1 - columns));
                block.extend(x);
                block.push(y);
            }
            if block.len() == BLOCK * width || n + 1 == last {
                let rows = MatRef::from_row_major_slice(&block, block.len() / width, width);
                part.triangle = triangle(part.triangle.as_ref(), rows);
                block.clear();
            }
        }
        Ok(part)
    }

    /// P, the number of coefficients.
    pub(super) fn width(&self) -> usize {
        self.triangle.ncols() - 1
    }

    /// T, `[P, P]`.
    pub(super) fn design(&self) -> MatRef<'_, f64> {
        self.triangle.submatrix(0, 0, self.width(), self.width())
    }

    /// \[T t\], `[P, P + 1]`.
    pub(super) fn equations(&self) -> MatRef<'_, f64> {
        self.triangle.submatrix(0, 0, self.width(), self.width() + 1)
    }

    /// ‖y − Xw‖².
    pub(super) fn squares(&self, w: &[f64]) -> f64 {
        let residual = self.equations() * Mat::from_fn(w.len() + 1, 1, |j, _| *w.get(j).unwrap_or(&-1.0));
        residual.squared_norm_l2() + self.triangle[(self.width(), self.width())].powi(2)
    }

    /// Σ x² of column j.
    pub(super) fn column_squares(&self, j: usize) -> f64 {
        self.triangle.col(j).squared_norm_l2()
    }

    /// Σ y², about its mean where the first column is ones.
    pub(super) fn target_squares(&self, intercept: bool) -> f64 {
        let from = usize::from(intercept);
        self.triangle.col(self.width()).subrows(from, self.width() + 1 - from).squared_norm_l2()
    }
}

/// x is given and not modelled: a row without a y says nothing, a cell that is missing beside a y cannot be left out.
fn check(x: &[f64], y: f64, row: usize) -> Result<(), Error> {
    if y.is_infinite() {
        let what = format!("y of row {}", row + 1);
        return Err(Error::Domain { what, value: y, domain: Domain::FiniteOrMissing });
    }
    given(x, row, !y.is_nan())
}

/// Refuses an infinite cell of x and, where it is `needed`, a missing one.
pub(super) fn given(x: &[f64], row: usize, needed: bool) -> Result<(), Error> {
    match x.iter().position(|x| x.is_infinite() || needed && x.is_nan()) {
        None => Ok(()),
        Some(column) => {
            let what = format!("x in row {}, column {}", row + 1, column + 1);
            Err(Error::Domain { what, value: x[column], domain: Domain::Given })
        }
    }
}

/// The square triangle R of two matrices of the same width, one above the other: RᵀR = AᵀA + BᵀB. Together they must have
/// at least as many rows as columns.
pub(super) fn triangle(above: MatRef<'_, f64>, below: MatRef<'_, f64>) -> Mat<f64> {
    let rows = above.nrows();
    let stacked = Mat::from_fn(rows + below.nrows(), above.ncols(), |i, j| {
        if i < rows { above[(i, j)] } else { below[(i - rows, j)] }
    });
    let r = stacked.qr().thin_R().to_owned();
    // What lies below the diagonal are the reflections; a diagonal that is not negative makes R unique.
    let sign = |i: usize| if r[(i, i)] < 0.0 { -1.0 } else { 1.0 };
    Mat::from_fn(r.nrows(), r.ncols(), |i, j| if i > j { 0.0 } else { sign(i) * r[(i, j)] })
}
