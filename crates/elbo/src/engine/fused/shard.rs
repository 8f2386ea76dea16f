//! Some rows on their way through guide and model, on one thread.

use elbo_kernels::{
    Panels, WIDTH,
    reparameterise::{self, Draw, Kl},
    scale_rows,
};

use super::{
    density::{ByOwn, Observed},
    network::Pass,
    packed::{Packed, Plan},
};
use crate::{
    gradient::FusedEstimator,
    objective::{KlCost, elbo::KlForm},
    random::Key,
    schedule::ActiveBlocks,
    terms::Weights,
};

/// Rows of a shard at most: what a product of it reads stays in a core's second cache.
pub(super) const MOST_ROWS: usize = 128;

/// A self-normalised weight below this counts as 0: so little is lost to rounding anyway.
const LEAST_WEIGHT: f64 = 1e-20;

/// Rows, and all that they leave behind. Buffers keep their room.
#[derive(Clone, Debug)]
pub(super) struct Shard {
    /// What the encoder is given.
    pub(super) x: Panels,
    /// x as it is stored, where the encoder is given something else.
    cells: Vec<f32>,
    /// What the encoder is given of one row, there.
    encoded: Vec<f32>,
    pub(super) encoder: Pass,
    pub(super) samples: Vec<Sample>,
    /// E_q[log p(x|z)] of each row, by the samples' weights.
    pub(super) log_likelihood: Vec<f64>,
    pub(super) kl: Vec<f64>,
    /// The KL under free bits, where there are any.
    pub(super) cost: Vec<f64>,
    /// log w and log p(x|z) of each draw, `[k, R]`, where draws are weighed.
    log_weights: Vec<f64>,
    log_likelihoods: Vec<f64>,
    /// The weight of each row's KL, in the gradient.
    kl_weights: Vec<f32>,
    stream: Vec<f32>,
    /// Per-datum: the gradient in the head of one row, the encoder's heads, and what they give each row.
    pub(super) by_head: Vec<f32>,
    pub(super) heads: Vec<f32>,
    pub(super) by_encoder: Vec<f64>,
}

/// One draw of z for each row.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    noise: Panels,
    pub(super) z: Panels,
    z_gradient: Panels,
    pub(super) decoder: Pass,
    pub(super) by_own: ByOwn,
    log_likelihood: Vec<f64>,
    /// log q(z|x) − log p(z).
    log_ratio: Vec<f64>,
    /// The weight of each row's log-likelihood at this draw, in the gradient.
    pub(super) weights: Vec<f32>,
}

impl Shard {
    /// With room for this many samples at a time: all of them where there will be a way back, else one.
    pub(super) fn new(packed: &Packed, samples: usize) -> Self {
        let sample = Sample {
            noise: Panels::new(0, packed.latent),
            z: Panels::new(0, packed.latent),
            z_gradient: Panels::new(0, packed.latent),
            decoder: packed.decoder.pass(),
            by_own: packed.density.by_own(),
            log_likelihood: Vec::new(),
            log_ratio: Vec::new(),
            weights: Vec::new(),
        };
        Self {
            x: Panels::new(0, packed.encoded()),
            cells: Vec::new(),
            encoded: vec![0.0; packed.encoded()],
            encoder: packed.encoder.pass(),
            samples: vec![sample; samples],
            log_likelihood: Vec::new(),
            kl: Vec::new(),
            cost: Vec::new(),
            log_weights: Vec::new(),
            log_likelihoods: Vec::new(),
            kl_weights: Vec::new(),
            stream: vec![0.0; packed.latent],
            by_head: vec![0.0; 2 * packed.latent],
            heads: Vec::new(),
            by_encoder: Vec::new(),
        }
    }

    fn resize(&mut self, rows: usize) {
        self.x.resize(rows);
        self.encoder.resize(rows);
        for sample in &mut self.samples {
            for panels in [&mut sample.noise, &mut sample.z, &mut sample.z_gradient] {
                panels.resize(rows);
            }
            sample.decoder.resize(rows);
            sample.log_likelihood.resize(rows, 0.0);
            sample.log_ratio.resize(rows, 0.0);
            sample.weights.resize(rows, 0.0);
        }
        self.log_likelihood.resize(rows, 0.0);
        self.kl.resize(rows, 0.0);
    }

    /// x of the rows.
    pub(super) fn read(&mut self, packed: &Packed, values: &[f32]) {
        self.resize(values.len() / packed.width);
        let Some(columns) = packed.density.columns() else {
            self.x.read_rows(values);
            return;
        };
        self.cells.clear();
        self.cells.extend_from_slice(values);
        for (r, x) in values.chunks_exact(packed.width).enumerate() {
            columns.encode(x, &mut self.encoded);
            for (panel, values) in self.encoded.chunks(WIDTH).enumerate() {
                self.x.panel_mut(panel)[r].0[..values.len()].copy_from_slice(values);
            }
        }
    }

