//! The course of a fit: its starts, its sweeps, and what they say of how far it can be trusted.

use std::time::Instant;

use elbo::{
    Error as Fault,
    diagnose::{Findings, Starts, pareto_smoothed},
    mean_field::{Annealing, Ascent, Best, MeanField, Record, best_of},
    terms::Bound,
};
use serde::Serialize;

use crate::{
    error::Error,
    found::Found,
    observer::{Observer, Sweep},
};

/// What the two divergences of a bound are of: what each row has of its own, and what all share.
pub(crate) const ROWS: [&str; 2] = ["rows", "θ"];

/// How far below the best bound a start counts as having reached it: in nats, or in units of the tolerance, each in what
/// the bound is, since an ascent ends where a sweep raises the bound by no more.
const REACHED: (f64, f64) = (1.0, 100.0);

/// Sweeps of the falling temperature.
const ANNEALED: usize = 30;

/// Draws of q behind k̂, and for how many operations they are made.
const DRAWS: usize = 1000;
const MOST_WORK: usize = 20_000_000_000;

/// Deterministic annealing that begins at this inverse temperature.
pub(crate) fn annealing(from: f64) -> Annealing {
    Annealing { from, sweeps: ANNEALED }
}

/// A line of `metrics.jsonl`.
#[derive(Debug, Serialize)]
pub(crate) struct SweepMetrics {
    start: usize,
    sweep: usize,
    elbo: f64,
    log_likelihood: f64,
    kl: f64,
    global: f64,
    seconds: f64,
}

/// How a fit goes: with the data and the settings of the model, all that determines it.
pub struct Run<'a> {
    /// When it ends.
    pub ascent: Ascent,
    /// The seed of all that is random.
    pub seed: u64,
    /// Who watches.
    pub observer: &'a dyn Observer,
}

/// A fit by its best start.
#[derive(Debug)]
pub struct Course {
    pub(crate) record: Record,
    /// The bound that each start reached.
    pub(crate) starts: Vec<f64>,
    /// What the two divergences are of.
    pub(crate) names: [&'static str; 2],
    pub(crate) metrics: Vec<SweepMetrics>,
    pub(crate) seconds: f64,
    pub(crate) findings: Findings,
    /// What `results.json` has beside the bound.
    pub(crate) found: Found,
}

impl Default for Run<'_> {
    /// The ascent's defaults, the seed 0, and nobody who watches.
    fn default() -> Self {
        Self { ascent: Ascent::default(), seed: 0, observer: &() }
    }
}

impl Run<'_> {
    /// Ascends from what `begin` makes of each start's number, and keeps the best fit. `starts` is `None` of a model whose
    /// optimum does not depend on where it begins; `names` say what the two divergences are of.
    pub(crate) fn best<M: MeanField>(
        &self,
        starts: Option<usize>,
        names: [&'static str; 2],
        begin: impl FnMut(usize) -> Result<M, Fault>,
    ) -> Result<(M, Course), Error> {
        let number = starts.unwrap_or(1);
        self.observer.sweeps(number, names);
        let (began, mut metrics) = (Instant::now(), Vec::new());
        let watch = |start: usize, sweep: usize, bound: &Bound| {
            self.observer.sweep(Sweep { start, sweep, bound });
            metrics.push(SweepMetrics {
                start: start + 1,
                sweep,
                elbo: bound.value(),
                log_likelihood: bound.log_likelihood,
                kl: bound.kl,
                global: bound.global,
                seconds: began.elapsed().as_secs_f64(),
            });
        };
        let best = best_of(number, begin, &self.ascent, watch)?;
        let within = REACHED.0.max(REACHED.1 * self.ascent.tolerance * best.record.last().abs());
        let reached = best.reached(within);
        let findings = Findings {
            converged: Some(best.record.converged),
            maximised_a_bound: Some(true),
            coordinate_ascent: true,
            starts: starts.map(|starts| Starts { starts, reached, within }),
            ..Findings::default()
        };
        let Best { model, record, bounds, .. } = best;
        let course = Course {
            record,
            starts: bounds,
            names,
            metrics,
            seconds: began.elapsed().as_secs_f64(),
            findings,
            found: Found::default(),
        };
        Ok((model, course))
    }
}

impl Course {
    /// k̂ of q, and an estimate of `evidence`, from the log weights of as many draws of q as are asked for, each of so many
    /// operations: the headline that tells them, or that they would take too long.
    pub(crate) fn weigh(
        &mut self,
        evidence: &str,
        operations: usize,
        log_weights: impl FnOnce(usize) -> Result<Vec<f64>, Fault>,
    ) -> Result<(String, String), Error> {
        let told = if operations.saturating_mul(DRAWS) > MOST_WORK {
            format!("{evidence} and k̂ are left out: {DRAWS} draws of q would take too long")
        } else {
            let weights = pareto_smoothed(&log_weights(DRAWS)?)?;
            // Weights that are all alike have no tail.
            let khat = weights.khat.filter(|khat| *khat > f64::NEG_INFINITY);
            self.findings.parameters_khat = khat;
            let khat = khat.map_or("–".into(), |khat| format!("{khat:.2}"));
            format!("{evidence} ≈ {:.4} nats by draws of q; k̂ = {khat}", weights.log_mean_weight)
        };
        Ok(("estimate".into(), told))
    }
}

/// A fit to scaled rows, with the bound of the stored ones.
pub(crate) struct Stored<M> {
    pub(crate) fit: M,
    /// What the bound of scaled rows is above that of the stored ones, in nats.
    pub(crate) log_volume: f64,
}

impl<M: MeanField> MeanField for Stored<M> {
    fn factors(&self) -> Vec<String> {
        self.fit.factors()
    }

    fn update(&mut self, factor: usize) -> Result<(), Fault> {
        self.fit.update(factor)
    }

    fn bound(&self) -> Bound {
        let bound = self.fit.bound();
        Bound { log_likelihood: bound.log_likelihood - self.log_volume, ..bound }
    }
}
