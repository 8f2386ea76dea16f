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
mod variable;
mod wishart;

pub use class::{Binary, Class, bernoulli, categorical};
pub use dot::{Dot, dot};
pub use gamma::{Positive, gamma};
pub use gaussian::{Real, Vector, gaussian, gaussian_vector};
pub use gaussian_wishart::{GaussianWishart, MeanAndPrecision, gaussian_given, gaussian_wishart};
pub use observe::Posterior;
pub use plates::Plate;
pub use poisson::{Count, poisson};
pub use shares::{Probability, Simplex, beta, dirichlet};
pub use variable::{Argument, Choice, Conditional, Constant, Mean, Precision, Space, Variable};
pub use wishart::{Matrix, wishart};

use crate::Error;
use messages::within;
use node::{Kind, Node};
use plates::count;

/// A model made of variables, with the factor of each that is not observed.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    plates: Vec<String>,
    sizes: Vec<usize>,
    nodes: Vec<Node>,
    /// Those whose factors come first in a sweep.
    order: Vec<usize>,
}

impl Graph {
    /// Without variables.
    pub fn new() -> Self {
        Self::default()
    }

    /// A plate of `size` repetitions.
    ///
    /// # Errors
    /// Where the name is taken, or the size 0.
    pub fn plate(&mut self, name: &str, size: usize) -> Result<Plate, Error> {
        if self.plates.iter().any(|taken| taken == name) {
            return Err(Error::invalid("the name of a plate", name, "must not be taken yet"));
        }
        if size == 0 {
            return Err(Error::invalid(&format!("the size of plate {name}"), size, "must be at least 1"));
        }
        self.plates.push(name.into());
        self.sizes.push(size);
        Ok(Plate(self.plates.len() - 1))
    }

    /// A variable for each element of some plates, which have the conditional distribution, and start at it. Its factors are
    /// named `q(name)`.
    ///
    /// # Errors
    /// Where the name is taken; where a parameter is outside its range, of another dimension, or on a plate that the
    /// variable has not; where a variable comes twice in a dot product; where the plate of a mixture's components is
    /// not as large as what chooses has classes, or no parameter has it.
    pub fn add<S: Space>(
        &mut self,
        name: &str,
        plates: &[Plate],
        conditional: Conditional<S>,
    ) -> Result<Variable<S>, Error> {
        let before = self.nodes.len();
        self.insert(name, plates, conditional).map_err(|error| {
            // As if nothing had been asked for.
            self.nodes.truncate(before);
            self.nodes.iter_mut().for_each(|node| node.dots.retain(|&dot| dot < before));
            within(error, name)
        })
    }

    /// Values that are known without having a distribution, as regressors: one for each element of some plates, row by row.
    ///
    /// # Errors
    /// Where there are not as many as the plates have elements, or one is no value of the space.
    pub fn known<S: Constant>(&mut self, plates: &[Plate], values: &[f64]) -> Result<Variable<S>, Error> {
        let axes = self.axes(plates)?;
        let (size, what) = (count(&axes), "known values");
        if values.is_empty() || !values.len().is_multiple_of(size) {
            return Err(Error::Shape { what: what.into(), expected: vec![size], got: vec![values.len()] });
        }
        let (mut moments, mut dimension) = (Vec::new(), 0);
        for (row, value) in values.chunks(values.len() / size).enumerate() {
            let known =
                S::known(value).map_err(|error| within(error, &format!("{what}, row {}", row + 1)))?;
            moments.extend(known.0);
            dimension = known.1;
        }
        Ok(Variable::new(self.push(Kind::Known, axes, dimension, moments)))
    }
}