    /// q(z|x) of the rows: the encoder's output.
    pub(super) fn encode(&mut self, packed: &Packed, parameters: &[f32], values: &[f32], back: bool) {
        self.read(packed, values);
        packed.encoder.forward(packed.level, parameters, &self.x, &mut self.encoder, back);
    }

    /// The noise of a sample, keyed by (sample, data row), and the draw.
    pub(super) fn draw(&mut self, packed: &Packed, sample: usize, key: Key, rows: &[usize]) {
        let Sample { noise, z, .. } = &mut self.samples[sample];
        for (r, &row) in rows.iter().enumerate() {
            key.standard_normals(row as u64, &mut self.stream);
            for (panel, values) in self.stream.chunks(WIDTH).enumerate() {
                noise.panel_mut(panel)[r].0[..values.len()].copy_from_slice(values);
            }
        }
        reparameterise::draw(packed.level, self.encoder.output(), noise, z);
    }

    /// The terms of the bound of each row. With the scale N/B the gradient in the decoder's output takes its place.
    pub(super) fn terms(
        &mut self,
        packed: &Packed,
        plan: Plan,
        parameters: &[f32],
        (rows, values): (&[usize], &[f32]),
        key: Key,
        scale: Option<f32>,
    ) {
        self.encode(packed, parameters, values, scale.is_some());
        self.terms_of_head(packed, plan, parameters, rows, key, scale);
    }

    /// The same, where q is what stands in the place of the encoder's output.
    pub(super) fn terms_of_head(
        &mut self,
        packed: &Packed,
        plan: Plan,
        parameters: &[f32],
        rows: &[usize],
        key: Key,
        scale: Option<f32>,
    ) {
        let samples = plan.samples;
        self.log_likelihood.fill(0.0);
        self.kl.fill(0.0);
        if plan.way.weighs() {
            return self.weighted_terms(packed, plan, parameters, rows, key, scale);
        }
        if plan.is_closed() {
            reparameterise::kl(packed.level, self.encoder.output(), 0.0, &mut self.kl);
        }
        self.cost.clear();
        if plan.cost.free_bits > 0.0 {
            self.cost.resize(rows.len(), 0.0);
            reparameterise::kl(
                packed.level,
                self.encoder.output(),
                plan.cost.free_bits as f32,
                &mut self.cost,
            );
        }
        let share = scale.unwrap_or(0.0) / samples as f32;
        for l in 0..samples {
            let slot = l % self.samples.len();
            self.samples[slot].weights.fill(share);
            self.sample(packed, plan, parameters, (slot, key.fold(l as u64)), rows, scale.is_some());
            let sample = &self.samples[slot];
            for (sum, term) in self.log_likelihood.iter_mut().zip(&sample.log_likelihood) {
                *sum += term;
            }
            if !plan.is_closed() {
                for (sum, term) in self.kl.iter_mut().zip(&sample.log_ratio) {
                    *sum += term / samples as f64;
                }
            }
        }
        for sum in &mut self.log_likelihood {
            *sum /= samples as f64;
        }
    }

    /// The terms of the importance-weighted bound (E22): the log-likelihood of the draws by their self-normalised weights
    /// w̃, and as KL what the bound leaves. With the scale N/B the gradient in the decoder's output is by the weights as well.
    fn weighted_terms(
        &mut self,
        packed: &Packed,
        plan: Plan,
        parameters: &[f32],
        rows: &[usize],
        key: Key,
        scale: Option<f32>,
    ) {
        self.log_weights.clear();
        self.log_likelihoods.clear();
        for l in 0..plan.samples {
            let slot = l % self.samples.len();
            self.samples[slot].weights.fill(1.0);
            self.sample(packed, plan, parameters, (slot, key.fold(l as u64)), rows, scale.is_some());
            let Sample { log_likelihood, log_ratio, .. } = &self.samples[slot];
            self.log_weights.extend(log_likelihood.iter().zip(log_ratio).map(|(l, ratio)| l - ratio));
            self.log_likelihoods.extend_from_slice(log_likelihood);
        }
        for r in 0..rows.len() {
            let draws = self.log_weights.iter().skip(r).step_by(rows.len());
            let bound = draws.clone().copied().collect::<Weights>().log_mean();
            let total = bound + libm::log(plan.samples as f64);
            let mut log_likelihood = 0.0;
            for (l, &log_weight) in draws.enumerate() {
                let weight = libm::exp(log_weight - total);
                log_likelihood += weight * self.log_likelihoods[l * rows.len() + r];
                if let Some(scale) = scale {
                    let kept = if weight < LEAST_WEIGHT { 0.0 } else { weight as f32 };
                    self.samples[l].weights[r] = scale * kept;
                }
            }
            (self.log_likelihood[r], self.kl[r]) = (log_likelihood, log_likelihood - bound);
        }
        if scale.is_some() {
            for Sample { decoder, by_own, weights, .. } in &mut self.samples {
                scale_rows(packed.level, decoder.last_mut().1, weights);
                if packed.density.columns().is_some() {
                    scale_rows(packed.level, &mut by_own.delta, weights);
                }
            }
        }
    }

