//! Counter-based randomness: every random number in the system is a pure function of a [`Key`].
//!
//! The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw, *Parallel random numbers: as easy as
//! 1, 2, 3*, SC 2011). A draw is named by (key, row, position), so it does not depend on the number of
//! threads, on the order of the rows in a minibatch, or on what was drawn before: a resumed run sees the
//! same numbers as an uninterrupted one. Logarithm, sine and cosine come from the portable `libm` crate,
//! so the bits do not depend on the machine's C library either.

use std::f64::consts::TAU;

use elbo_kernels::{Level, random::philox4x32_10};

/// What a child key is for: the first split below the run's seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The draws that choose which rows are for training and which for validation.
    Split = 1,
    /// The first weights.
    Initialise = 2,
    /// The order of the rows in an epoch.
    Shuffle = 3,
    /// Bernoulli draws of grey pixels.
    Binarise = 4,
    /// ε of the reparameterised guide (E14) during training.
    Noise = 5,
    /// ε and Bernoulli draws of an evaluation, the same at every epoch.
    Evaluate = 6,
    /// Draws from the prior and the likelihood.
    Sample = 7,
    /// ε and Bernoulli draws of rows that took no part in the fit.
    Test = 8,
    /// ε of the ascent of each row's own ψ (E16) during training.
    PerDatum = 9,
    /// The draws where a fit by coordinate ascent begins.
    Start = 10,
}

/// A splittable key of the counter-based generator.
///
/// ```
/// use elbo::random::{Key, Purpose};
/// let key = Key::new(7).purpose(Purpose::Noise).fold(3); // step 3
/// let (mut a, mut b) = ([0.0; 4], [0.0; 4]);
/// key.normals(1_000_000, &mut a); // the noise of data row 1,000,000
/// key.normals(1_000_000, &mut b);
/// assert_eq!(a, b);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key([u32; 2]);

/// The noise of a step or of an evaluation.
#[derive(Clone, Copy, Debug)]
pub struct Draws {
    /// L, Monte Carlo samples a row.
    pub samples: usize,
    /// Names the noise, see [`Family::noise`](crate::guide::Family::noise).
    pub key: Key,
}

/// Counter words 2 and 3 of a split; no data row has this index, so splits and draws never collide.
const SPLIT: u64 = u64::MAX;

impl Key {
    /// The key of a seed.
    pub fn new(seed: u64) -> Self {
        Self(words(seed))
    }

    /// The child key of a purpose.
    #[must_use]
    pub fn purpose(self, purpose: Purpose) -> Self {
        self.fold(purpose as u64)
    }

    /// The child key number `index`: of an epoch, a step, a sample.
    #[must_use]
    pub fn fold(self, index: u64) -> Self {
        let [a, b, _, _] = self.block(index, SPLIT);
        Self([a, b])
    }

    /// Four random words: block number `position` of the stream that belongs to `row`.
    fn block(self, position: u64, row: u64) -> [u32; 4] {
        let ([p0, p1], [r0, r1]) = (words(position), words(row));
        philox4x32_10([p0, p1, r0, r1], self.0)
    }

    /// Fills `out` with draws from U(0, 1), open at both ends, of the stream of `row`.
    pub fn uniforms(self, row: u64, out: &mut [f32]) {
        elbo_kernels::random::uniforms(Level::best(), self.0, row, out);
    }

    /// Each of `values`, in [0, 1], becomes 1 with that probability, else 0: 1 where [`Self::uniforms`] is below it.
    pub fn bernoulli(self, row: u64, values: &mut [f32]) {
        elbo_kernels::random::bernoulli(Level::best(), self.0, row, values);
    }

    /// Fills `out` with draws from N(0, 1) of the stream of `row`, by Box and Muller's transform.
    ///
    /// A uniform has 32 bits, so |ε| is at most 6.77; the mass beyond it is 1e-11.
    pub fn normals(self, row: u64, out: &mut [f64]) {
        for (position, four) in out.chunks_mut(4).enumerate() {
            let [a, b, c, d] = self.block(position as u64, row).map(open_unit);
            let ((n0, n1), (n2, n3)) = (box_muller(a, b), box_muller(c, d));
            for (n, value) in four.iter_mut().zip([n0, n1, n2, n3]) {
                *n = value;
            }
        }
    }

    /// Fills `out` with draws from N(0, 1) of the stream of `row`, in f32 and at full speed: from the same words
    /// as [`Self::normals`], of which they are roundings.
    pub fn standard_normals(self, row: u64, out: &mut [f32]) {
        elbo_kernels::random::normals(Level::best(), self.0, row, out);
    }

