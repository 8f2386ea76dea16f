//! The score-function estimator (E15), for guides whose samples cannot be differentiated.
//!
//! ∇_φ E_q[f] = E_q[(f(z) − b) ∇_φ log q_φ(z|x)] with f = log p_θ(x, z) − log q_φ(z|x), for any baseline b that does
//! not depend on z; ∇_θ as in E13. (f's own dependence on φ contributes E_q[−∇_φ log q] = 0.)

use std::sync::Arc;

use burn::tensor::Tensor;

use super::{
    Estimator,
    choice::{Choice, Chosen},
};
use crate::{
    Error, check,
    guide::Guide,
    model::Latent,
    objective::elbo::{KlForm, Terms},
    terms::RowTerms,
};

/// What is subtracted from f: it changes the noise of the estimate, not its mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Baseline {
    /// Nothing is subtracted.
    None,
    /// This value is subtracted.
    Constant(f64),
    /// For each sample the mean of f over the other samples of the row (Mnih and Rezende 2016). Needs L ≥ 2; with
    /// one sample there are no others, and nothing is subtracted.
    LeaveOneOut,
}

/// The score-function estimator of the ELBO, its KL by Monte Carlo.
#[derive(Clone, Copy, Debug)]
pub struct ScoreFunction(pub Baseline);

impl Estimator for ScoreFunction {
    fn estimate(
        &self,
        model: &dyn Latent,
        guide: &dyn Guide,
        x: &Tensor<2>,
        noise: &[Tensor<2>],
        _: &[f64],
    ) -> (Terms, Tensor<1>) {
        let samples = noise.len();
        let q = guide.posterior(x.clone());
        let mut log_likelihoods = Vec::new();
        let mut log_priors = Vec::new();
        let mut log_densities = Vec::new();
        for e in noise {
            let z = q.sample(e.clone()).detach();
            log_likelihoods.push(model.log_likelihood(x.clone(), z.clone()));
            log_priors.push(model.log_prior(z.clone()));
            log_densities.push(q.log_density(z));
        }
        // `[L, R]`.
        let log_likelihood: Tensor<2> = Tensor::stack(log_likelihoods, 0);
        let log_prior: Tensor<2> = Tensor::stack(log_priors, 0);
        let log_q: Tensor<2> = Tensor::stack(log_densities, 0);
        let kl = log_q.clone() - log_prior.clone();
        let f = (log_likelihood.clone() - kl.clone()).detach();
        let centred = match self.0 {
            Baseline::LeaveOneOut if samples > 1 => {
                // f_l − (Σf − f_l)/(L − 1) = L/(L − 1) (f_l − mean f).
                let factor = samples as f64 / (samples - 1) as f64;
                (f.clone() - f.mean_dim(0)).mul_scalar(factor)
            }
            Baseline::None | Baseline::LeaveOneOut => f,
            Baseline::Constant(b) => f.sub_scalar(b),
        };
        let mean = |t: Tensor<2>| t.mean_dim(0).squeeze_dim::<1>(0);
        let surrogate = mean(centred * log_q + log_likelihood.clone() + log_prior);
        (Terms { log_likelihood: mean(log_likelihood), kl: mean(kl) }, surrogate)
    }
}

impl Choice for ScoreFunction {
    type Number = ();
    const ABOUT: &'static str = "It goes through log q alone, and takes any latents; each sample has the mean of the others as its baseline";
    const SAMPLES: usize = 8;

    fn of_elbo((): (), _: KlForm, _: &dyn Latent, _: &dyn Guide) -> Chosen {
        Ok(Arc::new(Self(Baseline::LeaveOneOut)))
    }
}

/// The score-function estimator whose baseline is the mean of f over the steps so far, the older the less: it is carried
/// from step to step, and serves one sample a row too.
///
/// A step's own f is taken in after it: a baseline that knows the step's own samples would bias the estimate.
///
/// ```
/// use elbo::{gradient::{Baseline, Estimator, RunningMean}, terms::RowTerms};
/// let mean = RunningMean { decay: 0.9 };
/// let mut carried = Vec::new();
/// assert_eq!(RunningMean::baseline(&carried), Baseline::None); // nothing seen yet
/// for bound in [-100.0, -50.0] {
///     mean.observe(&mut carried, &RowTerms { log_likelihood: vec![bound], kl: vec![0.0] });
/// }
/// assert_eq!(RunningMean::baseline(&carried), Baseline::Constant(-95.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunningMean {
    /// What a step's weight is multiplied by at each later step, in [0, 1).
    pub decay: f64,
}

impl RunningMean {
    /// The baseline, given what was carried here.
    pub fn baseline(carried: &[f64]) -> Baseline {
        carried.first().map_or(Baseline::None, |&mean| Baseline::Constant(mean))
    }
}

impl Estimator for RunningMean {
    fn estimate(
        &self,
        model: &dyn Latent,
        guide: &dyn Guide,
        x: &Tensor<2>,
        noise: &[Tensor<2>],
        carried: &[f64],
    ) -> (Terms, Tensor<1>) {
        ScoreFunction(Self::baseline(carried)).estimate(model, guide, x, noise, carried)
    }

    fn observe(&self, carried: &mut Vec<f64>, terms: &RowTerms) {
        let bound = terms.summary().elbo.value;
        let mean = carried.first().map_or(bound, |mean| self.decay * mean + (1.0 - self.decay) * bound);
        *carried = vec![mean];
    }
}

impl Choice for RunningMean {
    type Number = f64;
    const ABOUT: &'static str = "It is the score function whose baseline is the mean bound of earlier steps, which fade by this factor";

    fn check(decay: f64) -> Result<(), Error> {
        check::in_range("the decay of the running mean", decay, 0.0..1.0).map(drop)
    }

    fn of_elbo(decay: f64, _: KlForm, _: &dyn Latent, _: &dyn Guide) -> Chosen {
        Ok(Arc::new(Self { decay }))
    }
}
