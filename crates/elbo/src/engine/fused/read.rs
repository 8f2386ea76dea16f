//! A fitted auto-encoder read only: terms, importance weights, codes and means of any number of rows.

use elbo_kernels::{bernoulli, reparameterise};
use rayon::prelude::*;

use super::{
    packed::{Packed, Plan},
    shard::{MOST_ROWS, Shard},
};
use crate::{
    guide::{Encoded, Guide},
    minibatch::Minibatch,
    model::Latent,
    random::Key,
    terms::RowTerms,
};

/// The packed auto-encoder and its parameters. Rows pass in small parts on rayon's current thread pool.
#[derive(Debug)]
pub(crate) struct Reader {
    packed: Packed,
    parameters: Vec<f32>,
}

impl Reader {
    /// None where a model and guide of this shape are not for it, see the [module](super). `parameters` are theirs, flat.
    pub(crate) fn new(p: &dyn Latent, q: &dyn Guide, parameters: impl FnOnce() -> Vec<f32>) -> Option<Self> {
        let mut packed = Packed::new(p, q)?;
        let parameters = parameters();
        packed.pack(&parameters, false);
        Some(Self { packed, parameters })
    }

    /// Takes other parameters, as many as it has.
    pub(crate) fn set(&mut self, parameters: &[f32]) {
        self.parameters.copy_from_slice(parameters);
        self.packed.pack(parameters, false);
    }

    /// The parameters, flat.
    pub(crate) fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    fn shard(&self) -> Shard {
        Shard::new(&self.packed, 1)
    }

    /// The terms of the bound of each row.
    pub(crate) fn terms(&self, data: &Minibatch, plan: Plan, key: Key) -> RowTerms {
        let part = |shard: &mut Shard, (rows, values): (&[usize], &[f32])| {
            shard.terms(&self.packed, plan, &self.parameters, (rows, values), key, None);
            RowTerms { log_likelihood: shard.log_likelihood.clone(), kl: shard.kl.clone() }
        };
        concatenated(&self.parts(data).map_init(|| self.shard(), part).collect::<Vec<_>>())
    }

    /// What `fold` makes, row by row, of the k log importance weights of each row, from `start`; the noise of each is
    /// keyed by its key.
    pub(crate) fn fold_log_weights<T: Clone + Send + Sync>(
        &self,
        data: &Minibatch,
        plan: Plan,
        keys: &(impl Iterator<Item = Key> + Clone + Sync),
        start: T,
        fold: impl Fn(&mut T, f64) + Sync,
    ) -> Vec<T> {
        let part = |shard: &mut Shard, (rows, values): (&[usize], &[f32])| {
            shard.encode(&self.packed, &self.parameters, values, false);
            let mut totals = vec![start.clone(); rows.len()];
            for key in keys.clone() {
                let weights = shard.log_weights(&self.packed, plan, &self.parameters, key, rows);
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
        data.rows.par_chunks(MOST_ROWS).zip(data.values.par_chunks(MOST_ROWS * self.packed.width))
    }

    /// q(z|x) of rows, row-major.
    pub(crate) fn encode(&self, x: &[f32]) -> Encoded {
        let (width, latent) = (self.packed.width, self.packed.latent);
        let room = || vec![0.0; x.len() / width * latent];
        let mut encoded = Encoded { mean: room(), standard_deviation: room(), kl: room() };
        let (mean, rest) = (encoded.mean.par_chunks_mut(MOST_ROWS * latent), &mut encoded.standard_deviation);
        let out = mean
            .zip(rest.par_chunks_mut(MOST_ROWS * latent))
            .zip(encoded.kl.par_chunks_mut(MOST_ROWS * latent));
        x.par_chunks(MOST_ROWS * width).zip(out).for_each_init(
            || self.shard(),
            |shard, (x, ((mean, standard_deviation), kl))| {
                shard.encode(&self.packed, &self.parameters, x, false);
                let head = shard.encoder.output();
                reparameterise::moments(self.packed.level, head, mean, standard_deviation, kl);
            },
        );
        encoded
    }

    /// E[x|z] of rows of z, row-major.
    pub(crate) fn means(&self, z: &[f32]) -> Vec<f32> {
        let Some(columns) = self.packed.density.columns() else {
            return self.decode(z, self.packed.density.is_logits());
        };
        let outputs = self.outputs(z);
        let mut x = vec![0.0; z.len() / self.packed.latent * self.packed.width];
        let rows = outputs.par_chunks(columns.outputs()).zip(x.par_chunks_mut(self.packed.width));
        rows.for_each(|(output, x)| columns.means(output, self.own(), x));
        x
    }

    /// The decoder's outputs of rows of z.
    pub(crate) fn outputs(&self, z: &[f32]) -> Vec<f32> {
        self.decode(z, false)
    }

    fn decode(&self, z: &[f32], logistic: bool) -> Vec<f32> {
        let Packed { latent, level, .. } = self.packed;
        let width = self.packed.decoder.output();
        let mut out = vec![0.0; z.len() / latent * width];
        z.par_chunks(MOST_ROWS * latent).zip(out.par_chunks_mut(MOST_ROWS * width)).for_each_init(
            || self.shard(),
            |shard, (z, out)| {
                let output = shard.decode(&self.packed, &self.parameters, z);
                if logistic {
                    bernoulli::mean(level, output.as_mut_slice());
                }
                output.write_rows(out);
            },
        );
        out
    }

    /// The likelihood's own parameters.
    pub(crate) fn own(&self) -> &[f32] {
        self.packed.own(&self.parameters)
    }
}

fn concatenated(parts: &[RowTerms]) -> RowTerms {
    let mut all = RowTerms::default();
    for part in parts {
        all.extend(part);
    }
    all
}
