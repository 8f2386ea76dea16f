//! Elementary functions against f64, in units in the last place.

use elbo_kernels::elementary::{cos_sin_turn, exp, log, log_1p_unit, normal_cdf, sigmoid, softplus, tanh};

/// The error of `got` in ulps of the exact value rounded to f32.
fn ulps(got: f32, exact: f64) -> f64 {
    let rounded = exact as f32;
    let ulp = f64::from(f32::from_bits(rounded.abs().to_bits() + 1)) - f64::from(rounded.abs());
    (f64::from(got) - exact).abs() / ulp
}

/// The largest error over every `stride`-th f32 of some range of bits, and where it is.
fn worst(
    bits: std::ops::Range<u32>,
    stride: usize,
    f: impl Fn(f32) -> f32,
    exact: impl Fn(f64) -> f64,
) -> (f64, f32) {
    let errors = bits.step_by(stride).map(f32::from_bits).map(|x| (ulps(f(x), exact(f64::from(x))), x));
    // What is no number is the worst.
    errors.fold((0.0, 0.0), |a, b| if b.0 > a.0 || b.0.is_nan() { b } else { a })
}

fn bits(from: f32, to: f32) -> std::ops::Range<u32> {
    from.to_bits()..to.to_bits()
}

#[test]
fn exp_is_within_an_ulp() {
    let tiny = f32::MIN_POSITIVE;
    let up = worst(bits(tiny, 88.7), 101, exp, libm::exp);
    assert!(up.0 <= 1.0, "{up:?}");
    let down = worst(bits(tiny, 87.3), 101, |x| exp(-x), |x| libm::exp(-x));
    assert!(down.0 <= 1.0, "{down:?}");
    assert_eq!(exp(f32::INFINITY), f32::INFINITY);
    assert_eq!((exp(f32::NEG_INFINITY), exp(-0.0), exp(89.0)), (0.0, 1.0, f32::INFINITY));
    assert!(exp(f32::NAN).is_nan());
    // Nothing subnormal comes out.
    for x in (0..20_000).map(|i| -85.0 - i as f32 * 1e-3) {
        assert!(exp(x) == 0.0 || exp(x) >= f32::MIN_POSITIVE, "{x}");
    }
}

#[test]
fn log_is_within_an_ulp() {
    let found = worst(bits(f32::MIN_POSITIVE, f32::MAX), 1009, log, libm::log);
    assert!(found.0 <= 1.0, "{found:?}");
    let near_one = worst(bits(0.9, 1.1), 3, log, libm::log);
    assert!(near_one.0 <= 1.0, "{near_one:?}");
    assert_eq!((log(0.0), log(-0.0), log(1.0)), (f32::NEG_INFINITY, f32::NEG_INFINITY, 0.0));
    assert!(log(-1e-3).is_nan() && log(f32::NAN).is_nan() && log(f32::NEG_INFINITY).is_nan());
    assert_eq!(log(f32::INFINITY), f32::INFINITY);
}

#[test]
fn the_others_are_within_two_ulps_and_the_normal_cdf_within_eight() {
    let found = worst(bits(f32::MIN_POSITIVE, 1.0), 101, log_1p_unit, libm::log1p);
    assert!(found.0 <= 2.0, "log1p {found:?}");
    for sign in [1.0, -1.0] {
        let found = worst(
            bits(f32::MIN_POSITIVE, 30.0),
            101,
            |x| tanh(sign * x),
            |x| libm::tanh(f64::from(sign) * x),
        );
        assert!(found.0 <= 2.0, "tanh {found:?}");
        let found = worst(
            bits(f32::MIN_POSITIVE, 85.0),
            101,
            |x| sigmoid(sign * x),
            |x| 1.0 / (1.0 + libm::exp(-f64::from(sign) * x)),
        );
        assert!(found.0 <= 3.0, "sigmoid {found:?}");
        let found = worst(
            bits(f32::MIN_POSITIVE, 85.0),
            101,
            |x| softplus(sign * x),
            |x| {
                let x = f64::from(sign) * x;
                x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
            },
        );
        assert!(found.0 <= 3.0, "softplus {found:?}");
        let found = worst(
            bits(f32::MIN_POSITIVE, 12.0),
            101,
            |x| normal_cdf(sign * x),
            |x| 0.5 * libm::erfc(-f64::from(sign) * x * std::f64::consts::FRAC_1_SQRT_2),
        );
        assert!(found.0 <= 8.0, "normal cdf {found:?}");
    }
    for f in [tanh, sigmoid, softplus, normal_cdf, log_1p_unit] {
        assert!(f(f32::NAN).is_nan());
    }
    assert_eq!((tanh(f32::INFINITY), tanh(f32::NEG_INFINITY)), (1.0, -1.0));
    assert!(tanh(-0.0).is_sign_negative());
}

#[test]
fn a_turn_is_right_to_1_5e_7() {
    for w in (0..=u32::MAX).step_by(65_521) {
        let (cos, sin) = cos_sin_turn(w);
        let (exact_sin, exact_cos) = libm::sincos(std::f64::consts::TAU * f64::from(w) / 4_294_967_296.0);
        assert!((f64::from(cos) - exact_cos).abs() < 1.5e-7, "{w}: {cos} {exact_cos}");
        assert!((f64::from(sin) - exact_sin).abs() < 1.5e-7, "{w}: {sin} {exact_sin}");
    }
}
