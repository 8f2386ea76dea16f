//! A model and its guide, read only: by kernels where they are for it, by tensors where they are not.

use std::sync::{Arc, OnceLock};

use burn::tensor::Device;

use super::{
    checks::{TOGETHER, check_rows, check_samples, check_weights, draw, mean_of_groups},
    fused::{self, Plan},
    tensors,
    traits::{Measure, Reader},
};
use crate::{
    Error,
    error::Needs,
    gradient::FusedEstimator,
    guide::{Encoded, Family, Guide},
    likelihood::Likelihood,
    minibatch::Minibatch,
    model::{AutoEncoder, Joint, Latent},
    objective::elbo::KlForm,
    parameters::{self, BurnModule},
    random::{Draws, Key},
    terms::{RowTerms, Weights},
};

impl<P: BurnModule + Latent, Q: BurnModule + Guide> AutoEncoder<P, Q> {
    /// This auto-encoder to be read only, with its weights packed.
    pub fn reader(&self, device: &Device) -> Box<dyn Reader> {
        let fused = fused::Reader::new(&self.model, &self.guide, || parameters::values(self));
        let (width, latent) = (self.width(), self.latent());
        let columns = self.model.family().width(latent);
        Box::new(Packed {
            fused,
            module: tensors::Reader::new(self.clone(), device),
            at_the_kernels: OnceLock::from(tensors::Reader::new(self.clone(), device)),
            width,
            latent,
            columns,
            likelihood: Arc::clone(self.model.likelihood()),
        })
    }

    /// p_θ(x, z) as a function of z, at the parameters that the model has now: by kernels where they are for it, on the
    /// tensor engine for any other with a continuous z.
    ///
    /// ```
    /// use burn::tensor::Device;
    /// use elbo::{
    ///     likelihood::LikelihoodConfig,
    ///     model::{Vae, VaeConfig},
    ///     random::Key,
    /// };
    /// let likelihood = LikelihoodConfig::Bernoulli;
    /// let config = VaeConfig { hidden: vec![], latent: 1, likelihood, ..VaeConfig::default() };
    /// let vae = Vae::new(&config, 3, Key::new(0), &Device::flex())?;
    /// let joint = vae.joint()?;
    /// // At z = 0 the logits are the biases, 0: each of 3 columns has probability ½.
    /// let (mut log_likelihood, mut log_prior, mut score) = ([0.0], [0.0], [0.0]);
    /// joint.log_likelihood(&[1.0, 0.0, 1.0], &[0.0], &mut log_likelihood, None);
    /// assert!((log_likelihood[0] + 3.0 * 2f64.ln()).abs() < 1e-6);
    /// joint.log_prior(&[2.0], &mut log_prior, Some(&mut score));
    /// assert_eq!(score, [-2.0]);
    /// # Ok::<(), elbo::Error>(())
    /// ```
    ///
    /// # Errors
    /// It fails where z is discrete: it has no derivative.
    pub fn joint(&self) -> Result<Box<dyn Joint>, Error> {
        let family = self.model.family();
        if family != Family::Gaussian {
            return Err(Error::unsuited("the family of z", family, Needs::ContinuousLatent));
        }
        Ok(match fused::Joint::new(&self.model, self.width(), || parameters::values(&self.model)) {
            Some(joint) => Box::new(joint),
            None => Box::new(tensors::Joint::new(&self.model, self.latent(), self.width())),
        })
    }
}

/// Weights packed for the kernels, where they serve, beside the module itself.
#[derive(Debug)]
struct Packed<P: BurnModule, Q: BurnModule> {
    fused: Option<fused::Reader>,
    module: tensors::Reader<P, Q>,
    /// The module at the parameters that the kernels were given last, made when it is asked for.
    at_the_kernels: OnceLock<tensors::Reader<P, Q>>,
    width: usize,
    latent: usize,
    columns: usize,
    likelihood: Arc<dyn Likelihood>,
}

impl<P: BurnModule + Latent, Q: BurnModule + Guide> Packed<P, Q> {
    fn tensors(&self) -> &tensors::Reader<P, Q> {
        let Some(fused) = &self.fused else { return &self.module };
        let at = || self.module.at(fused.parameters()).expect("as many parameters as before");
        self.at_the_kernels.get_or_init(at)
    }
}

