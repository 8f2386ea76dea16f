//! The arithmetic that a density needs, of numbers and of tensors alike: each density has one definition.

use std::ops::{Add, Mul, Neg, Sub};

use burn::tensor::Tensor;

use crate::special;

/// A real number, or a tensor of them taken element by element.
///
/// ```
/// use elbo::distribution::Real;
/// assert_eq!(3.0.square().scale(2.0).shift(1.0), 19.0);
/// ```
pub trait Real:
    Clone + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Neg<Output = Self>
{
    /// eˣ.
    #[must_use]
    fn exp(self) -> Self;
    /// log(1 + x).
    #[must_use]
    fn ln_1p(self) -> Self;
    /// |x|.
    #[must_use]
    fn abs(self) -> Self;
    /// x².
    #[must_use]
    fn square(self) -> Self;
    /// eˣ − 1 − x; exact near 0 in f64, to one unit of the precision, absolute, of tensors.
    #[must_use]
    fn exp_remainder(self) -> Self;
    /// x times a constant.
    #[must_use]
    fn scale(self, factor: f64) -> Self;
    /// x plus a constant.
    #[must_use]
    fn shift(self, by: f64) -> Self;
}

impl Real for f64 {
    fn exp(self) -> Self {
        f64::exp(self)
    }
    fn ln_1p(self) -> Self {
        f64::ln_1p(self)
    }
    fn abs(self) -> Self {
        f64::abs(self)
    }
    fn square(self) -> Self {
        self * self
    }
    fn exp_remainder(self) -> Self {
        special::exp_remainder(self)
    }
    fn scale(self, factor: f64) -> Self {
        self * factor
    }
    fn shift(self, by: f64) -> Self {
        self + by
    }
}

impl<const D: usize> Real for Tensor<D> {
    fn exp(self) -> Self {
        Tensor::exp(self)
    }
    fn ln_1p(self) -> Self {
        self.log1p()
    }
    fn abs(self) -> Self {
        Tensor::abs(self)
    }
    fn square(self) -> Self {
        <Tensor<D>>::square(self)
    }
    fn exp_remainder(self) -> Self {
        (self.clone().exp() - self).sub_scalar(1.0)
    }
    fn scale(self, factor: f64) -> Self {
        self.mul_scalar(factor)
    }
    fn shift(self, by: f64) -> Self {
        self.add_scalar(by)
    }
}

/// A row of reals whose log densities add up: one number, or each row of a tensor `[R, D]`.
pub trait Row: Real {
    /// One real a row: a number, or `[R]`.
    type Sum: Real;
    /// How many reals a row holds: 1, or D.
    fn columns(&self) -> usize;
    /// The sum of the row's reals.
    fn sum(self) -> Self::Sum;
}

impl Row for f64 {
    type Sum = f64;
    fn columns(&self) -> usize {
        1
    }
    fn sum(self) -> f64 {
        self
    }
}

impl Row for Tensor<2> {
    type Sum = Tensor<1>;
    fn columns(&self) -> usize {
        self.dims()[1]
    }
    fn sum(self) -> Tensor<1> {
        self.sum_dim(1).squeeze_dim(1)
    }
}
