//! Bayesian linear regression against exact evidence and posteriors of 50 digits.

use elbo::{
    distribution::{Gamma, Gaussian, LogDensity, Sample},
    mean_field::{
        Ascent, MeanField, ascend,
        regression::{Covariance, Fit, Noise, Posterior, Prior, Weights},
    },
    random::Key,
};
use proptest::prelude::*;
use serde_json::json;

use crate::{
    assert_near, assert_zero_mean, data, normals, number, numbers, reference, shortened, to_convergence,
};

const KNOWN: Prior = Prior {
    intercept: None,
    weights: Weights::Known { sd: 1.0 },
    noise: Noise::Known { sd: 1.0 },
    scaled: false,
    factorised: false,
};

/// Data, `[N, D]` and `[N]`, of weights that are 1, −½, then 0, and noise of standard deviation 0.3.
fn simulated(seed: u64, rows: usize, columns: usize) -> (Vec<f64>, Vec<f64>) {
    let (x, noise) = (normals(seed, rows * columns), normals(seed + 1, rows));
    let y = x
        .chunks(columns)
        .zip(noise)
        .map(|(x, e)| x[0] - x.get(1).map_or(0.0, |x| 0.5 * x) + 0.3 * e)
        .collect();
    (x, y)
}

/// Evidence, posterior, the best factorised bound, and the normal-inverse-gamma prior of all cases. The relative error is
/// that of f64 but for the evidence's own size.
#[test]
fn the_reference_cases() {
    let Some(file) = reference("bayes_linreg_A.json") else { return };
    for case in file["cases"].as_array().unwrap() {
        // The last case names its columns, of which the first is ones.
        let (intercept, (x, y)) = if case["X"].is_null() {
            let Some(text) = data("tabular/faithful.csv") else { return };
            let parse = |row: &str| row.split(',').take(2).map(|v| v.parse().unwrap()).collect::<Vec<f64>>();
            let rows = text.lines().skip(1).map(parse);
            (true, rows.map(|cells| (cells[0], cells[1])).unzip())
        } else {
            (false, (numbers(&case["X"]), numbers(&case["y"])))
        };
        let columns = x.len() / y.len();
        let with = |sd: f64, noise, scaled, factorised| {
            let intercept = intercept.then_some(sd);
            let prior = Prior { intercept, weights: Weights::Known { sd }, noise, scaled, factorised };
            let mut fit = Fit::new(&x, columns, &y, prior).unwrap();
            let bound = to_convergence(&mut fit).last();
            (bound, fit)
        };
        let (sd, noise) = (number(&case["prior_sd"]), Noise::Known { sd: number(&case["sigma"]) });
        let evidence = number(&case["log_evidence"]);
        let (bound, fit) = with(sd, noise, false, false);
        assert_near("the bound", bound, evidence, 1e-11 * evidence.abs());
        let q = fit.posterior();
        for (got, expected) in q.mean.iter().zip(numbers(&case["posterior_mean"])) {
            assert_near("a mean", *got, expected, 1e-12 * expected.abs().max(0.01));
        }
        for (got, expected) in q.covariance().iter().zip(numbers(&case["posterior_cov"])) {
            assert_near("a covariance", *got, expected, 1e-11 * expected.abs());
        }
        let (bound, fit) = with(sd, noise, false, true);
        let best = number(&case["meanfield_best_elbo"]);
        assert_near("the factorised bound", bound, best, 1e-11 * best.abs());
        assert_near("its evidence", fit.log_evidence().unwrap().unwrap(), evidence, 1e-11 * evidence.abs());
        for (got, expected) in fit.posterior().mean.iter().zip(numbers(&case["posterior_mean"])) {
            assert_near("a factorised mean", *got, expected, 1e-12 * expected.abs().max(0.01));
        }
        for (j, expected) in numbers(&case["meanfield_optimum_sd"]).into_iter().enumerate() {
            let covariance = fit.posterior().covariance();
            assert_near(
                "a factorised sd",
                covariance[j * (q.mean.len() + 1)].sqrt(),
                expected,
                1e-11 * expected,
            );
        }
        let (conjugate, noise) = (&case["normal_inverse_gamma"], Noise::Gamma { shape: 2.0, rate: 3.0 });
        let evidence = number(&conjugate["log_evidence"]);
        let (bound, fit) = with(0.5f64.sqrt().recip(), noise, true, false);
        assert_near("the conjugate bound", bound, evidence, 1e-11 * evidence.abs());
        assert_near(
            "the conjugate evidence",
            fit.log_evidence().unwrap().unwrap(),
            evidence,
            1e-11 * evidence.abs(),
        );
        for (got, expected) in fit.posterior().mean.iter().zip(numbers(&conjugate["posterior_w_mean"])) {
            assert_near("a conjugate mean", *got, expected, 1e-12 * expected.abs().max(0.01));
        }
        let Noise::Gamma { shape, rate } = fit.posterior().noise else { panic!("τ is unknown") };
        assert_eq!(shape, number(&conjugate["posterior_a"]));
        let expected = number(&conjugate["posterior_b"]);
        assert_near("b", rate, expected, 1e-12 * expected);
        let (factorised, fit) = with(0.5f64.sqrt().recip(), noise, true, true);
        assert!(factorised <= evidence);
        assert_near("the evidence", fit.log_evidence().unwrap().unwrap(), evidence, 1e-11 * evidence.abs());
    }
}

