//! The linear-Gaussian state space model against the joint Gaussian of all its states and values.

use elbo::{
    distribution::{Cholesky, DiagonalGaussian, FullGaussian, Gamma, Gaussian, LogDensity, Sample},
    mean_field::{
        Ascent, MeanField, ascend, best_of,
        state_space::{Fit, Linear, LinearPrior, Posterior, Precision, Prior},
    },
    random::Key,
    special::normal_cdf,
};
use proptest::prelude::*;

use crate::{assert_near, number, numbers, reference, to_convergence};

const MISSING: f64 = f64::NAN;

fn known_map(weights: &[f64], precisions: &[f64]) -> LinearPrior {
    let noise = precisions.iter().map(|&tau| Precision::Known(tau)).collect();
    LinearPrior { weights: weights.to_vec(), relevance: None, noise }
}

/// A fit in which nothing is unknown but the states, after its only update.
fn known<'a>(prior: Prior, y: &'a [f64], lengths: &[usize]) -> Fit<'a> {
    let mut fit = Fit::new(y, lengths, prior, Key::new(1)).unwrap();
    assert_eq!(fit.factors(), ["q(z)"]);
    fit.update(0).unwrap();
    fit
}

#[test]
fn known_parameters_of_the_reference() {
    let Some(file) = reference("small_exact_A.json") else { return };
    let case = &file["linear_gaussian_state_space"][0];
    let prior = Prior {
        mean: vec![0.0],
        covariance: vec![number(&case["p0"])],
        dynamics: known_map(&[number(&case["a"])], &[number(&case["q"]).recip()]),
        observation: known_map(&[1.0], &[number(&case["r"]).recip()]),
    };
    let y = numbers(&case["y"]);
    let fit = known(prior, &y, &[y.len()]);
    let exact = number(&case["log_likelihood"]);
    assert_near("the ELBO", fit.bound().value(), exact, 1e-9);
    let z = fit.posterior().smooth(&y).unwrap();
    assert_near("log p(y)", z.log_likelihood_bound, exact, 1e-9);
    for (t, (mean, variance)) in
        numbers(&case["smoothed_mean"]).into_iter().zip(numbers(&case["smoothed_var"])).enumerate()
    {
        assert_near("a mean", z.means[t], mean, 1e-9);
        assert_near("a variance", z.sds[t].powi(2), variance, 1e-9);
    }
}

/// Two states behind three columns.
fn two_states() -> Prior {
    Prior {
        mean: vec![0.5, -1.0],
        covariance: vec![1.0, 0.3, 0.3, 0.5],
        dynamics: known_map(&[0.9, 0.2, -0.3, 0.7], &[2.0, 5.0]),
        observation: known_map(&[1.0, 0.0, 0.5, -1.0, 0.3, 2.0], &[4.0, 1.0, 0.5]),
    }
}

const GAPS: [f64; 12] = [0.3, MISSING, -1.2, MISSING, MISSING, MISSING, 1.1, 0.4, MISSING, 0.2, -0.6, 0.9];

/// Mean and covariance of (z_1, …, z_T, y_1, …, y_T) of a known model, by moving moments forward.
fn joint(q: &Posterior, steps: usize) -> (Vec<f64>, Vec<f64>) {
    let (d, p) = (q.states(), q.columns());
    let n = steps * (d + p);
    let (mut mean, mut covariance) = (vec![0.0; n], vec![0.0; n * n]);
    mean[..d].copy_from_slice(&q.mean);
    for i in 0..d {
        covariance[i * n..i * n + d].copy_from_slice(&q.covariance[i * d..(i + 1) * d]);
    }
    // Each further variable is a combination of `inputs` from `from` on, and noise.
    let mut append = |at: usize, weights: &[f64], from: usize, tau: Precision| {
        mean[at] = weights.iter().enumerate().map(|(i, w)| w * mean[from + i]).sum();
        for other in 0..n {
            let shared: f64 =
                weights.iter().enumerate().map(|(i, w)| w * covariance[(from + i) * n + other]).sum();
            covariance[at * n + other] = shared;
            covariance[other * n + at] = shared;
        }
        let own: f64 = weights.iter().enumerate().map(|(i, w)| w * covariance[(from + i) * n + at]).sum();
        covariance[at * n + at] = own + tau.mean().recip();
    };
    let row = |map: &Linear, k: usize| map.weights[k * d..(k + 1) * d].to_vec();
    for t in 1..steps {
        for k in 0..d {
            append(t * d + k, &row(&q.dynamics, k), (t - 1) * d, q.dynamics.noise[k]);
        }
    }
    for t in 0..steps {
        for k in 0..p {
            append(steps * d + t * p + k, &row(&q.observation, k), t * d, q.observation.noise[k]);
        }
    }
    (mean, covariance)
}

