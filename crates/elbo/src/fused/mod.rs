//! The bound of a dense Gaussian auto-encoder, and its gradient, as one operation with one way back.
//!
//! The same numbers as [`elbo`](crate::objective::elbo::elbo) and its derivative give (E5, E7, E14, E17), or
//! [`importance_weighted`](crate::objective::importance_weighted) and its derivatives (E22), in f32, without a graph of
//! tensors: rows pass through guide and model in shards, one thread each, and the gradient of each
//! block of weights is one product over all rows. An element of the result is one sum in the order of the rows,
//! so neither the shards nor the threads change a bit. Buffers stay from step to step.
//!
//! Whatever is not a dense auto-encoder with a Gaussian latent goes the way of tensors.

mod joint;
mod network;
mod per_datum;
mod read;
mod shard;
#[cfg(test)]
mod tests;

use burn::tensor::{DType, Device};
use elbo_kernels::{Level, Panels, bernoulli, gaussian, gaussian::Precision};
pub(crate) use joint::Joint;
use network::Network;
pub(crate) use per_datum::{Ascent, record};
use rayon::prelude::*;
pub(crate) use read::Reader;
use shard::Shard;

use crate::{
    guide::Family,
    minibatch::Minibatch,
    model::{Likelihood, Sigma, Vae},
    objective::elbo::KlForm,
    random::Key,
    schedule::Moves,
    terms::RowTerms,
};

/// Rows of a shard at most: what a product of it reads stays in a core's second cache.
const MOST_ROWS: usize = 128;

impl Likelihood {
    /// Adds log p(x|output) of each row to `sums`; given `weights`, the gradient by them takes the output's place.
    fn kernel(
        self,
        level: Level,
        precision: &Precision,
        x: &Panels,
        output: &mut Panels,
        weights: Option<&[f32]>,
        sums: &mut [f64],
    ) {
        match (self, weights) {
            (Self::Bernoulli, None) => bernoulli::log_likelihood(level, x, output, sums),
            (Self::Bernoulli, Some(weights)) => {
                bernoulli::log_likelihood_and_gradient(level, x, output, weights, sums);
            }
            (Self::Gaussian(_), None) => gaussian::log_likelihood(level, x, output, precision, sums),
            (Self::Gaussian(_), Some(weights)) => {
                gaussian::log_likelihood_and_gradient(level, x, output, precision, weights, sums);
            }
        }
    }
}

/// What is estimated: a bound, and how its gradient is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The ELBO, see [`gradient::Reparameterised`](crate::gradient::Reparameterised).
    Reparameterised(KlForm),
    /// The ELBO, see [`gradient::StickingTheLanding`](crate::gradient::StickingTheLanding).
    StickingTheLanding,
    /// L_k, see [`gradient::ImportanceWeighted`](crate::gradient::ImportanceWeighted).
    ImportanceWeighted,
    /// L_k, see [`gradient::DoublyReparameterised`](crate::gradient::DoublyReparameterised).
    DoublyReparameterised,
}

impl Way {
    /// Whether the draws of a row are weighed against one another.
    fn weighs(self) -> bool {
        matches!(self, Self::ImportanceWeighted | Self::DoublyReparameterised)
    }
}

/// A dense Gaussian auto-encoder ready to run: packed weights, and room for the rows of a step.
#[derive(Clone, Debug)]
pub(crate) struct Fused {
    level: Level,
    encoder: Network,
    decoder: Network,
    likelihood: Likelihood,
    /// Where log σ stands in the flat parameters, and how many numbers it is.
    log_sigma: Option<(usize, usize)>,
    precision: Precision,
    width: usize,
    latent: usize,
    way: Way,
    samples: usize,
    /// β, the weight of the KL in what is maximised.
    beta: f32,
    /// Nats of each latent variable that cost nothing there.
    free_bits: f32,
    shards: Vec<Shard>,
    /// Room for the gradient in each column's log σ.
    columns: Vec<f32>,
    active: usize,
    rows: usize,
}

impl Fused {
    /// For an auto-encoder of this shape; none where it is not dense layers alone, its latent is not one layer of
    /// Gaussians, it is not of f32, or not on the CPU.
    pub(crate) fn new(vae: &Vae, way: Way, samples: usize) -> Option<Self> {
        let here = vae.is_dense() && vae.guide.network().is_of(DType::F32, &Device::flex());
        if vae.model.family() != Family::Gaussian || !here {
            return None;
        }
        // The flat order: decoder, log σ, encoder.
        let decoder = Network::new(vae.model.network(), 0);
        let log_sigma = vae.model.log_sigma().map(|s| (decoder.end(), s.dims()[0]));
        let start = log_sigma.map_or(decoder.end(), |(start, len)| start + len);
        Some(Self {
            level: Level::best(),
            encoder: Network::new(vae.guide.network(), start),
            decoder,
            likelihood: vae.model.likelihood(),
            log_sigma,
            precision: Precision::default(),
            width: vae.width(),
            latent: vae.latent(),
            way,
            samples,
            beta: 1.0,
            free_bits: 0.0,
            shards: Vec::new(),
            columns: vec![0.0; vae.width()],
            active: 0,
            rows: 0,
        })
    }

