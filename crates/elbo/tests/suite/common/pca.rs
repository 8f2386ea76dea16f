//! Auto-encoders that are probabilistic PCA (E27), with W rotated: evidence, posterior and every gap in closed form.

use std::{io::Write, path::PathBuf};

use burn::tensor::Device;
use elbo::{
    distribution::Cholesky,
    minibatch::Rows,
    model::{LinearGaussian, Vae},
    parameters,
};
use elbo_data::{Dataset, ReadOptions, read};
use serde_json::Value;

use super::{GAUSSIAN, generic_vae, shape};

fn folder() -> PathBuf {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    std::env::var_os("ELBO_DATA").map_or_else(|| default.into(), PathBuf::from)
}

/// The description of one data set of the reference, by the start of its name.
pub(crate) fn reference(name: &str) -> Option<Value> {
    let path = folder().join("reference/ppca_A.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        // Past the test harness, which would hide a line printed by a test that passes.
        let line = format!("SKIPPED: {name}: no {} (set ELBO_DATA)\n", path.display());
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return None;
    };
    let all: Value = serde_json::from_str(&text).unwrap();
    let sets = all["sets"].as_array().unwrap();
    let found = sets.iter().find(|set| set["name"].as_str().unwrap().starts_with(name));
    Some(found.unwrap_or_else(|| panic!("{name} is not in {}", path.display())).clone())
}

pub(crate) fn file(name: &str, label_column: Option<&str>) -> Dataset {
    let options = ReadOptions {
        label_columns: label_column.map(str::to_owned).into_iter().collect(),
        ..ReadOptions::default()
    };
    read(&folder().join(name), &options).unwrap()
}

pub(crate) fn digits() -> Vec<f32> {
    let data = file("tabular/digits.csv", Some("last"));
    assert_eq!((data.rows(), data.width()), (1797, 64));
    data.values.iter().map(|v| v / 16.0).collect()
}

/// The mean over rows of log p(x), exact.
pub(crate) fn average(model: &LinearGaussian, rows: &Rows<'_>) -> f64 {
    rows.iter().map(|x| model.log_evidence(x)).sum::<f64>() / rows.len() as f64
}

/// The same in f32.
pub(crate) fn single(vae: &Vae) -> Vae {
    parameters::load(vae.clone(), &parameters::values::<f32, _>(vae), &Device::flex()).unwrap()
}

/// The columns of W after Givens rotations of each two latent variables, which leave p(x) as it is; angles `[K, K]`, of
/// which those above the diagonal count.
pub(crate) fn rotated(model: &LinearGaussian, angles: &[f64]) -> Vec<Vec<f64>> {
    let mut w = model.weights();
    let latent = w.len();
    assert_eq!(angles.len(), latent * latent);
    for i in 0..latent {
        for j in i + 1..latent {
            let (sin, cos) = angles[i * latent + j].sin_cos();
            for d in 0..model.mean().len() {
                (w[i][d], w[j][d]) = (cos * w[i][d] - sin * w[j][d], sin * w[i][d] + cos * w[j][d]);
            }
        }
    }
    w
}

/// An auto-encoder with this linear decoder and some encoder or other.
pub(crate) fn with_decoder(model: &LinearGaussian, w: &[Vec<f64>]) -> Vae {
    let vae = generic_vae(&shape(&[], w.len(), GAUSSIAN), model.mean().len(), 8);
    let log_sigma = 0.5 * model.sigma2().ln();
    let theta = w.iter().flatten().chain(model.mean()).copied().chain([log_sigma]);
    let mut p: Vec<f64> = parameters::values(&vae);
    for (p, v) in p.iter_mut().zip(theta) {
        *p = v;
    }
    single(&parameters::load(vae, &p, &Device::flex()).unwrap())
}

/// Λ = I + WᵀW/σ², the precision of p(z|x), `[K, K]`.
pub(crate) fn precision(model: &LinearGaussian, w: &[Vec<f64>]) -> Vec<f64> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / model.sigma2();
    let entry = |i: usize, j: usize| f64::from(u8::from(i == j)) + dot(&w[i], &w[j]);
    (0..w.len()).flat_map(|i| (0..w.len()).map(move |j| (i, j))).map(|(i, j)| entry(i, j)).collect()
}

/// The same with the encoder q(z|x) = N(Λ⁻¹Wᵀ(x − b)/σ² + δ, diag s): the posterior's mean, but for δ.
pub(crate) fn with_encoder(model: &LinearGaussian, w: &[Vec<f64>], delta: &[f64], s: &[f64]) -> Vae {
    let (latent, width) = (w.len(), model.mean().len());
    let factor = Cholesky::of(&precision(model, w), latent).unwrap();
    let vae = with_decoder(model, w);
    let mut p: Vec<f64> = parameters::values(&vae);
    let encoder = &mut p[latent * width + width + 1..];
    encoder.fill(0.0);
    let (weights, biases) = encoder.split_at_mut(2 * latent * width);
    for d in 0..width {
        let projected: Vec<f64> = w.iter().map(|w| w[d] / model.sigma2()).collect();
        let mean = factor.solve_transposed(&factor.solve(&projected));
        for (j, m) in mean.into_iter().enumerate() {
            weights[2 * latent * d + j] = m;
            biases[j] -= m * model.mean()[d];
        }
    }
    for j in 0..latent {
        biases[j] += delta[j];
        // The head is log σ² = 30 tanh(a/30).
        biases[latent + j] = 30.0 * (s[j].ln() / 30.0).atanh();
    }
    single(&parameters::load(vae, &p, &Device::flex()).unwrap())
}
