//! One step of amortised inference (E17): a minibatch in, a state moved uphill out.

use std::sync::Arc;

use burn::{module::Module, tensor::Device};
use elbo_kernels::{Level, adam};
use rayon::prelude::*;

use super::{Inference, Report, State, TrainConfig, inference::unsuited};
use crate::{
    Error,
    engine::{Engine, Measure, Reader, Step, engine},
    error::Needs,
    gradient::Estimator,
    guide::{Amortised, Guide},
    minibatch::Minibatch,
    model::{AutoEncoder, Generative, Latent},
    objective::{KlCost, KlWeight, Objective, noiseless::Noiseless},
    optimiser::SLICE,
    parameters::{self, Block, BurnModule},
    random::{Draws, Key, Purpose},
    schedule::{ActiveBlocks, StepFactors},
    terms::{Bound, RowTerms},
};

/// Takes steps.
///
/// It is of any model and guide: [`Trainer::init`] chooses the engine that suits them, once.
#[derive(Debug)]
pub struct Trainer<P: BurnModule = Generative, Q: BurnModule = Amortised> {
    pub(super) config: TrainConfig,
    /// What validation measures.
    measure: Measure,
    estimator: Arc<dyn Estimator>,
    pub(super) engine: Box<dyn Engine>,
    pub(super) noise: Key,
    /// Of the noise of per-datum steps.
    pub(super) per_datum: Key,
    pub(super) shape: AutoEncoder<P, Q>,
    /// K, which a steady step does not ask the modules for.
    pub(super) latent: usize,
    blocks: Vec<Block>,
    /// Where the likelihood's own parameters stand, if it has some.
    own: Option<Block>,
    /// Below which they do not fall.
    floor: Option<Vec<f32>>,
    /// Where φ starts in the flat vector; θ stands before it.
    guide_start: usize,
    device: Device,
    /// The last step's terms and gradient: their room is used again.
    pub(super) terms: RowTerms,
    pub(super) amortised: RowTerms,
    pub(super) gradient: Vec<f32>,
    squares: Vec<(f64, bool)>,
}

impl<P: BurnModule + Latent, Q: BurnModule + Guide> Trainer<P, Q> {
    /// A trainer of auto-encoders of the shape of `shape`, and the state that starts from its parameters.
    ///
    /// # Errors
    /// As [`TrainConfig::check`]; and where the objective, its estimator, the weight of the KL or the inference do not
    /// suit one another, the likelihood or z.
    pub fn init(
        config: TrainConfig,
        shape: &AutoEncoder<P, Q>,
        seed: Key,
        device: &Device,
    ) -> Result<(Self, State), Error> {
        config.check()?;
        let (model, guide) = (&shape.model, &shape.guide);
        let estimator = config.estimator.estimator(config.objective, config.kl, model, guide)?;
        check_kl_weight(&config, &*estimator, model)?;
        let mut engine = engine(shape, &estimator, config.samples, device);
        let elbo = config.objective == Objective::Elbo;
        if config.inference != Inference::Amortised && !(elbo && engine.row_by_row().is_some()) {
            return Err(unsuited());
        }
        let measure = match config.objective {
            Objective::Elbo => Measure::Elbo(config.kl),
            Objective::ImportanceWeighted => Measure::ImportanceWeighted(config.samples),
            Objective::Noiseless => Measure::Noiseless(Noiseless::new(model)?),
        };
        let blocks = parameters::layout(shape);
        let parameters: Vec<f32> = parameters::values(shape);
        let guide_start = Module::num_params(model);
        let own = model.likelihood().own(shape.width());
        let own =
            own.and_then(|own| blocks.iter().find(|b| b.name == format!("model.{}", own.name)).cloned());
        let state = State {
            model: config.optimiser.init(guide_start),
            guide: config.optimiser.init(parameters.len() - guide_start),
            parameters,
            step: 0,
            estimator: Vec::new(),
        };
        let trainer = Self {
            gradient: vec![0.0; state.parameters.len()],
            config,
            measure,
            estimator,
            engine,
            noise: seed.purpose(Purpose::Noise),
            per_datum: seed.purpose(Purpose::PerDatum),
            shape: shape.clone(),
            latent: shape.latent(),
            blocks,
            own,
            floor: None,
            guide_start,
            device: device.clone(),
            terms: RowTerms::default(),
            amortised: RowTerms::default(),
            squares: Vec::new(),
        };
        Ok((trainer, state))
    }

    /// Holds the likelihood's own parameters at these values or above.
    pub fn hold_above(&mut self, floor: Option<Vec<f32>>) {
        self.floor = floor;
    }

