//! One step of amortised inference (E17): a minibatch in, a state moved uphill out.

mod coordinate_ascent;

use std::sync::Arc;

use burn::tensor::Device;
pub(crate) use coordinate_ascent::Places;
pub use coordinate_ascent::{Inference, Psi};
use elbo_kernels::{Level, adam};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    Error,
    fused::{Fused, Way},
    gradient::{self, Draws, Estimator, Form, WeightedKl},
    minibatch::Minibatch,
    model::{Likelihood, Sigma, Vae},
    objective::{
        KlWeight, Objective,
        elbo::{self, KlForm},
        evaluate_terms, importance_weighted,
        noiseless::Noiseless,
    },
    optimiser::{Moments, Optimiser, SLICE},
    parameters::{self, Block},
    random::{Key, Purpose},
    schedule::{Moves, Pace, Schedule},
    terms::{Bound, RowTerms},
};

/// How steps are taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainConfig {
    /// The rule of ascent, for θ and φ each with a state of its own.
    pub optimiser: Optimiser,
    /// α′, the step size of θ.
    pub step_size: f64,
    /// α, the step size of φ.
    pub encoder_step_size: f64,
    /// L, Monte Carlo samples a row; k of the importance-weighted bound.
    pub samples: usize,
    /// What is maximised.
    #[serde(default)]
    pub objective: Objective,
    /// How its gradient is estimated.
    #[serde(default)]
    pub estimator: Form,
    /// The form of the ELBO's KL term.
    pub kl: KlForm,
    /// Its weight in what is maximised.
    #[serde(default)]
    pub kl_weight: KlWeight,
    /// Whether each row has a guide of its own.
    #[serde(default)]
    pub inference: Inference,
    /// Which block moves when.
    pub schedule: Schedule,
    /// The standard deviation of a prior N(0, s²) on every parameter of θ: log p(θ) joins the bound as a global term,
    /// counted once and not N/B times. θ is a point all the same, so log p(x|θ) is what the rows' bound bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior_sd: Option<f64>,
    /// The gradient of the bound per datum, over the blocks that move, is shortened to this norm where it is
    /// longer.
    pub clip_norm: Option<f64>,
}

impl TrainConfig {
    /// How the fused operation estimates this, where it does.
    fn fused_way(&self) -> Option<Way> {
        match (self.objective, self.estimator) {
            (Objective::Elbo, Form::Reparameterised) => Some(Way::Reparameterised(self.kl)),
            (Objective::Elbo, Form::StickingTheLanding) => Some(Way::StickingTheLanding),
            (Objective::ImportanceWeighted, Form::Reparameterised) => Some(Way::ImportanceWeighted),
            (Objective::ImportanceWeighted, Form::DoublyReparameterised) => Some(Way::DoublyReparameterised),
            _ => None,
        }
    }

    fn check(&self) -> Result<(), Error> {
        for (what, size) in [("step_size", self.step_size), ("encoder_step_size", self.encoder_step_size)] {
            if !(size > 0.0 && size.is_finite()) {
                return Err(Error::invalid(what, size, "must be > 0 and finite"));
            }
        }
        if self.samples == 0 {
            return Err(Error::invalid("samples", 0, "must be at least 1"));
        }
        self.kl_weight.check()?;
        self.inference.check()?;
        let elbo = (self.objective, self.estimator) == (Objective::Elbo, Form::Reparameterised);
        let closed = self.kl == KlForm::Analytic;
        if self.kl_weight != KlWeight::default() && !(elbo && (closed || self.kl_weight.free_bits == 0.0)) {
            return Err(Error::invalid(
                "kl_weight",
                format!("{:?}", self.kl_weight),
                "weighing the KL needs the ELBO by the reparameterised estimator, free bits its closed form too",
            ));
        }
        if let Some(sd) = self.prior_sd
            && !(sd > 0.0 && sd.is_finite())
        {
            return Err(Error::invalid("prior_sd", sd, "must be > 0 and finite"));
        }
        if let Some(norm) = self.clip_norm
            && (norm <= 0.0 || norm.is_nan())
        {
            return Err(Error::invalid("clip_norm", norm, "must be > 0"));
        }
        Ok(())
    }
}

