//! Annealed importance sampling of log p(x) (Neal 2001; Wu, Burda, Salakhutdinov, Grosse 2017): E23.
//!
//! Between a start π = N(μ, diag σ²) and p(x, z) stand f_k = π^(1−t_k) p(x, z)^(t_k), 0 = t_0 < … < t_T = 1. A chain
//! starts at z_0 ~ π and moves to z_k by Hamiltonian Monte Carlo, which leaves f_k as it is;
//! log w = Σ_k (t_k − t_{k−1}) log p(x, z_{k−1})/π(z_{k−1}) has E\[w\] = p(x), so that log (1/C) Σ_c w_c of C chains is
//! in expectation not above log p(x), and tends to it as T or C grows. With T = 1 it is the importance-weighted bound.

use rayon::prelude::*;

use super::hamiltonian::Chains;
use crate::{Error, check, guide::Encoded, minibatch::Minibatch, model::Joint, random::Key, terms::Weights};

/// t_0, …, t_T.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temperatures {
    /// t_k = k/T.
    Linear(usize),
    /// Close together at both ends, where the densities change most (Wu et al. 2017): t_k is S(4 (2k/T − 1)), S the
    /// logistic function, shifted and scaled to run from 0 to 1.
    Sigmoidal(usize),
}

impl Temperatures {
    /// T.
    pub fn number(self) -> usize {
        match self {
            Self::Linear(number) | Self::Sigmoidal(number) => number,
        }
    }

    /// t_0 = 0 to t_T = 1.
    ///
    /// ```
    /// use elbo::diagnose::annealed::Temperatures;
    /// assert_eq!(Temperatures::Linear(4).values(), [0.0, 0.25, 0.5, 0.75, 1.0]);
    /// let t = Temperatures::Sigmoidal(4).values();
    /// assert!(t[0] == 0.0 && t[1] < 0.25 && (t[2] - 0.5).abs() < 1e-15 && t[4] == 1.0);
    /// ```
    pub fn values(self) -> Vec<f64> {
        let number = self.number() as f64;
        let at = |k: usize| match self {
            Self::Linear(_) => k as f64 / number,
            Self::Sigmoidal(_) => {
                // S(a) = ½ + ½ tanh(a/2): symmetric, so that the ends are exact.
                0.5 + 0.5 * libm::tanh(2.0 * (2.0 * k as f64 / number - 1.0)) / libm::tanh(2.0)
            }
        };
        (0..=self.number()).map(at).collect()
    }
}

/// How chains are annealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Annealing {
    /// The path's densities.
    pub temperatures: Temperatures,
    /// Leapfrog steps of a move, ≥ 1: gradients of log p(x, z) for each temperature.
    pub leapfrog: usize,
    /// C, chains a row, ≥ 1.
    pub chains: usize,
}

/// π of each row: N(μ, diag σ²). The closer to the posterior, the tighter the estimate.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// μ, `[R, Z]`.
    pub mean: Vec<f32>,
    /// σ, `[R, Z]`, > 0: also the scales of the moves.
    pub standard_deviation: Vec<f32>,
}

impl Start {
    /// The prior N(0, I).
    pub fn prior(rows: usize, latent: usize) -> Self {
        Self { mean: vec![0.0; rows * latent], standard_deviation: vec![1.0; rows * latent] }
    }
}

impl From<Encoded> for Start {
    /// The guide q(z|x).
    fn from(q: Encoded) -> Self {
        Self { mean: q.mean, standard_deviation: q.standard_deviation }
    }
}

/// What the chains of R rows gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Annealed {
    /// C.
    pub chains: usize,
    /// log w of each chain, `[R, C]`, in nats.
    pub log_weights: Vec<f64>,
    /// The mean over moves and chains of the probability of acceptance, `[R]`; near 0.65 where the step sizes had time
    /// to adapt, and 1 where T = 1 and nothing moves.
    pub acceptance: Vec<f64>,
}

impl Annealed {
    /// The weights of each row: their `log_mean` is the estimate of log p(x), and the effective sample size says how
    /// many of the C chains it stands on.
    pub fn weights(&self) -> Vec<Weights> {
        self.log_weights.chunks(self.chains).map(|row| row.iter().copied().collect()).collect()
    }
}

