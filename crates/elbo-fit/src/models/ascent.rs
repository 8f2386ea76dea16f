//! The course of a fit: its starts, its sweeps, and what they say of how far it can be trusted.

use std::{ops::ControlFlow, time::Instant};

use elbo::{
    Error as Fault,
    diagnose::{
        Departure, Findings, KHAT_LIMIT, Residuals, Skewed, Starts, Transformed, Transforms, pareto_smoothed,
    },
    mean_field::{Annealing, Ascent, AscentTrace, MeanField, Resumable, ascend_on},
    terms::Bound,
};
use serde_json::value::RawValue;

use super::kept::{Climb, Keeper, State, SweepMetrics, packed, unpacked};
use crate::{
    error::Error,
    estimates::Estimates,
    observer::{Observer, ObserverExt, Sweep},
};

/// What the two divergences of a bound are of: what each row has of its own, and what all share.
pub(crate) const ROWS: [&str; 2] = ["rows", "θ"];

/// How far below the best bound a start counts as having reached it: in nats, or in units of the tolerance, each in what
/// the bound is, since an ascent ends where a sweep raises the bound by no more.
const REACHED: (f64, f64) = (1.0, 100.0);

/// How far below, in nats a row, a start is as good as the best for what p(x) says of a row.
const OF_A_ROW: f64 = 0.002;

/// Sweeps of the falling temperature.
const ANNEALED: usize = 30;

/// Draws of q behind k̂, and for how many operations they are made.
const DRAWS: usize = 1000;
const MOST_DRAWS: usize = 64_000;
const FEWEST_DRAWS: usize = 200;
const MOST_WORK: usize = 20_000_000_000;

/// Deterministic annealing that begins at this inverse temperature.
pub(crate) fn annealing(from: f64) -> Annealing {
    Annealing { from, sweeps: ANNEALED }
}

/// How a fit goes: with the data and the settings of the model, all that determines it.
pub struct FitContext<'a> {
    /// When it ends.
    pub ascent: Ascent,
    /// The seed of all that is random.
    pub seed: u64,
    /// Who watches.
    pub observer: &'a dyn Observer,
}

/// A fit by its best start.
#[derive(Debug)]
pub struct AscentResult {
    pub(crate) record: AscentTrace,
    /// The bound that each start reached.
    pub(crate) starts: Vec<f64>,
    /// The bound of each start as it began and after its first sweep.
    began: Vec<[f64; 2]>,
    /// What the two divergences are of.
    pub(crate) names: [&'static str; 2],
    pub(crate) seconds: f64,
    pub(crate) findings: Findings,
    /// How many rows took part, where some were left out.
    pub(crate) rows: Option<usize>,
    /// What `results.json` has beside the bound.
    pub(crate) found: Estimates,
}

impl Default for FitContext<'_> {
    /// The ascent's defaults, the seed 0, and nobody who watches.
    fn default() -> Self {
        Self { ascent: Ascent::default(), seed: 0, observer: &() }
    }
}

/// A fit that begins or goes on: how it goes, and where its states are kept.
#[derive(Clone, Copy)]
pub struct Fitting<'a> {
    pub(crate) ascent: Ascent,
    pub(crate) seed: u64,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) keeper: &'a Keeper<'a>,
}

/// What goes before the sweeps of a start: so many parts, and what makes the part of a number of a start's.
pub(crate) type WarmUp<'a, M> = (usize, &'a dyn Fn(&mut M, usize, usize) -> Result<(), Fault>);

/// A start that is under way.
struct Under<M> {
    start: usize,
    /// How much was done of what goes before its sweeps.
    warmed: usize,
    record: AscentTrace,
    model: M,
    /// Its bound as it began.
    first: f64,
}

/// A start that is over.
struct Over<M> {
    start: usize,
    model: M,
    record: AscentTrace,
    packed: Box<RawValue>,
}

/// What is known of all starts as one is under way.
struct Climbing<'a> {
    fitting: &'a Fitting<'a>,
    state: State,
    /// The sweeps since the last state.
    metrics: Vec<SweepMetrics>,
    began: Instant,
    before: f64,
}

