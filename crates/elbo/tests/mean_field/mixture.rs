//! Mixtures: other software's fixed points, exact evidence, and what a mixture must obey.

use elbo::{
    mean_field::{
        Annealing, Ascent, MeanField, RobbinsMonro, Start, Stochastic, ascend, best_of,
        mixture::{Covariance, Family, Fit, GaussianPrior, Posterior, Prior, Weights, WeightsPosterior},
    },
    random::Key,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{assert_near, data, number, numbers, reference, shortened, to_convergence};

const COVARIANCES: [Covariance; 4] =
    [Covariance::Full, Covariance::Tied, Covariance::Diagonal, Covariance::Spherical];

fn faithful() -> Option<Vec<f64>> {
    let text = data("tabular/faithful.csv")?;
    let cells = text
        .lines()
        .skip(1)
        .flat_map(|line| line.split(',').take(2))
        .map(|cell| cell.trim().parse().unwrap());
    Some(cells.collect())
}

fn standardised(x: &[f64]) -> Vec<f64> {
    let n = (x.len() / 2) as f64;
    let column = |d: usize| x.iter().skip(d).step_by(2);
    let mean = [0, 1].map(|d| column(d).sum::<f64>() / n);
    let sd = [0, 1].map(|d| (column(d).map(|x| (x - mean[d]).powi(2)).sum::<f64>() / n).sqrt());
    x.iter().enumerate().map(|(e, x)| (x - mean[e % 2]) / sd[e % 2]).collect()
}

fn prior_of(config: &Value) -> Prior {
    let covariance = match config["cov"].as_str().unwrap() {
        "full" => Covariance::Full,
        "diag" => Covariance::Diagonal,
        "spherical" => Covariance::Spherical,
        other => panic!("{other}"),
    };
    let concentration = number(&config["g0"]);
    let weights = match config["wt"].as_str().unwrap() {
        "dirichlet_distribution" => Weights::Dirichlet(concentration),
        _ => Weights::DirichletProcess(concentration),
    };
    let gaussian = GaussianPrior {
        covariance,
        mean: numbers(&config["m0"]),
        mean_precision: number(&config["b0"]),
        freedom: number(&config["nu0"]),
        scale: numbers(&config["covariance_prior"]),
    };
    let components = config["K"].as_u64().unwrap() as usize;
    Prior { components, weights, family: Family::Gaussian(gaussian) }
}

/// Old Faithful, raw and standardised: fixed points of coordinate ascent of an independent implementation.
#[test]
fn the_fixed_points_of_old_faithful() {
    let (Some(file), Some(raw)) = (reference("bayes_gmm_A.json"), faithful()) else { return };
    let mut cases = 0;
    for (name, x) in [("raw", raw.clone()), ("standardised", standardised(&raw))] {
        for case in file[name].as_array().unwrap() {
            let config = &case["config"];
            let labels: Vec<u32> = numbers(&case["start_hard_labels"]).iter().map(|&l| l as u32).collect();
            let mut fit = Fit::with_labels(&x, 2, prior_of(config), &labels).unwrap();
            let bound = to_convergence(&mut fit).last();
            let expected = &case["exact_cavi"];
            assert_near(&format!("{config} ELBO"), bound, number(&expected["elbo_with_all_constants"]), 1e-6);
            let means = numbers(&expected["mean"]);
            let counts = numbers(&expected["N_k"]);
            for (k, &count) in counts.iter().enumerate() {
                assert_near(&format!("{config} N_{k}"), fit.counts()[k], count, 1e-4);
                for d in 0..2 {
                    let got = fit.posterior().mean(k)[d];
                    assert_near(&format!("{config} mean {k} {d}"), got, means[2 * k + d], 1e-5);
                }
            }
            cases += 1;
        }
    }
    assert_eq!(cases, 12);
}

/// Rows of two groups, of `width` columns, some of them missing.
fn rows(seed: u64, count: usize, width: usize, missing: f64) -> Vec<f64> {
    let (mut noise, mut holes) = (vec![0.0; count * width], vec![0.0f32; count * width]);
    Key::new(seed).normals(0, &mut noise);
    Key::new(seed).uniforms(1, &mut holes);
    let cell = |e: usize| {
        let (row, column) = (e / width, e % width);
        let centre = if row % 3 == 0 { 3.0 } else { -1.0 };
        let x = centre + noise[e] + if column > 0 { 0.7 * noise[e - 1] } else { 0.0 };
        if f64::from(holes[e]) < missing { f64::NAN } else { x }
    };
    (0..count * width).map(cell).collect()
}

fn gaussian(x: &[f64], width: usize, components: usize, covariance: Covariance, weights: Weights) -> Prior {
    let gaussian = GaussianPrior::of(x, width, covariance).unwrap();
    Prior { components, weights, family: Family::Gaussian(gaussian) }
}

fn binary(x: &[f64]) -> Vec<f64> {
    x.iter().map(|&x| if x.is_nan() { x } else { f64::from(x > 0.0) }).collect()
}

/// One component is a conjugate model: its ELBO is log p(x), and so the ELBO of one row more is higher by log p of that row
/// given the others. Not so with a matrix and missing cells, which are latent variables then.
#[test]
fn one_component_has_the_exact_evidence() {
    let width = 3;
    let check = |name: &str, x: &[f64], prior: &Prior| {
        let fit = |rows: usize| {
            let mut fit = Fit::with_labels(&x[..rows * width], width, prior.clone(), &vec![0; rows]).unwrap();
            let bound = to_convergence(&mut fit).last();
            (bound, fit.posterior().clone())
        };
        let (mut before, mut q) = fit(1);
        for rows in 2..=x.len() / width {
            let (bound, next) = fit(rows);
            let predicted = q.log_predictive(&x[(rows - 1) * width..rows * width]).unwrap()[0];
            assert_near(&format!("{name}, {rows} rows"), bound - before, predicted, 1e-10);
            (before, q) = (bound, next);
        }
    };
    let (whole, holed) = (rows(1, 12, width, 0.0), rows(1, 12, width, 0.3));
    for covariance in COVARIANCES {
        let prior = gaussian(&whole, width, 1, covariance, Weights::Dirichlet(0.7));
        check(&format!("{covariance:?}"), &whole, &prior);
        if covariance == Covariance::Diagonal {
            check("diagonal, missing cells", &holed, &prior);
        }
    }
    let prior =
        Prior { components: 1, weights: Weights::Dirichlet(1.0), family: Family::Bernoulli([0.5, 1.5]) };
    check("bernoulli", &binary(&whole), &prior);
    check("bernoulli, missing cells", &binary(&holed), &prior);
}

/// Of one component, whose q(θ) is the posterior, every weight is the evidence; of more, weights are an estimate of it from
/// below with the ELBO below that: E[log w] ≥ ELBO, for z is summed out. z-test with a false-alarm rate of 3e-5 (z < −4).
#[test]
fn importance_weights_are_of_the_evidence() {
    let (whole, holed) = (rows(13, 40, 2, 0.0), rows(13, 40, 2, 0.3));
    let bernoulli = |components| Prior {
        components,
        weights: Weights::Dirichlet(0.8),
        family: Family::Bernoulli([0.7, 1.2]),
    };
    let fitted = |x: &[f64], prior: Prior| {
        let labels: Vec<u32> = (0..40).map(|row| (row % 3 % prior.components) as u32).collect();
        let mut fit = Fit::with_labels(x, 2, prior, &labels).unwrap();
        let bound = to_convergence(&mut fit).last();
        (bound, fit.log_weights(400, Key::new(3)).unwrap())
    };
    let exact = |x: &[f64], prior: Prior| {
        let (bound, weights) = fitted(x, prior);
        for weight in weights {
            assert_near("a weight", weight, bound, 1e-9);
        }
    };
    for covariance in COVARIANCES {
        exact(&whole, gaussian(&whole, 2, 1, covariance, Weights::Dirichlet(1.0)));
    }
    exact(&holed, gaussian(&holed, 2, 1, Covariance::Diagonal, Weights::Dirichlet(1.0)));
    exact(&binary(&holed), bernoulli(1));
    let above = |x: &[f64], prior: Prior| {
        let (bound, weights) = fitted(x, prior);
        let mean = elbo::terms::Mean::of(&weights);
        assert!(mean.value - bound > -4.0 * mean.standard_error, "{mean:?} {bound}");
        assert!(mean.value - bound < 40.0, "{mean:?} {bound}");
    };
    for covariance in COVARIANCES {
        for weights in [Weights::Dirichlet(0.5), Weights::DirichletProcess(1.0)] {
            above(&holed, gaussian(&holed, 2, 3, covariance, weights));
        }
    }
    above(&binary(&holed), bernoulli(3));
}

/// A missing cell under a matrix, against the marginal of the fit's own densities: r of a row that lacks cells is made of
/// exp E[log p(x, missing)] integrated over them, here by the trapezium rule.
#[test]
fn a_missing_cell_is_integrated_out() {
    let x = rows(2, 60, 2, 0.0);
    let prior = gaussian(&x, 2, 2, Covariance::Full, Weights::Dirichlet(1.0));
    let mut fit = Fit::new(&x, 2, prior, Start::KMeans, Key::new(1)).unwrap();
    ascend(&mut fit, &Ascent::default(), |_, _| {}).unwrap();
    let q = fit.posterior();
    for seen in [-1.0, 0.5, 1.0, 3.0] {
        let got = q.responsibilities(&[seen, f64::NAN]).unwrap();
        // r of complete rows gives the odds of the joint densities; integrated over a grid with one of them as the measure.
        let grid: Vec<f64> = (0..4001).map(|i| -20.0 + 0.01 * f64::from(i)).flat_map(|y| [seen, y]).collect();
        let r = q.responsibilities(&grid).unwrap();
        // E over q(y | k = 0) of r_1/r_0 is the odds; q(y | k = 0) is Gaussian: E[Λ] of component 0 says which.
        let covariance = q.covariance(0).unwrap();
        let determinant = covariance[0] * covariance[3] - covariance[1] * covariance[2];
        let precision = [covariance[3], -covariance[1], covariance[0]].map(|c| c / determinant);
        let mean = q.mean(0);
        let centre = mean[1] - precision[1] / precision[2] * (seen - mean[0]);
        let (mut odds, mut total) = (0.0, 0.0);
        for (i, y) in grid.iter().skip(1).step_by(2).enumerate() {
            let weight = (-0.5 * precision[2] * (y - centre).powi(2)).exp();
            total += weight;
            odds += weight * r[2 * i + 1] / r[2 * i];
        }
        let expected = odds / total;
        assert_near(&format!("odds at {seen}"), got[1] / got[0], expected, 1e-9 * expected);
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let x = rows(3, 3000, 4, 0.02);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let prior = gaussian(&x, 4, 3, Covariance::Full, Weights::DirichletProcess(1.0));
            let mut fit = Fit::new(&x, 4, prior, Start::KMeans, Key::new(5)).unwrap();
            let record = ascend(&mut fit, &Ascent { tolerance: 0.0, sweeps: 5 }, |_, _| {}).unwrap();
            (record.last().to_bits(), fit.posterior().clone())
        })
    };
    assert_eq!(run(1), run(3));
}