    /// The auto-encoder with these parameters.
    ///
    /// # Errors
    /// Where their number is not the model's.
    pub fn auto_encoder(&self, parameters: &[f32]) -> Result<AutoEncoder<P, Q>, Error> {
        parameters::load(self.shape.clone(), parameters, &self.device)
    }

    /// The same read only.
    ///
    /// # Errors
    /// Where their number is not the model's.
    pub fn reader(&self, parameters: &[f32]) -> Result<Box<dyn Reader>, Error> {
        Ok(self.auto_encoder(parameters)?.reader(&self.device))
    }

    /// What is maximised, as a [`Reader`] measures it.
    pub fn measure(&self) -> Measure {
        self.measure
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
        pace: StepFactors,
    ) -> Result<Report<'_>, Error> {
        let moves = self.config.schedule.moves(state.step);
        let objective = self.estimate(state, minibatch, moves, self.beta(pace))?;
        let (bound, gradient_norm) = self.advance(state, minibatch, moves, pace)?;
        Ok(Report { terms: &self.terms, amortised: None, bound, objective, gradient_norm })
    }

    /// The weight of the KL.
    pub(super) fn beta(&self, pace: StepFactors) -> f64 {
        self.config.kl_weight.beta * pace.kl
    }

    /// Moves θ and φ along the gradient at hand; the data set's bound by the terms at hand, and the gradient's norm.
    pub(super) fn advance(
        &mut self,
        state: &mut State,
        minibatch: &Minibatch,
        moves: ActiveBlocks,
        pace: StepFactors,
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
        if moves.model {
            self.solve(state, minibatch);
        }
        self.estimator.observe(&mut state.estimator, &self.terms);
        state.step += 1;
        Ok((bound, gradient_norm))
    }

    /// The terms of the minibatch's rows, and the gradient of the data set's objective; the mean over the rows of what is
    /// maximised.
    pub(super) fn estimate(
        &mut self,
        state: &State,
        minibatch: &Minibatch,
        moves: ActiveBlocks,
        beta: f64,
    ) -> Result<f64, Error> {
        self.shape.check_width(minibatch.width)?;
        let step = Step {
            parameters: &state.parameters,
            minibatch,
            moves,
            draws: Draws { samples: self.config.samples, key: self.noise.fold(state.step) },
            cost: KlCost { beta, free_bits: self.config.kl_weight.free_bits },
            carried: &state.estimator,
            number: state.step,
        };
        let objective = self.engine.gradient(step, &mut self.terms, &mut self.gradient)?;
        Ok(objective / minibatch.rows.len() as f64)
    }

    /// Moves the likelihood's own parameters, where they are solved in closed form. The mean is over the last N rows seen.
    fn solve(&self, state: &mut State, minibatch: &Minibatch) {
        let Some(block) = &self.own else { return };
        let log_likelihood = &self.terms.log_likelihood;
        let rows = log_likelihood.len() as f64;
        let log_likelihood = log_likelihood.iter().sum::<f64>() / rows / minibatch.width as f64;
        // The plain mean while fewer than N rows were seen, then a window of about N.
        let weight = (1.0 / state.model.steps as f64).max(1.0 / minibatch.scale());
        let own = &mut state.parameters[block.range()];
        self.shape.model.likelihood().solve(own, log_likelihood, weight);
        for (own, &floor) in own.iter_mut().zip(self.floor.iter().flatten()) {
            // Not `max`, which drops a NaN.
            if *own < floor {
                *own = floor;
            }
        }
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
        Err(Error::NonFinite {
            what: format!("{what} of {name}"),
            step: Some(step),
            rows: minibatch.rows.clone(),
        })
    }
}

/// log N(θ; 0, s²I), in nats.
fn log_prior(theta: &[f32], sd: f64) -> f64 {
    let squares: f64 = theta.iter().map(|&p| f64::from(p).powi(2)).sum();
    -0.5 * squares / (sd * sd) - 0.5 * theta.len() as f64 * libm::log(std::f64::consts::TAU * sd * sd)
}

/// Refuses a KL whose weight the estimator does not know.
fn check_kl_weight(config: &TrainConfig, estimator: &dyn Estimator, model: &dyn Latent) -> Result<(), Error> {
    let KlWeight { beta, free_bits, .. } = config.kl_weight;
    if config.kl_weight != KlWeight::default() && estimator.at_cost(KlCost { beta, free_bits }).is_none() {
        let KlWeight { beta, warm_up, free_bits } = config.kl_weight;
        let weight = format_args!("β = {beta} after {warm_up} epochs, with {free_bits} free nats");
        return Err(Error::unsuited("the weight of the KL", weight, Needs::WeighedKl));
    }
    if free_bits > 0.0 && model.is_hierarchical() {
        return Err(Error::unsuited("free_bits", free_bits, Needs::ClosedFormKl));
    }
    Ok(())
}
