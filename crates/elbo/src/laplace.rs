//! Laplace's approximation of a row's posterior: the mode of p(x, z) in z, and the curvature there.
//!
//! Newton's method with the Hessian by differences of the gradient, damped as by Levenberg and Marquardt. It takes some tens of
//! evaluations where stochastic steps take thousands, and so begins a row's inference where an encoder is far off.

use crate::{distribution::Cholesky, model::Joint};

/// Of more latent variables the differences cost more than they spare.
const MOST: usize = 64;
/// Newton's steps at most.
const STEPS: usize = 40;
/// A rise of log p(x, z) that is no more than this ends them, in nats.
const RISE: f64 = 1e-2;
/// The difference in z by which the curvature is taken.
const DIFFERENCE: f64 = 1e-2;
/// What is added to the curvature, in units of its largest diagonal element: each is tried, and the best step taken.
const DAMPING: [f64; 8] = [0.0, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0];

/// A mode of a row's p(x, z).
#[derive(Debug)]
pub(crate) struct Mode {
    /// Where it is, `[K]`.
    pub(crate) mean: Vec<f64>,
    /// Minus the Hessian of log p(x, z) there.
    pub(crate) precision: Cholesky,
    /// log p(x, z) there, in nats.
    pub(crate) value: f64,
}

/// The mode that lies uphill from a point; none where log p(x, z) is not finite there, or of too many latent variables.
pub(crate) fn mode(joint: &dyn Joint, x: &[f32], from: &[f64]) -> Option<Mode> {
    let k = joint.latent();
    if k > MOST {
        return None;
    }
    let row = Row { joint, x, k };
    let mut z = from.to_vec();
    let mut value = row.values(&z)[0];
    if !value.is_finite() {
        return None;
    }
    for _ in 0..STEPS {
        let (slope, curvature) = row.derivatives(&z);
        let steps = DAMPING.iter().filter_map(|by| {
            let mut step = slope.clone();
            damped(&curvature, k, *by)?.solve_both(&mut step);
            Some(z.iter().zip(step).map(|(z, step)| z + step).collect::<Vec<f64>>())
        });
        let steps: Vec<Vec<f64>> = steps.collect();
        let found = row.values(&steps.concat());
        let best = found.iter().zip(steps).filter(|(value, _)| value.is_finite());
        let Some((&best, there)) = best.max_by(|a, b| a.0.total_cmp(b.0)) else { break };
        let rise = best - value;
        if rise > 0.0 {
            (z, value) = (there, best);
        }
        if rise <= RISE {
            break;
        }
    }
    let (_, curvature) = row.derivatives(&z);
    let precision = DAMPING.iter().find_map(|by| damped(&curvature, k, *by))?;
    Some(Mode { mean: z, precision, value })
}

/// The curvature with so much of its largest diagonal element added; none where it has no positive curvature in some direction.
fn damped(curvature: &[f64], k: usize, by: f64) -> Option<Cholesky> {
    let largest = (0..k).map(|i| curvature[i * k + i].abs()).fold(1.0, f64::max);
    let mut damped = curvature.to_vec();
    (0..k).for_each(|i| damped[i * k + i] += by * largest);
    let finite = damped.iter().all(|x| x.is_finite());
    if finite { Cholesky::of(&damped, k).ok() } else { None }
}

/// log p(x, z) of one row.
struct Row<'a> {
    joint: &'a dyn Joint,
    x: &'a [f32],
    k: usize,
}

