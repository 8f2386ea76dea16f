//! Bayesian factor analysis against the exact evidence at maximum likelihood, and by Monte Carlo.

use elbo::{
    distribution::{Cholesky, FullGaussian, Gamma, Gaussian, LogDensity, Sample},
    mean_field::{
        Ascent, AscentTrace, MeanField, ascend,
        factor_analysis::{Fit, Noise, Posterior, Prior, Start},
    },
    minibatch::Rows,
    model::LinearGaussian,
    random::Key,
};
use proptest::{prelude::*, test_runner::RngSeed};
use serde_json::json;

use crate::{
    assert_near, assert_zero_mean, data, normals, number, numbers, reference, shortened, to_convergence,
};

/// The first columns of a table of numbers, with a header or without.
fn table(name: &str, columns: usize) -> Option<Vec<f64>> {
    let text = data(&format!("tabular/{name}"))?;
    let row = |row: &str| row.split(',').take(columns).map(|v| v.parse().unwrap()).collect::<Vec<f64>>();
    let header = text.starts_with(|c: char| c.is_alphabetic());
    Some(text.lines().skip(usize::from(header)).flat_map(row).collect())
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

fn fitted(x: &[f64], columns: usize, prior: Prior, tolerance: f64) -> (AscentTrace, Fit<'_>) {
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
/// ½ log N of each of the (K + 1) D parameters, and no more than twice that, and about 7 nats, of
/// log 1000, for τ and each α, whose priors put little mass anywhere; σ² is that of
/// maximum likelihood but for the degrees of freedom that the (K + 1) D parameters take of N (D − K), and so, to 1 % more,
/// is the covariance.
#[test]
fn principal_components_come_near_maximum_likelihood() {
    let Some(file) = reference("ppca_A.json") else { return };
    let Some(mut digits) = table("digits.csv", 64) else { return };
    let Some(mut faithful) = table("faithful.csv", 2) else { return };
    for x in &mut digits {
        *x /= 16.0;
    }
    standardise(&mut faithful, 2);
    for (set, x) in file["sets"].as_array().unwrap().iter().zip([Some(&digits), None, Some(&faithful)]) {
        let Some(x) = x else { continue };
        let (columns, rows) = (number(&set["D"]) as usize, number(&set["N"]));
        assert_eq!(x.len(), columns * rows as usize, "{}", set["name"]);
        let single: Vec<f32> = x.iter().map(|&x| x as f32).collect();
        for case in set["ml"].as_array().unwrap().iter().take(4) {
            let q = number(&case["q"]) as usize;
            let (record, fit) =
                fitted(x, columns, Prior { mean_sd: 1.0, ..Prior::new(q, Noise::Shared) }, 1e-9);
            let (bound, best) = (record.last(), number(&case["total_loglik_train"]));
            let parameters = ((q + 1) * columns) as f64;
            assert!(
                bound < best && best - bound < parameters * rows.ln() + 10.0 * (q + 1) as f64,
                "{bound} {best}"
            );
            let sigma2 = fit.posterior().noise_precision(0).recip();
            let share = parameters / (rows * (columns - q) as f64);
            assert_near("sigma²", sigma2 / number(&case["sigma2"]), 1.0, 2.0 * share);
            let ml = LinearGaussian::fit(&Rows::all(&single, columns), q, None).unwrap();
            let w = ml.weights();
            let expected: Vec<f64> = (0..columns * columns)
                .map(|i| {
                    let noise = if i % columns == i / columns { ml.sigma2() } else { 0.0 };
                    w.iter().map(|w| w[i / columns] * w[i % columns]).sum::<f64>() + noise
                })
                .collect();
            assert!(distance(&fit.posterior().implied_covariance(), &expected) < 0.01 + share);
        }
    }
}

/// Factor analysis of the 13 standardised columns of 178 wines: with one or two factors the noise variances are those of
/// maximum likelihood to 0.04, less than half of their standard error √(2/N). With more, one of them goes to 0 under maximum
/// likelihood (Heywood's case), and not under a prior.
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
        let ln_det = Cholesky::of(&fit.posterior().implied_covariance(), 13).unwrap().ln_determinant();
        assert!(record.last() < best, "{} {best}", record.last());
        if q < 3 {
            let near = noise.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 0.04);
            assert!(near, "{noise:?} {expected:?}");
            assert_near("log |covariance|", ln_det, number(&case["implied_covariance_logdet"]), 0.25);
        }
    }
}

