//! Likelihoods of counts: against the exact densities in f64, by draws, and in whole fits.

use crate::common::{evaluate, fit_config, minibatch, steps};
use burn::tensor::{DType, Device, Tensor, TensorData};
use elbo::{
    distribution::{self, LogDensity},
    fit::Fit,
    gradient::EstimatorConfig,
    likelihood::{Encoding, Likelihood, LikelihoodConfig, NegativeBinomial, Poisson},
    minibatch::Rows,
    model::{Latent as _, Vae, VaeConfig},
    network::Activation,
    objective::elbo::KlForm,
    optimiser::Optimiser,
    random::Key,
    terms::Mean,
};

fn tensor<const D: usize>(values: &[f64], shape: [usize; D], dtype: DType) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), (&Device::flex(), dtype))
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data_as::<f64>().try_to_vec().unwrap()
}

/// log p of each count at the output beside it, one a row.
fn log_density(of: &dyn Likelihood, pairs: &[(f64, f64)], own: Option<f64>, dtype: DType) -> Vec<f64> {
    let (x, output): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let [x, output] = [x, output].map(|values| tensor(&values, [pairs.len(), 1], dtype));
    numbers(of.log_density(x, output, own.map(|own| tensor(&[own], [1], dtype))))
}

/// 30 tanh(a/30).
fn bounded(a: f64) -> f64 {
    30.0 * (a / 30.0).tanh()
}

fn grid() -> Vec<(f64, f64)> {
    let counts = [0.0, 1.0, 2.0, 7.0, 30.0, 1000.0, 123_456.0];
    counts.iter().flat_map(|&x| [-40.0, -3.0, 0.0, 1.5, 7.0, 12.0].map(|a| (x, a))).collect()
}

fn assert_close(got: f64, expected: f64, x: f64, what: &str) {
    // Beside the logarithm's own size, terms of the size of x are added and leave their rounding.
    let tolerance = 1e-12 * expected.abs().max(1.0) + 2e-14 * x;
    assert!((got - expected).abs() <= tolerance, "{what}: {got} for {expected}");
}

#[test]
fn the_poisson_log_mass_is_exact() {
    let pairs = grid();
    for (got, (x, a)) in log_density(&Poisson, &pairs, None, DType::F64).into_iter().zip(&pairs) {
        let exact = distribution::Poisson::new(bounded(*a).exp()).unwrap().log_density(&(*x as u64));
        assert_close(got, exact, *x, &format!("x = {x}, a = {a}"));
    }
}

#[test]
fn the_negative_binomial_log_mass_is_exact_from_hardly_dispersed_to_wildly() {
    let pairs = grid();
    for b in [-1000.0, -25.0, -10.0, -2.0, 0.0, 1.0, 5.0, 20.0] {
        let got = log_density(&NegativeBinomial, &pairs, Some(b), DType::F64);
        for (got, (x, a)) in got.into_iter().zip(&pairs) {
            let (mean, size) = (bounded(*a).exp(), (-bounded(b)).exp());
            let exact = distribution::NegativeBinomial::new(mean, size).unwrap().log_density(&(*x as u64));
            assert_close(got, exact, *x, &format!("x = {x}, a = {a}, b = {b}"));
        }
    }
}

/// At a dispersion of e⁻³⁰ the masses differ by about α x² alone.
#[test]
fn without_dispersion_the_negative_binomial_is_the_poisson() {
    let pairs: Vec<_> = grid().into_iter().filter(|(x, a)| *x <= 1000.0 && *a <= 7.0).collect();
    let plain = log_density(&Poisson, &pairs, None, DType::F64);
    for (a, b) in log_density(&NegativeBinomial, &pairs, Some(-1e4), DType::F64).iter().zip(plain) {
        assert!((a - b).abs() < 1e-6, "{a} {b}");
    }
}

#[test]
fn single_precision_keeps_the_log_mass_of_large_counts() {
    let pairs = [(0.0, 3.0), (20.0, 3.0), (1000.0, 6.9), (10_000.0, 9.3)];
    for (of, own) in [(&Poisson as &dyn Likelihood, None), (&NegativeBinomial, Some(-2.0))] {
        let [single, double] = [DType::F32, DType::F64].map(|dtype| log_density(of, &pairs, own, dtype));
        for (s, d) in single.iter().zip(double) {
            assert!((s - d).abs() < 2e-5 * d.abs().max(100.0), "{of:?}: {s} for {d}");
        }
    }
}

