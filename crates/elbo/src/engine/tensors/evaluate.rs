//! Terms and importance weights of any number of rows, some at a time.

use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;

use super::non_finite::first_non_finite;
use crate::{
    Error,
    device::{self, MANY},
    engine::checks::TOGETHER,
    guide::Guide,
    minibatch::{CHUNK, Minibatch},
    model::{AutoEncoder, Latent},
    objective::{elbo::Terms, importance_weighted::log_weights},
    parameters::BurnModule,
    random::{Draws, Key},
    terms::{RowTerms, Weights},
};

/// The terms of an objective of each row of `data`, a chunk at a time on rayon's current thread pool.
pub(super) fn terms<P: BurnModule + Latent, Q: BurnModule + Guide>(
    auto_encoder: &AutoEncoder<P, Q>,
    data: &Minibatch,
    draws: Draws,
    device: &Device,
    terms: impl Fn(&dyn Latent, &dyn Guide, &Tensor<2>, &[Tensor<2>]) -> Terms + Sync,
) -> Result<RowTerms, Error> {
    auto_encoder.check_width(data.width)?;
    let (rows, least) = device::parts(device, CHUNK, MANY);
    let chunks = data.rows.par_chunks(rows).zip(data.values.par_chunks(rows * data.width));
    let parts: Vec<Result<RowTerms, Error>> = chunks
        .with_min_len(least)
        .map_with(auto_encoder.clone(), |auto_encoder, (rows, values)| {
            let x = Tensor::from_data(TensorData::new(values.to_vec(), [rows.len(), data.width]), device);
            let noise = auto_encoder.noise::<f32>(draws.key, rows, draws.samples, device);
            let terms = terms(&auto_encoder.model, &auto_encoder.guide, &x, &noise).read();
            if terms.elbo().iter().all(|v| v.is_finite()) {
                Ok(terms)
            } else {
                Err(first_non_finite(auto_encoder, &x, &noise, None, rows))
            }
        })
        .collect();
    let mut all = RowTerms::default();
    for part in parts {
        all.extend(&part?);
    }
    Ok(all)
}

/// Rows whose weights are in memory at a time, on the CPU.
const ROWS: usize = 64;

/// k importance weights of each row of `data`, summed up; the noise of sample i is keyed by (its chunk, its place there).
pub(super) fn weights<P: BurnModule + Latent, Q: BurnModule + Guide>(
    auto_encoder: &AutoEncoder<P, Q>,
    data: &Minibatch,
    key: Key,
    k: usize,
    device: &Device,
) -> Vec<Weights> {
    let (rows, least) = device::parts(device, ROWS, MANY);
    let parts = data.rows.par_chunks(rows).zip(data.values.par_chunks(rows * data.width));
    let totals = parts.with_min_len(least).map_with(auto_encoder.clone(), |auto_encoder, (rows, values)| {
        let x = Tensor::from_data(TensorData::new(values.to_vec(), [rows.len(), data.width]), device);
        let mut total = vec![Weights::default(); rows.len()];
        for (chunk, start) in (0..k).step_by(TOGETHER).enumerate() {
            let samples = TOGETHER.min(k - start);
            let noise = auto_encoder.noise::<f32>(key.fold(chunk as u64), rows, samples, device);
            let AutoEncoder { model, guide } = &*auto_encoder;
            let log_weights: Vec<f64> = log_weights(model, guide, &x, &noise)
                .into_data_as::<f64>()
                .try_to_vec()
                .expect("read as f64");
            for line in log_weights.chunks(rows.len()) {
                for (total, &w) in total.iter_mut().zip(line) {
                    total.add(w);
                }
            }
        }
        total
    });
    totals.collect::<Vec<_>>().concat()
}