/// Rows of `columns` columns that are two latents through known loadings, with noise of standard deviation 0.3 and mean d.
fn simulated(seed: u64, rows: usize, columns: usize) -> (Vec<f64>, Vec<f64>) {
    let w: Vec<f64> = normals(seed, columns * 2);
    let noise = normals(seed + 1, rows * (columns + 2));
    let cell =
        |row: &[f64], d: usize| d as f64 + w[2 * d] * row[0] + w[2 * d + 1] * row[1] + 0.3 * row[2 + d];
    let x = noise.chunks(columns + 2).flat_map(|row| (0..columns).map(|d| cell(row, d)).collect::<Vec<_>>());
    (x.collect(), w)
}

/// Hides about one cell in `every`; returns what was hidden.
fn hide(x: &mut [f64], every: f64, seed: u64) -> Vec<(usize, f64)> {
    let mut uniforms = vec![0.0f32; x.len()];
    Key::new(seed).uniforms(0, &mut uniforms);
    let cells = x.iter_mut().enumerate().zip(uniforms).filter(|(_, u)| f64::from(*u) * every < 1.0);
    cells.map(|((i, x), _)| (i, std::mem::replace(x, f64::NAN))).collect()
}

const NOISES: [Noise; 2] = [Noise::Shared, Noise::Each];

/// A prior that weighs something.
fn informative(latent: usize, noise: Noise) -> Prior {
    Prior {
        noise_shape: 1.5,
        noise_rate: 0.7,
        relevance_shape: 2.0,
        relevance_rate: 1.2,
        mean_sd: 2.0,
        ..Prior::new(latent, noise)
    }
}

fn log_gaussian(x: f64, mean: f64, precision: f64) -> f64 {
    Gaussian::new(mean, precision.sqrt().recip()).unwrap().log_density(&x)
}

/// log p(x|z, θ), log p(z) − log q(z), and log p(θ) − log q(θ) at draw `s` of q.
fn log_terms(x: &[f64], q: &Posterior, prior: &Prior, s: u64) -> [f64; 3] {
    let (key, latent, columns) = (Key::new(77), prior.latent, q.mean.len());
    let mut global = 0.0;
    let mut gamma = |n: u64, a: f64, b: f64, prior: (f64, f64)| {
        let gamma = Gamma::new(a, b).unwrap();
        let value = gamma.sample(key.fold(n), s);
        global += Gamma::new(prior.0, prior.1).unwrap().log_density(&value) - gamma.log_density(&value);
        value
    };
    let of_alpha = (prior.relevance_shape, prior.relevance_rate);
    let rates = q.relevance_rate.iter().enumerate();
    let alpha: Vec<f64> =
        rates.map(|(k, &b)| gamma(100 + k as u64, q.relevance_shape, b, of_alpha)).collect();
    let of_tau = (prior.noise_shape, prior.noise_rate);
    let shapes = q.noise_shape.iter().zip(&q.noise_rate).enumerate();
    let tau: Vec<f64> = shapes.map(|(d, (&a, &b))| gamma(200 + d as u64, a, b, of_tau)).collect();
    let wide = latent + 1;
    let parameters: Vec<Vec<f64>> = (0..columns)
        .map(|d| {
            let mean = [&q.loadings[d * latent..(d + 1) * latent], &[q.mean[d]]].concat();
            let covariance = &q.covariance[d * wide * wide..(d + 1) * wide * wide];
            let of_column = FullGaussian::new(mean, Cholesky::of(covariance, wide).unwrap()).unwrap();
            let w = of_column.sample(key.fold(300 + d as u64), s);
            global -= of_column.log_density(&w);
            global += w.iter().zip(&alpha).map(|(&w, &a)| log_gaussian(w, 0.0, a)).sum::<f64>();
            global += log_gaussian(w[latent], 0.0, prior.mean_sd.powi(-2));
            w
        })
        .collect();
    let latents = q.infer(x).unwrap();
    let (mut likelihood, mut of_z) = (0.0, 0.0);
    for (n, row) in x.chunks(columns).enumerate() {
        let covariance = &latents.covariance[n * latent * latent..(n + 1) * latent * latent];
        let mean = latents.mean[n * latent..(n + 1) * latent].to_vec();
        let of_row = FullGaussian::new(mean, Cholesky::of(covariance, latent).unwrap()).unwrap();
        let z = of_row.sample(key.fold(400 + n as u64), s);
        of_z += z.iter().map(|&z| log_gaussian(z, 0.0, 1.0)).sum::<f64>() - of_row.log_density(&z);
        for (d, (&x, w)) in row.iter().zip(&parameters).enumerate().filter(|(_, (x, _))| !x.is_nan()) {
            let mean = w[latent] + w.iter().zip(&z).map(|(w, z)| w * z).sum::<f64>();
            likelihood += log_gaussian(x, mean, tau[d % tau.len()]);
        }
    }
    [likelihood, of_z, global]
}