    /// Draws one of `weights.len()` outcomes in proportion to the weights, each ≥ 0, from the stream of `row`; the draw
    /// is uniform where all weights are 0.
    ///
    /// ```
    /// use elbo::random::Key;
    /// assert_eq!(Key::new(1).choose(0, &[0.0, 0.0, 3.0, 0.0]), 2);
    /// ```
    ///
    /// # Panics
    /// It panics where there is no outcome.
    pub fn choose(self, row: u64, weights: &[f64]) -> usize {
        let [a, b, _, _] = self.block(0, row);
        // 53 bits: of many outcomes each can come.
        let uniform = ((u64::from(a) << 32 | u64::from(b)) >> 11) as f64 / (1u64 << 53) as f64;
        let total: f64 = weights.iter().sum();
        if total == 0.0 {
            return ((uniform * weights.len() as f64) as usize).min(weights.len() - 1);
        }
        let mut left = uniform * total;
        let possible = || weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0);
        let chosen = possible().find(|(_, weight)| {
            left -= **weight;
            left < 0.0
        });
        // Rounding may leave a rest: the last possible one's.
        chosen.or_else(|| possible().next_back()).map_or(0, |(outcome, _)| outcome)
    }

    /// A uniformly random order of 0..n (Fisher and Yates).
    pub fn permutation(self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for last in (1..n).rev() {
            let [a, b, _, _] = self.block(last as u64, 0);
            let word = (u64::from(a) << 32) | u64::from(b);
            // The high half of a 64 × 64 product: the bias is below n / 2^64.
            let chosen = (u128::from(word) * (last as u128 + 1)) >> 64;
            order.swap(last, chosen as usize);
        }
        order
    }
}

fn words(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

fn open_unit(word: u32) -> f64 {
    (f64::from(word) + 0.5) / 4_294_967_296.0
}

fn box_muller(u: f64, v: f64) -> (f64, f64) {
    let radius = libm::sqrt(-2.0 * libm::log(u));
    let (sin, cos) = libm::sincos(TAU * v);
    (radius * cos, radius * sin)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that come with Random123 (`kat_vectors`, philox 4x32, 10 rounds).
    #[test]
    fn random123_known_answers() {
        let cases = [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, expected) in cases {
            assert_eq!(philox4x32_10(counter, key), expected);
        }
    }

    /// Mean, variance, skewness and kurtosis of 400,000 normals; each z-test has a false-alarm rate of
    /// 6e-5 (|z| < 4).
    #[test]
    fn normals_have_the_moments_of_a_standard_normal() {
        let key = Key::new(1).purpose(Purpose::Noise);
        let (rows, width) = (40_000, 10);
        let mut all = vec![0.0; rows * width];
        for (row, out) in all.chunks_mut(width).enumerate() {
            key.normals(row as u64, out);
        }
        let n = all.len() as f64;
        // Var of ε, ε², ε³, ε⁴ under N(0, 1): 1, 2, 15, 96.
        for (power, mean, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
            let got = all.iter().map(|e| e.powi(power)).sum::<f64>() / n;
            let z = (got - mean) / (variance / n as f64).sqrt();
            assert!(z.abs() < 4.0, "moment {power}: {got}, z = {z}");
        }
    }

    #[test]
    fn draws_do_not_depend_on_the_length_asked_for() {
        let (mut short, mut long) = ([0.0; 3], [0.0; 9]);
        Key::new(5).normals(8, &mut short);
        Key::new(5).normals(8, &mut long);
        assert_eq!(short, long[..3]);
        let (mut short, mut long) = ([0.0; 3], [0.0; 9]);
        Key::new(5).uniforms(8, &mut short);
        Key::new(5).uniforms(8, &mut long);
        assert_eq!(short, long[..3]);
        assert!(long.iter().all(|&u| u > 0.0 && u < 1.0));
    }

    #[test]
    fn keys_rows_and_children_differ() {
        let key = Key::new(9);
        let draw = |key: Key, row| {
            let mut out = [0.0; 2];
            key.normals(row, &mut out);
            out
        };
        assert_ne!(draw(key, 0), draw(key, 1));
        assert_ne!(draw(key, 0), draw(key.fold(0), 0));
        assert_ne!(key.fold(0), key.fold(1));
        assert_ne!(Key::new(1 << 32), Key::new(1));
    }

    #[test]
    fn a_permutation_holds_every_row_once_and_is_uniform_in_its_first_place() {
        let mut order = Key::new(2).permutation(1000);
        order.sort_unstable();
        assert!(order.iter().enumerate().all(|(i, &row)| i == row));
        assert!(Key::new(2).permutation(0).is_empty());
        // χ² with 5 degrees of freedom over 6,000 permutations of 6: P(χ² > 25.7) = 1e-4.
        let mut counts = [0.0; 6];
        for seed in 0..6000 {
            counts[Key::new(seed).permutation(6)[0]] += 1.0;
        }
        let chi2: f64 = counts.iter().map(|c: &f64| (c - 1000.0).powi(2) / 1000.0).sum();
        assert!(chi2 < 25.7, "χ² = {chi2}");
    }
}
