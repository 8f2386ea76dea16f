//! The functions between two dense layers.

use crate::{
    elementary::{exp, normal_cdf, sigmoid, softplus, tanh},
    panels::Row,
};

/// A function applied to each output of a dense layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// The function gives a itself.
    Identity,
    /// The function gives max(a, 0); its derivative at 0 is 0.
    Relu,
    /// The function gives tanh a.
    Tanh,
    /// The function gives a Φ(a), with Φ the standard normal distribution function.
    Gelu,
    /// The function gives log(1 + exp a).
    Softplus,
    /// The function gives 1 / (1 + exp −a).
    Sigmoid,
}

impl Activation {
    /// `output` ← the function of `a`.
    #[inline(always)]
    pub(crate) fn forward(self, a: &[Row], output: &mut [Row]) {
        match self {
            Self::Identity => output.copy_from_slice(a),
            Self::Relu => each(a, output, relu),
            Self::Tanh => each(a, output, tanh),
            Self::Gelu => each(a, output, |a| a * normal_cdf(a)),
            Self::Softplus => each(a, output, softplus),
            Self::Sigmoid => each(a, output, sigmoid),
        }
    }

    /// Does the same as [`forward`](Self::forward), and `derivative` ← the derivative of the function.
    #[inline(always)]
    pub(crate) fn forward_and_derivative(self, a: &[Row], output: &mut [Row], derivative: &mut [Row]) {
        self.forward(a, output);
        match self {
            Self::Identity => derivative.fill(Row([1.0; 32])),
            Self::Relu => each(output, derivative, |y| if y > 0.0 { 1.0 } else { 0.0 }),
            Self::Tanh => each(output, derivative, |y| y.mul_add(-y, 1.0)),
            Self::Gelu => each(a, derivative, |a| {
                const DENSITY_AT_0: f32 = 0.398_942_3;
                a.mul_add(DENSITY_AT_0 * exp(-0.5 * a * a), normal_cdf(a))
            }),
            Self::Softplus => each(a, derivative, sigmoid),
            Self::Sigmoid => each(output, derivative, |y| y * (1.0 - y)),
        }
    }
}

#[inline(always)]
fn relu(a: f32) -> f32 {
    // A NaN stays one.
    if a < 0.0 { 0.0 } else { a }
}

#[inline(always)]
fn each(from: &[Row], to: &mut [Row], f: impl Fn(f32) -> f32) {
    for (x, y) in Row::flat(from).iter().zip(Row::flat_mut(to)) {
        *y = f(*x);
    }
}
