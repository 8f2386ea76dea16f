//! A document of latent Dirichlet allocation, given the topics (Blei, Ng and Jordan 2003; Hoffman, Blei and Bach 2010).
//!
//! φ_wk = t_k β_wk / Σ_j t_j β_wj and γ_k = α_k + Σ_w n_w φ_wk in turn, with t = exp ψ(γ) and β a row of
//! exp E\[log β\] a word, in any unit of its own. φ is never stored: γ_k = α_k + t_k Σ_w β_wk n_w/Σ_j t_j β_wj.

use crate::{
    LANES, Lanes,
    dirichlet::{exp_digamma, total},
    double::log,
    level::kernel,
    vector::Double,
};

/// Below this a Σ_j t_j β_wj may have lost digits to underflow.
const LEAST: f64 = 1e-280;
/// How far few topics are to converge before all are looked at again, in units of what γ may still move by.
const WITHIN: f64 = 0.5;

/// The words of a document and how often each occurs.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// The rows of β, one for each word.
    pub words: &'a [u32],
    /// n_w, how often each of the words occurs.
    pub counts: &'a [u32],
}

/// Room for the computations of a document.
#[derive(Clone, Debug, Default)]
pub struct Room {
    weights: Vec<Lanes>,
    next: Vec<Lanes>,
    norms: Vec<f64>,
    active: Active,
}

/// The topics of a document that have more than α of it, and their columns of β.
#[derive(Clone, Debug, Default)]
struct Active {
    topics: Vec<usize>,
    words: Vec<u32>,
    beta: Vec<Lanes>,
    prior: Vec<Lanes>,
    gamma: Vec<Lanes>,
    weights: Vec<Lanes>,
    next: Vec<Lanes>,
}

/// How the ascent of a document goes, and when it ends.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    /// The step of γ towards its optimum given φ: 1 never lowers the bound; up to 2 are natural-gradient steps that
    /// converge to the same optima in fewer iterations.
    pub step: f64,
    /// The ascent ends when γ moves by no more than this, summed over its components.
    pub change: f64,
    /// The ascent ends after this many iterations at most.
    pub iterations: usize,
}

/// The rows of N words.
#[inline(always)]
fn rows<'a, const N: usize>(beta: &'a [Lanes], blocks: usize, words: &[u32; N]) -> [&'a [Lanes]; N] {
    words.map(|word| &beta[word as usize * blocks..][..blocks])
}

/// Σ_j t_j β_wj of N words.
#[inline(always)]
fn norms<D: Double, const N: usize>(weights: &[Lanes], rows: &[&[Lanes]; N]) -> [f64; N] {
    let mut sums = [D::splat(0.0); N];
    for (block, weights) in weights.iter().enumerate() {
        let weights = D::load(weights);
        for n in 0..N {
            sums[n] = sums[n].add(weights.multiply(D::load(&rows[n][block])));
        }
    }
    let mut lanes = [[0.0; LANES]; N];
    for n in 0..N {
        sums[n].store(&mut lanes[n]);
    }
    lanes.map(|sum| total(&sum))
}

/// Σ_j t_j β_wj of all words.
#[inline(always)]
fn all_norms<D: Double>(weights: &[Lanes], beta: &[Lanes], words: &[u32], out: &mut Vec<f64>) {
    let (fours, rest) = words.as_chunks::<4>();
    out.clear();
    for words in fours {
        out.extend(norms::<D, 4>(weights, &rows(beta, weights.len(), words)));
    }
    for &word in rest {
        out.extend(norms::<D, 1>(weights, &rows(beta, weights.len(), &[word])));
    }
}

/// Adds Σ_w β_wk n_w/Σ_j t_j β_wj of N words; returns the least norm.
#[inline(always)]
fn gather<D: Double, const N: usize>(
    beta: &[Lanes],
    words: &[u32; N],
    counts: &[u32; N],
    weights: &[Lanes],
    sums: &mut [Lanes],
) -> f64 {
    let rows = rows(beta, weights.len(), words);
    let norms = norms::<D, N>(weights, &rows);
    let mut ratios = [D::splat(0.0); N];
    for n in 0..N {
        ratios[n] = D::splat(f64::from(counts[n]) / norms[n]);
    }
    for (block, sums) in sums.iter_mut().enumerate() {
        let mut sum = D::load(sums);
        for n in 0..N {
            sum = sum.add(ratios[n].multiply(D::load(&rows[n][block])));
        }
        sum.store(sums);
    }
    norms.iter().fold(f64::INFINITY, |least, &norm| if norm < least { norm } else { least })
}

