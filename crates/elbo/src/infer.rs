//! Per-datum variational inference (E16): each row's own ψ_i, raised to the maximum of its bound with θ held.
//!
//! J(ψ_i) = ELBO(q_ψi, x_i, θ), or with k > 1 the importance-weighted L_k (E22) of q_ψi. The gradient is the
//! reparameterised one (E14) without the score of q, whose mean is zero: where q_ψi is the posterior it has no noise, so
//! a family that holds the posterior finds it exactly. With k > 1 it is doubly reparameterised.
//!
//! Rows are blocks of one batched computation, but each has an optimiser, a step size and an end of its own. After every
//! window of steps ψ becomes the mean over the window's second half, in which the noise of the steps is averaged away. The
//! draws of a window also measure the bound: where it has not risen for three windows by more than the tolerance and its
//! own standard error, the step size is halved; when steps are so small that they cost the bound less than the tolerance,
//! the row has converged. A row whose start is so far from its posterior that its draws do not tell its bound to a nat begins
//! at Laplace's approximation instead, if that is better. Every draw is new: to measure by draws that stay the same would be to fit them.

use crate::{
    Error,
    check::{self, checked},
    guide::PerDatum,
    laplace::mode,
    minibatch::Minibatch,
    model::Joint,
    random::{Key, Purpose},
    terms::{Mean, Weights},
};
use rayon::prelude::*;

checked! {
    /// How each row's ψ is found.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct InferConfig {
        /// The number k of samples of the bound: 1 for the ELBO, more for L_k.
        pub importance_samples: usize,
        /// The number of draws of z a step, a multiple of k.
        pub samples: usize,
        /// The first step size of Adam, in units of the posterior's width.
        pub step_size: f64,
        /// A rise of the bound over a window counts only where it is more than this, in nats.
        pub tolerance: f64,
        /// The steps at most, rounded up to a whole window.
        pub most_steps: usize,
    }
}

impl Default for InferConfig {
    fn default() -> Self {
        Self { importance_samples: 1, samples: 8, step_size: 0.1, tolerance: 0.02, most_steps: 2000 }
    }
}

impl InferConfig {
    /// Checks its numbers.
    ///
    /// # Errors
    /// It fails where the draws are not a multiple of the importance samples, or a number is not > 0.
    pub fn check(&self) -> Result<(), Error> {
        let k = self.importance_samples;
        check::at_least("importance_samples", k, 1)?;
        check::at_least("samples", self.samples, 1)?;
        check::multiple("samples", self.samples, k, "the importance samples")?;
        check::positive("step_size", self.step_size)?;
        check::positive("tolerance", self.tolerance).map(drop)
    }
}

/// The ψ of some rows, and how each was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Inferred {
    /// q_ψi of each row.
    pub q: PerDatum,
    /// Steps taken for each row.
    pub steps: Vec<usize>,
    /// Whether each row converged before the steps ran out.
    pub converged: Vec<bool>,
}

/// Rows of a block.
const BLOCK: usize = 16;
/// Steps of a window; an even number.
const WINDOW: usize = 24;
/// Windows without a rise after which the step size falls, and what it is multiplied by.
const PATIENCE: usize = 3;
const FALL: f64 = 0.5;
/// Draws by which the end is compared with the start.
const COMPARED: usize = 64;
/// The standard error of a bound by its draws, in nats, above which it is not known: a start is far from the posterior then,
/// and an end has not converged.
const UNKNOWN: f64 = 1.0;
/// Adam's.
const BETA: (f64, f64) = (0.9, 0.99);
const EPSILON: f64 = 1e-12;

