//! How noisy an estimator is on a model at hand.

use burn::tensor::Device;

use crate::{
    Error, check,
    engine::gradient,
    gradient::Estimator,
    guide::Guide,
    minibatch::Minibatch,
    model::{AutoEncoder, Latent},
    parameters::{self, BurnModule},
    random::{Draws, Key},
    schedule::ActiveBlocks,
};

/// The noise of the estimates of one parameter block's gradient, over repeated draws.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockNoise {
    /// The block's name, as in [`parameters::layout`].
    pub name: String,
    /// ‖mean gradient‖².
    pub signal: f64,
    /// Σ over the block's entries of the variance of an estimate.
    pub variance: f64,
}

impl BlockNoise {
    /// The signal-to-noise ratio of one estimate: ‖E g‖ / √(Σ Var g). Infinite where there is no noise.
    pub fn signal_to_noise(&self) -> f64 {
        (self.signal / self.variance).sqrt()
    }
}

/// Signal and variance of an estimator, for each parameter block, from `repeats` ≥ 2 independent draws on one
/// minibatch.
///
/// # Errors
/// It fails as [`gradient`] does; and with fewer than two repeats.
pub fn noise_report<P: BurnModule + Latent, Q: BurnModule + Guide>(
    auto_encoder: &AutoEncoder<P, Q>,
    minibatch: &Minibatch,
    estimator: &dyn Estimator,
    samples: usize,
    repeats: u64,
    seed: Key,
    device: &Device,
) -> Result<Vec<BlockNoise>, Error> {
    check::at_least("repeats", repeats as usize, 2)?;
    let mut sum = Vec::new();
    let mut squares = Vec::new();
    let mut first: Vec<f64> = Vec::new();
    for repeat in 0..repeats {
        let draws = Draws { samples, key: seed.fold(repeat) };
        let g = gradient::<f64, P, Q>(
            auto_encoder,
            minibatch,
            ActiveBlocks::BOTH,
            estimator,
            draws,
            (repeat, &[]),
            device,
        )?
        .gradient;
        if repeat == 0 {
            (sum, squares) = (vec![0.0; g.len()], vec![0.0; g.len()]);
            first.clone_from(&g);
        }
        for (i, g) in g.iter().enumerate() {
            // Around the first estimate, so that a small variance does not drown in a large mean.
            let shifted = g - first[i];
            sum[i] += shifted;
            squares[i] += shifted * shifted;
        }
    }
    let n = repeats as f64;
    let report = parameters::layout(auto_encoder).into_iter().map(|block| {
        let (mut signal, mut variance) = (0.0, 0.0);
        for i in block.range() {
            signal += (first[i] + sum[i] / n).powi(2);
            variance += (squares[i] - sum[i] * sum[i] / n).max(0.0) / (n - 1.0);
        }
        BlockNoise { name: block.name, signal, variance }
    });
    Ok(report.collect())
}
