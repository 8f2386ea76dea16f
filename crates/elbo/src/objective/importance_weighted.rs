//! The importance-weighted bound (E22; Burda et al. 2015) and the Rényi bound (Li and Turner 2016).
//!
//! With weights w_i = p_θ(x, z_i) / q_φ(z_i|x), z_i ~ q: L_k = E[log (1/k) Σ_i w_i]. L_1 is the ELBO, L_k does not
//! fall as k grows, and tends to log p(x).

use burn::tensor::{Device, Tensor, TensorData, activation};
use rayon::prelude::*;

use crate::{
    Error,
    device::{self, MANY},
    fused::{Reader, Way},
    gradient::Draws,
    minibatch::Minibatch,
    model::Vae,
    objective::{
        elbo::{KlForm, Terms},
        evaluate_terms,
    },
    random::Key,
    terms::{RowTerms, Weights},
};

/// log w_i of each row, `[k, R]`, in nats, from k tensors of noise, `[R, K]` each; differentiable in θ and φ.
///
/// # Panics
/// Where `noise` is empty, or a shape is not as said.
pub fn log_weights(vae: &Vae, x: &Tensor<2>, noise: &[Tensor<2>]) -> Tensor<2> {
    weigh(vae, x, noise).0
}

/// log w_i and log p_θ(x|z_i) of each row, `[k, R]` each.
pub(crate) fn weigh(vae: &Vae, x: &Tensor<2>, noise: &[Tensor<2>]) -> (Tensor<2>, Tensor<2>) {
    let q = vae.guide.posterior(x.clone());
    let (weights, likelihoods) = noise
        .iter()
        .map(|e| {
            let z = q.sample(e.clone());
            let likelihood = vae.model.log_likelihood(x.clone(), z.clone());
            let weight =
                likelihood.clone() + vae.model.log_prior(z.clone()) - q.log_density_of_draw(e.clone(), z);
            (weight, likelihood)
        })
        .unzip();
    (Tensor::stack(weights, 0), Tensor::stack(likelihoods, 0))
}

/// L_k as terms: the log-likelihood of the samples by their weights, and what the bound leaves to the KL.
pub(crate) fn weighted_terms(log_weights: Tensor<2>, log_likelihood: Tensor<2>) -> Terms {
    let bound = importance_weighted(log_weights.clone());
    let weighted = activation::softmax(log_weights, 0) * log_likelihood;
    let log_likelihood = weighted.sum_dim(0).squeeze_dim::<1>(0);
    Terms { kl: log_likelihood.clone() - bound, log_likelihood }
}

/// log (1/k) Σ_i w_i of each row: `[k, R]` to `[R]`, in nats. Its expectation is L_k ≤ log p(x).
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use elbo::objective::importance_weighted::importance_weighted;
/// let log_weights = Tensor::<2>::from_data([[0.0], [3.0f32.ln()]], &Device::flex());
/// let bound: f32 = importance_weighted(log_weights).into_scalar();
/// assert!((bound - 2.0f32.ln()).abs() < 1e-6); // the mean of the weights 1 and 3 is 2
/// ```
pub fn importance_weighted(log_weights: Tensor<2>) -> Tensor<1> {
    renyi(log_weights, 0.0)
}

/// The Rényi bound's estimate of each row, (1/(1−α)) log (1/k) Σ_i w_i^(1−α): `[k, R]` to `[R]`, in nats.
///
/// α = 0 is the importance-weighted bound, α → 1 the ELBO, which is taken at α = 1. For 0 ≤ α its expectation is
/// not above log p(x); for α < 0 it need not be a bound for finite k.
pub fn renyi(log_weights: Tensor<2>, alpha: f64) -> Tensor<1> {
    let power = 1.0 - alpha;
    if power == 0.0 {
        return log_weights.mean_dim(0).squeeze_dim(0);
    }
    let k = log_weights.dims()[0] as f64;
    let powers = log_weights.mul_scalar(power);
    // The largest one outside: the sum is then between 1 and k, whatever the weights.
    let largest = powers.clone().max_dim(0).detach();
    let sum = (powers - largest.clone()).exp().sum_dim(0);
    (sum.log() + largest).sub_scalar(libm::log(k)).div_scalar(power).squeeze_dim(0)
}

/// Rows (on the CPU), and samples a row, that are in memory at a time.
const ROWS: usize = 64;
const SAMPLES: usize = 64;