/// All kinds of prior.
fn priors() -> impl Iterator<Item = Prior> {
    let gamma = (0.7, 0.4);
    let weights = [
        Weights::Known { sd: 1.3 },
        Weights::Shared { shape: gamma.0, rate: gamma.1 },
        Weights::Each { shape: gamma.0, rate: gamma.1 },
    ];
    let noises = [Noise::Known { sd: 0.8 }, Noise::Gamma { shape: 1.2, rate: 0.9 }];
    let choices = [false, true];
    weights.into_iter().flat_map(move |weights| {
        noises.into_iter().flat_map(move |noise| {
            choices.into_iter().flat_map(move |scaled| {
                choices.into_iter().flat_map(move |factorised| {
                    [None, Some(2.0)].map(|intercept| Prior { intercept, weights, noise, scaled, factorised })
                })
            })
        })
    })
}

/// A draw of q: w, the precision of each coefficient, τ, and log q.
fn draw(q: &Posterior, prior: &Prior, row: u64) -> (Vec<f64>, Vec<f64>, f64, f64) {
    let key = Key::new(5);
    let mut log_q = 0.0;
    let mut gamma = |shape, rate, n| {
        let gamma = Gamma::new(shape, rate).unwrap();
        let value = gamma.sample(key.fold(n), row);
        log_q += gamma.log_density(&value);
        value
    };
    let tau = match q.noise {
        Noise::Known { sd } => sd.powi(-2),
        Noise::Gamma { shape, rate } => gamma(shape, rate, 1),
    };
    let alpha: Vec<f64> = q
        .relevance_rate
        .iter()
        .enumerate()
        .map(|(j, &b)| gamma(q.relevance_shape, b, 10 + j as u64))
        .collect();
    let p = q.mean.len();
    let columns = p - usize::from(q.intercept);
    let of_columns = match prior.weights {
        Weights::Known { sd } => vec![sd.powi(-2); columns],
        Weights::Shared { .. } => vec![alpha[0]; columns],
        Weights::Each { .. } => alpha.clone(),
    };
    let precisions = prior.intercept.map(|sd| sd.powi(-2)).into_iter().chain(of_columns).collect();
    let mut noise = vec![0.0; p];
    key.fold(2).normals(row, &mut noise);
    let scale = if q.scaled { tau.sqrt().recip() } else { 1.0 };
    let factor = match &q.v {
        Covariance::Full { factor } => factor.clone(),
        Covariance::Diagonal { deviations } => {
            (0..p * p).map(|e| if e / p == e % p { deviations[e / p] } else { 0.0 }).collect()
        }
        Covariance::LowRank { .. } => panic!("fewer rows than columns"),
    };
    let w = (0..p)
        .map(|i| q.mean[i] + scale * (0..p).map(|j| factor[i * p + j] * noise[j]).sum::<f64>())
        .collect();
    let standard = Gaussian::new(0.0, 1.0).unwrap();
    for (j, e) in noise.iter().enumerate() {
        log_q += standard.log_density(e) - (scale * factor[j * (p + 1)]).ln();
    }
    (w, precisions, tau, log_q)
}

