//! The Cholesky factor L of a symmetric positive definite matrix, A = L Lᵀ.

use std::cmp::Ordering;

use faer::{Mat, MatMut, MatRef, Side, linalg::cholesky::llt::factor::LltError};

use crate::{Error, check};

/// Rows from which on the blocked products of a library are faster than loops.
const BLOCKED: usize = 64;
/// Rows up to which a library's factor takes longer to allocate than loops to compute.
const SMALL: usize = 16;

/// A lower triangular factor with a positive diagonal. Matrices are row by row, `[n, n]`.
///
/// ```
/// use elbo::distribution::Cholesky;
/// let factor = Cholesky::of(&[4.0, 2.0, 2.0, 5.0], 2)?;
/// assert_eq!(factor.factor(), [2.0, 0.0, 1.0, 2.0]);
/// assert_eq!(factor.product(), [4.0, 2.0, 2.0, 5.0]);
/// assert!(Cholesky::of(&[1.0, 2.0, 2.0, 1.0], 2).is_err()); // an eigenvalue is −1
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Cholesky {
    dimension: usize,
    factor: Vec<f64>,
}

impl Cholesky {
    /// Factorises a matrix, of which only the lower triangle is read.
    ///
    /// # Errors
    /// It fails where `matrix` is not n × n, not finite, or not positive definite to rounding.
    pub fn of(matrix: &[f64], n: usize) -> Result<Self, Error> {
        Self::named("a matrix", matrix, n)
    }

    /// As [`Self::of`], of a matrix that errors are to name.
    pub(crate) fn named(what: &str, matrix: &[f64], n: usize) -> Result<Self, Error> {
        square(what, matrix, n)?;
        if n <= SMALL {
            let mut factor = matrix.to_vec();
            factorise(what, &mut factor, n)?;
            (0..n).for_each(|i| factor[n * i + i + 1..n * (i + 1)].fill(0.0));
            return Ok(Self { dimension: n, factor });
        }
        let lower = Mat::from_fn(n, n, |i, j| matrix[n * i.max(j) + i.min(j)]);
        let llt = lower.llt(Side::Lower).map_err(|cause| no_factor(what, &lower, cause))?;
        let factor = llt.L();
        Self::from_factor(
            (0..n * n).map(|k| if k % n > k / n { 0.0 } else { factor[(k / n, k % n)] }).collect(),
            n,
        )
    }

    /// Takes a factor L, whose entries above the diagonal must be 0.
    ///
    /// # Errors
    /// It fails where `factor` is not n × n, lower triangular and finite with a positive diagonal.
    pub fn from_factor(factor: Vec<f64>, n: usize) -> Result<Self, Error> {
        square("a cholesky factor", &factor, n)?;
        for (k, &value) in factor.iter().enumerate() {
            let (i, j) = (k / n, k % n);
            match i.cmp(&j) {
                Ordering::Less => check::in_range("an entry above the diagonal", value, 0.0..=0.0),
                Ordering::Equal => check::positive("an entry of the diagonal", value),
                Ordering::Greater => check::finite("an entry", value),
            }
            .map_err(|error| error.named(&format!("entry ({i}, {j}) of a cholesky factor")))?;
        }
        Ok(Self { dimension: n, factor })
    }

    /// Refuses a matrix, `[n, n]`, that is not exactly symmetric.
    pub(crate) fn check_symmetric(what: &str, matrix: &[f64], n: usize) -> Result<(), Error> {
        let mirror = |e: usize| matrix[e % n * n + e / n];
        let Some(e) = (0..n * n).find(|&e| matrix[e] != mirror(e)) else { return Ok(()) };
        let (i, j) = (e / n, e % n);
        Err(Error::Asymmetric {
            what: format!("entry ({i}, {j}) of {what}"),
            value: matrix[e],
            across: format!("({j}, {i})"),
            mirror: mirror(e),
        })
    }

    /// Row i of L, up to the diagonal.
    pub(crate) fn row(&self, i: usize) -> &[f64] {
        &self.factor[i * self.dimension..=i * self.dimension + i]
    }

    /// The dimension n.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// L, row by row with its zeros.
    pub fn factor(&self) -> &[f64] {
        &self.factor
    }

