//! What is found out about a fit, for its verdict.

use elbo::{
    diagnose::{Findings, KhatShares, Scale, latent_summary, mutual_information, pareto_smoothed},
    distribution::bernoulli::Binarise,
    engine::Reader,
    fit::Finished,
    guide::{Covariance, Encoded, PerDatum},
    infer::{bounds, log_weights},
    likelihood::{Likelihood, Support},
    minibatch::Minibatch,
    objective::Objective,
    random::{Key, Purpose},
    terms::{Mean, Weights},
};

use super::config::Config;
use crate::{error::Error, metrics::Metrics};

/// Rows at most that are looked at after a fit, and between which the mutual information is estimated: its cost grows with
/// their square.
pub(super) const ROWS: usize = 1000;

/// Whether what a configuration maximises is a bound on log p(x): also with a KL that weighs more than 1, but not of grey
/// values under a Bernoulli likelihood.
pub(super) fn maximises_a_bound(config: &Config, likelihood: &dyn Likelihood) -> bool {
    let train = &config.fit.train;
    let binary = likelihood.support() == Support::Binary;
    let grey = !config.data.taken.scaling.keeps_units();
    !(binary && grey && config.fit.binarise == Binarise::None)
        && train.objective != Objective::Noiseless
        && train.kl_weight.beta >= 1.0
        && train.estimator.is_unbiased()
}

/// The mean KL(q(z|x) ‖ p(z)) of some rows, in nats.
pub(super) fn mean_kl(reader: &dyn Reader, rows: &Minibatch) -> Result<f64, Error> {
    Ok(mean(&reader.encode(&rows.values)?.kl, rows.rows.len()))
}

fn mean(kl: &[f32], rows: usize) -> f64 {
    kl.iter().map(|&kl| f64::from(kl)).sum::<f64>() / rows as f64
}

/// What a look at an auto-encoder and some rows tells; `config` is what it was fitted with.
pub(super) fn of_vae(
    reader: &dyn Reader,
    config: &Config,
    rows: &Minibatch,
    key: Key,
) -> Result<Findings, Error> {
    let encoded = reader.encode(&rows.values)?;
    let (latent, n) = (reader.latent(), rows.rows.len());
    let active = latent_summary(&encoded.mean, &encoded.kl, latent).active();
    let gaussian = reader.check_one_gaussian_layer().is_ok();
    let information = if gaussian && n > 1 {
        let few = n.min(ROWS) * latent;
        let key = key.purpose(Purpose::Sample);
        let (mean, sd) = (&encoded.mean[..few], &encoded.standard_deviation[..few]);
        Some(mutual_information(mean, sd, latent, key, 1)?.value)
    } else {
        None
    };
    Ok(Findings {
        maximised_a_bound: Some(maximises_a_bound(config, reader.likelihood())),
        // Of one row no mean varies.
        active_units: (n > 1).then(|| active.into_iter().filter(|&active| active).count()),
        kl: Some(mean(&encoded.kl, n)),
        mutual_information: information,
        scale: scale(reader, rows, &encoded, key.purpose(Purpose::Noise), config)?,
        ..Findings::default()
    })
}

/// Draws of z a row by which the residuals are measured.
const DRAWS: u64 = 16;

