//! Stochastic gradient ascent on a flat vector of parameters (the updates of E17).

use elbo_kernels::{
    Level,
    adam::{self, BETA_1, BETA_2},
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// A rule that turns a gradient into a step uphill.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimiser {
    /// Adam (Kingma and Ba 2015) with β₁ = 0.9, β₂ = 0.999, ε = 1e-8: the step hardly depends on the
    /// gradient's scale, so a step size near 1e-3 suits most models.
    Adam,
    /// Plain stochastic gradient ascent: p ← p + α g. The gradient is that of the whole data set's bound, N
    /// times larger than a datum's, and α accordingly small.
    Sgd,
}

const EPSILON: f64 = 1e-8;

/// Parameters that one thread takes at a time.
pub(crate) const SLICE: usize = 1 << 14;

/// What an optimiser carries from step to step for one block of parameters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments {
    /// Running mean of the gradient; empty for plain ascent.
    pub first: Vec<f32>,
    /// Running mean of the gradient's square; empty for plain ascent.
    pub second: Vec<f32>,
    /// Steps taken.
    pub steps: u64,
}

impl Optimiser {
    /// The state before the first step, for `len` parameters.
    pub fn init(self, len: usize) -> Moments {
        let len = if self == Self::Adam { len } else { 0 };
        Moments { first: vec![0.0; len], second: vec![0.0; len], steps: 0 }
    }

    /// The largest component of a gradient with which a step of this size stays far from overflow in f32.
    pub fn largest_gradient(self, step_size: f64) -> f32 {
        match self {
            // Its square must be finite.
            Self::Adam => 1e18,
            Self::Sgd => (1e37 / step_size.max(1.0)) as f32,
        }
    }

    /// Takes one step uphill, in place, by slices on rayon's current thread pool. `gradient` is that of the quantity to
    /// be raised, and is multiplied by `factor`.
    ///
    /// # Panics
    /// It panics where the lengths differ.
    pub fn ascend(
        self,
        moments: &mut Moments,
        parameters: &mut [f32],
        gradient: &[f32],
        factor: f32,
        step_size: f64,
    ) {
        moments.steps += 1;
        match self {
            Self::Sgd => {
                let rate = step_size as f32 * factor;
                for (p, g) in parameters.iter_mut().zip(gradient) {
                    *p += rate * g;
                }
            }
            Self::Adam => {
                let (by, level) = (adam_rate(moments.steps as f64, factor, step_size), Level::best());
                let moments = moments.first.par_chunks_mut(SLICE).zip(moments.second.par_chunks_mut(SLICE));
                let slices = parameters.par_chunks_mut(SLICE).zip(gradient.par_chunks(SLICE)).zip(moments);
                slices.for_each(|((p, g), (m, v))| adam::ascend(level, p, g, m, v, by));
            }
        }
    }
}

/// Adam's numbers at its step number `t`, from 1, with the corrections of both moments' bias.
pub(crate) fn adam_rate(t: f64, factor: f32, step_size: f64) -> adam::Rate {
    let unbias_1 = 1.0 - libm::pow(f64::from(BETA_1), t);
    let unbias_2 = libm::sqrt(1.0 - libm::pow(f64::from(BETA_2), t));
    let rate = (step_size * unbias_2 / unbias_1) as f32;
    adam::Rate { factor, rate, epsilon: (EPSILON * unbias_2) as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three steps worked out by hand from the paper's algorithm 1 in f64.
    #[test]
    fn adam_follows_its_paper() {
        let gradients = [0.5, -1.0, 2.0];
        let (mut m, mut v, mut expected) = (0.0, 0.0, 1.0);
        for (t, g) in (1..).zip(gradients) {
            m = 0.9 * m + 0.1 * g;
            v = 0.999 * v + 0.001 * g * g;
            let (m_hat, v_hat) = (m / (1.0 - 0.9_f64.powi(t)), v / (1.0 - 0.999_f64.powi(t)));
            expected += 0.1 * m_hat / (v_hat.sqrt() + 1e-8);
        }
        let mut moments = Optimiser::Adam.init(1);
        let mut p = [1.0];
        for g in gradients {
            Optimiser::Adam.ascend(&mut moments, &mut p, &[2.0 * g as f32], 0.5, 0.1);
        }
        assert!((f64::from(p[0]) - expected).abs() < 1e-6, "{p:?} {expected}");
    }

    #[test]
    fn both_climb_a_concave_function() {
        for (optimiser, step_size) in [(Optimiser::Adam, 0.05), (Optimiser::Sgd, 0.1)] {
            let mut moments = optimiser.init(2);
            let mut p = [3.0, -4.0];
            for _ in 0..500 {
                let gradient = [-2.0 * (p[0] - 1.0), -(p[1] - 2.0)];
                optimiser.ascend(&mut moments, &mut p, &gradient, 1.0, step_size);
            }
            assert!((p[0] - 1.0).abs() < 1e-2 && (p[1] - 2.0).abs() < 1e-2, "{optimiser:?} {p:?}");
        }
    }

    #[test]
    fn the_largest_gradient_leaves_everything_finite() {
        for (optimiser, step_size) in [(Optimiser::Adam, 1.0), (Optimiser::Sgd, 1e10), (Optimiser::Sgd, 1e-3)]
        {
            let mut moments = optimiser.init(1);
            let mut p = [1.0];
            for _ in 0..10 {
                let gradient = [optimiser.largest_gradient(step_size)];
                optimiser.ascend(&mut moments, &mut p, &gradient, 1.0, step_size);
            }
            assert!(p[0].is_finite() && moments.second.iter().all(|v| v.is_finite()), "{optimiser:?} {p:?}");
        }
    }

    #[test]
    fn moments_never_stay_subnormal() {
        let mut moments = Optimiser::Adam.init(1);
        let mut p = [0.0];
        Optimiser::Adam.ascend(&mut moments, &mut p, &[1e-3], 1.0, 1e-3);
        for _ in 0..2000 {
            Optimiser::Adam.ascend(&mut moments, &mut p, &[0.0], 1.0, 1e-3);
            let normal = |m: f32| m == 0.0 || m.is_normal();
            assert!(normal(moments.first[0]) && normal(moments.second[0]));
        }
        assert_eq!(moments.first[0], 0.0);
    }
}