/// What a fit carries from step to step. With the same state, minibatch and seed a step gives the same bits.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// θ and φ, flat in the order of [`parameters::layout`].
    pub parameters: Vec<f32>,
    /// The optimiser's state for θ.
    pub model: Moments,
    /// The optimiser's state for φ.
    pub guide: Moments,
    /// Steps taken.
    pub step: u64,
}

/// What a step tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Report<'a> {
    /// The terms of the bound of each row of the minibatch, before the step; under a ψ of its own, at that.
    pub terms: &'a RowTerms,
    /// Where each row has a ψ of its own: the terms under the encoder's q.
    pub amortised: Option<&'a RowTerms>,
    /// The estimate of the data set's bound that this minibatch gives, with log p(θ) where θ has a prior.
    pub bound: Bound,
    /// The mean over the minibatch's rows of what was maximised: the bound, but for the [`KlWeight`].
    pub objective: f64,
    /// Norm of the gradient of the bound per datum, before clipping.
    pub gradient_norm: f64,
}

/// Takes steps.
#[derive(Clone, Debug)]
pub struct Trainer {
    config: TrainConfig,
    /// The objective, where it is no bound.
    noiseless: Option<Noiseless>,
    estimator: Arc<dyn Estimator>,
    /// The same estimate without a graph, where there is one.
    fused: Option<Fused>,
    noise: Key,
    /// Of the noise of per-datum steps.
    per_datum: Key,
    shape: Vae,
    latent: usize,
    blocks: Vec<Block>,
    /// Where φ starts in the flat vector; θ stands before it.
    guide_start: usize,
    device: Device,
    /// The last step's terms and gradient: their room is used again.
    terms: RowTerms,
    amortised: RowTerms,
    gradient: Vec<f32>,
    squares: Vec<(f64, bool)>,
}

impl Trainer {
    /// A trainer of auto-encoders of the shape of `vae`, and the state that starts from its parameters.
    ///
    /// # Errors
    /// Where a step size, the number of samples or the clipping norm is not > 0, or the objective does not suit
    /// the likelihood.
    pub fn init(config: TrainConfig, vae: &Vae, seed: Key, device: &Device) -> Result<(Self, State), Error> {
        config.check()?;
        let blocks = parameters::layout(vae);
        let parameters: Vec<f32> = parameters::values(vae);
        let guide_start = burn::module::Module::num_params(&vae.model);
        let state = State {
            model: config.optimiser.init(guide_start),
            guide: config.optimiser.init(parameters.len() - guide_start),
            parameters,
            step: 0,
        };
        let noise = seed.purpose(Purpose::Noise);
        let noiseless = match config.objective {
            Objective::Noiseless => Some(Noiseless::new(&vae.model)?),
            _ => None,
        };
        if config.kl_weight.free_bits > 0.0 && vae.model.is_hierarchical() {
            let rule = "need a KL in closed form, which two layers of z have not";
            return Err(Error::invalid("free_bits", config.kl_weight.free_bits, rule));
        }
        let estimator = config.estimator.estimator(config.objective, config.kl, vae)?;
        let fused = config.fused_way().and_then(|way| Fused::new(vae, way, config.samples));
        if config.inference != Inference::Amortised
            && !(fused.is_some() && config.objective == Objective::Elbo)
        {
            return Err(coordinate_ascent::unsuited());
        }
        let trainer = Self {
            gradient: vec![0.0; state.parameters.len()],
            config,
            noiseless,
            estimator,
            fused,
            noise,
            per_datum: seed.purpose(Purpose::PerDatum),
            shape: vae.clone(),
            latent: vae.latent(),
            blocks,
            guide_start,
            device: device.clone(),
            terms: RowTerms::default(),
            amortised: RowTerms::default(),
            squares: Vec::new(),
        };
        Ok((trainer, state))
    }

    /// The auto-encoder with these parameters.
    ///
    /// # Errors
    /// Where their number is not the model's.
    pub fn vae(&self, parameters: &[f32]) -> Result<Vae, Error> {
        parameters::load(self.shape.clone(), parameters, &self.device)
    }

