//! What is found out about a fit, for its verdict.

use elbo::{
    diagnose::{Findings, KhatShares, Scale, latent_summary, mutual_information, pareto_smoothed},
    distribution::{Gaussian, bernoulli::Binarise},
    divergence::KullbackLeibler,
    engine::Reader,
    fit::Finished,
    guide::{Covariance, Encoded, PerDatum},
    infer::{InferConfig, bounds, infer, log_weights},
    likelihood::{Likelihood, Support},
    minibatch::Minibatch,
    objective::Objective,
    random::{Key, Purpose},
    terms::{Mean, Weights},
    train::Inference,
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

/// Rows at most whose q are found one by one, where each has its own.
const OWN: usize = 100;

/// Some rows, and the q of each that the fit is about: the encoder's, or each row's own.
pub(super) struct Inferred {
    pub(super) rows: Minibatch,
    pub(super) q: Encoded,
}

impl Inferred {
    /// Of the first rows where each has its own q: it is found anew, for a fit keeps those of its last epoch alone.
    pub(super) fn of(
        reader: &dyn Reader,
        config: &Config,
        mut rows: Minibatch,
        key: Key,
    ) -> Result<Self, Error> {
        if config.fit.train.inference == Inference::Amortised {
            let q = reader.encode(&rows.values)?;
            return Ok(Self { rows, q });
        }
        rows.rows.truncate(OWN);
        rows.values.truncate(rows.rows.len() * rows.width);
        let start = PerDatum::start(&reader.encode(&rows.values)?, reader.latent(), Covariance::Diagonal)?;
        let (settings, key) = (InferConfig::default(), key.purpose(Purpose::PerDatum));
        let found = infer(&*reader.joint()?, &rows, &start, &settings, key, |_| ())?.q;
        let mut q = Encoded { mean: Vec::new(), standard_deviation: Vec::new(), kl: Vec::new() };
        for row in 0..found.rows() {
            for (&mean, sd) in found.mean(row).iter().zip(found.standard_deviation(row)) {
                q.mean.push(mean as f32);
                q.standard_deviation.push(sd as f32);
                q.kl.push(Gaussian::new(mean, sd)?.kl(&Gaussian::new(0.0, 1.0)?)? as f32);
            }
        }
        Ok(Self { rows, q })
    }

    /// The mean KL(q ‖ p(z)), in nats.
    pub(super) fn mean_kl(&self) -> f64 {
        mean(&self.q.kl, self.rows.rows.len())
    }
}

fn mean(kl: &[f32], rows: usize) -> f64 {
    kl.iter().map(|&kl| f64::from(kl)).sum::<f64>() / rows as f64
}

/// What a look at an auto-encoder and some rows tells; `config` is what it was fitted with.
pub(super) fn of_rows(
    reader: &dyn Reader,
    config: &Config,
    Inferred { rows, q: encoded }: &Inferred,
    key: Key,
) -> Result<Findings, Error> {
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
        columns: rows.width,
        scale: scale(reader, rows, encoded, key.purpose(Purpose::Noise), config)?,
        ..Findings::default()
    })
}

/// Draws of z a row by which the residuals are measured, and rows below which their mean square says little of σ.
const DRAWS: u64 = 16;
const FEW: usize = 20;

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
    if reader.check_one_gaussian_layer().is_err() || rows.rows.len() < FEW {
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
const WEIGHED: (usize, usize) = (500, 500);

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

/// k̂, and the gap of log p(x) over the bound that was maximised, from draws of q, of the first of the rows given; their log
/// p(x), estimated from below.
pub(super) fn of_weights(
    reader: &dyn Reader,
    config: &Config,
    Inferred { rows, q }: &Inferred,
    key: Key,
    findings: &mut Findings,
) -> Result<Option<Vec<f64>>, Error> {
    if reader.check_one_gaussian_layer().is_err() {
        return Ok(None);
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
    let some = |values: &[f32]| values[..number * reader.latent()].to_vec();
    let (mean, standard_deviation) = (some(&q.mean), some(&q.standard_deviation));
    let encoded = Encoded { mean, standard_deviation, kl: Vec::new() };
    let q = PerDatum::start(&encoded, reader.latent(), Covariance::Diagonal)?;
    let draws = WEIGHED.1.max(4 * k).next_multiple_of(k);
    let weights = log_weights(&*reader.joint()?, rows, &q, draws, key.purpose(Purpose::Evaluate))?;
    let (mut evidence, mut gaps, mut khats) = (Vec::new(), Vec::new(), Vec::new());
    for weights in weights.chunks(draws) {
        let log_mean = weights.iter().copied().collect::<Weights>().log_mean();
        evidence.push(log_mean);
        gaps.push(log_mean - bounds(weights, draws, k)[0].value);
        khats.extend(pareto_smoothed(weights)?.khat);
    }
    findings.inference_gap = (number > 1).then(|| Mean::of(&gaps));
    findings.khat = KhatShares::of(&khats, draws);
    Ok(Some(evidence))
}