    /// The diagonal of L.
    pub fn diagonal(&self) -> impl Iterator<Item = f64> + '_ {
        self.factor.iter().step_by(self.dimension + 1).copied()
    }

    /// log |A| = 2 Σ log L_ii.
    pub fn ln_determinant(&self) -> f64 {
        2.0 * self.diagonal().map(f64::ln).sum::<f64>()
    }

    /// A = L Lᵀ.
    pub fn product(&self) -> Vec<f64> {
        let n = self.dimension;
        (0..n * n).map(|k| dot(self.row((k / n).min(k % n)), self.row((k / n).max(k % n)))).collect()
    }

    /// A⁻¹ = L⁻ᵀ L⁻¹, exactly symmetric.
    ///
    /// ```
    /// use elbo::distribution::Cholesky;
    /// assert_eq!(Cholesky::of(&[4.0, 2.0, 2.0, 5.0], 2)?.inverse(), [0.3125, -0.125, -0.125, 0.25]);
    /// # Ok::<(), elbo::Error>(())
    /// ```
    pub fn inverse(&self) -> Vec<f64> {
        let n = self.dimension;
        let solved = self.inverse_factor();
        if n >= BLOCKED {
            let solved = MatRef::from_row_major_slice(&solved, n, n);
            let product = solved.transpose() * solved;
            return (0..n * n).map(|k| product[((k / n).max(k % n), (k / n).min(k % n))]).collect();
        }
        let entry = |i: usize, j: usize| (i.max(j)..n).map(|k| solved[k * n + i] * solved[k * n + j]).sum();
        (0..n * n).map(|k| entry(k / n, k % n)).collect()
    }

    /// L⁻¹, row by row with its zeros.
    pub(crate) fn inverse_factor(&self) -> Vec<f64> {
        let n = self.dimension;
        let identity = (0..n * n).map(|k| f64::from(u8::from(k % n == k / n))).collect();
        self.solve_factor(&Self { dimension: n, factor: identity }).factor
    }

    /// L v.
    pub fn multiply(&self, v: &[f64]) -> Vec<f64> {
        (0..self.dimension).map(|i| dot(self.row(i), v)).collect()
    }

    /// L⁻¹ v.
    pub fn solve(&self, v: &[f64]) -> Vec<f64> {
        let mut x: Vec<f64> = Vec::with_capacity(v.len());
        for i in 0..self.dimension {
            let row = self.row(i);
            x.push((v[i] - dot(row, &x)) / row[i]);
        }
        x
    }

    /// L⁻ᵀ v.
    pub fn solve_transposed(&self, v: &[f64]) -> Vec<f64> {
        let mut x = v.to_vec();
        for i in (0..self.dimension).rev() {
            let row = self.row(i);
            x[i] /= row[i];
            let solved = x[i];
            for (x, l) in x.iter_mut().zip(&row[..i]) {
                *x -= l * solved;
            }
        }
        x
    }

    /// A⁻¹ v, in place of v.
    pub(crate) fn solve_both(&self, v: &mut [f64]) {
        for i in 0..self.dimension {
            let row = self.row(i);
            v[i] = (v[i] - dot(&row[..i], v)) / row[i];
        }
        for i in (0..self.dimension).rev() {
            let row = self.row(i);
            v[i] /= row[i];
            let solved = v[i];
            axpy(&mut v[..i], -solved, row);
        }
    }

    /// L⁻¹ K for another factor K of the same dimension: lower triangular too, and exactly the identity where
    /// K = L.
    pub(crate) fn solve_factor(&self, other: &Self) -> Self {
        let n = self.dimension;
        let mut factor = other.factor.clone();
        if n >= BLOCKED && self != other {
            let solved = MatMut::from_row_major_slice_mut(&mut factor, n, n);
            MatRef::from_row_major_slice(&self.factor, n, n).solve_lower_triangular_in_place(solved);
            (0..n * n).filter(|k| k % n > k / n).for_each(|k| factor[k] = 0.0);
            return Self { dimension: n, factor };
        }
        for i in 0..n {
            let (above, rest) = factor.split_at_mut(n * i);
            let row = self.row(i);
            for (k, l) in row[..i].iter().enumerate() {
                for (x, solved) in rest[..=k].iter_mut().zip(&above[n * k..]) {
                    *x -= l * solved;
                }
            }
            rest[..=i].iter_mut().for_each(|x| *x /= row[i]);
        }
        Self { dimension: n, factor }
    }
}