    /// Where it computes.
    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    /// The terms of the objective of each row of `data`, by `samples` Monte Carlo samples a row, in whole groups of k where
    /// the objective is L_k.
    ///
    /// # Errors
    /// Where the data's width is not the model's, or a term is not finite.
    pub fn evaluate(&self, vae: &Vae, data: &Minibatch, draws: Draws) -> Result<RowTerms, Error> {
        let Draws { samples, key } = draws;
        match (&self.noiseless, self.config.objective) {
            (Some(noiseless), _) => {
                evaluate_terms(vae, data, draws, &self.device, |vae, x, _| noiseless.terms(vae, x))
            }
            (None, Objective::ImportanceWeighted) => {
                let k = self.config.samples;
                importance_weighted::terms(vae, data, key, k, samples.div_ceil(k), &self.device)
            }
            _ => elbo::evaluate(vae, data, key, self.config.kl, samples, &self.device),
        }
    }

    /// One step: φ ← φ + α (N/B) ∂J/∂φ, θ ← θ + α′ (N/B) ∂J/∂θ (E17), through the optimiser, step sizes and the weight
    /// of the KL by `pace`. Runs on rayon's current thread pool; the bits do not depend on its size.
    ///
    /// # Errors
    /// Where the bound or its gradient is not finite; the state is then as it was.
    pub fn step(
        &mut self,
        state: &mut State,
        minibatch: &Minibatch,
        pace: Pace,
    ) -> Result<Report<'_>, Error> {
        let moves = self.config.schedule.moves(state.step);
        let objective = self.estimate(state, minibatch, moves, self.beta(pace))?;
        let (bound, gradient_norm) = self.advance(state, minibatch, moves, pace)?;
        Ok(Report { terms: &self.terms, amortised: None, bound, objective, gradient_norm })
    }

    /// The weight of the KL.
    fn beta(&self, pace: Pace) -> f64 {
        self.config.kl_weight.beta * pace.kl
    }

    /// Moves θ and φ along the gradient at hand; the data set's bound by the terms at hand, and the gradient's norm.
    fn advance(
        &mut self,
        state: &mut State,
        minibatch: &Minibatch,
        moves: Moves,
        pace: Pace,
    ) -> Result<(Bound, f64), Error> {
        let (decay, beta) = (pace.decay, self.beta(pace));
        let mut bound = Bound::new(&self.terms, minibatch.scale()).with_beta(beta);
        if let Some(sd) = self.config.prior_sd {
            let theta = &state.parameters[..self.guide_start];
            bound = bound.with_global(log_prior(theta, sd));
            if moves.model {
                for (g, &p) in self.gradient.iter_mut().zip(theta) {
                    *g -= (f64::from(p) / (sd * sd)) as f32;
                }
            }
        }
        let gradient_norm = self.checked_norm(decay, state.step, minibatch)? / minibatch.total as f64;
        let factor = match self.config.clip_norm {
            Some(most) if gradient_norm > most => (most / gradient_norm) as f32,
            _ => 1.0,
        };
        let (theta, phi) = state.parameters.split_at_mut(self.guide_start);
        let (by_theta, by_phi) = self.gradient.split_at(self.guide_start);
        let optimiser = self.config.optimiser;
        if moves.model {
            optimiser.ascend(&mut state.model, theta, by_theta, factor, decay * self.config.step_size);
        }
        if moves.guide {
            optimiser.ascend(&mut state.guide, phi, by_phi, factor, decay * self.config.encoder_step_size);
        }
        self.solve_sigma(state, moves, minibatch, &self.terms);
        state.step += 1;
        Ok((bound, gradient_norm))
    }

    /// The terms of the minibatch's rows, and the gradient of the data set's objective; the mean over the rows of what is
    /// maximised.
    fn estimate(
        &mut self,
        state: &State,
        minibatch: &Minibatch,
        moves: Moves,
        beta: f64,
    ) -> Result<f64, Error> {
        let draws = Draws { samples: self.config.samples, key: self.noise.fold(state.step) };
        self.shape.check_width(minibatch.width)?;
        let rows = minibatch.rows.len() as f64;
        let KlWeight { free_bits, .. } = self.config.kl_weight;
        if let Some(fused) = &mut self.fused {
            let (terms, gradient) = (&mut self.terms, &mut self.gradient);
            fused.weigh_kl(beta, free_bits);
            fused.gradient(&state.parameters, minibatch, moves, draws.key, terms, gradient);
            if self.terms.are_finite() {
                return Ok(self.fused_objective(beta) / rows);
            }
            // The way of tensors says what was not finite first.
        }
        let vae = self.vae(&state.parameters)?;
        let weighted = WeightedKl { form: self.config.kl, beta, free_bits };
        let weighs = beta != 1.0 || free_bits > 0.0;
        let estimator: &dyn Estimator = if weighs { &weighted } else { &*self.estimator };
        let estimate =
            gradient::gradient::<f32>(&vae, minibatch, moves, estimator, draws, state.step, &self.device)?;
        let bound = estimate.terms.elbo().iter().sum();
        (self.terms, self.gradient) = (estimate.terms, estimate.gradient);
        Ok(if weighs { estimate.surrogate } else { bound } / rows)
    }

    /// Σ over the rows of what is maximised, of the terms that the fused operation left.
    fn fused_objective(&self, beta: f64) -> f64 {
        let kl = match &self.fused {
            Some(fused) if self.config.kl_weight.free_bits > 0.0 => fused.cost(),
            _ => self.terms.kl.iter().sum(),
        };
        self.terms.log_likelihood.iter().sum::<f64>() - beta * kl
    }

    /// σ² ← the mean over the last N rows seen of E_q‖x − f(z)‖²/D, where it is solved in closed form.
    fn solve_sigma(&self, state: &mut State, moves: Moves, minibatch: &Minibatch, terms: &RowTerms) {
        if self.shape.model.likelihood() != Likelihood::Gaussian(Sigma::Solved) || !moves.model {
            return;
        }
        let Some(block) = self.blocks.iter().find(|b| b.name == "model.log_sigma") else { return };
        let log_sigma = &mut state.parameters[block.start];
        let sigma2 = libm::exp(2.0 * f64::from(*log_sigma));
        let rows = terms.log_likelihood.len() as f64;
        let log_likelihood = terms.log_likelihood.iter().sum::<f64>() / rows / minibatch.width as f64;
        // E11 solved for the squared residual of a column.
        let residual = -2.0 * sigma2 * (log_likelihood + 0.5 * libm::log(std::f64::consts::TAU * sigma2));
        // The plain mean while fewer than N rows were seen, then a window of about N.
        let weight = (1.0 / state.model.steps as f64).max(1.0 / minibatch.scale());
        let sigma2 = (1.0 - weight) * sigma2 + weight * residual;
        *log_sigma = (0.5 * libm::log(sigma2)) as f32;
    }

    /// The norm of the gradient. One that is finite but so large that the step would overflow is refused as well: the
    /// state must stay good.
    fn checked_norm(&mut self, decay: f64, step: u64, minibatch: &Minibatch) -> Result<f64, Error> {
        let step_size = decay * self.config.step_size.max(self.config.encoder_step_size);
        let most = self.config.optimiser.largest_gradient(step_size);
        let level = Level::best();
        let slices = self.gradient.par_chunks(SLICE).map(|slice| adam::squares(level, slice, most));
        slices.collect_into_vec(&mut self.squares);
        if self.squares.iter().all(|&(_, fine)| fine) {
            return Ok(self.squares.iter().map(|&(sum, _)| sum).sum::<f64>().sqrt());
        }
        let fine = |g: &f32| g.abs() <= most;
        let place = self.gradient.iter().position(|g| !fine(g)).expect("a slice has one");
        let block = self.blocks.iter().find(|block| block.range().contains(&place));
        let name = block.map_or("?", |block| &block.name);
        let finite = self.gradient[place].is_finite();
        let what = if finite { "the step along the gradient" } else { "the gradient" };
        Err(Error::NonFinite { what: format!("{what} of {name}"), step, rows: minibatch.rows.clone() })
    }
}

/// log N(θ; 0, s²I), in nats.
fn log_prior(theta: &[f32], sd: f64) -> f64 {
    let squares: f64 = theta.iter().map(|&p| f64::from(p).powi(2)).sum();
    -0.5 * squares / (sd * sd) - 0.5 * theta.len() as f64 * libm::log(std::f64::consts::TAU * sd * sd)
}