impl Row<'_> {
    /// At each of the points, `[S, K]`.
    fn values(&self, z: &[f64]) -> Vec<f64> {
        let z: Vec<f32> = z.iter().map(|&z| z as f32).collect();
        let (mut out, mut prior) = (vec![0.0; z.len() / self.k], vec![0.0; z.len() / self.k]);
        if out.is_empty() {
            return out;
        }
        self.joint.log_likelihood(self.x, &z, &mut out, None);
        self.joint.log_prior(&z, &mut prior, None);
        out.iter_mut().zip(prior).for_each(|(value, prior)| *value += prior);
        out
    }

    /// The gradient at a point, and minus the Hessian there, `[K, K]`, made symmetric.
    fn derivatives(&self, z: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let k = self.k;
        let moved =
            |j: usize, by: f64| z.iter().enumerate().map(move |(i, z)| z + if i == j { by } else { 0.0 });
        let around = (0..k).flat_map(|j| moved(j, DIFFERENCE).chain(moved(j, -DIFFERENCE)));
        let points: Vec<f32> = z.iter().copied().chain(around).map(|z| z as f32).collect();
        let (mut out, mut slope) = (vec![0.0; 2 * k + 1], vec![0.0; points.len()]);
        self.joint.log_likelihood(self.x, &points, &mut out, Some(&mut slope));
        let mut prior = vec![0.0; points.len()];
        self.joint.log_prior(&points, &mut out, Some(&mut prior));
        let slope: Vec<f64> = slope.iter().zip(&prior).map(|(a, b)| f64::from(*a) + f64::from(*b)).collect();
        let mut curvature = vec![0.0; k * k];
        for j in 0..k {
            let (above, below) = (&slope[(2 * j + 1) * k..][..k], &slope[(2 * j + 2) * k..][..k]);
            // As far as 32 bits put the points apart.
            let apart = f64::from(points[(2 * j + 1) * k + j]) - f64::from(points[(2 * j + 2) * k + j]);
            for i in 0..k {
                let of = -(above[i] - below[i]) / apart;
                curvature[i * k + j] += 0.5 * of;
                curvature[j * k + i] += 0.5 * of;
            }
        }
        (slope[..k].to_vec(), curvature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// x_d = w_d · z + noise of variance ½: the posterior is Gaussian, of precision I + 2 WᵀW.
    struct Linear(Vec<[f32; 2]>);

    impl Joint for Linear {
        fn latent(&self) -> usize {
            2
        }

        fn width(&self) -> usize {
            self.0.len()
        }

        fn log_likelihood(&self, x: &[f32], z: &[f32], out: &mut [f64], mut gradient: Option<&mut [f32]>) {
            for (s, out) in out.iter_mut().enumerate() {
                let z = [z[2 * s], z[2 * s + 1]];
                *out = 0.0;
                for (w, x) in self.0.iter().zip(x) {
                    let off = x - w[0] * z[0] - w[1] * z[1];
                    *out -= f64::from(off * off);
                    if let Some(gradient) = gradient.as_deref_mut() {
                        (0..2).for_each(|j| gradient[2 * s + j] += 2.0 * off * w[j]);
                    }
                }
            }
        }

        fn log_prior(&self, z: &[f32], out: &mut [f64], gradient: Option<&mut [f32]>) {
            for (z, out) in z.chunks(2).zip(out) {
                *out = -0.5 * f64::from(z[0] * z[0] + z[1] * z[1]);
            }
            if let Some(gradient) = gradient {
                gradient.iter_mut().zip(z).for_each(|(g, z)| *g = -z);
            }
        }
    }

    #[test]
    fn of_a_gaussian_it_is_the_posterior() {
        let w: Vec<[f32; 2]> = (0..40).map(|d| [(d as f32).sin(), 0.3 * (d as f32 * 1.7).cos()]).collect();
        let x: Vec<f32> = w.iter().map(|w| 1.5 * w[0] - 2.0 * w[1] + 0.1).collect();
        let of = |i: usize, j: usize| w.iter().map(|w| f64::from(w[i]) * f64::from(w[j])).sum::<f64>();
        let with = |j: usize| w.iter().zip(&x).map(|(w, x)| f64::from(w[j]) * f64::from(*x)).sum::<f64>();
        let precision = [1.0 + 2.0 * of(0, 0), 2.0 * of(0, 1), 2.0 * of(1, 0), 1.0 + 2.0 * of(1, 1)];
        let mut mean = [2.0 * with(0), 2.0 * with(1)];
        Cholesky::of(&precision, 2).unwrap().solve_both(&mut mean);
        let joint = Linear(w);
        for from in [[0.0, 0.0], [300.0, -4000.0]] {
            let found = mode(&joint, &x, &from).unwrap();
            for (got, expected) in found.mean.iter().zip(&mean) {
                assert!((got - expected).abs() < 1e-3, "{found:?} {mean:?}");
            }
            for (got, expected) in found.precision.product().iter().zip(&precision) {
                assert!((got - expected).abs() < 1e-2 * expected.abs().max(1.0), "{got} {expected}");
            }
        }
        assert!(mode(&joint, &x, &[f64::NAN, 0.0]).is_none());
    }
}
