//! The passes of a mixture over rows, in f64: log densities of each component, responsibilities, their statistics.
//!
//! Rows come in blocks of [`ROWS`], a column at a time: one row a lane. Lanes without a row hold any finite numbers and
//! have responsibility 0. Statistics are added in the order of the lanes, whatever the level.

use crate::{
    double::{exp, log},
    level::kernel,
};

/// Rows of a block.
pub const ROWS: usize = 128;
/// Partial sums that one vector holds.
const PARTS: usize = 16;

/// A number for each row of a block.
pub type Block = [f64; ROWS];

kernel! {
    /// log N of each row, up to what does not depend on it: `constant` − ½ |A (x − μ)|², A = `factor` the rows of a lower
    /// triangular matrix up to the diagonal, `[D(D + 1)/2]`. `centred` is room for D columns.
    pub fn full_gaussian<V>(
        x: &[Block],
        mean: &[f64],
        factor: &[f64],
        constant: f64,
        centred: &mut [Block],
        out: &mut Block,
    ) {
        let width = x.len();
        assert!(mean.len() == width && centred.len() == width && factor.len() == width * (width + 1) / 2);
        subtract(x, mean, centred);
        *out = [0.0; ROWS];
        let mut rest = factor;
        for i in 0..width {
            let (row, next) = rest.split_at(i + 1);
            rest = next;
            let mut y = [0.0; ROWS];
            for (a, d) in row.iter().zip(centred.iter()) {
                for l in 0..ROWS {
                    y[l] = a.mul_add(d[l], y[l]);
                }
            }
            for l in 0..ROWS {
                out[l] = y[l].mul_add(y[l], out[l]);
            }
        }
        for value in out.iter_mut() {
            *value = value.mul_add(-0.5, constant);
        }
    }
}

kernel! {
    /// log N of each row with its columns independent: `constant` − ½ Σ_d p_d (x_d − μ_d)², p = `precision`.
    pub fn diagonal_gaussian<V>(x: &[Block], mean: &[f64], precision: &[f64], constant: f64, out: &mut Block) {
        assert!(mean.len() == x.len() && precision.len() == x.len());
        *out = [0.0; ROWS];
        for ((x, m), p) in x.iter().zip(mean).zip(precision) {
            for l in 0..ROWS {
                let d = x[l] - m;
                out[l] = (p * d).mul_add(d, out[l]);
            }
        }
        for value in out.iter_mut() {
            *value = value.mul_add(-0.5, constant);
        }
    }
}

kernel! {
    /// `constant` + Σ_d w_d x_d of each row.
    pub fn linear<V>(x: &[Block], weights: &[f64], constant: f64, out: &mut Block) {
        assert_eq!(weights.len(), x.len(), "a weight for each column");
        *out = [constant; ROWS];
        for (x, w) in x.iter().zip(weights) {
            for l in 0..ROWS {
                out[l] = w.mul_add(x[l], out[l]);
            }
        }
    }
}

kernel! {
    /// log ρ of each component, `[K]`, becomes r = ρ/Σρ; −Σ r log r of each row goes to `entropy`. A component whose log ρ
    /// is −∞ has r = 0, but where all have it.
    pub fn responsibilities<V>(log_density: &mut [Block], entropy: &mut Block) {
        let mut greatest = [f64::NEG_INFINITY; ROWS];
        for component in log_density.iter() {
            for l in 0..ROWS {
                greatest[l] = if component[l] > greatest[l] { component[l] } else { greatest[l] };
            }
        }
        // With d = log ρ − max: Σ eᵈ and Σ d eᵈ make the entropy, log Σ eᵈ − Σ d eᵈ/Σ eᵈ, without a logarithm for each.
        let (mut sum, mut weighted) = ([0.0; ROWS], [0.0; ROWS]);
        for component in log_density.iter_mut() {
            for l in 0..ROWS {
                let d = component[l] - greatest[l];
                // Of −∞ the product with its exponential would be NaN; where all are −∞, all are alike.
                let d = if d < -745.0 { -745.0 } else { d };
                let d = if greatest[l] > f64::NEG_INFINITY { d } else { 0.0 };
                let e = exp(d);
                sum[l] += e;
                weighted[l] = d.mul_add(e, weighted[l]);
                component[l] = e;
            }
        }
        let mut inverse = [0.0; ROWS];
        for l in 0..ROWS {
            inverse[l] = 1.0 / sum[l];
            entropy[l] = log(sum[l]) - weighted[l] * inverse[l];
        }
        for component in log_density.iter_mut() {
            for l in 0..ROWS {
                component[l] *= inverse[l];
            }
        }
    }
}