/// Natural-gradient steps whose minibatch is all rows, with step size 1, are a sweep; from minibatches they come near the
/// fixed point of sweeps.
#[test]
fn stochastic_steps_agree_with_sweeps() {
    let x = rows(4, 2000, 2, 0.0);
    let prior = gaussian(&x, 2, 2, Covariance::Full, Weights::Dirichlet(1.0));
    let begin = || Fit::new(&x, 2, prior.clone(), Start::KMeans, Key::new(1)).unwrap();
    let (mut sweep, mut step) = (begin(), begin());
    for factor in [0, 1, 2, 0, 1] {
        sweep.update(factor).unwrap();
    }
    step.update(0).unwrap();
    step.update(1).unwrap();
    step.step(&(0..2000).collect::<Vec<_>>(), 1.0, 1.0).unwrap();
    let (a, b) = (sweep.posterior(), step.posterior());
    for k in 0..2 {
        assert_near("share", a.shares()[k], b.shares()[k], 1e-12);
        for (a, b) in [(a.mean(k), b.mean(k)), (&a.covariance(k).unwrap(), &b.covariance(k).unwrap())] {
            a.iter().zip(b).for_each(|(a, b)| assert_near("a moment", *a, *b, 1e-10));
        }
    }
    let best = to_convergence(&mut sweep).last();
    let (mut stochastic, mut steps) = (begin(), 0);
    for factor in [0, 1] {
        stochastic.update(factor).unwrap();
    }
    for epoch in 0..20 {
        stochastic.epoch(100, &RobbinsMonro::default(), Key::new(2), epoch, &mut steps).unwrap();
    }
    assert_eq!(steps, 400);
    stochastic.update(2).unwrap();
    let bound = stochastic.bound().value();
    assert!(bound < best + 1e-6 && bound > best - 2.0, "{bound} {best}");
}