#[test]
fn known_parameters_by_the_joint_gaussian() {
    let fit = known(two_states(), &GAPS, &[4]);
    let q = fit.posterior();
    let (mean, covariance) = joint(q, 4);
    let n = mean.len();
    let seen: Vec<usize> = (0..12).filter(|&cell| !GAPS[cell].is_nan()).collect();
    let pairs = seen.iter().flat_map(|i| seen.iter().map(move |j| (i, j)));
    let of_seen: Vec<f64> = pairs.map(|(i, j)| covariance[(8 + i) * n + 8 + j]).collect();
    let factor = Cholesky::of(&of_seen, seen.len()).unwrap();
    let y: Vec<f64> = seen.iter().map(|&cell| GAPS[cell]).collect();
    let centre: Vec<f64> = seen.iter().map(|&cell| mean[8 + cell]).collect();
    let exact = FullGaussian::new(centre.clone(), factor.clone()).unwrap().log_density(y.as_slice());
    assert_near("the ELBO", fit.bound().value(), exact, 1e-12);
    let z = q.smooth(&GAPS).unwrap();
    assert_near("log p(y)", z.log_likelihood_bound, exact, 1e-12);
    let values = q.predict(&GAPS).unwrap();
    let deviations: Vec<f64> = y.iter().zip(&centre).map(|(y, m)| y - m).collect();
    // Each cell in units of its standard deviation, given those before it.
    let transforms = q.transforms(&GAPS).unwrap();
    assert!(GAPS.iter().zip(&transforms).all(|(y, u)| y.is_nan() == u.is_nan()));
    for (&cell, z) in seen.iter().zip(factor.solve(&deviations)) {
        assert_near("a transform", transforms[cell], normal_cdf(z), 1e-12);
    }
    let scores = factor.solve_transposed(&factor.solve(&deviations));
    let condition = |i: usize| {
        let cross: Vec<f64> = seen.iter().map(|cell| covariance[i * n + 8 + cell]).collect();
        let explained = factor.solve(&cross);
        let mean = mean[i] + cross.iter().zip(&scores).map(|(c, s)| c * s).sum::<f64>();
        (mean, (covariance[i * n + i] - explained.iter().map(|e| e * e).sum::<f64>()).sqrt())
    };
    for i in 0..8 {
        let (mean, sd) = condition(i);
        assert_near("a mean", z.means[i], mean, 1e-12);
        assert_near("an sd", z.sds[i], sd, 1e-12);
    }
    for cell in (0..12).filter(|&cell| GAPS[cell].is_nan()) {
        let (mean, sd) = condition(8 + cell);
        assert_near("a missing mean", values.means[cell], mean, 1e-12);
        assert_near("a missing sd", values.sds[cell], sd, 1e-12);
    }
    // Where all is known, later rows are rows of which nothing was seen.
    let longer = [&GAPS[..], &[MISSING; 9]].concat();
    let (rows, states) = (q.predict(&longer).unwrap(), q.smooth(&longer).unwrap());
    let ahead = q.forecast(&GAPS, 3).unwrap();
    for cell in 0..9 {
        assert_near("a forecast", ahead.rows.means[cell], rows.means[12 + cell], 1e-12);
        assert_near("its sd", ahead.rows.sds[cell], rows.sds[12 + cell], 1e-12);
    }
    for cell in 0..6 {
        assert_near("a state ahead", ahead.states.means[cell], states.means[8 + cell], 1e-12);
        assert_near("its sd", ahead.states.sds[cell], states.sds[8 + cell], 1e-12);
    }
    // Sequences know nothing of each other.
    let twice = [GAPS, GAPS].concat();
    assert_near("two sequences", known(two_states(), &twice, &[4, 4]).bound().value(), 2.0 * exact, 1e-12);
}