kernel! {
    /// Adds Σ r, Σ r e and Σ r e eᵀ, e = x − `origin`, to `statistics`: `[1 + D + D(D + 1)/2]`, the last the rows of the
    /// lower triangle. `centred` is room for D columns.
    pub fn add_full<V>(
        x: &[Block],
        origin: &[f64],
        r: &Block,
        centred: &mut [Block],
        statistics: &mut [f64],
    ) {
        let width = x.len();
        assert!(origin.len() == width && centred.len() == width);
        assert_eq!(statistics.len(), 1 + width + width * (width + 1) / 2, "the statistics of a component");
        subtract(x, origin, centred);
        let (first, second) = statistics.split_at_mut(1 + width);
        first[0] += sum(r);
        let mut second = second.iter_mut();
        for i in 0..width {
            let mut weighted = [0.0; ROWS];
            for l in 0..ROWS {
                weighted[l] = r[l] * centred[i][l];
            }
            first[1 + i] += sum(&weighted);
            for (e, out) in centred[..=i].iter().zip(&mut second) {
                *out += dot(&weighted, e);
            }
        }
    }
}

kernel! {
    /// Adds Σ r, Σ r e and Σ r e² of each column, e = x − `origin`, to `statistics`, `[3D]`.
    pub fn add_diagonal<V>(x: &[Block], origin: &[f64], r: &Block, statistics: &mut [f64]) {
        let width = x.len();
        assert!(origin.len() == width && statistics.len() == 3 * width);
        let count = sum(r);
        for d in 0..width {
            let (mut e, mut weighted) = ([0.0; ROWS], [0.0; ROWS]);
            for l in 0..ROWS {
                e[l] = x[d][l] - origin[d];
                weighted[l] = r[l] * e[l];
            }
            statistics[d] += count;
            statistics[width + d] += sum(&weighted);
            statistics[2 * width + d] += dot(&weighted, &e);
        }
    }
}

kernel! {
    /// Adds Σ r and Σ r x of each column to `statistics`, `[2D]`.
    pub fn add_linear<V>(x: &[Block], r: &Block, statistics: &mut [f64]) {
        let width = x.len();
        assert_eq!(statistics.len(), 2 * width, "the statistics of a component");
        let count = sum(r);
        for d in 0..width {
            statistics[d] += count;
            statistics[width + d] += dot(r, &x[d]);
        }
    }
}

#[inline(always)]
fn subtract(x: &[Block], centre: &[f64], out: &mut [Block]) {
    for ((x, c), out) in x.iter().zip(centre).zip(out) {
        for l in 0..ROWS {
            out[l] = x[l] - c;
        }
    }
}

#[inline(always)]
fn sum(values: &Block) -> f64 {
    let mut parts = [0.0; PARTS];
    for values in values.chunks_exact(PARTS) {
        for l in 0..PARTS {
            parts[l] += values[l];
        }
    }
    fold(parts)
}

#[inline(always)]
fn dot(a: &Block, b: &Block) -> f64 {
    let mut parts = [0.0; PARTS];
    for (a, b) in a.chunks_exact(PARTS).zip(b.chunks_exact(PARTS)) {
        for l in 0..PARTS {
            parts[l] = a[l].mul_add(b[l], parts[l]);
        }
    }
    fold(parts)
}

/// The sum, halved in size again and again.
#[inline(always)]
fn fold(mut parts: [f64; PARTS]) -> f64 {
    let mut half = PARTS / 2;
    while half > 0 {
        for l in 0..half {
            parts[l] += parts[l + half];
        }
        half /= 2;
    }
    parts[0]
}
