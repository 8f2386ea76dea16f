//! Where the nats are lost, datum by datum (E24):
//!
//! log p(x) − ELBO(q_φ) = [log p(x) − ELBO(q_ψ*)] + [ELBO(q_ψ*) − ELBO(q_φ)],
//!
//! the approximation gap, which no better encoder closes, and the amortisation gap, which no better family closes (Cremer,
//! Li, Duvenaud 2018). ψ* is found by [`infer`] from the encoder's q_φ; log p(x) is estimated by importance sampling from
//! q_ψ*, whose weights vary less than q_φ's. All in nats.

use serde::{Deserialize, Serialize};

use super::pareto_smoothed;
use crate::{
    Error, check,
    engine::Reader,
    guide::{Covariance, PerDatum},
    infer::{InferConfig, infer, log_weights},
    minibatch::Minibatch,
    random::{Key, Purpose},
    terms::{Mean, Weights},
};

/// How a ledger is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LedgerConfig {
    /// The family of the best q_ψ; that of an encoder is diagonal.
    pub covariance: Covariance,
    /// How it is found; by the ELBO, whatever k is given.
    pub infer: InferConfig,
    /// Draws of z a row for each of the three figures.
    pub draws: usize,
}

/// The ledger of one row, in nats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaps {
    /// Its number in the data.
    pub row: usize,
    /// log p(x), estimated from below: the logarithm of the mean weight under q_ψ*.
    pub log_evidence: f64,
    /// ELBO(q_ψ*), by the same draws, so that never more than that.
    pub per_datum: f64,
    /// ELBO(q_φ), by the same ε.
    pub amortised: f64,
    /// k̂ of the weights under q_φ (E25); none where too few differ.
    pub khat: Option<f64>,
    /// The same under q_ψ*.
    pub per_datum_khat: Option<f64>,
    /// Effective number of the draws behind `log_evidence`.
    pub effective_sample_size: f64,
    /// Whether the search for ψ* converged.
    pub converged: bool,
}

impl Gaps {
    /// log p(x) − ELBO(q_ψ*) ≥ 0.
    pub fn approximation(&self) -> f64 {
        self.log_evidence - self.per_datum
    }

    /// ELBO(q_ψ*) − ELBO(q_φ): ≥ 0 but for the noise of the draws.
    pub fn amortisation(&self) -> f64 {
        self.per_datum - self.amortised
    }
}

/// The ledger of some rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GapLedger {
    /// One entry for each row, in the order of the data.
    pub rows: Vec<Gaps>,
}

/// Means over the rows with standard errors, nats per datum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LedgerSummary {
    /// log p(x), estimated from below.
    #[serde(rename = "log_density", alias = "log_evidence")]
    pub log_evidence: Mean,
    /// The best per-datum bound.
    pub per_datum: Mean,
    /// The encoder's bound.
    pub amortised: Mean,
    /// log p(x) less the best per-datum bound.
    pub approximation_gap: Mean,
    /// The best per-datum bound less the encoder's.
    pub amortisation_gap: Mean,
}

impl GapLedger {
    /// Means over the rows.
    pub fn summary(&self) -> LedgerSummary {
        let mean = |of: fn(&Gaps) -> f64| Mean::of(&self.rows.iter().map(of).collect::<Vec<_>>());
        LedgerSummary {
            log_evidence: mean(|gaps| gaps.log_evidence),
            per_datum: mean(|gaps| gaps.per_datum),
            amortised: mean(|gaps| gaps.amortised),
            approximation_gap: mean(Gaps::approximation),
            amortisation_gap: mean(Gaps::amortisation),
        }
    }

    /// The rows that lose the most between log p(x) and the encoder's bound, the worst first.
    pub fn worst(&self, number: usize) -> Vec<Gaps> {
        let mut rows = self.rows.clone();
        rows.sort_by(|a, b| (b.log_evidence - b.amortised).total_cmp(&(a.log_evidence - a.amortised)));
        rows.truncate(number);
        rows
    }
}

/// Rows whose weights are in memory at a time.
const ROWS: usize = 64;

/// The ledger of each row of `data`; noise keyed by `key`. `watch` is told of rows as they are done, each twice: when ψ* is
/// found and when its figures are.
///
/// Runs on rayon's current thread pool; the result does not depend on its size.
///
/// # Errors
/// Where z is not one layer of Gaussians, a setting is impossible, the data do not fit the model, or a value is not finite.
pub fn gap_ledger(
    reader: &dyn Reader,
    data: &Minibatch,
    config: &LedgerConfig,
    key: Key,
    watch: impl Fn(usize) + Sync,
) -> Result<GapLedger, Error> {
    reader.check_one_gaussian_layer()?;
    let encoded = reader.encode(&data.values)?;
    check::at_least("draws", config.draws, 1)?;
    let joint = reader.joint()?;
    let latent = reader.latent();
    let encoder = PerDatum::start(&encoded, latent, Covariance::Diagonal)?;
    let start = PerDatum::start(&encoded, latent, config.covariance)?;
    let settings = InferConfig { importance_samples: 1, ..config.infer };
    let best = infer(&*joint, data, &start, &settings, key.purpose(Purpose::Noise), &watch)?;
    let draws = key.purpose(Purpose::Evaluate);
    let mut ledger = GapLedger::default();
    for from in (0..data.rows.len()).step_by(ROWS) {
        let range = from..data.rows.len().min(from + ROWS);
        let piece = Minibatch {
            rows: data.rows[range.clone()].to_vec(),
            values: data.values[range.start * data.width..range.end * data.width].to_vec(),
            ..*data
        };
        let weights =
            |q: &PerDatum| log_weights(&*joint, &piece, &q.select(range.clone()), config.draws, draws);
        let (amortised, per_datum) = (weights(&encoder)?, weights(&best.q)?);
        let pairs = amortised.chunks(config.draws).zip(per_datum.chunks(config.draws));
        for ((amortised, per_datum), (place, &row)) in pairs.zip(range.clone().zip(&piece.rows)) {
            let mean = |weights: &[f64]| weights.iter().sum::<f64>() / weights.len() as f64;
            let smoothed = pareto_smoothed(per_datum)?;
            ledger.rows.push(Gaps {
                row,
                log_evidence: per_datum.iter().copied().collect::<Weights>().log_mean(),
                per_datum: mean(per_datum),
                amortised: mean(amortised),
                khat: pareto_smoothed(amortised)?.khat,
                per_datum_khat: smoothed.khat,
                effective_sample_size: smoothed.effective_sample_size,
                converged: best.converged[place],
            });
        }
        watch(range.len());
    }
    Ok(ledger)
}
