//! q(θ_d) = Dir(γ_d) and q(z) of documents, given the topics.
//!
//! With φ at its optimum the terms of a document are
//! Σ_w n_w log Σ_k exp(E\[log θ_dk\] + E\[log β_kw\]) − KL(Dir(γ_d) ‖ Dir(α)).

use super::{
    Counts,
    topics::{Topics, lanes, ln_gammas},
};
use crate::{
    Error,
    check::{self, checked},
    special::ln_sum_exp,
};
use elbo_kernels::{
    LANES, Lanes, Level,
    allocation::{Document, Room, Stop, allocate, ascend},
    dirichlet::{digamma_and_ln_gamma, expectations},
};
use rayon::prelude::*;

/// The step of γ where only the end of its ascent counts: that takes two thirds of the iterations of 1.
const BEYOND: f64 = 1.7;
/// The most expected counts that all chunks may hold, 8 bytes each.
const MOST_STATISTICS: usize = 1 << 26;
/// The most chunks of documents.
const MOST_CHUNKS: usize = 16;

checked! {
    /// When the ascent of a document's γ and φ, the topics held, ends.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Inner {
        /// The ascent ends when γ moves by no more than this, as a mean over topics.
        pub tolerance: f64,
        /// The ascent ends after this many iterations at most; it is at least 1.
        pub iterations: usize,
    }
}

impl Default for Inner {
    /// The ascent goes on to convergence, as it should where topics are given.
    fn default() -> Self {
        Self { tolerance: 1e-3, iterations: 100 }
    }
}

impl Inner {
    /// Two iterations in each sweep of a fit. To convergence, documents would settle on topics that are still as they
    /// began, and stay there: on the Reuters corpus that ends 25,000 nats lower.
    pub const IN_A_SWEEP: Self = Self { tolerance: 1e-3, iterations: 2 };

    pub(super) fn check(&self) -> Result<(), Error> {
        check::in_range("the tolerance of a document", self.tolerance, 0.0..)?;
        check::at_least("the iterations of a document", self.iterations, 1)
    }
}

/// What a pass over documents leaves behind.
#[derive(Clone, Debug, Default)]
pub(super) struct Local {
    /// E\[n_wk\], `[V, K]`, in lanes.
    pub(super) statistics: Vec<Lanes>,
    /// Σ n log Σ_k exp(…).
    pub(super) evidence: f64,
    /// Σ_d KL(q(θ_d) ‖ p(θ_d)).
    pub(super) kl: f64,
}

/// What all documents share.
pub(super) struct Documents<'a> {
    topics: &'a Topics,
    inner: Inner,
    step: f64,
    prior: Vec<Lanes>,
    ln_gamma_prior: Vec<Lanes>,
    prior_total: f64,
    level: Level,
}

impl<'a> Documents<'a> {
    /// Whose γ ascend to convergence, in steps that may lower the bound on the way.
    pub(super) fn new(topics: &'a Topics, alpha: &[f64], inner: Inner) -> Self {
        Self::with_step(topics, alpha, inner, BEYOND)
    }

    /// Whose γ never lower the bound.
    pub(super) fn monotone(topics: &'a Topics, alpha: &[f64], inner: Inner) -> Self {
        Self::with_step(topics, alpha, inner, 1.0)
    }

    fn with_step(topics: &'a Topics, alpha: &[f64], inner: Inner, step: f64) -> Self {
        let prior = lanes(alpha.len(), |k| alpha[k]);
        let (ln_gamma_prior, prior_total) = (ln_gammas(&prior), alpha.iter().sum());
        Self { topics, inner, step, prior, ln_gamma_prior, prior_total, level: Level::best() }
    }

    /// γ where ascents begin: each token shared by all topics.
    pub(super) fn begin(&self, tokens: f64) -> Vec<Lanes> {
        let share = tokens / self.topics.size as f64;
        lanes(self.topics.size, |k| self.prior.as_flattened()[k] + share)
    }

    /// Takes γ of a document to its optimum, and φ with it; adds n φ to the statistics. The two terms of the bound.
    pub(super) fn infer(
        &self,
        document: Document<'_>,
        gamma: &mut [Lanes],
        mut statistics: Option<&mut [Lanes]>,
        room: &mut Room,
    ) -> (f64, f64) {
        let (level, beta) = (self.level, &self.topics.exponential);
        let change = self.inner.tolerance * self.topics.size as f64;
        let stop = Stop { step: self.step, change, iterations: self.inner.iterations };
        let found = ascend(level, document, beta, &self.prior, stop, gamma, room)
            .and_then(|_| allocate(level, document, beta, gamma, statistics.as_deref_mut(), room));
        let evidence = match found {
            Some(logs) => {
                let units = document.words.iter().zip(document.counts);
                logs + units.map(|(&w, &n)| f64::from(n) * self.topics.greatest[w as usize]).sum::<f64>()
            }
            None => self.infer_in_logarithms(document, gamma, statistics),
        };

        let total: f64 = gamma.as_flattened()[..self.topics.size].iter().sum();
        let (digamma, ln_gamma) = digamma_and_ln_gamma(total);
        let mut expected_log = vec![[0.0; LANES]; gamma.len()];
        let sum = expectations(level, gamma, &self.prior, &self.ln_gamma_prior, &mut expected_log);
        let ln_gamma_prior = digamma_and_ln_gamma(self.prior_total).1;
        let tokens = total - self.prior_total;
        let kl = sum + ln_gamma - ln_gamma_prior - tokens * digamma;
        let tokens: f64 = document.counts.iter().map(|&n| f64::from(n)).sum();
        (evidence - tokens * digamma, kl.max(0.0))
    }

