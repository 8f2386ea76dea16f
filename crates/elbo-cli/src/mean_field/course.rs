//! The course of a fit: its starts, its sweeps, and what they say of how far it can be trusted.

use std::time::Instant;

use clap::Args;
use elbo::{
    Error as Fault,
    diagnose::{Findings, Starts, pareto_smoothed},
    mean_field::{Annealing, Best, MeanField, Record, best_of},
    objective::Bound,
};
use serde::Serialize;

use super::Ascent;
use crate::{arguments::parse_fraction, error::Error, run::Run, tell};

/// What the two divergences of a bound are of: what each row has of its own, and what all share.
pub(super) const ROWS: [&str; 2] = ["rows", "θ"];

/// How far below the best bound a start counts as having reached it: in nats, or in units of the tolerance, each in what
/// the bound is, since an ascent ends where a sweep raises the bound by no more.
const REACHED: (f64, f64) = (1.0, 100.0);

/// Sweeps of the falling temperature.
const ANNEALED: usize = 30;

/// Draws of q behind k̂, and for how many operations they are made.
const DRAWS: usize = 1000;
const MOST_WORK: usize = 20_000_000_000;

/// Deterministic annealing, of models whose latents can be tempered.
#[derive(Args, Debug)]
pub(super) struct Anneal {
    /// Deterministic annealing: the inverse temperature to begin at, as 0.4.
    #[arg(long, value_name = "BETA", value_parser = parse_fraction, help_heading = "Ascent")]
    anneal: Option<f64>,
}

impl Anneal {
    pub(super) fn schedule(&self) -> Option<Annealing> {
        self.anneal.map(|from| Annealing { from, sweeps: ANNEALED })
    }
}

/// A line of `metrics.jsonl`.
#[derive(Serialize)]
pub(super) struct Metrics {
    start: usize,
    sweep: usize,
    elbo: f64,
    log_likelihood: f64,
    kl: f64,
    global: f64,
    seconds: f64,
}

/// Watches the sweeps of a fit, and writes them down.
struct Watch {
    start: Instant,
    last: Option<Instant>,
    metrics: Vec<Metrics>,
    several: bool,
}

/// A line is told for the first sweeps, and then at most in so many seconds.
const QUIET: f64 = 1.0;
const FIRST: usize = 3;

impl Watch {
    fn new(starts: usize, [rows, shared]: [&str; 2]) -> Self {
        let several = starts > 1;
        let start = if several { format!("{:>5} | ", "start") } else { String::new() };
        tell(format!(
            "\n{start}{:>5} | {:>16} = {:>16} - {:>14} - {:>12}",
            "sweep",
            "ELBO, nats",
            "log-lik",
            format!("KL of {rows}"),
            format!("KL of {shared}")
        ));
        Self { start: Instant::now(), last: None, metrics: Vec::new(), several }
    }

    /// A sweep is done.
    fn sweep(&mut self, start: usize, sweep: usize, bound: &Bound) {
        let quiet = self.last.is_some_and(|last| last.elapsed().as_secs_f64() < QUIET);
        if !quiet || (start == 0 && sweep <= FIRST) {
            self.line(start, sweep, bound);
            self.last = Some(Instant::now());
        }
        self.metrics.push(Metrics {
            start: start + 1,
            sweep,
            elbo: bound.value(),
            log_likelihood: bound.log_likelihood,
            kl: bound.kl,
            global: bound.global,
            seconds: self.start.elapsed().as_secs_f64(),
        });
    }

    fn line(&self, start: usize, sweep: usize, bound: &Bound) {
        let start = if self.several { format!("{:>5} | ", start + 1) } else { String::new() };
        tell(format!(
            "{start}{sweep:>5} | {:>16.4} = {:>16.4} - {:>14.4} - {:>12.4}",
            bound.value(),
            bound.log_likelihood,
            bound.kl,
            // Not −bound.global, which makes −0 of nothing.
            0.0 - bound.global
        ));
    }
}

/// A fit by its best start.
pub(super) struct Course {
    pub(super) record: Record,
    /// The bound that each start reached.
    pub(super) starts: Vec<f64>,
    /// What the two divergences are of.
    pub(super) names: [&'static str; 2],
    pub(super) metrics: Vec<Metrics>,
    pub(super) seconds: f64,
    pub(super) findings: Findings,
    /// What `results.json` has beside the bound, by name.
    pub(super) more: serde_json::Map<String, serde_json::Value>,
}

impl Ascent {
    /// Ascends from what `begin` makes of each start's number, and keeps the best fit. `starts` is `None` of a model whose
    /// optimum does not depend on where it begins; `names` say what the two divergences are of.
    pub(super) fn best<M: MeanField>(
        &self,
        starts: Option<usize>,
        names: [&'static str; 2],
        begin: impl FnMut(usize) -> Result<M, Fault>,
    ) -> Result<(M, Course), Error> {
        Run::check(&self.runs, self.known_name(), self.name.is_some())?;
        let number = starts.unwrap_or(1);
        let mut watch = Watch::new(number, names);
        let ascent = self.config();
        let best = best_of(number, begin, &ascent, |start, sweep, bound| watch.sweep(start, sweep, bound))?;
        let within = REACHED.0.max(REACHED.1 * ascent.tolerance * best.record.last().abs());
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
            metrics: watch.metrics,
            seconds: watch.start.elapsed().as_secs_f64(),
            findings,
            more: serde_json::Map::new(),
        };
        Ok((model, course))
    }
}

impl Course {
    /// What `results.json` has under a name.
    pub(super) fn keep(&mut self, name: &str, value: &impl Serialize) -> Result<(), Error> {
        self.more.insert(name.into(), serde_json::to_value(value)?);
        Ok(())
    }

    /// k̂ of q, and an estimate of `evidence`, from the log weights of as many draws of q as are asked for, each of so many
    /// operations: the headline that tells them, or that they would take too long.
    pub(super) fn weigh(
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
pub(super) struct Stored<M> {
    pub(super) fit: M,
    /// What the bound of scaled rows is above that of the stored ones, in nats.
    pub(super) log_volume: f64,
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
