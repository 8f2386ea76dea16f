//! The rows of a regression as equations, \[T t\] with ‖y − Xw‖² = ‖Tw − t‖²: their triangle, \[X y\] = Q \[T t\], or, where they
//! are fewer than the columns, the rows themselves.
//!
//! A triangle is XᵀX, Xᵀy and yᵀy without their squared condition: nothing cancels where columns nearly coincide or the fit
//! is nearly perfect. Triangles of some rows are stacked and triangularised again (Golub and Van Loan 2013, section 5.2).

use std::{ops::Range, sync::Arc};

use faer::{Mat, MatRef};
use rayon::prelude::*;

use crate::{Error, check, error::Domain};

/// Parts of the rows that run in parallel: a fixed number, so that sums do not depend on the threads.
const PARTS: usize = 64;

/// Rows put below a triangle at a time.
const BLOCK: usize = 512;

/// Rows x, `[N, columns]`, and their y, `[N]`, NaN where it is missing.
#[derive(Clone, Copy)]
pub(super) struct Observed<'a> {
    pub(super) x: &'a [f64],
    pub(super) columns: usize,
    pub(super) y: &'a [f64],
    /// How many rows each stands for, `[N]`; one, where there are none.
    pub(super) weights: Option<&'a [f64]>,
}

impl Observed<'_> {
    fn check(&self) -> Result<(), Error> {
        let Self { x, columns, y, weights } = self;
        if y.len().checked_mul(*columns) != Some(x.len()) {
            let expected = vec![y.len(), *columns];
            return Err(Error::Shape { what: "x".into(), expected, got: vec![x.len()] });
        }
        if let Some(weights) = weights {
            check::row_weights(weights, y.len())?;
        }
        (0..y.len()).try_for_each(|n| check(self.row(n), y[n], n))
    }

    fn row(&self, n: usize) -> &[f64] {
        &self.x[n * self.columns..(n + 1) * self.columns]
    }

    fn weight(&self, n: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[n])
    }

    /// The rows that say anything.
    fn speaking(&self, rows: Range<usize>) -> impl Iterator<Item = usize> {
        rows.filter(|&n| !self.y[n].is_nan() && self.weight(n) > 0.0)
    }

    /// √weight (1, x, y) of a row, with a 1 where there is an `intercept`.
    fn equation(&self, n: usize, intercept: bool) -> impl Iterator<Item = f64> {
        let root = self.weight(n).sqrt();
        let one = intercept.then_some(1.0).into_iter();
        one.chain(self.row(n).iter().copied()).chain([self.y[n]]).map(move |v| root * v)
    }

    fn triangle(&self, rows: Range<usize>, intercept: bool) -> Mat<f64> {
        let width = usize::from(intercept) + self.columns + 1;
        let mut whole = Mat::zeros(width, width);
        let mut block: Vec<f64> = Vec::with_capacity(BLOCK.min(rows.len()) * width);
        let mut below = |block: &mut Vec<f64>| {
            if !block.is_empty() {
                let rows = MatRef::from_row_major_slice(block, block.len() / width, width);
                whole = triangle(whole.as_ref(), rows);
                block.clear();
            }
        };
        for n in self.speaking(rows) {
            block.extend(self.equation(n, intercept));
            if block.len() == BLOCK * width {
                below(&mut block);
            }
        }
        below(&mut block);
        whole
    }
}

/// All that a regression keeps of its rows.
#[derive(Clone, Debug)]
pub(super) struct Statistics {
    /// How many rows have a y, each as often as it counts.
    pub(super) rows: f64,
    /// Whether the first column is ones.
    intercept: bool,
    /// \[T t\], `[R, P + 1]`.
    equations: Mat<f64>,
}