/// Mean and variance of 40,000 draws, four z-tests: |z| < 5, a false alarm with probability 2.3e-6.
#[test]
fn draws_have_the_mean_and_the_variance() {
    let n = 40_000;
    for (of, own, mean, variance) in [
        (&Poisson as &dyn Likelihood, vec![], 3.0, 3.0),
        (&NegativeBinomial, vec![0.5f32.ln()], 3.0, 3.0 + 0.5 * 9.0),
    ] {
        let draws: Vec<f64> = (0..n)
            .map(|row| {
                let mut x = [mean as f32];
                of.draw(&[], &own, Key::new(5), row, &mut x);
                f64::from(x[0])
            })
            .collect();
        assert!(draws.iter().all(|x| of.support().accepts(*x as f32)));
        let squares: Vec<f64> = draws.iter().map(|x| (x - mean).powi(2)).collect();
        for (what, values, expected) in [("mean", &draws, mean), ("variance", &squares, variance)] {
            let got = Mean::of(values);
            let z = (got.value - expected) / got.standard_error;
            assert!(z.abs() < 5.0, "{of:?}, {what}: {got:?} for {expected}");
        }
    }
}

/// Columns of one draw do not share their noise.
#[test]
fn columns_are_drawn_independently() {
    let mut x = [50.0f32; 40];
    Poisson.draw(&[], &[], Key::new(1), 7, &mut x);
    assert!(x.iter().any(|v| *v != x[0]), "{x:?}");
}

#[test]
fn a_fit_starts_at_the_means_and_the_dispersions_of_the_rows() {
    let values = [0.0, 0.0, 3.0, 0.0, 9.0, 0.0, 0.0, 0.0f32];
    let rows = Rows::all(&values, 2);
    let config = VaeConfig {
        hidden: vec![],
        latent: 1,
        likelihood: LikelihoodConfig::NegativeBinomial,
        ..VaeConfig::default()
    };
    let device = Device::flex();
    let vae = Vae::new(&config, 2, Key::new(1), &device).unwrap().start_at(&rows, &device).unwrap();
    let mean = numbers(vae.model.mean(Tensor::zeros([1, 1], &device)));
    // Means 3 and 0, the latter as half a count in four rows; variance (9 + 0 + 36 + 9)/4 = 13.5.
    assert!((mean[0] - 3.0).abs() < 1e-5 && (mean[1] - 0.125).abs() < 1e-6, "{mean:?}");
    let log_dispersion = numbers(vae.model.own().unwrap());
    assert!((bounded(log_dispersion[0]).exp() - (13.5 - 3.0) / 9.0).abs() < 1e-5, "{log_dispersion:?}");
    assert_eq!(elbo::parameters::layout(&vae)[2].name, "model.log_dispersion");
}