#[inline(always)]
fn exp_digammas(gamma: &[Lanes], weights: &mut [Lanes]) {
    for (out, x) in weights.as_flattened_mut().iter_mut().zip(gamma.as_flattened()) {
        *out = exp_digamma(*x);
    }
}

/// What γ ascends by.
#[derive(Clone, Copy)]
struct Given<'a> {
    document: Document<'a>,
    beta: &'a [Lanes],
    prior: &'a [Lanes],
}

/// Moves γ until it has converged, which it returns, or `leave` says of its optimum given φ that it is time, or all iterations
/// are made.
#[inline(always)]
fn climb<D: Double>(
    given: Given<'_>,
    stop: Stop,
    made: &mut usize,
    (gamma, weights, next): (&mut [Lanes], &mut [Lanes], &mut [Lanes]),
    mut leave: impl FnMut(&[Lanes]) -> bool,
) -> Option<bool> {
    let Given { document: Document { words, counts }, beta, prior } = given;
    let ((fours, rest), (count_fours, count_rest)) = (words.as_chunks::<4>(), counts.as_chunks::<4>());
    exp_digammas(gamma, weights);
    while *made < stop.iterations {
        *made += 1;
        next.fill([0.0; LANES]);
        let mut least = f64::INFINITY;
        for (words, counts) in fours.iter().zip(count_fours) {
            least = least.min(gather::<D, 4>(beta, words, counts, weights, next));
        }
        for (&word, &count) in rest.iter().zip(count_rest) {
            least = least.min(gather::<D, 1>(beta, &[word], &[count], weights, next));
        }
        if least < LEAST {
            return None;
        }
        let mut change = [0.0; LANES];
        for (((gamma, prior), weights), next) in gamma.iter().zip(prior).zip(&*weights).zip(&mut *next) {
            for i in 0..LANES {
                next[i] = prior[i] + weights[i] * next[i];
                change[i] += (next[i] - gamma[i]).abs();
            }
        }
        let converged = total(&change) <= stop.change;
        // The last is the optimum given φ.
        let beyond = if converged || *made == stop.iterations { 0.0 } else { stop.step - 1.0 };
        for ((gamma, prior), next) in gamma.iter_mut().zip(prior).zip(&*next) {
            for i in 0..LANES {
                let to = next[i] + beyond * (next[i] - gamma[i]);
                // At α a topic would stay: at least half of what the optimum leaves it is kept.
                let least = 0.5 * (prior[i] + next[i]);
                gamma[i] = if to < least { least } else { to };
            }
        }
        exp_digammas(gamma, weights);
        if converged || leave(next) {
            return Some(converged);
        }
    }
    Some(false)
}

impl Active {
    /// Chooses the topics that `next` gives more than α and a share; whether they fill no more than half of the lanes.
    fn choose(&mut self, next: &[Lanes], prior: &[Lanes], share: f64) -> bool {
        let given = next.as_flattened().iter().zip(prior.as_flattened()).enumerate();
        self.topics.clear();
        self.topics.extend(given.filter(|(_, (next, prior))| **next - **prior > share).map(|(k, _)| k));
        !self.topics.is_empty() && 2 * self.topics.len().div_ceil(LANES) <= next.len()
    }

