//! Elementary functions of f32 without branches or tables, so that loops over them become vector code.
//!
//! | function | largest error | domain |
//! |---|---|---|
//! | [`exp`] | 1 ulp | all; results below 2^-126 are 0 |
//! | [`log`] | 1 ulp | all; a subnormal argument counts as 2^-126 |
//! | [`log_1p_unit`] | 2 ulp | \[0, 1\] |
//! | [`tanh`] | 2 ulp | all |
//! | [`sigmoid`], [`softplus`] | 3 ulp | all; parts below 2^-126 count as 0 |
//! | [`normal_cdf`] | 8 ulp | all; results below 2^-126 are 0 |
//! | [`cos_sin_turn`] | 1.5e-7 absolute | a turn, as 32 bits |
//!
//! Polynomials interpolate at Chebyshev nodes in 40 digits, coefficients rounded to f32. A NaN gives a NaN.

/// exp x.
///
/// ```
/// use elbo_kernels::elementary::exp;
/// assert_eq!((exp(0.0), exp(-1e9), exp(1e9)), (1.0, 0.0, f32::INFINITY));
/// assert!((exp(1.0) - std::f32::consts::E).abs() < 3e-7);
/// ```
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // The nearest integer to x / log 2 appears in the lowest bits when 1.5 · 2^23 is added.
    const ROUND: f32 = 12_582_912.0;
    const LOG_2_HIGH: f32 = 0.693_359_4;
    const LOG_2_LOW: f32 = -2.121_944_4e-4;
    let small = x < -87.336_54;
    let large = x > 88.722_83;
    let rounded = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = rounded - ROUND;
    let r = n.mul_add(-LOG_2_LOW, n.mul_add(-LOG_2_HIGH, x));
    let q = r.mul_add(0.001_392_617_6, 0.008_363_173);
    let q = r.mul_add(q, 0.041_666_556);
    let q = r.mul_add(q, 0.166_665_78);
    let q = r.mul_add(q, 0.5);
    let p = r.mul_add(r.mul_add(q, 1.0), 1.0);
    // 2^n, for n > 0 as 2 · 2^(n − 1): it reaches from −126 to 128.
    let (bias, factor) = if x > 0.0 { (126 << 23, 2.0) } else { (127 << 23, 1.0) };
    let y = p * f32::from_bits((rounded.to_bits() << 23).wrapping_add(bias)) * factor;
    let y = if small { 0.0 } else { y };
    if large { f32::INFINITY } else { y }
}

/// log x, the natural logarithm: −∞ at 0, NaN below.
///
/// ```
/// use elbo_kernels::elementary::log;
/// assert_eq!((log(1.0), log(0.0), log(f32::INFINITY)), (0.0, f32::NEG_INFINITY, f32::INFINITY));
/// assert!(log(-1.0).is_nan());
/// ```
#[inline(always)]
pub fn log(x: f32) -> f32 {
    const LOG_2_HIGH: f32 = 0.693_138_1;
    const LOG_2_LOW: f32 = 9.058_001e-6;
    const SQRT_HALF: u32 = 0x3F35_04F3;
    let normal = if x < f32::MIN_POSITIVE { f32::MIN_POSITIVE } else { x };
    // x = 2^k (1 + f), √½ ≤ 1 + f < √2.
    let shifted = normal.to_bits().wrapping_sub(SQRT_HALF);
    let k = (shifted.cast_signed() >> 23) as f32;
    let f = f32::from_bits((shifted & 0x007F_FFFF).wrapping_add(SQRT_HALF)) - 1.0;
    // log(1 + f) = f − f²/2 + s (f²/2 + R(s²)) with s = f/(2 + f).
    let s = f / (2.0 + f);
    let z = s * s;
    let r = z.mul_add(0.242_790_79, 0.284_987_87);
    let r = z.mul_add(r, 0.400_009_72);
    let r = z * z.mul_add(r, 0.666_666_6);
    let half_square = 0.5 * f * f;
    let y = k.mul_add(LOG_2_HIGH, s.mul_add(half_square + r, k * LOG_2_LOW) - half_square + f);
    let y = if x == 0.0 { f32::NEG_INFINITY } else { y };
    let y = if x < 0.0 { f32::NAN } else { y };
    // An infinity and a NaN are their own logarithms.
    if x < f32::INFINITY { y } else { x }
}

/// log(1 + y) for y in [0, 1].
///
/// ```
/// use elbo_kernels::elementary::log_1p_unit;
/// assert_eq!(log_1p_unit(0.0), 0.0);
/// assert!((log_1p_unit(1.0) - std::f32::consts::LN_2).abs() < 1e-7);
/// ```
#[inline(always)]
pub fn log_1p_unit(y: f32) -> f32 {
    twice_artanh(y / (2.0 + y))
}

