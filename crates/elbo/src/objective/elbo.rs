//! The evidence lower bound (E5), its terms kept apart (E7).
//!
//! log p_θ(x) ≥ ELBO = E_q[log p_θ(x|z)] − KL(q_φ(z|x) ‖ p(z)). Larger is better; nats.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::{guide::Guide, model::Latent, terms::RowTerms};

/// The two forms of the KL term (E7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KlForm {
    /// The KL is taken in closed form (E9). Of two layers of z only the KL of z₂ given z₁ has one: the rest is by Monte
    /// Carlo, see [`Latent::kl`].
    Analytic,
    /// The KL is the mean of log q_φ(z|x) − log p(z) over the same samples z as the log-likelihood's.
    MonteCarlo,
}

/// The terms of the bound for each row, `[R]`, in nats.
#[derive(Clone, Debug)]
pub struct Terms {
    /// An estimate of E_q[log p_θ(x|z)].
    pub log_likelihood: Tensor<1>,
    /// KL(q_φ(z|x) ‖ p(z)), exact or estimated; larger is worse.
    pub kl: Tensor<1>,
}

impl Terms {
    /// The bound of each row: log-likelihood − KL.
    pub fn elbo(&self) -> Tensor<1> {
        self.log_likelihood.clone() - self.kl.clone()
    }

    /// As numbers.
    pub(crate) fn read(self) -> RowTerms {
        let read = |t: Tensor<1>| t.into_data_as::<f64>().try_to_vec().expect("read as f64");
        RowTerms { log_likelihood: read(self.log_likelihood), kl: read(self.kl) }
    }
}

/// Computes the terms of the bound (E7) at draws of z (E14), differentiable in θ, and in φ where z is Gaussian.
///
/// `x` is `[R, D]`; `noise` holds ε of each Monte Carlo sample, L ≥ 1 tensors `[R, K]`. The estimate is unbiased for
/// any L where ε ~ N(0, I).
///
/// # Panics
/// It panics where `noise` is empty, or a shape is not as said.
pub fn elbo(
    model: &dyn Latent,
    guide: &dyn Guide,
    x: &Tensor<2>,
    noise: &[Tensor<2>],
    form: KlForm,
) -> Terms {
    let q = guide.posterior(x.clone());
    let samples = noise.len() as f64;
    let mean = |terms: Vec<Tensor<1>>| {
        terms.into_iter().reduce(|a, b| a + b).expect("at least one sample").div_scalar(samples)
    };
    let z: Vec<Tensor<2>> = noise.iter().map(|e| q.sample(e.clone())).collect();
    let kl = match form {
        KlForm::Analytic => model.kl(&q, noise).sum_dim(1).squeeze_dim(1),
        KlForm::MonteCarlo => mean(
            noise
                .iter()
                .zip(&z)
                .map(|(e, z)| q.log_density_of_draw(e.clone(), z.clone()) - model.log_prior(z.clone()))
                .collect(),
        ),
    };
    let log_likelihood = mean(z.into_iter().map(|z| model.log_likelihood(x.clone(), z)).collect());
    Terms { log_likelihood, kl }
}