    /// Weighs the KL in what is maximised, see [`KlWeight`](crate::objective::KlWeight). Only the ELBO by
    /// [`Way::Reparameterised`] is; free bits need the KL in closed form.
    pub(crate) fn weigh_kl(&mut self, beta: f64, free_bits: f64) {
        (self.beta, self.free_bits) = (beta as f32, free_bits as f32);
    }

    /// Σ over the rows of the last minibatch, of the KL as it cost: above [`RowTerms::kl`] where some of it was free.
    pub(crate) fn cost(&self) -> f64 {
        self.shards[..self.active].iter().flat_map(|shard| &shard.cost).sum()
    }

    /// The estimate of the bound of each row of the minibatch into `terms`, unscaled, and the gradient of the data
    /// set's bound into `gradient`: (N/B) Σ over the rows, zero for a block that does not move.
    pub(crate) fn gradient(
        &mut self,
        parameters: &[f32],
        minibatch: &Minibatch,
        moves: Moves,
        key: Key,
        terms: &mut RowTerms,
        gradient: &mut [f32],
    ) {
        self.pack(parameters, true);
        self.deal(minibatch.rows.len());
        let scale = minibatch.scale() as f32;
        let mut shards = std::mem::take(&mut self.shards);
        let parts =
            minibatch.rows.par_chunks(self.rows).zip(minibatch.values.par_chunks(self.rows * self.width));
        shards[..self.active].par_iter_mut().zip(parts).for_each(|(shard, (rows, values))| {
            shard.terms(self, parameters, rows, values, key, Some(scale));
            shard.backward(self, moves, scale);
        });
        collect(&shards[..self.active], terms);
        let mut columns = std::mem::take(&mut self.columns);
        self.sum(&shards[..self.active], moves, &mut columns, gradient);
        (self.shards, self.columns) = (shards, columns);
    }

    /// The gradient of every parameter, from what the shards hold.
    fn sum(&self, shards: &[Shard], moves: Moves, columns: &mut [f32], gradient: &mut [f32]) {
        let (theta, phi) = gradient.split_at_mut(self.guide_start());
        rayon::join(
            || {
                if moves.model {
                    self.model_gradient(shards, columns, theta);
                } else {
                    theta.fill(0.0);
                }
            },
            || {
                if moves.guide {
                    let passes = shards.iter().map(|shard| (&shard.x, &shard.encoder));
                    self.encoder.gradient(self.level, &passes, phi);
                } else {
                    phi.fill(0.0);
                }
            },
        );
    }

    /// Where φ starts in the flat parameters; θ stands before it.
    fn guide_start(&self) -> usize {
        self.log_sigma.map_or(self.decoder.end(), |(start, len)| start + len)
    }

    fn model_gradient(&self, shards: &[Shard], columns: &mut [f32], theta: &mut [f32]) {
        let (decoder, log_sigma) = theta.split_at_mut(self.decoder.end());
        let passes = (0..self.samples).flat_map(move |l| {
            shards.iter().map(move |shard| (&shard.samples[l].z, &shard.samples[l].decoder))
        });
        self.decoder.gradient(self.level, &passes, decoder);
        self.log_sigma_gradient(shards, columns, log_sigma);
    }

    fn log_sigma_gradient(&self, shards: &[Shard], columns: &mut [f32], gradient: &mut [f32]) {
        gradient.fill(0.0);
        let Likelihood::Gaussian(Sigma::Learned | Sigma::PerColumn) = self.likelihood else { return };
        columns.fill(0.0);
        for l in 0..self.samples {
            for shard in shards {
                let sample = &shard.samples[l];
                let by_mean = sample.decoder.deltas.last().expect("at least one layer");
                gaussian::log_sigma_gradient(self.level, by_mean, &self.precision, &sample.weights, columns);
            }
        }
        match gradient {
            [one] => *one = columns.iter().map(|&g| f64::from(g)).sum::<f64>() as f32,
            each => each.copy_from_slice(columns),
        }
    }

    /// Packs the parameters.
    pub(crate) fn pack(&mut self, parameters: &[f32], back: bool) {
        if let Some((start, len)) = self.log_sigma {
            self.precision.set(&parameters[start..][..len], self.width);
        }
        // The encoder's first layer has no way back: x needs no gradient.
        let (decoder, encoder) = if back { (0, 1) } else { (usize::MAX, usize::MAX) };
        let level = self.level;
        rayon::join(
            || self.decoder.pack(level, parameters, decoder),
            || self.encoder.pack(level, parameters, encoder),
        );
    }

    /// Shares rows out over shards: as many for each thread, all of one size or the last a little smaller.
    fn deal(&mut self, rows: usize) {
        let threads = rayon::current_num_threads();
        let shards = (threads * rows.div_ceil(MOST_ROWS * threads)).clamp(1, rows.max(1));
        self.rows = rows.div_ceil(shards).max(1);
        self.active = rows.div_ceil(self.rows);
        while self.shards.len() < self.active {
            self.shards.push(Shard::new(self, self.samples));
        }
    }
}

/// The terms of the rows of all shards, in order.
fn collect(shards: &[Shard], terms: &mut RowTerms) {
    terms.log_likelihood.clear();
    terms.kl.clear();
    for shard in shards {
        terms.log_likelihood.extend_from_slice(&shard.log_likelihood);
        terms.kl.extend_from_slice(&shard.kl);
    }
}