/// Each of the three terms of the bound, with cells missing, is its mean over draws of q: 12 z-tests, a false alarm of any of
/// which has probability 8e-5 (|z| < 4.5).
#[test]
fn the_terms_of_the_bound_are_those_of_monte_carlo() {
    for gaps in [false, true] {
        let mut x = simulated(5, 7, 3).0;
        if gaps {
            x[4] = f64::NAN;
            x[6..9].fill(f64::NAN);
            x[11] = f64::NAN;
        }
        for noise in NOISES {
            let prior = informative(2, noise);
            let mut fit = Fit::new(&x, 3, prior, Start::Random(Key::new(3))).unwrap();
            ascend(&mut fit, &Ascent { tolerance: 0.0, sweeps: 3 }, |_, _| {}).unwrap();
            let bound = fit.bound();
            let draws: Vec<[f64; 3]> = (0..4000).map(|s| log_terms(&x, fit.posterior(), &prior, s)).collect();
            for (t, expected) in [bound.log_likelihood, -bound.kl, bound.global].into_iter().enumerate() {
                let off: Vec<f64> = draws.iter().map(|d| d[t] - expected).collect();
                assert_zero_mean(&format!("term {t}, {noise:?}, gaps {gaps}"), &off, 4.5);
            }
        }
    }
}

proptest! {
    // The same cases at each run: in one of some thousands the noise of two rows falls to where rounding is 1e-6 nats.
    #![proptest_config(ProptestConfig { cases: 250, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    /// [`ascend`] refuses an update that lowers the bound. There may be more latents than columns or rows, columns that are
    /// constant, equal, empty or of any scale, rows that are empty.
    #[test]
    fn no_update_lowers_the_bound(
        seed in 0u64..1_000_000,
        rows in 1usize..10,
        columns in 1usize..6,
        latent in 1usize..5,
        each in any::<bool>(),
        flat in any::<bool>(),
        random in any::<bool>(),
        kind in 0usize..5,
        scale in -8i32..9,
        every in 1.5..20.0,
    ) {
        let mut x = simulated(seed, rows, columns).0;
        for row in x.chunks_mut(columns) {
            for x in row.iter_mut() {
                *x *= 10f64.powi(scale);
            }
            match kind {
                0 => row[0] = 3.0,
                1 => row[0] = row[columns - 1],
                2 => row[0] = f64::NAN,
                _ => {}
            }
        }
        if kind != 4 {
            hide(&mut x, every, seed);
        }
        if kind == 3 {
            x[..columns].fill(f64::NAN);
        }
        let noise = NOISES[usize::from(each)];
        let prior = if flat { Prior::new(latent, noise) } else { informative(latent, noise) };
        let start = if random { Start::Random(Key::new(seed)) } else { Start::Principal };
        let mut fit = Fit::new(&x, columns, prior, start).unwrap();
        prop_assert!(fit.bound().value().is_finite());
        let record = ascend(&mut fit, &Ascent { tolerance: 0.0, sweeps: 25 }, |_, _| {});
        prop_assert!(record.is_ok(), "{:?}", record);
        let filled = fit.posterior().impute(&x).unwrap();
        prop_assert!(filled.iter().all(|x| x.is_finite()));
        prop_assert!(fit.posterior().plug_in_log_density(&x).unwrap().iter().all(|l| l.is_finite()));
    }
}

