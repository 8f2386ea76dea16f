//! Annealed importance sampling against log p(x), which is exact for a linear decoder (E23, E27).

use crate::common::{
    GAUSSIAN, assert_unbiased, generic_vae,
    linear::{D, K, Linear, exact_posterior},
    normals, shape,
};
use burn::tensor::Device;
use elbo::{
    Error,
    diagnose::{
        annealed::{Annealed, Annealing, Start, Temperatures, annealed},
        bdmc::{Sandwich, bdmc},
    },
    distribution::{Cholesky, FullGaussian, LogDensity},
    guide::Family,
    minibatch::Minibatch,
    model::Vae,
    parameters,
    random::Key,
    terms::{Mean, Weights},
};

/// A linear auto-encoder in f32, as the kernels take it.
fn narrow(values: &[f64], latent: usize, width: usize) -> Vae {
    let device = Device::flex();
    let shape = Vae::new(&shape(&[], latent, GAUSSIAN), width, Key::new(0), &device).unwrap();
    let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    parameters::load(shape, &values, &device).unwrap()
}

fn generic() -> Vae {
    narrow(&parameters::values::<f64, _>(&generic_vae(&shape(&[], K, GAUSSIAN), D, 8)), K, D)
}

/// log p(x) of each row, by the three columns' density.
fn exact(vae: &Vae, x: &[f32]) -> Vec<f64> {
    let linear = Linear::of(&parameters::values::<f64, _>(vae));
    let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
    x.chunks(D).map(|x| linear.log_evidence(&wide(x))).collect()
}

fn rows(values: Vec<f32>, width: usize) -> Minibatch {
    let rows: Vec<usize> = (0..values.len() / width).collect();
    Minibatch { total: rows.len(), rows, values, width }
}

/// z ~ p(z) and x ~ p(x|z).
fn simulated(vae: &Vae, number: usize, seed: u64) -> (Minibatch, Vec<f32>) {
    let key = Key::new(seed);
    let z = Family::Gaussian.sample_prior(key.fold(0), number, vae.latent());
    let x = vae.reader(&Device::flex()).sample(&z, key.fold(1)).unwrap();
    (rows(x, vae.width()), z)
}

fn guide(vae: &Vae, data: &Minibatch) -> Start {
    vae.reader(&Device::flex()).encode(&data.values).unwrap().into()
}

fn prior(vae: &Vae, data: &Minibatch) -> Start {
    Start::prior(data.rows.len(), vae.latent())
}

fn anneal(vae: &Vae, data: &Minibatch, start: &Start, annealing: Annealing, seed: u64) -> Annealed {
    annealed(&*vae.joint().unwrap(), data, start, &annealing, Key::new(seed), &|_| {}).unwrap()
}

fn sandwich(vae: &Vae, (data, z): &(Minibatch, Vec<f32>), start: &Start, annealing: Annealing) -> Sandwich {
    bdmc(&*vae.joint().unwrap(), data, z, start, &annealing, Key::new(3), &|_| {}).unwrap()
}

fn annealing(temperatures: usize, leapfrog: usize, chains: usize) -> Annealing {
    Annealing { temperatures: Temperatures::Sigmoidal(temperatures), leapfrog, chains }
}

/// E\[w\] = p(x) for each of three rows, two starts, with no, one, some and many densities between, and both kinds of
/// temperatures: z-tests of 3,000 chains each, 8e-7 for each of 48.
#[test]
fn weights_are_unbiased() {
    let vae = generic();
    let data = rows(normals(21, 3 * D).into_iter().map(|v| v as f32).collect(), D);
    let exact = exact(&vae, &data.values);
    for (name, start) in [("prior", prior(&vae, &data)), ("guide", guide(&vae, &data))] {
        for (number, leapfrog) in [(1, 1), (2, 3), (9, 2), (30, 4)] {
            for temperatures in [Temperatures::Linear(number), Temperatures::Sigmoidal(number)] {
                let chosen = Annealing { temperatures, leapfrog, chains: 3000 };
                let got = anneal(&vae, &data, &start, chosen, 1);
                for (row, weights) in got.log_weights.chunks(3000).enumerate() {
                    let ratios: Vec<f64> = weights.iter().map(|w| (w - exact[row]).exp()).collect();
                    let effective = got.weights()[row].effective_sample_size();
                    if effective > 100.0 {
                        assert_unbiased(&ratios, 1.0, &format!("{name}, {temperatures:?}, row {row}"));
                    } else {
                        // Too few weights for a z-test, as where the prior is far from the posterior.
                        assert!(number == 1, "{name}, {temperatures:?}, row {row}: {effective}");
                    }
                }
            }
        }
    }
}