/// Rows far from 0, of which a component has none at first: nothing cancels. The bound is that of the rows about their mean.
#[test]
fn rows_far_from_zero_lose_no_digits() {
    let near: Vec<f64> = rows(9, 300, 1, 0.0).iter().map(|x| (x * 1024.0).round()).collect();
    let far: Vec<f64> = near.iter().map(|x| x + 1_700_000_000.0).collect();
    let labels: Vec<u32> = (0..300).map(|row| row % 2).collect();
    let ascent = |x: &[f64]| {
        let prior = gaussian(x, 1, 3, Covariance::Full, Weights::Dirichlet(1.0));
        let mut fit = Fit::with_labels(x, 1, prior, &labels).unwrap();
        to_convergence(&mut fit).last()
    };
    let expected = ascent(&near);
    assert_near("bound", ascent(&far), expected, 1e-6 * expected.abs());
}

/// Of a row that is out of the range of all components none is likelier.
#[test]
fn a_row_beyond_all_components_is_any_ones() {
    let x = rows(8, 50, 2, 0.1);
    let prior = gaussian(&x, 2, 2, Covariance::Full, Weights::Dirichlet(1.0));
    let mut fit = Fit::new(&x, 2, prior, Start::KMeans, Key::new(1)).unwrap();
    to_convergence(&mut fit);
    let r = fit.posterior().responsibilities(&[1e200, -1e200, 1e200, f64::NAN]).unwrap();
    assert_eq!(r, [0.5; 4]);
}

