//! Special functions, to about 1e-14, and the remainders that keep divergences exact near q = p.
//!
//! Everything about Γ stands on Binet's function, which is small and convex:
//! ln Γ(x) = (x − ½) ln x − x + ½ ln 2π + δ(x), δ(x) = Σ_k B_2k / (2k (2k − 1) x^(2k−1)) (DLMF 5.11.1).
//! Its recurrence, δ(x) = δ(x + 1) + (x + ½) ln(1 + 1/x) − 1, takes x to where the series converges to the
//! last place.

use std::f64::consts::{LN_2, PI, SQRT_2, TAU};

/// Where Binet's series takes over: seven terms reach 1e-15 of δ, δ′ and δ″ from here on.
const ASYMPTOTIC: f64 = 16.0;

/// ln Γ(x), x > 0.
///
/// ```
/// assert_eq!(elbo::special::ln_gamma(5.0), 24f64.ln());
/// ```
pub fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// Digamma ψ(x) = d ln Γ(x)/dx, x > 0: ln x − 1/(2x) + δ′(x).
///
/// ```
/// assert!((elbo::special::digamma(1.0) + 0.577_215_664_901_532_9).abs() < 1e-15); // −γ
/// ```
pub fn digamma(x: f64) -> f64 {
    x.ln() - 0.5 / x + binet_slope(x)
}

/// Trigamma ψ′(x), x > 0: 1/x + 1/(2x²) + δ″(x).
///
/// ```
/// let pi2 = std::f64::consts::PI.powi(2);
/// assert!((elbo::special::trigamma(1.0) - pi2 / 6.0).abs() < 1e-15);
/// ```
pub fn trigamma(x: f64) -> f64 {
    1.0 / x + 0.5 / (x * x) + binet_curvature(x, 1.0)
}

/// Binet's δ(x), x > 0: positive, decreasing, convex, about 1/(12x).
pub(crate) fn binet(mut x: f64) -> f64 {
    let mut sum = 0.0;
    while x < ASYMPTOTIC {
        sum += (x + 0.5) * ln_1p_inverse(x) - 1.0;
        x += 1.0;
    }
    let r = 1.0 / (x * x);
    let series = 1.0 / 1188.0 - r * (691.0 / 360_360.0 - r / 156.0);
    sum + (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r * (1.0 / 1680.0 - r * series)))) / x
}

/// δ′(x).
pub(crate) fn binet_slope(mut x: f64) -> f64 {
    let mut sum = 0.0;
    while x < ASYMPTOTIC {
        sum += ln_1p_inverse(x) - (x + 0.5) / (x * (x + 1.0));
        x += 1.0;
    }
    let r = 1.0 / (x * x);
    let series = 1.0 / 132.0 - r * (691.0 / 32_760.0 - r / 12.0);
    sum - (1.0 / 12.0 - r * (1.0 / 120.0 - r * (1.0 / 252.0 - r * (1.0 / 240.0 - r * series)))) * r
}

/// step² δ″(x): every term of the recurrence is positive, and the step within it spares an overflow at tiny x.
fn binet_curvature(mut x: f64, step: f64) -> f64 {
    let mut sum = 0.0;
    while x < ASYMPTOTIC {
        let root = step / x / (x + 1.0);
        sum += 0.5 * root * root;
        x += 1.0;
    }
    let (r, root) = (1.0 / (x * x), step / x);
    let series = 5.0 / 66.0 - r * (691.0 / 2730.0 - r * (7.0 / 6.0));
    let bracket = 1.0 / 6.0 - r * (1.0 / 30.0 - r * (1.0 / 42.0 - r * (1.0 / 30.0 - r * series)));
    sum + root * root / x * bracket
}

/// ln(1 + 1/x), x > 0.
fn ln_1p_inverse(x: f64) -> f64 {
    if x < 1.0 { x.ln_1p() - x.ln() } else { (1.0 / x).ln_1p() }
}

/// ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a + b), without cancelling large ln Γ.
///
/// ```
/// assert!((elbo::special::ln_beta(2.0, 3.0) + 12f64.ln()).abs() < 1e-15); // B(2, 3) = 1/12
/// ```
pub fn ln_beta(a: f64, b: f64) -> f64 {
    let (a, b) = (a.min(b), a.max(b));
    if b < ASYMPTOTIC {
        return ln_gamma(a) + (ln_gamma(b) - ln_gamma(a + b));
    }
    let rest = binet(b) - binet(a + b) - (b - 0.5) * (a / b).ln_1p() - a * (a + b).ln();
    ln_gamma(a) + a + rest
}

/// The Bregman divergence G(b) − G(a) − (b − a) G′(a) ≥ 0 of G(x) = ln Γ(x) − x ln x + x, which is convex:
/// G = ½ ln 2π − ½ ln x + δ(x).
///
/// ln Γ(b) − ln Γ(a) − (b − a) ψ(a) is this plus b (a/b − 1 − ln(a/b)).
pub(crate) fn gamma_bregman(b: f64, a: f64) -> f64 {
    let step = b - a;
    // Near a, Taylor's remainder ∫₀¹ (1 − t) step² δ″(a + t step) dt by 8 points of Gauss and Legendre (1e-18).
    let of_binet = if step.abs() <= 0.25 * a {
        let at = |t: f64, weight: f64| 0.5 * weight * (1.0 - t) * binet_curvature(a + t * step, step);
        GAUSS_LEGENDRE.iter().map(|&(x, w)| at(0.5 - 0.5 * x, w) + at(0.5 + 0.5 * x, w)).sum()
    } else {
        binet(b) - binet(a) - step * binet_slope(a)
    };
    0.5 * exp_remainder(ln_ratio(b, a)) + of_binet
}

/// The positive nodes of the 8-point rule on (−1, 1), and their weights (DLMF 3.5, table 2).
const GAUSS_LEGENDRE: [(f64, f64); 4] = [
    (0.183_434_642_495_649_8, 0.362_683_783_378_362),
    (0.525_532_409_916_329, 0.313_706_645_877_887_3),
    (0.796_666_477_413_626_7, 0.222_381_034_453_374_48),
    (0.960_289_856_497_536_3, 0.101_228_536_290_376_26),
];

/// R(s) = eˢ − 1 − s ≥ 0, to full relative accuracy also near 0.
///
/// At s = ln x it is x − 1 − ln x, the term of which the divergences are made.
///
/// ```
/// assert_eq!(elbo::special::exp_remainder(1e-200), 0.0); // s²/2 underflows
/// assert_eq!(elbo::special::exp_remainder(1e-9), 0.5e-18 + 1e-27 / 6.0);
/// ```
pub fn exp_remainder(s: f64) -> f64 {
    if s.abs() > 0.5 {
        return s.exp_m1() - s;
    }
    // s²/2 (1 + s/3 (1 + s/4 (…))): 14 terms reach 1e-17 at ½.
    let bracket = (3..=16).rev().fold(1.0, |sum, k| 1.0 + s / f64::from(k) * sum);
    0.5 * s * s * bracket
}

/// p R(d) = q − p − p ln(q/p) ≥ 0 at d = ln(q/p): one term of Σ p ln(p/q), plus q − p, which sums to 0.
pub(crate) fn relative_entropy_term(p: f64, q: f64, d: f64) -> f64 {
    // Where q ≫ p the exponential of d may overflow; there is nothing to cancel.
    if d < 1.0 { p * exp_remainder(d) } else { (q - p) - p * d }
}

/// ln(a/b), a, b > 0: full relative accuracy also where a is near b, no overflow of the ratio.
pub(crate) fn ln_ratio(a: f64, b: f64) -> f64 {
    if a < 2.0 * b && b < 2.0 * a { ((a - b) / b).ln_1p() } else { a.ln() - b.ln() }
}

/// ln(1 + eˣ).
///
/// ```
/// assert_eq!(elbo::special::softplus(1e4), 1e4);
/// assert_eq!(elbo::special::softplus(-1e4), 0.0);
/// ```
pub fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// ln S(x) = −ln(1 + e⁻ˣ), S the logistic function.
///
/// ```
/// assert_eq!(elbo::special::ln_logistic(-1e4), -1e4);
/// ```
pub fn ln_logistic(x: f64) -> f64 {
    -softplus(-x)
}

