//! The verdict benchmark: fits to simulated data whose truth is known, some made to fail, and how often their verdict is
//! wrong.
//!
//! A [`Generator`] draws data from one truth and fits one model to them. What came of it is [`Judged`] by that truth alone,
//! never by the verdict: the fit is wrong where
//!
//! - its density of new rows lies more than max(0.05 nats a row, 3 standard errors) below that of the truth,
//! - a reported mean is more than half a posterior standard deviation from the exact one,
//! - a reported standard deviation is off by more than 30 %, or
//! - the 90 % intervals cover less than 80 %, over all fits of the generator: by the upper end of a 95 % interval of that share.
//!
//! Generators alternate between two [`Half`]s: thresholds of the rules are set on one, and the rates that
//! `docs/verdict.md` tells are measured on the other.

mod auto_encoder;
mod density;
mod draw;
mod factors;
mod hidden_markov;
mod ising;
mod mixture;
mod normal;
mod rates;
mod regress;
mod state_space;
mod table;
mod topics;

pub use draw::Draw;
use std::ops::Range;

use elbo::{
    diagnose::{Claim, Level, Verdict},
    terms::Mean,
};
pub use rates::{Rate, Rates, rates};
use rayon::prelude::*;
pub use table::{Fitted, Rows, fit_rows};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

/// All generators, a model after the other, in turn of one half and of the other.
pub fn generators() -> impl Iterator<Item = (Half, Generator)> {
    let all = [
        auto_encoder::generators(),
        normal::generators(),
        regress::generators(),
        mixture::generators(),
        factors::generators(),
        hidden_markov::generators(),
        state_space::generators(),
        ising::generators(),
        topics::generators(),
    ]
    .into_iter()
    .flatten();
    [Half::Set, Half::Measured].into_iter().cycle().zip(all)
}

/// Fits a generator once for each seed, on rayon's current thread pool. The outcome does not depend on its size.
///
/// # Errors
/// Where a fit fails.
pub fn run(generator: &Generator, half: Half, seeds: Range<u64>) -> Result<Vec<Outcome>, Error> {
    let Generator { model, name, fit } = generator;
    let judged: Vec<(u64, Judged)> = seeds
        .into_par_iter()
        .map(|seed| match fit(seed) {
            Ok(judged) => Ok((seed, judged)),
            Err(cause) => Err(format!("{model}, {name}, seed {seed}: {cause}").into()),
        })
        .collect::<Result<_, Error>>()?;
    let [inside, all] = [0, 1].map(|i| judged.iter().map(|(_, one)| one.covered[i]).sum::<usize>());
    let narrow = all > 0 && Rate { of: inside, all }.interval().1 < COVERED;
    let outcome = |(seed, judged): (u64, Judged)| Outcome {
        model,
        generator: name.clone(),
        half,
        seed,
        wrong: narrow || judged.is_wrong(),
        judged,
    };
    Ok(judged.into_iter().map(outcome).collect())
}

/// The names of the columns of a table of outcomes.
pub const COLUMNS: &str = "model,generator,half,seed,wrong,verdict,of_model,of_figures,of_posterior,lost,lost_se,means,deviations,covered,\
                           intervals\n";

impl Outcome {
    /// A line of CSV.
    pub fn line(&self) -> String {
        let Self { model, generator, half, seed, judged, wrong } = self;
        let half = if *half == Half::Set { "set" } else { "measured" };
        let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.4}"));
        let claim =
            |claim| judged.verdict.claim(claim).map_or(String::new(), |level: Level| level.to_string());
        let [of_model, of_figures, of_posterior] = Claim::ALL.map(claim);
        let lost =
            [judged.lost.map(|lost| lost.value), judged.lost.map(|lost| lost.standard_error)].map(number);
        let [inside, all] = judged.covered;
        format!(
            "{model},\"{generator}\",{half},{seed},{wrong},{},{of_model},{of_figures},{of_posterior},{},{},{},{},{inside},{all}\n",
            judged.verdict.level,
            lost[0],
            lost[1],
            number(judged.means),
            number(judged.deviations),
        )
    }
}