/// Restarts and annealing do what they are for: of 4 groups, one start in several finds all.
#[test]
fn the_best_start_is_kept() {
    let mut x = rows(6, 400, 2, 0.0);
    for (row, x) in x.chunks_mut(2).enumerate() {
        let at = [[0.0, 0.0], [12.0, 0.0], [0.0, 12.0], [12.0, 12.0]][row % 4];
        (x[0], x[1]) = (0.3 * x[0] + at[0], 0.3 * x[1] + at[1]);
    }
    let prior = gaussian(&x, 2, 4, Covariance::Full, Weights::Dirichlet(1.0));
    let best = best_of(
        8,
        |start| Fit::new(&x, 2, prior.clone(), Start::Random, Key::new(start as u64)),
        &Ascent::default(),
        |_, _, _| {},
    )
    .unwrap();
    assert_eq!(best.bounds.len(), 8);
    assert_eq!(best.bounds[best.start], best.record.last());
    assert!(best.bounds.iter().all(|&bound| bound <= best.record.last()));
    assert!(best.reached(0.01) >= 1 && best.reached(f64::INFINITY) == 8);
    for count in best.model.counts() {
        assert_near("rows of a group", *count, 100.0, 1.0);
    }
    // Annealing takes more of the same starts there.
    let annealed = (0..8).filter(|&seed| {
        let mut fit = Fit::new(&x, 2, prior.clone(), Start::Random, Key::new(seed)).unwrap();
        Annealing { from: 0.4, sweeps: 30 }.run(&mut fit).unwrap();
        to_convergence(&mut fit).last() > best.record.last() - 0.01
    });
    let annealed = annealed.count();
    assert!(annealed > best.reached(0.01), "{annealed} {:?}", best.bounds);
    let mut fit = best.model;
    assert!(Annealing { from: 1.5, sweeps: 3 }.run(&mut fit).is_err());
}

