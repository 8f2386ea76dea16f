//! The reparameterised gradient of the whole data set's bound, from a minibatch (E13, E14, E17).
//!
//! ∇ (N/B) Σ_{i ∈ minibatch} ELBO(q_φ(·|x_i), x_i, θ), with z = μ + σ ⊙ ε inside.

use burn::{
    module::Module,
    tensor::{Device, Element, Tensor, TensorData},
};
use rayon::prelude::*;

use crate::{
    Error, diagnose,
    minibatch::Minibatch,
    model::Vae,
    objective::elbo::{KlForm, RowTerms, Terms, elbo, noise},
    parameters,
    random::Key,
    schedule::Moves,
};

/// The bound of a minibatch's rows, and the gradient of the data set's bound.
#[derive(Clone, Debug)]
pub struct Estimate<E> {
    /// The terms of each row, unscaled.
    pub terms: RowTerms,
    /// (N/B) ∂/∂(θ, φ) of the minibatch's bound, flat in the order of [`parameters::layout`]; zero for a
    /// block that does not move.
    pub gradient: Vec<E>,
}

/// How a gradient is estimated.
#[derive(Clone, Copy, Debug)]
pub struct Estimator {
    /// L, Monte Carlo samples a row.
    pub samples: usize,
    /// The form of the KL term.
    pub form: KlForm,
    /// The noise of this step, see [`noise`].
    pub noise: Key,
}

/// Rows of a shard. The shards depend on the minibatch alone, and their gradients are summed in order, so
/// the bits do not depend on the number of threads.
const SHARD: usize = 64;

/// The reparameterised gradient, unbiased for the gradient of the data set's bound.
///
/// `E` is the precision of the arithmetic. Runs on rayon's current thread pool; the result does not depend
/// on its size.
///
/// # Errors
/// Where the minibatch's width is not the model's, and where a term of the bound or a gradient is not finite.
pub fn gradient<E: Element + std::ops::AddAssign>(
    vae: &Vae,
    minibatch: &Minibatch,
    moves: Moves,
    estimator: Estimator,
    step: u64,
    device: &Device,
) -> Result<Estimate<E>, Error> {
    vae.check_width(minibatch.width)?;
    let scale = minibatch.scale();
    let device = &device.clone().autodiff();
    let shards: Vec<(&[usize], &[f32])> =
        minibatch.rows.chunks(SHARD).zip(minibatch.values.chunks(SHARD * minibatch.width)).collect();
    let parts: Vec<Result<Estimate<E>, Error>> = shards
        .into_par_iter()
        .map_with(vae.clone(), |vae, (rows, values)| {
            let vae = &moves.hold(vae.clone()).train();
            let x = TensorData::new(values.to_vec(), [rows.len(), minibatch.width]);
            let x = Tensor::from_data(x, (device, E::dtype()));
            let noise = noise::<E>(estimator.noise, rows, vae.latent(), estimator.samples, device);
            let terms = elbo(vae, &x, &noise, estimator.form);
            let gradients = (terms.elbo().sum() * scale).backward();
            let gradient = parameters::gradient(vae, &gradients);
            let terms =
                RowTerms::read(Terms { log_likelihood: terms.log_likelihood.inner(), kl: terms.kl.inner() });
            if terms.elbo().iter().all(|v| v.is_finite()) {
                Ok(Estimate { terms, gradient })
            } else {
                let noise: Vec<_> = noise.into_iter().map(Tensor::inner).collect();
                Err(diagnose::first_non_finite(&vae.valid(), &x.inner(), &noise, step, rows))
            }
        })
        .collect();
    let mut total = Estimate { terms: RowTerms::default(), gradient: Vec::new() };
    for part in parts {
        let part = part?;
        total.terms.extend(&part.terms);
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
