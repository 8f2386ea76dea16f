//! A joint move of q(z), q(A), q(C) and their relevances: z = F z′, A′ = F⁻¹ A F, C′ = C F, which leaves C z as it is.
//!
//! One factor at a time, the bound climbs slowly along these directions (Luttinen 2013, *Fast variational Bayesian linear
//! state-space model*). q(z) and q(C) move exactly; A′ mixes the rows of A, and is set to its optimum given the rest. With N
//! rows in all, Σ = Σ E\[(z_t − A z_{t−1})(z_t − A z_{t−1})ᵀ\] at the best A, and Σ E\[z_1 z_1ᵀ\] added to it as if P_0 were Q,
//! the bound under nearly flat relevances and equal Q is in F, but for constants,
//!
//! (P + D − N) ln|F| − ½ tr(Q⁻¹ F⁻¹ Σ F⁻ᵀ) − ½ P Σ_j ln E\[C′ᵀC′\]_jj − ½ D Σ_j ln E\[A′ᵀQ⁻¹A′\]_jj.
//!
//! F = (N − D)^(−½) L U Q^(−½) with L Lᵀ = Σ is the best scale, and U makes both moments as diagonal as can be. Otherwise it
//! need not be the best, so the move is made only where the bound rises.

use faer::{Mat, MatRef, Scale, linalg::solvers::DenseSolveCore};

use super::{Fit, Linear, Posterior, expectations::Expectations, joint_diagonal::joint_diagonal};
use crate::{
    Error,
    distribution::{Cholesky, cholesky::dot},
    mean_field::{
        MeanField,
        row_major::{congruence, row_by_row, store, view},
    },
};

/// No move is made before a sweep raises the bound by less than this share of its size: states that have not met the data
/// would be switched off for good.
const SETTLED: f64 = 3e-4;

struct Rotation {
    /// F.
    forth: Mat<f64>,
    /// F⁻¹.
    back: Mat<f64>,
    /// The rows of F, and those of F⁻ᵀ.
    rows: [Vec<f64>; 2],
    /// ln|F|.
    ln_determinant: f64,
}

impl Rotation {
    fn new(forth: Mat<f64>) -> Self {
        let lu = forth.partial_piv_lu();
        let ln_determinant = lu.U().diagonal().column_vector().iter().map(|u| libm::log(u.abs())).sum();
        let back = lu.inverse();
        let rows = [row_by_row(forth.as_ref()), row_by_row(back.transpose())];
        Self { forth, back, rows, ln_determinant }
    }

    /// None where there are too few rows for it.
    fn of(q: &Posterior, z: &Expectations) -> Option<Self> {
        let d = q.states();
        let rows = z.rows() - d as f64;
        let inputs = Cholesky::of(z.dynamics.inner(0), d).ok().filter(|_| rows > 0.0)?;
        let explained: Vec<Vec<f64>> = (0..d).map(|k| inputs.solve(z.dynamics.cross(k))).collect();
        let sigma = |(k, l): (usize, usize)| {
            let innovations = z.innovations[k * d + l] - dot(&explained[k], &explained[l]);
            (innovations + z.initial[k * d + l]) / rows
        };
        let sigma: Vec<f64> = (0..d * d).map(|cell| sigma((cell / d, cell % d))).collect();
        let root = Cholesky::of(&sigma, d).ok()?;
        let (lower, inverse) = (view(root.factor(), d), root.inverse());
        let of_rows = |map: &Linear, metric: Option<MatRef<'_, f64>>| {
            (lower.transpose() * square(map, metric) * lower, map.outputs() as f64)
        };
        let turn =
            joint_diagonal([of_rows(&q.dynamics, Some(view(&inverse, d))), of_rows(&q.observation, None)]);
        let turned = lower * turn;
        Some(Self::new(Mat::from_fn(d, d, |i, j| turned[(i, j)] * q.dynamics.noise[j].mean().sqrt())))
    }

    /// F⁻¹ M F⁻ᵀ: moments of the states.
    fn states(&self, block: &mut [f64], room: &mut Vec<f64>) {
        congruence(&self.rows[1], block, self.back.nrows(), room);
    }

    /// E\[C\] and Cov\[c_p\].
    fn observation(&self, map: &mut Linear) {
        let d = self.forth.nrows();
        store(&(view(&map.weights, d) * &self.forth), &mut map.weights);
        let mut room = Vec::new();
        map.covariances.iter_mut().for_each(|block| congruence(&self.rows[0], block, d, &mut room));
    }

    fn expectations(&self, z: &mut Expectations) {
        let d = self.forth.nrows();
        z.entropy -= z.rows() * self.ln_determinant;
        let mut room = Vec::new();
        self.states(&mut z.initial, &mut room);
        self.states(&mut z.innovations, &mut room);
        let (dynamics, observation) = (&mut z.dynamics, &mut z.observation);
        for pairs in [&mut *dynamics, &mut *observation] {
            pairs.inner.chunks_mut(d * d).for_each(|block| self.states(block, &mut room));
            store(&(view(&pairs.cross, d) * self.back.transpose()), &mut pairs.cross);
            store(&(view(&pairs.reference, d) * &self.forth), &mut pairs.reference);
        }
        // The residuals of the dynamics are of the states.
        for rows in [&mut dynamics.cross, &mut dynamics.reference] {
            store(&(&self.back * view(rows, d)), rows);
        }
        dynamics.squares.iter_mut().enumerate().for_each(|(k, square)| *square = z.innovations[k * d + k]);
    }
}

