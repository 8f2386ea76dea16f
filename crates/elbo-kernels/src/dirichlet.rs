//! Expectations under rows of Dirichlet distributions: ψ, exp ψ and ln Γ, elementwise and without branches.
//!
//! Both recurrences are taken eight steps up, to y = x + 8, where the asymptotic series (DLMF 5.11.1, 5.11.2) reach
//! the last place. The eight factors x + i pair up in t = x (x + 7): Π (x + i) = Q(t) = t (t + 6)(t + 10)(t + 12) and
//! Σ 1/(x + i) = (2x + 7) Q′(t)/Q(t), so ψ costs two divisions, and exp ψ(x) = y exp(ψ(x) − log y) no logarithm.

use crate::{
    LANES, Lanes,
    double::{exp, log},
    level::kernel,
};

/// The sum over lanes, in a fixed order.
#[inline(always)]
pub(crate) fn total(x: &Lanes) -> f64 {
    ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]))
}

/// Σ_{i<8} 1/(x + i) and Π_{i<8} (x + i).
#[inline(always)]
fn eight_steps(x: f64) -> (f64, f64) {
    let t = x * (x + 7.0);
    let (a, b) = (t * (t + 6.0), (t + 10.0) * (t + 12.0));
    let product = a * b;
    let slope = (2.0 * t + 6.0) * b + a * (2.0 * t + 22.0);
    ((2.0 * x + 7.0) * slope / product, product)
}

/// ln y − ψ(y) of y ≥ 8, from 1/y.
#[inline(always)]
fn below_log(inverse: f64) -> f64 {
    let r = inverse * inverse;
    let series = 1.0 / 240.0 - r * (1.0 / 132.0 - r * (691.0 / 32_760.0 - r / 12.0));
    0.5 * inverse + r * (1.0 / 12.0 - r * (1.0 / 120.0 - r * (1.0 / 252.0 - r * series)))
}

/// Binet's δ(y) of y ≥ 8, from 1/y.
#[inline(always)]
fn binet(inverse: f64) -> f64 {
    let r = inverse * inverse;
    let series = 1.0 / 1680.0 - r * (1.0 / 1188.0 - r * (691.0 / 360_360.0 - r / 156.0));
    inverse * (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r * series)))
}

/// exp ψ(x), 0 ≤ x ≤ 1e30, to 1e-14 of it times |ψ(x)|; 0 at 0, and where it is below 1e-306.
///
/// ```
/// use elbo_kernels::dirichlet::exp_digamma;
/// assert!((exp_digamma(1.0) - (-0.577_215_664_901_532_9f64).exp()).abs() < 1e-15);
/// assert_eq!(exp_digamma(0.0), 0.0);
/// ```
#[inline(always)]
pub fn exp_digamma(x: f64) -> f64 {
    let y = x + 8.0;
    y * exp(-(below_log(1.0 / y) + eight_steps(x).0))
}

/// ψ(x) and ln Γ(x), 1e-150 ≤ x ≤ 1e30, to 1e-14 of the largest of 1 and their terms.
///
/// ```
/// use elbo_kernels::dirichlet::digamma_and_ln_gamma;
/// let (digamma, ln_gamma) = digamma_and_ln_gamma(5.0);
/// assert!((digamma - (25.0 / 12.0 - 0.577_215_664_901_532_9)).abs() < 1e-14);
/// assert!((ln_gamma - 24f64.ln()).abs() < 1e-14);
/// ```
#[inline(always)]
pub fn digamma_and_ln_gamma(x: f64) -> (f64, f64) {
    const HALF_LOG_TAU: f64 = 0.918_938_533_204_672_8;
    let y = x + 8.0;
    let inverse = 1.0 / y;
    let (steps, product) = eight_steps(x);
    let log_y = log(y);
    let digamma = log_y - (below_log(inverse) + steps);
    let ln_gamma = ((y - 0.5) * log_y - y) + HALF_LOG_TAU + binet(inverse) - log(product);
    (digamma, ln_gamma)
}

kernel! {
    /// Writes ψ(x_i) of each component of `x`, and returns Σ (x_i − a_i) ψ(x_i) − ln Γ(x_i) + ln Γ(a_i), to which
    /// KL(Dir(x) ‖ Dir(a)) adds ln Γ(Σx) − ln Γ(Σa) − (Σx − Σa) ψ(Σx). `ln_gamma_prior` is that of
    /// [`digamma_and_ln_gamma`]. A component of 0 counts for nothing.
    pub fn expectations<V>(x: &[Lanes], prior: &[Lanes], ln_gamma_prior: &[Lanes], digamma: &mut [Lanes]) -> f64 {
        assert!(x.len() == prior.len() && x.len() == ln_gamma_prior.len() && x.len() == digamma.len());
        let mut sums = [0.0; LANES];
        for (((x, prior), ln_gamma_prior), out) in x.iter().zip(prior).zip(ln_gamma_prior).zip(digamma) {
            let mut terms = [0.0; LANES];
            for i in 0..LANES {
                let (digamma, ln_gamma) = digamma_and_ln_gamma(x[i]);
                out[i] = if x[i] > 0.0 { digamma } else { 0.0 };
                let term = (x[i] - prior[i]) * digamma - (ln_gamma - ln_gamma_prior[i]);
                terms[i] = if x[i] > 0.0 { term } else { 0.0 };
            }
            for i in 0..LANES {
                sums[i] += terms[i];
            }
        }
        total(&sums)
    }
}

kernel! {
    /// Takes `totals` from `expected_log`, whose first `size` components are a row's, and writes their exponentials
    /// in units of the largest, of which it returns the logarithm. Padding becomes 0.
    pub fn exponentials<V>(expected_log: &mut [Lanes], totals: &[Lanes], size: usize, out: &mut [Lanes]) -> f64 {
        let (expected_log, totals, out) =
            (expected_log.as_flattened_mut(), totals.as_flattened(), out.as_flattened_mut());
        assert!(expected_log.len() == totals.len() && expected_log.len() == out.len());
        let mut greatest = f64::NEG_INFINITY;
        for (x, total) in expected_log[..size].iter_mut().zip(totals) {
            *x -= total;
            greatest = if *x > greatest { *x } else { greatest };
        }
        for (out, x) in out.iter_mut().zip(&*expected_log) {
            *out = exp(x - greatest);
        }
        out[size..].fill(0.0);
        greatest
    }
}