impl Fitting<'_> {
    /// Ascends from what `begin` makes of each start's number, and keeps the best fit. `starts` is `None` of a model whose
    /// optimum does not depend on where it begins; `names` say what the two divergences are of.
    pub(crate) fn best<M: Resumable>(
        &self,
        starts: Option<usize>,
        names: [&'static str; 2],
        begin: impl FnMut(usize) -> Result<M, Fault>,
    ) -> Result<(M, AscentResult), Error> {
        self.warmed(starts, names, begin, (0, &|_, _, _| Ok(())))
    }

    /// The same, where something goes before the sweeps.
    pub(crate) fn warmed<M: Resumable>(
        &self,
        starts: Option<usize>,
        names: [&'static str; 2],
        begin: impl FnMut(usize) -> Result<M, Fault>,
        warm_up: WarmUp<'_, M>,
    ) -> Result<(M, AscentResult), Error> {
        self.observer.sweeps(starts.unwrap_or(1), names);
        let climbed = self.all(starts.unwrap_or(1), begin, warm_up);
        self.observer.sweeps_end();
        let (best, Climbing { state, began, before, .. }) = climbed?;
        let Over { model, record, .. } = best;
        let within = REACHED.0.max(REACHED.1 * self.ascent.tolerance * record.last().abs());
        let findings = Findings {
            converged: Some(record.converged),
            maximised_a_bound: Some(true),
            coordinate_ascent: true,
            starts: starts.map(|_| agreement(&state.bounds, &state.began, within)),
            ..Findings::default()
        };
        let course = AscentResult {
            record,
            starts: state.bounds,
            began: state.began,
            names,
            seconds: before + began.elapsed().as_secs_f64(),
            findings,
            rows: None,
            found: Estimates::default(),
        };
        Ok((model, course))
    }

    /// All starts that are left, and the best; a fit that is whole goes on from its best start, where the ascent now has
    /// more sweeps or a finer end.
    fn all<M: Resumable>(
        &self,
        starts: usize,
        mut begin: impl FnMut(usize) -> Result<M, Fault>,
        warm_up: WarmUp<'_, M>,
    ) -> Result<(Over<M>, Climbing<'_>), Error> {
        let state = self.keeper.resume(self.observer)?;
        let before = state.seconds;
        let mut begin = |start: usize| {
            let model = begin(start)?;
            let first = model.bound().value();
            Ok::<_, Fault>((model, first))
        };
        let mut climbing =
            Climbing { fitting: self, state, metrics: Vec::new(), began: Instant::now(), before };
        let mut restored = |packed: &RawValue, climbing: &Climbing<'_>| {
            let Climb { start, warmed, record, fit } = unpacked::<M::State>(packed)?;
            let over = climbing.state.bounds.len();
            if start > over || start >= starts || over > starts || warmed > warm_up.0 {
                return Err(Error::new("the state is that of a fit with other starts"));
            }
            let (mut model, first) = begin(start)?;
            model.restore(fit)?;
            Ok(Under { start, warmed, record, model, first })
        };
        let packed = climbing.state.best.clone();
        let mut best = packed
            .map(|packed| {
                let Under { start, record, model, .. } = restored(&packed, &climbing)?;
                Ok::<_, Error>(Over { start, model, record, packed })
            })
            .transpose()?;
        let mut now = climbing.state.now.take().map(|packed| restored(&packed, &climbing)).transpose()?;
        let over = climbing.state.bounds.len();
        if let Some(Under { start, warmed, record, .. }) = &now {
            let after = Climbing::after(*start, *warmed, record.bounds.len());
            self.observer.say("resumed", format!("after {after}"));
        } else if over > 0 {
            self.observer.say("resumed", format!("after {over} of {starts} starts"));
        }
        loop {
            let over = climbing.state.bounds.len();
            let at = match now.take() {
                Some(at) => at,
                None if over < starts => {
                    let (model, first) = begin(over)?;
                    Under { start: over, warmed: 0, record: AscentTrace::default(), model, first }
                }
                None => break,
            };
            self.keeper.open()?;
            let over = climbing.climb(at, warm_up)?;
            if over.start < climbing.state.bounds.len() {
                climbing.state.bounds[over.start] = over.record.last();
            } else {
                climbing.state.bounds.push(over.record.last());
            }
            let is_best =
                |best: &Over<M>| over.start == best.start || over.record.last() > best.record.last();
            if best.as_ref().is_none_or(is_best) {
                climbing.state.best = Some(over.packed.clone());
                best = Some(over);
            }
        }
        let mut best = best.ok_or_else(|| Error::new("there is no start"))?;
        // A whole fit that was asked to go on.
        if !self.is_over(&best.record) {
            let Over { start, model, record, .. } = best;
            let under = Under { start, warmed: warm_up.0, record, model, first: f64::NAN };
            best = climbing.climb(under, warm_up)?;
            climbing.state.bounds[start] = best.record.last();
            climbing.state.best = Some(best.packed.clone());
        }
        best.record.converged = self.ascent.has_converged(&best.record.bounds);
        climbing.keep()?;
        self.keeper.tell(best.record.bounds.len(), self.observer);
        Ok((best, climbing))
    }

    fn is_over(&self, record: &AscentTrace) -> bool {
        self.ascent.has_converged(&record.bounds) || record.bounds.len() >= self.ascent.sweeps
    }
}