#[test]
fn components_that_are_not_needed_empty_themselves() {
    let x = rows(7, 600, 2, 0.0);
    for weights in [Weights::Dirichlet(1e-3), Weights::DirichletProcess(0.5)] {
        let prior = gaussian(&x, 2, 8, Covariance::Full, weights);
        let mut fit = Fit::new(&x, 2, prior, Start::KMeans, Key::new(1)).unwrap();
        ascend(&mut fit, &Ascent { tolerance: 1e-9, sweeps: 3000 }, |_, _| {}).unwrap();
        let used = fit.counts().iter().filter(|&&n| n > 1.0).count();
        assert!((2..=3).contains(&used), "{weights:?}: {:?}", fit.counts());
        let shares = fit.posterior().shares();
        assert_near("shares", shares.iter().sum(), 1.0, 1e-12);
    }
}

/// Draws have the predictive density's moments; z-tests with a false-alarm rate of 6e-5 each (|z| < 4).
#[test]
fn draws_are_of_the_predictive_density() {
    let x = rows(8, 900, 2, 0.0);
    for covariance in COVARIANCES {
        let prior = gaussian(&x, 2, 2, covariance, Weights::Dirichlet(1.0));
        let mut fit = Fit::new(&x, 2, prior, Start::KMeans, Key::new(1)).unwrap();
        ascend(&mut fit, &Ascent::default(), |_, _| {}).unwrap();
        let q = fit.posterior();
        let draws: Vec<(usize, Vec<f64>)> =
            (0..4000).map(|row| q.sample(Key::new(9), row).unwrap()).collect();
        let n = draws.len() as f64;
        let first = draws.iter().filter(|(k, _)| *k == 0).count() as f64;
        let share = q.shares()[0];
        let z = (first - n * share) / (n * share * (1.0 - share)).sqrt();
        assert!(z.abs() < 4.0, "{covariance:?}: share {z}");
        for d in 0..2 {
            let of: Vec<f64> = draws.iter().filter(|(k, _)| *k == 0).map(|(_, x)| x[d]).collect();
            let variance = q.covariance(0).unwrap()[3 * d];
            let z = (of.iter().sum::<f64>() / first - q.mean(0)[d]) / (variance / first).sqrt();
            assert!(z.abs() < 4.0, "{covariance:?}: mean {z}");
            let squares: Vec<f64> = of.iter().map(|x| (x - q.mean(0)[d]).powi(2) / variance).collect();
            // Nearly Gaussian: Var of a square is 2. The predictive variance is wider by parts in a hundred at most.
            let z = (squares.iter().sum::<f64>() / first - 1.0) / (2.0 / first).sqrt();
            assert!(z.abs() < 4.5, "{covariance:?}: variance {z}");
        }
    }
}

