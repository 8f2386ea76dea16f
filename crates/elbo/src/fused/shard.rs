//! Some rows on their way through guide and model, on one thread.

use elbo_kernels::{Panels, WIDTH, bernoulli, gaussian, reparameterise};

use super::{Fused, network::Pass};
use crate::{model::Likelihood, objective::elbo::KlForm, random::Key, schedule::Moves};

/// Rows, and all that they leave behind. Buffers keep their room.
#[derive(Clone, Debug)]
pub(super) struct Shard {
    pub(super) x: Panels,
    pub(super) encoder: Pass,
    pub(super) samples: Vec<Sample>,
    /// E_q[log p(x|z)] of each row, the mean over the samples.
    pub(super) log_likelihood: Vec<f64>,
    pub(super) kl: Vec<f64>,
    /// The weight of each row's log-likelihood at each sample, in the gradient.
    pub(super) weights: Vec<f32>,
    kl_weights: Vec<f32>,
    stream: Vec<f32>,
}

/// One draw of z for each row.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    noise: Panels,
    pub(super) z: Panels,
    z_gradient: Panels,
    pub(super) decoder: Pass,
}

impl Shard {
    /// With room for this many samples at a time: all of them where there will be a way back, else one.
    pub(super) fn new(fused: &Fused, samples: usize) -> Self {
        let sample = Sample {
            noise: Panels::new(0, fused.latent),
            z: Panels::new(0, fused.latent),
            z_gradient: Panels::new(0, fused.latent),
            decoder: fused.decoder.pass(),
        };
        Self {
            x: Panels::new(0, fused.width),
            encoder: fused.encoder.pass(),
            samples: vec![sample; samples],
            log_likelihood: Vec::new(),
            kl: Vec::new(),
            weights: Vec::new(),
            kl_weights: Vec::new(),
            stream: vec![0.0; fused.latent],
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
        }
        self.log_likelihood.clear();
        self.log_likelihood.resize(rows, 0.0);
        self.kl.clear();
        self.kl.resize(rows, 0.0);
    }

    /// q(z|x) of the rows: the encoder's output.
    pub(super) fn encode(&mut self, fused: &Fused, parameters: &[f32], values: &[f32], back: bool) {
        self.resize(values.len() / fused.width);
        self.x.read_rows(values);
        fused.encoder.forward(fused.level, parameters, &self.x, &mut self.encoder, back);
    }

    /// The noise of a sample, keyed by (sample, data row), and the draw.
    pub(super) fn draw(&mut self, fused: &Fused, sample: usize, key: Key, rows: &[usize]) {
        let Sample { noise, z, .. } = &mut self.samples[sample];
        for (r, &row) in rows.iter().enumerate() {
            key.standard_normals(row as u64, &mut self.stream);
            for (panel, values) in self.stream.chunks(WIDTH).enumerate() {
                noise.panel_mut(panel)[r].0[..values.len()].copy_from_slice(values);
            }
        }
        reparameterise::draw(fused.level, self.encoder.output(), noise, z);
    }

    /// The terms of the bound of each row. With the scale N/B the gradient in the decoder's output takes its place.
    pub(super) fn terms(
        &mut self,
        fused: &Fused,
        parameters: &[f32],
        rows: &[usize],
        values: &[f32],
        key: Key,
        scale: Option<f32>,
    ) {
        let samples = fused.samples;
        self.encode(fused, parameters, values, scale.is_some());
        if fused.form == KlForm::Analytic {
            reparameterise::kl(fused.level, self.encoder.output(), &mut self.kl);
        }
        self.weights.clear();
        self.weights.resize(rows.len(), scale.unwrap_or(0.0) / samples as f32);
        for l in 0..samples {
            let share = (fused.form == KlForm::MonteCarlo).then_some(1.0 / samples as f64);
            self.sample(
                fused,
                parameters,
                l % self.samples.len(),
                key.fold(l as u64),
                rows,
                share,
                scale.is_some(),
            );
        }
        for sum in &mut self.log_likelihood {
            *sum /= samples as f64;
        }
    }

