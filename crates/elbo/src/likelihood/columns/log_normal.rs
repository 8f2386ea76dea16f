//! A positive number: log x ~ N(m + s f, s² σ²), with m and s the mean and standard deviation of log x in the data; log σ is the
//! column's own.

use super::{
    cell::{Cell, Gradient, Start},
    gaussian,
    standard::Standard,
};
use crate::random::Key;

#[derive(Debug)]
pub(super) struct LogNormal(pub(super) Standard);

impl Cell for LogNormal {
    fn own(&self) -> usize {
        1
    }

    fn accepts(&self, x: f64) -> bool {
        x.is_finite() && x > 0.0
    }

    fn values(&self) -> &'static str {
        "numbers > 0"
    }

    fn log_density(&self, x: f64, output: &[f64], own: &[f64], gradient: Option<Gradient<'_>>) -> f64 {
        let log = libm::log(x);
        gaussian::log_normal(self.0.apply(log), output[0], own[0], gradient) - log - self.0.log_spread()
    }

    fn mean(&self, output: &[f64], own: &[f64]) -> f64 {
        let sigma = self.0.spread * libm::exp(own[0]);
        libm::exp(self.0.undo(output[0]) + 0.5 * sigma * sigma)
    }

    fn draw(&self, output: &[f64], own: &[f64], key: Key, row: u64) -> f64 {
        libm::exp(self.0.undo(output[0] + libm::exp(own[0]) * gaussian::normal(key, row)))
    }

    /// The resolution of log x is that of x at the column's median.
    fn start(&self, x: &[f64], resolution: f64) -> Start {
        let logs: Vec<f64> = x.iter().map(|&x| self.0.apply(libm::log(x))).collect();
        let middle = libm::exp(self.0.centre);
        gaussian::start(&logs, resolution / (middle * self.0.spread))
    }

    fn encode(&self, x: f64, out: &mut [f32]) {
        out[0] = self.0.apply(libm::log(x)) as f32;
    }
}
