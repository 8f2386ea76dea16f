//! Rows each under a q of its own (E16): ψ_i stands where the encoder's output would.
//!
//! ψ_i = (μ, a) with log σ² = 30 tanh(a/30), so the gradient in the head is the gradient in ψ_i. A row's bound depends on no
//! other row's ψ: all steps of a shard's rows are taken on one thread, without a meeting.

use elbo_kernels::{WIDTH, adam};
use rayon::prelude::*;

use super::{
    packed::{Packed, Plan},
    shard::{MOST_ROWS, Shard},
    step::{Fused, collect},
};
use crate::{
    engine::traits::{Ascent, RowByRow, record},
    gradient::FusedEstimator,
    minibatch::Minibatch,
    objective::{KlCost, elbo::KlForm},
    optimiser::{Optimiser, adam_rate},
    random::{Draws, Key},
    schedule::ActiveBlocks,
    terms::RowTerms,
};

impl RowByRow for Fused {
    fn weigh_kl(&mut self, cost: KlCost) {
        Self::weigh_kl(self, cost);
    }

    fn objective(&self, terms: &RowTerms) -> f64 {
        Self::objective(self, terms)
    }

    fn read(&mut self, parameters: &[f32], data: &Minibatch, key: Key) {
        self.packed.pack(parameters, true);
        self.deal(data.rows.len());
        let mut shards = std::mem::take(&mut self.shards);
        let parts =
            data.rows.par_chunks(self.rows).zip(data.values.par_chunks(self.rows * self.packed.width));
        let active = shards[..self.active].par_iter_mut();
        active.zip(parts).for_each(|(shard, (rows, values))| {
            shard.terms(&self.packed, self.plan, parameters, (rows, values), key, None);
        });
        self.shards = shards;
    }

    fn raise(
        &mut self,
        parameters: &[f32],
        rows: &[usize],
        psi: &mut [f32],
        ascent: Ascent,
    ) -> Result<(), usize> {
        let mut shards = std::mem::take(&mut self.shards);
        let parts =
            rows.par_chunks(self.rows).zip(psi.par_chunks_mut(self.rows * record(self.packed.latent)));
        let outcomes = shards[..self.active].par_iter_mut().zip(parts);
        let outcome = outcomes
            .map(|(shard, (rows, psi))| shard.raise(&self.packed, self.plan, parameters, rows, psi, ascent))
            .reduce(|| Ok(()), Result::and);
        self.shards = shards;
        outcome
    }

    fn gradient_at_psi(
        &mut self,
        parameters: &[f32],
        rows: &[usize],
        key: Key,
        scale: Option<f32>,
        terms: &mut RowTerms,
        gradient: &mut [f32],
    ) {
        let mut shards = std::mem::take(&mut self.shards);
        let active = shards[..self.active].par_iter_mut();
        active.zip(rows.par_chunks(self.rows)).for_each(|(shard, rows)| {
            shard.terms_of_head(&self.packed, self.plan, parameters, rows, key, scale);
            if let Some(scale) = scale {
                shard.backward(&self.packed, self.plan, ActiveBlocks { model: true, guide: false }, scale);
            }
        });
        collect(&shards[..self.active], terms);
        if scale.is_some() {
            let mut columns = std::mem::take(&mut self.columns);
            let theta = &mut gradient[..self.packed.guide_start()];
            self.model_gradient(&shards[..self.active], &mut columns, theta);
            self.columns = columns;
        }
        self.shards = shards;
    }

    fn terms_at(
        &self,
        parameters: &[f32],
        data: &Minibatch,
        psi: &[f32],
        form: KlForm,
        draws: Draws,
    ) -> RowTerms {
        let (packed, plan) = (&self.packed, Plan::read(FusedEstimator::Reparameterised(form), draws.samples));
        let part = |shard: &mut Shard, ((rows, values), psi): ((&[usize], &[f32]), &[f32])| {
            shard.read(packed, values);
            shard.hold(psi);
            shard.terms_of_head(packed, plan, parameters, rows, draws.key, None);
            RowTerms { log_likelihood: shard.log_likelihood.clone(), kl: shard.kl.clone() }
        };
        let parts = data.rows.par_chunks(MOST_ROWS).zip(data.values.par_chunks(MOST_ROWS * packed.width));
        let parts = parts.zip(psi.par_chunks(MOST_ROWS * record(packed.latent)));
        let parts: Vec<RowTerms> = parts.map_init(|| Shard::new(packed, 1), part).collect();
        let mut all = RowTerms::default();
        for part in &parts {
            all.extend(part);
        }
        all
    }
}

impl Shard {
    /// Puts each row's ψ in the place of the encoder's output.
    pub(super) fn hold(&mut self, psi: &[f32]) {
        let (head, _) = self.encoder.last_mut();
        let columns = head.columns();
        for (r, record) in psi.chunks_exact(record(columns / 2)).enumerate() {
            for (panel, values) in record[..columns].chunks(WIDTH).enumerate() {
                head.panel_mut(panel)[r].0[..values.len()].copy_from_slice(values);
            }
        }
    }

