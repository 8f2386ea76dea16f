//! Models composed of nodes: variational message passing (Winn and Bishop 2005; E21).
//!
//! p(x) = Π_i p(x_i|pa_i) and q(z) = Π_i q(z_i), every p(x_i|pa_i) a conjugate member of the exponential family with
//! expected natural parameters E\[η(pa_i)\]. Then the optimum of one factor is
//! η(q_i) = E\[η(pa_i)\] + Σ over the children c of i of η_{c→i}, and
//! ELBO = Σ_i E_q\[log p(x_i|pa_i)\] − Σ_i E_q\[log q(z_i)\], all in closed form.
//!
//! A [`Graph`] is built variable by variable, each a conditional distribution of those before it:
//!
//! | values | distribution | parameters that may be variables |
//! |---|---|---|
//! | [`Real`] | [`gaussian`] | mean: [`Real`] or [`dot`]; precision: [`Positive`] |
//! | [`Vector`] | [`gaussian_vector`] | mean: [`Vector`]; precision: [`Matrix`], or [`Positive`] for τ I |
//! | [`Vector`] | [`gaussian_given`] | mean and precision together: [`MeanAndPrecision`] |
//! | [`MeanAndPrecision`] | [`gaussian_wishart`] | |
//! | [`Positive`] | [`gamma`] | rate: [`Positive`] |
//! | [`Matrix`] | [`wishart`] | |
//! | [`Simplex`] | [`dirichlet`] | |
//! | [`Probability`] | [`beta`] | |
//! | [`Class`] | [`categorical`] | probabilities: [`Simplex`] |
//! | [`Binary`] | [`bernoulli`] | probability: [`Probability`] |
//! | [`Count`] | [`poisson`] | rate: [`Positive`] |
//!
//! What type-checks is conjugate; what no type can say, that no variable comes twice in one product, is an error of
//! [`Graph::add`]. Any of them becomes a mixture by [`Conditional::chosen_by`]. Variables repeat over named plates, and a
//! parameter without one of its child's plates is shared along it.
//!
//! ```compile_fail
//! # use elbo::mean_field::graph::{Graph, gaussian, poisson};
//! # let mut model = Graph::new();
//! let mean = model.add("μ", &[], gaussian(0.0, 1.0)).unwrap();
//! let x = model.add("x", &[], poisson(mean)); // the rate of a Poisson is positive
//! ```
//!
//! A variable that is neither observed nor a parameter ends at its predictive approximation, whose
//! [factor](Graph::factor) can be drawn from.
//!
//! # A mixture of Gaussians
//!
//! ```
//! use elbo::{
//!     distribution::Moments,
//!     mean_field::{Ascent, ascend, graph::{Graph, categorical, dirichlet, gamma, gaussian}},
//!     random::Key,
//! };
//! let x = [-2.1, 3.9, -1.8, 4.2, -2.0, 4.0, f64::NAN, 4.1];
//!
//! let mut model = Graph::new();
//! let (rows, components) = (model.plate("rows", x.len())?, model.plate("components", 2)?);
//! let weights = model.add("π", &[], dirichlet(&[1.0, 1.0]))?;
//! let mean = model.add("μ", &[components], gaussian(0.0, 0.01))?;
//! let precision = model.add("τ", &[components], gamma(1.0, 0.1))?;
//! let z = model.add("z", &[rows], categorical(weights))?;
//! let y = model.add("x", &[rows], gaussian(mean, precision).chosen_by(z, components))?;
//! model.observe(y, &x)?;
//! model.randomise(z, Key::new(1))?; // else all components stay alike
//!
//! let record = ascend(&mut model, &Ascent::default(), |_, _| {})?;
//! assert!(record.converged);
//! let (a, b) = (model.factor(mean, 0)?.location(), model.factor(mean, 1)?.location());
//! assert!((a.min(b) + 1.97).abs() < 0.1 && (a.max(b) - 4.05).abs() < 0.1, "{a} {b}");
//! assert!(model.factor(weights, 0)?.mean().is_some_and(|shares| (shares[0] - 0.5).abs() < 0.1));
//! # Ok::<(), elbo::Error>(())
//! ```

mod build;
mod class;
mod dot;
mod family;
mod gamma;
mod gaussian;
mod gaussian_wishart;
mod messages;
mod node;
mod observe;
mod plates;
mod poisson;
mod shares;
mod space;
mod structure;
mod variable;
mod wishart;

pub use crate::conjugate::GaussianWishart;
pub use class::{bernoulli, categorical};
pub use dot::{Dot, dot};
pub use gamma::gamma;
pub use gaussian::{gaussian, gaussian_vector};
pub use gaussian_wishart::{gaussian_given, gaussian_wishart};
pub use observe::Posterior;
pub use plates::Plate;
pub use poisson::poisson;
pub use shares::{beta, dirichlet};
pub use space::{
    Binary, Class, Constant, Count, Matrix, MeanAndPrecision, Positive, Probability, Real, Simplex, Space,
    Vector,
};
pub use structure::Graph;
pub use variable::{Argument, Choice, Conditional, Mean, Precision, Variable};
pub use wishart::wishart;