/// An estimate of L_k of each row of `data`, in nats, from k samples a row; noise keyed by `key`.
///
/// # Errors
/// As for [`evaluate_weights`].
pub fn evaluate(vae: &Vae, data: &Minibatch, key: Key, k: usize, device: &Device) -> Result<Vec<f64>, Error> {
    Ok(evaluate_weights(vae, data, key, k, device)?.iter().map(Weights::log_mean).collect())
}

/// k importance weights of each row of `data`, summed up: an estimate of L_k, and what it stands on.
///
/// The samples pass in chunks, so any k fits in memory. Runs on rayon's current thread pool; the result does not
/// depend on its size.
///
/// # Errors
/// Where the data's width is not the model's, k is 0, or a weight is not finite.
pub fn evaluate_weights(
    vae: &Vae,
    data: &Minibatch,
    key: Key,
    k: usize,
    device: &Device,
) -> Result<Vec<Weights>, Error> {
    vae.check_width(data.width)?;
    if k == 0 {
        return Err(Error::invalid("k", 0, "must be at least 1"));
    }
    // The noise of sample i is keyed by (its chunk, its place there).
    let keys = (0..k).map(move |i| key.fold((i / SAMPLES) as u64).fold((i % SAMPLES) as u64));
    let weights = match Reader::new(vae, Way::Reparameterised(KlForm::MonteCarlo), 1) {
        Some(reader) => reader.fold_log_weights(data, &keys, Weights::default(), Weights::add),
        None => by_tensors(vae, data, key, k, device),
    };
    match weights.iter().position(|row| !row.log_mean().is_finite()) {
        None => Ok(weights),
        Some(row) => {
            Err(Error::NonFinite { what: "an importance weight".into(), step: 0, rows: vec![data.rows[row]] })
        }
    }
}

/// L_k of each row of `data` as terms, in nats: the mean over `groups` estimates from k samples each.
///
/// The log-likelihood is that of the samples by their weights, the KL what L_k leaves of it. Runs on rayon's current
/// thread pool; the result does not depend on its size.
///
/// # Errors
/// Where the data's width is not the model's, or a term is not finite.
pub fn terms(
    vae: &Vae,
    data: &Minibatch,
    key: Key,
    k: usize,
    groups: usize,
    device: &Device,
) -> Result<RowTerms, Error> {
    vae.check_width(data.width)?;
    let n = data.rows.len();
    let mut mean = RowTerms { log_likelihood: vec![0.0; n], kl: vec![0.0; n] };
    let reader = Reader::new(vae, Way::ImportanceWeighted, k);
    for group in 0..groups {
        let key = key.fold(group as u64);
        let terms = reader.as_ref().map(|reader| reader.terms(data, key)).filter(RowTerms::are_finite);
        let terms = match terms {
            Some(terms) => terms,
            None => evaluate_terms(vae, data, Draws { samples: k, key }, device, |vae, x, noise| {
                let (log_weights, log_likelihood) = weigh(vae, x, noise);
                weighted_terms(log_weights, log_likelihood)
            })?,
        };
        for (sum, term) in mean.log_likelihood.iter_mut().zip(terms.log_likelihood) {
            *sum += term / groups as f64;
        }
        for (sum, term) in mean.kl.iter_mut().zip(terms.kl) {
            *sum += term / groups as f64;
        }
    }
    Ok(mean)
}

fn by_tensors(vae: &Vae, data: &Minibatch, key: Key, k: usize, device: &Device) -> Vec<Weights> {
    let (rows, least) = device::parts(device, ROWS, MANY);
    let parts = data.rows.par_chunks(rows).zip(data.values.par_chunks(rows * data.width));
    let totals = parts.with_min_len(least).map_with(vae.clone(), |vae, (rows, values)| {
        let x = Tensor::from_data(TensorData::new(values.to_vec(), [rows.len(), data.width]), device);
        let mut total = vec![Weights::default(); rows.len()];
        for (chunk, start) in (0..k).step_by(SAMPLES).enumerate() {
            let samples = SAMPLES.min(k - start);
            let noise = vae.noise::<f32>(key.fold(chunk as u64), rows, samples, device);
            for line in numbers(log_weights(vae, &x, &noise)).chunks(rows.len()) {
                for (total, &w) in total.iter_mut().zip(line) {
                    total.add(w);
                }
            }
        }
        total
    });
    totals.collect::<Vec<_>>().concat()
}

fn numbers(tensor: Tensor<2>) -> Vec<f64> {
    tensor.into_data_as::<f64>().try_to_vec().expect("read as f64")
}
