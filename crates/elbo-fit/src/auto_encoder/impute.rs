//! Missing cells of rows under an auto-encoder: E[x_mis|x_obs] ≈ Σ_k w̄_k E[x_mis|z_k], by importance weights (E35).

use elbo::{
    engine::Reader,
    guide::{Covariance, Encoded, PerDatum},
    infer::{WeightedDraws, weighted_draws},
    likelihood::{CellFamily, LikelihoodConfig},
    minibatch::Minibatch,
    random::{Key, Purpose},
    special::ln_sum_exp,
    terms::Weights,
};
use rayon::prelude::*;

use super::{config::Config, prepare::Prepared};
use crate::{
    error::Error,
    impute::{FilledCell, Imputation, interval},
    observer::Observer,
};

/// Rows at a time.
const ROWS: usize = 256;
/// Draws that count, in effect, below which a row has so many times as many.
const ENOUGH: f64 = 50.0;
const MORE: usize = 16;

/// What the model says of the missing cells, and of each row that has some how many of its draws count, in effect.
pub(super) fn missing_cells(
    (config, reader): (&Config, &dyn Reader),
    data: &Prepared,
    asked: &Imputation,
    observer: &dyn Observer,
) -> Result<(Vec<FilledCell>, Vec<f64>), Error> {
    reader.check_one_gaussian_layer()?;
    let (joint, width, latent) = (reader.joint()?, reader.width(), reader.latent());
    let of_row = |row: usize| &data.x[row * width..][..width];
    let holes: Vec<usize> = (0..data.rows).filter(|&row| of_row(row).iter().any(|x| x.is_nan())).collect();
    let key = Key::new(asked.seed).purpose(Purpose::Sample);
    let families: Vec<Option<CellFamily>> = match &config.fit.vae.likelihood {
        LikelihoodConfig::Columns(columns) => columns.iter().map(|column| Some(column.family)).collect(),
        _ => vec![None; width],
    };
    let (own, scaling) = (reader.own(), &config.data.taken.scaling);
    let drawn = asked.interval.is_some() || asked.multiple.is_some();
    let block = |block: &[usize], draws: usize, key: Key| -> Result<Vec<(Vec<FilledCell>, f64)>, Error> {
        let values: Vec<f32> = block.iter().flat_map(|&row| of_row(row)).copied().collect();
        let piece = Minibatch { rows: block.to_vec(), values, width, total: data.rows };
        let q = PerDatum::start(&reader.encode(&piece.values)?, latent, Covariance::Diagonal)?;
        let of = weighted_draws(&*joint, &piece, &q, draws, key.purpose(Purpose::Noise))?;
        let (outputs, means) = (reader.outputs(&of.z)?, reader.decode(&of.z)?);
        let x = if drawn { reader.sample(&of.z, key.fold(block[0] as u64))? } else { Vec::new() };
        let decoded = outputs.len() / (block.len() * draws);
        let row = |(place, &row): (usize, &usize)| {
            let log_weights = &of.log_weights[place * draws..][..draws];
            let weights = normalised(log_weights);
            let chosen: Vec<usize> = (0..asked.multiple.unwrap_or(0))
                .map(|m| key.purpose(Purpose::Evaluate).fold(m as u64).choose(row as u64, &weights))
                .collect();
            let at = |k: usize| place * draws + k;
            let cell = |d: usize| {
                let stored = |x: f64| scaling.undo(d, x);
                let mean = |of: &dyn Fn(f64) -> f64| -> f64 {
                    weights.iter().enumerate().map(|(k, w)| w * of(means[at(k) * width + d].into())).sum()
                };
                let levels = || {
                    let mut sums: Vec<f64> = Vec::new();
                    for (k, weight) in weights.iter().enumerate() {
                        let outputs = &outputs[at(k) * decoded..][..decoded];
                        let of = reader.likelihood().probabilities(d, outputs, &own)?;
                        sums.resize(of.len(), 0.0);
                        sums.iter_mut().zip(of).for_each(|(sum, p)| *sum += weight * p);
                    }
                    Some(sums)
                };
                let (value, probability) = match (families[d], levels()) {
                    (Some(CellFamily::Ordinal(_)), Some(p)) => {
                        let mut sum = 0.0;
                        let median = p.iter().position(|p| {
                            sum += p;
                            sum >= 0.5
                        });
                        (median.unwrap_or(p.len() - 1) as f64, None)
                    }
                    (_, Some(p)) => {
                        let mode = (0..p.len()).rev().max_by(|&a, &b| p[a].total_cmp(&p[b])).unwrap_or(0);
                        (mode as f64, Some(p[mode]))
                    }
                    (Some(CellFamily::Circular), None) => {
                        let angle = libm::atan2(mean(&libm::sin), mean(&libm::cos));
                        (stored(angle.rem_euclid(std::f64::consts::TAU)), None)
                    }
                    _ => (stored(mean(&|x| x)), None),
                };
                let draw = |k: usize| stored(x[at(k) * width + d].into());
                FilledCell {
                    row,
                    column: d,
                    value,
                    probability,
                    interval: asked.interval.map(|level| {
                        let mut of: Vec<(f64, f64)> =
                            weights.iter().enumerate().map(|(k, &w)| (draw(k), w)).collect();
                        interval(&mut of, level)
                    }),
                    completions: chosen.iter().map(|&k| draw(k)).collect(),
                }
            };
            let missing = of_row(row).iter().enumerate().filter(|(_, x)| x.is_nan());
            let cells: Vec<FilledCell> = missing.map(|(d, _)| cell(d)).collect();
            (cells, log_weights.iter().copied().collect::<Weights>().effective_sample_size())
        };
        Ok(block.par_iter().enumerate().map(row).collect())
    };
    observer.work("impute", holes.len() as u64);
    let (mut cells, mut effective) = (Vec::new(), Vec::new());
    for rows in holes.chunks(ROWS) {
        let mut found = block(rows, asked.draws, key)?;
        // Rows of which few draws count are drawn for again, more often.
        let few: Vec<usize> = (0..rows.len()).filter(|&place| found[place].1 < ENOUGH).collect();
        for places in few.chunks(ROWS / MORE) {
            let again: Vec<usize> = places.iter().map(|&place| rows[place]).collect();
            let better = block(&again, MORE * asked.draws, key.fold(1))?;
            places.iter().zip(better).for_each(|(&place, better)| found[place] = better);
        }
        for (filled, size) in found {
            cells.extend(filled);
            effective.push(size);
        }
        observer.worked(rows.len() as u64);
    }
    observer.work_end();
    Ok((cells, effective))
}