/// 2 artanh s for s in [0, 1/3]: log(1 + y) where s = y/(2 + y).
#[inline(always)]
pub(crate) fn twice_artanh(s: f32) -> f32 {
    let t = s * s;
    let p = t.mul_add(0.103_938_09, 0.087_323_51);
    let p = t.mul_add(p, 0.111_323_56);
    let p = t.mul_add(p, 0.142_851_53);
    let p = t.mul_add(p, 0.200_000_05);
    let p = t.mul_add(p, 0.333_333_34);
    let s = 2.0 * s;
    s.mul_add(t * p, s)
}

/// tanh x.
///
/// ```
/// use elbo_kernels::elementary::tanh;
/// assert_eq!((tanh(0.0), tanh(-100.0), tanh(1e-20)), (0.0, -1.0, 1e-20));
/// ```
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let a = x.abs();
    let t = a * a;
    let p = t.mul_add(0.002_214_902_8, -0.008_272_457);
    let p = t.mul_add(p, 0.021_746_187);
    let p = t.mul_add(p, -0.053_956_35);
    let p = t.mul_add(p, 0.133_332_91);
    let p = t.mul_add(p, -0.333_333_34);
    let near = a.mul_add(t * p, a);
    let far = 1.0 - 2.0 / (exp(2.0 * a) + 1.0);
    (if a < 0.65 { near } else { far }).copysign(x)
}

/// 1 / (1 + exp −x), the logistic function.
///
/// ```
/// use elbo_kernels::elementary::sigmoid;
/// assert_eq!((sigmoid(0.0), sigmoid(-200.0), sigmoid(200.0)), (0.5, 0.0, 1.0));
/// ```
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    let y = exp(-x.abs());
    (if x >= 0.0 { 1.0 } else { y }) / (1.0 + y)
}

/// log(1 + exp x).
///
/// ```
/// use elbo_kernels::elementary::softplus;
/// assert_eq!((softplus(50.0), softplus(-200.0)), (50.0, 0.0));
/// ```
#[inline(always)]
pub fn softplus(x: f32) -> f32 {
    let positive = if x > 0.0 { x } else { 0.0 };
    positive + log_1p_unit(exp(-x.abs()))
}

/// Φ(x), the standard normal distribution function.
///
/// ```
/// use elbo_kernels::elementary::normal_cdf;
/// assert_eq!((normal_cdf(-40.0), normal_cdf(40.0)), (0.0, 1.0));
/// assert!((normal_cdf(0.0) - 0.5).abs() < 1e-7);
/// ```
#[inline(always)]
pub fn normal_cdf(x: f32) -> f32 {
    // erfc(a) = exp(−a²) P(t)/(1 + a), a = |x|/√2, t = (a − 3)/(a + 3), fitted for a ≤ 10.
    let a = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = (a - 3.0) / (a + 3.0);
    let p = t.mul_add(-1.105_206e-4, -3.834_649_7e-4);
    let p = t.mul_add(p, 7.019_933e-4);
    let p = t.mul_add(p, 0.001_648_151_5);
    let p = t.mul_add(p, -0.009_761_6);
    let p = t.mul_add(p, 0.021_949_144);
    let p = t.mul_add(p, -0.023_803_28);
    let p = t.mul_add(p, -0.010_234_524);
    let p = t.mul_add(p, 0.099_020_76);
    let p = t.mul_add(p, -0.230_927_36);
    let p = t.mul_add(p, 0.716_004_6);
    // x²/2 with what its rounding leaves: exp magnifies an error of its argument.
    let half = 0.5 * x;
    let square = half * x;
    let rest = half.mul_add(x, -square);
    let bell = exp(-square);
    let tail = 0.5 * bell.mul_add(-rest, bell) * p / (1.0 + a);
    let tail = if a < 10.0 { tail } else { 0.0 };
    if x.is_nan() {
        x
    } else if x > 0.0 {
        1.0 - tail
    } else {
        tail
    }
}

/// cos and sin of 2π w/2^32.
///
/// ```
/// use elbo_kernels::elementary::cos_sin_turn;
/// assert_eq!(cos_sin_turn(0), (1.0, 0.0));
/// assert_eq!(cos_sin_turn(1 << 31), (-1.0, 0.0));
/// ```
#[inline(always)]
pub fn cos_sin_turn(w: u32) -> (f32, f32) {
    // A quarter turn at a time: x in [−½, ½) of it, and the number of quarters.
    let quarters = w.wrapping_add(1 << 29) >> 30;
    let x = w.wrapping_sub(quarters << 30).cast_signed() as f32 * (1.0 / 1_073_741_824.0);
    let t = x * x;
    let s = t.mul_add(-0.004_602_149, 0.079_680_22);
    let s = t.mul_add(s, -0.645_963_5);
    let s = x * t.mul_add(s, 1.570_796_4);
    let c = t.mul_add(9.067_399e-4, -0.020_861_529);
    let c = t.mul_add(c, 0.253_669_4);
    let c = t.mul_add(c, -1.233_700_5);
    let c = t.mul_add(c, 1.0);
    let odd = quarters & 1 == 1;
    let (cos, sin) = (if odd { s } else { c }, if odd { c } else { s });
    let cos = if quarters == 1 || quarters == 2 { -cos } else { cos };
    let sin = if quarters >= 2 { -sin } else { sin };
    (cos, sin)
}
