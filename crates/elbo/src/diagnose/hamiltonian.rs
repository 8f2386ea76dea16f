//! Hamiltonian Monte Carlo (Duane, Kennedy, Pendleton, Roweth 1987; Neal 2011) on a path from a Gaussian to p(z|x).
//!
//! With z = μ + σ ⊙ u the densities of the path are, t from 0 to 1,
//! log f_t(u) = log N(u; 0, I) + t D(u),  D(u) = log p(x, z) + Σ_j log σ_j − log N(u; 0, I):
//! f_0 is N(μ, diag σ²) of z, f_1 is p(x, z), and between them stands their geometric mean. In u the start is white, so
//! that a guide's σ serves as the scales of the steps.

use crate::{distribution::gaussian::standard_log_density, model::Joint, random::Key};

/// Chains of some rows, C for each: chain c of row r is number c·R + r.
pub(super) struct Chains<'a> {
    joint: &'a dyn Joint,
    /// `[R, D]`, and the numbers of these rows, which key their noise.
    x: &'a [f32],
    rows: &'a [usize],
    /// μ and σ, `[R, Z]`.
    mean: &'a [f32],
    standard_deviation: &'a [f32],
    /// Σ_j log σ_j of each row.
    log_volume: Vec<f64>,
    state: Points,
    proposal: Points,
    momentum: Vec<f32>,
    step: Vec<f32>,
    /// log f_t less the kinetic energy, before the move.
    before: Vec<f64>,
    /// The logarithm of the uniform that decides.
    threshold: Vec<f64>,
    /// The probability with which each chain's last proposal was to be accepted.
    pub(super) acceptance: Vec<f64>,
    z: Vec<f32>,
    log_prior: Vec<f64>,
    prior_slope: Vec<f32>,
}

/// Places on the path: of each chain u, D(u) and ∂D/∂u.
struct Points {
    u: Vec<f32>,
    ratio: Vec<f64>,
    slope: Vec<f32>,
}

impl Points {
    fn new(chains: usize, latent: usize) -> Self {
        Self { u: vec![0.0; chains * latent], ratio: vec![0.0; chains], slope: vec![0.0; chains * latent] }
    }

    /// log f_t less the kinetic energy of a chain, up to a constant.
    fn energy(&self, chain: usize, momentum: &[f32], t: f64) -> f64 {
        let latent = momentum.len();
        let u = &self.u[chain * latent..][..latent];
        t * self.ratio[chain] - 0.5 * (squares(u) + squares(momentum))
    }
}

fn squares(values: &[f32]) -> f64 {
    values.iter().map(|&v| f64::from(v) * f64::from(v)).sum()
}

impl<'a> Chains<'a> {
    /// C chains for each row, at u = 0 yet.
    pub(super) fn new(
        joint: &'a dyn Joint,
        (rows, x): (&'a [usize], &'a [f32]),
        (mean, standard_deviation): (&'a [f32], &'a [f32]),
        chains: usize,
    ) -> Self {
        let (latent, number) = (joint.latent(), rows.len() * chains);
        let log_volume = standard_deviation.chunks(latent);
        let log_volume = log_volume.map(|s| s.iter().map(|&s| libm::log(f64::from(s))).sum()).collect();
        Self {
            joint,
            x,
            rows,
            mean,
            standard_deviation,
            log_volume,
            state: Points::new(number, latent),
            proposal: Points::new(number, latent),
            momentum: vec![0.0; number * latent],
            step: vec![0.0; number],
            before: vec![0.0; number],
            threshold: vec![0.0; number],
            acceptance: vec![0.0; number],
            z: vec![0.0; number * latent],
            log_prior: vec![0.0; number],
            prior_slope: vec![0.0; number * latent],
        }
    }

    /// Draws every chain's u from f_0.
    pub(super) fn draw_start(&mut self, key: Key) {
        let (rows, latent) = (self.rows, self.joint.latent());
        for (i, u) in self.state.u.chunks_mut(latent).enumerate() {
            key.fold((i / rows.len()) as u64).standard_normals(rows[i % rows.len()] as u64, u);
        }
        self.enter();
    }

    /// Puts every chain of a row at its z, `[R, Z]`.
    pub(super) fn start_at(&mut self, z: &[f32]) {
        let n = z.len();
        for (i, u) in self.state.u.iter_mut().enumerate() {
            *u = (z[i % n] - self.mean[i % n]) / self.standard_deviation[i % n];
        }
        self.enter();
    }

    fn enter(&mut self) {
        self.proposal.u.copy_from_slice(&self.state.u);
        self.evaluate();
        std::mem::swap(&mut self.state, &mut self.proposal);
    }

    /// D of each chain.
    pub(super) fn ratio(&self) -> &[f64] {
        &self.state.ratio
    }

    /// z of each chain, `[C, R, Z]`.
    #[cfg(test)]
    fn z(&self) -> impl Iterator<Item = f64> {
        let n = self.mean.len();
        let z = move |(i, &u): (usize, &f32)| self.standard_deviation[i % n].mul_add(u, self.mean[i % n]);
        self.state.u.iter().enumerate().map(z).map(f64::from)
    }

