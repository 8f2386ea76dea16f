//! Regression on more columns than rows, which is solved where the rows lie, against the same equations solved where the
//! columns lie.

use elbo::{
    distribution::{Cholesky, Gamma},
    divergence::KullbackLeibler,
    mean_field::{
        MeanField,
        regression::{Covariance, Fit, Noise, Posterior, Prior, Weights},
    },
    random::Key,
    special::digamma,
};

use crate::{assert_near, normals, to_convergence};

const ROWS: usize = 12;
const COLUMNS: usize = 30;

/// Columns of scales that differ, and a y of the first two of them.
fn simulated() -> (Vec<f64>, Vec<f64>) {
    let (mut x, noise) = (normals(7, ROWS * COLUMNS), normals(8, ROWS));
    x.iter_mut().enumerate().for_each(|(e, x)| *x *= 1.0 + (e % COLUMNS % 5) as f64);
    let y = x.chunks(COLUMNS).zip(noise).map(|(x, e)| 2.0 + x[0] - 0.5 * x[1] + 0.3 * e);
    (x.clone(), y.collect())
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// E and E log of a precision of standard deviation or of shape and rate.
fn expected(shape: f64, rate: f64) -> (f64, f64) {
    (shape / rate, digamma(shape) - rate.ln())
}

/// What the P × P matrices say of q(w), given the q of the precisions, and of the bound.
struct Dense {
    mean: Vec<f64>,
    /// V, row by row.
    v: Vec<f64>,
    bound: f64,
    /// ‖y − Xm‖² and tr XᵀX V.
    squares: f64,
    spread: f64,
}

#[allow(clippy::many_single_char_names, reason = "they are the equations' own")]
fn dense(x: &[f64], y: &[f64], weights: &[f64], prior: &Prior, q: &Posterior) -> Dense {
    let first = usize::from(prior.intercept.is_some());
    let p = first + COLUMNS;
    let rows: Vec<Vec<f64>> =
        x.chunks(COLUMNS).map(|x| vec![1.0; first].into_iter().chain(x.iter().copied()).collect()).collect();
    let known = |sd: f64| (sd.powi(-2), -2.0 * sd.ln());
    let alpha: Vec<(f64, f64)> = (0..p)
        .map(|j| match (prior.intercept, prior.weights) {
            (Some(sd), _) if j == 0 => known(sd),
            (_, Weights::Known { sd }) => known(sd),
            (_, Weights::Shared { .. }) => expected(q.relevance_shape, q.relevance_rate[0]),
            (_, Weights::Each { .. }) => expected(q.relevance_shape, q.relevance_rate[j - first]),
        })
        .collect();
    let tau = match q.noise {
        Noise::Known { sd } => known(sd),
        Noise::Gamma { shape, rate } => expected(shape, rate),
    };
    let unit = if prior.scaled { 1.0 } else { tau.0 };
    let product = |i: usize, j: usize| rows.iter().zip(weights).map(|(x, w)| w * x[i] * x[j]).sum::<f64>();
    let precision: Vec<f64> = (0..p * p)
        .map(|e| unit * product(e / p, e % p) + if e / p == e % p { alpha[e / p].0 } else { 0.0 })
        .collect();
    let factor = Cholesky::of(&precision, p).unwrap();
    let pull: Vec<f64> =
        (0..p).map(|j| unit * (0..y.len()).map(|n| weights[n] * rows[n][j] * y[n]).sum::<f64>()).collect();
    let mean = factor.solve_transposed(&factor.solve(&pull));
    let v = if prior.factorised {
        (0..p * p).map(|e| if e / p == e % p { precision[e].recip() } else { 0.0 }).collect()
    } else {
        factor.inverse()
    };
    let ln_volume =
        if prior.factorised { (0..p).map(|j| v[j * p + j].ln()).sum() } else { -factor.ln_determinant() };
    let n: f64 = weights.iter().sum();
    let squares: f64 = (0..y.len()).map(|n| weights[n] * (y[n] - dot(&rows[n], &mean)).powi(2)).sum();
    let spread: f64 = (0..p * p).map(|e| product(e / p, e % p) * v[e]).sum();
    // Scaled by the noise, V is of w √τ.
    let (of_means, of_spread) = if prior.scaled { (tau.0, 1.0) } else { (1.0, tau.0) };
    let log_likelihood =
        0.5 * (n * (tau.1 - std::f64::consts::TAU.ln()) - tau.0 * squares - of_spread * spread);
    let of_weights: f64 =
        (0..p).map(|j| alpha[j].0 * (of_means * mean[j] * mean[j] + v[j * p + j]) - alpha[j].1 - 1.0).sum();
    let kl = |[a, b]: [f64; 2], [c, d]: [f64; 2]| {
        Gamma::new(a, b).unwrap().kl(&Gamma::new(c, d).unwrap()).unwrap()
    };
    let mut global = -0.5 * (of_weights - ln_volume);
    if let Weights::Shared { shape, rate } | Weights::Each { shape, rate } = prior.weights {
        global -= q.relevance_rate.iter().map(|&b| kl([q.relevance_shape, b], [shape, rate])).sum::<f64>();
    }
    if let (Noise::Gamma { shape: a, rate: b }, Noise::Gamma { shape, rate }) = (q.noise, prior.noise) {
        global -= kl([a, b], [shape, rate]);
    }
    Dense { mean, v, bound: log_likelihood + global, squares, spread }
}

/// Every prior and every family of q: q(w) and the bound are those of the P × P matrices, and q(α) and q(τ) are at their
/// optimum given it.
#[test]
fn it_is_what_the_large_matrices_say() {
    let (x, y) = simulated();
    let twice: Vec<f64> = (0..ROWS).map(|n| if n % 3 == 0 { 2.0 } else { 1.0 }).collect();
    for weights in [
        Weights::Known { sd: 0.7 },
        Weights::Shared { shape: 2.0, rate: 3.0 },
        Weights::Each { shape: 2.0, rate: 0.5 },
    ] {
        for noise in [Noise::Known { sd: 0.4 }, Noise::Gamma { shape: 3.0, rate: 0.5 }] {
            for (scaled, factorised, intercept) in [
                (false, false, Some(1e3)),
                (false, false, None),
                (true, false, Some(1e3)),
                (false, true, Some(2.0)),
                (true, true, None),
            ] {
                let prior = Prior { intercept, weights, noise, scaled, factorised };
                let mut fit = Fit::weighted(&x, COLUMNS, &y, &twice, prior).unwrap();
                to_convergence(&mut fit);
                // q(w) given the last of q(α) and q(τ).
                fit.update(0).unwrap();
                let q = fit.posterior();
                assert_eq!(matches!(q.v, Covariance::LowRank { .. }), !factorised);
                let expected = dense(&x, &y, &twice, &prior, q);
                let p = q.mean.len();
                let largest = expected.mean.iter().fold(1.0, |most: f64, m| most.max(m.abs()));
                for (j, m) in q.mean.iter().enumerate() {
                    assert_near(&format!("mean {j} of {prior:?}"), *m, expected.mean[j], 1e-9 * largest);
                }
                let scale = match (scaled, q.noise) {
                    (true, Noise::Gamma { shape, rate }) => rate / (shape - 1.0),
                    (true, Noise::Known { sd }) => sd * sd,
                    (false, _) => 1.0,
                };
                for (e, got) in q.covariance().into_iter().enumerate() {
                    let of_both = (expected.v[e / p * (p + 1)] * expected.v[e % p * (p + 1)]).sqrt();
                    let tolerance = 1e-9 * scale * of_both;
                    assert_near(
                        &format!("covariance {e} of {prior:?}"),
                        got,
                        scale * expected.v[e],
                        tolerance,
                    );
                }
                assert_near(
                    &format!("{prior:?}"),
                    fit.bound().value(),
                    expected.bound,
                    1e-9 * expected.bound.abs(),
                );
                fixed(&prior, q, &expected);
            }
        }
    }
}

/// That q(α) and q(τ) are what the moments of w make of their priors; to the root of what the bound rose by at last.
fn fixed(prior: &Prior, q: &Posterior, of: &Dense) {
    let (p, first) = (q.mean.len(), usize::from(q.intercept));
    let tau = match q.noise {
        Noise::Gamma { shape, rate } => shape / rate,
        Noise::Known { sd } => sd.powi(-2),
    };
    let unit = if prior.scaled { tau } else { 1.0 };
    let moment = |j: usize| unit * of.mean[j].powi(2) + of.v[j * (p + 1)];
    let rates: Vec<f64> = match prior.weights {
        Weights::Known { .. } => Vec::new(),
        Weights::Shared { rate, .. } => vec![rate + 0.5 * (first..p).map(moment).sum::<f64>()],
        Weights::Each { rate, .. } => (first..p).map(|j| rate + 0.5 * moment(j)).collect(),
    };
    assert_eq!(rates.len(), q.relevance_rate.len());
    for (got, expected) in q.relevance_rate.iter().zip(rates) {
        assert_near(&format!("a rate of α of {prior:?}"), *got, expected, 1e-5 * expected);
    }
    if let (Noise::Gamma { rate, .. }, Noise::Gamma { rate: prior_rate, .. }) = (q.noise, prior.noise)
        && !prior.scaled
    {
        let expected = prior_rate + 0.5 * (of.squares + of.spread);
        assert_near(&format!("the rate of τ of {prior:?}"), rate, expected, 1e-5 * expected);
    }
}

/// What is said of rows: the predictive moments of the P × P matrices, and draws that have them.
#[test]
fn rows_are_predicted_and_drawn_by_all_of_the_covariance() {
    let (x, y) = simulated();
    let prior = Prior {
        intercept: Some(2.0),
        weights: Weights::Known { sd: 0.7 },
        noise: Noise::Known { sd: 0.4 },
        ..Prior::default()
    };
    let fit = Fit::new(&x, COLUMNS, &y, prior).unwrap();
    let q = fit.posterior();
    let expected = dense(&x, &y, &[1.0; ROWS], &prior, q);
    // Two rows of the fit, which lie in its basis, and two that do not.
    let new: Vec<f64> = x[..2 * COLUMNS].iter().copied().chain(normals(9, 2 * COLUMNS)).collect();
    let predicted = q.predict(&new).unwrap();
    let draws: Vec<Vec<f64>> = (0..4000).map(|seed| q.sample(&new, Key::new(seed)).unwrap()).collect();
    for (n, row) in new.chunks(COLUMNS).enumerate() {
        let row: Vec<f64> = [1.0].iter().chain(row).copied().collect();
        let p = row.len();
        let variance: f64 = (0..p).map(|i| row[i] * dot(&expected.v[i * p..(i + 1) * p], &row)).sum();
        assert_near("a mean", predicted.mean[n], dot(&row, &expected.mean), 1e-9);
        assert_near("its sd", predicted.mean_sd[n], variance.sqrt(), 1e-9 * variance.sqrt());
        let (mean, interval) = q.combination(&row, 0.9).unwrap();
        assert_near("a combination", mean, predicted.mean[n], 1e-12);
        assert_near(
            "its width",
            interval.1 - interval.0,
            2.0 * 1.644_853_626_951_472_2 * variance.sqrt(),
            1e-8,
        );
        // Means and variances of 4,000 draws: |z| < 4.5 falls out once in 150,000.
        let (count, sd) = (draws.len() as f64, (variance + 0.16).sqrt());
        let mean = draws.iter().map(|y| y[n]).sum::<f64>() / count;
        let spread = draws.iter().map(|y| (y[n] - predicted.mean[n]).powi(2)).sum::<f64>() / count;
        assert_near("the mean of draws", mean, predicted.mean[n], 4.5 * sd / count.sqrt());
        assert_near("their variance", spread, sd * sd, 4.5 * sd * sd * (2.0 / count).sqrt());
    }
    let read: Posterior = serde_json::from_value(serde_json::to_value(q).unwrap()).unwrap();
    assert_eq!(&read, q);
}

/// What is kept of q grows with the columns, not with their square.
#[test]
fn many_columns_are_no_matrix() {
    let (columns, rows) = (20_000, 5);
    let (x, y) = (normals(3, columns * rows), normals(4, rows));
    let mut fit = Fit::new(&x, columns, &y, Prior { factorised: false, ..Prior::default() }).unwrap();
    for _ in 0..3 {
        (0..fit.factors().len()).for_each(|factor| fit.update(factor).unwrap());
    }
    assert!(fit.bound().value().is_finite());
    let Covariance::LowRank { deviations, basis, factor } = &fit.posterior().v else { panic!("a matrix") };
    assert_eq!([deviations.len(), basis.len(), factor.len()], [columns, columns * rows, 36]);
    assert_eq!(fit.posterior().credible_intervals(0.9).unwrap().len(), columns + 1);
}

/// A weight counts as so many rows that are alike, of few columns and of many; one of 0 as none.
#[test]
fn a_weight_is_so_many_rows() {
    for columns in [3, COLUMNS] {
        let (x, y) = (normals(21, ROWS * columns), normals(22, ROWS));
        let weights: Vec<f64> = (0..ROWS).map(|n| (n % 4) as f64).collect();
        let repeated = |values: &[f64], width: usize| -> Vec<f64> {
            let rows = values.chunks(width).zip(&weights);
            rows.flat_map(|(row, &w)| row.repeat(w as usize)).collect()
        };
        let (many_x, many_y) = (repeated(&x, columns), repeated(&y, 1));
        for weights_prior in
            [Weights::Shared { shape: 1.0, rate: 1.0 }, Weights::Each { shape: 1.0, rate: 1.0 }]
        {
            let noise = Noise::Gamma { shape: 1.0, rate: 1.0 };
            let prior = Prior { weights: weights_prior, noise, ..Prior::default() };
            let mut weighted = Fit::weighted(&x, columns, &y, &weights, prior).unwrap();
            let mut all = Fit::new(&many_x, columns, &many_y, prior).unwrap();
            for _ in 0..20 {
                for factor in 0..weighted.factors().len() {
                    weighted.update(factor).unwrap();
                    all.update(factor).unwrap();
                }
            }
            let bound = all.bound().value();
            assert_near("the bound", weighted.bound().value(), bound, 1e-9 * bound.abs());
            for (got, expected) in weighted.posterior().mean.iter().zip(&all.posterior().mean) {
                assert_near("a mean", *got, *expected, 1e-9);
            }
        }
        let wrong = |weights: &[f64]| Fit::weighted(&x, columns, &y, weights, Prior::default()).is_err();
        assert!(wrong(&[1.0; 3]) && wrong(&[0.0; ROWS]) && wrong(&[-1.0; ROWS]) && wrong(&[f64::NAN; ROWS]));
    }
}