/// Two unknown factors behind three columns; α and γ known in part.
fn unknown() -> Prior {
    let gamma = |shape, rate| Precision::Gamma { shape, rate };
    Prior {
        mean: vec![0.5, -1.0],
        covariance: vec![1.0, 0.3, 0.3, 0.5],
        dynamics: LinearPrior {
            weights: vec![0.9, 0.0, 0.1, 0.5],
            relevance: Some(vec![gamma(2.0, 1.0), Precision::Known(3.0)]),
            noise: vec![gamma(3.0, 2.0), Precision::Known(2.0)],
        },
        observation: LinearPrior {
            weights: vec![1.0, 0.0, 0.5, -1.0, 0.3, 2.0],
            relevance: Some(vec![gamma(2.0, 0.5), gamma(1.5, 1.0)]),
            noise: vec![gamma(2.0, 1.0), Precision::Known(1.0), gamma(4.0, 3.0)],
        },
    }
}

/// q(z) of the factors as one Gaussian: its precision is block tridiagonal.
fn dense(q: &Posterior, y: &[f64]) -> FullGaussian {
    let (d, columns) = (q.states(), q.columns());
    let steps = y.len() / columns;
    let n = steps * d;
    let (mut precision, mut linear) = (vec![0.0; n * n], vec![0.0; n]);
    let first = Cholesky::of(&q.covariance, d).unwrap();
    for j in 0..d {
        let unit: Vec<f64> = (0..d).map(|i| f64::from(i == j)).collect();
        let column = first.solve_transposed(&first.solve(&unit));
        for i in 0..d {
            precision[i * n + j] += column[i];
            linear[i] += column[i] * q.mean[j];
        }
    }
    let second = |map: &Linear, k: usize, i: usize, j: usize| {
        map.weights[k * d + i] * map.weights[k * d + j] + map.covariances[k][i * d + j]
    };
    for t in 0..steps {
        for (k, tau) in q.dynamics.noise.iter().enumerate().filter(|_| t + 1 < steps) {
            let (here, next, tau) = (t * d, (t + 1) * d + k, tau.mean());
            precision[next * n + next] += tau;
            for i in 0..d {
                let cross = tau * q.dynamics.weights[k * d + i];
                precision[next * n + here + i] -= cross;
                precision[(here + i) * n + next] -= cross;
                for j in 0..d {
                    precision[(here + i) * n + here + j] += tau * second(&q.dynamics, k, i, j);
                }
            }
        }
        for (k, tau) in q.observation.noise.iter().enumerate().filter(|(k, _)| !y[t * columns + k].is_nan()) {
            for i in 0..d {
                linear[t * d + i] += tau.mean() * y[t * columns + k] * q.observation.weights[k * d + i];
                for j in 0..d {
                    precision[(t * d + i) * n + t * d + j] += tau.mean() * second(&q.observation, k, i, j);
                }
            }
        }
    }
    let factor = Cholesky::of(&precision, n).unwrap();
    let solve = |v: &[f64]| factor.solve_transposed(&factor.solve(v));
    let unit = |j: usize| (0..n).map(|i| f64::from(i == j)).collect::<Vec<f64>>();
    let covariance: Vec<f64> = (0..n).flat_map(|j| solve(&unit(j))).collect();
    FullGaussian::new(solve(&linear), Cholesky::of(&covariance, n).unwrap()).unwrap()
}

