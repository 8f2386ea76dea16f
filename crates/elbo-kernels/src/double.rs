//! exp and log of f64 without branches or tables, so that loops over them become vector code.
//!
//! | function | largest error | domain |
//! |---|---|---|
//! | [`exp`] | 2 ulp | all; results below 2^-1022 are 0 |
//! | [`log`] | 1 ulp | normal numbers > 0 |
//!
//! The reductions and the polynomial of the logarithm are those of FreeBSD's msun; multiplications and additions are
//! rounded one by one, so every level and every machine gives the same bits, and none is slow.

const LOG_2_HIGH: f64 = 0.693_147_180_369_123_8;
const LOG_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// exp x.
///
/// ```
/// use elbo_kernels::double::exp;
/// assert_eq!((exp(0.0), exp(f64::NEG_INFINITY), exp(1e9)), (1.0, 0.0, f64::INFINITY));
/// assert!((exp(1.0) - std::f64::consts::E).abs() < 1e-15);
/// ```
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    // The nearest integer to x / log 2 appears in the lowest bits when 1.5 · 2^52 is added.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let rounded = x * std::f64::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = (x - n * LOG_2_HIGH) - n * LOG_2_LOW;
    // Taylor's series: the term that follows is below 5e-18 for |r| ≤ ½ log 2.
    let mut p = 1.0 / 6_227_020_800.0;
    for inverse in [
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
    ] {
        p = p * r + inverse;
    }
    let y = 1.0 + (r + r * r * p);
    // 2^n, for n > 0 as 2 · 2^(n − 1): it reaches from −1022 to 1024.
    let (bias, factor) = if x > 0.0 { (1022 << 52, 2.0) } else { (1023 << 52, 1.0) };
    let y = y * f64::from_bits((rounded.to_bits() << 52).wrapping_add(bias)) * factor;
    let y = if x < -708.396 { 0.0 } else { y };
    if x > 709.782 { f64::INFINITY } else { y }
}

/// log x, the natural logarithm, of a normal number > 0.
///
/// ```
/// use elbo_kernels::double::log;
/// assert_eq!((log(1.0), log(2.0)), (0.0, std::f64::consts::LN_2));
/// ```
#[inline(always)]
pub fn log(x: f64) -> f64 {
    const SQRT_HALF: u64 = 0x3FE6_A09E_667F_3BCD;
    // x = 2^k (1 + f), √½ ≤ 1 + f < √2.
    let shifted = x.to_bits().wrapping_sub(SQRT_HALF);
    let k = (shifted.cast_signed() >> 52) as f64;
    let f = f64::from_bits((shifted & 0x000F_FFFF_FFFF_FFFF).wrapping_add(SQRT_HALF)) - 1.0;
    // log(1 + f) = f − f²/2 + s (f²/2 + R(s²)) with s = f/(2 + f).
    let s = f / (2.0 + f);
    let z = s * s;
    let mut r = 0.147_981_986_051_165_86;
    for coefficient in [
        0.153_138_376_992_093_73,
        0.181_835_721_616_180_5,
        0.222_221_984_321_497_84,
        0.285_714_287_436_623_9,
        0.399_999_999_994_094_2,
        0.666_666_666_666_673_5,
    ] {
        r = r * z + coefficient;
    }
    let half_square = 0.5 * f * f;
    k * LOG_2_HIGH - ((half_square - (s * (half_square + r * z) + k * LOG_2_LOW)) - f)
}
