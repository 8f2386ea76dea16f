//! Independent Poisson columns from log rates.
//!
//! log p(x|λ) = x log λ − λ − log x!, evaluated as x (a − log x) − (eᵃ − x) − h(x) with a = log λ bounded by construction and
//! log x! = x log x − x + h(x): every constant is kept, and nothing large cancels near the mode.

use burn::tensor::Tensor;

use super::{
    Encoding, Likelihood, Support,
    counts::{Counts, bounded, output_of},
};
use crate::{
    distribution::{self, Sample},
    random::Key,
};

/// x_d ~ Poisson(e^a), a = 30 tanh(f_d/30), f the decoder's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poisson;

impl Likelihood for Poisson {
    fn name(&self) -> &'static str {
        "Poisson"
    }

    fn support(&self) -> Support {
        Support::Count
    }

    fn encoding(&self) -> Encoding {
        Encoding::Log1p
    }

    fn log_density(&self, x: Tensor<2>, output: Tensor<2>, _: Option<Tensor<1>>) -> Tensor<1> {
        let (counts, log_rate) = (Counts::of(&x), bounded(output));
        let surplus = log_rate.clone().exp() - x.clone();
        (x * (log_rate - counts.log) - surplus - counts.excess).sum_dim(1).squeeze_dim(1)
    }

    fn mean(&self, output: Tensor<2>, _: Option<Tensor<1>>) -> Tensor<2> {
        bounded(output).exp()
    }

    fn draw(&self, _: &[f32], _: &[f32], key: Key, row: u64, x: &mut [f32]) {
        for (column, x) in (0..).zip(x) {
            let drawn = distribution::Poisson::new(f64::from(*x)).map(|p| p.sample(key.fold(column), row));
            *x = drawn.map_or(f32::NAN, |count| count as f32);
        }
    }

    fn start(&self, mean: f64, rows: usize) -> Vec<f64> {
        vec![output_of(mean, rows)]
    }
}
