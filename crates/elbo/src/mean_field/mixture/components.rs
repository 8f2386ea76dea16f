//! What a mixture is a mixture of: densities with conjugate priors, a family a file.

use elbo_kernels::{Level, mixture::Block};

use crate::{Error, random::Key};

/// The posterior q(θ_k) of the parameters of K components, as the sweep needs it.
///
/// Statistics are `[K, size]`: sums over rows of r times functions of x − c, with c the component's `origin`, `[K, D]`: near
/// the rows, so that nothing cancels, and fixed between passes over all rows, so that natural parameters are linear in them.
pub(super) trait Components: Sync {
    /// K.
    fn number(&self) -> usize;
    /// How many statistics a component has.
    fn size(&self) -> usize;
    /// What the pass over rows needs of q.
    fn expectations(&self) -> Box<dyn Expectations + '_>;
    /// Sets q to its optimum given the statistics.
    fn set(&mut self, statistics: &[f64], origins: &[f64]) -> Result<(), Error>;
    /// Σ r E\[log p(x|θ_k)\], of what is observed and what is not.
    fn log_likelihood(&self, statistics: &[f64], origins: &[f64]) -> f64;
    /// Σ_k KL(q(θ_k) ‖ p(θ_k)).
    fn kl(&self) -> Result<f64, Error>;
    /// log ∫ p(x|θ_k) q(θ_k) dθ_k of one row, NaN missing.
    fn log_predictive(&self, component: usize, x: &[f64]) -> f64;
    /// A row from that density: the draw of `row`.
    fn sample(&self, component: usize, key: Key, row: u64) -> Result<Vec<f64>, Error>;
    /// The mean of that density, `[D]`.
    fn mean(&self, component: usize) -> &[f64];
    /// The covariance that two columns of a component's rows are expected to have; none of rows of 0 and 1.
    fn covariance(&self, component: usize, columns: [usize; 2]) -> Option<f64>;
    /// θ ~ q, the draw of `row`.
    fn draw(&self, key: Key, row: u64) -> Result<Draw, Error>;
}

/// Parameters drawn from q.
pub(super) struct Draw {
    /// log p(θ) − log q(θ).
    pub(super) log_ratio: f64,
    pub(super) log_density: LogDensityOfRow,
}

/// log p(x|θ_k) of one row, NaN missing, and each component, `[K]`.
pub(super) type LogDensityOfRow = Box<dyn Fn(&[f64], &mut [f64]) + Send + Sync>;

/// exp E\[log p(x|θ_k)\] as a function of rows, and the sums that come of it.
pub(super) trait Expectations: Sync {
    /// E\[log p(x|θ_k)\] of each row of a block and each component, `[K]`.
    fn log_densities(&self, level: Level, x: &[Block], room: &mut [Block], out: &mut [Block]);
    /// Adds a block with responsibilities r, `[K]`.
    fn add(
        &self,
        level: Level,
        x: &[Block],
        origins: &[f64],
        r: &[Block],
        room: &mut [Block],
        statistics: &mut [f64],
    );
    /// The same of one row, NaN missing: log ∫ exp E\[log p(x|θ_k)\] over the missing cells.
    fn log_densities_of_incomplete(&self, x: &[f64], out: &mut [f64]);
    /// Adds one row, NaN missing; returns Σ r H of the q of its missing cells.
    fn add_incomplete(&self, x: &[f64], origins: &[f64], r: &[f64], statistics: &mut [f64]) -> f64;
}