/// Of five latents three are switched off, and the other two span the true loadings: the share of these beyond the span is
/// the noise's, 0.3²/N of each cell.
#[test]
fn the_subspace_and_its_dimension_are_found() {
    let (mut x, w) = simulated(11, 400, 8);
    for gaps in [false, true] {
        if gaps {
            hide(&mut x, 5.0, 12);
        }
        for noise in NOISES {
            let fit = fitted(&x, 8, Prior::new(5, noise), 1e-9).1;
            let q = fit.posterior();
            let active = q.active();
            assert_eq!(active.iter().filter(|a| **a).count(), 2, "{:?}", q.relevance());
            // Gram and Schmidt on the active loadings.
            let mut basis: Vec<Vec<f64>> = Vec::new();
            for k in (0..5).filter(|&k| active[k]) {
                let mut v: Vec<f64> = q.loadings.iter().skip(k).step_by(5).copied().collect();
                for b in &basis {
                    take_off(&mut v, b);
                }
                let norm = v.iter().map(|v| v * v).sum::<f64>().sqrt();
                basis.push(v.iter().map(|v| v / norm).collect());
            }
            for j in 0..2 {
                let mut beyond: Vec<f64> = w.iter().skip(j).step_by(2).copied().collect();
                let whole: f64 = beyond.iter().map(|v| v * v).sum();
                for b in &basis {
                    take_off(&mut beyond, b);
                }
                assert!(beyond.iter().map(|v| v * v).sum::<f64>() < 2e-3 * whole);
            }
            for d in 0..8 {
                // Four standard errors of a variance of 320 cells or more.
                assert_near(
                    "the noise",
                    q.noise_precision(d).recip(),
                    0.09,
                    4.0 * 0.09 * (2.0f64 / 320.0).sqrt(),
                );
            }
        }
    }
}

fn take_off(v: &mut [f64], unit: &[f64]) {
    let along: f64 = v.iter().zip(unit).map(|(a, b)| a * b).sum();
    v.iter_mut().zip(unit).for_each(|(v, u)| *v -= along * u);
}

/// A row that shows nothing has the prior as its q(z), and changes no bit of the rest.
#[test]
fn a_row_that_shows_nothing_says_nothing() {
    let mut x = simulated(21, 30, 4).0;
    hide(&mut x, 6.0, 22);
    let with = [&x[..40], &[f64::NAN; 4], &x[40..]].concat();
    let (with_record, with_fit) = fitted(&with, 4, Prior::new(2, Noise::Each), 1e-8);
    let (record, fit) = fitted(&x, 4, Prior::new(2, Noise::Each), 1e-8);
    assert_eq!((with_record, with_fit.posterior()), (record, fit.posterior()));
    let latents = with_fit.posterior().infer(&with[40..44]).unwrap();
    assert_eq!((latents.mean, latents.covariance), (vec![0.0; 2], vec![1.0, 0.0, 0.0, 1.0]));
}

