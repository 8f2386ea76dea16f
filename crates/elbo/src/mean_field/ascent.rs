//! Coordinate ascent: sweeps over the factors until the bound no longer rises (E21).

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    Error,
    check::{self, checked},
    terms::Bound,
};

/// How much of the size of its terms a bound may fall by rounding.
const ROUNDING: f64 = 1e-10;

/// A model whose factors have exact updates.
pub trait MeanField {
    /// The names of the factors, in the order of a sweep: `q(μ)`.
    fn factors(&self) -> Vec<String>;

    /// Sets factor number `factor` of [`Self::factors`] to its optimum given the others.
    ///
    /// # Errors
    /// Where the optimum is not a distribution: a parameter overflowed, a matrix is not positive definite.
    ///
    /// # Panics
    /// Where there is no such factor.
    fn update(&mut self, factor: usize) -> Result<(), Error>;

    /// The exact ELBO at the present factors, in nats of the whole data set, every constant kept.
    ///
    /// Its log-likelihood is E_q\[log p(x|z, θ)\], its KL that of the latents that belong to rows,
    /// E_q\[log q(z) − log p(z|θ)\], and its global term −KL(q(θ) ‖ p(θ)).
    fn bound(&self) -> Bound;
}

/// A fit that can be kept between two sweeps, and gone on with to the same bits.
pub trait Resumable: MeanField {
    /// What the next sweep needs of the fit, and its factors, to the bit; the data and the prior are no part of it.
    type State: Serialize + DeserializeOwned;

    /// The state after a sweep, or before the first.
    fn state(&self) -> Self::State;

    /// Takes a fit to the same data, under the same prior, to a state of an earlier one.
    ///
    /// # Errors
    /// Where the state is that of a fit of other sizes.
    fn restore(&mut self, state: Self::State) -> Result<(), Error>;
}

checked! {
    /// When coordinate ascent ends.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Ascent {
        /// It has converged when a sweep raises the bound by no more than this times its size.
        pub tolerance: f64,
        /// The most sweeps.
        pub sweeps: usize,
    }
}

impl Ascent {
    /// Checks its numbers.
    ///
    /// # Errors
    /// Where the tolerance is not a finite number ≥ 0, or there is no sweep.
    pub fn check(&self) -> Result<(), Error> {
        check::not_negative("the tolerance of the ascent", self.tolerance)?;
        check::at_least("the number of sweeps", self.sweeps, 1)
    }

    /// Whether the last of these sweeps raised the bound by too little to go on.
    pub fn has_converged(&self, bounds: &[Bound]) -> bool {
        let [.., before, last] = bounds else { return false };
        last.value() - before.value() <= self.tolerance * last.value().abs().max(1.0)
    }
}

impl Default for Ascent {
    fn default() -> Self {
        Self { tolerance: 1e-8, sweeps: 5000 }
    }
}

/// The course of an ascent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AscentTrace {
    /// The bound after each sweep, which never falls.
    pub bounds: Vec<Bound>,
    /// Whether it ended because the bound no longer rose.
    pub converged: bool,
}

impl AscentTrace {
    /// The bound at the end, in nats; −∞ of no sweep.
    pub fn last(&self) -> f64 {
        self.bounds.last().map_or(f64::NEG_INFINITY, Bound::value)
    }
}

/// Sweeps over the factors, each set to its optimum, until the bound no longer rises. `after` is told the number of the
/// sweep, from 1, and its bound.
///
/// # Errors
/// [`Error::BoundFell`] where an update lowers the bound by more than rounding, which no exact update does; where a bound
/// is not a number; where an update fails; where `ascent` has no sweep.
///
/// ```
/// use elbo::mean_field::{Ascent, ascend, normal_gamma::{Fit, Prior}};
/// let x = [4.1, 5.3, 6.2, 4.9, 5.5];
/// let mut fit = Fit::new(&x, Prior::default())?;
/// let record = ascend(&mut fit, &Ascent::default(), |_, _| {})?;
/// assert!(record.converged);
/// assert!((fit.posterior().mean - 5.2).abs() < 1e-3);
/// # Ok::<(), elbo::Error>(())
/// ```
pub fn ascend(
    model: &mut impl MeanField,
    ascent: &Ascent,
    mut after: impl FnMut(usize, &Bound),
) -> Result<AscentTrace, Error> {
    ascend_on(model, ascent, AscentTrace::default(), |_, record| {
        after(record.bounds.len(), &record.bounds[record.bounds.len() - 1]);
        ControlFlow::Continue(())
    })
}