/// S(x) = 1/(1 + e⁻ˣ).
///
/// ```
/// assert_eq!(elbo::special::logistic(0.0), 0.5);
/// ```
pub fn logistic(x: f64) -> f64 {
    // Of two equal forms the one that cannot overflow, and keeps a small S to full relative accuracy.
    if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }
}

/// ln Σ exp x_i; −∞ of no values.
///
/// ```
/// assert_eq!(elbo::special::ln_sum_exp(&[1e4, 1e4]), 1e4 + 2f64.ln());
/// ```
pub fn ln_sum_exp(x: &[f64]) -> f64 {
    let greatest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if greatest.is_infinite() {
        return greatest;
    }
    greatest + x.iter().map(|v| (v - greatest).exp()).sum::<f64>().ln()
}

/// Φ(x), the distribution function of N(0, 1).
///
/// ```
/// use elbo::special::normal_cdf;
/// assert_eq!(normal_cdf(0.0), 0.5);
/// assert!((normal_cdf(-1.959_963_984_540_054) - 0.025).abs() < 1e-15);
/// ```
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / SQRT_2)
}

/// The x with Φ(x) = p, p in (0, 1).
///
/// By Newton's steps on ln Φ, which is concave: from below the root, as Φ(x) ≤ ½ exp(−½x²) for x ≤ 0, they never pass it.
///
/// ```
/// use elbo::special::{normal_cdf, normal_quantile};
/// assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-14);
/// assert!((normal_cdf(normal_quantile(1e-300)) / 1e-300 - 1.0).abs() < 1e-10);
/// assert_eq!(normal_quantile(0.5), 0.0);
/// assert!(normal_quantile(f64::NAN).is_nan());
/// ```
pub fn normal_quantile(p: f64) -> f64 {
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    let mut x = -(-2.0 * libm::log(2.0 * p)).sqrt();
    loop {
        let ln_cdf = ln_normal_cdf(x);
        let step = (libm::log(p) - ln_cdf) * libm::exp(ln_cdf + 0.5 * (x * x + TAU.ln()));
        x += step;
        if step.is_nan() || step <= 1e-15 * x.abs() {
            return x;
        }
    }
}

/// ln Φ(x), Φ the distribution function of N(0, 1).
///
/// ```
/// assert_eq!(elbo::special::ln_normal_cdf(0.0), -2f64.ln());
/// ```
pub fn ln_normal_cdf(x: f64) -> f64 {
    if x >= 0.0 {
        return (-0.5 * libm::erfc(x / SQRT_2)).ln_1p();
    }
    if x > -12.0 {
        return libm::erfc(-x / SQRT_2).ln() - LN_2;
    }
    // Mills' ratio, φ(x)/|x| (1 − 1/x² + 1·3/x⁴ − …): DLMF 7.12.1, 16 terms reach 1e-17 at 12.
    let r = 1.0 / (x * x);
    let series = (1..=16).rev().fold(1.0, |sum, k| 1.0 - r * f64::from(2 * k - 1) * sum);
    -0.5 * x * x - (-x).ln() - 0.5 * TAU.ln() + series.ln()
}

/// ln I₀(κ), κ ≥ 0, the modified Bessel function of order 0.
///
/// ```
/// use elbo::special::ln_bessel_i0;
/// assert_eq!(ln_bessel_i0(0.0), 0.0);
/// assert!((ln_bessel_i0(1e6) - (1e6 - 0.5 * (std::f64::consts::TAU * 1e6).ln() + 0.125e-6)).abs() < 1e-9);
/// ```
pub fn ln_bessel_i0(kappa: f64) -> f64 {
    let (mut term, mut sum, mut k) = (1.0, 0.0, 1.0);
    if kappa < 50.0 {
        // Σ_k (κ²/4)^k / k!² (DLMF 10.25.2): all terms are positive.
        while term > f64::EPSILON * sum * 0.1 {
            term *= (0.5 * kappa / k).powi(2);
            sum += term;
            k += 1.0;
        }
        return sum.ln_1p();
    }
    // e^κ/√(2πκ) Σ_k (1·3⋯(2k − 1))² / (k! (8κ)^k) (DLMF 10.40.1): falls below 1e-17 well before it diverges.
    while term > 1e-17 {
        term *= (2.0 * k - 1.0).powi(2) / (8.0 * kappa * k);
        sum += term;
        k += 1.0;
    }
    kappa - 0.5 * (TAU * kappa).ln() + sum.ln_1p()
}

