//! A document of latent Dirichlet allocation, given the topics (Blei, Ng and Jordan 2003; Hoffman, Blei and Bach 2010).
//!
//! φ_wk = t_k β_wk / Σ_j t_j β_wj and γ_k = α_k + Σ_w n_w φ_wk in turn, with t = exp ψ(γ) and β a row of
//! exp E\[log β\] a word, in any unit of its own. φ is never stored: γ_k = α_k + t_k Σ_w β_wk n_w/Σ_j t_j β_wj.

use crate::{
    dirichlet::{LANES, Lanes, exp_digamma, total},
    double::log,
    level::kernel,
    vector::Double,
};

/// Below this a Σ_j t_j β_wj may have lost digits to underflow.
const LEAST: f64 = 1e-280;

/// The words of a document and how often each occurs.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// Rows of β.
    pub words: &'a [u32],
    /// n_w of each.
    pub counts: &'a [u32],
}

/// Room for the computations of a document.
#[derive(Clone, Debug, Default)]
pub struct Room {
    weights: Vec<Lanes>,
    sums: Vec<Lanes>,
    norms: Vec<f64>,
}

/// How the ascent of a document goes, and when it ends.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    /// Of γ towards its optimum given φ: 1, which never lowers the bound, or up to 2, natural-gradient steps that converge
    /// to the same optima in fewer iterations.
    pub step: f64,
    /// When γ moves by no more than this, summed over its components.
    pub change: f64,
    /// The most iterations.
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

kernel! {
    /// Takes γ, `[K]` in lanes padded with 0 as α is, to its optimum, from where it is; returns the iterations, or
    /// `None` where a norm underflowed: γ is then where to go on from in logarithms.
    pub fn ascend<V>(
        document: Document<'_>,
        beta: &[Lanes],
        prior: &[Lanes],
        stop: Stop,
        gamma: &mut [Lanes],
        room: &mut Room,
    ) -> Option<usize> {
        assert!(prior.len() == gamma.len() && document.words.len() == document.counts.len());
        let Room { weights, sums, .. } = room;
        weights.resize(prior.len(), [0.0; LANES]);
        sums.resize(prior.len(), [0.0; LANES]);
        let (fours, rest) = document.words.as_chunks::<4>();
        let (count_fours, count_rest) = document.counts.as_chunks::<4>();
        exp_digammas(gamma, weights);
        for iteration in 1..=stop.iterations {
            sums.fill([0.0; LANES]);
            let mut least = f64::INFINITY;
            for (words, counts) in fours.iter().zip(count_fours) {
                least = least.min(gather::<V::Double, 4>(beta, words, counts, weights, sums));
            }
            for (&word, &count) in rest.iter().zip(count_rest) {
                least = least.min(gather::<V::Double, 1>(beta, &[word], &[count], weights, sums));
            }
            if least < LEAST {
                return None;
            }
            let mut change = [0.0; LANES];
            for (((gamma, prior), weights), sums) in gamma.iter().zip(prior).zip(&*weights).zip(&mut *sums) {
                for i in 0..LANES {
                    sums[i] = prior[i] + weights[i] * sums[i];
                    change[i] += (sums[i] - gamma[i]).abs();
                }
            }
            let found = total(&change) <= stop.change || iteration == stop.iterations;
            // The last is the optimum given φ.
            let beyond = if found { 0.0 } else { stop.step - 1.0 };
            for ((gamma, prior), next) in gamma.iter_mut().zip(prior).zip(&*sums) {
                for i in 0..LANES {
                    let to = next[i] + beyond * (next[i] - gamma[i]);
                    // At α a topic would stay: at least half of what the optimum leaves it is kept.
                    let least = 0.5 * (prior[i] + next[i]);
                    gamma[i] = if to < least { least } else { to };
                }
            }
            exp_digammas(gamma, weights);
            if found {
                return Some(iteration);
            }
        }
        Some(stop.iterations)
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
        found.clear();
        let (fours, rest) = document.words.as_chunks::<4>();
        for words in fours {
            found.extend(norms::<V::Double, 4>(weights, &rows(beta, blocks, words)));
        }
        for &word in rest {
            found.extend(norms::<V::Double, 1>(weights, &rows(beta, blocks, &[word])));
        }
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