fn normal(x: f64, mean: f64, precision: f64) -> f64 {
    Gaussian::new(mean, precision.sqrt().recip()).unwrap().log_density(&x)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// log p(z, y|θ) of known parameters.
fn log_joint(known: &Posterior, z: &[f64], y: &[f64]) -> f64 {
    let (d, p) = (known.states(), known.columns());
    let factor = Cholesky::of(&known.covariance, d).unwrap();
    let mut sum = FullGaussian::new(known.mean.clone(), factor).unwrap().log_density(&z[..d]);
    let mut add = |map: &Linear, k: usize, v: f64, u: &[f64]| {
        sum += normal(v, dot(&map.weights[k * d..(k + 1) * d], u), map.noise[k].mean());
    };
    for (before, after) in z.chunks(d).zip(z[d..].chunks(d)) {
        (0..d).for_each(|k| add(&known.dynamics, k, after[k], before));
    }
    for (z, y) in z.chunks(d).zip(y.chunks(p)) {
        (0..p).filter(|&k| !y[k].is_nan()).for_each(|k| add(&known.observation, k, y[k], z));
    }
    sum
}

/// log p(θ) − log q(θ) of a drawn map, with α drawn here.
fn log_ratio(prior: &LinearPrior, q: &Linear, known: &Linear, key: Key) -> f64 {
    let n = q.relevance.len();
    let mut sum = 0.0;
    let of_gamma = |prior: &Precision, q: &Precision, drawn: Option<f64>, row: usize| match (prior, q) {
        (Precision::Gamma { shape: a0, rate: b0 }, Precision::Gamma { shape, rate }) => {
            let (q, p) = (Gamma::new(*shape, *rate).unwrap(), Gamma::new(*a0, *b0).unwrap());
            let x = drawn.unwrap_or_else(|| q.sample(key, row as u64));
            (p.log_density(&x) - q.log_density(&x), x)
        }
        (Precision::Known(value), _) => (0.0, *value),
        other => panic!("{other:?}"),
    };
    for (k, (prior, q)) in prior.noise.iter().zip(&q.noise).enumerate() {
        sum += of_gamma(prior, q, Some(known.noise[k].mean()), k).0;
    }
    let mut sds = Vec::new();
    for (j, (prior, q)) in prior.relevance.iter().flatten().zip(&q.relevance).enumerate() {
        let (ratio, alpha) = of_gamma(prior, q, None, j);
        sum += ratio;
        sds.push(alpha.sqrt().recip());
    }
    for (k, covariance) in q.covariances.iter().enumerate() {
        let row = |weights: &[f64]| weights[k * n..(k + 1) * n].to_vec();
        let w = row(&known.weights);
        let p = DiagonalGaussian::new(row(&prior.weights), sds.clone()).unwrap();
        let q = FullGaussian::new(row(&q.weights), Cholesky::of(covariance, n).unwrap()).unwrap();
        sum += p.log_density(w.as_slice()) - q.log_density(w.as_slice());
    }
    sum
}

/// The bound by its definition, from 40,000 draws of states and parameters: P(|z| > 4.5) = 7e-6.
#[test]
fn the_bound_by_its_definition() {
    let prior = unknown();
    let mut fit = Fit::new(&GAPS, &[4], prior.clone(), Key::new(3)).unwrap();
    assert_eq!(fit.factors(), ["q(z)", "q(A)", "q(α)", "q(Q)", "q(C)", "q(γ)", "q(R)"]);
    let bound = to_convergence(&mut fit).last();
    let q = fit.posterior();
    let states = dense(q, &GAPS);
    let smoothed = q.smooth(&GAPS).unwrap();
    for (got, expected) in smoothed.means.iter().zip(states.location()) {
        assert_near("a mean", *got, *expected, 1e-11);
    }
    let values: Vec<f64> = (0..40_000)
        .map(|seed| {
            let key = Key::new(seed);
            let known = q.draw(key).unwrap();
            let z = states.sample(key.fold(9), 0);
            log_joint(&known, &z, &GAPS) - states.log_density(z.as_slice())
                + log_ratio(&prior.dynamics, &q.dynamics, &known.dynamics, key.fold(10))
                + log_ratio(&prior.observation, &q.observation, &known.observation, key.fold(11))
        })
        .collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let z = (mean - bound) / (sd / n.sqrt());
    assert!(z.abs() < 4.5, "mean {mean}, bound {bound}, z = {z}");
}

/// The local level: the evidence by quadrature over log q and log r is above the bound, and not far.
#[test]
fn the_evidence_of_the_local_level() {
    let y = [0.3, 0.9, MISSING, 1.4, 0.8, 1.9, 2.5, 2.0];
    let gamma = Precision::Gamma { shape: 2.0, rate: 0.5 };
    let noise = || vec![gamma];
    let level = Prior::local_level(0.0, 4.0);
    let prior = Prior {
        dynamics: LinearPrior { noise: noise(), ..level.dynamics },
        observation: LinearPrior { noise: noise(), ..level.observation },
        ..level
    };
    let mut fit = Fit::new(&y, &[8], prior.clone(), Key::new(1)).unwrap();
    assert_eq!(fit.factors(), ["q(z)", "q(Q)", "q(R)"]);
    let bound = to_convergence(&mut fit).last();
    let (density, step) = (Gamma::new(2.0, 0.5).unwrap(), 0.1);
    let grid: Vec<f64> = (-60..=40).map(|i| (f64::from(i) * step).exp()).collect();
    let mut evidence = 0.0;
    for q in &grid {
        for r in &grid {
            let prior = Prior {
                dynamics: known_map(&[1.0], &[*q]),
                observation: known_map(&[1.0], &[*r]),
                ..prior.clone()
            };
            let log =
                known(prior, &y, &[8]).bound().value() + density.log_density(q) + density.log_density(r);
            evidence += step * step * q * r * log.exp();
        }
    }
    assert!(bound < evidence.ln() && bound > evidence.ln() - 1.0, "{bound} {}", evidence.ln());
}

/// Random sizes, priors and data, one value in four missing.
fn cases() -> impl Strategy<Value = (Prior, Vec<f64>, Vec<usize>)> {
    let sizes = (1..4usize, 1..5usize, prop::collection::vec(1..9usize, 1..4));
    (sizes, any::<u64>(), -3.0..3.0, prop::array::uniform4(-2.0..2.0), any::<[bool; 4]>()).prop_map(
        |((states, columns, lengths), seed, log_scale, logs, free)| {
            let [alpha, beta, shape, rate] = logs.map(f64::exp);
            let scale = 10f64.powf(log_scale);
            let normals = |n: usize, row: u64| {
                let mut out = vec![0.0; n];
                Key::new(seed).normals(row, &mut out);
                out
            };
            let map = |outputs: usize, scale: f64, row, weights: bool, noise: bool| LinearPrior {
                weights: normals(outputs * states, row).iter().map(|w| 0.5 * scale * w).collect(),
                relevance: weights.then(|| {
                    let mut all = vec![Precision::Gamma { shape: alpha, rate: beta * scale * scale }; states];
                    all[0] = Precision::Known(alpha / (scale * scale));
                    all
                }),
                noise: if noise {
                    vec![Precision::Gamma { shape, rate: rate * scale * scale }; outputs]
                } else {
                    vec![Precision::Known(rate / (scale * scale)); outputs]
                },
            };
            let prior = Prior {
                dynamics: map(states, 1.0, 1, free[0], free[1]),
                observation: map(columns, scale, 2, free[2], free[3]),
                ..Prior::factors(states, columns)
            };
            let cells = lengths.iter().sum::<usize>() * columns;
            let y = normals(cells, 3).into_iter().zip(normals(cells, 4));
            let y = y.map(|(y, hide)| if hide > 0.67 { MISSING } else { scale * y }).collect();
            (prior, y, lengths)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_update_lowers_the_bound((prior, y, lengths) in cases(), seed: u64) {
        let mut fit = Fit::new(&y, &lengths, prior, Key::new(seed)).unwrap();
        ascend(&mut fit, &Ascent { tolerance: 0.0, sweeps: 30 }, |_, _| {}).unwrap();
        let ahead = fit.posterior().forecast(&y, 2).unwrap().rows;
        prop_assert!(ahead.means.iter().all(|m| m.is_finite()) && ahead.sds.iter().all(|s| *s > 0.0));
    }
}

/// A signal whose steps are a thousandth of its size, 10,000 of them: the bound keeps rising, and is as if the origin were
/// elsewhere.
#[test]
fn a_smooth_signal_keeps_its_digits() {
    // Whole numbers of 2⁻³⁰, which a shift by 1024 does not round.
    let unit = f64::from(1 << 30);
    let y: Vec<f64> = (0..10_000).map(|t| (unit * (1e-3 * f64::from(t)).sin()).round() / unit).collect();
    let ascent = Ascent { tolerance: 1e-9, sweeps: 60 };
    let bound = |shift: f64| {
        let y: Vec<f64> = y.iter().map(|y| y + shift).collect();
        let mut fit = Fit::new(&y, &[10_000], Prior::local_level(shift, 1.0), Key::new(1)).unwrap();
        ascend(&mut fit, &ascent, |_, _| {}).unwrap().last()
    };
    assert_near("the ELBO of the shifted signal", bound(1024.0), bound(0.0), 1e-4);
}

/// Where A is not known, the states ahead are those of A drawn anew at each step, whatever the horizon. Each |z| < 4 has a
/// false-alarm rate of 6e-5.
#[test]
fn states_ahead_are_those_of_drawn_parameters() {
    let normals = |number: usize, row: u64| {
        let mut out = vec![0.0; number];
        Key::new(11).normals(row, &mut out);
        out
    };
    let y = normals(60, 0);
    let mut fit = Fit::new(&y, &[60], Prior::autoregression(0.0, 1.0), Key::new(1)).unwrap();
    ascend(&mut fit, &Ascent::default(), |_, _| {}).unwrap();
    let q = fit.posterior();
    let (of_last, ahead) = (q.smooth(&y).unwrap(), q.forecast(&y, 2).unwrap().states);
    assert_eq!(ahead.means[0].to_bits(), q.forecast(&y, 5).unwrap().states.means[0].to_bits());

    let number = 20_000;
    let (noise, mut sums) = (normals(number, 1), [[0.0; 4]; 2]);
    for (row, noise) in noise.iter().enumerate() {
        let mut z = of_last.means[59] + of_last.sds[59] * noise;
        for (step, sums) in sums.iter_mut().enumerate() {
            let known = q.draw(Key::new(13).fold(step as u64).fold(row as u64)).unwrap();
            let shock = normals(1, 2 + 2 * row as u64 + step as u64)[0];
            z = known.dynamics.weights[0] * z + known.dynamics.noise[0].mean_variance().sqrt() * shock;
            (1..).zip(sums.iter_mut()).for_each(|(power, sum)| *sum += z.powi(power) / number as f64);
        }
    }
    for (step, [one, two, three, four]) in sums.into_iter().enumerate() {
        let variance = two - one * one;
        let fourth = four - 4.0 * one * three + 6.0 * one * one * two - 3.0 * one.powi(4);
        let (error, of_variance) =
            ((variance / number as f64).sqrt(), ((fourth - variance * variance) / number as f64).sqrt());
        assert_near("a mean ahead", ahead.means[step], one, 4.0 * error);
        assert_near("a variance ahead", ahead.sds[step].powi(2), variance, 4.0 * of_variance);
    }
}

/// An autoregression of 3,000 steps seen through noise, one value in ten missing: each parameter within 5 standard
/// errors of the posterior, widened by 3 since mean field's are too narrow.
#[test]
fn a_simulated_autoregression_is_recovered() {
    let truth = Prior {
        mean: vec![0.0],
        covariance: vec![1.0],
        dynamics: known_map(&[0.8], &[2.0]),
        observation: known_map(&[1.0], &[4.0]),
    };
    let (_, mut y) = known(truth, &[0.0], &[1]).posterior().sample(3000, Key::new(8)).unwrap();
    (0..y.len()).step_by(10).for_each(|t| y[t] = MISSING);
    let mut fit = Fit::new(&y, &[3000], Prior::autoregression(0.0, 1.0), Key::new(1)).unwrap();
    assert!(ascend(&mut fit, &Ascent { tolerance: 1e-9, sweeps: 3000 }, |_, _| {}).unwrap().converged);
    let q = fit.posterior();
    let sd = q.dynamics.covariances[0][0].sqrt();
    assert_near("a", q.dynamics.weights[0], 0.8, 15.0 * sd);
    for (map, truth) in [(&q.dynamics, 2.0), (&q.observation, 4.0)] {
        let Precision::Gamma { shape, .. } = map.noise[0] else { panic!() };
        assert_near("a precision", map.noise[0].mean() / truth, 1.0, 15.0 / shape.sqrt());
    }
}

/// Two rotating factors behind eight columns: of four states asked for, two are used, and missing values are filled in
/// about as well as by the truth.
#[test]
fn the_relevances_choose_the_number_of_states() {
    let (cos, sin) = (0.97 * 0.4f64.cos(), 0.97 * 0.4f64.sin());
    let mut weights = vec![0.0; 16];
    Key::new(3).normals(0, &mut weights);
    let truth = Prior {
        dynamics: known_map(&[cos, -sin, sin, cos], &[1.0, 1.0]),
        observation: known_map(&weights, &[2.0; 8]),
        ..Prior::factors(2, 8)
    };
    let truth = known(truth, &[0.0; 8], &[1]).posterior().clone();
    let (_, full) = truth.sample(400, Key::new(12)).unwrap();
    let mut y = full.clone();
    let hidden: Vec<usize> = (0..y.len()).filter(|cell| cell % 7 == 3).collect();
    for &cell in &hidden {
        y[cell] = MISSING;
    }
    let begin = |start| Fit::new(&y, &[400], Prior::factors(4, 8), Key::new(start as u64));
    let best = best_of(2, begin, &Ascent { tolerance: 1e-7, sweeps: 500 }, |_, _, _| {}).unwrap();
    let q = best.model.posterior();
    let size = |j: usize| (0..8).map(|p| q.observation.weights[p * 4 + j].powi(2)).sum::<f64>();
    let used = (0..4).filter(|&j| size(j) > 0.05).count();
    assert_eq!(used, 2, "{:?}", (0..4).map(size).collect::<Vec<_>>());
    let error = |q: &Posterior| {
        let filled = q.predict(&y).unwrap();
        let squares: f64 = hidden.iter().map(|&cell| (filled.means[cell] - full[cell]).powi(2)).sum();
        (squares / hidden.len() as f64).sqrt()
    };
    assert!(error(q) < 1.05 * error(&truth), "{} {}", error(q), error(&truth));
}

#[test]
fn the_bits_do_not_depend_on_the_number_of_threads() {
    let mut y = vec![0.0; 300 * 3];
    Key::new(1).normals(0, &mut y);
    let fitted = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut fit = Fit::new(&y, &[3; 100], Prior::factors(2, 3), Key::new(3)).unwrap();
            let record = ascend(&mut fit, &Ascent { tolerance: 0.0, sweeps: 5 }, |_, _| {}).unwrap();
            (record, fit.posterior().clone())
        })
    };
    assert_eq!(fitted(1), fitted(3));
}