    /// One draw of each encoded row: adds log p(x|z) to the sums of log-likelihoods and, given a `share`, that much of
    /// log q(z|x) − log p(z) to those of the KL. With a way `back` the gradient takes the place of the output.
    #[allow(clippy::too_many_arguments, reason = "what a draw is made of")]
    fn sample(
        &mut self,
        fused: &Fused,
        parameters: &[f32],
        slot: usize,
        key: Key,
        rows: &[usize],
        share: Option<f64>,
        back: bool,
    ) {
        let level = fused.level;
        self.draw(fused, slot, key, rows);
        let Sample { noise, z, decoder, .. } = &mut self.samples[slot];
        if let Some(share) = share {
            reparameterise::log_ratio(level, self.encoder.output(), noise, z, share, &mut self.kl);
        }
        fused.decoder.forward(level, parameters, z, decoder, back);
        let (output, delta) = decoder.last_mut();
        let (x, sums, weights) = (&self.x, &mut self.log_likelihood[..], &self.weights);
        match (fused.likelihood, back) {
            (Likelihood::Bernoulli, false) => bernoulli::log_likelihood(level, x, output, sums),
            (Likelihood::Bernoulli, true) => {
                bernoulli::log_likelihood_and_gradient(level, x, output, weights, sums);
            }
            (Likelihood::Gaussian(_), false) => {
                gaussian::log_likelihood(level, x, output, &fused.precision, sums);
            }
            (Likelihood::Gaussian(_), true) => {
                gaussian::log_likelihood_and_gradient(level, x, output, &fused.precision, weights, sums);
            }
        }
        if back {
            std::mem::swap(output, delta);
        }
    }

    /// log p(x, z) − log q(z|x) of one draw of each encoded row, in place of the sums of log-likelihoods.
    pub(super) fn log_weights(
        &mut self,
        fused: &Fused,
        parameters: &[f32],
        key: Key,
        rows: &[usize],
    ) -> &[f64] {
        self.log_likelihood.fill(0.0);
        self.kl.fill(0.0);
        self.sample(fused, parameters, 0, key, rows, Some(1.0), false);
        for (weight, ratio) in self.log_likelihood.iter_mut().zip(&self.kl) {
            *weight -= ratio;
        }
        &self.log_likelihood
    }

    /// E[x|z] of rows of z, row-major.
    pub(super) fn decode(&mut self, fused: &Fused, parameters: &[f32], z: &[f32], out: &mut [f32]) {
        let Sample { z: panels, decoder, .. } = &mut self.samples[0];
        panels.resize(z.len() / fused.latent);
        decoder.resize(panels.rows());
        panels.read_rows(z);
        fused.decoder.forward(fused.level, parameters, panels, decoder, false);
        let (output, _) = decoder.last_mut();
        if fused.likelihood == Likelihood::Bernoulli {
            bernoulli::mean(fused.level, output.as_mut_slice());
        }
        output.write_rows(out);
    }

    /// From the gradient in the decoder's output to that in every layer's.
    pub(super) fn backward(&mut self, fused: &Fused, moves: Moves, scale: f32) {
        let level = fused.level;
        for sample in &mut self.samples {
            let z_gradient = moves.guide.then_some(&mut sample.z_gradient);
            if let Some(z_gradient) = z_gradient {
                // z itself has the derivative 1.
                z_gradient.as_mut_slice().fill(elbo_kernels::Row([1.0; WIDTH]));
                fused.decoder.backward(level, &mut sample.decoder, Some(z_gradient));
            } else {
                fused.decoder.backward(level, &mut sample.decoder, None);
            }
        }
        if !moves.guide {
            return;
        }
        self.kl_weights.clear();
        self.kl_weights.resize(self.kl.len(), scale);
        let (head, head_gradient) = self.encoder.last_mut();
        let draws = self.samples.iter().map(|s| [&s.noise, &s.z, &s.z_gradient]);
        let monte_carlo = fused.form == KlForm::MonteCarlo;
        reparameterise::gradient(level, head, draws, &self.kl_weights, monte_carlo, head_gradient);
        fused.encoder.backward(level, &mut self.encoder, None);
    }
}