/// ln Γ_p(x) = p(p − 1)/4 ln π + Σ_{i<p} ln Γ(x − i/2), x > (p − 1)/2.
///
/// ```
/// use elbo::special::{ln_gamma, ln_multivariate_gamma};
/// assert_eq!(ln_multivariate_gamma(1, 2.5), ln_gamma(2.5));
/// ```
pub fn ln_multivariate_gamma(p: usize, x: f64) -> f64 {
    let pairs = (p * (p - 1)) as f64;
    0.25 * pairs * PI.ln() + (0..p).map(|i| ln_gamma(x - 0.5 * i as f64)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(what: &str, got: f64, expected: f64, tolerance: f64) {
        assert!((got - expected).abs() <= tolerance * expected.abs().max(1e-300), "{what}: {got} {expected}");
    }

    /// Legendre's duplication formula (DLMF 5.5.5), its first and its second derivative.
    #[test]
    fn gamma_and_its_derivatives_obey_the_duplication_formula() {
        for i in -60..=60 {
            let x = 10f64.powf(0.1 * f64::from(i));
            let (half, constant) = (x + 0.5, (2.0 * x - 1.0) * LN_2 - 0.5 * PI.ln());
            let sizes = ln_gamma(x).abs() + ln_gamma(half).abs() + constant.abs();
            let error = ln_gamma(2.0 * x) - (ln_gamma(x) + ln_gamma(half) + constant);
            assert!(error.abs() <= 1e-15 * sizes, "ln Γ({x}): {error}");
            let sizes = digamma(x).abs() + digamma(half).abs() + LN_2;
            let error = digamma(2.0 * x) - 0.5 * (digamma(x) + digamma(half)) - LN_2;
            assert!(error.abs() <= 1e-15 * sizes, "ψ({x}): {error}");
            assert_near("ψ′", trigamma(2.0 * x), 0.25 * (trigamma(x) + trigamma(half)), 2e-15);
        }
    }

    /// Gauss and Legendre's rule against the difference, where that has digits left.
    #[test]
    fn the_bregman_divergence_is_its_definition() {
        for a in [1e-3, 0.4, 3.0, 15.0] {
            for factor in [0.7, 0.76, 0.8, 1.2, 1.24, 1.3, 20.0] {
                let b = factor * a;
                let whole = gamma_bregman(b, a) + b * exp_remainder(ln_ratio(a, b));
                let expected = ln_gamma(b) - ln_gamma(a) - (b - a) * digamma(a);
                assert_near("Bregman", whole, expected, 1e-12);
            }
        }
    }

    #[test]
    fn beta_obeys_its_recurrence() {
        for (a, b) in [(0.3, 0.2), (3.0, 40.0), (40.0, 3.0), (1e-8, 1e8), (1e6, 2e6)] {
            // B(a, b) = B(a + 1, b) + B(a, b + 1).
            let total = ln_sum_exp(&[ln_beta(a + 1.0, b), ln_beta(a, b + 1.0)]);
            assert!((ln_beta(a, b) - total).abs() < 1e-15 * (a + b + 40.0), "{a} {b}");
        }
    }

    /// No step where one formula hands over to the next.
    #[test]
    fn formulas_meet() {
        let step = 1e-10;
        let slope = |f: fn(f64) -> f64, x: f64| (f(x + step) - f(x - step)) / (2.0 * step);
        // To the rounding of f over the step.
        assert!((slope(ln_bessel_i0, 50.0) - 0.99).abs() < 1e-3);
        assert!((slope(ln_normal_cdf, -12.0) - 12.08).abs() < 1e-2);
        assert!((slope(exp_remainder, 0.5) - 0.5f64.exp_m1()).abs() < 1e-5);
        assert!((slope(exp_remainder, -0.5) - (-0.5f64).exp_m1()).abs() < 1e-5);
    }
}
