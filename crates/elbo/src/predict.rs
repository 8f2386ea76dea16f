//! A fitted auto-encoder on plain arrays: rows in, rows out, a chunk at a time over rayon's current threads.
//! The results do not depend on their number.

use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;

use crate::{Error, model::Vae};

/// Rows at a time.
const CHUNK: usize = 256;

/// q_φ(z|x) of some rows, row-major.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Encoded {
    /// μ, `[R, K]`.
    pub mean: Vec<f32>,
    /// log σ², `[R, K]`.
    pub log_variance: Vec<f32>,
}

/// The guide's mean and log variance of each row of `x`, row-major `[R, D]`.
///
/// # Errors
/// Where the number of values is not a multiple of the model's width.
pub fn encode(vae: &Vae, x: &[f32], device: &Device) -> Result<Encoded, Error> {
    let parts = chunks(vae, x, vae.width(), device, |vae, x| {
        let q = vae.guide.posterior(x);
        (values(q.mean), values(q.log_variance))
    })?;
    let (mean, log_variance): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
    Ok(Encoded { mean: mean.concat(), log_variance: log_variance.concat() })
}

/// E[x|z] of each row of `z`, row-major `[R, K]` to `[R, D]`.
///
/// # Errors
/// Where the number of values is not a multiple of the latent dimension.
pub fn decode(vae: &Vae, z: &[f32], device: &Device) -> Result<Vec<f32>, Error> {
    let parts = chunks(vae, z, vae.latent(), device, |vae, z| values(vae.model.mean(z)))?;
    Ok(parts.concat())
}

/// E[x|z] at z = μ(x), for each row of `x`, row-major `[R, D]`.
///
/// # Errors
/// Where the number of values is not a multiple of the model's width.
pub fn reconstruct(vae: &Vae, x: &[f32], device: &Device) -> Result<Vec<f32>, Error> {
    decode(vae, &encode(vae, x, device)?.mean, device)
}

fn chunks<T: Send>(
    vae: &Vae,
    rows: &[f32],
    width: usize,
    device: &Device,
    map: impl Fn(&Vae, Tensor<2>) -> T + Sync,
) -> Result<Vec<T>, Error> {
    if !rows.len().is_multiple_of(width) {
        return Err(Error::Shape {
            what: "a matrix of rows".into(),
            expected: vec![rows.len().div_ceil(width), width],
            got: vec![rows.len()],
        });
    }
    let mapped = rows.par_chunks(CHUNK * width).map_with(vae.clone(), |vae, chunk| {
        let tensor = TensorData::new(chunk.to_vec(), [chunk.len() / width, width]);
        map(vae, Tensor::from_data(tensor, device))
    });
    Ok(mapped.collect())
}

fn values(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data_as::<f32>().try_to_vec().expect("read as f32")
}