/// Estimates log p(x) of each row of `data` from C annealed chains, started at `start`.
///
/// Each row's step sizes, a number for each temperature, are adapted to an acceptance of 0.65 by a chain of their own,
/// and then held: were they adapted by the chains that are weighted, E\[w\] would not be p(x). `moved` is told of
/// every temperature that some chains have passed, with their number: [`Annealing::moves`] in all.
///
/// Noise is keyed by (temperature, chain, row of the data). Runs on rayon's current thread pool; the result does not
/// depend on its size.
///
/// # Errors
/// It fails where a number of [`Annealing`] is 0, a shape is not as said, a σ is not > 0, or a weight is not finite.
pub fn annealed(
    joint: &dyn Joint,
    data: &Minibatch,
    start: &Start,
    annealing: &Annealing,
    key: Key,
    moved: &(dyn Fn(usize) + Sync),
) -> Result<Annealed, Error> {
    let path = Path::new(joint, data, start, annealing, key, moved)?;
    path.run(Direction::Forwards)
}

impl Annealing {
    /// Chains · temperatures of `runs` for this many rows, with those that find the step sizes: one run for
    /// [`annealed`], two for [`bdmc`](super::bdmc::bdmc).
    pub fn moves(&self, rows: usize, runs: usize) -> u64 {
        (rows * (1 + runs * self.chains) * self.temperatures.number()) as u64
    }
}

/// Draws of z that a call of [`Joint`] is best given.
const DRAWS: usize = 128;

/// The acceptance that step sizes are adapted to (Neal 2011), and how fast: their logarithm rises by GAIN times
/// what the acceptance is beyond it.
const ACCEPTANCE: f64 = 0.65;
const GAIN: f64 = 0.2;

/// Rows, their paths, and the step sizes found for them.
pub(super) struct Path<'a> {
    joint: &'a dyn Joint,
    data: &'a Minibatch,
    start: &'a Start,
    annealing: Annealing,
    t: Vec<f64>,
    /// The step size of each row at t_1, …, t_T, `[R, T]`.
    steps: Vec<f32>,
    key: Key,
    moved: &'a (dyn Fn(usize) + Sync),
}

/// Where a run goes.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Direction<'a> {
    /// Chains go from π to p(x, z).
    Forwards,
    /// Chains go from these draws of p(z|x), `[R, Z]`, back to π, so that E\[1/w\] = 1/p(x).
    Back(&'a [f32]),
}

impl<'a> Path<'a> {
    /// Checks the shapes, and finds the step sizes.
    pub(super) fn new(
        joint: &'a dyn Joint,
        data: &'a Minibatch,
        start: &'a Start,
        annealing: &Annealing,
        key: Key,
        moved: &'a (dyn Fn(usize) + Sync),
    ) -> Result<Self, Error> {
        let Annealing { temperatures, leapfrog, chains } = *annealing;
        for (what, number) in
            [("temperatures", temperatures.number()), ("leapfrog", leapfrog), ("chains", chains)]
        {
            check::at_least(what, number, 1)?;
        }
        let rows = data.rows.len();
        for (what, got, width) in [
            ("x", data.values.len(), joint.width()),
            ("the start's mean", start.mean.len(), joint.latent()),
            ("the start's standard deviation", start.standard_deviation.len(), joint.latent()),
        ] {
            check_shape(what, got, rows, width)?;
        }
        for &sd in &start.standard_deviation {
            check::positive("the start's standard deviation", sd.into())?;
        }
        let (t, annealing) = (temperatures.values(), *annealing);
        let mut path = Self { joint, data, start, annealing, t, steps: Vec::new(), key, moved };
        path.steps = path.adapted();
        Ok(path)
    }

