//! Masses of counts in the deviance form (Loader, *Fast and accurate computation of binomial probabilities*, 2000), whose
//! terms are as small as the logarithm itself.

use std::f64::consts::TAU;

use crate::special::{binet, exp_remainder};

/// a log λ − λ − ln Γ(a + 1), a > 0, given log(λ/a): the deviance form −a R(log(λ/a)) − ½ log 2πa − δ(a), which
/// does not cancel at large a (Loader, *Fast and accurate computation of binomial probabilities*, 2000).
pub(super) fn ln_poisson(a: f64, lambda: f64, ln_ratio: f64) -> f64 {
    // Where λ ≫ a the exponential in R may overflow; λ itself does not.
    let deviance = if ln_ratio < 1.0 { a * exp_remainder(ln_ratio) } else { (lambda - a) - a * ln_ratio };
    -deviance - 0.5 * (TAU.ln() + a.ln()) - binet(a)
}

/// log of Γ(n + 1)/(Γ(k + 1) Γ(m + 1)) pᵏ qᵐ, n = k + m, k and m > 0, given log(np/k) and log(nq/m): the deviance
/// form, which does not cancel at large n (Loader 2000).
pub(super) fn ln_binomial(k: f64, m: f64, ln_success: f64, ln_failure: f64) -> f64 {
    let n = k + m;
    let deviance = k * exp_remainder(ln_success) + m * exp_remainder(ln_failure);
    binet(n) - binet(k) - binet(m) - deviance - 0.5 * (TAU.ln() + k.ln() + (m / n).ln())
}