/// Hidden cells: far nearer than the column's mean, and their errors of the size that is claimed. (x − mean)/sd has mean
/// square 1; its z-test has |z| < 4.
#[test]
fn hidden_cells_are_imputed_with_their_uncertainty() {
    let mut x = simulated(31, 300, 6).0;
    let hidden = hide(&mut x, 6.0, 32);
    for noise in NOISES {
        let fit = fitted(&x, 6, Prior::new(2, noise), 1e-9).1;
        let (filled, predicted) =
            (fit.posterior().impute(&x).unwrap(), fit.posterior().reconstruct(&x).unwrap());
        let mean = |d: usize| {
            let seen: Vec<f64> = x.iter().skip(d).step_by(6).copied().filter(|x| !x.is_nan()).collect();
            seen.iter().sum::<f64>() / seen.len() as f64
        };
        let (mut of_mean, mut of_model, mut scaled) = (0.0, 0.0, Vec::new());
        for &(i, truth) in &hidden {
            of_mean += (truth - mean(i % 6)).powi(2);
            of_model += (truth - filled[i]).powi(2);
            assert_eq!(filled[i], predicted.mean[i]);
            scaled.push(((truth - filled[i]) / predicted.sd[i]).powi(2) - 1.0);
        }
        assert!(of_model < 0.25 * of_mean, "{of_model} {of_mean}");
        assert_zero_mean("the squared error over its variance", &scaled, 4.0);
        assert!(x.iter().zip(&filled).all(|(x, f)| x.is_nan() || x == f));
    }
}

/// New rows have the mean and variance that a row of which nothing is known is predicted with: 16 z-tests of 6e-5 (|z| < 4).
/// The density of a row is that of the Gaussian with the covariance implied, and of the cells seen its marginal.
#[test]
fn samples_and_densities_are_those_of_the_model() {
    let x = simulated(41, 25, 4).0;
    for noise in NOISES {
        let fit = fitted(&x, 4, informative(2, noise), 1e-9).1;
        let q = fit.posterior();
        let nothing = q.reconstruct(&[f64::NAN; 4]).unwrap();
        let draws: Vec<Vec<f64>> = (0..8000).map(|s| q.sample(1, Key::new(s)).unwrap()).collect();
        for d in 0..4 {
            let off: Vec<f64> = draws.iter().map(|x| x[d] - nothing.mean[d]).collect();
            assert_zero_mean("E[x]", &off, 4.0);
            let squares: Vec<f64> = off.iter().map(|x| x * x - nothing.sd[d].powi(2)).collect();
            assert_zero_mean("Var[x]", &squares, 4.0);
        }
        let all = q.implied_covariance();
        let row = [x[0], f64::NAN, x[2], x[3]];
        for seen in [vec![0, 1, 2, 3], vec![0, 2, 3]] {
            let mean = seen.iter().map(|&d| q.mean[d]).collect();
            let covariance: Vec<f64> = seen
                .iter()
                .flat_map(|d| seen.iter().map(move |e| (d, e)))
                .map(|(d, e)| all[4 * d + e])
                .collect();
            let marginal = FullGaussian::new(mean, Cholesky::of(&covariance, seen.len()).unwrap()).unwrap();
            let values: Vec<f64> = seen.iter().map(|&d| x[d]).collect();
            let got = q.plug_in_log_density(if seen.len() == 4 { &x[..4] } else { &row }).unwrap()[0];
            assert_near("log density", got, marginal.log_density(&values[..]), 1e-10);
        }
    }
}

/// From random loadings the same bound is reached, if not as soon.
#[test]
fn a_random_start_ends_where_the_principal_one_does() {
    let x = simulated(51, 100, 5).0;
    let prior = informative(2, Noise::Each);
    let bound = |start| to_convergence(&mut Fit::new(&x, 5, prior, start).unwrap()).last();
    let principal = bound(Start::Principal);
    for seed in 0..3 {
        assert_near("the bound", bound(Start::Random(Key::new(seed))), principal, 1e-6);
    }
}