/// E\[Mᵀ G M\] of a map M and a metric G of its outputs, I where there is none.
fn square(map: &Linear, metric: Option<MatRef<'_, f64>>) -> Mat<f64> {
    let weights = view(&map.weights, map.inputs());
    let of_means = match metric {
        Some(metric) => weights.transpose() * metric * weights,
        None => weights.transpose() * weights,
    };
    let of_output = |k: usize| metric.map_or(1.0, |metric| metric[(k, k)]);
    let covariances = map.covariances.iter().enumerate();
    covariances.fold(of_means, |sum, (k, of)| sum + Scale(of_output(k)) * view(of, map.inputs()))
}

impl Fit<'_> {
    /// Makes the move where it raises the bound.
    pub(super) fn rotate(&mut self) {
        let bound = self.bound().value();
        if bound - self.rotated_at < SETTLED * bound.abs()
            // It only saves sweeps: where rounding leaves no rotation, none is made.
            && let Some(rotation) = Rotation::of(&self.posterior, &self.expectations)
        {
            let mut moved = self.clone();
            if moved.turn(&rotation).is_ok() && moved.bound().value() > bound {
                *self = moved;
            }
        }
        self.rotated_at = self.bound().value();
    }

    fn turn(&mut self, rotation: &Rotation) -> Result<(), Error> {
        let Self { prior, posterior: Posterior { dynamics, observation, .. }, expectations, .. } = self;
        rotation.observation(observation);
        rotation.expectations(expectations);
        dynamics.update_weights(&prior.dynamics, &expectations.dynamics)?;
        dynamics.update_relevance(&prior.dynamics)?;
        observation.update_relevance(&prior.observation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        mean_field::{
            Ascent, AscentTrace, ascend,
            state_space::{LinearPrior, Precision, Prior, fit::Factor, kalman},
        },
        random::Key,
    };

    const LENGTHS: [usize; 2] = [7, 5];

    /// F, whose determinant is 1.45.
    fn rotation() -> Rotation {
        let forth = [1.3, -0.4, 0.7, 0.9];
        Rotation::new(view(&forth, 2).to_owned())
    }

    fn values() -> Vec<f64> {
        let mut y = vec![0.0; 36];
        Key::new(5).normals(0, &mut y);
        (0..36).step_by(7).for_each(|cell| y[cell] = f64::NAN);
        y
    }

    /// Two factors behind three columns, after some sweeps.
    fn begun(y: &[f64]) -> Fit<'_> {
        let mut fit = Fit::new(y, &LENGTHS, Prior::factors(2, 3), Key::new(1)).unwrap();
        ascend(&mut fit, &Ascent { tolerance: 0.0, sweeps: 4 }, |_, _| {}).unwrap();
        fit
    }

    fn assert_near(what: &str, got: &[f64], expected: &[f64]) {
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().zip(expected) {
            let size = expected.abs().max(1.0);
            assert!((got - expected).abs() <= 1e-12 * size, "{what}: {got}, but {expected} expected");
        }
    }

    #[test]
    fn what_is_seen_stays_as_likely() {
        let y = values();
        let mut fit = begun(&y);
        let (before, entropy) = (fit.posterior.terms(&fit.expectations).unwrap().0, fit.expectations.entropy);
        rotation().observation(&mut fit.posterior.observation);
        rotation().expectations(&mut fit.expectations);
        assert_near("E[log p(y|z)]", &[fit.posterior.terms(&fit.expectations).unwrap().0], &[before]);
        assert_near("the entropy", &[fit.expectations.entropy], &[entropy - 12.0 * 1.45f64.ln()]);
    }

    #[test]
    fn moved_expectations_are_those_of_moved_states() {
        let (y, rotation) = (values(), rotation());
        let Fit { posterior: q, .. } = begun(&y);
        let mut moved = q.clone();
        rotation.observation(&mut moved.observation);
        let transition = &rotation.back * view(&q.dynamics.weights, 2) * &rotation.forth;
        store(&transition, &mut moved.dynamics.weights);
        let (mut z, mut expected) = (Expectations::none(&q), Expectations::none(&moved));
        for sequence in [&y[..21], &y[21..]] {
            let states = q.chain().smooth(&q.potentials(sequence)).unwrap();
            z.add(&q, sequence, &states);
            let each =
                |of: &[Mat<f64>]| of.iter().map(|m| &rotation.back * m * rotation.back.transpose()).collect();
            let turned = kalman::Smoothed {
                means: states.means.iter().map(|m| &rotation.back * m).collect(),
                covariances: each(&states.covariances),
                lagged: each(&states.lagged),
                entropy: states.entropy - states.means.len() as f64 * 1.45f64.ln(),
            };
            expected.add(&moved, sequence, &turned);
        }
        rotation.expectations(&mut z);
        assert_near("the entropy", &[z.entropy], &[expected.entropy]);
        assert_near("the first states", &z.initial, &expected.initial);
        assert_near("the innovations", &z.innovations, &expected.innovations);
        for (got, expected) in [(z.dynamics, expected.dynamics), (z.observation, expected.observation)] {
            assert_near("the counts", &got.count, &expected.count);
            assert_near("the reference", &got.reference, &expected.reference);
            assert_near("the squares", &got.squares, &expected.squares);
            assert_near("the cross moments", &got.cross, &expected.cross);
            assert_near("the inner moments", &got.inner, &expected.inner);
        }
    }

    /// 200 rows of two factors behind four columns, fitted with two states and with one too many. Moves made
    /// before the bound has settled would end half a nat lower in the last case.
    #[test]
    fn the_bound_is_as_high_in_fewer_sweeps() {
        let known = |weights: &[f64], tau: f64| LinearPrior {
            weights: weights.to_vec(),
            relevance: None,
            noise: vec![Precision::Known(tau); weights.len() / 2],
        };
        for (transition, seed, states) in
            [([0.7, -0.5, 0.5, 0.7], 7, 2), ([0.7, -0.5, 0.5, 0.7], 7, 3), ([0.3, 0.0, 0.0, -0.8], 8, 3)]
        {
            let mut loadings = [0.0; 8];
            Key::new(seed).normals(0, &mut loadings);
            let truth = Prior {
                dynamics: known(&transition, 1.0),
                observation: known(&loadings, 4.0),
                ..Prior::factors(2, 4)
            };
            let truth = Fit::new(&[0.0; 4], &[1], truth, Key::new(1)).unwrap().posterior;
            let (_, y) = truth.sample(200, Key::new(12)).unwrap();
            let fitted = |rotated: bool| -> AscentTrace {
                let mut fit = Fit::new(&y, &[200], Prior::factors(states, 4), Key::new(0)).unwrap();
                assert_eq!(fit.factors.last(), Some(&Factor::Rotation));
                fit.factors.retain(|&factor| rotated || factor != Factor::Rotation);
                ascend(&mut fit, &Ascent { tolerance: 1e-8, sweeps: 10_000 }, |_, _| {}).unwrap()
            };
            let (with, without) = (fitted(true), fitted(false));
            let sweeps = (with.bounds.len(), without.bounds.len());
            assert!(with.last() > without.last() - 1e-3, "{} and {}", with.last(), without.last());
            assert!(2 * sweeps.0 < sweeps.1, "{states} states: {sweeps:?} sweeps");
        }
    }
}