    /// A Hamiltonian move of every chain that leaves f_t as it is: `leapfrog` steps, each of the row's `step`, `[R]`,
    /// times a number drawn for the move from [0.8, 1.2], so that no orbit is closed; then accepted or not.
    pub(super) fn advance(&mut self, t: f64, step: &[f32], leapfrog: usize, key: Key) {
        let (rows, latent) = (self.rows, self.joint.latent());
        for (i, momentum) in self.momentum.chunks_mut(latent).enumerate() {
            let (key, r) = (key.fold((i / rows.len()) as u64), i % rows.len());
            key.fold(0).standard_normals(rows[r] as u64, momentum);
            let mut uniforms = [0.0; 2];
            key.fold(1).uniforms(rows[r] as u64, &mut uniforms);
            self.step[i] = step[r] * (0.8 + 0.4 * uniforms[0]);
            self.threshold[i] = libm::log(f64::from(uniforms[1]));
            self.before[i] = self.state.energy(i, momentum, t);
        }
        self.proposal.u.copy_from_slice(&self.state.u);
        self.proposal.slope.copy_from_slice(&self.state.slope);
        self.kick(t, 0.5);
        for l in 1..=leapfrog {
            let (u, momentum) = (self.proposal.u.chunks_mut(latent), self.momentum.chunks(latent));
            for ((u, momentum), step) in u.zip(momentum).zip(&self.step) {
                for (u, r) in u.iter_mut().zip(momentum) {
                    *u += step * r;
                }
            }
            self.evaluate();
            self.kick(t, if l == leapfrog { 0.5 } else { 1.0 });
        }
        for (i, momentum) in self.momentum.chunks(latent).enumerate() {
            let rise = self.proposal.energy(i, momentum, t) - self.before[i];
            // Where the proposal ran away and is no number it is rejected.
            self.acceptance[i] = if rise.is_nan() { 0.0 } else { libm::exp(rise.min(0.0)) };
            if self.threshold[i] < rise {
                let place = i * latent..(i + 1) * latent;
                self.state.u[place.clone()].copy_from_slice(&self.proposal.u[place.clone()]);
                self.state.slope[place.clone()].copy_from_slice(&self.proposal.slope[place]);
                self.state.ratio[i] = self.proposal.ratio[i];
            }
        }
    }

    /// The momenta pushed along ∂ log f_t/∂u = −u + t ∂D/∂u for this share of a step.
    fn kick(&mut self, t: f64, share: f32) {
        let (latent, t) = (self.joint.latent(), t as f32);
        let Points { u, slope, .. } = &self.proposal;
        let places = u.chunks(latent).zip(slope.chunks(latent)).zip(self.momentum.chunks_mut(latent));
        for (((u, slope), momentum), step) in places.zip(&self.step) {
            for ((u, slope), r) in u.iter().zip(slope).zip(momentum) {
                *r += share * step * t.mul_add(*slope, -u);
            }
        }
    }

