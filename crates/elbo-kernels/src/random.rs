//! Noise from a counter: Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011), sixteen counters at a time.
//!
//! The stream of `row` under `key` is what counters (0, row), (1, row), … give, four words each. Any part of it is
//! computed without the rest.

use crate::{
    elementary::{cos_sin_turn, log},
    level::kernel,
};

kernel! {
    /// Draws from U(0, 1), open at both ends, of the stream of `row`: 23 bits each.
    pub fn uniforms<V>(key: [u32; 2], row: u64, out: &mut [f32]) {
        for (batch, out) in out.chunks_mut(64).enumerate() {
            out.copy_from_slice(&batch_of_uniforms(key, row, batch)[..out.len()]);
        }
    }
}

kernel! {
    /// Each of `values`, in \[0, 1\], becomes 1 where the stream's uniform is below it, else 0.
    pub fn bernoulli<V>(key: [u32; 2], row: u64, values: &mut [f32]) {
        for (batch, values) in values.chunks_mut(64).enumerate() {
            for (x, u) in values.iter_mut().zip(batch_of_uniforms(key, row, batch)) {
                *x = if u < *x { 1.0 } else { 0.0 };
            }
        }
    }
}

kernel! {
    /// Draws from N(0, 1) of the stream of `row`, by Box and Muller's transform: |ε| ≤ 6.77, the mass beyond
    /// is 1e-11.
    pub fn normals<V>(key: [u32; 2], row: u64, out: &mut [f32]) {
        for (batch, out) in out.chunks_mut(64).enumerate() {
            let words = words(key, row, 16 * batch as u64);
            let mut values = [0.0; 64];
            for pair in [0, 2] {
                for c in 0..16 {
                    // (w + ½)/2^32 in (0, 1], rounded.
                    let u = (words[pair][c] as f32 + 0.5) * (1.0 / 4_294_967_296.0);
                    let radius = (-2.0 * log(u)).sqrt();
                    let (cos, sin) = cos_sin_turn(words[pair + 1][c]);
                    values[4 * c + pair] = radius * cos;
                    values[4 * c + pair + 1] = radius * sin;
                }
            }
            out.copy_from_slice(&values[..out.len()]);
        }
    }
}

/// Uniforms 64 · `batch` and on of a stream.
#[inline(always)]
fn batch_of_uniforms(key: [u32; 2], row: u64, batch: usize) -> [f32; 64] {
    let words = words(key, row, 16 * batch as u64);
    let mut values = [0.0; 64];
    for c in 0..16 {
        for w in 0..4 {
            values[4 * c + w] = uniform(words[w][c]);
        }
    }
    values
}

/// 23 bits: with the half all values are exact, and none is 1.
#[inline(always)]
fn uniform(word: u32) -> f32 {
    ((word >> 9) as f32 + 0.5) * (1.0 / 8_388_608.0)
}

/// The bijection itself: ten rounds of Philox4x32 on one counter.
pub fn philox4x32_10(counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    let mut x = counter;
    for _ in 0..10 {
        x = round(x, key);
        key = next(key);
    }
    x
}

#[inline(always)]
fn round(x: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let a = u64::from(x[0]) * 0xD251_1F53;
    let b = u64::from(x[2]) * 0xCD9E_8D57;
    [(b >> 32) as u32 ^ x[1] ^ key[0], b as u32, (a >> 32) as u32 ^ x[3] ^ key[1], a as u32]
}

#[inline(always)]
fn next(key: [u32; 2]) -> [u32; 2] {
    [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)]
}

/// Sixteen blocks of a stream from block `first` on: word w of block c at \[w\]\[c\].
#[inline(always)]
fn words(mut key: [u32; 2], row: u64, first: u64) -> [[u32; 16]; 4] {
    let mut x = [[0; 16]; 4];
    for c in 0..16 {
        let position = first + c as u64;
        (x[0][c], x[1][c]) = (position as u32, (position >> 32) as u32);
        (x[2][c], x[3][c]) = (row as u32, (row >> 32) as u32);
    }
    for _ in 0..10 {
        for c in 0..16 {
            [x[0][c], x[1][c], x[2][c], x[3][c]] = round([x[0][c], x[1][c], x[2][c], x[3][c]], key);
        }
        key = next(key);
    }
    x
}