    /// Parts of the rows, of at most this many: what each is made of.
    fn parts(&self, rows: usize) -> impl IndexedParallelIterator<Item = Part<'_>> {
        let Start { mean, standard_deviation } = self.start;
        let (width, latent) = (rows * self.joint.width(), rows * self.joint.latent());
        let x = self.data.rows.par_chunks(rows).zip(self.data.values.par_chunks(width));
        x.zip(mean.par_chunks(latent).zip(standard_deviation.par_chunks(latent)))
    }

    /// The step sizes of a chain for each row that passes along the path once and adapts them as it goes.
    fn adapted(&self) -> Vec<f32> {
        let last = self.annealing.temperatures.number();
        // Long enough to leave N(0, I) with the acceptance wanted, as K grows (Beskos et al. 2013).
        let first = 1.2 * libm::pow(self.joint.latent() as f64, -0.25);
        let key = self.key.fold(0);
        let part = |(x, start): Part<'_>| -> Vec<f32> {
            let mut chains = Chains::new(self.joint, x, start, 1);
            let rows = x.0.len();
            let (mut steps, mut step) = (vec![first as f32; rows * last], vec![first as f32; rows]);
            chains.draw_start(key);
            for k in 1..last {
                for (steps, step) in steps.chunks_mut(last).zip(&step) {
                    steps[k - 1] = *step;
                }
                chains.advance(self.t[k], &step, self.annealing.leapfrog, key.fold(k as u64));
                for (step, acceptance) in step.iter_mut().zip(&chains.acceptance) {
                    *step *= libm::exp(GAIN * (acceptance - ACCEPTANCE)) as f32;
                }
                (self.moved)(rows);
            }
            (self.moved)(rows);
            steps
        };
        // Smaller parts, that few rows suffice for all threads.
        self.parts(DRAWS / 4).map(part).collect::<Vec<_>>().concat()
    }

    /// Anneals the chains of every row.
    pub(super) fn run(&self, way: Direction<'_>) -> Result<Annealed, Error> {
        let Annealing { leapfrog, chains: number, .. } = self.annealing;
        let (last, latent) = (self.annealing.temperatures.number(), self.joint.latent());
        // A power of two: rows that come in pieces of many such parts are cut as all rows at once would be.
        let rows_of_part = (DRAWS / number.next_power_of_two()).max(1);
        let part = |(place, (x, start)): (usize, Part<'_>)| -> Annealed {
            let mut chains = Chains::new(self.joint, x, start, number);
            let (first, rows) = (place * rows_of_part, x.0.len());
            let key = match way {
                Direction::Forwards => {
                    let key = self.key.fold(1);
                    chains.draw_start(key);
                    key
                }
                Direction::Back(z) => {
                    chains.start_at(&z[first * latent..][..rows * latent]);
                    self.key.fold(2)
                }
            };
            let (mut weights, mut accepted) = (vec![0.0; rows * number], vec![0.0; rows]);
            let mut step = vec![0.0; rows];
            for i in 0..last {
                // Of t_k − t_{k−1}, and then on to the next density of the way, unless it is an end.
                let (k, next) =
                    if way == Direction::Forwards { (i + 1, i + 1) } else { (last - i, last - i - 1) };
                for (weight, ratio) in weights.iter_mut().zip(chains.ratio()) {
                    *weight += (self.t[k] - self.t[k - 1]) * ratio;
                }
                if (1..last).contains(&next) {
                    for (r, step) in step.iter_mut().enumerate() {
                        *step = self.steps[(first + r) * last + next - 1];
                    }
                    chains.advance(self.t[next], &step, leapfrog, key.fold(next as u64));
                    for (c, acceptance) in chains.acceptance.iter().enumerate() {
                        accepted[c % rows] += acceptance;
                    }
                }
                (self.moved)(rows * number);
            }
            let moves = (number * (last - 1)) as f64;
            Annealed {
                chains: number,
                log_weights: (0..rows).flat_map(|r| weights.iter().copied().skip(r).step_by(rows)).collect(),
                acceptance: accepted.iter().map(|a| if last == 1 { 1.0 } else { a / moves }).collect(),
            }
        };
        let mut all = Annealed { chains: number, log_weights: Vec::new(), acceptance: Vec::new() };
        for part in self.parts(rows_of_part).enumerate().map(part).collect::<Vec<_>>() {
            all.log_weights.extend(part.log_weights);
            all.acceptance.extend(part.acceptance);
        }
        match all.log_weights.iter().position(|w| !w.is_finite()) {
            None => Ok(all),
            Some(place) => {
                let rows = vec![self.data.rows[place / number]];
                Err(Error::NonFinite { what: "an annealed importance weight".into(), step: None, rows })
            }
        }
    }
}

/// Rows with their numbers, and μ and σ where their paths start.
type Part<'a> = ((&'a [usize], &'a [f32]), (&'a [f32], &'a [f32]));

pub(super) fn check_shape(what: &str, got: usize, rows: usize, width: usize) -> Result<(), Error> {
    if got == rows * width {
        return Ok(());
    }
    Err(Error::Shape { what: what.into(), expected: vec![rows, width], got: vec![got] })
}
