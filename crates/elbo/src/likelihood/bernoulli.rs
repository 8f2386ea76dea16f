//! Independent columns of 0 and 1 from logits (E10).

use burn::tensor::{Tensor, activation};

use super::{Kernel, Likelihood, Support};
use crate::{distribution::bernoulli, random::Key};

/// x_d ~ Bernoulli(S(ℓ_d)), ℓ the decoder's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bernoulli;

impl Likelihood for Bernoulli {
    fn name(&self) -> &'static str {
        "Bernoulli"
    }

    fn support(&self) -> Support {
        Support::Binary
    }

    fn log_density(&self, x: Tensor<2>, output: Tensor<2>, _: Option<Tensor<1>>) -> Tensor<1> {
        bernoulli::log_likelihood(x, output)
    }

    fn cell_log_densities(&self, x: &[f32], output: &[f32], _: &[f32]) -> Vec<f64> {
        let of = |(&x, &f): (&f32, &f32)| {
            let (x, f) = (f64::from(x), f64::from(f));
            x * f - f.max(0.0) - libm::log1p(libm::exp(-f.abs()))
        };
        x.iter().zip(output).map(|(x, f)| if x.is_nan() { 0.0 } else { of((x, f)) }).collect()
    }

    fn mean(&self, output: Tensor<2>, _: Option<Tensor<1>>) -> Tensor<2> {
        activation::sigmoid(output)
    }

    fn draw(&self, _: &[f32], _: &[f32], key: Key, row: u64, x: &mut [f32]) {
        key.bernoulli(row, x);
    }

    /// The logit of the mean, which is clipped to [1/(2N), 1 − 1/(2N)].
    fn start(&self, mean: f64, rows: usize) -> Vec<f64> {
        let least = 0.5 / rows as f64;
        let p = mean.clamp(least, 1.0 - least);
        vec![libm::log(p) - libm::log1p(-p)]
    }

    fn kernel(&self) -> Option<Kernel> {
        Some(Kernel::Bernoulli)
    }
}