#[test]
fn bad_input_is_refused_by_name() {
    let x = [1.0, 2.0, 3.0, 5.0, 4.0, 2.5];
    let message =
        |x: &[f64], width: usize| GaussianPrior::of(x, width, Covariance::Full).unwrap_err().to_string();
    assert!(message(&[1.0, 2.0, 1.0, 3.0], 2).contains("column 1"), "{}", message(&[1.0, 2.0, 1.0, 3.0], 2));
    assert!(message(&[1.0, f64::INFINITY], 1).contains("row 2, column 1"));
    let prior = gaussian(&x, 2, 2, Covariance::Full, Weights::Dirichlet(1.0));
    let fails =
        |prior: Prior, x: &[f64]| Fit::new(x, 2, prior, Start::KMeans, Key::new(1)).unwrap_err().to_string();
    for components in [0, 1 << 40, usize::MAX] {
        assert!(fails(Prior { components, ..prior.clone() }, &x).contains("the number of components"));
    }
    assert!(
        fails(Prior { weights: Weights::Dirichlet(-1.0), ..prior.clone() }, &x).contains("concentration")
    );
    assert!(fails(prior.clone(), &[]).contains("rows"));
    let bernoulli = Prior { family: Family::Bernoulli([1.0, 1.0]), ..prior.clone() };
    assert!(fails(bernoulli, &x).contains("row 1, column 2 is 2, but must be 0 or 1"));
    let fit = Fit::new(&x, 2, prior, Start::KMeans, Key::new(1)).unwrap();
    assert!(fit.posterior().responsibilities(&[1.0]).is_err());
}

/// More components than rows, duplicate rows and columns, a row without a cell: right answers.
#[test]
fn degenerate_data_give_finite_answers() {
    let twice: Vec<f64> = rows(9, 20, 1, 0.0).iter().flat_map(|&x| [x, x]).collect();
    let mut empty_row = rows(10, 20, 2, 0.0);
    empty_row[4..6].fill(f64::NAN);
    let far: Vec<f64> =
        rows(11, 20, 2, 0.0).iter().enumerate().map(|(e, x)| if e == 7 { 1e9 } else { *x }).collect();
    for x in [twice, empty_row, far, vec![1.0, 2.0, 3.0, 5.0]] {
        for covariance in COVARIANCES {
            let prior = gaussian(&x, 2, 6, covariance, Weights::Dirichlet(0.5));
            for start in [Start::KMeans, Start::Random] {
                let mut fit = Fit::new(&x, 2, prior.clone(), start, Key::new(2)).unwrap();
                let record = ascend(&mut fit, &Ascent { tolerance: 1e-10, sweeps: 200 }, |_, _| {}).unwrap();
                assert!(record.last().is_finite());
                let r = fit.posterior().responsibilities(&x).unwrap();
                assert!(r.iter().all(|r| (0.0..=1.0).contains(r)));
                assert!(fit.posterior().log_predictive(&x).unwrap().iter().all(|l| l.is_finite()));
            }
        }
    }
}