/// Weights that sum to 1.
fn normalised(log_weights: &[f64]) -> Vec<f64> {
    let total = ln_sum_exp(log_weights);
    log_weights.iter().map(|w| (w - total).exp()).collect()
}

/// Draws of z by which rows given some cells are drawn.
const GIVEN: usize = 20_000;

/// Draws of the other cells of a row x `[D]` given those that are there, `[N, D]`, and how many of the draws behind them count, in
/// effect: by the weights of draws of the encoder's q(z|x), or of the prior, whichever is nearer to the posterior.
pub(super) fn given(
    reader: &dyn Reader,
    x: &[f32],
    number: usize,
    key: Key,
) -> Result<(Vec<f32>, f64), Error> {
    reader.check_one_gaussian_layer()?;
    let (joint, width, latent) = (reader.joint()?, reader.width(), reader.latent());
    let piece = Minibatch { rows: vec![0], values: x.to_vec(), width, total: 1 };
    let prior = Encoded { mean: vec![0.0; latent], standard_deviation: vec![1.0; latent], kl: Vec::new() };
    let mut best: Option<(f64, WeightedDraws)> = None;
    for encoded in [reader.encode(x)?, prior] {
        let q = PerDatum::start(&encoded, latent, Covariance::Diagonal)?;
        let of = weighted_draws(&*joint, &piece, &q, GIVEN, key.purpose(Purpose::Noise))?;
        let size = of.log_weights.iter().copied().collect::<Weights>().effective_sample_size();
        if best.as_ref().is_none_or(|(most, _)| size > *most) {
            best = Some((size, of));
        }
    }
    let (size, of) = best.expect("there are two");
    let weights = normalised(&of.log_weights);
    let chosen = (0..number as u64).map(|row| key.purpose(Purpose::Evaluate).choose(row, &weights));
    let z: Vec<f32> = chosen.flat_map(|k| of.z[k * latent..][..latent].iter().copied()).collect();
    let mut rows = reader.sample(&z, key)?;
    for row in rows.chunks_mut(width) {
        for (drawn, &x) in row.iter_mut().zip(x).filter(|(_, x)| !x.is_nan()) {
            *drawn = x;
        }
    }
    Ok((rows, size))
}
