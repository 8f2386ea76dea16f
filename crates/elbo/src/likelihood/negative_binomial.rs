//! Independent negative binomial columns from log means, with a dispersion of each column (E36).
//!
//! Var[x] = μ + α μ², α the dispersion, 1/α the size r. With t = log((1 + αx)/(1 + αμ)) and log x! = x log x − x + h(x)
//!
//! log p(x) = x (log μ − log x) + (x + r) t − ½ log(1 + αx) + δ(x + r) − δ(r) − h(x),
//!
//! δ Binet's function. As α → 0 (x + r) t tends to x − μ and the rest of α to 0: the Poisson's mass, without a cancelling 1/α.

use burn::tensor::Tensor;

use super::{
    Encoding, Likelihood, OwnParameters, Support,
    counts::{Counts, bounded, output_of, unbounded},
};
use crate::{
    Error,
    distribution::{self, Sample},
    random::Key,
};

/// x_d ~ NB with mean μ_d = e^a and variance μ_d + α_d μ_d², a = 30 tanh(f_d/30), f the decoder's output; log α is its own
/// parameter, `[D]`, bounded in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NegativeBinomial;

/// Dispersions at which a fit starts.
const STARTS: [f64; 2] = [1e-3, 1e3];

impl Likelihood for NegativeBinomial {
    fn name(&self) -> &'static str {
        "negative binomial"
    }

    fn describe(&self) -> String {
        "negative binomial, a learned dispersion for each column".into()
    }

    fn support(&self) -> Support {
        Support::Count
    }

    fn own(&self, width: usize) -> Option<OwnParameters> {
        Some(OwnParameters { name: "log_dispersion", values: vec![0.0; width], learned: true })
    }

    fn encoding(&self) -> Encoding {
        Encoding::Log1p
    }

    fn log_density(&self, x: Tensor<2>, output: Tensor<2>, own: Option<Tensor<1>>) -> Tensor<1> {
        let (counts, log_mean) = (Counts::of(&x), bounded(output));
        let log_dispersion = bounded(own.expect("log α")).unsqueeze::<2>();
        let (dispersion, size) = (log_dispersion.clone().exp(), log_dispersion.neg().exp());
        let (by_x, by_mean) = (x.clone() * dispersion.clone(), log_mean.clone().exp() * dispersion.clone());
        let log_by_x = by_x.clone().log1p();
        let total = x.clone() + size.clone();
        // log((1 + αx)/(1 + αμ)): exact for tiny α by the first form, where αμ outweighs αx by the second.
        let change = (x.clone() - log_mean.clone().exp()) * dispersion / by_mean.clone().add_scalar(1.0);
        let apart = change.clone().lower_elem(-0.5);
        let ratio = change.clamp_min(-0.5).log1p().mask_where(apart, log_by_x.clone() - by_mean.log1p());
        let log_mass =
            x * (log_mean - counts.log) + total.clone() * ratio - log_by_x.mul_scalar(0.5) - counts.excess;
        (log_mass + binet(total) - binet(size)).sum_dim(1).squeeze_dim(1)
    }

    fn mean(&self, output: Tensor<2>, _: Option<Tensor<1>>) -> Tensor<2> {
        bounded(output).exp()
    }

    fn draw(&self, _: &[f32], own: &[f32], key: Key, row: u64, x: &mut [f32]) {
        for ((column, x), &own) in (0..).zip(x).zip(own) {
            let size = libm::exp(-30.0 * libm::tanh(f64::from(own) / 30.0));
            let drawn = distribution::NegativeBinomial::new(f64::from(*x), size);
            *x = drawn.map_or(f32::NAN, |p| p.sample(key.fold(column), row) as f32);
        }
    }

    fn start(&self, mean: f64, rows: usize) -> Vec<f64> {
        vec![output_of(mean, rows)]
    }

    /// By the method of moments, α = (s² − m)/m², kept within [1e-3, 1e3]; 1 for a column of zeros.
    fn start_own(&self, mean: &[f64], variance: &[f64]) -> Result<Vec<f32>, Error> {
        let dispersion = |(&m, &v): (&f64, &f64)| {
            if m > 0.0 { ((v - m) / (m * m)).clamp(STARTS[0], STARTS[1]) } else { 1.0 }
        };
        Ok(mean.iter().zip(variance).map(dispersion).map(|a| unbounded(libm::log(a)) as f32).collect())
    }
}

/// Terms of Stirling's series of δ.
const STIRLING: [f64; 6] =
    [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0];

/// Where that series serves: its next term is below 2e-14 there.
const SHIFT: usize = 8;

/// δ(y) = log Γ(y) − (y − ½) log y + y − ½ log 2π, y > 0, of a tensor, differentiable: by Stirling's series at y + 8 and
/// Γ(y) = Γ(y + 8)/(y (y + 1) … (y + 7)).
fn binet<const D: usize>(y: Tensor<D>) -> Tensor<D> {
    let shifted = y.clone().add_scalar(SHIFT as f64);
    let inverse = shifted.recip();
    let square = inverse.clone().square();
    let series = STIRLING.iter().rev().fold(None, |sum: Option<Tensor<D>>, &term| {
        Some(match sum {
            None => square.zeros_like().add_scalar(term),
            Some(sum) => sum * square.clone() + term,
        })
    });
    // Π (y + j)/(y + 8): no factor of it can overflow.
    let ratio = |j: usize| y.clone().add_scalar(j as f64) * inverse.clone();
    let product = (1..SHIFT).fold(ratio(0), |product, j| product * ratio(j));
    let ends = y.clone().sub_scalar(0.5) * y.recip().mul_scalar(SHIFT as f64).log1p();
    series.expect("six terms") * inverse + ends.sub_scalar(SHIFT as f64) - product.log()
}