/// The best ψ of each row of `data` from where `start` has it; noise keyed by `key`. `watch` is told of rows as they are
/// done, from any thread.
///
/// Runs on rayon's current thread pool; the result does not depend on its size, nor, where the model is dense layers, on
/// what other rows there are.
///
/// # Errors
/// It fails where a setting is impossible, the data or the start do not fit the model, or log p(x, z) is not finite at
/// the start.
pub fn infer(
    joint: &dyn Joint,
    data: &Minibatch,
    start: &PerDatum,
    config: &InferConfig,
    key: Key,
    watch: impl Fn(usize) + Sync,
) -> Result<Inferred, Error> {
    config.check()?;
    check(joint, data, start)?;
    let block = |number: usize| -> Result<Inferred, Error> {
        let range = number * BLOCK..data.rows.len().min((number + 1) * BLOCK);
        let psi = range.clone().flat_map(|row| start.psi(row)).copied().collect();
        let x = &data.values[range.start * data.width..range.end * data.width];
        let done = Block::new(joint, config, key, &data.rows[range.clone()], x, start.with(psi)).run();
        watch(range.len());
        done
    };
    let blocks: Vec<_> = (0..data.rows.len().div_ceil(BLOCK)).into_par_iter().map(block).collect();
    let (mut psi, mut steps, mut converged) = (Vec::new(), Vec::new(), Vec::new());
    for block in blocks {
        let block = block?;
        psi.extend((0..block.q.rows()).flat_map(|row| block.q.psi(row)));
        steps.extend(block.steps);
        converged.extend(block.converged);
    }
    Ok(Inferred { q: start.with(psi), steps, converged })
}

/// log w = log p(x, z) − log q(z) at `draws` draws z ~ q_ψi of each row of `data`, row-major `[R, S]`, in nats; noise keyed
/// by `key`: two guides of the same rows meet the same ε.
///
/// Its mean is the ELBO of q_ψi, the logarithm of the mean of w is L_S, and the tail of w is k̂'s (E25).
///
/// # Errors
/// It fails where the data or the guide do not fit the model, or a weight is not finite.
pub fn log_weights(
    joint: &dyn Joint,
    data: &Minibatch,
    q: &PerDatum,
    draws: usize,
    key: Key,
) -> Result<Vec<f64>, Error> {
    weighed(joint, data, q, draws, key, |room, weights: &mut Vec<f64>| {
        weights.extend_from_slice(&room.log_weights);
    })
    .map(|rows| rows.concat())
}

/// Draws z ~ q_ψi of each row of `data` with their weights: together they are a sample of p(z|x_obs), by which missing cells are
/// filled in (E35).
#[derive(Clone, Debug, Default)]
pub struct WeightedDraws {
    /// z, row-major `[R, S, K]`.
    pub z: Vec<f32>,
    /// log w = log p(x_obs, z) − log q(z), `[R, S]`, in nats.
    pub log_weights: Vec<f64>,
}

/// The draws of [`log_weights`], with their z.
///
/// # Errors
/// As for [`log_weights`].
pub fn weighted_draws(
    joint: &dyn Joint,
    data: &Minibatch,
    q: &PerDatum,
    draws: usize,
    key: Key,
) -> Result<WeightedDraws, Error> {
    let rows = weighed(joint, data, q, draws, key, |room, of: &mut WeightedDraws| {
        of.z.extend_from_slice(&room.z);
        of.log_weights.extend_from_slice(&room.log_weights);
    })?;
    let mut all = WeightedDraws::default();
    for row in rows {
        all.z.extend(row.z);
        all.log_weights.extend(row.log_weights);
    }
    Ok(all)
}

/// What `take` keeps of the draws of each row.
fn weighed<T: Default + Send>(
    joint: &dyn Joint,
    data: &Minibatch,
    q: &PerDatum,
    draws: usize,
    key: Key,
    take: impl Fn(&DrawBuffers, &mut T) + Sync,
) -> Result<Vec<T>, Error> {
    check(joint, data, q)?;
    let rows = data.rows.par_iter().zip(data.values.par_chunks(data.width)).enumerate();
    let rows = rows.map_init(DrawBuffers::default, |room, (place, (&row, x))| {
        let mut kept = T::default();
        for start in (0..draws).step_by(TOGETHER) {
            let samples = start..draws.min(start + TOGETHER);
            room.draw(joint, q, &[place], &[row], x, samples, |sample| key.fold(sample), false);
            if !room.log_weights.iter().all(|w| w.is_finite()) {
                return Err(not_finite(row));
            }
            take(room, &mut kept);
        }
        Ok(kept)
    });
    rows.collect()
}

/// Draws of one row at a time.
const TOGETHER: usize = 128;

/// The bound of each row from its weights, `[R, S]`: the ELBO for k = 1, else L_k as the mean over groups of k. With the
/// standard error over the draws of that row.
///
/// # Panics
/// It panics where k is 0.
pub fn bounds(log_weights: &[f64], draws: usize, k: usize) -> Vec<Mean> {
    log_weights.chunks(draws.max(1)).map(|row| bound(row, k)).collect()
}

