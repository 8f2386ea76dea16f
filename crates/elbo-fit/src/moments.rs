//! Means and variances of columns, by what is not missing.

use elbo_data::{Dataset, Number};

/// Of what a column has.
#[derive(Clone, Copy)]
pub(crate) struct Moments {
    pub(crate) mean: f64,
    pub(crate) variance: f64,
}

impl Moments {
    /// Whether the standard deviation is more than 1e-10 of the mean: else what tells rows apart is lost in rounding.
    pub(crate) fn varies(self) -> bool {
        self.variance.sqrt() > 1e-10 * self.mean.abs()
    }

    /// The standard deviation; 1 of a column that does not vary.
    pub(crate) fn sd(self) -> f64 {
        if self.varies() { self.variance.sqrt() } else { 1.0 }
    }
}

/// The moments of all columns, in passes over the rows.
pub(crate) fn moments<T: Number>(data: &Dataset<T>) -> Vec<Moments> {
    of_rows(data.width(), || data.values.chunks_exact(data.width()))
}

/// The moments of all columns in some of the rows.
pub(crate) fn moments_of<T: Number>(data: &Dataset<T>, rows: &[usize]) -> Vec<Moments> {
    of_rows(data.width(), || rows.iter().map(|&row| data.row(row)))
}

fn of_rows<'a, T: Number, R: Iterator<Item = &'a [T]>>(width: usize, rows: impl Fn() -> R) -> Vec<Moments> {
    let sums = |of: &dyn Fn(usize, f64) -> f64| {
        let mut sums = vec![0.0; width];
        for row in rows() {
            for (d, x) in row.iter().enumerate() {
                let x: f64 = (*x).into();
                if !x.is_nan() {
                    sums[d] += of(d, x);
                }
            }
        }
        sums
    };
    let count = sums(&|_, _| 1.0);
    let mean = sums(&|d, x| x / count[d]);
    let variance = sums(&|d, x| (x - mean[d]).powi(2) / count[d]);
    mean.iter().zip(variance).map(|(&mean, variance)| Moments { mean, variance }).collect()
}