fn gaussian(x: f64, mean: f64, precision: f64) -> f64 {
    Gaussian::new(mean, precision.sqrt().recip()).unwrap().log_density(&x)
}

fn log_likelihood(x: &[f64], y: &[f64], intercept: bool, w: &[f64], tau: f64) -> f64 {
    let (first, columns) = (usize::from(intercept), x.len() / y.len());
    let mean = |x: &[f64]| {
        w[..first].iter().sum::<f64>() + x.iter().zip(&w[first..]).map(|(x, w)| x * w).sum::<f64>()
    };
    x.chunks(columns).zip(y).map(|(x, &y)| gaussian(y, mean(x), tau)).sum()
}

fn log_prior(prior: &Prior, w: &[f64], precisions: &[f64], tau: f64) -> f64 {
    let scale = if prior.scaled { tau } else { 1.0 };
    let weights = w.iter().zip(precisions).map(|(&w, alpha)| gaussian(w, 0.0, scale * alpha));
    let of_gamma = |shape, rate, value: f64| Gamma::new(shape, rate).unwrap().log_density(&value);
    let of_columns = &precisions[usize::from(prior.intercept.is_some())..];
    let alpha: f64 = match prior.weights {
        Weights::Known { .. } => 0.0,
        Weights::Shared { shape, rate } => of_gamma(shape, rate, of_columns[0]),
        Weights::Each { shape, rate } => of_columns.iter().map(|&a| of_gamma(shape, rate, a)).sum(),
    };
    let noise = match prior.noise {
        Noise::Known { .. } => 0.0,
        Noise::Gamma { shape, rate } => of_gamma(shape, rate, tau),
    };
    weights.sum::<f64>() + alpha + noise
}