    /// What is maximised, of a row.
    fn objective(&self, plan: Plan, row: usize) -> f64 {
        let kl = if plan.cost.free_bits > 0.0 { &self.cost } else { &self.kl };
        self.log_likelihood[row] - f64::from(plan.cost.beta as f32) * kl[row]
    }

    /// Lets a ψ begin again at the encoder's output where that is the better by the same noise, or where it never began: the
    /// encoder learns of a θ that has moved from all rows, a ψ from its own alone.
    fn start(
        &mut self,
        packed: &Packed,
        plan: Plan,
        parameters: &[f32],
        rows: &[usize],
        psi: &mut [f32],
        key: Key,
    ) {
        let (numbers, size) = (2 * packed.latent, record(packed.latent));
        self.by_encoder.clear();
        for r in 0..rows.len() {
            let objective = self.objective(plan, r);
            self.by_encoder.push(objective);
        }
        self.heads.resize(rows.len() * numbers, 0.0);
        self.encoder.output().write_rows(&mut self.heads);
        self.hold(psi);
        self.terms_of_head(packed, plan, parameters, rows, key, None);
        for (r, record) in psi.chunks_exact_mut(size).enumerate() {
            if record[size - 1] == 0.0 || self.objective(plan, r) < self.by_encoder[r] {
                record[..numbers].copy_from_slice(&self.heads[r * numbers..][..numbers]);
                // The second moments are the row's scale still; where ψ was going counts no longer.
                record[numbers..2 * numbers].fill(0.0);
            }
        }
    }

    /// Raises each ψ, θ held: the gradient is that of the row's own bound, which knows no N/B.
    fn raise(
        &mut self,
        packed: &Packed,
        plan: Plan,
        parameters: &[f32],
        rows: &[usize],
        psi: &mut [f32],
        ascent: Ascent,
    ) -> Result<(), usize> {
        let (numbers, size) = (2 * packed.latent, record(packed.latent));
        let most = Optimiser::Adam.largest_gradient(ascent.step_size);
        self.start(packed, plan, parameters, rows, psi, ascent.compare);
        for step in 0..ascent.steps {
            self.hold(psi);
            self.terms_of_head(packed, plan, parameters, rows, ascent.key.fold(step as u64), Some(1.0));
            self.backward_to_head(packed, plan, 1.0);
            for (r, record) in psi.chunks_exact_mut(size).enumerate() {
                let (_, by_head) = self.encoder.last_mut();
                for (column, g) in self.by_head.iter_mut().enumerate() {
                    *g = by_head.at(r, column);
                }
                if !adam::squares(packed.level, &self.by_head, most).1 {
                    return Err(rows[r]);
                }
                let (psi, state) = record.split_at_mut(numbers);
                let (first, state) = state.split_at_mut(numbers);
                let (second, taken) = state.split_at_mut(numbers);
                taken[0] += 1.0;
                let by = adam_rate(f64::from(taken[0]), 1.0, ascent.step_size);
                adam::ascend(packed.level, psi, &self.by_head, first, second, by);
            }
        }
        self.hold(psi);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device, Tensor, TensorData};
    use elbo_kernels::{adam::BETA_1, reparameterise::LOG_VARIANCE_BOUND};

    use super::*;
    use crate::{
        engine::{
            fused::tests::{ANALYTIC, Case, LIKELIHOODS, assert_close, case, config, new, reference},
            tensors::Estimate,
        },
        likelihood::LikelihoodConfig,
        model::Latent,
        network::Activation,
        parameters,
        random::Purpose,
    };

    const LATENT: usize = 4;
    /// Too small to move a ψ: what is left in the moments is the gradient.
    const STILL: f64 = 1e-30;

    fn noise() -> Key {
        Key::new(11).purpose(Purpose::Noise)
    }

    fn still() -> Ascent {
        Ascent { steps: 1, step_size: STILL, compare: noise(), key: Key::new(12) }
    }

    fn example(likelihood: LikelihoodConfig) -> Case {
        case(&config(&[20], LATENT, Activation::Tanh, likelihood), 140, 17)
    }

    /// The records after one still step from `records`.
    fn raised(fused: &mut Fused, case: &Case, parameters: &[f32], mut records: Vec<f32>) -> Vec<f32> {
        fused.read(parameters, &case.minibatch, noise());
        fused.raise(parameters, &case.minibatch.rows, &mut records, still()).unwrap();
        records
    }

    fn fresh(case: &Case) -> Vec<f32> {
        vec![0.0; case.minibatch.rows.len() * record(LATENT)]
    }