/// Columns that are an exact function of two latents, at scales from 1e-4 to 1e8: the noise goes to where its prior's rate
/// stops it, which at 1e8 is less than 1e-16 of the variance and beyond the digits of Σ x², and no update lowers the bound.
#[test]
fn a_perfect_fit_is_no_trouble_at_any_scale() {
    let (w, z) = (normals(81, 10), normals(82, 400));
    for scale in [1e-4, 1.0, 1e4, 1e8] {
        let cell = |i: usize| scale * (w[i % 5 * 2] * z[i / 5 * 2] + w[i % 5 * 2 + 1] * z[i / 5 * 2 + 1]);
        let x: Vec<f64> = (0..1000).map(cell).collect();
        for noise in NOISES {
            for latent in [1, 2, 6] {
                let mut fit = Fit::new(&x, 5, Prior::new(latent, noise), Start::Principal).unwrap();
                let record = ascend(&mut fit, &Ascent { tolerance: 1e-9, sweeps: 100 }, |_, _| {});
                assert!(record.is_ok(), "{scale} {noise:?} {latent} {record:?}");
                if latent > 1 && scale >= 1.0 {
                    assert_eq!(fit.posterior().active().iter().filter(|a| **a).count(), 2);
                    let fitted = fit.posterior().reconstruct(&x).unwrap().mean;
                    assert!(distance(&fitted, &x) < 0.01 / scale, "{scale} {noise:?} {latent}");
                }
            }
        }
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let mut x = simulated(61, 500, 4).0;
    hide(&mut x, 10.0, 62);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut fit = Fit::new(&x, 4, Prior::new(2, Noise::Each), Start::Principal).unwrap();
            ascend(&mut fit, &Ascent { tolerance: 0.0, sweeps: 5 }, |_, _| {}).unwrap();
            (fit.posterior().clone(), fit.posterior().sample(20, Key::new(1)).unwrap())
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn what_is_wrong_is_named() {
    let mut x = simulated(71, 6, 3).0;
    let fail =
        |x: &[f64], columns, prior| Fit::new(x, columns, prior, Start::Principal).unwrap_err().to_string();
    let prior = Prior::new(1, Noise::Shared);
    assert!(fail(&x, 4, prior).contains("shape"));
    assert!(fail(&x, 3, Prior::new(0, Noise::Shared)).contains("latent"));
    assert!(fail(&x, 3, Prior { mean_sd: 0.0, ..prior }).contains("mean"));
    assert!(fail(&x, 3, Prior { noise_rate: -1.0, ..prior }).contains("rate is -1"));
    x[7] = f64::INFINITY;
    assert!(fail(&x, 3, prior).contains("row 3, column 2 is inf"), "{}", fail(&x, 3, prior));
    x[7] = 1e200;
    assert!(fail(&x, 3, prior).contains("column 2"), "{}", fail(&x, 3, prior));
}

#[test]
fn a_posterior_that_is_none_is_not_read() {
    let x = normals(3, 40);
    for noise in [Noise::Each, Noise::Shared] {
        let (_, fit) = fitted(&x, 4, Prior::new(2, noise), 1e-4);
        let whole = serde_json::to_value(fit.posterior()).unwrap();
        let read = |value: serde_json::Value| serde_json::from_value::<Posterior>(value);
        assert_eq!(&read(whole.clone()).unwrap(), fit.posterior());
        let broken = shortened(&whole, &[]);
        assert_eq!(broken.len(), 6);
        for (path, value) in broken {
            assert!(read(value).is_err(), "{path}");
        }
        let with = |path: &str, wrong: f64| {
            let mut value = whole.clone();
            *value.pointer_mut(path).unwrap() = json!(wrong);
            read(value).unwrap_err().to_string()
        };
        assert!(with("/noise_rate/0", -1.0).contains("a or b of a precision is -1"));
        assert!(with("/relevance_shape", 0.0).contains("a or b of a precision is 0"));
        // Which matrix it is.
        assert!(
            with("/covariance/9", -1.0)
                .contains("the covariance of column 2 is not positive definite: pivot 1 of 3 is -1")
        );
    }
}
