//! The importance-weighted and Rényi bounds (E22) against exact and reference values, and the noiseless limit (E20).

use std::{io::Write, path::PathBuf};

use crate::common::{
    GAUSSIAN, bound_of, data, generic_vae,
    linear::{D, K, Linear, exact_posterior},
    minibatch, normals, shape,
};
use burn::tensor::{Device, Tensor};
use elbo::{
    guide::Family,
    likelihood::{LikelihoodConfig, Sigma},
    minibatch::Rows,
    model::{Vae, VaeConfig},
    network::Activation,
    objective::{
        elbo::{KlForm, elbo},
        importance_weighted::{importance_weighted, log_weights, renyi},
        noiseless::Noiseless,
    },
    parameters,
    random::Key,
    terms::Mean,
};
use elbo::{guide::Guide as _, model::Latent as _};
use serde_json::Value;

fn rows(tensor: Tensor<1>) -> Vec<f64> {
    tensor.into_data_as::<f64>().try_to_vec().unwrap()
}

fn reference() -> Option<Value> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder = std::env::var_os("ELBO_DATA").map_or_else(|| default.into(), PathBuf::from);
    let path = folder.join("reference/small_exact_A.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        // Past the test harness, which would hide a line printed by a test that passes.
        let line = format!("SKIPPED: there is no {} (set ELBO_DATA)\n", path.display());
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

/// x ~ N(wz + b, s²) with q(z|x) = N(m, v) whatever x: the reference's model, as a linear auto-encoder.
fn scalar_model(case: &Value) -> Vae {
    let number = |name: &str| case[name].as_f64().unwrap();
    let config = shape(&[], 1, GAUSSIAN);
    let vae = Vae::new(&config, 1, Key::new(0), &Device::flex()).unwrap();
    let head = 30.0 * (number("v").ln() / 30.0).atanh();
    let p = [number("w"), number("b"), number("s").ln(), 0.0, 0.0, number("m"), head];
    parameters::load(vae, &p.map(|v| v as f32), &Device::flex()).unwrap()
}

/// L_k of the reference, by quadrature (k = 1, 2) or its own Monte Carlo, within 3 standard errors: 15 z-tests on means
/// of 20,000 rows (2,000 for k = 500), of which another seed would fail one with probability 4 %.
#[test]
fn the_importance_weighted_bound_is_that_of_the_reference_and_rises() {
    let Some(reference) = reference() else { return };
    for case in reference["iwae"].as_array().unwrap() {
        let vae = scalar_model(case);
        let x = case["x"].as_f64().unwrap() as f32;
        let log_px = case["log_px"].as_f64().unwrap();
        let mut expected = vec![
            (1, case["elbo_K1"].as_f64().unwrap(), 0.0),
            (2, case["iwae_K2_quadrature"].as_f64().unwrap(), 0.0),
        ];
        for mc in case["iwae_mc"].as_array().unwrap() {
            let k = mc["K"].as_u64().unwrap() as usize;
            expected.push((k, mc["mean"].as_f64().unwrap(), mc["se"].as_f64().unwrap()));
        }
        let mut last = f64::NEG_INFINITY;
        for (k, value, error) in expected {
            let n = if k > 100 { 2_000 } else { 20_000 };
            let values = vec![x; n];
            let batch = minibatch(&Rows::all(&values, 1), 0..n);
            let bound = Mean::of(&bound_of(&vae, &batch, Key::new(3), k, &Device::flex()).unwrap());
            let z = (bound.value - value) / bound.standard_error.hypot(error);
            assert!(z.abs() < 3.0, "L_{k}: {bound:?} for {value} ± {error}, z = {z}");
            assert!(bound.value > last, "L_{k} = {} after {last}", bound.value);
            assert!(bound.value - 4.0 * bound.standard_error < log_px);
            last = bound.value;
        }
    }
}

/// At the exact posterior each weight is p(x): every bound is log p(x), without noise.
#[test]
fn at_the_posterior_every_bound_is_the_evidence() {
    let p = exact_posterior();
    let device = Device::flex();
    let vae = parameters::load(generic_vae(&shape(&[], K, GAUSSIAN), D, 8), &p, &device).unwrap();
    let values: Vec<f32> = normals(21, 4 * D).into_iter().map(|v| v as f32).collect();
    let batch = minibatch(&Rows::all(&values, D), 0..4);
    let noise = Family::Gaussian.noise::<f64>(Key::new(1), &batch.rows, K, 6, &device);
    let weights = log_weights(&vae.model, &vae.guide, &data(&batch), &noise);
    for alpha in [-1.0, 0.0, 0.5, 0.999, 1.0, 2.0] {
        let bound = rows(renyi(weights.clone(), alpha));
        for (x, bound) in batch.values.chunks(D).zip(bound) {
            let x: Vec<f64> = x.iter().map(|&v| f64::from(v)).collect();
            let evidence = Linear::of(&p).log_evidence(&x);
            // Rounding is divided by 1 − α.
            assert!((bound - evidence).abs() < 1e-9, "α = {alpha}: {bound} {evidence}");
        }
    }
}

/// On the same weights the Rényi estimate falls in α, passes through L_k at 0 and tends to the ELBO's at 1.
#[test]
fn the_renyi_bound_falls_from_importance_weighted_to_elbo() {
    let vae = generic_vae(&shape(&[5], K, GAUSSIAN), D, 3);
    let values: Vec<f32> = normals(2, 10 * D).into_iter().map(|v| v as f32).collect();
    let batch = minibatch(&Rows::all(&values, D), 0..10);
    let noise = Family::Gaussian.noise::<f64>(Key::new(1), &batch.rows, K, 20, &Device::flex());
    let weights = log_weights(&vae.model, &vae.guide, &data(&batch), &noise);
    let at = |alpha| rows(renyi(weights.clone(), alpha));
    let ladder = [-0.5, 0.0, 0.3, 0.7, 1.0, 1.5].map(at);
    for pair in ladder.windows(2) {
        assert!(pair[0].iter().zip(&pair[1]).all(|(a, b)| a > b), "{pair:?}");
    }
    assert_eq!(ladder[1], rows(importance_weighted(weights.clone())));
    let elbo = rows(elbo(&vae.model, &vae.guide, &data(&batch), &noise, KlForm::MonteCarlo).elbo());
    for ((one, near), elbo) in ladder[4].iter().zip(at(1.0 - 1e-7)).zip(elbo) {
        assert!((one - elbo).abs() < 1e-10 * elbo.abs() && (near - elbo).abs() < 1e-4 * elbo.abs());
    }
}

/// Weights as far apart as 1e4 nats neither overflow nor vanish.
#[test]
fn extreme_weights_keep_the_bound_finite() {
    let weights = Tensor::<2>::from_data([[-1e4, 0.0], [1e4, 0.0], [3.0, -2e4]], &Device::flex());
    let bound: Vec<f32> = importance_weighted(weights).into_data().try_to_vec().unwrap();
    let expected = [1e4 - 3f32.ln(), (2f32 / 3.0).ln()];
    assert!(bound.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 1e-6 * b.abs()), "{bound:?}");
}