#[test]
fn a_value_that_is_no_count_is_refused() {
    let device = Device::flex();
    for wrong in [0.5, -1.0, f32::NAN, f32::INFINITY] {
        let values = [1.0, 2.0, 3.0, wrong];
        let config = VaeConfig { likelihood: LikelihoodConfig::Poisson, ..VaeConfig::default() };
        let vae = Vae::new(&config, 2, Key::new(1), &device).unwrap();
        let error = vae.start_at(&Rows::all(&values, 2), &device).unwrap_err();
        let expected = format!("x[1, 1] is {wrong}, but a Poisson likelihood needs counts: 0, 1, 2, …");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_configuration_names_its_likelihood() {
    for (likelihood, text) in [
        (LikelihoodConfig::Bernoulli, "\"bernoulli\""),
        (LikelihoodConfig::Gaussian(elbo::likelihood::Sigma::PerColumn), "{\"gaussian\":\"per-column\"}"),
        (LikelihoodConfig::Poisson, "\"poisson\""),
        (LikelihoodConfig::NegativeBinomial, "\"negative-binomial\""),
    ] {
        assert_eq!(serde_json::to_string(&likelihood).unwrap(), text);
        assert_eq!(serde_json::from_str::<LikelihoodConfig>(text).unwrap(), likelihood);
    }
    assert_eq!(Poisson.encoding(), Encoding::Log1p);
}

const WIDTH: usize = 6;

/// Counts of rates from 0.3 to some 30 that one factor moves.
fn counts(rows: usize) -> Vec<f32> {
    let mut values = Vec::new();
    for row in 0..rows as u64 {
        let mut e = [0.0];
        Key::new(1).normals(row, &mut e);
        let log_rate = |d: usize| 0.3 + 0.4 * d as f64 + e[0] * [1.0, -0.7, 0.4, 0.8, -0.5, 0.9][d];
        let mut x: Vec<f32> = (0..WIDTH).map(|d| log_rate(d).exp() as f32).collect();
        Poisson.draw(&[], &[], Key::new(2), row, &mut x);
        values.extend(x);
    }
    values
}

fn shape(likelihood: LikelihoodConfig) -> VaeConfig {
    VaeConfig {
        hidden: vec![16],
        latent: 1,
        activation: Activation::Tanh,
        likelihood,
        ..VaeConfig::default()
    }
}

/// A whole fit; and of what it ends in, the bound lies below the evidence, which is an integral over one z, and the
/// importance-weighted estimate reaches it.
#[test]
fn a_fit_to_counts_bounds_the_evidence_by_quadrature() {
    let values = counts(300);
    let rows = Rows::all(&values, WIDTH);
    for likelihood in [LikelihoodConfig::Poisson, LikelihoodConfig::NegativeBinomial] {
        let config = fit_config(shape(likelihood.clone()), steps(Optimiser::Adam, 1e-2), 25, 100);
        let mut fit = Fit::new(config, rows.clone(), &rows, &Device::flex()).unwrap();
        let first = fit.epoch(|_| {}).unwrap().validation.elbo.value;
        while fit.finished().is_none() {
            fit.epoch(|_| {}).unwrap();
        }
        let vae = fit.last().unwrap();
        let (reader, batch) = (vae.reader(&Device::flex()), minibatch(&rows, 0..40));
        let grid: Vec<f32> = (-2000..=2000).map(|i| i as f32 / 400.0).collect();
        let rates = reader.decode(&grid).unwrap();
        let dispersion: Vec<f64> = vae.model.own().map_or(vec![], numbers);
        let mass = |d: usize, rate: f32, x: f32| {
            let (rate, x) = (f64::from(rate), x as u64);
            if dispersion.is_empty() {
                return distribution::Poisson::new(rate).unwrap().log_density(&x);
            }
            let size = (-bounded(dispersion[d])).exp();
            distribution::NegativeBinomial::new(rate, size).unwrap().log_density(&x)
        };
        let evidence: Vec<f64> = batch
            .values
            .chunks(WIDTH)
            .map(|x| {
                let joint = grid.iter().zip(rates.chunks(WIDTH)).map(|(&z, rates)| {
                    let likelihood: f64 = (0..WIDTH).map(|d| mass(d, rates[d], x[d])).sum();
                    likelihood - 0.5 * (std::f64::consts::TAU.ln() + f64::from(z).powi(2))
                });
                elbo::special::ln_sum_exp(&joint.collect::<Vec<_>>()) + (1.0 / 400f64).ln()
            })
            .collect();
        let bound =
            evaluate(&vae, &batch, Key::new(3), KlForm::Analytic, 200, &Device::flex()).unwrap().elbo();
        let [bound, exact] = [bound, evidence.clone()].map(|values| Mean::of(&values).value);
        assert!(exact > first + 0.5, "{likelihood:?}: {exact} after {first}");
        assert!(bound < exact + 0.01 && exact < bound + 1.0, "{likelihood:?}: {bound} {exact}");
        let weights = reader.weights(&batch, Key::new(4), 4000).unwrap();
        let difference: Vec<f64> = weights.iter().zip(&evidence).map(|(w, e)| w.log_mean() - e).collect();
        let difference = Mean::of(&difference);
        assert!(difference.value.abs() < 0.02, "{likelihood:?}: {difference:?}");
        // New rows are counts as well.
        let drawn = reader.sample(&reader.sample_prior(Key::new(5), 50), Key::new(6)).unwrap();
        assert!(drawn.iter().all(|x| x.fract() == 0.0 && *x >= 0.0), "{drawn:?}");
        // A joint density of z by the tensor engine is there for inference and annealing.
        assert!(reader.joint().is_ok());
    }
}

/// The running mean is part of the state: a fit that was interrupted goes on to the same bits.
#[test]
fn a_running_mean_is_chosen_by_configuration_and_resumed() {
    let values = counts(60);
    let rows = Rows::all(&values, WIDTH);
    let mut config = fit_config(shape(LikelihoodConfig::Poisson), steps(Optimiser::Adam, 1e-3), 20, 4);
    config.train.estimator = EstimatorConfig::RunningMean(0.9);
    let start = || Fit::new(config.clone(), rows.clone(), &rows, &Device::flex()).unwrap();
    let mut whole = start();
    let mut halves = start();
    for _ in 0..2 {
        whole.epoch(|_| {}).unwrap();
        halves.epoch(|_| {}).unwrap();
    }
    assert_eq!(halves.progress().state.estimator.len(), 1);
    let mut resumed = start().resume(halves.progress().clone()).unwrap();
    let mut forgetful = halves.progress().clone();
    forgetful.state.estimator.clear();
    let mut forgetful = start().resume(forgetful).unwrap();
    for fit in [&mut whole, &mut resumed, &mut forgetful] {
        fit.epoch(|_| {}).unwrap();
    }
    assert_eq!(resumed.progress(), whole.progress());
    assert_ne!(forgetful.progress().state.parameters, whole.progress().state.parameters);
    config.train.estimator = EstimatorConfig::RunningMean(1.0);
    let error = Fit::new(config, rows.clone(), &rows, &Device::flex()).unwrap_err().to_string();
    assert!(error.contains("but must be in [0, 1)"), "{error}");
}
