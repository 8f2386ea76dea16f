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
    weighted_moments(data, None)
}

/// The moments of weighted rows: each row counts as many times as its weight says, and once where there are no weights.
pub(crate) fn weighted_moments<T: Number>(data: &Dataset<T>, weights: Option<&[f64]>) -> Vec<Moments> {
    let weight = |n: usize| weights.map_or(1.0, |weights| weights[n]);
    of_rows(data.width(), || {
        data.values.chunks_exact(data.width()).enumerate().map(|(n, row)| (weight(n), row))
    })
}

/// The moments of all columns in some of the rows.
pub(crate) fn moments_of<T: Number>(data: &Dataset<T>, rows: &[usize]) -> Vec<Moments> {
    of_rows(data.width(), || rows.iter().map(|&row| (1.0, data.row(row))))
}

/// Of rows and their weights.
fn of_rows<'a, T: Number, R: Iterator<Item = (f64, &'a [T])>>(
    width: usize,
    rows: impl Fn() -> R,
) -> Vec<Moments> {
    // Sums are about the first value of a column: far from 0 the mean would lose the digits that tell rows apart.
    let mut first = vec![f64::NAN; width];
    for (_, row) in rows().filter(|(weight, _)| *weight > 0.0) {
        let mut open = false;
        for (first, x) in first.iter_mut().zip(row).filter(|(first, _)| first.is_nan()) {
            *first = (*x).into();
            open |= first.is_nan();
        }
        if !open {
            break;
        }
    }
    let sums = |of: &dyn Fn(usize, f64) -> f64| {
        let mut sums = vec![0.0; width];
        for (weight, row) in rows().filter(|(weight, _)| *weight > 0.0) {
            for (d, x) in row.iter().enumerate() {
                let x: f64 = (*x).into();
                if !x.is_nan() {
                    sums[d] += weight * of(d, x);
                }
            }
        }
        sums
    };
    let count = sums(&|_, _| 1.0);
    let about = sums(&|d, x| (x - first[d]) / count[d]);
    let mean: Vec<f64> = first.iter().zip(about).map(|(first, about)| first + about).collect();
    let variance = sums(&|d, x| (x - mean[d]).powi(2) / count[d]);
    mean.iter().zip(variance).map(|(&mean, variance)| Moments { mean, variance }).collect()
}

#[cfg(test)]
mod tests {
    use elbo_data::{Column, Frame, Missing};

    use super::*;

    /// 200,000 numbers about 1.7e12, by twos that sum to it.
    #[test]
    fn moments_far_from_0_keep_their_digits() {
        let values: Vec<f64> =
            (0..100_000).flat_map(|i| [f64::from(i % 1000), f64::from(-(i % 1000))]).collect();
        let of = |offset: f64| {
            let values: Vec<f64> = values.iter().map(|x| x / 1024.0 + offset).collect();
            let data = Frame::new().with("x", Column::Real(values)).numbers::<f64>(Missing::IsNan).unwrap();
            moments(&data)[0]
        };
        let (near, far) = (of(0.0), of(1.7e12));
        assert!(near.mean.abs() < 1e-12 && (far.mean - 1.7e12).abs() < 1e-3, "{}", far.mean);
        assert!((far.variance / near.variance - 1.0).abs() < 1e-3, "{} {}", far.variance, near.variance);
    }
}