/// The chunks of samples add up: k = 130 in three of them, by hand from their weights.
#[test]
fn many_samples_in_chunks_are_one_estimate() {
    let vae = generic_vae(&shape(&[], 1, GAUSSIAN), 1, 3);
    let p: Vec<f32> = parameters::values(&vae);
    let vae = parameters::load(vae, &p, &Device::flex()).unwrap();
    let values = [0.3, -1.0];
    let batch = minibatch(&Rows::all(&values, 1), 0..2);
    let mut weights: Vec<Vec<f64>> = vec![Vec::new(); 2];
    for (chunk, samples) in [64, 64, 2].into_iter().enumerate() {
        let noise = Family::Gaussian.noise::<f32>(
            Key::new(7).fold(chunk as u64),
            &[0, 1],
            1,
            samples,
            &Device::flex(),
        );
        let x = Tensor::<2>::from_data([[0.3], [-1.0]], &Device::flex());
        let log: Vec<f64> =
            log_weights(&vae.model, &vae.guide, &x, &noise).into_data_as::<f64>().try_to_vec().unwrap();
        for pair in log.chunks(2) {
            weights[0].push(pair[0].exp());
            weights[1].push(pair[1].exp());
        }
    }
    let bound = bound_of(&vae, &batch, Key::new(7), 130, &Device::flex()).unwrap();
    for (weights, bound) in weights.iter().zip(bound) {
        let expected = (weights.iter().sum::<f64>() / 130.0).ln();
        // Both are of f32 terms.
        assert!((bound - expected).abs() < 1e-6, "{bound} {expected}");
    }
}