/// E_q[(x − f(z))²] over σ², of the column that is farthest from 1, or of all where they share a σ. At the mean of q
/// alone residuals would be smaller than σ² where σ is right: z has been fitted to the row.
fn scale(
    reader: &dyn Reader,
    rows: &Minibatch,
    encoded: &Encoded,
    key: Key,
    config: &Config,
) -> Result<Option<Scale>, Error> {
    let Some(sigmas) = reader.noise_scale() else { return Ok(None) };
    if reader.check_one_gaussian_layer().is_err() {
        return Ok(None);
    }
    let q = PerDatum::start(encoded, reader.latent(), Covariance::Diagonal)?;
    let (width, n) = (rows.width, rows.rows.len() as f64 * DRAWS as f64);
    let mut ratios = vec![0.0; width];
    let (mut noise, mut z) = (vec![0.0; reader.latent()], vec![0.0; encoded.mean.len()]);
    for draw in 0..DRAWS {
        for (place, (z, &row)) in z.chunks_mut(reader.latent()).zip(&rows.rows).enumerate() {
            // In the noiseless limit σ(x) is not fitted, and z is q's mean.
            if config.fit.train.objective != Objective::Noiseless {
                key.fold(draw).standard_normals(row as u64, &mut noise);
            }
            q.draw(place, &noise, z);
        }
        let decoded = reader.decode(&z)?;
        for (x, f) in rows.values.chunks(width).zip(decoded.chunks(width)) {
            for (d, ratio) in ratios.iter_mut().enumerate() {
                let sigma = sigmas[if sigmas.len() == 1 { 0 } else { d }];
                *ratio += (f64::from(x[d] - f[d]) / sigma).powi(2) / n;
            }
        }
    }
    if sigmas.len() == 1 {
        let ratio = ratios.iter().sum::<f64>() / width as f64;
        return Ok(Some(Scale { ratio, of: "all columns".into() }));
    }
    let far = |ratio: f64| ratio.max(1.0 / ratio);
    let worst = (0..width).max_by(|&a, &b| far(ratios[a]).total_cmp(&far(ratios[b])));
    Ok(worst.map(|d| Scale { ratio: ratios[d], of: format!("column {}", config.data.columns[d]) }))
}

/// Rows and draws a row by which the weights of a finished fit are looked at.
const WEIGHED: (usize, usize) = (100, 500);

/// The share of the epochs over which the bound of a fit that ran them all must have stood still for it to have converged,
/// and the share of the mean KL that counts as still.
const LAST: f64 = 0.1;
const STILL: f64 = 0.01;

/// Whether the validation bound had stopped rising: by the fit's own patience, or by its last epochs, in which the KL must
/// have had its full weight.
pub(super) fn converged(config: &Config, finished: Finished, history: &[Metrics], kl: f64) -> bool {
    if history.len() as u64 <= config.fit.train.kl_weight.warm_up {
        return false;
    }
    let last = (history.len() as f64 * LAST).ceil() as usize;
    let bound = |at: usize| history.get(at).map(|metrics| metrics.epoch.validation.elbo.value);
    let ends = (bound(history.len().wrapping_sub(1)), bound(history.len().wrapping_sub(1 + last)));
    finished == Finished::Converged
        || matches!(ends, (Some(end), Some(before)) if end - before <= STILL * kl.max(0.0))
}

/// k̂, and the gap of log p(x) over the bound that was maximised, from the encoder's own draws, of some of the rows given.
pub(super) fn of_weights(
    reader: &dyn Reader,
    config: &Config,
    rows: &Minibatch,
    key: Key,
    findings: &mut Findings,
) -> Result<(), Error> {
    if reader.check_one_gaussian_layer().is_err() {
        return Ok(());
    }
    // L_k is a bound of k draws, and much nearer to log p(x) than the ELBO.
    let k = match config.fit.train.objective {
        Objective::ImportanceWeighted => config.fit.train.samples,
        Objective::Elbo | Objective::Noiseless => 1,
    };
    let number = rows.rows.len().min(WEIGHED.0);
    let rows = &Minibatch {
        rows: rows.rows[..number].to_vec(),
        values: rows.values[..number * rows.width].to_vec(),
        ..*rows
    };
    let encoded = reader.encode(&rows.values)?;
    let q = PerDatum::start(&encoded, reader.latent(), Covariance::Diagonal)?;
    let draws = WEIGHED.1.max(4 * k).next_multiple_of(k);
    let weights = log_weights(&*reader.joint()?, rows, &q, draws, key.purpose(Purpose::Evaluate))?;
    let (mut gaps, mut khats) = (Vec::new(), Vec::new());
    for weights in weights.chunks(draws) {
        let evidence = weights.iter().copied().collect::<Weights>().log_mean();
        gaps.push(evidence - bounds(weights, draws, k)[0].value);
        khats.extend(pareto_smoothed(weights)?.khat);
    }
    findings.inference_gap = (number > 1).then(|| Mean::of(&gaps));
    findings.khat = KhatShares::of(&khats, draws);
    Ok(())
}
