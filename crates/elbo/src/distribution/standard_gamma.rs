//! Gamma(a, 1): its draws, and their derivative in a.

use crate::{distribution::stream::Stream, special::digamma};

/// log g, g ~ Gamma(shape, 1), by rejection (Marsaglia, Tsang, *A simple method for generating gamma variables*,
/// 2000); below shape 1 as g_{a+1} U^(1/a).
pub(super) fn ln_standard_gamma(shape: f64, stream: &mut Stream) -> f64 {
    if shape < 1.0 {
        return ln_standard_gamma(shape + 1.0, stream) - stream.exponential() / shape;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let normal = stream.normal();
        let v = (1.0 + c * normal).powi(3);
        // v ≤ 0 has no logarithm: NaN, which no comparison accepts.
        let ln_v = libm::log(v);
        if -stream.exponential() < 0.5 * normal * normal + d * (1.0 - v + ln_v) {
            return libm::log(d) + ln_v;
        }
    }
}

/// d log g/da of a Gamma(a, 1) draw g whose distribution function is held: the implicit reparameterisation
/// −(∂P(a, g)/∂a) / (g p(g)) (Figurnov, Mohamed, Mnih 2018), given log g.
///
/// With ∂P/∂a = ∫₀^g p(t) (log t − ψ(a)) dt, of which the part above g is the negative, the integral is taken on
/// the side where log t − ψ(a) keeps its sign, so nothing cancels; below g = 1 term by term.
pub(super) fn ln_gamma_path_derivative(a: f64, ln_g: f64) -> f64 {
    let g = ln_g.exp();
    if g <= 1.0 {
        return series_below_one(a, g, ln_g);
    }
    let excess = ln_g - digamma(a);
    if excess <= 0.0 {
        // t = g e^(−u), u > 0.
        let width = 1.0 / (a - g + g.sqrt());
        half_line(width, |u| (-a * u - g * (-u).exp_m1()).exp() * (u - excess))
    } else {
        // t = g e^u.
        let width = (1.0 / ((g - a).max(0.0) + g.sqrt())).ln_1p();
        half_line(width, |u| (a * u - g * u.exp_m1()).exp() * (u + excess))
    }
}

/// −e^g Σ_n (−g)ⁿ/n! ((log g − ψ(a))/(a + n) − 1/(a + n)²), with ψ(a) = ψ(a + 1) − 1/a so that small a cancels
/// in the algebra.
fn series_below_one(a: f64, g: f64, ln_g: f64) -> f64 {
    let shifted = ln_g - digamma(a + 1.0);
    let (mut power, mut sum, mut n) = (1.0, shifted / a, 0.0);
    while power > 1e-18 {
        n += 1.0;
        power *= g / n;
        let sign = if n % 2.0 == 1.0 { -power } else { power };
        // 1/a − 1/(a + n) = n / (a (a + n)).
        sum += sign * (shifted + n / (a * (a + n))) / (a + n);
    }
    -g.exp() * sum
}

/// ∫₀^∞ f(u) du, f decaying over a length of about `width`: the double-exponential rule u = w exp(t − e^(−t))
/// (Takahasi, Mori 1974).
fn half_line(width: f64, f: impl Fn(f64) -> f64) -> f64 {
    const STEP: f64 = 1.0 / 32.0;
    let term = |i: i32| {
        let t = STEP * f64::from(i);
        let u = width * (t - (-t).exp()).exp();
        u * (1.0 + (-t).exp()) * f(u)
    };
    STEP * (-4 * 32..6 * 32).map(term).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The integral from 0 to g at t = g e^(−u), by Simpson's rule.
    fn by_simpson(a: f64, ln_g: f64) -> f64 {
        let (g, excess, steps) = (ln_g.exp(), ln_g - digamma(a), 400_000);
        let h = 45.0 / a / f64::from(steps) * (1.0 + g / a);
        let integrand = |i: i32| {
            let u = h * f64::from(i);
            let weight = if i == 0 || i == steps { 1.0 } else { 2.0 * f64::from(1 + i % 2) };
            weight * (-a * u - g * (-u).exp_m1()).exp() * (u - excess)
        };
        h / 3.0 * (0..=steps).map(integrand).sum::<f64>()
    }

    #[test]
    fn the_path_derivative_is_the_implicit_one() {
        for a in [0.3, 1.0, 5.0, 60.0] {
            for quantile in [0.01, 0.3, 0.8, 1.0, 1.2, 1.5] {
                let ln_g = f64::ln(quantile * a);
                let (got, expected) = (ln_gamma_path_derivative(a, ln_g), by_simpson(a, ln_g));
                assert!((got - expected).abs() < 1e-10 * expected, "{a} {quantile}: {got} for {expected}");
            }
        }
    }
}
