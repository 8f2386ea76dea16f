//! log p_θ(x, z) and its gradient in z, forwards and back through the decoder alone.

use std::sync::{Mutex, PoisonError};

use burn::tensor::{DType, Device};
use elbo_kernels::{Level, Panels, Row, WIDTH};

use super::{
    density::{ByOwn, Density, Observed},
    network::{Network, Pass},
    shard::MOST_ROWS,
};
use crate::{
    distribution::gaussian::standard_log_density,
    model::{self, Latent},
};

/// The packed decoder of a dense model in f32 on the CPU.
pub(crate) struct Joint {
    level: Level,
    decoder: Network,
    parameters: Vec<f32>,
    density: Density,
    width: usize,
    latent: usize,
    /// Room of calls that are over: as many as ever ran at once.
    idle: Mutex<Vec<Room>>,
}

/// Room for the draws of a part of a call.
struct Room {
    x: Panels,
    cells: Vec<f32>,
    by_own: ByOwn,
    z: Panels,
    z_gradient: Panels,
    decoder: Pass,
    weights: Vec<f32>,
}

impl Joint {
    /// None where the model is not dense layers alone, with one layer of Gaussian z, in f32 on the CPU, or no kernel
    /// computes its likelihood. `parameters` are the model's, flat.
    pub(crate) fn new(
        model: &dyn Latent,
        width: usize,
        parameters: impl FnOnce() -> Vec<f32>,
    ) -> Option<Self> {
        let (network, kernel) = (model.dense()?, model.likelihood().kernel()?);
        if !network.is_of(DType::F32, &Device::flex()) {
            return None;
        }
        let (level, parameters) = (Level::best(), parameters());
        // The flat order: decoder, the likelihood's own.
        let mut decoder = Network::new(network, 0);
        decoder.pack(level, &parameters, 0);
        let mut density = Density::new(kernel);
        density.set(&parameters[decoder.end()..], width);
        let (latent, idle) = (network.input(), Mutex::new(Vec::new()));
        Some(Self { level, decoder, parameters, density, width, latent, idle })
    }

    fn room(&self) -> Room {
        Room {
            x: Panels::new(0, self.width),
            cells: Vec::new(),
            by_own: self.density.by_own(),
            z: Panels::new(0, self.latent),
            z_gradient: Panels::new(0, self.latent),
            decoder: self.decoder.pass(),
            weights: vec![1.0; MOST_ROWS],
        }
    }

    /// Some draws, z `[n, Z]`, each with its row of x: adds log p(x|z) to `out`.
    fn part<'a>(
        &self,
        room: &mut Room,
        x: impl Iterator<Item = &'a [f32]>,
        z: &[f32],
        out: &mut [f64],
        gradient: Option<&mut [f32]>,
    ) {
        let (level, n, back) = (self.level, out.len(), gradient.is_some());
        let Room { x: rows, cells, by_own, z: draws, z_gradient, decoder, weights } = room;
        for panels in [&mut *rows, &mut *draws, &mut *z_gradient] {
            panels.resize(n);
        }
        decoder.resize(n);
        cells.clear();
        for (r, x) in x.take(n).enumerate() {
            if self.density.columns().is_some() {
                cells.extend_from_slice(x);
                continue;
            }
            for (panel, values) in x.chunks(WIDTH).enumerate() {
                rows.panel_mut(panel)[r].0[..values.len()].copy_from_slice(values);
            }
        }
        draws.read_rows(z);
        self.decoder.forward(level, &self.parameters, draws, decoder, back);
        let weights = &weights[..n];
        let (output, delta) = decoder.last_mut();
        let weights = back.then_some(weights);
        let observed = Observed { x: rows, cells };
        self.density.log_likelihood(level, observed, output, by_own, weights, out);
        if let Some(gradient) = gradient {
            std::mem::swap(output, delta);
            // z itself has the derivative 1.
            z_gradient.as_mut_slice().fill(Row([1.0; WIDTH]));
            self.decoder.backward(level, decoder, Some(z_gradient));
            z_gradient.write_rows(gradient);
        }
    }
}

impl model::Joint for Joint {
    fn latent(&self) -> usize {
        self.latent
    }

    fn width(&self) -> usize {
        self.width
    }

    fn log_likelihood(&self, x: &[f32], z: &[f32], out: &mut [f64], gradient: Option<&mut [f32]>) {
        let rows = x.len() / self.width;
        assert_eq!(z.len(), out.len() * self.latent, "Z numbers for each draw");
        assert!(out.is_empty() || out.len().is_multiple_of(rows), "whole draws of all rows");
        let mut parts = gradient.map(|gradient| gradient.chunks_mut(MOST_ROWS * self.latent));
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut room = idle.unwrap_or_else(|| self.room());
        out.fill(0.0);
        for (part, (z, out)) in z.chunks(MOST_ROWS * self.latent).zip(out.chunks_mut(MOST_ROWS)).enumerate() {
            let x = (part * MOST_ROWS..).map(|draw| &x[draw % rows * self.width..][..self.width]);
            let gradient = parts.as_mut().map(|parts| parts.next().expect("Z numbers for each draw"));
            self.part(&mut room, x, z, out, gradient);
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(room);
    }

    fn log_prior(&self, z: &[f32], out: &mut [f64], gradient: Option<&mut [f32]>) {
        assert_eq!(z.len(), out.len() * self.latent, "Z numbers for each draw");
        let greatest = self.latent as f64 * standard_log_density(0.0);
        for (z, out) in z.chunks(self.latent).zip(out) {
            *out = greatest - 0.5 * z.iter().map(|&z| f64::from(z).powi(2)).sum::<f64>();
        }
        if let Some(gradient) = gradient {
            assert_eq!(z.len(), gradient.len(), "a derivative for each number");
            for (g, z) in gradient.iter_mut().zip(z) {
                *g = -z;
            }
        }
    }
}
