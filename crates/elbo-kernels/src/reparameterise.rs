//! Draws of a diagonal Gaussian q = N(μ, diag σ²), its KL to N(0, I), and the way back.
//!
//! A head `[R, 2K]` holds μ and a, with log σ² = s = 30 tanh(a/30); z = μ + exp(s/2) ⊙ ε. All in nats.
//! KL = ½ Σ μ² + σ² − 1 − s, in closed form; at a draw log q(z) − log p(z) = ½ Σ z² − ε² − s.

use crate::{
    bernoulli::total,
    elementary::{exp, tanh},
    level::kernel,
    panels::{Panels, WIDTH},
};

/// |log σ²| never exceeds this.
pub const LOG_VARIANCE_BOUND: f32 = 30.0;

kernel! {
    /// z ← μ + σ ⊙ ε, `[R, K]`.
    pub fn draw<V>(head: &Panels, noise: &Panels, z: &mut Panels) {
        check(head, noise);
        check(head, z);
        for row in 0..head.rows() {
            for panel in 0..z.columns().div_ceil(WIDTH) {
                let [mean, a] = halves(head, row, panel);
                let (noise, z) = (&noise.panel(panel)[row].0, &mut z.panel_mut(panel)[row].0);
                for k in 0..WIDTH {
                    z[k] = exp(0.5 * log_variance(a[k])).mul_add(noise[k], mean[k]);
                }
            }
        }
    }
}

kernel! {
    /// Adds Σ_j max(`least`, KL(q_j ‖ N(0, 1))) of each row to `kl`, `[R]`: with 0 its KL, with more its KL under free bits.
    pub fn kl<V>(head: &Panels, least: f32, kl: &mut [f64]) {
        let latent = head.columns() / 2;
        assert_eq!(kl.len(), head.rows(), "a sum for each row");
        for (row, sum) in kl.iter_mut().enumerate() {
            for panel in 0..latent.div_ceil(WIDTH) {
                let [mean, a] = halves(head, row, panel);
                let live = (latent - panel * WIDTH).min(WIDTH);
                let mut terms = [0.0; WIDTH];
                for k in 0..WIDTH {
                    let term = kl_term(mean[k], log_variance(a[k])).max(least);
                    terms[k] = if k < live { term } else { 0.0 };
                }
                *sum += f64::from(total(&terms));
            }
        }
    }
}

kernel! {
    /// μ, σ and KL(q ‖ N(0, 1)) of each latent variable, `[R, K]` row-major each.
    pub fn moments<V>(head: &Panels, mean: &mut [f32], standard_deviation: &mut [f32], kl: &mut [f32]) {
        let latent = head.columns() / 2;
        let n = head.rows() * latent;
        assert!(mean.len() == n && standard_deviation.len() == n && kl.len() == n, "[R, K] each");
        for row in 0..head.rows() {
            for panel in 0..latent.div_ceil(WIDTH) {
                let live = (latent - panel * WIDTH).min(WIDTH);
                let place = row * latent + panel * WIDTH;
                let [means, a] = halves(head, row, panel);
                let (mut sds, mut kls) = ([0.0; WIDTH], [0.0; WIDTH]);
                for k in 0..WIDTH {
                    let s = log_variance(a[k]);
                    sds[k] = exp(0.5 * s);
                    kls[k] = kl_term(means[k], s);
                }
                mean[place..place + live].copy_from_slice(&means[..live]);
                standard_deviation[place..place + live].copy_from_slice(&sds[..live]);
                kl[place..place + live].copy_from_slice(&kls[..live]);
            }
        }
    }
}

kernel! {
    /// Adds `factor` (log q(z) − log p(z)) of each row's draw to `kl`, `[R]`: over draws its mean is `factor` KL.
    pub fn log_ratio<V>(head: &Panels, noise: &Panels, z: &Panels, factor: f64, kl: &mut [f64]) {
        check(head, noise);
        check(head, z);
        assert_eq!(kl.len(), head.rows(), "a sum for each row");
        for (row, sum) in kl.iter_mut().enumerate() {
            for panel in 0..z.columns().div_ceil(WIDTH) {
                let [_, a] = halves(head, row, panel);
                let (noise, z) = (&noise.panel(panel)[row].0, &z.panel(panel)[row].0);
                let live = (head.columns() / 2 - panel * WIDTH).min(WIDTH);
                let mut terms = [0.0; WIDTH];
                for k in 0..WIDTH {
                    let term = 0.5 * (z[k] * z[k] - noise[k] * noise[k] - log_variance(a[k]));
                    terms[k] = if k < live { term } else { 0.0 };
                }
                *sum += factor * f64::from(total(&terms));
            }
        }
    }
}

/// One draw of each row, on the way back.
#[derive(Clone, Copy, Debug)]
pub struct Draw<'a> {
    /// ε, `[R, K]`.
    pub noise: &'a Panels,
    /// z, `[R, K]`.
    pub z: &'a Panels,
    /// The derivative in z of what the objective has beside the KL, `[R, K]`.
    pub z_gradient: &'a Panels,
    /// The weight of this draw's log q(z) − log p(z) in the objective, `[R]`.
    pub weights: &'a [f32],
}