    /// One draw of each encoded row: log p(x|z), and log q(z|x) − log p(z) where the way needs it. With a way `back` the
    /// gradient, by the sample's weights, takes the place of the output.
    fn sample(
        &mut self,
        packed: &Packed,
        plan: Plan,
        parameters: &[f32],
        (slot, key): (usize, Key),
        rows: &[usize],
        back: bool,
    ) {
        let level = packed.level;
        self.draw(packed, slot, key, rows);
        let Sample { noise, z, decoder, by_own, log_likelihood, log_ratio, weights, .. } =
            &mut self.samples[slot];
        log_likelihood.fill(0.0);
        log_ratio.fill(0.0);
        if !plan.is_closed() {
            reparameterise::log_ratio(level, self.encoder.output(), noise, z, 1.0, log_ratio);
        }
        packed.decoder.forward(level, parameters, z, decoder, back);
        let (output, delta) = decoder.last_mut();
        let observed = Observed { x: &self.x, cells: &self.cells };
        let weights = back.then_some(&weights[..]);
        packed.density.log_likelihood(level, observed, output, by_own, weights, log_likelihood);
        if back {
            std::mem::swap(output, delta);
        }
    }

    /// log p(x, z) − log q(z|x) of one draw of each encoded row, in place of the sums of log-likelihoods.
    pub(super) fn log_weights(
        &mut self,
        packed: &Packed,
        plan: Plan,
        parameters: &[f32],
        key: Key,
        rows: &[usize],
    ) -> &[f64] {
        self.sample(packed, plan, parameters, (0, key), rows, false);
        let Sample { log_likelihood, log_ratio, .. } = &self.samples[0];
        for ((weight, likelihood), ratio) in self.log_likelihood.iter_mut().zip(log_likelihood).zip(log_ratio)
        {
            *weight = likelihood - ratio;
        }
        &self.log_likelihood
    }

    /// The decoder's outputs of rows of z, row-major.
    pub(super) fn decode(&mut self, packed: &Packed, parameters: &[f32], z: &[f32]) -> &mut Panels {
        let Sample { z: panels, decoder, .. } = &mut self.samples[0];
        panels.resize(z.len() / packed.latent);
        decoder.resize(panels.rows());
        panels.read_rows(z);
        packed.decoder.forward(packed.level, parameters, panels, decoder, false);
        decoder.last_mut().0
    }

    /// From the gradient in the decoder's output to that in every layer's.
    pub(super) fn backward(&mut self, packed: &Packed, plan: Plan, moves: ActiveBlocks, scale: f32) {
        if moves.guide {
            self.backward_to_head(packed, plan, scale);
            packed.encoder.backward(packed.level, &mut self.encoder, None);
        } else {
            for sample in &mut self.samples {
                packed.decoder.backward(packed.level, &mut sample.decoder, None);
            }
        }
    }

    /// From the gradient in the decoder's output to that in the place of the encoder's output.
    pub(super) fn backward_to_head(&mut self, packed: &Packed, plan: Plan, scale: f32) {
        let level = packed.level;
        for Sample { decoder, z_gradient, .. } in &mut self.samples {
            // z itself has the derivative 1.
            z_gradient.as_mut_slice().fill(elbo_kernels::Row([1.0; WIDTH]));
            packed.decoder.backward(level, decoder, Some(z_gradient));
        }
        let KlCost { beta, free_bits } = plan.cost;
        self.kl_weights.clear();
        self.kl_weights.resize(self.kl.len(), scale * beta as f32);
        let (head, head_gradient) = self.encoder.last_mut();
        let draws = self.samples.iter().map(|s| Draw {
            noise: &s.noise,
            z: &s.z,
            z_gradient: &s.z_gradient,
            weights: &s.weights,
        });
        let kl = match plan.way {
            FusedEstimator::Reparameterised(KlForm::Analytic) => {
                Kl::ClosedForm(&self.kl_weights, free_bits as f32)
            }
            FusedEstimator::Reparameterised(KlForm::MonteCarlo) => Kl::Drawn(beta as f32),
            FusedEstimator::ImportanceWeighted => Kl::Drawn(1.0),
            FusedEstimator::StickingTheLanding => Kl::Held,
            FusedEstimator::DoublyReparameterised => Kl::HeldSquared(1.0 / scale),
        };
        reparameterise::gradient(level, head, draws, kl, head_gradient);
    }
}
