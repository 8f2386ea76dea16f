//! A step: the rows of a minibatch through guide and model in shards, and the gradient of every parameter.

use rayon::prelude::*;

use super::{
    packed::{Packed, Plan},
    shard::{MOST_ROWS, Shard},
};
use crate::{
    gradient::FusedEstimator, guide::Guide, minibatch::Minibatch, model::Latent, objective::KlCost,
    random::Key, schedule::ActiveBlocks, terms::RowTerms,
};

/// Packed weights, and room for the rows of a step.
#[derive(Clone, Debug)]
pub(crate) struct Fused {
    pub(super) packed: Packed,
    pub(super) plan: Plan,
    pub(super) shards: Vec<Shard>,
    /// Room for the gradient in each column's own parameters.
    pub(super) columns: Vec<f32>,
    pub(super) active: usize,
    pub(super) rows: usize,
}

impl Fused {
    /// None where a model and guide of this shape are not for it, see the [module](super).
    pub(crate) fn new(p: &dyn Latent, q: &dyn Guide, way: FusedEstimator, samples: usize) -> Option<Self> {
        let packed = Packed::new(p, q)?;
        let columns = vec![0.0; packed.width];
        let plan = Plan { way, samples, cost: KlCost::FULL };
        Some(Self { packed, plan, shards: Vec::new(), columns, active: 0, rows: 0 })
    }

    /// Weighs the KL in what is maximised: only the ELBO by [`FusedEstimator::Reparameterised`] is; free bits need the KL in closed
    /// form.
    pub(crate) fn weigh_kl(&mut self, cost: KlCost) {
        self.plan.cost = cost;
    }

    /// Σ over the rows of what is maximised, of terms that the last step left.
    pub(crate) fn objective(&self, terms: &RowTerms) -> f64 {
        let KlCost { beta, free_bits } = self.plan.cost;
        let kl = if free_bits > 0.0 { self.cost() } else { terms.kl.iter().sum() };
        terms.log_likelihood.iter().sum::<f64>() - beta * kl
    }

    /// Σ over the rows of the last minibatch, of the KL as it cost: above [`RowTerms::kl`] where some of it was free.
    fn cost(&self) -> f64 {
        self.shards[..self.active].iter().flat_map(|shard| &shard.cost).sum()
    }

    /// The estimate of the bound of each row of the minibatch into `terms`, unscaled, and the gradient of the data
    /// set's bound into `gradient`: (N/B) Σ over the rows, zero for a block that does not move.
    pub(crate) fn gradient(
        &mut self,
        parameters: &[f32],
        minibatch: &Minibatch,
        moves: ActiveBlocks,
        key: Key,
        terms: &mut RowTerms,
        gradient: &mut [f32],
    ) {
        self.packed.pack(parameters, true);
        self.deal(minibatch.rows.len());
        let scale = minibatch.scale() as f32;
        let mut shards = std::mem::take(&mut self.shards);
        let parts = minibatch
            .rows
            .par_chunks(self.rows)
            .zip(minibatch.values.par_chunks(self.rows * self.packed.width));
        shards[..self.active].par_iter_mut().zip(parts).for_each(|(shard, (rows, values))| {
            shard.terms(&self.packed, self.plan, parameters, (rows, values), key, Some(scale));
            shard.backward(&self.packed, self.plan, moves, scale);
        });
        collect(&shards[..self.active], terms);
        let mut columns = std::mem::take(&mut self.columns);
        self.sum(&shards[..self.active], moves, &mut columns, gradient);
        (self.shards, self.columns) = (shards, columns);
    }

    /// The gradient of every parameter, from what the shards hold.
    fn sum(&self, shards: &[Shard], moves: ActiveBlocks, columns: &mut [f32], gradient: &mut [f32]) {
        let (theta, phi) = gradient.split_at_mut(self.packed.guide_start());
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
                    self.packed.encoder.gradient(self.packed.level, &passes, phi);
                } else {
                    phi.fill(0.0);
                }
            },
        );
    }

    pub(super) fn model_gradient(&self, shards: &[Shard], columns: &mut [f32], theta: &mut [f32]) {
        let (decoder, own) = theta.split_at_mut(self.packed.decoder.end());
        let passes = (0..self.plan.samples).flat_map(move |l| {
            shards.iter().map(move |shard| (&shard.samples[l].z, &shard.samples[l].decoder))
        });
        self.packed.decoder.gradient(self.packed.level, &passes, decoder);
        self.own_gradient(shards, columns, own);
    }

    fn own_gradient(&self, shards: &[Shard], columns: &mut [f32], gradient: &mut [f32]) {
        gradient.fill(0.0);
        if !self.packed.own_learned {
            return;
        }
        let draws = (0..self.plan.samples).flat_map(|l| shards.iter().map(move |shard| &shard.samples[l]));
        let draws = draws.map(|sample| {
            let by_mean = sample.decoder.deltas.last().expect("at least one layer");
            (by_mean, &sample.by_own, &sample.weights[..])
        });
        self.packed.density.own_gradient(self.packed.level, draws, columns, gradient);
    }

    /// Shares rows out over shards: as many for each thread, all of one size or the last a little smaller.
    pub(super) fn deal(&mut self, rows: usize) {
        let threads = rayon::current_num_threads();
        let shards = (threads * rows.div_ceil(MOST_ROWS * threads)).clamp(1, rows.max(1));
        self.rows = rows.div_ceil(shards).max(1);
        self.active = rows.div_ceil(self.rows);
        while self.shards.len() < self.active {
            self.shards.push(Shard::new(&self.packed, self.plan.samples));
        }
    }
}

/// The terms of the rows of all shards, in order.
pub(super) fn collect(shards: &[Shard], terms: &mut RowTerms) {
    terms.log_likelihood.clear();
    terms.kl.clear();
    for shard in shards {
        terms.log_likelihood.extend_from_slice(&shard.log_likelihood);
        terms.kl.extend_from_slice(&shard.kl);
    }
}
