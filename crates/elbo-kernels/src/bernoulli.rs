//! The Bernoulli likelihood from logits, with its gradient.
//!
//! log p(x|ℓ) = Σ_d (x_d − ½) ℓ_d − ½ |ℓ_d| − log(1 + exp(−|ℓ_d|)), in nats; its derivative is x_d − S(ℓ_d), S the logistic
//! function.

use crate::{
    elementary::{exp, log_1p_unit, sigmoid, twice_artanh},
    level::kernel,
    panels::{Panels, Row, WIDTH},
};

kernel! {
    /// Adds log p(x|ℓ) of each row to `log_likelihood`, `[R, D]` to `[R]`.
    pub fn log_likelihood<V>(x: &Panels, logits: &Panels, log_likelihood: &mut [f64]) {
        check(x, logits, log_likelihood);
        for (row, sum) in log_likelihood.iter_mut().enumerate() {
            let mut terms = [0.0; WIDTH];
            for panel in 0..x.columns().div_ceil(WIDTH) {
                let live = x.live(panel);
                let (x, logits) = (&x.panel(panel)[row].0, &logits.panel(panel)[row].0);
                for d in 0..WIDTH {
                    let magnitude = logits[d].abs();
                    let term = (x[d] - 0.5) * logits[d] - 0.5 * magnitude - log_1p_unit(exp(-magnitude));
                    terms[d] += if d < live { term } else { 0.0 };
                }
            }
            *sum += f64::from(total(&terms));
        }
    }
}

kernel! {
    /// Does the same, and ℓ ← `weights` ⊙ ∂/∂ℓ: the gradient of Σ_r `weights`\[r\] log p(x_r|ℓ_r) takes the logits'
    /// place.
    pub fn log_likelihood_and_gradient<V>(
        x: &Panels,
        logits: &mut Panels,
        weights: &[f32],
        log_likelihood: &mut [f64],
    ) {
        check(x, logits, log_likelihood);
        assert_eq!(weights.len(), x.rows(), "a weight for each row");
        for ((row, sum), &weight) in log_likelihood.iter_mut().enumerate().zip(weights) {
            let mut terms = [0.0; WIDTH];
            for panel in 0..x.columns().div_ceil(WIDTH) {
                let live = x.live(panel);
                let (x, logits) = (&x.panel(panel)[row].0, &mut logits.panel_mut(panel)[row].0);
                for d in 0..WIDTH {
                    let (x, logit) = (x[d], logits[d]);
                    let magnitude = logit.abs();
                    let y = exp(-magnitude);
                    // 1/(1 + y) and 1/(2 + y) from one division.
                    let (a, b) = (1.0 + y, 2.0 + y);
                    let inverse = 1.0 / (a * b);
                    let term = (x - 0.5) * logit - 0.5 * magnitude - twice_artanh(y * (inverse * a));
                    let mean = (if logit >= 0.0 { 1.0 } else { y }) * (inverse * b);
                    terms[d] += if d < live { term } else { 0.0 };
                    logits[d] = weight * (x - mean);
                }
            }
            *sum += f64::from(total(&terms));
        }
    }
}

fn check(x: &Panels, logits: &Panels, log_likelihood: &[f64]) {
    assert_eq!((x.rows(), x.columns()), (logits.rows(), logits.columns()), "x and the logits have one shape");
    assert_eq!(log_likelihood.len(), x.rows(), "a sum for each row");
}

/// The sum of a row, halves first: always in the same order.
#[inline(always)]
pub(crate) fn total(terms: &[f32; WIDTH]) -> f32 {
    let mut sums = *terms;
    for step in [16, 8, 4, 2, 1] {
        for i in 0..step {
            sums[i] += sums[i + step];
        }
    }
    sums[0]
}

kernel! {
    /// E\[x|ℓ\] = S(ℓ), in place.
    pub fn mean<V>(logits: &mut [Row]) {
        for row in logits {
            for logit in &mut row.0 {
                *logit = sigmoid(*logit);
            }
        }
    }
}
