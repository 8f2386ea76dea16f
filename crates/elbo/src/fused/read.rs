//! A fitted auto-encoder read only: terms, importance weights, codes and means of any number of rows.

use elbo_kernels::reparameterise;
use rayon::prelude::*;

use super::{Fused, MOST_ROWS, Way, record, shard::Shard};
use crate::{minibatch::Minibatch, model::Vae, parameters, predict::Encoded, random::Key, terms::RowTerms};

/// The packed auto-encoder and its parameters. Rows pass in small parts on rayon's current thread pool.
pub(crate) struct Reader {
    fused: Fused,
    parameters: Vec<f32>,
}

impl Reader {
    /// None where the auto-encoder is not dense with a Gaussian latent.
    pub(crate) fn new(vae: &Vae, way: Way, samples: usize) -> Option<Self> {
        let mut fused = Fused::new(vae, way, samples)?;
        let parameters: Vec<f32> = parameters::values(vae);
        fused.pack(&parameters, false);
        Some(Self { fused, parameters })
    }

    fn shard(&self) -> Shard {
        Shard::new(&self.fused, 1)
    }

    /// The terms of the bound of each row.
    pub(crate) fn terms(&self, data: &Minibatch, key: Key) -> RowTerms {
        let part = |shard: &mut Shard, (rows, values): (&[usize], &[f32])| {
            shard.terms(&self.fused, &self.parameters, rows, values, key, None);
            RowTerms { log_likelihood: shard.log_likelihood.clone(), kl: shard.kl.clone() }
        };
        concatenated(&self.parts(data).map_init(|| self.shard(), part).collect::<Vec<_>>())
    }

    /// The same with each row's q in its ψ, see [`record`].
    pub(crate) fn terms_at(&self, data: &Minibatch, psi: &[f32], key: Key) -> RowTerms {
        let part = |shard: &mut Shard, ((rows, values), psi): ((&[usize], &[f32]), &[f32])| {
            shard.read(&self.fused, values);
            shard.hold(psi);
            shard.terms_of_head(&self.fused, &self.parameters, rows, key, None);
            RowTerms { log_likelihood: shard.log_likelihood.clone(), kl: shard.kl.clone() }
        };
        let parts = self.parts(data).zip(psi.par_chunks(MOST_ROWS * record(self.fused.latent)));
        concatenated(&parts.map_init(|| self.shard(), part).collect::<Vec<_>>())
    }

    /// What `fold` makes, row by row, of the k log importance weights of each row, from `start`; the noise of each is
    /// keyed by its key.
    pub(crate) fn fold_log_weights<T: Clone + Send + Sync>(
        &self,
        data: &Minibatch,
        keys: &(impl Iterator<Item = Key> + Clone + Sync),
        start: T,
        fold: impl Fn(&mut T, f64) + Sync,
    ) -> Vec<T> {
        let part = |shard: &mut Shard, (rows, values): (&[usize], &[f32])| {
            shard.encode(&self.fused, &self.parameters, values, false);
            let mut totals = vec![start.clone(); rows.len()];
            for key in keys.clone() {
                let weights = shard.log_weights(&self.fused, &self.parameters, key, rows);
                for (total, &weight) in totals.iter_mut().zip(weights) {
                    fold(total, weight);
                }
            }
            totals
        };
        let parts: Vec<Vec<T>> = self.parts(data).map_init(|| self.shard(), part).collect();
        parts.concat()
    }

    fn parts<'a>(
        &self,
        data: &'a Minibatch,
    ) -> impl IndexedParallelIterator<Item = (&'a [usize], &'a [f32])> + use<'a> {
        data.rows.par_chunks(MOST_ROWS).zip(data.values.par_chunks(MOST_ROWS * self.fused.width))
    }

    /// q(z|x) of rows, row-major.
    pub(crate) fn encode(&self, x: &[f32]) -> Encoded {
        let (width, latent) = (self.fused.width, self.fused.latent);
        let room = || vec![0.0; x.len() / width * latent];
        let mut encoded = Encoded { mean: room(), standard_deviation: room(), kl: room() };
        let (mean, rest) = (encoded.mean.par_chunks_mut(MOST_ROWS * latent), &mut encoded.standard_deviation);
        let out = mean
            .zip(rest.par_chunks_mut(MOST_ROWS * latent))
            .zip(encoded.kl.par_chunks_mut(MOST_ROWS * latent));
        x.par_chunks(MOST_ROWS * width).zip(out).for_each_init(
            || self.shard(),
            |shard, (x, ((mean, standard_deviation), kl))| {
                shard.encode(&self.fused, &self.parameters, x, false);
                let head = shard.encoder.output();
                reparameterise::moments(self.fused.level, head, mean, standard_deviation, kl);
            },
        );
        encoded
    }

    /// E[x|z] of rows of z, row-major.
    pub(crate) fn decode(&self, z: &[f32]) -> Vec<f32> {
        let (width, latent) = (self.fused.width, self.fused.latent);
        let mut out = vec![0.0; z.len() / latent * width];
        z.par_chunks(MOST_ROWS * latent).zip(out.par_chunks_mut(MOST_ROWS * width)).for_each_init(
            || self.shard(),
            |shard, (z, out)| shard.decode(&self.fused, &self.parameters, z, out),
        );
        out
    }
}

fn concatenated(parts: &[RowTerms]) -> RowTerms {
    let mut all = RowTerms::default();
    for part in parts {
        all.extend(part);
    }
    all
}