/// Draws of a known model have the moments of the joint Gaussian: 20,000 draws, P(|z| > 4.5) = 7e-6 each.
#[test]
fn draws_have_the_moments_of_the_joint() {
    let fit = known(two_states(), &GAPS, &[4]);
    let (mean, covariance) = joint(fit.posterior(), 3);
    let n = mean.len();
    let draws: Vec<Vec<f64>> =
        (0..20_000).map(|seed| fit.posterior().sample(3, Key::new(seed)).unwrap().1).collect();
    for cell in 0..9 {
        let variance = covariance[(6 + cell) * n + 6 + cell];
        let count = draws.len() as f64;
        let average = draws.iter().map(|y| y[cell]).sum::<f64>() / count;
        let square = draws.iter().map(|y| (y[cell] - mean[6 + cell]).powi(2)).sum::<f64>() / count;
        let z = (average - mean[6 + cell]) / (variance / count).sqrt();
        let of_square = (square / variance - 1.0) / (2.0 / count).sqrt();
        assert!(z.abs() < 4.5 && of_square.abs() < 4.5, "{z} {of_square}");
    }
}

#[test]
fn odd_data() {
    let fitted = |y: &[f64], lengths: &[usize], prior: Prior| {
        let mut fit = Fit::new(y, lengths, prior, Key::new(1)).unwrap();
        let record = ascend(&mut fit, &Ascent { tolerance: 1e-8, sweeps: 200 }, |_, _| {}).unwrap();
        let values = fit.posterior().predict(y).unwrap();
        assert!(record.last().is_finite() && values.means.iter().all(|m| m.is_finite()));
        assert!(values.sds.iter().all(|sd| *sd > 0.0));
        record.last()
    };
    // More states than rows or columns, one row, columns that are constant, alike or of no value.
    fitted(&[0.3, -0.2], &[2], Prior::factors(3, 1));
    fitted(&[0.3, -0.2], &[1], Prior::factors(2, 2));
    fitted(
        &[1.0, 2.0, 2.0, MISSING, 1.0, 0.5, 0.5, MISSING, 1.0, -1.0, -1.0, MISSING],
        &[3],
        Prior::factors(2, 4),
    );
    fitted(&[MISSING; 4], &[2, 2], Prior::factors(1, 1));
    // Of no value the bound is that of nothing, log 1, in every known model.
    assert_near("nothing", known(two_states(), &[MISSING; 12], &[4]).bound().value(), 0.0, 1e-12);
    for scale in [1e-6, 1e6] {
        let y: Vec<f64> = [0.3, 0.5, 0.1, -0.2, 0.4, 0.9, 0.6, 0.8].iter().map(|y| scale * y).collect();
        fitted(&y, &[8], Prior::local_level(0.0, scale * scale));
        fitted(&y, &[4], Prior::factors(1, 2));
    }
}