    /// D and ∂D/∂u at the proposal's u.
    fn evaluate(&mut self) {
        let (latent, n, rows) = (self.joint.latent(), self.mean.len(), self.rows.len());
        let Points { u, ratio, slope } = &mut self.proposal;
        for (z, u) in self.z.chunks_mut(n).zip(u.chunks(n)) {
            for (((z, u), mean), sd) in z.iter_mut().zip(u).zip(self.mean).zip(self.standard_deviation) {
                *z = sd.mul_add(*u, *mean);
            }
        }
        self.joint.log_likelihood(self.x, &self.z, ratio, Some(slope));
        self.joint.log_prior(&self.z, &mut self.log_prior, Some(&mut self.prior_slope));
        let greatest = latent as f64 * standard_log_density(0.0);
        for (i, ((ratio, log_prior), u)) in
            ratio.iter_mut().zip(&self.log_prior).zip(u.chunks(latent)).enumerate()
        {
            *ratio += log_prior + self.log_volume[i % rows] - (greatest - 0.5 * squares(u));
        }
        for ((slope, prior), u) in slope.chunks_mut(n).zip(self.prior_slope.chunks(n)).zip(u.chunks(n)) {
            for (((slope, prior), u), sd) in slope.iter_mut().zip(prior).zip(u).zip(self.standard_deviation) {
                *slope = sd.mul_add(*slope + prior, *u);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// p(z) = N(0, I), p(x|z) = N(x; z_1 + 2 z_2, ½²): the posterior is a narrow ridge.
    struct Ridge;

    const W: [f64; 2] = [1.0, 2.0];
    const X: f64 = 3.0;

    impl Joint for Ridge {
        fn latent(&self) -> usize {
            2
        }
        fn width(&self) -> usize {
            1
        }
        fn log_likelihood(&self, x: &[f32], z: &[f32], out: &mut [f64], gradient: Option<&mut [f32]>) {
            let gradient = gradient.expect("chains ask for it");
            for (i, out) in out.iter_mut().enumerate() {
                let residual =
                    f64::from(x[i % x.len()]) - W[0] * f64::from(z[2 * i]) - W[1] * f64::from(z[2 * i + 1]);
                *out = -2.0 * residual * residual - (0.5_f64).ln() + standard_log_density(0.0);
                gradient[2 * i] = (4.0 * residual * W[0]) as f32;
                gradient[2 * i + 1] = (4.0 * residual * W[1]) as f32;
            }
        }
        fn log_prior(&self, z: &[f32], out: &mut [f64], gradient: Option<&mut [f32]>) {
            for (out, z) in out.iter_mut().zip(z.chunks(2)) {
                *out = z.iter().map(|&z| standard_log_density(f64::from(z))).sum();
            }
            for (g, z) in gradient.expect("chains ask for it").iter_mut().zip(z) {
                *g = -z;
            }
        }
    }

    /// f_t is Gaussian: precision (1 − t) diag σ⁻² + t (I + 4 w wᵀ), and precision · mean (1 − t) σ⁻² μ + 4 t x w.
    /// Chains that start in it have its moments after some moves, of steps so long that many are rejected. Five z-tests
    /// at each of four densities, |z| < 5: false alarms 1.2e-5.
    #[test]
    #[allow(clippy::many_single_char_names, reason = "the mathematics' own names")]
    fn moves_leave_every_density_of_the_path_as_it_is() {
        let (mean, sd, chains) = ([0.5_f32, -0.25], [0.8_f32, 1.5], 20_000);
        for (case, (t, step)) in [(0.0, 1.4), (0.1, 0.7), (0.5, 0.35), (1.0, 0.25)].into_iter().enumerate() {
            let diagonal = |j: usize| (1.0 - t) / f64::from(sd[j]).powi(2) + t * (1.0 + 4.0 * W[j] * W[j]);
            let (a, b, c) = (diagonal(0), 4.0 * t * W[0] * W[1], diagonal(1));
            let pull =
                |j: usize| (1.0 - t) * f64::from(mean[j]) / f64::from(sd[j]).powi(2) + t * 4.0 * X * W[j];
            let det = a * c - b * b;
            let centre = [(c * pull(0) - b * pull(1)) / det, (a * pull(1) - b * pull(0)) / det];
            let covariance = [c / det, -b / det, a / det];
            // Exact draws: z = centre + L ε, L Lᵀ the covariance.
            let l = [
                covariance[0].sqrt(),
                covariance[1] / covariance[0].sqrt(),
                (covariance[2] - covariance[1] * covariance[1] / covariance[0]).sqrt(),
            ];
            let (x, rows): (Vec<f32>, Vec<usize>) = (vec![X as f32; chains], (0..chains).collect());
            let (mean, sd) = (mean.repeat(chains), sd.repeat(chains));
            let mut z = vec![0.0; 2 * chains];
            let key = Key::new(case as u64);
            for (row, z) in z.chunks_mut(2).enumerate() {
                let mut e = [0.0; 2];
                key.normals(row as u64, &mut e);
                z[0] = (centre[0] + l[0] * e[0]) as f32;
                z[1] = (centre[1] + l[1] * e[0] + l[2] * e[1]) as f32;
            }
            let mut sampler = Chains::new(&Ridge, (&rows, &x), (&mean, &sd), 1);
            sampler.start_at(&z);
            let step = vec![step; chains];
            let (mut accepted, moves) = (0.0, 5);
            for number in 0..moves {
                sampler.advance(t, &step, 3, key.fold(number));
                accepted += sampler.acceptance.iter().sum::<f64>() / (chains as f64 * moves as f64);
            }
            assert!((0.3..0.95).contains(&accepted), "acceptance {accepted} at t = {t}");
            let after: Vec<f64> = sampler.z().collect();
            let moved = after.iter().zip(&z).filter(|(a, z)| (**a - f64::from(**z)).abs() > 1e-4).count();
            assert!(moved > chains, "{moved} of {} numbers moved", 2 * chains);
            let test = |what: &str, expected: f64, value: &dyn Fn(f64, f64) -> f64| {
                let values: Vec<f64> = after.chunks(2).map(|z| value(z[0], z[1])).collect();
                let mean = crate::terms::Mean::of(&values);
                let z = (mean.value - expected) / mean.standard_error;
                assert!(z.abs() < 5.0, "{what} at t = {t}: {mean:?} for {expected}, z = {z}");
            };
            test("the mean of z_1", centre[0], &|a, _| a);
            test("the mean of z_2", centre[1], &|_, b| b);
            test("the variance of z_1", covariance[0], &|a, _| (a - centre[0]).powi(2));
            test("the covariance", covariance[1], &|a, b| (a - centre[0]) * (b - centre[1]));
            test("the variance of z_2", covariance[2], &|_, b| (b - centre[1]).powi(2));
        }
    }
}
