//! Adam (Kingma and Ba 2015), one pass over parameters, gradient and moments.

use crate::level::kernel;

/// The decay of the running mean of the gradient.
pub const BETA_1: f32 = 0.9;
/// The decay of the running mean of the gradient's square.
pub const BETA_2: f32 = 0.999;

/// The numbers of a step that all parameters share.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// What the gradient is multiplied by first.
    pub factor: f32,
    /// The step size with both bias corrections.
    pub rate: f32,
    /// ε with the second moment's bias correction.
    pub epsilon: f32,
}

kernel! {
    /// One step uphill: m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², p ← p + rate · m/(√v + ε).
    ///
    /// A moment that would become subnormal becomes 0: those of a parameter whose gradient is exactly zero decay for
    /// ever, and each operation on a subnormal costs as much as a hundred others.
    pub fn ascend<V>(parameters: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32], by: Rate) {
        let n = parameters.len();
        assert!(gradient.len() == n && first.len() == n && second.len() == n, "one length");
        for (((p, g), m), v) in parameters.iter_mut().zip(gradient).zip(first).zip(second) {
            let g = g * by.factor;
            *m = flush(BETA_1.mul_add(*m, (1.0 - BETA_1) * g));
            *v = flush(BETA_2.mul_add(*v, (1.0 - BETA_2) * g * g));
            *p += by.rate * *m / (v.sqrt() + by.epsilon);
        }
    }
}

#[inline(always)]
fn flush(moment: f32) -> f32 {
    if moment.abs() < f32::MIN_POSITIVE { 0.0 } else { moment }
}

kernel! {
    /// Σ g², in a fixed order, and whether every |g| is at most `most` (a NaN is not).
    pub fn squares<V>(gradient: &[f32], most: f32) -> (f64, bool) {
        let (mut total, mut largest) = (0.0, 0);
        // In f32 over 16 numbers a lane, in f64 over the lanes.
        for block in gradient.chunks(1024) {
            let mut sums = [0.0f32; 64];
            let mut sizes = [0u32; 64];
            let (lines, rest) = block.as_chunks::<64>();
            for line in lines {
                for i in 0..64 {
                    sums[i] = line[i].mul_add(line[i], sums[i]);
                    sizes[i] = sizes[i].max(line[i].abs().to_bits());
                }
            }
            for (i, &g) in rest.iter().enumerate() {
                sums[i] = g.mul_add(g, sums[i]);
                sizes[i] = sizes[i].max(g.abs().to_bits());
            }
            total += sums.iter().map(|&s| f64::from(s)).sum::<f64>();
            largest = sizes.into_iter().fold(largest, u32::max);
        }
        // The bits of positive numbers are in the order of the numbers; those of a NaN come last.
        (total, largest <= most.to_bits())
    }
}
