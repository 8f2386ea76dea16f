//! Densities: one family a file, named by the field's term.
//!
//! What a family can do is a small trait each: [`LogDensity`], [`Sample`], [`Moments`], [`Entropy`], [`Score`],
//! [`PathGradient`]; its divergences stand in [`divergence`](crate::divergence). These are exact, in f64.
//! Where a model needs the same density of tensors, it is one definition, generic over [`Real`].
//!
//! ```
//! use elbo::distribution::{Gamma, LogDensity, Moments, Sample};
//! use elbo::random::Key;
//! let q = Gamma::new(3.0, 2.0)?; // shape, rate
//! let x = q.sample(Key::new(1), 0);
//! assert!(q.log_density(&x).is_finite());
//! assert_eq!(q.mean(), Some(1.5));
//! # Ok::<(), elbo::Error>(())
//! ```

pub mod bernoulli;
mod beta;
mod binomial;
mod categorical;
pub(crate) mod cholesky;
mod deviance;
mod diagonal_gaussian;
mod dirichlet;
mod full_gaussian;
mod gamma;
pub mod gaussian;
mod interval;
mod inverse_gamma;
mod laplace;
mod log_normal;
pub mod logistic;
pub(crate) mod low_rank_gaussian;
mod negative_binomial;
mod point_mass;
mod poisson;
mod real;
mod standard_gamma;
mod stream;
mod student_t;
pub mod von_mises;
mod wishart;

pub use bernoulli::Bernoulli;
pub use beta::Beta;
pub use binomial::Binomial;
pub use categorical::Categorical;
pub use cholesky::Cholesky;
pub use diagonal_gaussian::DiagonalGaussian;
pub use dirichlet::Dirichlet;
pub use full_gaussian::FullGaussian;
pub use gamma::Gamma;
pub use gaussian::Gaussian;
pub use interval::CentralInterval;
pub use inverse_gamma::InverseGamma;
pub use laplace::Laplace;
pub use log_normal::LogNormal;
pub use low_rank_gaussian::LowRankGaussian;
pub use negative_binomial::{NegativeBinomial, ZeroInflatedNegativeBinomial};
pub use point_mass::PointMass;
pub use poisson::Poisson;
pub use real::{Real, Row};
pub use student_t::StudentT;
pub use wishart::Wishart;

use crate::random::Key;

/// A normalised density or mass function of X.
pub trait LogDensity<X: ?Sized> {
    /// log p(x), in nats; −∞ outside the support, an x of another dimension included. Never NaN for an x that
    /// is a number.
    fn log_density(&self, x: &X) -> f64;
}

/// A distribution that can be drawn from.
pub trait Sample {
    /// What one draw is.
    type Value;

    /// The draw that belongs to `row` of `key`: a pure function of the two and the parameters.
    fn sample(&self, key: Key, row: u64) -> Self::Value;
}

/// Mean and variance in closed form.
pub trait Moments {
    /// A number, or one number for each coordinate.
    type Value;

    /// E\[x\]; `None` where it does not exist.
    fn mean(&self) -> Option<Self::Value>;

    /// Var\[x\], of each coordinate; `None` where it does not exist or is infinite.
    fn variance(&self) -> Option<Self::Value>;
}

/// Entropy in closed form.
pub trait Entropy {
    /// −E\[log p(x)\], in nats; of a density it may be negative.
    fn entropy(&self) -> f64;
}

/// The score, of which the score-function gradient E_q\[f(z) ∇ log q(z)\] is made (E15).
pub trait Score<X: ?Sized>: LogDensity<X> {
    /// ∂ log p(x)/∂λ at an x within the support: the plain gradient in the parameters λ that the constructor
    /// takes, in its order.
    fn score(&self, x: &X) -> Vec<f64>;
}

/// A draw that is a differentiable function of the parameters (E14).
pub trait PathGradient: Sample {
    /// Σ_i c_i ∂z_i/∂λ of the draw z of `row`, for each parameter λ in the constructor's order; c is the
    /// `cotangent`, ∂f/∂z for the gradient of E_q\[f(z)\].
    fn path_gradient(&self, key: Key, row: u64, cotangent: &Self::Value) -> Vec<f64>;
}
