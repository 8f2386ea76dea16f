//! The verdict benchmark: fits to simulated data whose truth is known, some made to fail, and how often their verdict is
//! wrong.
//!
//! A [`Generator`] draws data from one truth and fits one model to them. What came of it is [`Judged`] by that truth alone,
//! never by the verdict: the fit is wrong where
//!
//! - its density of new rows lies more than max(0.05 nats a row, 3 standard errors) below that of the truth,
//! - a reported mean is more than half a posterior standard deviation from the exact one,
//! - a reported standard deviation is off by more than 30 %, or
//! - the 90 % intervals cover less than 80 %, over all fits of the generator.
//!
//! Generators alternate between two [`Half`]s: thresholds of the rules are set on one, and the rates that
//! `docs/verdict.md` tells are measured on the other.

mod auto_encoder;
mod draw;
mod normal;
mod rates;
mod table;

pub use draw::Draw;
use std::fmt::Write as _;

use elbo::{
    diagnose::{Claim, Level, Verdict},
    terms::Mean,
};
pub use rates::{Rate, Rates};
use rayon::prelude::*;
pub use table::{Rows, fit_rows};

/// What goes wrong with a fit of the benchmark stops it: every generator is meant to be fitted.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// How much nats a row may be lost, at the least.
const LOST: f64 = 0.05;
/// By how many standard errors they must be lost.
const STANDARD_ERRORS: f64 = 3.0;
/// Posterior standard deviations by which a mean may be off.
const MEANS: f64 = 0.5;
/// The factor by which a standard deviation may be off.
const DEVIATIONS: f64 = 1.3;
/// The share of 90 % intervals that must cover.
const COVERED: f64 = 0.8;

/// A truth from which data are drawn, and the model that is fitted to them.
pub struct Generator {
    /// The model, as `mixture`.
    pub model: &'static str,
    /// What is drawn, as `heavy tails, 200 rows`.
    pub name: String,
    /// The fit of a seed.
    pub fit: Box<dyn Fn(u64) -> Result<Judged, Error> + Send + Sync>,
}

impl Generator {
    /// Of a model, under a name.
    pub fn new(
        model: &'static str,
        name: impl Into<String>,
        fit: impl Fn(u64) -> Result<Judged, Error> + Send + Sync + 'static,
    ) -> Self {
        Self { model, name: name.into(), fit: Box::new(fit) }
    }
}

/// Which part of the generators one belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// On which thresholds are set.
    Set,
    /// On which rates are measured.
    Measured,
}

/// A verdict, and what the truth says of the fit. What is `None` is not known of the truth.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// The log density of new rows under the truth minus that under the fit, in nats a row.
    pub lost: Option<Mean>,
    /// The largest distance of a reported mean from the exact one, in exact posterior standard deviations.
    pub means: Option<f64>,
    /// The largest factor, ≥ 1, between a reported standard deviation and the exact one.
    pub deviations: Option<f64>,
    /// Of the 90 % intervals, how many hold the truth, and how many there are.
    pub covered: [usize; 2],
}

impl Judged {
    /// Of a verdict of which the truth says nothing yet.
    pub fn new(verdict: Verdict) -> Self {
        Self { verdict, lost: None, means: None, deviations: None, covered: [0, 0] }
    }

    /// Whether the fit by itself is wrong.
    fn is_wrong(&self) -> bool {
        // What is no number is wrong.
        let lost =
            |lost: Mean| lost.value.is_nan() || lost.value > LOST.max(STANDARD_ERRORS * lost.standard_error);
        let beyond =
            |value: Option<f64>, most: f64| value.is_some_and(|value| value.is_nan() || value > most);
        self.lost.is_some_and(lost) || beyond(self.means, MEANS) || beyond(self.deviations, DEVIATIONS)
    }
}

/// A fit of the benchmark.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The model.
    pub model: &'static str,
    /// The generator.
    pub generator: String,
    /// Its half.
    pub half: Half,
    /// The seed.
    pub seed: u64,
    /// What came of it.
    pub judged: Judged,
    /// Whether the fit is wrong, by itself or by the coverage of its generator.
    pub wrong: bool,
}

/// All generators, a model after the other.
pub fn generators() -> Vec<Generator> {
    [auto_encoder::generators(), normal::generators()].into_iter().flatten().collect()
}

/// Fits each generator so many times, on rayon's current thread pool. The outcome does not depend on its size.
///
/// # Errors
/// Where a fit fails.
pub fn run(generators: &[Generator], fits: u64) -> Result<Vec<Outcome>, Error> {
    let half = |place: usize| if place.is_multiple_of(2) { Half::Set } else { Half::Measured };
    let all: Vec<(usize, u64)> =
        (0..generators.len()).flat_map(|place| (0..fits).map(move |seed| (place, seed))).collect();
    let judged: Vec<Judged> = all
        .par_iter()
        .map(|&(place, seed)| {
            let Generator { model, name, fit } = &generators[place];
            fit(seed).map_err(|cause| format!("{model}, {name}, seed {seed}: {cause}").into())
        })
        .collect::<Result<_, Error>>()?;
    let mut outcomes = Vec::with_capacity(all.len());
    for (place, of) in judged.chunks(fits.max(1) as usize).enumerate() {
        let [inside, all] = [0, 1].map(|i| of.iter().map(|one| one.covered[i]).sum::<usize>());
        let narrow = (inside as f64) < COVERED * all as f64;
        let Generator { model, name, .. } = &generators[place];
        outcomes.extend(of.iter().zip(0..).map(|(judged, seed)| Outcome {
            model,
            generator: name.clone(),
            half: half(place),
            seed,
            wrong: narrow || judged.is_wrong(),
            judged: judged.clone(),
        }));
    }
    Ok(outcomes)
}

/// The outcomes as a CSV table, a line each.
pub fn to_csv(outcomes: &[Outcome]) -> String {
    let mut text = String::from(
        "model,generator,half,seed,wrong,verdict,of_model,of_figures,of_posterior,lost,lost_se,means,deviations,covered,intervals\n",
    );
    let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.4}"));
    for Outcome { model, generator, half, seed, judged, wrong } in outcomes {
        let half = if *half == Half::Set { "set" } else { "measured" };
        let claim =
            |claim| judged.verdict.claim(claim).map_or(String::new(), |level: Level| level.to_string());
        let [of_model, of_figures, of_posterior] = Claim::ALL.map(claim);
        let lost =
            [judged.lost.map(|lost| lost.value), judged.lost.map(|lost| lost.standard_error)].map(number);
        let [inside, all] = judged.covered;
        let _ = writeln!(
            text,
            "{model},\"{generator}\",{half},{seed},{wrong},{},{of_model},{of_figures},{of_posterior},{},{},{},{},{inside},{all}",
            judged.verdict.level,
            lost[0],
            lost[1],
            number(judged.means),
            number(judged.deviations),
        );
    }
    text
}