#[test]
fn a_dirichlet_process_breaks_its_stick_in_order() {
    let x = rows(12, 60, 1, 0.0);
    let prior = gaussian(&x, 1, 3, Covariance::Full, Weights::DirichletProcess(2.0));
    let mut fit = Fit::new(&x, 1, prior, Start::KMeans, Key::new(1)).unwrap();
    fit.update(0).unwrap();
    fit.update(1).unwrap();
    let WeightsPosterior::Sticks(sticks) = fit.posterior().weights() else { panic!("no sticks") };
    let n = fit.counts();
    for (k, [a, b]) in sticks.iter().enumerate() {
        assert_eq!((*a, *b), (1.0 + n[k], 2.0 + n[k + 1..].iter().sum::<f64>()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// `ascend` refuses any update that lowers the bound.
    #[test]
    fn no_update_lowers_the_bound(
        seed in 0u64..1_000_000,
        count in 1usize..40,
        width in 1usize..4,
        components in 1usize..5,
        missing in prop_oneof![Just(0.0), 0.0..0.6],
        kind in 0usize..5,
        concentration in 0.01..5.0f64,
        process in any::<bool>(),
        mean_precision in 0.01..10.0f64,
        spread in -3.0..3.0f64,
    ) {
        let x: Vec<f64> = rows(seed, count, width, missing).iter().map(|x| x * spread.exp()).collect();
        let weights =
            if process { Weights::DirichletProcess(concentration) } else { Weights::Dirichlet(concentration) };
        let identity = |n: usize| (0..n * n).map(|e| f64::from(e / n == e % n)).collect::<Vec<f64>>();
        let (x, family) = if kind == 4 {
            (binary(&x), Family::Bernoulli([concentration, mean_precision]))
        } else {
            let covariance = COVARIANCES[kind];
            let scale = match covariance {
                Covariance::Full | Covariance::Tied => identity(width),
                Covariance::Diagonal => vec![1.0; width],
                Covariance::Spherical => vec![1.0],
            };
            let freedom = width as f64 - 0.5;
            (x, Family::Gaussian(GaussianPrior { covariance, mean: vec![0.5; width], mean_precision, freedom, scale }))
        };
        let prior = Prior { components, weights, family };
        let start = if seed % 2 == 0 { Start::KMeans } else { Start::Random };
        let mut fit = Fit::new(&x, width, prior, start, Key::new(seed)).unwrap();
        let record = ascend(&mut fit, &Ascent { tolerance: 0.0, sweeps: 30 }, |_, _| {});
        prop_assert!(record.is_ok(), "{}", record.unwrap_err());
    }
}

#[test]
fn a_posterior_that_is_none_is_not_read() {
    let x: Vec<f64> = (0..30).map(|e| f64::from(e % 7 > e % 4)).collect();
    for (covariance, weights) in [
        (Some(Covariance::Full), Weights::Dirichlet(1.0)),
        (Some(Covariance::Tied), Weights::DirichletProcess(1.0)),
        (Some(Covariance::Diagonal), Weights::Dirichlet(1.0)),
        (Some(Covariance::Spherical), Weights::Dirichlet(1.0)),
        (None, Weights::DirichletProcess(1.0)),
    ] {
        let family = match covariance {
            Some(covariance) => Family::Gaussian(GaussianPrior::of(&x, 3, covariance).unwrap()),
            None => Family::Bernoulli([1.0, 1.0]),
        };
        let prior = Prior { components: 2, weights, family };
        let mut fit = Fit::new(&x, 3, prior, Start::KMeans, Key::new(1)).unwrap();
        ascend(&mut fit, &Ascent { tolerance: 0.0, sweeps: 3 }, |_, _| {}).unwrap();
        let whole = serde_json::to_value(fit.posterior()).unwrap();
        let read = |value: Value| serde_json::from_value::<Posterior>(value);
        assert_eq!(&read(whole.clone()).unwrap(), fit.posterior());
        let broken = shortened(&whole, &[]);
        assert!(broken.len() >= 5);
        for (path, value) in broken {
            assert!(read(value).is_err(), "{path}");
        }
        let error = |path: &str, wrong: Value| {
            let mut value = whole.clone();
            *value.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = wrong;
            read(value).unwrap_err().to_string()
        };
        let weight = match weights {
            Weights::Dirichlet(_) => "/weights/dirichlet/1",
            Weights::DirichletProcess(_) => "/weights/sticks/1/0",
        };
        let message = error(weight, json!(-1.0));
        assert!(message.contains("a parameter of the weights is -1"), "{message}");
        // Which component, and of a matrix which.
        let (path, wrong, message) = match covariance {
            Some(Covariance::Full) => (
                "/components/normal-wishart/inverse_scale/1/0",
                -1.0,
                "the inverse scale of the precision of component 2 is not positive definite: pivot 1 of",
            ),
            Some(Covariance::Tied) => (
                "/components/normal-wishart/inverse_scale/0/0",
                -1.0,
                "the inverse scale of the precision of all components is not positive definite",
            ),
            Some(_) => ("/components/normal-gamma/rate/0", -1.0, "rate of component 1 is -1"),
            None => ("/components/beta-bernoulli/b/4", -1.0, "b of component 2 is -1"),
        };
        let told = error(path, json!(wrong));
        assert!(told.contains(message), "{told}");
        if covariance.is_none() {
            assert!(read_with_width(&whole, u64::MAX).is_err() && read_with_width(&whole, 0).is_err());
        }
    }
}

/// A posterior of columns of 0 and 1 that says that it has so many.
fn read_with_width(whole: &Value, width: u64) -> serde_json::Result<Posterior> {
    let mut value = whole.clone();
    value["components"]["beta-bernoulli"]["width"] = json!(width);
    serde_json::from_value(value)
}