/// Back from exact draws, E\[1/w\] = 1/p(x): a z-test over 4,000 rows of one chain each, for each start.
#[test]
fn weights_of_the_way_back_are_unbiased() {
    let vae = generic();
    let simulated = simulated(&vae, 4000, 5);
    let exact = exact(&vae, &simulated.0.values);
    for start in [prior(&vae, &simulated.0), guide(&vae, &simulated.0)] {
        let Sandwich { lower, upper } = sandwich(&vae, &simulated, &start, annealing(30, 3, 1));
        let ratios = |bound: &[f64], sign: f64| -> Vec<f64> {
            bound.iter().zip(&exact).map(|(b, e)| (sign * (b - e)).exp()).collect()
        };
        assert_unbiased(&ratios(&upper, -1.0), 1.0, "back");
        assert_unbiased(&ratios(&lower, 1.0), 1.0, "forwards");
    }
}

/// Where the guide is the posterior, every weight is p(x), however it is annealed, and nothing of the two bounds is left
/// between them.
#[test]
fn from_the_exact_posterior_no_weight_varies() {
    let vae = narrow(&exact_posterior(), K, D);
    let simulated = simulated(&vae, 20, 6);
    let exact = exact(&vae, &simulated.0.values);
    let start = guide(&vae, &simulated.0);
    for temperatures in [1, 10] {
        let chosen = annealing(temperatures, 3, 4);
        let got = anneal(&vae, &simulated.0, &start, chosen, 2);
        for (weights, exact) in got.log_weights.chunks(4).zip(&exact) {
            assert!(weights.iter().all(|w| (w - exact).abs() < 1e-4), "{weights:?} for {exact}");
        }
        assert!(got.weights().iter().all(|w| (w.effective_sample_size() - 4.0).abs() < 1e-4));
        let gap = Mean::of(&sandwich(&vae, &simulated, &start, chosen).gaps());
        assert!(gap.value.abs() < 1e-4, "{gap:?}");
    }
}

/// log N(x; b, WWᵀ + σ²I) of ten latent dimensions and thirty columns.
fn wide_case() -> (Vae, Vec<f64>, (Minibatch, Vec<f32>)) {
    let (latent, width) = (10, 30);
    let vae = narrow(
        &parameters::values::<f64, _>(&generic_vae(&shape(&[], latent, GAUSSIAN), width, 4)),
        latent,
        width,
    );
    let p: Vec<f64> = parameters::values(&vae);
    let (w, rest) = p.split_at(latent * width);
    let sigma2 = (2.0 * rest[width]).exp();
    let entry = |a: usize, b: usize| {
        (0..latent).map(|j| w[j * width + a] * w[j * width + b]).sum::<f64>()
            + if a == b { sigma2 } else { 0.0 }
    };
    let covariance: Vec<f64> = (0..width * width).map(|i| entry(i / width, i % width)).collect();
    let evidence =
        FullGaussian::new(rest[..width].to_vec(), Cholesky::of(&covariance, width).unwrap()).unwrap();
    let simulated = simulated(&vae, 40, 7);
    let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
    let exact = simulated.0.values.chunks(width).map(|x| evidence.log_density(&wide(x))).collect();
    (vae, exact, simulated)
}

/// A start that is neither the prior nor near the posterior.
fn elsewhere(vae: &Vae, data: &Minibatch) -> Start {
    let n = data.rows.len() * vae.latent();
    Start { mean: vec![0.5; n], standard_deviation: vec![0.8; n] }
}

/// One-sided z-tests of both bounds, |z| < 4: 3e-5 each; and both close as the densities grow in number.
#[test]
fn the_evidence_lies_between_the_bounds_which_close() {
    let (vae, exact, simulated) = wide_case();
    let less = |a: &[f64], b: &[f64]| Mean::of(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>());
    for start in [prior(&vae, &simulated.0), elsewhere(&vae, &simulated.0)] {
        let mut last = f64::INFINITY;
        for temperatures in [3, 30, 300] {
            let bounds = sandwich(&vae, &simulated, &start, annealing(temperatures, 5, 8));
            let below = less(&exact, &bounds.lower);
            let above = less(&bounds.upper, &exact);
            assert!(below.value > -4.0 * below.standard_error, "{temperatures}: {below:?}");
            assert!(above.value > -4.0 * above.standard_error, "{temperatures}: {above:?}");
            let gap = Mean::of(&bounds.gaps());
            assert!((gap.value - below.value - above.value).abs() < 1e-9);
            assert!(gap.value < 0.5 * last, "{temperatures}: {gap:?} after {last}");
            last = gap.value;
        }
        assert!(last < 0.4, "{last}");
    }
}

/// The estimate of each row within five of its standard errors, which the effective sample size tells: the relative
/// variance of the mean weight is 1/ESS − 1/C. The mean of log w itself is below log p(x). 160 tests: 5e-5 together.
#[test]
fn estimates_are_those_of_the_evidence() {
    let (vae, exact, (data, _)) = wide_case();
    for start in [prior(&vae, &data), elsewhere(&vae, &data)] {
        let got = anneal(&vae, &data, &start, annealing(600, 10, 50), 9);
        for ((weights, logs), exact) in got.weights().iter().zip(got.log_weights.chunks(50)).zip(&exact) {
            let effective = weights.effective_sample_size();
            assert!(effective > 10.0, "{effective}");
            let error = (1.0 / effective - 1.0 / 50.0).sqrt();
            let z = (weights.log_mean() - exact) / error;
            assert!(z.abs() < 5.0, "{} ± {error} for {exact}", weights.log_mean());
            let mean = Mean::of(logs);
            assert!(mean.value < exact + 5.0 * mean.standard_error, "{mean:?} above {exact}");
        }
        let mean = Mean::of(&got.acceptance);
        assert!((mean.value - 0.65).abs() < 0.05, "acceptance {mean:?}");
    }
}

