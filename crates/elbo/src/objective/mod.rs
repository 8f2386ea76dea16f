//! Objectives: what a fit maximises.

pub mod elbo;
pub mod importance_weighted;
mod kl_weight;
pub mod noiseless;

use burn::tensor::{Device, Tensor, TensorData};
use elbo::Terms;
pub use kl_weight::KlWeight;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    Error,
    device::{self, MANY},
    diagnose,
    gradient::Draws,
    minibatch::Minibatch,
    model::Vae,
    terms::RowTerms,
};

/// What a fit maximises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// The evidence lower bound (E5).
    #[default]
    Elbo,
    /// The importance-weighted bound L_k (E22), k the number of samples a row.
    ImportanceWeighted,
    /// The ELBO's noiseless limit (E20), which is not a bound.
    Noiseless,
}

/// Rows evaluated at a time on the CPU: bounds the memory, and fixes the arithmetic whatever the number of threads.
pub(crate) const CHUNK: usize = 256;

/// The terms of an objective of each row of `data`, a chunk at a time on rayon's current thread pool.
pub(crate) fn evaluate_terms(
    vae: &Vae,
    data: &Minibatch,
    draws: Draws,
    device: &Device,
    terms: impl Fn(&Vae, &Tensor<2>, &[Tensor<2>]) -> Terms + Sync,
) -> Result<RowTerms, Error> {
    vae.check_width(data.width)?;
    let (rows, least) = device::parts(device, CHUNK, MANY);
    let chunks = data.rows.par_chunks(rows).zip(data.values.par_chunks(rows * data.width));
    let parts: Vec<Result<RowTerms, Error>> = chunks
        .with_min_len(least)
        .map_with(vae.clone(), |vae, (rows, values)| {
            let x = Tensor::from_data(TensorData::new(values.to_vec(), [rows.len(), data.width]), device);
            let noise = vae.noise::<f32>(draws.key, rows, draws.samples, device);
            let terms = terms(vae, &x, &noise).read();
            if terms.elbo().iter().all(|v| v.is_finite()) {
                Ok(terms)
            } else {
                Err(diagnose::first_non_finite(vae, &x, &noise, 0, rows))
            }
        })
        .collect();
    let mut all = RowTerms::default();
    for part in parts {
        all.extend(&part?);
    }
    Ok(all)
}