fn bound(log_weights: &[f64], k: usize) -> Mean {
    Mean::of(&group_bounds(log_weights, k))
}

/// An estimate of L_k from each k weights.
fn group_bounds(log_weights: &[f64], k: usize) -> Vec<f64> {
    log_weights.chunks(k).map(|group| if k == 1 { group[0] } else { log_mean(group) }).collect()
}

fn check(joint: &dyn Joint, data: &Minibatch, q: &PerDatum) -> Result<(), Error> {
    for (what, expected, got) in [
        ("a row of data", joint.width(), data.width),
        ("the per-datum guide's z", joint.latent(), q.latent()),
        ("the per-datum guide", data.rows.len(), q.rows()),
    ] {
        Error::check_shape(what, &[expected], &[got])?;
    }
    Ok(())
}

fn not_finite(row: usize) -> Error {
    Error::NonFinite { what: "log p(x, z) at a draw of the row's guide".into(), step: None, rows: vec![row] }
}

/// Room for the draws of some rows: sample-major, as [`Joint`] has them.
#[derive(Default)]
struct DrawBuffers {
    noise: Vec<f32>,
    z: Vec<f32>,
    log_weights: Vec<f64>,
    prior: Vec<f64>,
    slope: Vec<f32>,
    prior_slope: Vec<f32>,
}

impl DrawBuffers {
    /// log w of `samples` draws of each row, `[S, R]`, and, where asked, ∂ log p(x, z)/∂z, `[S, R, K]`. `places` says where
    /// in `q` the rows stand, `rows` names their noise.
    #[allow(clippy::too_many_arguments, reason = "what a draw is made of")]
    fn draw(
        &mut self,
        joint: &dyn Joint,
        q: &PerDatum,
        places: &[usize],
        rows: &[usize],
        x: &[f32],
        samples: std::ops::Range<usize>,
        key: impl Fn(u64) -> Key,
        back: bool,
    ) {
        let (k, draws) = (q.latent(), samples.len() * rows.len());
        for values in [&mut self.noise, &mut self.z] {
            values.resize(draws * k, 0.0);
        }
        for values in [&mut self.log_weights, &mut self.prior] {
            values.resize(draws, 0.0);
        }
        let draws = self.noise.chunks_mut(k).zip(self.z.chunks_mut(k));
        let mut log_q = Vec::with_capacity(self.prior.len());
        for ((noise, z), (sample, r)) in draws.zip(samples.flat_map(|s| (0..rows.len()).map(move |r| (s, r))))
        {
            key(sample as u64).standard_normals(rows[r] as u64, noise);
            log_q.push(q.draw(places[r], noise, z));
        }
        if back {
            self.slope.resize(self.z.len(), 0.0);
            self.prior_slope.resize(self.z.len(), 0.0);
            joint.log_likelihood(x, &self.z, &mut self.log_weights, Some(&mut self.slope));
            joint.log_prior(&self.z, &mut self.prior, Some(&mut self.prior_slope));
            for (slope, prior) in self.slope.iter_mut().zip(&self.prior_slope) {
                *slope += prior;
            }
        } else {
            joint.log_likelihood(x, &self.z, &mut self.log_weights, None);
            joint.log_prior(&self.z, &mut self.prior, None);
        }
        for ((weight, prior), log_q) in self.log_weights.iter_mut().zip(&self.prior).zip(log_q) {
            *weight += prior - log_q;
        }
    }
}

/// One row on its way.
struct Ascent {
    /// Where it stands in the block.
    place: usize,
    step_size: f64,
    /// Windows since the bound last rose.
    waited: usize,
    first: Vec<f64>,
    second: Vec<f64>,
    age: i32,
    /// Σ of ψ over the second half of the window.
    sum: Vec<f64>,
    /// The bounds that the window's draws gave.
    bounds: Vec<f64>,
    /// The best window at this step size.
    best: Option<Mean>,
}

/// Some rows that are computed together.
struct Block<'a> {
    joint: &'a dyn Joint,
    config: &'a InferConfig,
    steps: Key,
    compare: Key,
    rows: &'a [usize],
    x: &'a [f32],
    q: PerDatum,
    active: Vec<Ascent>,
    room: DrawBuffers,
}