/// Both terms of the bound are E_q\[log p(y|w, τ)\] and E_q\[log p(w, α, τ) − log q\] by Monte Carlo, of every kind of
/// prior, before convergence: 96 z-tests, a false alarm of any of which has probability 1e-4 (|z| < 4.9).
#[test]
fn the_bound_is_the_mean_of_the_log_weights() {
    let (x, y) = simulated(3, 12, 2);
    for prior in priors() {
        let mut fit = Fit::new(&x, 2, &y, prior).unwrap();
        ascend(&mut fit, &Ascent { tolerance: 0.0, sweeps: 1 }, |_, _| {}).unwrap();
        let bound = fit.bound();
        let (likelihood, global): (Vec<f64>, Vec<f64>) = (0..4000)
            .map(|row| {
                let (w, precisions, tau, log_q) = draw(fit.posterior(), &prior, row);
                let likelihood = log_likelihood(&x, &y, prior.intercept.is_some(), &w, tau);
                let global = log_prior(&prior, &w, &precisions, tau) - log_q;
                (likelihood - bound.log_likelihood, global - bound.global)
            })
            .unzip();
        assert_zero_mean(&format!("log p(y|w, τ), {prior:?}"), &likelihood, 4.9);
        assert_zero_mean(&format!("−KL, {prior:?}"), &global, 4.9);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// [`ascend`] refuses an update that lowers the bound. Columns may be constant, equal, or more than the rows, and of any
    /// scale; y may be missing.
    #[test]
    fn no_update_lowers_the_bound(
        seed in 0u64..1_000_000,
        rows in 1usize..12,
        columns in 1usize..6,
        kind in 0usize..48,
        scale in -6i32..7,
        twin in any::<bool>(),
    ) {
        let (mut x, mut y) = simulated(seed, rows, columns);
        for row in x.chunks_mut(columns) {
            row[columns - 1] = if twin { row[0] } else { 2.0 };
            row[0] *= 10f64.powi(scale);
        }
        y.iter_mut().step_by(5).skip(1).for_each(|y| *y = f64::NAN);
        let prior = priors().nth(kind).unwrap();
        let mut fit = Fit::new(&x, columns, &y, prior).unwrap();
        let record = ascend(&mut fit, &Ascent { tolerance: 0.0, sweeps: 15 }, |_, _| {});
        prop_assert!(record.is_ok(), "{:?} {:?}", prior, record);
        if let Some(evidence) = fit.log_evidence().unwrap() {
            prop_assert!(fit.bound().value() <= evidence + 1e-9 * evidence.abs().max(1.0));
        }
    }
}

/// log p(y|X) without a closed form, by importance sampling from q, is above the bound, and close to it.
#[test]
fn the_bound_is_below_the_evidence() {
    let (x, y) = simulated(8, 20, 3);
    let prior = Prior {
        intercept: None,
        weights: Weights::Shared { shape: 1.0, rate: 1.0 },
        noise: Noise::Gamma { shape: 1.0, rate: 1.0 },
        ..Prior::default()
    };
    let mut fit = Fit::new(&x, 3, &y, prior).unwrap();
    let bound = to_convergence(&mut fit).last();
    assert_eq!(fit.log_evidence().unwrap(), None);
    let log_weights = (0..20_000).map(|row| {
        let (w, precisions, tau, log_q) = draw(fit.posterior(), &prior, row);
        log_likelihood(&x, &y, false, &w, tau) + log_prior(&prior, &w, &precisions, tau) - log_q
    });
    let evidence = elbo::special::ln_sum_exp(&log_weights.collect::<Vec<_>>()) - 20_000f64.ln();
    assert!(bound < evidence && evidence < bound + 0.5, "{bound} {evidence}");
}

/// Of eight columns the last six say nothing: their α are great, their weights nothing, the others as they were.
#[test]
fn irrelevant_columns_are_switched_off() {
    let (x, y) = simulated(21, 200, 8);
    let gamma = (1e-6, 1e-6);
    let each = Prior { weights: Weights::Each { shape: gamma.0, rate: gamma.1 }, ..Prior::default() };
    let fitted = |prior| {
        let mut fit = Fit::new(&x, 8, &y, prior).unwrap();
        let bound = ascend(&mut fit, &Ascent::default(), |_, _| {}).unwrap().last();
        (bound, fit)
    };
    let (_, fit) = fitted(each);
    let (q, alpha) = (fit.posterior(), fit.posterior().relevance());
    for (j, &m) in q.mean[1..].iter().enumerate() {
        let expected = [1.0, -0.5].get(j).copied().unwrap_or(0.0);
        // Four standard errors of a weight, 0.3/√200.
        assert_near(&format!("weight {}", j + 1), m, expected, 0.085);
        assert_eq!(alpha[j] > 100.0, j > 1, "{alpha:?}");
    }
    let switched: f64 = q.mean[3..].iter().map(|m| m * m).sum();
    let ridge: f64 = fitted(Prior::default()).1.posterior().mean[3..].iter().map(|m| m * m).sum();
    assert!(switched < 0.5 * ridge, "{switched} {ridge}");
}

/// The predictive variance of y and of xᵀw, and the mass of the credible intervals, against draws of the same posterior.
/// Each is a z-test of 1e-4 (|z| < 4); there are 36.
#[test]
fn predictions_are_the_moments_of_the_draws() {
    let (x, y) = simulated(31, 15, 2);
    let new = [0.5, -2.0, 0.0, 0.0];
    let noise = Noise::Gamma { shape: 2.0, rate: 0.5 };
    for (noise, scaled) in [(Noise::Known { sd: 0.3 }, false), (noise, false), (noise, true)] {
        let prior = Prior { intercept: Some(2.0), noise, scaled, ..KNOWN };
        let mut fit = Fit::new(&x, 2, &y, prior).unwrap();
        to_convergence(&mut fit);
        let q = fit.posterior();
        let prediction = q.predict(&new).unwrap();
        assert_eq!(prediction.freedom.is_some(), scaled);
        let samples: Vec<Vec<f64>> = (0..10_000).map(|s| q.sample(&new, Key::new(s)).unwrap()).collect();
        let weights: Vec<Vec<f64>> = (0..10_000).map(|row| draw(q, &prior, row).0).collect();
        for (row, x) in new.chunks(2).enumerate() {
            let along = |w: &Vec<f64>| w[0] + w[1] * x[0] + w[2] * x[1];
            let off: Vec<f64> = samples.iter().map(|y| y[row] - prediction.mean[row]).collect();
            assert_zero_mean("E[y]", &off, 4.0);
            let squares: Vec<f64> = off.iter().map(|d| d * d - prediction.sd[row].powi(2)).collect();
            assert_zero_mean("Var[y]", &squares, 4.0);
            let off = weights
                .iter()
                .map(|w| (along(w) - prediction.mean[row]).powi(2) - prediction.mean_sd[row].powi(2));
            assert_zero_mean("Var[xᵀw]", &off.collect::<Vec<_>>(), 4.0);
        }
        for (j, (low, high)) in q.credible_intervals(0.8).unwrap().into_iter().enumerate() {
            let inside = weights.iter().map(|w| f64::from(u8::from(low < w[j] && w[j] < high)) - 0.8);
            assert_zero_mean("the credible interval", &inside.collect::<Vec<_>>(), 4.0);
            let variances =
                weights.iter().map(|w| (w[j] - q.mean[j]).powi(2) - q.covariance()[j * (q.mean.len() + 1)]);
            assert_zero_mean("Var[w]", &variances.collect::<Vec<_>>(), 4.0);
        }
    }
}

/// Two equal columns share the weight that one alone would have; a constant column beside an intercept, no row at all, and
/// y without noise are no trouble.
#[test]
fn degenerate_data_have_their_answers() {
    let (x, y) = simulated(41, 30, 1);
    let twice: Vec<f64> = x.iter().flat_map(|&x| [x, x]).collect();
    let noise = Noise::Known { sd: 0.3 };
    let fitted = |x: &[f64], columns, sd, y: &[f64]| {
        let mut fit =
            Fit::new(x, columns, y, Prior { weights: Weights::Known { sd }, noise, ..KNOWN }).unwrap();
        (to_convergence(&mut fit).last(), fit)
    };
    // w₁ + w₂ ~ N(0, 2 sd²).
    let (one, single) = fitted(&x, 1, 2f64.sqrt() * 3.0, &y);
    let (two, double) = fitted(&twice, 2, 3.0, &y);
    assert_near("the evidence", two, one, 1e-9);
    let [left, right] = double.posterior().mean[..] else { panic!("two weights") };
    assert_near("a twin", left, right, 1e-12);
    assert_near("the sum", left + right, single.posterior().mean[0], 1e-12);

    let nothing = fitted(&x, 1, 3.0, &vec![f64::NAN; 30]).1;
    assert_near("log p of nothing", nothing.bound().value(), 0.0, 1e-12);
    assert_near("the prior", nothing.posterior().covariance()[0], 9.0, 1e-12);

    // A perfect fit: τ stops at its prior's rate. Then constant columns and constant y.
    let exact: Vec<f64> = x.iter().map(|x| 2.0 * x + 1.0).collect();
    let constant: Vec<f64> = x.iter().flat_map(|&x| [x, 7.0, 0.0]).collect();
    for (x, columns) in [(&x, 1), (&constant, 3)] {
        for y in [&exact, &vec![4.0; 30]] {
            for prior in [Prior::default(), Prior { scaled: true, ..Prior::default() }] {
                let mut fit = Fit::new(x, columns, y, prior).unwrap();
                assert!(ascend(&mut fit, &Ascent::default(), |_, _| {}).unwrap().last().is_finite());
                let fitted = fit.posterior().predict(x).unwrap();
                for (got, expected) in fitted.mean.iter().zip(y) {
                    assert_near("a fitted value", *got, *expected, 1e-3);
                }
            }
        }
    }
}

/// Values of 1e8 whose spread is 1 keep the slope's digits: the rows are never squared.
#[test]
fn a_far_origin_costs_no_digits() {
    let (x, y) = simulated(51, 40, 1);
    let far: Vec<f64> = x.iter().map(|x| x + 1e8).collect();
    let prior = Prior { intercept: Some(1e12), noise: Noise::Known { sd: 0.3 }, ..KNOWN };
    let slope = |x: &[f64]| Fit::new(x, 1, &y, prior).unwrap().posterior().mean[1];
    // x + 1e8 is itself rounded by 1e-8.
    assert_near("the slope", slope(&far), slope(&x), 1e-7);
}

#[test]
fn rows_without_y_are_left_out_and_what_is_wrong_is_named() {
    let (x, y) = simulated(61, 9, 2);
    let (mut gaps, mut gap_x) = (y.clone(), x.clone());
    (gaps[4], gap_x[9]) = (f64::NAN, f64::NAN);
    let fewer_y = [&y[..4], &y[5..]].concat();
    let fewer_x = [&x[..8], &x[10..]].concat();
    let bound = |x: &[f64], y: &[f64]| Fit::new(x, 2, y, Prior::default()).unwrap().bound().value();
    assert_near("the bound", bound(&gap_x, &gaps), bound(&fewer_x, &fewer_y), 1e-10);

    let message = |x: &[f64], y: &[f64]| Fit::new(x, 2, y, Prior::default()).unwrap_err().to_string();
    assert!(message(&gap_x, &y).contains("x in row 5, column 2 is NaN"), "{}", message(&gap_x, &y));
    gaps[6] = f64::INFINITY;
    assert!(message(&x, &gaps).contains("y of row 7 is inf"));
    assert!(message(&x[1..], &y).contains("shape"));
    let fit = Fit::new(&x, 2, &y, Prior::default()).unwrap();
    let predicted = fit.posterior().predict(&[1.0, f64::NAN, x[0], x[1]]).unwrap();
    let whole = fit.posterior().predict(&x[..2]).unwrap();
    for (some, all) in
        [(predicted.mean, whole.mean), (predicted.mean_sd, whole.mean_sd), (predicted.sd, whole.sd)]
    {
        assert!(some[0].is_nan() && some[1] == all[0], "{some:?} {all:?}");
    }
    assert!(fit.posterior().predict(&[1.0, f64::INFINITY]).is_err());
    assert!(fit.posterior().predict(&[1.0, 2.0, 3.0]).is_err());
    for wrong in [
        Prior { intercept: Some(0.0), ..Prior::default() },
        Prior { weights: Weights::Known { sd: -1.0 }, ..Prior::default() },
        Prior { noise: Noise::Gamma { shape: 1.0, rate: 0.0 }, ..Prior::default() },
    ] {
        assert!(Fit::new(&x, 2, &y, wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let (x, y) = simulated(71, 5000, 3);
    let fitted = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Fit::new(&x, 3, &y, Prior::default()).unwrap().posterior().clone())
    };
    assert_eq!(fitted(1), fitted(3));
}

#[test]
fn a_posterior_that_is_none_is_not_read() {
    let (x, y) = simulated(3, 20, 2);
    for weights in [Weights::Shared { shape: 1.0, rate: 1.0 }, Weights::Each { shape: 1.0, rate: 1.0 }] {
        let mut fit = Fit::new(&x, 2, &y, Prior { weights, ..Prior::default() }).unwrap();
        ascend(&mut fit, &Ascent::default(), |_, _| {}).unwrap();
        let whole = serde_json::to_value(fit.posterior()).unwrap();
        let read = |value: serde_json::Value| serde_json::from_value::<Posterior>(value);
        assert_eq!(&read(whole.clone()).unwrap(), fit.posterior());
        // Of two rates one is left, which could be that of both; of one none, where α is known.
        let broken = shortened(&whole, &["/relevance_rate"]);
        assert_eq!(broken.len(), 2);
        for (path, value) in broken {
            assert!(read(value).is_err(), "{path}");
        }
        for (path, wrong) in [
            ("/mean", json!([])),
            ("/relevance_rate", json!([1.0, 1.0, 1.0, 1.0])),
            ("/relevance_rate/0", json!(-1.0)),
            ("/relevance_shape", json!(0.0)),
            ("/noise", json!({ "Gamma": { "shape": 1.0, "rate": -1.0 } })),
            ("/noise", json!({ "Known": { "sd": 0.0 } })),
        ] {
            let mut value = whole.clone();
            *value.pointer_mut(path).unwrap() = wrong;
            assert!(read(value).is_err(), "{path}");
        }
    }
}