impl Statistics {
    /// With a column of ones before the others where there is an `intercept`.
    pub(super) fn of(observed: Observed<'_>, intercept: bool) -> Result<Self, Error> {
        observed.check()?;
        let columns = observed.columns;
        if !intercept {
            check::at_least("the number of columns without an intercept", columns, 1)?;
        }
        let (width, all) = (usize::from(intercept) + columns + 1, observed.y.len());
        let rows = observed.speaking(0..all).map(|n| observed.weight(n)).sum();
        let speaking: Vec<usize> = observed.speaking(0..all).take(columns).collect();
        if speaking.len() < columns {
            let mut equations = Mat::zeros(speaking.len().max(1), width);
            for (i, &n) in speaking.iter().enumerate() {
                observed.equation(n, intercept).enumerate().for_each(|(j, v)| equations[(i, j)] = v);
            }
            return Ok(Self { rows, intercept, equations });
        }
        let each = all.div_ceil(PARTS).max(1);
        let mut equations = Mat::zeros(width, width);
        let parts: Vec<Range<usize>> =
            (0..all).step_by(each).map(|from| from..all.min(from + each)).collect();
        // In rounds, so that only so many triangles are held at once.
        for round in parts.chunks(rayon::current_num_threads()) {
            let triangles: Vec<Mat<f64>> =
                round.par_iter().map(|part| observed.triangle(part.clone(), intercept)).collect();
            for part in triangles {
                equations = triangle(equations.as_ref(), part.as_ref());
            }
        }
        Ok(Self { rows, intercept, equations })
    }

    /// P, the number of coefficients.
    pub(super) fn width(&self) -> usize {
        self.equations.ncols() - 1
    }

    /// D, the number of weights.
    pub(super) fn columns(&self) -> usize {
        self.width() - usize::from(self.intercept)
    }

    /// Whether there are fewer rows than columns.
    pub(super) fn is_wide(&self) -> bool {
        self.equations.nrows() < self.columns()
    }

    /// \[T t\], `[R, P + 1]`.
    pub(super) fn equations(&self) -> MatRef<'_, f64> {
        self.equations.as_ref()
    }

    /// ‖y − Xw‖².
    pub(super) fn squares(&self, w: &[f64]) -> f64 {
        let signed = Mat::from_fn(w.len() + 1, 1, |j, _| *w.get(j).unwrap_or(&-1.0));
        (self.equations() * signed).squared_norm_l2()
    }

    /// Σ x² of column j.
    pub(super) fn column_squares(&self, j: usize) -> f64 {
        self.equations.col(j).squared_norm_l2()
    }

    /// Σ y², about its mean where the first column is ones.
    pub(super) fn target_squares(&self) -> f64 {
        let target = self.equations.col(self.width());
        let ones = self.equations.col(0);
        let mean = if self.intercept { ones.transpose() * target / ones.squared_norm_l2() } else { 0.0 };
        let mean = if mean.is_finite() { mean } else { 0.0 };
        (0..target.nrows()).map(|i| (target[i] - mean * ones[i]).powi(2)).sum()
    }

    /// X S = L Qᵀ of fewer rows than columns, S of these deviations.
    pub(super) fn basis(&self, deviation: impl Fn(usize) -> f64) -> Basis {
        let (one, columns, rank) = (usize::from(self.intercept), self.columns(), self.equations.nrows());
        let scaled = Mat::from_fn(columns, rank, |j, n| deviation(j) * self.equations[(n, one + j)]);
        let qr = scaled.qr();
        let (q, r) = (qr.compute_thin_Q(), qr.thin_R());
        Basis {
            basis: Arc::new((0..columns * rank).map(|e| q[(e / rank, e % rank)]).collect()),
            lower: Mat::from_fn(rank, rank, |i, j| if j > i { 0.0 } else { r[(j, i)] }),
        }
    }
}

/// Where fewer rows than columns lie.
#[derive(Clone, Debug)]
pub(super) struct Basis {
    /// Q, `[D, R]`.
    pub(super) basis: Arc<Vec<f64>>,
    /// L, `[R, R]`, lower triangular.
    pub(super) lower: Mat<f64>,
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