    /// log p(x|z) − KL of each row in f64 at these heads, by the noise of the first step.
    fn elbo(case: &Case, heads: &[f64], samples: usize) -> Vec<f64> {
        let rows = &case.minibatch.rows;
        let wide: Vec<f64> = case.parameters.iter().map(|&p| f64::from(p)).collect();
        let vae = parameters::load(case.vae.clone(), &wide, &Device::flex()).unwrap();
        let tensor = |values: Vec<f64>, width| -> Tensor<2> {
            Tensor::from_data(TensorData::new(values, [rows.len(), width]), (&Device::flex(), DType::F64))
        };
        let bound = f64::from(LOG_VARIANCE_BOUND);
        let s = |a: f64| bound * (a / bound).tanh();
        let mut out: Vec<f64> = heads
            .chunks(2 * LATENT)
            .map(|h| (0..LATENT).map(|k| (h[k], s(h[LATENT + k]))).collect::<Vec<_>>())
            .map(|q| -q.iter().map(|(m, s)| 0.5 * (s.exp() + m * m - 1.0 - s)).sum::<f64>())
            .collect();
        for l in 0..samples {
            let mut z = Vec::new();
            for (head, &row) in heads.chunks(2 * LATENT).zip(rows) {
                let mut e = [0.0; LATENT];
                still().key.fold(0).fold(l as u64).standard_normals(row as u64, &mut e);
                z.extend((0..LATENT).map(|k| head[k] + (0.5 * s(head[LATENT + k])).exp() * f64::from(e[k])));
            }
            let x = case.minibatch.values.iter().map(|&x| f64::from(x)).collect();
            let terms = vae.model.log_likelihood(tensor(x, 17), tensor(z, LATENT));
            let terms: Vec<f64> = terms.into_data_as::<f64>().try_to_vec().unwrap();
            out.iter_mut().zip(terms).for_each(|(out, term)| *out += term / samples as f64);
        }
        out
    }

    #[test]
    fn the_gradient_in_psi_is_that_of_the_rows_own_bound_by_central_differences() {
        let (samples, h) = (2, 1e-5);
        for likelihood in LIKELIHOODS {
            let case = example(likelihood.clone());
            assert!(case.minibatch.scale() > 1.01, "N/B would show");
            let mut fused = new(&case, ANALYTIC, samples).unwrap();
            let records = raised(&mut fused, &case, &case.parameters, fresh(&case));
            let records: Vec<&[f32]> = records.chunks(record(LATENT)).collect();
            let heads = records.iter().flat_map(|record| &record[..2 * LATENT]);
            let heads: Vec<f64> = heads.map(|&v| f64::from(v)).collect();
            for column in 0..2 * LATENT {
                let shifted = |by: f64| {
                    let mut heads = heads.clone();
                    heads.iter_mut().skip(column).step_by(2 * LATENT).for_each(|v| *v += by);
                    elbo(&case, &heads, samples)
                };
                for ((up, down), record) in shifted(h).iter().zip(shifted(-h)).zip(&records) {
                    let (expected, got) =
                        ((up - down) / (2.0 * h), record[2 * LATENT + column] / (1.0 - BETA_1));
                    let error = (f64::from(got) - expected).abs();
                    assert!(error < 2e-4 * expected.abs().max(1.0), "{likelihood:?}: {got} for {expected}");
                }
            }
        }
    }

    /// θ's gradient at a ψ is that of an encoder which gives that ψ. The encoder at hand gives others, far worse.
    #[test]
    fn the_gradient_in_theta_is_that_at_the_rows_psi() {
        for likelihood in LIKELIHOODS {
            for way in [ANALYTIC, FusedEstimator::StickingTheLanding] {
                let case = example(likelihood.clone());
                let mut fused = new(&case, way, 2).unwrap();
                let psi = raised(&mut fused, &case, &case.parameters, fresh(&case));
                let mut other = case.parameters.clone();
                let biases = other.len() - 2 * LATENT..other.len() - LATENT;
                other[biases].iter_mut().for_each(|mean| *mean += 20.0);
                let mut held = raised(&mut fused, &case, &other, psi.clone());
                for (held, psi) in held.chunks(record(LATENT)).zip(psi.chunks(record(LATENT))) {
                    assert_eq!(held[..2 * LATENT], psi[..2 * LATENT]);
                    assert_eq!((psi[record(LATENT) - 1], held[record(LATENT) - 1]), (1.0, 2.0));
                }
                let moves = ActiveBlocks { model: true, guide: false };
                let expected = reference(&case, moves, way, 2);
                let (mut terms, mut gradient) = (RowTerms::default(), vec![0.0; other.len()]);
                let (rows, scale) = (&case.minibatch.rows, Some(case.minibatch.scale() as f32));
                fused.gradient_at_psi(&other, rows, noise(), scale, &mut terms, &mut gradient);
                let got = Estimate { terms, gradient, surrogate: 0.0 };
                assert_close(&case, &got, &expected, &format!("{likelihood:?} {way:?}"));
                // The other way about: where the encoder is far better, ψ begins again there.
                for record in held.chunks_mut(record(LATENT)) {
                    record[..LATENT].iter_mut().for_each(|mean| *mean += 20.0);
                }
                let again = raised(&mut fused, &case, &case.parameters, held);
                for (again, psi) in again.chunks(record(LATENT)).zip(psi.chunks(record(LATENT))) {
                    assert_eq!(again[..4 * LATENT], psi[..4 * LATENT]);
                }
            }
        }
    }
}