impl Climbing<'_> {
    /// Takes a start to its end.
    fn climb<M: Resumable>(
        &mut self,
        Under { start, warmed, record, mut model, first }: Under<M>,
        (parts, warm_up): WarmUp<'_, M>,
    ) -> Result<Over<M>, Error> {
        let Fitting { observer, keeper, ascent, .. } = *self.fitting;
        for part in warmed..parts {
            warm_up(&mut model, start, part)?;
            let stops = observer.stops();
            if stops || keeper.is_due() {
                self.keep_now(start, part + 1, &AscentTrace::default(), &model)?;
            }
            if stops {
                return Err(keeper.stopped(&Self::after(start, part + 1, 0)));
            }
        }
        if self.state.sweeps.len() <= start {
            self.state.sweeps.resize(start + 1, 0);
        }
        let mut failed = None;
        let record = ascend_on(&mut model, &ascent, record, |model, record| {
            let (sweep, bound) = (record.bounds.len(), record.bounds[record.bounds.len() - 1]);
            observer.sweep(Sweep { start, sweep, bound: &bound });
            self.state.sweeps[start] = sweep;
            if self.state.began.len() <= start {
                let after = bound.value();
                self.state.began.push([if first.is_finite() { first } else { after }, after]);
            }
            self.metrics.push(SweepMetrics {
                start: start + 1,
                sweep,
                elbo: bound.value(),
                log_likelihood: bound.log_likelihood,
                kl: bound.kl,
                global: bound.global,
                seconds: self.before + self.began.elapsed().as_secs_f64(),
            });
            let stops = observer.stops();
            if stops || keeper.is_due() {
                failed = self.keep_now(start, parts, record, model).err();
            }
            if stops && failed.is_none() && !self.fitting.is_over(record) {
                failed = Some(keeper.stopped(&Self::after(start, parts, sweep)));
            }
            if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if let Some(failed) = failed {
            return Err(failed);
        }
        let climb = Climb { start, warmed: parts, record, fit: model.state() };
        let packed = packed(&climb)?;
        Ok(Over { start, model, record: climb.record, packed })
    }

    /// Writes the state with a start that is under way.
    fn keep_now<M: Resumable>(
        &mut self,
        start: usize,
        warmed: usize,
        record: &AscentTrace,
        model: &M,
    ) -> Result<(), Error> {
        let climb = Climb { start, warmed, record: record.clone(), fit: model.state() };
        self.state.now = Some(packed(&climb)?);
        self.keep()?;
        self.state.now = None;
        self.fitting.keeper.tell(record.bounds.len(), self.fitting.observer);
        Ok(())
    }

    fn keep(&mut self) -> Result<(), Error> {
        self.state.seconds = self.before + self.began.elapsed().as_secs_f64();
        self.fitting.keeper.keep(&self.state, &self.metrics)?;
        self.metrics.clear();
        Ok(())
    }

    /// Where a fit is, in words.
    fn after(start: usize, warmed: usize, sweep: usize) -> String {
        match sweep {
            0 => format!("part {warmed} of what goes before the sweeps of start {}", start + 1),
            sweep => format!("sweep {sweep} of start {}", start + 1),
        }
    }
}

/// How many starts came within so many nats of the best, and how many of these began apart: with bounds that differ by
/// more than a nat, before the first sweep or after it.
fn agreement(bounds: &[f64], began: &[[f64; 2]], within: f64) -> Starts {
    let best = bounds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let reached: Vec<usize> = (0..bounds.len()).filter(|&start| bounds[start] >= best - within).collect();
    let mut apart: Vec<[f64; 2]> = Vec::new();
    let differ = |a: &[f64; 2], b: &[f64; 2]| a.iter().zip(b).any(|(a, b)| (a - b).abs() > REACHED.0);
    for first in reached.iter().filter_map(|&start| began.get(start).copied()) {
        if apart.iter().all(|other| differ(&first, other)) {
            apart.push(first);
        }
    }
    Starts { starts: bounds.len(), reached: reached.len(), apart: apart.len(), within }
}

/// Holds the rows of a column against a linear model of it, by the residuals: what is given of each row has a name.
pub(crate) fn judge_rows(
    findings: &mut Findings,
    residuals: &Residuals<'_>,
    column: &str,
    given: Vec<(String, Vec<f64>)>,
) {
    let Some(values) = residuals.transforms() else { return };
    let weights = residuals.weights.map(Into::into);
    let of = Transforms { columns: vec![column.into()], values, weights, lengths: Vec::new(), given };
    findings.transformed = of.test();
    findings.in_no_order = of.test_order();
    findings.dependent = findings.in_no_order.as_ref().map(|_| of.widened());
}

/// What the column is that is skewed, where that is what is farthest from p(x); its values as stored are asked for by its name.
pub(crate) fn judge_skew(
    findings: &mut Findings,
    stored: impl FnOnce(&str) -> Vec<f64>,
    weights: Option<&[f64]>,
) {
    let Some(Transformed { departure: Departure::Skew, column: Some(column), .. }) = &findings.transformed
    else {
        return;
    };
    findings.skewed = Some(Skewed::of(&stored(column), weights));
}

/// The largest of some factors; 1 where none is larger, and NaN where one is.
pub(crate) fn largest_factor(factors: impl IntoIterator<Item = f64>) -> f64 {
    // Not `max`, which drops a NaN.
    factors
        .into_iter()
        .fold(1.0, |most: f64, factor| if most.is_nan() || factor <= most { most } else { factor })
}

impl AscentResult {
    /// Takes starts for as good as the best whose bound is as good for what p(x) says of each of so many rows.
    pub(crate) fn compare_starts(&mut self, rows: f64) {
        if let Some(of) = self.findings.starts {
            let within = of.within.max(OF_A_ROW * rows);
            self.findings.starts = Some(agreement(&self.starts, &self.began, within));
        }
    }

    /// k̂ of q, and an estimate of `evidence`, from the log weights of as many draws of q as are asked for, each of so many
    /// operations, of more where k̂ is near its limit; `None` where they would take too long.
    pub(crate) fn weigh(
        &mut self,
        operations: usize,
        log_weights: impl Fn(usize) -> Result<Vec<f64>, Fault>,
    ) -> Result<Option<Weighed>, Error> {
        let most = MOST_WORK / operations.max(1);
        let mut draws = most.min(DRAWS);
        if draws < FEWEST_DRAWS {
            return Ok(None);
        }
        let mut weights = pareto_smoothed(&log_weights(draws)?)?;
        // Near the limit the verdict would hang on the draws.
        let near = |khat: f64, error: f64| (khat - KHAT_LIMIT).abs() < 3.0 * error;
        while weights.khat.zip(weights.khat_error()).is_some_and(|(khat, error)| near(khat, error))
            && 4 * draws <= most.min(MOST_DRAWS)
        {
            draws *= 4;
            weights = pareto_smoothed(&log_weights(draws)?)?;
        }
        self.findings.parameters_khat_error = weights.khat_error();
        // Weights that are all alike have no tail.
        let khat = weights.khat.filter(|khat| *khat > f64::NEG_INFINITY);
        self.findings.parameters_khat = khat;
        self.findings.posterior_is_known = weights.khat == Some(f64::NEG_INFINITY);
        Ok(Some(Weighed { estimate: weights.log_mean_weight, khat }))
    }
}

/// What draws of q say of the evidence.
pub(crate) struct Weighed {
    /// In nats.
    pub(crate) estimate: f64,
    pub(crate) khat: Option<f64>,
}

/// The headline of an estimate of this evidence.
pub(crate) fn told(evidence: &str, weighed: Option<&Weighed>) -> (String, String) {
    let text = match weighed {
        None => format!("{evidence} and k̂ are not checked: draws of q would take too long"),
        Some(Weighed { estimate, khat }) => {
            let khat = khat.map_or("–".into(), |khat| format!("{khat:.2}"));
            format!("{evidence} ≈ {estimate:.4} nats by draws of q; k̂ = {khat}")
        }
    };
    ("estimate".into(), text)
}

/// A fit whose bound is told as another, of the same ascent: that of the stored rows, for one.
pub(crate) struct Restated<M, F> {
    pub(crate) fit: M,
    /// The bound that is told, of the fit's own.
    pub(crate) restate: F,
}

/// The bound of the stored rows, of that of the scaled ones, which is so many nats above.
pub(crate) fn of_stored(log_volume: f64) -> impl Fn(Bound) -> Bound + Copy {
    move |bound| Bound { log_likelihood: bound.log_likelihood - log_volume, ..bound }
}

impl<M: MeanField, F: Fn(Bound) -> Bound> MeanField for Restated<M, F> {
    fn factors(&self) -> Vec<String> {
        self.fit.factors()
    }

    fn update(&mut self, factor: usize) -> Result<(), Fault> {
        self.fit.update(factor)
    }

    fn bound(&self) -> Bound {
        (self.restate)(self.fit.bound())
    }
}

impl<M: Resumable, F: Fn(Bound) -> Bound> Resumable for Restated<M, F> {
    type State = M::State;

    fn state(&self) -> M::State {
        self.fit.state()
    }

    fn restore(&mut self, state: M::State) -> Result<(), Fault> {
        self.fit.restore(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_that_is_no_number_is_told() {
        assert_eq!(largest_factor([0.9, 1.7, 1.2]), 1.7);
        assert_eq!(largest_factor([0.9, 0.8]), 1.0);
        assert!(largest_factor([1.1, f64::NAN, 2.0]).is_nan());
    }
}