impl<'a> Block<'a> {
    fn new(
        joint: &'a dyn Joint,
        config: &'a InferConfig,
        key: Key,
        rows: &'a [usize],
        x: &'a [f32],
        q: PerDatum,
    ) -> Self {
        let active = (0..rows.len()).map(|place| Ascent {
            place,
            step_size: config.step_size,
            waited: 0,
            first: vec![0.0; q.size()],
            second: vec![0.0; q.size()],
            age: 0,
            sum: vec![0.0; q.size()],
            bounds: Vec::new(),
            best: None,
        });
        let active = active.collect();
        let (steps, compare) = (key.purpose(Purpose::Noise), key.purpose(Purpose::Evaluate));
        Self { joint, config, steps, compare, rows, x, q, active, room: DrawBuffers::default() }
    }

    fn run(mut self) -> Result<Inferred, Error> {
        let n = self.rows.len();
        let (mut steps, mut converged) = (vec![0; n], vec![false; n]);
        let start = self.q.clone();
        self.begin();
        let mut step = 0;
        while !self.active.is_empty() {
            for late in [false, true] {
                for _ in 0..WINDOW / 2 {
                    self.step(step, late)?;
                    step += 1;
                }
            }
            let last = step >= self.config.most_steps;
            let Self { active, q, config, .. } = &mut self;
            active.retain_mut(|ascent| {
                for (p, sum) in q.psi_mut(ascent.place).iter_mut().zip(&mut ascent.sum) {
                    *p = std::mem::take(sum) / (WINDOW / 2) as f64;
                }
                let done = ascent.window(config, q.size());
                (steps[ascent.place], converged[ascent.place]) = (step, done);
                !done && !last
            });
        }
        self.keep_the_better(&start, &mut converged)?;
        Ok(Inferred { q: self.q, steps, converged })
    }

    /// The bound that draws of a q give of a row of the block, the same draws of each q.
    fn compared(&mut self, q: &PerDatum, place: usize) -> Vec<f64> {
        let (width, k) = (self.joint.width(), self.config.importance_samples);
        let x = &self.x[place * width..][..width];
        let samples = 0..COMPARED.max(8 * k).next_multiple_of(k);
        let rows = &[self.rows[place]];
        self.room.draw(self.joint, q, &[place], rows, x, samples, |s| self.compare.fold(s), false);
        group_bounds(&self.room.log_weights, k)
    }

    /// Rows whose start is far begin at Laplace's approximation, where that is the better.
    fn begin(&mut self) {
        let (width, k) = (self.joint.width(), self.q.latent());
        for place in 0..self.rows.len() {
            let start = self.q.clone();
            let of_start = Mean::of(&self.compared(&start, place));
            if !of_start.value.is_finite() || of_start.standard_error <= UNKNOWN {
                continue;
            }
            let x = &self.x[place * width..][..width];
            let from = [start.mean(place).to_vec(), vec![0.0; k]];
            let modes = from.iter().filter_map(|from| mode(self.joint, x, from));
            let Some(mode) = modes.max_by(|a, b| a.value.total_cmp(&b.value)) else { continue };
            let mut other = start;
            if other.set(place, &mode.mean, &mode.precision).is_err() {
                continue;
            }
            if Mean::of(&self.compared(&other, place)).value > of_start.value {
                self.q = other;
            }
        }
    }

    /// Where a row ended clearly below its start, at the same draws, the start is what it keeps.
    fn keep_the_better(&mut self, start: &PerDatum, converged: &mut [bool]) -> Result<(), Error> {
        let end = self.q.clone();
        for (place, &row) in self.rows.iter().enumerate() {
            let mut bounds = [start, &end].map(|q| self.compared(q, place));
            let [before, after] = &mut bounds;
            // What its draws do not tell cannot have converged.
            converged[place] &= Mean::of(after).standard_error <= UNKNOWN;
            if before.iter().any(|b| !b.is_finite()) {
                return Err(not_finite(row));
            }
            for (after, before) in after.iter_mut().zip(before) {
                *after -= *before;
            }
            let rise = Mean::of(after);
            if rise.value.is_nan() || rise.value < -2.0 * rise.standard_error {
                self.q.psi_mut(place).copy_from_slice(start.psi(place));
                converged[place] = false;
            }
        }
        Ok(())
    }