    /// Ascends these topics alone.
    #[inline(always)]
    fn climb<D: Double>(
        &mut self,
        given: Given<'_>,
        stop: Stop,
        made: &mut usize,
        gamma: &mut [Lanes],
    ) -> Option<()> {
        let Document { words, counts } = given.document;
        let (blocks, all) = (self.topics.len().div_ceil(LANES), given.prior.len());
        for (part, whole) in [(&mut self.prior, given.prior), (&mut self.gamma, &*gamma)] {
            part.clear();
            part.resize(blocks, [0.0; LANES]);
            let whole = whole.as_flattened();
            part.as_flattened_mut().iter_mut().zip(&self.topics).for_each(|(x, &k)| *x = whole[k]);
        }
        self.beta.clear();
        self.beta.resize(words.len() * blocks, [0.0; LANES]);
        for (part, &word) in self.beta.chunks_exact_mut(blocks).zip(words) {
            let whole = given.beta[word as usize * all..][..all].as_flattened();
            part.as_flattened_mut().iter_mut().zip(&self.topics).for_each(|(x, &k)| *x = whole[k]);
        }
        self.words.clear();
        self.words.extend(0..words.len() as u32);
        self.weights.resize(blocks, [0.0; LANES]);
        self.next.resize(blocks, [0.0; LANES]);
        let part =
            Given { document: Document { words: &self.words, counts }, beta: &self.beta, prior: &self.prior };
        let moved = (&mut self.gamma[..], &mut self.weights[..], &mut self.next[..]);
        climb::<D>(part, stop, made, moved, |_| false)?;
        let part = self.gamma.as_flattened();
        self.topics.iter().zip(part).for_each(|(&k, x)| gamma.as_flattened_mut()[k] = *x);
        Some(())
    }
}

kernel! {
    /// Takes γ, `[K]` in lanes padded with 0 as α is, to its optimum, from where it is; returns the iterations, or
    /// `None` where a norm underflowed: γ is then where to go on from in logarithms.
    ///
    /// With steps beyond 1, iterations are of the topics alone that have more than α of the document, where these are few;
    /// one of all topics then says whether γ has converged.
    pub fn ascend<V>(
        document: Document<'_>,
        beta: &[Lanes],
        prior: &[Lanes],
        stop: Stop,
        gamma: &mut [Lanes],
        room: &mut Room,
    ) -> Option<usize> {
        assert!(prior.len() == gamma.len() && document.words.len() == document.counts.len());
        let Room { weights, next, active, .. } = room;
        weights.resize(prior.len(), [0.0; LANES]);
        next.resize(prior.len(), [0.0; LANES]);
        let given = Given { document, beta, prior };
        // All that are left out have no more than γ may still move by.
        let share = stop.change / (LANES * prior.len()) as f64;
        let mut made = 0;
        let within = Stop { change: WITHIN * stop.change, ..stop };
        loop {
            let few = |next: &[Lanes]| stop.step > 1.0 && active.choose(next, prior, share);
            let converged = climb::<V::Double>(given, stop, &mut made, (gamma, weights, next), few)?;
            if converged || made == stop.iterations {
                return Some(made);
            }
            active.climb::<V::Double>(given, within, &mut made, gamma)?;
        }
    }
}

kernel! {
    /// Σ_w n_w log Σ_k t_k β_wk at γ; adds n_w φ_wk to the rows of `statistics`, where there are, which has the shape
    /// of β. `None`, and nothing added, where a norm underflows.
    pub fn allocate<V>(
        document: Document<'_>,
        beta: &[Lanes],
        gamma: &[Lanes],
        statistics: Option<&mut [Lanes]>,
        room: &mut Room,
    ) -> Option<f64> {
        assert!(document.words.len() == document.counts.len());
        let blocks = gamma.len();
        let Room { weights, norms: found, .. } = room;
        weights.resize(blocks, [0.0; LANES]);
        exp_digammas(gamma, weights);
        all_norms::<V::Double>(weights, beta, document.words, found);
        if found.iter().any(|&norm| norm < LEAST) {
            return None;
        }
        if let Some(statistics) = statistics {
            for ((&word, &count), norm) in document.words.iter().zip(document.counts).zip(&*found) {
                let ratio = V::Double::splat(f64::from(count) / norm);
                let at = word as usize * blocks;
                let rows = statistics[at..at + blocks].iter_mut().zip(&beta[at..at + blocks]);
                for ((sums, row), weights) in rows.zip(&*weights) {
                    let term = ratio.multiply(V::Double::load(weights)).multiply(V::Double::load(row));
                    V::Double::load(sums).add(term).store(sums);
                }
            }
        }
        for norm in &mut *found {
            *norm = log(*norm);
        }
        Some(document.counts.iter().zip(&*found).map(|(&count, log)| f64::from(count) * log).sum())
    }
}