    /// The same where every topic that a document has gives a word less than 1e-280.
    fn infer_in_logarithms(
        &self,
        document: Document<'_>,
        gamma: &mut [Lanes],
        mut statistics: Option<&mut [Lanes]>,
    ) -> f64 {
        let (size, prior) = (self.topics.size, self.prior.as_flattened());
        let gamma = &mut gamma.as_flattened_mut()[..size];
        let words = || document.words.iter().zip(document.counts).map(|(&w, &n)| (w, f64::from(n)));
        // log φ_wk up to their common constant, and that.
        let logarithms = |gamma: &[f64], word| {
            let terms = gamma.iter().zip(self.topics.word_expected_log(word));
            let terms: Vec<f64> = terms.map(|(&g, log_beta)| digamma_and_ln_gamma(g).0 + log_beta).collect();
            let constant = ln_sum_exp(&terms);
            (terms, constant)
        };
        for _ in 0..self.inner.iterations {
            let mut next = prior[..size].to_vec();
            for (word, count) in words() {
                let (terms, constant) = logarithms(gamma, word);
                for (next, term) in next.iter_mut().zip(terms) {
                    *next += count * libm::exp(term - constant);
                }
            }
            let change: f64 = next.iter().zip(&*gamma).map(|(a, b)| (a - b).abs()).sum();
            gamma.copy_from_slice(&next);
            if change <= self.inner.tolerance * size as f64 {
                break;
            }
        }
        let mut evidence = 0.0;
        for (word, count) in words() {
            let (terms, constant) = logarithms(gamma, word);
            evidence += count * constant;
            if let Some(statistics) = statistics.as_deref_mut() {
                let at = word as usize * self.topics.blocks;
                let row = statistics[at..at + self.topics.blocks].as_flattened_mut();
                for (sum, term) in row.iter_mut().zip(terms) {
                    *sum += count * libm::exp(term - constant);
                }
            }
        }
        evidence
    }

    /// A pass over the documents of these numbers, each as often as it counts, whose γ are `[R, K]` in lanes.
    ///
    /// They are cut into chunks by their number and the sizes of the matrices alone, and chunks are added in order.
    pub(super) fn pass(&self, counts: &Counts, rows: &[usize], gamma: &mut [Lanes]) -> Local {
        let (blocks, length) = (self.topics.blocks, self.topics.lambda.len());
        let entries: usize = rows.iter().map(|&d| counts.document(d).words.len()).sum();
        // A chunk's room must cost less than its documents.
        let chunks =
            (entries / counts.vocabulary()).min(MOST_STATISTICS / (LANES * length)).clamp(1, MOST_CHUNKS);
        let size = rows.len().div_ceil(chunks).max(1);
        let parts: Vec<Local> = rows
            .par_chunks(size)
            .zip(gamma.par_chunks_mut(size * blocks))
            .map(|(rows, gamma)| {
                let mut local = Local { statistics: vec![[0.0; LANES]; length], ..Local::default() };
                let (mut room, mut own) = (Room::default(), Vec::new());
                for (&row, gamma) in rows.iter().zip(gamma.chunks_mut(blocks)) {
                    let (document, weight) = (counts.document(row), counts.weight(row));
                    let alone = weight == 1.0;
                    if !alone {
                        own.resize(length, [0.0; LANES]);
                    }
                    let statistics = Some(if alone { &mut local.statistics[..] } else { &mut own[..] });
                    let (evidence, kl) = self.infer(document, gamma, statistics, &mut room);
                    local.evidence += weight * evidence;
                    local.kl += weight * kl;
                    if !alone {
                        add(&mut local.statistics, &mut own, document, weight, blocks);
                    }
                }
                local
            })
            .collect();
        let mut parts = parts.into_iter();
        let Some(mut sum) = parts.next() else {
            return Local { statistics: vec![[0.0; LANES]; length], ..Local::default() };
        };
        let others: Vec<Local> = parts.collect();
        let together = 256 * blocks;
        sum.statistics.par_chunks_mut(together).enumerate().for_each(|(chunk, sums)| {
            for other in &others {
                for (sum, x) in sums.iter_mut().zip(&other.statistics[chunk * together..]) {
                    for i in 0..LANES {
                        sum[i] += x[i];
                    }
                }
            }
        });
        for other in &others {
            sum.evidence += other.evidence;
            sum.kl += other.kl;
        }
        sum
    }
}

/// Adds the expected counts of a document as often as it counts, and leaves zeros in their place.
fn add(sums: &mut [Lanes], own: &mut [Lanes], document: Document<'_>, weight: f64, blocks: usize) {
    for &word in document.words {
        let at = word as usize * blocks;
        for (sum, own) in sums[at..at + blocks].iter_mut().zip(&mut own[at..at + blocks]) {
            for i in 0..LANES {
                sum[i] += weight * own[i];
                own[i] = 0.0;
            }
        }
    }
}