/// Rows in another order and company, and any number of threads: the same bits.
#[test]
fn bits_depend_on_the_row_alone() {
    let (vae, _, (data, z)) = wide_case();
    let joint = vae.joint().unwrap();
    let run = |data: &Minibatch, z: &[f32], threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (start, chosen) = (guide(&vae, data), annealing(7, 2, 5));
            let got = anneal(&vae, data, &start, chosen, 1);
            (got, bdmc(&*joint, data, z, &start, &chosen, Key::new(3), &|_| {}).unwrap())
        })
    };
    let (one, between) = run(&data, &z, 1);
    assert_eq!(run(&data, &z, 3), (one.clone(), between.clone()));
    let (latent, width) = (vae.latent(), vae.width());
    let picked = [31, 3, 17];
    let part = Minibatch {
        rows: picked.to_vec(),
        values: picked.iter().flat_map(|r| data.values[r * width..][..width].to_vec()).collect(),
        ..data
    };
    let z: Vec<f32> = picked.iter().flat_map(|r| z[r * latent..][..latent].to_vec()).collect();
    let (some, of_some) = run(&part, &z, 2);
    for (place, row) in picked.into_iter().enumerate() {
        assert_eq!(some.log_weights[5 * place..][..5], one.log_weights[5 * row..][..5]);
        assert_eq!(some.acceptance[place], one.acceptance[row]);
        assert_eq!(of_some.upper[place], between.upper[row]);
    }
}

#[test]
fn the_count_of_moves_is_kept() {
    let vae = generic();
    let simulated = simulated(&vae, 7, 1);
    let (chosen, start) = (annealing(6, 2, 3), prior(&vae, &simulated.0));
    let joint = vae.joint().unwrap();
    let count = std::sync::atomic::AtomicUsize::new(0);
    let moved = |n: usize| {
        count.fetch_add(n, std::sync::atomic::Ordering::Relaxed);
    };
    annealed(&*joint, &simulated.0, &start, &chosen, Key::new(1), &moved).unwrap();
    assert_eq!(count.swap(0, std::sync::atomic::Ordering::Relaxed) as u64, chosen.moves(7, 1));
    bdmc(&*joint, &simulated.0, &simulated.1, &start, &chosen, Key::new(1), &moved).unwrap();
    assert_eq!(count.into_inner() as u64, chosen.moves(7, 2));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let vae = generic();
    let (data, z) = simulated(&vae, 4, 1);
    let joint = vae.joint().unwrap();
    let start = prior(&vae, &data);
    let says = |data: &Minibatch, start: &Start, chosen: Annealing| {
        annealed(&*joint, data, start, &chosen, Key::new(1), &|_| {}).unwrap_err().to_string()
    };
    assert_eq!(says(&data, &start, annealing(0, 1, 1)), "temperatures is 0, but must be at least 1");
    assert_eq!(says(&data, &start, annealing(1, 0, 1)), "leapfrog is 0, but must be at least 1");
    assert_eq!(says(&data, &start, annealing(1, 1, 0)), "chains is 0, but must be at least 1");
    let short = Start::prior(3, K);
    assert!(says(&data, &short, annealing(1, 1, 1)).starts_with("the start's mean has shape [6]"));
    let flat = Start { standard_deviation: vec![0.0; 4 * K], ..start.clone() };
    assert_eq!(
        says(&data, &flat, annealing(1, 1, 1)),
        "the start's standard deviation is 0, but must be > 0 and finite"
    );
    let mut broken = data.clone();
    broken.values[2 * D] = f32::NAN;
    let error = annealed(&*joint, &broken, &start, &annealing(3, 1, 2), Key::new(1), &|_| {}).unwrap_err();
    assert!(matches!(&error, Error::NonFinite { rows, .. } if rows == &[2]), "{error}");
    let error = bdmc(&*joint, &data, &z[1..], &start, &annealing(3, 1, 2), Key::new(1), &|_| {}).unwrap_err();
    assert!(matches!(error, Error::Shape { .. }), "{error}");
}

#[test]
fn weights_are_summed_up_without_overflow() {
    let weights: Weights = [-2000.0, f64::NEG_INFINITY, -2000.0].into_iter().collect();
    assert!((weights.log_mean() - (-2000.0 + (2.0_f64 / 3.0).ln())).abs() < 1e-12);
    assert_eq!(weights.effective_sample_size(), 2.0);
    assert!(!Weights::from_iter([f64::NEG_INFINITY]).log_mean().is_finite());
    assert!(!Weights::from_iter([0.0, f64::NAN]).log_mean().is_finite());
    assert!(!Weights::from_iter([0.0, f64::INFINITY]).log_mean().is_finite());
}
