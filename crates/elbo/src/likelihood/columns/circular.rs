//! An angle, as of a time of day or of the year: x ~ von Mises with κ (cos μ, sin μ) = (f₁, f₂), |f| bounded.

use std::f64::consts::{PI, TAU};

use super::cell::{Cell, Gradient, Start};
use crate::{random::Key, special::ln_bessel_i0};

/// κ never lies beyond this: a standard deviation of half a degree.
const BOUND: f64 = 1e4;

#[derive(Debug)]
pub(super) struct Circular;

/// A(κ) = I₁(κ)/I₀(κ), the length of the mean direction.
fn mean_length(kappa: f64) -> f64 {
    // Gauss' continued fraction I₁/I₀ = κ/(2 + κ²/(4 + κ²/(6 + …))), from far enough down; of large κ its expansion.
    if kappa > 100.0 {
        let r = 1.0 / kappa;
        let tail = 25.0 / 128.0 + r * (13.0 / 32.0 + r * (1073.0 / 1024.0));
        return 1.0 - r * (0.5 + r * (0.125 + r * (0.125 + r * tail)));
    }
    let terms = 20 + (1.5 * kappa) as usize;
    let square = kappa * kappa;
    let below = (2..=terms).rev().fold(2.0 * terms as f64, |below, k| 2.0 * (k - 1) as f64 + square / below);
    kappa / below
}

/// κ, the direction, and dκ/d|f|.
fn vector(output: &[f64]) -> (f64, [f64; 2], f64) {
    let length = (output[0] * output[0] + output[1] * output[1]).sqrt();
    let t = libm::tanh(length / BOUND);
    let direction = if length > 0.0 { [output[0] / length, output[1] / length] } else { [1.0, 0.0] };
    (BOUND * t, direction, 1.0 - t * t)
}

impl Cell for Circular {
    fn outputs(&self) -> usize {
        2
    }

    fn accepts(&self, x: f64) -> bool {
        x.is_finite()
    }

    fn values(&self) -> &'static str {
        "angles"
    }

    fn log_density(&self, x: f64, output: &[f64], _: &[f64], gradient: Option<Gradient<'_>>) -> f64 {
        let (kappa, [c, s], slope) = vector(output);
        let (cos, sin) = (libm::cos(x), libm::sin(x));
        let along = c * cos + s * sin;
        if let Some(Gradient { output: by_output, .. }) = gradient {
            // Along the direction κ changes, across it the direction does, by κ/|f| of what f moves.
            let length = (output[0] * output[0] + output[1] * output[1]).sqrt();
            let radial = (along - mean_length(kappa)) * slope;
            let across = (c * sin - s * cos) * if length > 0.0 { kappa / length } else { 1.0 };
            by_output[0] = radial * c - across * s;
            by_output[1] = radial * s + across * c;
        }
        kappa * along - libm::log(TAU) - ln_bessel_i0(kappa)
    }

    /// The mean direction, in [0, 2π).
    fn mean(&self, output: &[f64], _: &[f64]) -> f64 {
        libm::atan2(output[1], output[0]).rem_euclid(TAU)
    }

    /// By Best and Fisher's (1979) rejection from a wrapped Cauchy.
    fn draw(&self, output: &[f64], own: &[f64], key: Key, row: u64) -> f64 {
        let kappa = vector(output).0;
        let tau = 1.0 + (1.0 + 4.0 * kappa * kappa).sqrt();
        let rho = (tau - (2.0 * tau).sqrt()) / (2.0 * kappa.max(1e-300));
        let ratio = (1.0 + rho * rho) / (2.0 * rho);
        for attempt in 0.. {
            let mut uniforms = [0.0; 3];
            key.fold(attempt).uniforms(row, &mut uniforms);
            let [turn, accept, side] = uniforms.map(f64::from);
            if kappa < 1e-6 {
                return TAU * turn;
            }
            let cos = libm::cos(PI * turn);
            let cos = (1.0 + ratio * cos) / (ratio + cos);
            let bound = kappa * (ratio - cos);
            if bound * (2.0 - bound) > accept || libm::log(bound / accept) + 1.0 >= bound {
                let angle = libm::acos(cos.clamp(-1.0, 1.0)) * if side < 0.5 { -1.0 } else { 1.0 };
                return (self.mean(output, own) + angle).rem_euclid(TAU);
            }
        }
        unreachable!("a draw is accepted in the end")
    }

    /// The mean direction, and the κ of its length by Best and Fisher's approximation.
    fn start(&self, x: &[f64], _: f64) -> Start {
        let n = x.len().max(1) as f64;
        let c = x.iter().map(|&x| libm::cos(x)).sum::<f64>() / n;
        let s = x.iter().map(|&x| libm::sin(x)).sum::<f64>() / n;
        let length = (c * c + s * s).sqrt().min(0.999);
        let kappa = length * (2.0 - length * length) / (1.0 - length * length);
        let scale = if length > 0.0 { kappa / length } else { 0.0 };
        Start { output: vec![scale * c, scale * s], own: Vec::new(), floor: Vec::new() }
    }

    fn encoded(&self) -> usize {
        2
    }

    fn encode(&self, x: f64, out: &mut [f32]) {
        (out[0], out[1]) = (libm::cos(x) as f32, libm::sin(x) as f32);
    }
}