#[test]
fn wrong_input_is_named() {
    let refuse = |y: &[f64], lengths: &[usize], prior: Prior| {
        Fit::new(y, lengths, prior, Key::new(1)).unwrap_err().to_string()
    };
    let infinite = refuse(&[0.0, 1.0, 2.0, f64::NEG_INFINITY], &[2], Prior::factors(1, 2));
    assert!(infinite.contains("row 2, column 2 is -inf"), "{infinite}");
    assert!(refuse(&[0.0; 3], &[2], Prior::factors(1, 2)).contains("[2, 2]"));
    let level = Prior::local_level(0.0, 1.0);
    assert!(
        refuse(&[0.0], &[1], Prior { covariance: vec![-1.0], ..level.clone() }).contains("positive definite")
    );
    assert!(
        refuse(&[0.0], &[1], Prior { mean: vec![MISSING], ..level.clone() })
            .contains("the mean of the first state is NaN")
    );
    let short = Prior { dynamics: known_map(&[], &[1.0]), ..level.clone() };
    assert!(refuse(&[0.0], &[1], short).contains("the dynamics has shape"));
    let weightless = Prior { dynamics: known_map(&[MISSING], &[1.0]), ..level.clone() };
    assert!(refuse(&[0.0], &[1], weightless).contains("a weight of the dynamics is NaN"));
    let none = Prior { observation: known_map(&[1.0], &[0.0]), ..level.clone() };
    assert!(refuse(&[0.0], &[1], none).contains("the value of a precision is 0, but must be > 0"));
    let fit = Fit::new(&[0.0], &[1], level, Key::new(1)).unwrap();
    assert!(fit.posterior().smooth(&[]).is_err() && fit.posterior().smooth(&[f64::INFINITY]).is_err());
}

