//! q(β_k) = Dir(λ_k), and what documents need of it: E\[log β\] and its exponential, a row for each word.

use elbo_kernels::{
    LANES, Lanes, Level,
    dirichlet::{digamma_and_ln_gamma, expectations, exponentials},
};
use rayon::prelude::*;

use crate::{Error, check};

/// Words whose sums are taken together.
const WORDS: usize = 256;

/// `size` numbers in lanes, and zeros behind them.
pub(super) fn lanes(size: usize, value: impl Fn(usize) -> f64) -> Vec<Lanes> {
    let number = |i| if i < size { value(i) } else { 0.0 };
    (0..size.div_ceil(LANES)).map(|block| std::array::from_fn(|i| number(block * LANES + i))).collect()
}

/// ln Γ of each, to the rounding of the kernel that takes it away again.
pub(super) fn ln_gammas(x: &[Lanes]) -> Vec<Lanes> {
    let one = |x| if x > 0.0 { digamma_and_ln_gamma(x).1 } else { 0.0 };
    x.iter().map(|x| x.map(one)).collect()
}

/// K topics over V words. Rows of words lie together, and are padded to whole lanes.
#[derive(Clone, Debug)]
pub(super) struct Topics {
    /// K.
    pub(super) size: usize,
    /// Lanes of a row.
    pub(super) blocks: usize,
    /// λ, `[V, K]`.
    pub(super) lambda: Vec<Lanes>,
    /// E\[log β_kw\].
    pub(super) expected_log: Vec<Lanes>,
    /// log of the unit of each word's `exponential`: its largest E\[log β_kw\].
    pub(super) greatest: Vec<f64>,
    /// exp E\[log β_kw\] in that unit.
    pub(super) exponential: Vec<Lanes>,
    /// Σ_k KL(q(β_k) ‖ p(β_k)).
    pub(super) kl: f64,
}

impl Topics {
    /// From λ, `[V, K]`, and η.
    pub(super) fn new(size: usize, lambda: Vec<Lanes>, eta: f64) -> Result<Self, Error> {
        let blocks = size.div_ceil(LANES);
        let mut topics = Self {
            size,
            blocks,
            expected_log: vec![[0.0; LANES]; lambda.len()],
            greatest: vec![0.0; lambda.len() / blocks],
            exponential: vec![[0.0; LANES]; lambda.len()],
            lambda,
            kl: 0.0,
        };
        topics.refresh(eta)?;
        Ok(topics)
    }

    /// After a change of λ.
    pub(super) fn refresh(&mut self, eta: f64) -> Result<(), Error> {
        let (size, blocks, words) = (self.size, self.blocks, self.greatest.len());
        let totals = self.column_sums();
        check::each_finite("the sum of a topic's parameters", &totals.as_flattened()[..size])?;
        let of_totals = lanes(size, |k| digamma_and_ln_gamma(totals.as_flattened()[k]).0);
        let prior = lanes(size, |_| eta);
        let ln_gamma_prior = ln_gammas(&prior);
        let level = Level::best();
        let part = WORDS * blocks;
        let parts = self.lambda.par_chunks(part).zip(self.expected_log.par_chunks_mut(part));
        let parts = parts.zip(self.exponential.par_chunks_mut(part)).zip(self.greatest.par_chunks_mut(WORDS));
        let sums: Vec<f64> = parts
            .map(|(((lambda, expected_log), exponential), greatest)| {
                let rows = lambda.chunks(blocks).zip(expected_log.chunks_mut(blocks));
                let rows = rows.zip(exponential.chunks_mut(blocks)).zip(greatest);
                rows.map(|(((lambda, expected_log), exponential), greatest)| {
                    let sum = expectations(level, lambda, &prior, &ln_gamma_prior, expected_log);
                    *greatest = exponentials(level, expected_log, &of_totals, size, exponential);
                    sum
                })
                .sum()
            })
            .collect();
        let prior_total = words as f64 * eta;
        let ln_gamma_prior_total = digamma_and_ln_gamma(prior_total).1;
        let of_total = |&total: &f64| {
            let (digamma, ln_gamma) = digamma_and_ln_gamma(total);
            ln_gamma - ln_gamma_prior_total - (total - prior_total) * digamma
        };
        self.kl = sums.iter().sum::<f64>() + totals.as_flattened()[..size].iter().map(of_total).sum::<f64>();
        Ok(())
    }

    /// Σ_w λ_kw.
    fn column_sums(&self) -> Vec<Lanes> {
        let add = |sums: &mut Vec<Lanes>, row: &[Lanes]| {
            for (sum, x) in sums.as_flattened_mut().iter_mut().zip(row.as_flattened()) {
                *sum += x;
            }
        };
        let zeros = vec![[0.0; LANES]; self.blocks];
        let parts: Vec<Vec<Lanes>> = self
            .lambda
            .par_chunks(WORDS * self.blocks)
            .map(|part| {
                let mut sums = zeros.clone();
                part.chunks(self.blocks).for_each(|row| add(&mut sums, row));
                sums
            })
            .collect();
        parts.into_iter().fold(zeros.clone(), |mut sums, part| {
            add(&mut sums, &part);
            sums
        })
    }

    /// E\[log p(w|z, β)\] of documents with these expected counts, `[V, K]`.
    pub(super) fn log_likelihood(&self, statistics: &[Lanes]) -> f64 {
        let part = WORDS * self.blocks;
        let parts = statistics.par_chunks(part).zip(self.expected_log.par_chunks(part));
        let sums: Vec<f64> = parts
            .map(|(statistics, expected_log)| {
                let mut sums = [0.0; LANES];
                for (statistics, expected_log) in statistics.iter().zip(expected_log) {
                    for i in 0..LANES {
                        sums[i] += statistics[i] * expected_log[i];
                    }
                }
                sums.iter().sum()
            })
            .collect();
        sums.iter().sum()
    }

    /// The row of a word, without its padding.
    pub(super) fn word_expected_log(&self, word: u32) -> &[f64] {
        let at = word as usize * self.blocks;
        &self.expected_log[at..at + self.blocks].as_flattened()[..self.size]
    }
}
