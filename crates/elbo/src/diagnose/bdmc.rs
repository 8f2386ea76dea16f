//! Bidirectional Monte Carlo (Grosse, Ghahramani, Adams 2015): log p(x) between two bounds, on simulated rows (E23).
//!
//! Of a row drawn from the model, x ~ p(x|z), z ~ p(z), that z is an exact draw of p(z|x). Chains annealed from it back
//! to the start have E\[1/w\] = 1/p(x), so that −log (1/C) Σ_c 1/w_c is in expectation not below log p(x); the chains
//! of [`annealed`](super::annealed::annealed) that go forwards give what is not above it. The gap bounds the error of either, and tells how far annealing can be believed on data like the model's own.

use super::annealed::{Annealing, Direction, Path, Start, check_shape};
use crate::{Error, minibatch::Minibatch, model::Joint, random::Key, terms::Weights};

/// Stochastic bounds on log p(x) of each simulated row, in nats.
#[derive(Clone, Debug, PartialEq)]
pub struct Sandwich {
    /// The estimate of each row whose expectation is not above log p(x), in nats.
    pub lower: Vec<f64>,
    /// The estimate of each row whose expectation is not below log p(x), in nats.
    pub upper: Vec<f64>,
}

impl Sandwich {
    /// Upper bound less lower bound of each row, in nats. Single ones may be below 0; their mean is, in expectation, not.
    pub fn gaps(&self) -> Vec<f64> {
        self.upper.iter().zip(&self.lower).map(|(upper, lower)| upper - lower).collect()
    }
}

/// Bounds log p(x) of simulated rows from both sides: `data` holds x ~ p(x|z) for the rows of `z`, `[R, Z]`, each drawn
/// from p(z). For rows that were not drawn so it is not an upper bound.
///
/// The rest as for [`annealed`](super::annealed::annealed), with the step sizes of both ways the same.
///
/// # Errors
/// As there.
pub fn bdmc(
    joint: &dyn Joint,
    data: &Minibatch,
    z: &[f32],
    start: &Start,
    annealing: &Annealing,
    key: Key,
    moved: &(dyn Fn(usize) + Sync),
) -> Result<Sandwich, Error> {
    check_shape("z", z.len(), data.rows.len(), joint.latent())?;
    let path = Path::new(joint, data, start, annealing, key, moved)?;
    let forwards = path.run(Direction::Forwards)?;
    let back = path.run(Direction::Back(z))?;
    let inverse = |row: &[f64]| -row.iter().map(|w| -w).collect::<Weights>().log_mean();
    Ok(Sandwich {
        lower: forwards.weights().iter().map(Weights::log_mean).collect(),
        upper: back.log_weights.chunks(annealing.chains).map(inverse).collect(),
    })
}
