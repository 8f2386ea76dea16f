//! What a family of one column is asked.

use std::fmt::Debug;

use crate::random::Key;

/// Derivatives of log p(x|z) of a cell, overwritten.
pub(super) struct Gradient<'a> {
    /// In the decoder's outputs for the column.
    pub(super) output: &'a mut [f64],
    /// In the column's own parameters.
    pub(super) own: &'a mut [f64],
}

/// Where a column starts: outputs and own parameters that suit its observed cells without any z.
pub(super) struct Start {
    pub(super) output: Vec<f64>,
    pub(super) own: Vec<f64>,
    /// Values below which the own parameters do not fall in a fit.
    pub(super) floor: Vec<f64>,
}

/// p(x_d|z) of one column, given the decoder's outputs for it and the column's own parameters: numbers without bounds, of
/// which the family makes its parameters.
///
/// All is in f64, by functions whose bits do not depend on the C library.
pub(super) trait Cell: Debug + Send + Sync {
    /// The decoder's outputs for the column.
    fn outputs(&self) -> usize {
        1
    }

    /// Its own parameters.
    fn own(&self) -> usize {
        0
    }

    /// Whether a value may stand in an observed cell.
    fn accepts(&self, x: f64) -> bool;

    /// The values that may, in words.
    fn values(&self) -> &'static str;

    /// log p(x|z), in nats, of a value that it accepts, and its derivatives.
    fn log_density(&self, x: f64, output: &[f64], own: &[f64], gradient: Option<Gradient<'_>>) -> f64;

    /// E[x|z]; of levels without order the most probable one.
    fn mean(&self, output: &[f64], own: &[f64]) -> f64;

    /// The probability of each level, of a family of levels.
    fn probabilities(&self, output: &[f64], own: &[f64]) -> Option<Vec<f64>> {
        let _ = (output, own);
        None
    }

    /// The draw of x that belongs to `row` of `key`.
    fn draw(&self, output: &[f64], own: &[f64], key: Key, row: u64) -> f64;

    /// Where a fit to these observed cells starts. `resolution` is the smallest difference between two of them.
    fn start(&self, x: &[f64], resolution: f64) -> Start;

    /// How many numbers the encoder is given of a cell.
    fn encoded(&self) -> usize {
        1
    }

    /// These numbers, of order one; all are 0 where the cell is missing.
    fn encode(&self, x: f64, out: &mut [f32]);
}