/// The same from where an earlier ascent of the model had come, of which `record` is the course; the empty one is that of no
/// sweep. `after` is given the model and the course so far after each sweep, and may stop there.
///
/// # Errors
/// As [`ascend`].
///
/// ```
/// use elbo::mean_field::{Ascent, AscentTrace, Resumable, ascend_on, normal_gamma::{Fit, Prior}};
/// use std::ops::ControlFlow::{Break, Continue};
/// let (x, ascent) = ([4.1, 5.3, 6.2, 4.9, 5.5], Ascent::default());
/// let mut whole = Fit::new(&x, Prior::default())?;
/// let record = ascend_on(&mut whole, &ascent, AscentTrace::default(), |_, _| Continue(()))?;
/// // Stopped after its first sweep, kept, and gone on with.
/// let mut stopped = Fit::new(&x, Prior::default())?;
/// let first = ascend_on(&mut stopped, &ascent, AscentTrace::default(), |_, _| Break(()))?;
/// let mut resumed = Fit::new(&x, Prior::default())?;
/// resumed.restore(stopped.state())?;
/// assert_eq!(ascend_on(&mut resumed, &ascent, first, |_, _| Continue(()))?, record);
/// assert_eq!(resumed.posterior(), whole.posterior());
/// # Ok::<(), elbo::Error>(())
/// ```
pub fn ascend_on<M: MeanField>(
    model: &mut M,
    ascent: &Ascent,
    mut record: AscentTrace,
    mut after: impl FnMut(&M, &AscentTrace) -> ControlFlow<()>,
) -> Result<AscentTrace, Error> {
    ascent.check()?;
    let names = model.factors();
    record.converged = ascent.has_converged(&record.bounds);
    while !record.converged && record.bounds.len() < ascent.sweeps {
        let sweep = record.bounds.len() + 1;
        let mut before = record.bounds.last().copied();
        for (factor, name) in names.iter().enumerate() {
            model.update(factor)?;
            // Before the first sweep is over, factors may not have met the data.
            let bound = model.bound();
            check(name, sweep, before.filter(|_| sweep > 1), &bound)?;
            before = Some(bound);
        }
        record.bounds.push(before.unwrap_or_else(|| model.bound()));
        record.converged = ascent.has_converged(&record.bounds);
        if after(model, &record).is_break() {
            break;
        }
    }
    Ok(record)
}

fn check(factor: &str, sweep: usize, before: Option<Bound>, after: &Bound) -> Result<(), Error> {
    if !after.value().is_finite() {
        let what = format!("the bound after the update of {factor} in sweep {sweep}");
        check::finite(&what, after.value())?;
    }
    let Some(before) = before else { return Ok(()) };
    let size = |bound: &Bound| bound.log_likelihood.abs() + bound.kl.abs() + bound.global.abs();
    if after.value() >= before.value() - ROUNDING * size(&before).max(size(after)).max(1.0) {
        return Ok(());
    }
    let (before, after) = (before.value(), after.value());
    Err(Error::BoundFell { factor: factor.into(), sweep, before, after })
}

checked! {
    /// Deterministic annealing: sweeps at a temperature that falls to 1 before the ascent proper.
    ///
    /// The latents that belong to rows are tempered, q(z) ∝ exp(β E\[log p(x, z)\]), with β rising to 1 by equal factors: rows
    /// are at first shared by all components, which takes the fit past poor optima. What is maximised meanwhile is not the
    /// bound (Ueda and Nakano 1998; Katahira, Watanabe and Okada 2008).
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Annealing {
        /// β of the first sweep, in (0, 1).
        pub from: f64,
        /// Sweeps before β = 1.
        pub sweeps: usize,
    }
}

/// A model whose latents can be tempered.
pub trait Annealed: MeanField {
    /// Sets β, the inverse temperature of the latents that belong to rows.
    fn temper(&mut self, inverse_temperature: f64);
}

impl Annealing {
    /// Checks the first inverse temperature.
    ///
    /// # Errors
    /// Where `from` is outside (0, 1).
    pub fn check(&self) -> Result<(), Error> {
        check::between("the first inverse temperature", self.from, 0.0, 1.0).map(drop)
    }

    /// Takes a model through the falling temperatures, and leaves it at 1.
    ///
    /// # Errors
    /// Where `from` is outside (0, 1), or an update fails.
    pub fn run(&self, model: &mut impl Annealed) -> Result<(), Error> {
        (0..self.sweeps).try_for_each(|sweep| self.sweep(model, sweep))
    }

    /// The sweep of this number, from 0, at its temperature; it leaves the model at 1.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn sweep(&self, model: &mut impl Annealed, number: usize) -> Result<(), Error> {
        self.check()?;
        let left = 1.0 - number as f64 / self.sweeps as f64;
        model.temper(libm::pow(self.from, left));
        for factor in 0..model.factors().len() {
            model.update(factor)?;
        }
        model.temper(1.0);
        Ok(())
    }
}
