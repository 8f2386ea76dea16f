//! Bayesian factor analysis against the exact evidence at maximum likelihood, and by Monte Carlo.

use elbo::{
    distribution::{Cholesky, FullGaussian, Gamma, Gaussian, LogDensity, Sample},
    mean_field::{
        Ascent, MeanField, Record, ascend,
        factor_analysis::{Fit, Noise, Posterior, Prior, Start},
    },
    minibatch::Rows,
    model::LinearGaussian,
    random::Key,
};
use proptest::prelude::*;

use crate::{assert_near, assert_zero_mean, data, normals, number, numbers, reference, to_convergence};

/// The first columns of a table of numbers with a header.
fn table(name: &str, columns: usize) -> Option<Vec<f64>> {
    let text = data(&format!("tabular/{name}"))?;
    let row = |row: &str| row.split(',').take(columns).map(|v| v.parse().unwrap()).collect::<Vec<f64>>();
    Some(text.lines().skip(1).flat_map(row).collect())
}

/// Columns to mean 0 and variance 1, divided by N.
fn standardise(x: &mut [f64], columns: usize) {
    for d in 0..columns {
        let column = || x.iter().skip(d).step_by(columns);
        let n = column().count() as f64;
        let mean = column().sum::<f64>() / n;
        let sd = (column().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        x.iter_mut().skip(d).step_by(columns).for_each(|x| *x = (*x - mean) / sd);
    }
}

fn fitted<'a>(x: &'a [f64], columns: usize, prior: Prior, tolerance: f64) -> (Record, Fit<'a>) {
    let mut fit = Fit::new(x, columns, prior, Start::Principal).unwrap();
    let record = ascend(&mut fit, &Ascent { tolerance, sweeps: 5000 }, |_, _| {}).unwrap();
    assert!(record.converged);
    (record, fit)
}

/// ‖A − B‖/‖B‖.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    let off: f64 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
    (off / b.iter().map(|b| b * b).sum::<f64>()).sqrt()
}

/// Probabilistic PCA: the bound pays for W and μ, so it is below N times the evidence at maximum likelihood, by about the
/// (K + 1) D/2 log N of the parameters; the covariance is that of maximum likelihood to O(1/N).
#[test]
fn principal_components_come_near_maximum_likelihood() {
    let Some(file) = reference("ppca_A.json") else { return };
    let Some(mut digits) = table("digits.csv", 64) else { return };
    let Some(mut faithful) = table("faithful.csv", 2) else { return };
    digits.iter_mut().for_each(|x| *x /= 16.0);
    standardise(&mut faithful, 2);
    for (set, x) in file["sets"].as_array().unwrap().iter().zip([Some(&digits), None, Some(&faithful)]) {
        let Some(x) = x else { continue };
        let (columns, rows) = (number(&set["D"]) as usize, number(&set["N"]));
        assert_eq!(x.len(), columns * rows as usize, "{}", set["name"]);
        let single: Vec<f32> = x.iter().map(|&x| x as f32).collect();
        for case in set["ml"].as_array().unwrap().iter().take(4) {
            let q = number(&case["q"]) as usize;
            let (record, fit) = fitted(x, columns, Prior::new(q, Noise::Shared), 1e-9);
            let (bound, best) = (record.last(), number(&case["total_loglik_train"]));
            let parameters = ((q + 1) * columns) as f64;
            println!(
                "q {q}: {bound} {best} per par·lnN {} sweeps {} noise {} {}",
                (best - bound) / (parameters * rows.ln()),
                record.bounds.len(),
                fit.posterior().noise_precision(0).recip(),
                number(&case["sigma2"])
            );
            assert!(bound < best && best - bound < 1.0 * parameters * rows.ln(), "{bound} {best}");
            let sigma2 = fit.posterior().noise_precision(0).recip();
            assert_near("sigma²", sigma2 / number(&case["sigma2"]), 1.0, 0.01);
            let ml = LinearGaussian::fit(&Rows::all(&single, columns), q, None).unwrap();
            let w = ml.weights();
            let expected: Vec<f64> = (0..columns * columns)
                .map(|i| {
                    let noise = if i % columns == i / columns { ml.sigma2() } else { 0.0 };
                    w.iter().map(|w| w[i / columns] * w[i % columns]).sum::<f64>() + noise
                })
                .collect();
            println!("  distance {}", distance(&fit.posterior().implied_covariance(), &expected));
            assert!(distance(&fit.posterior().implied_covariance(), &expected) < 0.01);
        }
    }
}

/// Factor analysis of the 13 standardised columns of 178 wines.
#[test]
fn factors_come_near_maximum_likelihood() {
    let Some(file) = reference("factor_analysis_A.json") else { return };
    let Some(mut wine) = table("wine.csv", 13) else { return };
    standardise(&mut wine, 13);
    for case in file["sets"][0]["fits"].as_array().unwrap() {
        let q = number(&case["q"]) as usize;
        let (record, fit) = fitted(&wine, 13, Prior::new(q, Noise::Each), 1e-10);
        let best = 178.0 * number(&case["avg_loglik_train"]);
        let expected = numbers(&case["noise_variance"]);
        let noise: Vec<f64> = (0..13).map(|d| fit.posterior().noise_precision(d).recip()).collect();
        let worst = noise.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        let ln_det = Cholesky::of(&fit.posterior().implied_covariance(), 13).unwrap().ln_determinant();
        println!(
            "q {q}: {} {best} sweeps {} worst {worst} lndet {ln_det} {}",
            record.last(),
            record.bounds.len(),
            number(&case["implied_covariance_logdet"])
        );
        assert!(record.last() < best, "{} {best}", record.last());
    }
}
