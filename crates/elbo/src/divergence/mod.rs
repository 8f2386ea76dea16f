//! Divergences between distributions: Kullback and Leibler's (E1, E8, E9), Rényi's and Bhattacharyya's in closed
//! form, and by Monte Carlo for any pair (E2).
//!
//! But for the low-rank Gaussian and the Dirichlet, a closed form is a sum of terms that are not negative, each made
//! of R(s) = eˢ − 1 − s: KL(q‖q) is 0, and near it nothing cancels.

use burn::tensor::Tensor;

use crate::{
    Error,
    distribution::{Real, gaussian::Diagonal},
};

mod discrete;
mod gamma;
mod gaussian;
mod laplace;
mod monte_carlo;
mod renyi;

pub(crate) use gamma::wishart;
pub use monte_carlo::monte_carlo;
pub use renyi::Renyi;

/// Kullback and Leibler's divergence in closed form.
///
/// ```
/// use elbo::{distribution::Gaussian, divergence::KullbackLeibler};
/// let (q, p) = (Gaussian::new(1.0, 1.0)?, Gaussian::new(0.0, 1.0)?);
/// assert_eq!(q.kl(&p)?, 0.5);
/// assert_eq!(q.kl(&q)?, 0.0);
/// # Ok::<(), elbo::Error>(())
/// ```
pub trait KullbackLeibler<P = Self> {
    /// KL(self ‖ p) = E_q\[log q − log p\], in nats, at least 0; +∞ where p leaves out what q does not.
    ///
    /// # Errors
    /// It fails where the two are not over the same space, or their divergence has no closed form.
    fn kl(&self, p: &P) -> Result<f64, Error>;
}

/// KL(N(μ, e^s) ‖ N(0, 1)) of each number, in nats (E9): ½ (eˢ − 1 − s + μ²).
fn to_standard<R: Real>(mean: R, log_variance: R) -> R {
    (log_variance.exp_remainder() + mean.square()).scale(0.5)
}

/// KL(N(μ, diag σ²) ‖ N(0, I)) of each row and dimension, in nats (E9): ½ (exp(s) + μ² − 1 − s), s = log σ².
///
/// The result is `[R, K]`; sum it over K for the divergence of a row. Not negative, but for the rounding of
/// exp(s) − 1 − s near s = 0: one unit of the precision, absolute.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use elbo::{distribution::gaussian::Diagonal, divergence::diagonal_to_standard};
/// let zero = Tensor::<2>::zeros([1, 3], &Device::flex());
/// let q = Diagonal { mean: zero.clone(), log_variance: zero };
/// assert_eq!(diagonal_to_standard(&q).sum().into_scalar::<f32>(), 0.0); // q is the prior
/// ```
pub fn diagonal_to_standard(q: &Diagonal) -> Tensor<2> {
    to_standard(q.mean.clone(), q.log_variance.clone())
}

/// Refuses a pair over spaces of different dimensions.
fn same_dimension(q: usize, p: usize) -> Result<(), Error> {
    Error::check_shape("p of a divergence", &[q], &[p])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, TensorData};
    use proptest::prelude::*;

    fn kl(mean: f64, log_variance: f64) -> f64 {
        let tensor =
            |v| Tensor::<2>::from_data(TensorData::new(vec![v], [1, 1]), (&Device::flex(), DType::F64));
        diagonal_to_standard(&Diagonal { mean: tensor(mean), log_variance: tensor(log_variance) })
            .into_scalar()
    }

    /// ∫ q (log q − log p) by the trapezium rule, which converges exponentially fast here.
    fn kl_by_quadrature(mean: f64, sigma: f64) -> f64 {
        let h = 0.01;
        (-1200..=1200)
            .map(|i| {
                let e = f64::from(i) * h;
                let z = mean + sigma * e;
                let q = (-0.5 * e * e).exp() / std::f64::consts::TAU.sqrt();
                h * q * (-sigma.ln() - 0.5 * e * e + 0.5 * z * z)
            })
            .sum()
    }

    #[test]
    fn agrees_with_quadrature() {
        for (mean, sigma) in [(0.0, 1.0), (1.5, 0.2), (-3.0, 2.5), (0.1, 1.05), (10.0, 1e-3)] {
            let (got, expected) = (kl(mean, 2.0 * f64::ln(sigma)), kl_by_quadrature(mean, sigma));
            assert!((got - expected).abs() <= 1e-12 * expected.max(1.0), "{mean} {sigma}: {got} {expected}");
        }
    }

    proptest! {
        #[test]
        fn is_never_negative(mean in -50.0..50.0, log_variance in -100.0..100.0) {
            prop_assert!(kl(mean, log_variance) >= -1e-15);
        }
    }

    #[test]
    fn is_finite_at_extreme_log_variances() {
        assert!((kl(0.0, -100.0) - 49.5).abs() < 1e-12);
        assert!((kl(0.0, 100.0) / (0.5 * 100f64.exp()) - 1.0).abs() < 1e-12);
    }
}
