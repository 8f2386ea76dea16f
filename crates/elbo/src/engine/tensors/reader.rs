//! A fitted model read only: chunks of rows over rayon's current threads.

use std::sync::{Mutex, PoisonError};

use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;

use super::evaluate;
use crate::{
    Error,
    device::{self, MANY},
    guide::{Encoded, Guide},
    minibatch::Minibatch,
    model::{AutoEncoder, Latent},
    objective::{
        elbo::{KlForm, elbo},
        importance_weighted::{weigh, weighted_terms},
        noiseless::Noiseless,
    },
    parameters::{self, BurnModule},
    random::{Draws, Key, Purpose},
    terms::{RowTerms, Weights},
};

/// Rows at a time on the CPU.
const CHUNK: usize = 256;

/// Draws of z a row where the KL of a variable has no closed form; the same at every call.
const KL_SAMPLES: usize = 16;

/// A module and where it computes.
#[derive(Debug)]
pub(crate) struct Reader<P: BurnModule, Q: BurnModule> {
    /// A module may not be read by several threads at once: each call takes a copy, whose tensors are handles.
    auto_encoder: Mutex<AutoEncoder<P, Q>>,
    device: Device,
}

impl<P: BurnModule + Latent, Q: BurnModule + Guide> Reader<P, Q> {
    pub(crate) fn new(auto_encoder: AutoEncoder<P, Q>, device: &Device) -> Self {
        Self { auto_encoder: Mutex::new(auto_encoder), device: device.clone() }
    }

    /// The same at other parameters.
    pub(crate) fn at(&self, parameters: &[f32]) -> Result<Self, Error> {
        Ok(Self::new(parameters::load(self.auto_encoder(), parameters, &self.device)?, &self.device))
    }

    /// The module itself.
    pub(crate) fn auto_encoder(&self) -> AutoEncoder<P, Q> {
        self.auto_encoder.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn elbo(&self, data: &Minibatch, form: KlForm, draws: Draws) -> Result<RowTerms, Error> {
        let (auto_encoder, device) = (&self.auto_encoder(), &self.device);
        evaluate::terms(auto_encoder, data, draws, device, |p, q, x, noise| elbo(p, q, x, noise, form))
    }

    /// L_k, k the number of samples.
    pub(crate) fn importance_weighted(&self, data: &Minibatch, draws: Draws) -> Result<RowTerms, Error> {
        evaluate::terms(&self.auto_encoder(), data, draws, &self.device, |p, q, x, noise| {
            let (log_weights, log_likelihood) = weigh(p, q, x, noise);
            weighted_terms(log_weights, log_likelihood)
        })
    }

    pub(crate) fn noiseless(
        &self,
        data: &Minibatch,
        noiseless: Noiseless,
        draws: Draws,
    ) -> Result<RowTerms, Error> {
        let (auto_encoder, device) = (&self.auto_encoder(), &self.device);
        evaluate::terms(auto_encoder, data, draws, device, |p, q, x, _| noiseless.terms(p, q, x))
    }

    pub(crate) fn weights(&self, data: &Minibatch, key: Key, k: usize) -> Vec<Weights> {
        evaluate::weights(&self.auto_encoder(), data, key, k, &self.device)
    }

    pub(crate) fn encode(&self, x: &[f32]) -> Encoded {
        let (key, device) = (Key::new(0).purpose(Purpose::Evaluate), &self.device);
        let parts = self.chunks(x, self.auto_encoder().width(), |auto_encoder, rows, x| {
            let q = auto_encoder.guide.posterior(x);
            let noise = if auto_encoder.model.is_hierarchical() { KL_SAMPLES } else { 0 };
            let kl = auto_encoder.model.kl(&q, &auto_encoder.noise::<f32>(key, rows, noise, device));
            [q.mean(), q.standard_deviation(), kl].map(values)
        });
        let mut encoded = Encoded::default();
        for [mean, standard_deviation, kl] in parts {
            encoded.mean.extend(mean);
            encoded.standard_deviation.extend(standard_deviation);
            encoded.kl.extend(kl);
        }
        encoded
    }

    /// E[x|z] of rows of z.
    pub(crate) fn means(&self, z: &[f32]) -> Vec<f32> {
        self.of_z(z, P::mean)
    }

    /// The decoder's outputs for rows of z.
    pub(crate) fn outputs(&self, z: &[f32]) -> Vec<f32> {
        self.of_z(z, P::decode)
    }

    /// The likelihood's own parameters.
    pub(crate) fn own(&self) -> Vec<f32> {
        self.auto_encoder().model.own().map_or(Vec::new(), |own| values(own.unsqueeze()))
    }

    pub(crate) fn sample_prior(&self, key: Key, rows: usize) -> Vec<f32> {
        let auto_encoder = self.auto_encoder();
        let (family, latent) = (auto_encoder.model.family(), auto_encoder.latent());
        let z = family.sample_prior(key, rows, latent);
        if !auto_encoder.model.is_hierarchical() {
            return z;
        }
        self.of_z(&z, P::prior_draw)
    }
}

impl<P: BurnModule + Latent, Q: BurnModule + Guide> Reader<P, Q> {
    fn of_z(&self, z: &[f32], map: impl Fn(&P, Tensor<2>) -> Tensor<2> + Sync) -> Vec<f32> {
        let auto_encoder = self.auto_encoder();
        let columns = auto_encoder.model.family().width(auto_encoder.latent());
        self.chunks(z, columns, |auto_encoder, _, z| values(map(&auto_encoder.model, z))).concat()
    }

    fn chunks<T: Send>(
        &self,
        rows: &[f32],
        width: usize,
        map: impl Fn(&AutoEncoder<P, Q>, &[usize], Tensor<2>) -> T + Sync,
    ) -> Vec<T> {
        let device = &self.device;

        let (number, least) = device::parts(device, CHUNK, MANY);
        let parts = rows.par_chunks(number * width).enumerate().with_min_len(least);
        let mapped = parts.map_with(self.auto_encoder(), |auto_encoder, (part, chunk)| {
            let rows = chunk.len() / width;
            let tensor = TensorData::new(chunk.to_vec(), [rows, width]);
            let places: Vec<usize> = (0..rows).map(|row| part * number + row).collect();
            map(auto_encoder, &places, Tensor::from_data(tensor, device))
        });
        mapped.collect()
    }
}

fn values(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data_as::<f32>().try_to_vec().expect("read as f32")
}
