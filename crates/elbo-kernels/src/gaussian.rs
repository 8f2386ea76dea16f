//! The Gaussian likelihood with one σ or one a column, with its gradient.
//!
//! log p(x|m) = Σ_d −½ ((x_d − m_d)/σ_d)² − log σ_d − ½ log 2π, in nats.

use crate::{
    bernoulli::total,
    level::kernel,
    panels::{Panels, Row, WIDTH},
};

/// 1/σ of each column, and the part of the log density that no row changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Precision {
    inverse: Vec<f32>,
    constant: f64,
}

impl Precision {
    /// Computes the precision from log σ: one number for all of D columns, or D.
    ///
    /// # Panics
    /// It panics where there are neither 1 nor D.
    pub fn set(&mut self, log_sigma: &[f32], columns: usize) {
        assert!(log_sigma.len() == 1 || log_sigma.len() == columns, "one log σ, or one a column");
        self.inverse.clear();
        self.inverse.resize(columns.next_multiple_of(WIDTH), 0.0);
        let mut sum = 0.0;
        for (d, inverse) in self.inverse[..columns].iter_mut().enumerate() {
            let log_sigma = f64::from(log_sigma[d % log_sigma.len()]);
            *inverse = libm::exp(-log_sigma) as f32;
            sum += log_sigma;
        }
        self.constant = -sum - 0.5 * columns as f64 * libm::log(std::f64::consts::TAU);
    }

    #[inline(always)]
    fn panel(&self, panel: usize) -> &[f32; WIDTH] {
        self.inverse[panel * WIDTH..].first_chunk().expect("padded to whole panels")
    }
}

kernel! {
    /// Adds log p(x|m) of each row to `log_likelihood`, `[R, D]` to `[R]`.
    pub fn log_likelihood<V>(x: &Panels, means: &Panels, precision: &Precision, log_likelihood: &mut [f64]) {
        assert_eq!((x.rows(), x.columns()), (means.rows(), means.columns()), "x and the means have one shape");
        assert_eq!(log_likelihood.len(), x.rows(), "a sum for each row");
        for (row, sum) in log_likelihood.iter_mut().enumerate() {
            let mut squares = [0.0; WIDTH];
            for panel in 0..x.columns().div_ceil(WIDTH) {
                let (inverse, live) = (precision.panel(panel), x.live(panel));
                let (x, means) = (&x.panel(panel)[row].0, &means.panel(panel)[row].0);
                for d in 0..WIDTH {
                    let residual = (x[d] - means[d]) * inverse[d];
                    squares[d] += if d < live { residual * residual } else { 0.0 };
                }
            }
            *sum += precision.constant - 0.5 * f64::from(total(&squares));
        }
    }
}

kernel! {
    /// Does the same, and m ← `weights` ⊙ ∂/∂m: the gradient of Σ_r `weights`\[r\] log p(x_r|m_r) takes the means'
    /// place.
    pub fn log_likelihood_and_gradient<V>(
        x: &Panels,
        means: &mut Panels,
        precision: &Precision,
        weights: &[f32],
        log_likelihood: &mut [f64],
    ) {
        assert_eq!((x.rows(), x.columns()), (means.rows(), means.columns()), "x and the means have one shape");
        assert_eq!(log_likelihood.len(), x.rows(), "a sum for each row");
        assert_eq!(weights.len(), x.rows(), "a weight for each row");
        for ((row, sum), &weight) in log_likelihood.iter_mut().enumerate().zip(weights) {
            let mut squares = [0.0; WIDTH];
            for panel in 0..x.columns().div_ceil(WIDTH) {
                let (inverse, live) = (precision.panel(panel), x.live(panel));
                let (x, means) = (&x.panel(panel)[row].0, &mut means.panel_mut(panel)[row].0);
                for d in 0..WIDTH {
                    let residual = (x[d] - means[d]) * inverse[d];
                    squares[d] += if d < live { residual * residual } else { 0.0 };
                    means[d] = weight * residual * inverse[d];
                }
            }
            *sum += precision.constant - 0.5 * f64::from(total(&squares));
        }
    }
}

kernel! {
    /// Adds to `gradient`, `[D]`, the derivative of Σ_r `weights`\[r\] log p(x_r|m_r) in each column's log σ, from the
    /// gradient in the means, row after row: Σ_r w_r (((x − m)/σ)² − 1). Rows of weight 0 add nothing.
    pub fn log_sigma_gradient<V>(mean_gradient: &Panels, precision: &Precision, weights: &[f32], gradient: &mut [f32]) {
        assert_eq!(gradient.len(), mean_gradient.columns(), "a derivative for each column");
        assert_eq!(weights.len(), mean_gradient.rows(), "a weight for each row");
        for (panel, gradient) in gradient.chunks_mut(WIDTH).enumerate() {
            let inverse = precision.panel(panel);
            let mut sums = Row::ZERO;
            sums.0[..gradient.len()].copy_from_slice(gradient);
            for (row, &weight) in mean_gradient.panel(panel).iter().zip(weights) {
                if weight == 0.0 {
                    continue;
                }
                for d in 0..WIDTH {
                    let residual = row.0[d] / (weight * inverse[d]);
                    sums.0[d] += weight * residual.mul_add(residual, -1.0);
                }
            }
            gradient.copy_from_slice(&sums.0[..gradient.len()]);
        }
    }
}