    /// The rows that are under way: where they stand, their numbers and their x.
    fn gather(&self) -> (Vec<usize>, Vec<usize>, Vec<f32>) {
        let width = self.joint.width();
        let places: Vec<usize> = self.active.iter().map(|ascent| ascent.place).collect();
        let rows = places.iter().map(|&place| self.rows[place]).collect();
        let x = places.iter().flat_map(|&place| &self.x[place * width..][..width]).copied().collect();
        (places, rows, x)
    }

    /// One step of each row under way; `late` steps count in the window's mean.
    fn step(&mut self, step: usize, late: bool) -> Result<(), Error> {
        let (places, rows, x) = self.gather();
        let (n, k) = (rows.len(), self.q.latent());
        let InferConfig { samples, importance_samples, .. } = *self.config;
        let key = |sample| self.steps.fold(step as u64).fold(sample);
        self.room.draw(self.joint, &self.q, &places, &rows, &x, 0..samples, key, true);
        let mut gradient = vec![0.0; self.q.size()];
        let (mut weights, mut solved) = (Vec::new(), Vec::new());
        for (r, ascent) in self.active.iter_mut().enumerate() {
            gradient.fill(0.0);
            weights.clear();
            weights.extend((0..samples).map(|s| self.room.log_weights[s * n + r]));
            let bounds = group_bounds(&weights, importance_samples);
            if step == 0 && bounds.iter().any(|b| !b.is_finite()) {
                return Err(not_finite(rows[r]));
            }
            ascent.bounds.extend(bounds);
            for group in weights.chunks_mut(importance_samples) {
                squared_weights(group);
            }
            for (s, &weight) in weights.iter().enumerate() {
                let draw = (s * n + r) * k..(s * n + r + 1) * k;
                let (noise, slope) = (&self.room.noise[draw.clone()], &self.room.slope[draw]);
                self.q.path_gradient(ascent.place, noise, slope, weight, &mut solved, &mut gradient);
            }
            if gradient.iter().all(|g| g.is_finite()) {
                self.q.advance(ascent.place, ascent.ascend(&mut gradient));
            }
            if late {
                for (sum, p) in ascent.sum.iter_mut().zip(self.q.psi(ascent.place)) {
                    *sum += p;
                }
            }
        }
        Ok(())
    }
}

fn log_mean(log_weights: &[f64]) -> f64 {
    log_weights.iter().copied().collect::<Weights>().log_mean()
}

/// w̃² of each draw of a group, in place of log w: the factor of the doubly reparameterised gradient; 1 for a single draw.
fn squared_weights(log_weights: &mut [f64]) {
    let total = log_mean(log_weights) + libm::log(log_weights.len() as f64);
    for w in log_weights {
        *w = libm::exp(2.0 * (*w - total));
    }
}

impl Ascent {
    /// Takes in the window that is over; whether the row has converged.
    fn window(&mut self, config: &InferConfig, numbers: usize) -> bool {
        let now = Mean::of(&self.bounds);
        self.bounds.clear();
        let rises = self.best.is_none_or(|best| {
            let error = now.standard_error.hypot(best.standard_error);
            now.value > best.value + config.tolerance.max(error)
        });
        if rises {
            (self.best, self.waited) = (Some(now), 0);
            return false;
        }
        self.waited += 1;
        if self.waited < PATIENCE {
            return false;
        }
        // A step of this size in every number of ψ, in units of the posterior's width, costs the bound about this.
        let done = 0.5 * numbers as f64 * self.step_size.powi(2) <= config.tolerance;
        self.step_size *= FALL;
        (self.best, self.waited) = (None, 0);
        done
    }

    /// Adam: the gradient becomes the step.
    fn ascend<'a>(&mut self, gradient: &'a mut [f64]) -> &'a [f64] {
        self.age += 1;
        let unbias = (1.0 - BETA.0.powi(self.age), 1.0 - BETA.1.powi(self.age));
        for ((g, m), v) in gradient.iter_mut().zip(&mut self.first).zip(&mut self.second) {
            *m += (1.0 - BETA.0) * (*g - *m);
            *v += (1.0 - BETA.1) * (*g * *g - *v);
            *g = self.step_size * (*m / unbias.0) / ((*v / unbias.1).sqrt() + EPSILON);
        }
        gradient
    }
}