impl<P: BurnModule + Latent, Q: BurnModule + Guide> Reader for Packed<P, Q> {
    fn set(&mut self, parameters: &[f32]) -> Result<(), Error> {
        let Some(fused) = &mut self.fused else {
            self.module = self.module.at(parameters)?;
            return Ok(());
        };
        Error::check_shape("the parameter vector", &[fused.parameters().len()], &[parameters.len()])?;
        fused.set(parameters);
        self.at_the_kernels = OnceLock::new();
        Ok(())
    }

    fn terms(&self, data: &Minibatch, measure: Measure, draws: Draws) -> Result<RowTerms, Error> {
        Error::check_shape("a row of data", &[self.width], &[data.width])?;
        let finite = |way, draws: Draws| {
            let terms = self.fused.as_ref()?.terms(data, Plan::read(way, draws.samples), draws.key);
            terms.are_finite().then_some(terms)
        };
        // Where the kernels' terms are not finite, the tensors say what was first.
        match measure {
            Measure::Elbo(form) => match finite(FusedEstimator::Reparameterised(form), draws) {
                Some(terms) => Ok(terms),
                None => self.tensors().elbo(data, form, draws),
            },
            Measure::ImportanceWeighted(k) => {
                mean_of_groups(draws, k, |draws| match finite(FusedEstimator::ImportanceWeighted, draws) {
                    Some(terms) => Ok(terms),
                    None => self.tensors().importance_weighted(data, draws),
                })
            }
            Measure::Noiseless(noiseless) => self.tensors().noiseless(data, noiseless, draws),
        }
    }

    fn weights(&self, data: &Minibatch, key: Key, k: usize) -> Result<Vec<Weights>, Error> {
        Error::check_shape("a row of data", &[self.width], &[data.width])?;
        check_samples(k)?;
        let Some(fused) = &self.fused else {
            return check_weights(self.tensors().weights(data, key, k), data);
        };
        // The noise of sample i is keyed by (its chunk, its place there).
        let keys = (0..k).map(move |i| key.fold((i / TOGETHER) as u64).fold((i % TOGETHER) as u64));
        let plan = Plan::read(FusedEstimator::Reparameterised(KlForm::MonteCarlo), 1);
        check_weights(fused.fold_log_weights(data, plan, &keys, Weights::default(), Weights::add), data)
    }

    fn encode(&self, x: &[f32]) -> Result<Encoded, Error> {
        check_rows(x, self.width())?;
        Ok(self.fused.as_ref().map_or_else(|| self.tensors().encode(x), |fused| fused.encode(x)))
    }

    fn decode(&self, z: &[f32]) -> Result<Vec<f32>, Error> {
        check_rows(z, self.columns())?;
        Ok(self.fused.as_ref().map_or_else(|| self.tensors().means(z), |fused| fused.means(z)))
    }

    fn outputs(&self, z: &[f32]) -> Result<Vec<f32>, Error> {
        check_rows(z, self.columns())?;
        Ok(self.fused.as_ref().map_or_else(|| self.tensors().outputs(z), |fused| fused.outputs(z)))
    }

    fn own(&self) -> Vec<f32> {
        self.fused.as_ref().map_or_else(|| self.tensors().own(), |fused| fused.own().to_vec())
    }

    fn sample(&self, z: &[f32], key: Key) -> Result<Vec<f32>, Error> {
        let mut x = self.decode(z)?;
        draw(&*self.likelihood, &self.outputs(z)?, &self.own(), key, self.width(), &mut x);
        Ok(x)
    }

    fn sample_prior(&self, key: Key, rows: usize) -> Vec<f32> {
        self.tensors().sample_prior(key, rows)
    }

    fn joint(&self) -> Result<Box<dyn Joint>, Error> {
        self.tensors().auto_encoder().joint()
    }

    fn width(&self) -> usize {
        self.width
    }

    fn latent(&self) -> usize {
        self.latent
    }

    fn columns(&self) -> usize {
        self.columns
    }

    fn layers(&self) -> Vec<usize> {
        self.module.auto_encoder().guide.layers()
    }

    fn family(&self) -> Family {
        self.module.auto_encoder().model.family()
    }

    fn likelihood(&self) -> &dyn Likelihood {
        &*self.likelihood
    }

    fn noise_scale(&self) -> Option<Vec<f64>> {
        self.likelihood.noise_scale(&self.tensors().own())
    }

    fn check_one_gaussian_layer(&self) -> Result<(), Error> {
        self.module.auto_encoder().check_one_gaussian_layer()
    }
}