/// How the KL enters a gradient.
#[derive(Clone, Copy, Debug)]
pub enum Kl<'a> {
    /// The KL is taken in closed form, with a weight for each row, `[R]`; a latent variable's KL below so many nats is
    /// free.
    ClosedForm(&'a [f32], f32),
    /// The KL is Σ over the draws of log q(z) − log p(z), by their weights times this.
    Drawn(f32),
    /// The KL is drawn in the same way, with log q differentiated through z alone: its parameters are held.
    Held,
    /// The KL is held in the same way, and a draw's whole derivative in z is multiplied by its weight times this:
    /// doubly reparameterised.
    HeldSquared(f32),
}

kernel! {
    /// The way back: `head_gradient` ← the derivative in the head of Σ_r objective_r − KL_r, the KL by its weights.
    pub fn gradient<'a, V>(
        head: &Panels,
        draws: impl Iterator<Item = Draw<'a>> + Clone,
        kl: Kl<'_>,
        head_gradient: &mut Panels,
    ) {
        let latent = head.columns() / 2;
        for row in 0..head.rows() {
            for panel in 0..latent.div_ceil(WIDTH) {
                let live = (latent - panel * WIDTH).min(WIDTH);
                let [mean, a] = halves(head, row, panel);
                let (mut by_mean, mut by_s) = ([0.0; WIDTH], [0.0; WIDTH]);
                // t = tanh(a/30), σ: shared by the samples.
                let (mut t, mut sd, mut inverse) = ([0.0; WIDTH], [0.0; WIDTH], [0.0; WIDTH]);
                for k in 0..WIDTH {
                    t[k] = tanh(a[k] / LOG_VARIANCE_BOUND);
                    sd[k] = exp(0.5 * LOG_VARIANCE_BOUND * t[k]);
                    inverse[k] = 1.0 / sd[k];
                }
                if let Kl::ClosedForm(weights, free) = kl {
                    for k in 0..WIDTH {
                        let costs = free == 0.0 || kl_term(mean[k], LOG_VARIANCE_BOUND * t[k]) > free;
                        let weight = if costs { weights[row] } else { 0.0 };
                        by_mean[k] = -weight * mean[k];
                        by_s[k] = -0.5 * weight * sd[k].mul_add(sd[k], -1.0);
                    }
                }
                for Draw { noise, z, z_gradient, weights } in draws.clone() {
                    let (noise, z) = (&noise.panel(panel)[row].0, &z.panel(panel)[row].0);
                    let by_z = &z_gradient.panel(panel)[row].0;
                    let weight = weights[row];
                    let mut path = *by_z;
                    match kl {
                        Kl::ClosedForm(..) => {}
                        Kl::Drawn(factor) => {
                            for k in 0..WIDTH {
                                path[k] = (-weight * factor).mul_add(z[k], by_z[k]);
                                by_s[k] += 0.5 * weight * factor;
                            }
                        }
                        Kl::Held | Kl::HeldSquared(_) => {
                            let factor = if let Kl::HeldSquared(factor) = kl { weight * factor } else { 1.0 };
                            for k in 0..WIDTH {
                                let held = noise[k].mul_add(inverse[k], -z[k]);
                                path[k] = factor * weight.mul_add(held, by_z[k]);
                            }
                        }
                    }
                    for k in 0..WIDTH {
                        by_mean[k] += path[k];
                        by_s[k] = (0.5 * sd[k] * noise[k]).mul_add(path[k], by_s[k]);
                    }
                }
                for k in 0..live {
                    let column = panel * WIDTH + k;
                    head_gradient.set(row, column, by_mean[k]);
                    head_gradient.set(row, latent + column, by_s[k] * t[k].mul_add(-t[k], 1.0));
                }
            }
        }
    }
}

/// log σ² from the head's a.
#[inline(always)]
pub fn log_variance(a: f32) -> f32 {
    LOG_VARIANCE_BOUND * tanh(a / LOG_VARIANCE_BOUND)
}

/// KL(N(μ, exp s) ‖ N(0, 1)), never negative: near s = 0 exp s − 1 − s is a small difference, and rounding could make it so.
#[inline(always)]
pub fn kl_term(mean: f32, s: f32) -> f32 {
    // exp s − 1 − s by its series below ¼, where the difference would lose its digits.
    let p = s.mul_add(1.0 / 40_320.0, 1.0 / 5_040.0);
    let p = s.mul_add(p, 1.0 / 720.0);
    let p = s.mul_add(p, 1.0 / 120.0);
    let p = s.mul_add(p, 1.0 / 24.0);
    let p = s.mul_add(p, 1.0 / 6.0);
    let near = s * s * s.mul_add(p, 0.5);
    let far = exp(s) - 1.0 - s;
    0.5 * mean.mul_add(mean, if s.abs() < 0.25 { near } else { far })
}

/// The columns 32 · `panel` and on of μ and of a.
#[inline(always)]
fn halves(head: &Panels, row: usize, panel: usize) -> [[f32; WIDTH]; 2] {
    let latent = head.columns() / 2;
    let live = (latent - panel * WIDTH).min(WIDTH);
    let mut out = [[0.0; WIDTH]; 2];
    for k in 0..live {
        let column = panel * WIDTH + k;
        out[0][k] = head.at(row, column);
        out[1][k] = head.at(row, latent + column);
    }
    out
}

#[inline(always)]
fn check(head: &Panels, other: &Panels) {
    assert_eq!(
        (head.rows(), head.columns()),
        (other.rows(), 2 * other.columns()),
        "the head is [R, 2K], the other [R, K]"
    );
}
