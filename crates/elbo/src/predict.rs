//! A fitted auto-encoder on plain arrays: rows in, rows out, a chunk at a time over rayon's current threads.
//! The results do not depend on their number.

use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;

use crate::{
    Error,
    device::{self, MANY},
    fused::{Reader, Way},
    model::Vae,
    objective::elbo::KlForm,
    random::{Key, Purpose},
};

/// Rows at a time on the CPU.
const CHUNK: usize = 256;

/// Draws of z a row where the KL of a variable has no closed form; the same at every call.
const KL_SAMPLES: usize = 16;

/// q_φ(z|x) of some rows, row-major; Z is K, or K·C of a categorical latent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Encoded {
    /// E_q[z|x], `[R, Z]`.
    pub mean: Vec<f32>,
    /// The standard deviation of each column of z, `[R, Z]`.
    pub standard_deviation: Vec<f32>,
    /// KL(q(z_j|x) ‖ p(z_j)) of each latent variable, `[R, K]`, in nats; of two layers an estimate, see [`Vae::kl`].
    pub kl: Vec<f32>,
}

/// The guide's q(z|x) of each row of `x`, row-major `[R, D]`.
///
/// # Errors
/// Where the number of values is not a multiple of the model's width.
pub fn encode(vae: &Vae, x: &[f32], device: &Device) -> Result<Encoded, Error> {
    check(x, vae.width())?;
    if let Some(reader) = Reader::new(vae, Way::Reparameterised(KlForm::Analytic), 1) {
        return Ok(reader.encode(x));
    }
    let key = Key::new(0).purpose(Purpose::Evaluate);
    let parts = chunks(vae, x, vae.width(), device, |vae, rows, x| {
        let q = vae.guide.posterior(x);
        let noise = if vae.model.is_hierarchical() { KL_SAMPLES } else { 0 };
        let kl = vae.kl(&q, &vae.noise::<f32>(key, rows, noise, device));
        [q.mean(), q.standard_deviation(), kl].map(values)
    });
    let mut encoded = Encoded::default();
    for [mean, standard_deviation, kl] in parts {
        encoded.mean.extend(mean);
        encoded.standard_deviation.extend(standard_deviation);
        encoded.kl.extend(kl);
    }
    Ok(encoded)
}

/// E[x|z] of each row of `z`, row-major `[R, Z]` to `[R, D]`.
///
/// # Errors
/// Where the number of values is not a multiple of Z.
pub fn decode(vae: &Vae, z: &[f32], device: &Device) -> Result<Vec<f32>, Error> {
    let width = vae.model.family().width(vae.latent());
    check(z, width)?;
    if let Some(reader) = Reader::new(vae, Way::Reparameterised(KlForm::Analytic), 1) {
        return Ok(reader.decode(z));
    }
    Ok(chunks(vae, z, width, device, |vae, _, z| values(vae.model.mean(z))).concat())
}

/// Draws of z from the prior, row-major `[R, Z]`, for the rows 0, 1, … of `key`; of two layers z₂ first, then z₁ given it.
pub fn sample_prior(vae: &Vae, key: Key, rows: usize, device: &Device) -> Vec<f32> {
    let z = vae.model.family().sample_prior(key, rows, vae.latent());
    if !vae.model.is_hierarchical() {
        return z;
    }
    chunks(vae, &z, vae.latent(), device, |vae, _, z| values(vae.model.prior_draw(z))).concat()
}

/// A draw of x ~ p(x|z) for each row of `z`, row-major `[R, Z]` to `[R, D]`; the noise of row r is that of `key`'s row r.
///
/// # Errors
/// Where the number of values is not a multiple of Z.
pub fn sample(vae: &Vae, z: &[f32], key: Key, device: &Device) -> Result<Vec<f32>, Error> {
    let mut x = decode(vae, z, device)?;
    let width = vae.width();
    let sigma: Option<Vec<f64>> = vae.model.log_sigma().map(|log_sigma| {
        let log_sigma: Vec<f32> = values(log_sigma.unsqueeze());
        log_sigma.into_iter().map(|s| libm::exp(f64::from(s))).collect()
    });
    for (row, x) in x.chunks_mut(width).enumerate() {
        let Some(sigma) = &sigma else {
            key.bernoulli(row as u64, x);
            continue;
        };
        let mut noise = vec![0.0; width];
        key.normals(row as u64, &mut noise);
        for ((x, e), sigma) in x.iter_mut().zip(noise).zip(sigma.iter().cycle()) {
            *x = (f64::from(*x) + sigma * e) as f32;
        }
    }
    Ok(x)
}

/// E[x|z] at z = E_q[z|x], for each row of `x`, row-major `[R, D]`.
///
/// # Errors
/// Where the number of values is not a multiple of the model's width.
pub fn reconstruct(vae: &Vae, x: &[f32], device: &Device) -> Result<Vec<f32>, Error> {
    decode(vae, &encode(vae, x, device)?.mean, device)
}

fn check(rows: &[f32], width: usize) -> Result<(), Error> {
    if rows.len().is_multiple_of(width) {
        return Ok(());
    }
    Err(Error::Shape {
        what: "a matrix of rows".into(),
        expected: vec![rows.len().div_ceil(width), width],
        got: vec![rows.len()],
    })
}

fn chunks<T: Send>(
    vae: &Vae,
    rows: &[f32],
    width: usize,
    device: &Device,
    map: impl Fn(&Vae, &[usize], Tensor<2>) -> T + Sync,
) -> Vec<T> {
    let (number, least) = device::parts(device, CHUNK, MANY);
    let parts = rows.par_chunks(number * width).enumerate().with_min_len(least);
    let mapped = parts.map_with(vae.clone(), |vae, (part, chunk)| {
        let rows = chunk.len() / width;
        let tensor = TensorData::new(chunk.to_vec(), [rows, width]);
        let places: Vec<usize> = (0..rows).map(|row| part * number + row).collect();
        map(vae, &places, Tensor::from_data(tensor, device))
    });
    mapped.collect()
}

fn values(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data_as::<f32>().try_to_vec().expect("read as f32")
}