/// log |A| of a small matrix, `[n, n]`, of which only the lower triangle is read: a library would allocate more than it computes.
///
/// # Errors
/// It fails where the matrix is not positive definite.
pub(crate) fn ln_determinant(what: &str, matrix: &[f64], n: usize) -> Result<f64, Error> {
    let mut factor = matrix.to_vec();
    factorise(what, &mut factor, n)?;
    Ok(2.0 * factor.iter().step_by(n + 1).map(|&root| libm::log(root)).sum::<f64>())
}

/// Puts L in place of the lower triangle of a matrix, `[n, n]`, and leaves what is above it.
fn factorise(what: &str, factor: &mut [f64], n: usize) -> Result<(), Error> {
    for i in 0..n {
        for j in 0..i {
            let known = dot(&factor[n * i..][..j], &factor[n * j..][..j]);
            factor[n * i + j] = (factor[n * i + j] - known) / factor[n * j + j];
        }
        let row = &factor[n * i..][..i];
        let pivot = factor[n * i + i] - dot(row, row);
        if !(pivot > 0.0 && pivot.is_finite()) {
            return Err(Error::NotPositiveDefinite { what: what.into(), row: i, of: n, pivot });
        }
        factor[n * i + i] = pivot.sqrt();
    }
    Ok(())
}

/// Why a matrix has no factor: the first of its pivots that is not positive.
pub(crate) fn no_factor(what: &str, matrix: &Mat<f64>, cause: LltError) -> Error {
    let LltError::NonPositivePivot { index } = cause;
    let n = matrix.nrows();
    let mut factor = vec![0.0; n * n];
    let mut row = 0;
    let pivot = loop {
        for j in 0..row {
            let known = dot(&factor[n * row..][..j], &factor[n * j..][..j]);
            factor[n * row + j] = (matrix[(row, j)] - known) / factor[n * j + j];
        }
        let before = &factor[n * row..][..row];
        let pivot = matrix[(row, row)] - dot(before, before);
        if row == index || pivot.is_nan() || pivot <= 0.0 {
            break pivot;
        }
        factor[n * row + row] = pivot.sqrt();
        row += 1;
    };
    Error::NotPositiveDefinite { what: what.into(), row, of: n, pivot }
}

fn square(what: &str, matrix: &[f64], n: usize) -> Result<(), Error> {
    if n > 0 && matrix.len() == n * n {
        return Ok(());
    }
    Err(Error::Shape { what: what.into(), expected: vec![n, n], got: vec![matrix.len()] })
}

/// Σ a_i b_i over the shorter of the two.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Adds `by` times x to `sum`, over the shorter of the two.
pub(crate) fn axpy(sum: &mut [f64], by: f64, x: &[f64]) {
    sum.iter_mut().zip(x).for_each(|(sum, x)| *sum += by * x);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_determinant_by_loops_is_that_of_the_factor() {
        // 4·5·9 less what the pairs take; the upper triangle is not read.
        let matrix = [4.0, f64::NAN, f64::NAN, 2.0, 5.0, f64::NAN, -1.0, 0.5, 9.0];
        let expected = libm::log(4.0 * (45.0 - 0.25) - 2.0 * (18.0 + 0.5) - (1.0 + 5.0));
        assert!((ln_determinant("A", &matrix, 3).unwrap() - expected).abs() < 1e-14);
        let factor = Cholesky::of(&[4.0, 2.0, -1.0, 2.0, 5.0, 0.5, -1.0, 0.5, 9.0], 3).unwrap();
        assert!((factor.ln_determinant() - expected).abs() < 1e-14);
        for wrong in [[1.0, 2.0, 2.0, 1.0], [f64::NAN, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, f64::INFINITY]] {
            assert!(matches!(ln_determinant("A", &wrong, 2), Err(Error::NotPositiveDefinite { .. })));
        }
    }
}
