//! First loadings and noise variances.

use faer::{Mat, Side};
use rayon::prelude::*;

use super::{Noise, Prior, statistics::Observed};
use crate::{
    Error,
    mean_field::start::far_apart,
    random::{Key, Purpose},
};

/// Where W begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// W begins at the principal components of the columns, standardised where each has its own noise, with missing
    /// cells at their means.
    Principal,
    /// W begins at random numbers of the columns' scale.
    Random(Key),
    /// Each dimension at the columns that go with one column, these being far apart in 1 − r² (k-means++: Arthur and
    /// Vassilvitskii 2007): the columns of `number` K + 1, …, K + K of a sequence that the key draws, so that starts of
    /// different numbers begin at different columns.
    Columns {
        /// Draws the sequence.
        key: Key,
        /// Which part of it.
        number: usize,
    },
}

/// Rows of a part of the covariance's sum.
const ROWS: usize = 1024;

/// The least share of the variance that is left to the noise.
const LEAST: f64 = 1e-6;

/// W, `[D, K]`, and a noise variance for each column.
pub(super) fn start(
    observed: &Observed<'_>,
    prior: &Prior,
    start: Start,
) -> Result<(Vec<f64>, Vec<f64>), Error> {
    let deviation = |d: usize| (observed.squares[d] / observed.counts[d].max(1.0)).sqrt();
    let scales: Vec<f64> = (0..observed.columns).map(deviation).collect();
    let otherwise = prior.noise_rate / prior.noise_shape;
    let (unscaled, share, units): (Mat<f64>, f64, Vec<f64>) = match start {
        Start::Random(key) => {
            let mut noise = vec![0.0; observed.columns * prior.latent];
            key.purpose(Purpose::Initialise).normals(0, &mut noise);
            let share = (0.5 / prior.latent as f64).sqrt();
            let w = Mat::from_fn(observed.columns, prior.latent, |d, k| share * noise[d * prior.latent + k]);
            (w, 0.5, scales)
        }
        Start::Columns { key, number } => (at_columns(observed, prior.latent, key, number), 0.5, scales),
        Start::Principal => {
            // Of equal units where the noise has one variance, of standardised columns where each has its own.
            let all = (scales.iter().map(|s| s * s).sum::<f64>() / observed.columns as f64).sqrt();
            let unit = |&s: &f64| if prior.noise == Noise::Each && s > 0.0 { s } else { all };
            let units: Vec<f64> = scales.iter().map(unit).collect();
            let (w, share) = principal(observed, &units, prior.latent)?;
            (w, share, units)
        }
    };
    let loadings = (0..observed.columns * prior.latent)
        .map(|i| units[i / prior.latent] * unscaled[(i / prior.latent, i % prior.latent)])
        .collect();
    let variance = |unit: &f64| if *unit > 0.0 { share * unit * unit } else { otherwise };
    Ok((loadings, units.iter().map(variance).collect()))
}

/// The correlation of every column with each of K that are far apart, over the rows that have both.
fn at_columns(observed: &Observed<'_>, latent: usize, key: Key, number: usize) -> Mat<f64> {
    let columns = observed.columns;
    let rows: Vec<usize> = observed.patterns.iter().flat_map(|of| of.rows.iter().copied()).collect();
    let correlation = |d: usize, e: usize| {
        let (mut both, mut of_d, mut of_e) = (0.0, 0.0, 0.0);
        for &n in &rows {
            let row = observed.row(n);
            let (a, b) = (row[d] - observed.centre[d], row[e] - observed.centre[e]);
            if !a.is_nan() && !b.is_nan() {
                both += a * b;
                of_d += a * a;
                of_e += b * b;
            }
        }
        let size = f64::sqrt(of_d * of_e);
        if size > 0.0 { both / size } else { 0.0 }
    };
    let apart = |d: usize, e: usize| Some((1.0 - correlation(d, e).powi(2)).max(0.0).powi(2));
    let chosen = far_apart(columns, (number + 1) * latent, key.purpose(Purpose::Initialise), apart);
    let share = (0.5 / latent as f64).sqrt();
    Mat::from_fn(columns, latent, |d, k| share * correlation(d, chosen[number * latent + k]))
}

/// U_K (Λ_K − σ²)^½ and σ² of the columns in `units`, whose mean variance is then about 1 (Tipping and Bishop 1999).
fn principal(observed: &Observed<'_>, units: &[f64], latent: usize) -> Result<(Mat<f64>, f64), Error> {
    let columns = observed.columns;
    let rows: Vec<usize> =
        observed.patterns.iter().flat_map(|pattern| pattern.rows.iter().copied()).collect();
    let centred = |rows: &[usize]| {
        Mat::from_fn(rows.len(), columns, |n, d| {
            let value = (observed.row(rows[n])[d] - observed.centre[d]) / units[d];
            // A missing cell at its column's mean; so is every cell of columns that are all constant.
            if value.is_nan() { 0.0 } else { observed.weight(rows[n]).sqrt() * value }
        })
    };
    let failed = |cause| Error::no_eigenvalues("the covariance of the columns", cause);
    // The smaller of XᵀX and XXᵀ: both have the eigenvalues.
    let few = rows.len() < columns;
    let all = if few { centred(&rows) } else { Mat::zeros(0, columns) };
    let square = if few {
        &all * all.transpose()
    } else {
        let part = |rows: &[usize]| {
            let part = centred(rows);
            part.transpose() * &part
        };
        // In rounds, so that only so many parts are held at once.
        let mut sum = Mat::zeros(columns, columns);
        for round in rows.chunks(16 * ROWS) {
            let parts: Vec<Mat<f64>> = round.par_chunks(ROWS).map(part).collect();
            for part in parts {
                sum += part;
            }
        }
        sum
    };
    let n = rows.iter().map(|&n| observed.weight(n)).sum::<f64>().max(f64::MIN_POSITIVE);
    let eigen = square.self_adjoint_eigen(Side::Lower).map_err(failed)?;
    let size = square.nrows();
    let eigenvalue = |k: usize| eigen.S().column_vector()[size - 1 - k].max(0.0) / n;
    let kept = latent.min(columns - 1).min(size);
    let total: f64 = (0..size).map(eigenvalue).sum();
    let rest = total - (0..kept).map(eigenvalue).sum::<f64>();
    let sigma2 =
        (rest / (columns - kept) as f64).max(LEAST * (total / columns as f64)).max(f64::MIN_POSITIVE);
    let mut w = Mat::zeros(columns, latent);
    for k in 0..latent.min(size) {
        let lambda = eigenvalue(k);
        if lambda <= sigma2 {
            break;
        }
        let vector = eigen.U().col(size - 1 - k);
        let direction = if few {
            all.transpose() * vector * faer::Scale((n * lambda).sqrt().recip())
        } else {
            vector.to_owned()
        };
        for d in 0..columns {
            w[(d, k)] = direction[d] * (lambda - sigma2).sqrt();
        }
    }
    Ok((w, sigma2))
}
