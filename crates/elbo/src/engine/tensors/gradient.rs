//! The gradient of the data set's objective from a minibatch: any estimator, shard by shard.

use burn::{
    module::Module,
    tensor::{Device, Element, Tensor, TensorData},
};
use rayon::prelude::*;

use super::non_finite::first_non_finite;
use crate::{
    Error, device,
    gradient::Estimator,
    guide::Guide,
    minibatch::Minibatch,
    model::{AutoEncoder, Latent},
    objective::elbo::Terms,
    parameters::{self, BurnModule},
    random::Draws,
    schedule::ActiveBlocks,
    terms::RowTerms,
};

/// The objective of a minibatch's rows, and the gradient of the data set's.
#[derive(Clone, Debug)]
pub struct Estimate<E> {
    /// The terms of each row, unscaled.
    pub terms: RowTerms,
    /// (N/B) ∂/∂(θ, φ) of the minibatch's objective, flat in the order of [`parameters::layout`]; zero for a
    /// block that does not move.
    pub gradient: Vec<E>,
    /// Σ over the rows of the surrogate: what was maximised, where the estimator says that it is.
    pub surrogate: f64,
}

/// Rows of a shard on the CPU; on a GPU the whole minibatch is one. The shards depend on the minibatch alone, and their
/// gradients are summed in order, so the bits do not depend on the number of threads.
const SHARD: usize = 64;

/// The gradient of the data set's objective, as estimated from a minibatch.
///
/// `E` is the precision of the arithmetic; `carried` is what the estimator has carried here, and `step` is named in an error. Runs on rayon's current thread pool; the
/// result does not depend on its size.
///
/// # Errors
/// It fails where the minibatch's width is not the model's, and where a term of the objective is not finite.
pub fn gradient<E, P, Q>(
    auto_encoder: &AutoEncoder<P, Q>,
    minibatch: &Minibatch,
    moves: ActiveBlocks,
    estimator: &dyn Estimator,
    draws: Draws,
    (step, carried): (u64, &[f64]),
    device: &Device,
) -> Result<Estimate<E>, Error>
where
    E: Element + std::ops::AddAssign,
    P: BurnModule + Latent,
    Q: BurnModule + Guide,
{
    auto_encoder.check_width(minibatch.width)?;
    let scale = minibatch.scale();
    let device = &device.clone().autodiff();
    let (rows, least) = device::parts(device, SHARD, minibatch.rows.len());
    let shards = minibatch.rows.par_chunks(rows).zip(minibatch.values.par_chunks(rows * minibatch.width));
    let parts: Vec<Result<Estimate<E>, Error>> = shards
        .with_min_len(least)
        .map_with(auto_encoder.clone(), |auto_encoder, (rows, values)| {
            let auto_encoder = &hold(auto_encoder.clone(), moves).train();
            let x = TensorData::new(values.to_vec(), [rows.len(), minibatch.width]);
            let x = Tensor::from_data(x, (device, E::dtype()));
            let noise = auto_encoder.noise::<E>(draws.key, rows, draws.samples, device);
            let (terms, surrogate) =
                estimator.estimate(&auto_encoder.model, &auto_encoder.guide, &x, &noise, carried);
            let value = surrogate.clone().inner().sum().into_scalar::<E>().to_f64();
            let gradients = (surrogate.sum() * scale).backward();
            let gradient = parameters::gradient(auto_encoder, &gradients);
            let terms = Terms { log_likelihood: terms.log_likelihood.inner(), kl: terms.kl.inner() }.read();
            if terms.elbo().iter().all(|v| v.is_finite()) {
                Ok(Estimate { terms, gradient, surrogate: value })
            } else {
                let noise: Vec<_> = noise.into_iter().map(Tensor::inner).collect();
                Err(first_non_finite(&auto_encoder.valid(), &x.inner(), &noise, Some(step), rows))
            }
        })
        .collect();
    let mut total = Estimate { terms: RowTerms::default(), gradient: Vec::new(), surrogate: 0.0 };
    for part in parts {
        let part = part?;
        total.terms.extend(&part.terms);
        total.surrogate += part.surrogate;
        if total.gradient.is_empty() {
            total.gradient = part.gradient;
        } else {
            for (sum, g) in total.gradient.iter_mut().zip(part.gradient) {
                *sum += g;
            }
        }
    }
    Ok(total)
}

/// Takes the held block out of differentiation, so that its gradient costs nothing.
fn hold<P: BurnModule, Q: BurnModule>(
    auto_encoder: AutoEncoder<P, Q>,
    moves: ActiveBlocks,
) -> AutoEncoder<P, Q> {
    let AutoEncoder { model, guide } = auto_encoder;
    AutoEncoder {
        model: if moves.model { model } else { model.no_grad() },
        guide: if moves.guide { guide } else { guide.no_grad() },
    }
}
