//! Conjugate families: distributions of a parameter that observations do not leave, so that their updates are exact.
//!
//! A likelihood p(x|θ) = h(x) exp(η(θ)·t(x) − A(θ)) and a prior p(θ) of the same form in θ give a posterior of that form,
//! which needs of the observations their sufficient statistics Σ w t(x) alone; under weights w it is the optimum of a factor
//! of a mean field (E21). A pair of prior and likelihood is a file, and an implementation of [`Conjugate`]:
//!
//! | prior of θ | likelihood | predictive |
//! |---|---|---|
//! | [`GaussianGamma`] | `Gaussian` of unknown mean and precision | Student's t |
//! | [`GaussianWishart`] | `FullGaussian` of unknown mean and precision matrix | Student's t of many columns |
//! | `Gamma` | `Gaussian` about 0 of unknown precision | Student's t |
//! | `Gamma` | `Poisson` of unknown rate | negative binomial |
//! | `Beta` | `Bernoulli` | Bernoulli |
//! | `Dirichlet` | `Categorical` | categorical |
//!
//! Divergences are those of [`divergence`](crate::divergence), and densities those of [`distribution`](crate::distribution).
//!
//! ```
//! use elbo::{
//!     conjugate::{Conjugate, Statistics},
//!     distribution::{Gamma, Poisson},
//! };
//! // A rate of 2 ± 1.4, and three counts, of which one is missing.
//! let prior = Gamma::new(2.0, 1.0)?;
//! let mut counts = Conjugate::<Poisson>::statistics(&prior);
//! for x in [3.0, f64::NAN, 5.0] {
//!     counts.add(1.0, &x);
//! }
//! let posterior = Conjugate::<Poisson>::updated(&prior, &counts)?;
//! assert_eq!((posterior.shape(), posterior.rate()), (10.0, 3.0));
//! # Ok::<(), elbo::Error>(())
//! ```
//!
//! Source: Diaconis and Ylvisaker (1979), *Conjugate priors for exponential families*; Bishop (2006), section 2.4.2.

mod beta_bernoulli;
mod conjugacy;
mod dirichlet_categorical;
mod gamma_poisson;
mod gamma_precision;
mod gaussian_gamma;
mod gaussian_wishart;
mod moments;
mod row_expectations;
mod row_moments;
mod student_t;
mod wishart_precision;

pub use beta_bernoulli::{BernoulliExpectations, Tally};
pub use conjugacy::{Conjugate, Expectations, Statistics};
pub(crate) use dirichlet_categorical::refuses_class;
pub use dirichlet_categorical::{ClassCounts, ClassExpectations};
pub use gamma_poisson::RateExpectations;
pub(crate) use gamma_poisson::refuses_count;
pub use gamma_precision::{PrecisionExpectations, Squares};
pub use gaussian_gamma::{GaussianExpectations, GaussianGamma, Location};
pub use gaussian_wishart::{GaussianWishart, RowLocation};
pub use moments::{Bregman, Deviance, Moments, Square};
pub use row_expectations::{Completed, RowExpectations};
pub use row_moments::RowMoments;
pub(crate) use row_moments::pool;
pub(crate) use student_t::student_t;
pub use wishart_precision::{Scatter, WishartPrecision};
