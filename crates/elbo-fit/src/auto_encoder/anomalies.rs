//! log p(x) of rows under an auto-encoder, and of each cell given the others: by importance weights of draws of z,
//! p(x_d|x_−d) = Σ w / Σ (w / p(x_d|z)).

use elbo::{
    engine::Reader,
    guide::{Covariance, PerDatum},
    infer::weighted_draws,
    minibatch::Minibatch,
    random::Key,
    special::ln_sum_exp,
};
use rayon::prelude::*;

use crate::{anomalies::Surprises, error::Error, observer::Observer};

/// Draws of z a row.
const DRAWS: usize = 500;
/// Outputs of the decoder at a time.
const OUTPUTS: usize = 20_000_000;

/// Of rows `[R, D]` as the model takes them; a density is that of x.
pub(super) fn surprises(
    reader: &dyn Reader,
    x: &[f32],
    key: Key,
    observer: &dyn Observer,
) -> Result<Surprises, Error> {
    reader.check_one_gaussian_layer()?;
    let (joint, width, latent) = (reader.joint()?, reader.width(), reader.latent());
    let (own, total) = (reader.own(), x.len() / width);
    let at_once = (OUTPUTS / (DRAWS * width)).clamp(1, 256);
    observer.work("anomalies", total as u64);
    let (mut log_density, mut of_cells) = (Vec::with_capacity(total), Vec::with_capacity(x.len()));
    for (block, values) in x.chunks(at_once * width).enumerate() {
        let first = block * at_once;
        let rows: Vec<usize> = (first..first + values.len() / width).collect();
        let piece = Minibatch { rows, values: values.to_vec(), width, total };
        let q = PerDatum::start(&reader.encode(values)?, latent, Covariance::Diagonal)?;
        let of = weighted_draws(&*joint, &piece, &q, DRAWS, key)?;
        let outputs = reader.outputs(&of.z)?;
        let decoded = outputs.len() / (piece.rows.len() * DRAWS);
        let row = |(place, x): (usize, &[f32])| {
            let log_weights = &of.log_weights[place * DRAWS..][..DRAWS];
            let whole = ln_sum_exp(log_weights);
            let mut without = vec![Vec::with_capacity(DRAWS); width];
            for (k, weight) in log_weights.iter().enumerate() {
                let output = &outputs[(place * DRAWS + k) * decoded..][..decoded];
                let cells = reader.likelihood().cell_log_densities(x, output, &own);
                without.iter_mut().zip(cells).for_each(|(of, cell)| of.push(weight - cell));
            }
            let cell = |(x, without): (&f32, Vec<f64>)| {
                if x.is_nan() { f64::NAN } else { ln_sum_exp(&without) - whole }
            };
            let cells: Vec<f64> = x.iter().zip(without).map(cell).collect();
            (whole - (DRAWS as f64).ln(), cells)
        };
        let found: Vec<(f64, Vec<f64>)> = values.par_chunks(width).enumerate().map(row).collect();
        for (density, cells) in found {
            log_density.push(density);
            of_cells.extend(cells);
        }
        observer.worked(piece.rows.len() as u64);
    }
    observer.work_end();
    Ok(Surprises { log_density, of_cells })
}
