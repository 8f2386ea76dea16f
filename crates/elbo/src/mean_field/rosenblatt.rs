//! The probability integral transforms of rows under mixtures: u_d = F(x_d | x_1, …, x_{d−1}) (Rosenblatt 1952).
//!
//! Given the cells before, a mixture is a mixture still, with weights w_k p_k(x_1, …, x_{d−1}). Of a discrete cell u is
//! drawn between F(x−) and F(x).

use rayon::prelude::*;

use crate::{Error, distribution::Cholesky, random::Key, special::normal_cdf};

/// Probability integral transforms of some rows and columns: of many, some that are evenly spaced.
#[derive(Clone, Debug)]
pub struct CellTransforms {
    /// Which rows.
    pub rows: Vec<usize>,
    /// Which columns.
    pub columns: Vec<usize>,
    /// u, `[rows, columns]`; NaN where nothing is seen.
    pub values: Vec<f64>,
}

/// What a component says of a cell, given those before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    /// P(less).
    pub(super) below: f64,
    /// P(the same): 0 of real numbers.
    pub(super) same: f64,
    /// The log density or mass.
    pub(super) ln: f64,
}

impl Cell {
    /// Of N(0, 1), in units of a standard deviation σ.
    pub(super) fn gaussian(z: f64, ln_sigma: f64) -> Self {
        let ln = -0.5 * (z * z + std::f64::consts::TAU.ln()) - ln_sigma;
        Self { below: normal_cdf(z), same: 0.0, ln }
    }
}

/// The transforms of a row, NaN where nothing is seen. `ln_weights` become those of the components given the row.
pub(super) fn transform(
    x: &[f64],
    ln_weights: &mut [f64],
    uniforms: &[f32],
    cell: impl Fn(usize, usize) -> Cell,
    out: &mut Vec<f64>,
) {
    for (d, x) in x.iter().enumerate() {
        if x.is_nan() {
            out.push(f64::NAN);
            continue;
        }
        let top = ln_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (mut u, mut total) = (0.0, 0.0);
        for (k, ln_weight) in ln_weights.iter_mut().enumerate() {
            let (weight, Cell { below, same, ln }) = (libm::exp(*ln_weight - top), cell(k, d));
            total += weight;
            u += weight * (below + f64::from(uniforms[d]) * same);
            *ln_weight += ln;
        }
        out.push(u / total);
    }
}

/// Columns that are looked at, at most, and rows.
const COLUMNS: usize = 24;
const ROWS: usize = 4000;

/// Which columns of so many are looked at: all, or so many evenly spaced.
pub(super) fn columns(width: usize) -> Vec<usize> {
    let step = width.div_ceil(COLUMNS).max(1);
    (0..width).step_by(step).collect()
}

/// Which rows, likewise.
pub(super) fn rows(number: usize) -> Vec<usize> {
    let step = number.div_ceil(ROWS).max(1);
    (0..number).step_by(step).collect()
}

/// The uniforms of a row.
pub(super) fn uniforms(key: Key, row: usize, number: usize) -> Vec<f32> {
    let mut out = vec![0.0; number];
    key.uniforms(row as u64, &mut out);
    out
}

/// A Gaussian component, of the columns that are looked at.
pub(super) struct Gaussian {
    pub(super) ln_weight: f64,
    pub(super) mean: Vec<f64>,
    /// `[C, C]`.
    pub(super) covariance: Vec<f64>,
}

/// The transforms of rows `[N, C]` under a mixture of Gaussians.
///
/// # Errors
/// Where a covariance is not positive definite.
pub(super) fn of_gaussians(x: &[f64], components: &[Gaussian]) -> Result<Vec<f64>, Error> {
    let width = components[0].mean.len();
    let factor = |of: &Gaussian, seen: &[usize]| {
        let part: Vec<f64> =
            seen.iter().flat_map(|&i| seen.iter().map(move |&j| of.covariance[i * width + j])).collect();
        Cholesky::named("the covariance of a component", &part, seen.len())
    };
    let all: Vec<usize> = (0..width).collect();
    let whole: Vec<Cholesky> = components.iter().map(|of| factor(of, &all)).collect::<Result<_, _>>()?;
    let row = |x: &[f64]| -> Result<Vec<f64>, Error> {
        let seen: Vec<usize> = (0..width).filter(|&d| !x[d].is_nan()).collect();
        if seen.is_empty() {
            return Ok(vec![f64::NAN; width]);
        }
        let (mut z, mut scales) =
            (vec![f64::NAN; components.len() * width], vec![0.0; components.len() * width]);
        for (k, of) in components.iter().enumerate() {
            let own;
            let root = if seen.len() == width {
                &whole[k]
            } else {
                own = factor(of, &seen)?;
                &own
            };
            let away: Vec<f64> = seen.iter().map(|&d| x[d] - of.mean[d]).collect();
            for ((&d, e), scale) in seen.iter().zip(root.solve(&away)).zip(root.diagonal()) {
                (z[k * width + d], scales[k * width + d]) = (e, libm::log(scale));
            }
        }
        let mut weights: Vec<f64> = components.iter().map(|of| of.ln_weight).collect();
        let mut out = Vec::with_capacity(width);
        let cell = |k: usize, d: usize| Cell::gaussian(z[k * width + d], scales[k * width + d]);
        transform(x, &mut weights, &vec![0.5; width], cell, &mut out);
        Ok(out)
    };
    let rows: Vec<Result<Vec<f64>, Error>> = x.par_chunks_exact(width).map(row).collect();
    Ok(rows.into_iter().collect::<Result<Vec<_>, _>>()?.concat())
}

/// Some cells of rows.
pub(super) fn cells(x: &[f64], width: usize, rows: &[usize], columns: &[usize]) -> Vec<f64> {
    rows.iter().flat_map(|&n| columns.iter().map(move |&d| x[n * width + d])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of one Gaussian of two columns: u = Φ(z₁), Φ((z₂ − ρ z₁)/√(1 − ρ²)); a missing cell is summed out.
    #[test]
    fn transforms_of_a_gaussian_are_the_known_ones() {
        let phi = |z: f64| 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2);
        let of = [Gaussian { ln_weight: 0.0, mean: vec![1.0, 2.0], covariance: vec![4.0, 1.2, 1.2, 1.0] }];
        let u = of_gaussians(&[2.0, 2.5, f64::NAN, 1.0, f64::NAN, f64::NAN], &of).unwrap();
        assert!((u[0] - phi(0.5)).abs() < 1e-14 && (u[1] - phi((0.5 - 0.6 * 0.5) / 0.8)).abs() < 1e-14);
        assert!(u[2].is_nan() && (u[3] - phi(-1.0)).abs() < 1e-14);
        assert!(u[4..].iter().all(|u| u.is_nan()), "a row with nothing seen");
    }

    /// Of two components the second cell is judged by what the first tells of which of them it is.
    #[test]
    fn the_first_cell_tells_the_component() {
        let of = |mean: f64| Gaussian {
            ln_weight: 0.5f64.ln(),
            mean: vec![mean; 2],
            covariance: vec![1.0, 0.0, 0.0, 1.0],
        };
        let u = of_gaussians(&[-9.0, -10.0], &[of(-10.0), of(10.0)]).unwrap();
        assert!((u[1] - 0.5).abs() < 1e-12, "{u:?}");
    }
}