/// σ²·(−ELBO) at σ_φ = tσ, less its terms that know only t, minus the noiseless objective.
fn distance_to_the_limit(vae: &Vae, sigma: f64, t: f64, x: &Tensor<2>, noise: &[Tensor<2>]) -> f64 {
    let q = vae.guide.posterior(x.clone());
    let mu = q.mean();
    let (latent, width) = (mu.dims()[1] as f64, x.dims()[1] as f64);
    let sd = t * sigma;
    let mut squares = 0.0;
    for e in noise {
        let z = mu.clone() + e.clone().mul_scalar(sd);
        squares += vae.model.log_likelihood(x.clone(), z).sum().into_scalar::<f64>() / noise.len() as f64;
    }
    let mean: f64 = mu.square().sum().into_scalar();
    let n = x.dims()[0] as f64;
    let kl = 0.5 * (mean + n * latent * (sd * sd - 1.0 - 2.0 * sd.ln()));
    let scaled = -sigma * sigma * (squares - kl);
    let constant = n
        * sigma
        * sigma
        * (0.5 * width * (std::f64::consts::TAU * sigma * sigma).ln() - latent * (0.5 + sd.ln()));
    let limit = Noiseless::new(&vae.model).unwrap().terms(&vae.model, &vae.guide, x).elbo();
    scaled - constant + limit.sum().into_scalar::<f64>()
}

/// E20: the distance to the limit falls as t². With noise in pairs ±ε the odd orders cancel exactly, so halving t
/// quarters it, up to a relative O(t²); for a linear decoder it is ½t²σ²(Σ_s ‖Wε_s‖²/S + Kσ²) to rounding.
#[test]
fn the_elbo_approaches_its_noiseless_limit_at_second_order() {
    let sigma = 0.7;
    let likelihood = LikelihoodConfig::Gaussian(Sigma::Fixed(sigma));
    let values: Vec<f32> = normals(5, 6 * D).into_iter().map(|v| v as f32).collect();
    let batch = minibatch(&Rows::all(&values, D), 0..6);
    let half = Family::Gaussian.noise::<f64>(Key::new(1), &batch.rows, K, 4, &Device::flex());
    let noise: Vec<Tensor<2>> = half.iter().flat_map(|e| [e.clone(), e.clone().neg()]).collect();
    for hidden in [vec![], vec![6]] {
        let config = VaeConfig { activation: Activation::Tanh, ..shape(&hidden, K, likelihood.clone()) };
        // The fixed σ is a parameter too, which must not be shifted.
        let mut vae = generic_vae(&config, D, 4);
        let mut p: Vec<f64> = parameters::values(&vae);
        let log_sigma = crate::common::block(&vae, "model.log_sigma").start;
        p[log_sigma] = sigma.ln();
        vae = parameters::load(vae, &p, &Device::flex()).unwrap();
        let at = |t| distance_to_the_limit(&vae, sigma, t, &data(&batch), &noise);
        let (one, half_of_it) = (at(0.02), at(0.01));
        assert!(one > 0.0 || !hidden.is_empty());
        assert!((one / half_of_it - 4.0).abs() < 0.01, "{one} {half_of_it}");
        if hidden.is_empty() {
            let squares: f64 = noise
                .iter()
                .map(|e| {
                    (vae.model.decode(e.clone()) - vae.model.decode(e.zeros_like()))
                        .square()
                        .sum()
                        .into_scalar::<f64>()
                })
                .sum::<f64>()
                / noise.len() as f64;
            let t = 0.02;
            let expected = 0.5 * t * t * sigma * sigma * (squares + 6.0 * K as f64 * sigma * sigma);
            assert!((one - expected).abs() < 1e-9, "{one} {expected}");
        }
    }
}

#[test]
fn the_noiseless_objective_needs_a_fixed_sigma() {
    for likelihood in [LikelihoodConfig::Bernoulli, GAUSSIAN, LikelihoodConfig::Gaussian(Sigma::Solved)] {
        let vae = Vae::new(&shape(&[], K, likelihood), D, Key::new(0), &Device::flex()).unwrap();
        let message = Noiseless::new(&vae.model).unwrap_err().to_string();
        assert!(message.contains("needs a Gaussian one with a fixed sigma"), "{message}");
    }
}