/// Sizes that disagree, and matrices and parameters that are none.
#[test]
fn a_posterior_that_is_none_is_not_read() {
    let y = [0.3, -0.2, 0.1, 0.5];
    let mut fit = Fit::new(&y, &[2], Prior::factors(2, 2), Key::new(1)).unwrap();
    ascend(&mut fit, &Ascent { tolerance: 0.0, sweeps: 3 }, |_, _| {}).unwrap();
    let whole = serde_json::to_value(fit.posterior()).unwrap();
    let read = |value: serde_json::Value| serde_json::from_value::<Posterior>(value);
    assert_eq!(read(whole.clone()).unwrap().smooth(&y).unwrap(), fit.posterior().smooth(&y).unwrap());
    for (place, said) in [
        ("/mean", "the first state has shape [4], but the model needs [1, 1]"),
        ("/covariance", "the first state has shape [3], but the model needs [2, 2]"),
        ("/dynamics/weights", "the dynamics has shape"),
        ("/dynamics/covariances", "the dynamics has shape"),
        (
            "/dynamics/covariances/0",
            "the covariance of output 1 of the dynamics has shape [3], but the model needs [2, 2]",
        ),
        ("/dynamics/relevance", "the dynamics has shape"),
        ("/dynamics/noise", "the dynamics has shape"),
        ("/observation/weights", "the observation has shape"),
        ("/observation/noise", "the observation has shape"),
    ] {
        let mut value = whole.clone();
        value.pointer_mut(place).unwrap().as_array_mut().unwrap().pop();
        let error = read(value).unwrap_err().to_string();
        assert!(error.contains(said), "{place}: {error}");
    }
    for (place, wrong, said) in [
        (
            "/covariance/0",
            -1.0,
            "the covariance of the first state is not positive definite: pivot 1 of 2 is -1, but must be > 0",
        ),
        (
            "/observation/covariances/1/0",
            -1.0,
            "the covariance of output 2 of the observation is not positive definite: pivot 1 of 2 is -1",
        ),
        ("/observation/noise/0/gamma/rate", -1.0, "rate of a precision is -1, but must be > 0"),
    ] {
        let mut value = whole.clone();
        *value.pointer_mut(place).unwrap() = serde_json::json!(wrong);
        let error = read(value).unwrap_err().to_string();
        assert!(error.contains(said), "{place}: {error}");
    }
}
