//! A whole fit: epochs of steps (E17), the validation bound after each, until it has converged.

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::{
    Error,
    check::{self, checked},
    diagnose::{LatentSummary, Patience, latent_summary},
    distribution::bernoulli::Binarise,
    engine::Reader,
    guide::{self, Guide},
    likelihood::{Likelihood, Support},
    minibatch::{Minibatch, Rows},
    model::{AutoEncoder, Generative, Latent, Vae, VaeConfig},
    parameters::{self, BurnModule},
    random::{Draws, Key, Purpose},
    schedule::{Decay, StepFactors},
    terms::{RowTerms, Summary},
    train::{Inference, LocalParameters, Places, Report, State, TrainConfig, Trainer},
};

checked! {
    /// Everything that, with the data, determines a fit to the bit.
    #[derive(Clone, Debug, PartialEq)]
    pub struct FitConfig {
        /// The seed of all randomness.
        pub seed: u64,
        /// B, rows a minibatch.
        pub batch: usize,
        /// Monte Carlo samples of z a validation row: with few rows, one each would leave the bound noisy.
        pub validation_samples: usize,
        /// Epochs at most.
        pub epochs: u64,
        /// Epochs without a rise of the validation bound, see [`Patience`], after which the fit has converged.
        /// None: it runs all its epochs.
        pub patience: Option<u64>,
        /// The factor on the step sizes as the epochs pass.
        pub decay: Decay,
        /// What happens to grey values under a Bernoulli likelihood.
        pub binarise: Binarise,
        /// The model.
        pub vae: VaeConfig,
        /// The steps.
        pub train: TrainConfig,
    }
}

impl FitConfig {
    /// What happens to the rows: `binarise` under a likelihood of 0 and 1, nothing under another.
    pub fn binarise(&self, likelihood: &dyn Likelihood) -> Binarise {
        if likelihood.support() == Support::Binary { self.binarise } else { Binarise::None }
    }

    /// Checks every number that does not depend on the data.
    ///
    /// # Errors
    /// Where the minibatch, the validation samples, or a number of the steps, of the model or of the decay is none; where
    /// the KL's warm-up takes the whole fit.
    pub fn check(&self) -> Result<(), Error> {
        check::at_least("batch", self.batch, 1)?;
        check::at_least("validation_samples", self.validation_samples, 1)?;
        let (warm_up, last) = (self.train.kl_weight.warm_up, self.epochs.saturating_sub(1));
        let limit = "one less than the epochs of the fit";
        check::at_most("the warm-up of the KL, in epochs,", warm_up as usize, last as usize, limit)?;
        self.decay.check()?;
        self.vae.check()?;
        self.train.check()
    }
}

impl Default for FitConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            batch: 128,
            validation_samples: 1,
            epochs: 100,
            patience: None,
            decay: Decay::Constant,
            binarise: Binarise::Dynamic,
            vae: VaeConfig::default(),
            train: TrainConfig::default(),
        }
    }
}

/// How far a fit has come: with the configuration and the data, all that is needed to go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// The last state.
    pub state: State,
    /// Epochs completed.
    pub epoch: u64,
    /// The best epoch, by the validation bound.
    pub patience: Patience,
    /// The parameters at the best epoch.
    pub best: Vec<f32>,
    /// Where each row has a ψ of its own: all of them.
    pub psi: Option<LocalParameters>,
}

/// What an epoch tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochReport {
    /// Its number, from 1.
    pub epoch: u64,
    /// Steps taken since the start of the fit.
    pub step: u64,
    /// The training rows' bound, each row before the step that used it; where each has a ψ of its own, under that.
    pub train: Summary,
    /// The validation rows' bound at the end of the epoch, with the same noise at every epoch.
    pub validation: Summary,
    /// Where each row has a ψ of its own: the bounds of the same rows under the encoder's q.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amortised: Option<Amortised>,
    /// What was maximised, as a mean over the training rows, while it was not the bound but one with its KL weighed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<f64>,
    /// Latent dimensions by which the encoder carries something about the validation rows (E26); none of a single row.
    #[serde(default)]
    pub active: Option<usize>,
    /// Mean over the epoch's steps of the norm of the gradient of the bound per datum.
    pub gradient_norm: f64,
    /// Whether this is the best epoch so far.
    pub best: bool,
}

/// Bounds under the encoder's q, where rows have others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Amortised {
    /// The training rows'.
    pub train: Summary,
    /// The validation rows'.
    pub validation: Summary,
}

/// Why a fit is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finished {
    /// The validation bound no longer rises.
    Converged,
    /// All epochs are done.
    AllEpochs,
}

/// A fit of an auto-encoder to training rows, watched on validation rows.
#[derive(Debug)]
pub struct Fit<'a, P: BurnModule = Generative, Q: BurnModule = guide::Amortised> {
    config: FitConfig,
    trainer: Trainer<P, Q>,
    train: Rows<'a>,
    validation: Rows<'a>,
    /// What happens to grey values.
    binarise: Binarise,
    progress: Progress,
    /// The minibatch in use, and the next: their room is used again.
    minibatch: Minibatch,
    next: Minibatch,
    /// What reads the validation rows: the room of its weights is used again.
    reader: Option<Box<dyn Reader>>,
    /// Where the ψ of training and validation rows stand, where they have one, and those in use.
    places: Option<[Places; 2]>,
    psi: Vec<f32>,
}

impl<'a> Fit<'a> {
    /// A fit at its start, of the auto-encoder that the configuration describes.
    ///
    /// # Errors
    /// Where the configuration is impossible or does not suit the data.
    pub fn new(
        config: FitConfig,
        train: Rows<'a>,
        validation: &Rows<'a>,
        device: &Device,
    ) -> Result<Self, Error> {
        config.check()?;
        check_rows(&train, validation)?;
        let vae = Vae::new(&config.vae, train.width(), Key::new(config.seed), device)?;
        Self::of(config, &vae.start_at(&train, device)?, train, validation, device)
    }
}

impl<'a, P: BurnModule + Latent, Q: BurnModule + Guide> Fit<'a, P, Q> {
    /// A fit of any auto-encoder from where it is; what the configuration says of a model is not looked at.
    ///
    /// # Errors
    /// Where the configuration is impossible or does not suit the model or the data.
    pub fn of(
        config: FitConfig,
        auto_encoder: &AutoEncoder<P, Q>,
        train: Rows<'a>,
        validation: &Rows<'a>,
        device: &Device,
    ) -> Result<Self, Error> {
        config.check()?;
        check_rows(&train, validation)?;
        check_density(&auto_encoder.model, &train, auto_encoder.latent(), device)?;
        let (seed, latent) = (Key::new(config.seed), auto_encoder.latent());
        let (mut trainer, state) = Trainer::init(config.train.clone(), auto_encoder, seed, device)?;
        trainer.hold_above(auto_encoder.model.likelihood().floor(&train));
        let binarise = config.binarise(&**auto_encoder.model.likelihood());
        let validation = validation.clone();
        let best = state.parameters.clone();
        let per_datum = config.train.inference != Inference::Amortised;
        let psi = per_datum.then(|| LocalParameters::new(latent, train.len(), validation.len()));
        let places = per_datum.then(|| [&train, &validation].map(|rows| Places::new(rows, latent)));
        let progress = Progress { state, epoch: 0, patience: Patience::default(), best, psi };
        let (minibatch, next, psi) = (Minibatch::default(), Minibatch::default(), Vec::new());
        let reader = None;
        Ok(Self {
            config,
            trainer,
            train,
            validation,
            binarise,
            progress,
            minibatch,
            next,
            reader,
            places,
            psi,
        })
    }

    /// Begins at the parameters of another auto-encoder of the same shape, as of a fit to an easier bound, and not at random
    /// ones.
    ///
    /// # Errors
    /// Where it has another number of parameters.
    pub fn begin_at(mut self, auto_encoder: &AutoEncoder<P, Q>) -> Result<Self, Error> {
        let (parameters, own) =
            (parameters::values::<f32, _>(auto_encoder), &mut self.progress.state.parameters);
        Error::check_shape("the parameter vector to begin at", &[own.len()], &[parameters.len()])?;
        self.progress.best.clone_from(&parameters);
        *own = parameters;
        Ok(self)
    }

    /// Goes on from where an earlier fit, with the same configuration and data, had come.
    ///
    /// # Errors
    /// Where the progress is of a model of another shape, or of other validation rows.
    pub fn resume(mut self, progress: Progress) -> Result<Self, Error> {
        let own = &self.progress.state;
        let numbers = |progress: &Progress| {
            progress.psi.as_ref().map_or((0, 0), |psi| (psi.train.len(), psi.validation.len()))
        };
        let (own_psi, psi) = (numbers(&self.progress), numbers(&progress));
        let (state, watched) = (&progress.state, &progress.patience.best);
        for (what, expected, got) in [
            ("the parameter vector", own.parameters.len(), state.parameters.len()),
            ("the best parameter vector", own.parameters.len(), progress.best.len()),
            ("the first moments of θ", own.model.first.len(), state.model.first.len()),
            ("the second moments of θ", own.model.second.len(), state.model.second.len()),
            ("the first moments of φ", own.guide.first.len(), state.guide.first.len()),
            ("the second moments of φ", own.guide.second.len(), state.guide.second.len()),
            ("ψ of the training rows", own_psi.0, psi.0),
            ("ψ of the validation rows", own_psi.1, psi.1),
            // None before the first epoch.
            (
                "the bound of the validation rows",
                self.validation.len() * usize::from(!watched.is_empty()),
                watched.len(),
            ),
        ] {
            Error::check_shape(what, &[expected], &[got])?;
        }
        self.progress = progress;
        Ok(self)
    }

    /// One epoch: a step for each minibatch, then the validation bound. `watch` sees each step's report.
    ///
    /// # Errors
    /// Where the bound or a gradient is not finite; the progress then holds the last good state.
    pub fn epoch(&mut self, mut watch: impl FnMut(&Report<'_>)) -> Result<EpochReport, Error> {
        let epoch = self.progress.epoch;
        let seed = Key::new(self.config.seed);
        let batches = self.train.minibatches(self.config.batch, self.binarise, seed, epoch);
        let steps = batches.number();
        let (mut terms, mut norms, mut objective) = (RowTerms::default(), 0.0, 0.0);
        let (mut amortised, mut pace) = (RowTerms::default(), StepFactors::FULL);
        let weight = self.config.train.kl_weight;
        batches.fill(0, &mut self.minibatch);
        for number in 0..steps {
            let passed = epoch as f64 + number as f64 / steps as f64;
            let decay = self.config.decay.factor(passed, self.config.epochs as usize);
            pace = StepFactors { decay, kl: weight.factor(passed) };
            // The next minibatch is made ready while this one is used.
            let (state, current, next) = (&mut self.progress.state, &self.minibatch, &mut self.next);
            let (trainer, psi) = (&mut self.trainer, &mut self.psi);
            let mut table = self.progress.psi.as_mut().zip(self.places.as_ref());
            let (report, ()) = rayon::join(
                || {
                    let Some((LocalParameters { train, .. }, [places, _])) = &mut table else {
                        return trainer.step(state, current, pace);
                    };
                    places.read(train, &current.rows, psi);
                    let report = trainer.visit(state, current, psi, pace)?;
                    places.write(train, &current.rows, psi);
                    Ok(report)
                },
                || {
                    if number + 1 < steps {
                        batches.fill(number + 1, next);
                    }
                },
            );
            let report = report?;
            terms.extend(report.terms);
            if let Some(terms) = report.amortised {
                amortised.extend(terms);
            }
            norms += report.gradient_norm;
            objective += report.objective * report.terms.kl.len() as f64;
            watch(&report);
            std::mem::swap(&mut self.minibatch, &mut self.next);
        }
        let parameters = &self.progress.state.parameters;
        let last = match self.reader.take() {
            Some(mut reader) => reader.set(parameters).map(|()| reader)?,
            None => self.trainer.reader(parameters)?,
        };
        let by_encoder = self.validate(&*last, self.config.validation_samples)?;
        let followed = self.follow(pace)?;
        let amortised = followed
            .is_some()
            .then(|| Amortised { train: amortised.summary(), validation: by_encoder.summary() });
        let validation = followed.unwrap_or(by_encoder);
        let active = || -> Result<usize, Error> {
            Ok(self.latent_summary(&*last)?.active().into_iter().filter(|&active| active).count())
        };
        // Of one row no mean varies.
        let active = (self.validation.len() > 1).then(active).transpose()?;
        self.reader = Some(last);
        if epoch < weight.warm_up {
            // While the KL's weight rises the bound may fall: epochs are compared from then on.
            self.progress.patience = Patience::default();
        }
        self.progress.epoch += 1;
        let best = self.progress.patience.observe(self.progress.epoch, &validation.elbo());
        if best {
            self.progress.best.clone_from(&self.progress.state.parameters);
        }
        Ok(EpochReport {
            epoch: self.progress.epoch,
            step: self.progress.state.step,
            train: terms.summary(),
            validation: validation.summary(),
            amortised,
            objective: (!weight.is_elbo(epoch as f64)).then(|| objective / self.train.len() as f64),
            active,
            gradient_norm: norms / steps as f64,
            best,
        })
    }

    /// Where rows have a ψ of their own: raises those of the validation rows after θ; the terms of their bound by the draws
    /// that [`Fit::validate`] uses.
    fn follow(&mut self, pace: StepFactors) -> Result<Option<RowTerms>, Error> {
        let Progress { psi, state, .. } = &mut self.progress;
        let (Some(LocalParameters { validation: table, .. }), Some([_, places])) = (psi, &self.places) else {
            return Ok(None);
        };
        let key = Key::new(self.config.seed).purpose(Purpose::Evaluate);
        let draws = Draws { samples: self.config.validation_samples, key: key.purpose(Purpose::Noise) };
        let mut terms = RowTerms::default();
        for piece in self.validation.pieces(self.binarise, key.purpose(Purpose::Binarise)) {
            places.read(table, &piece.rows, &mut self.psi);
            terms.extend(&self.trainer.follow(state, &piece, &mut self.psi, pace, draws)?);
            places.write(table, &piece.rows, &self.psi);
        }
        Ok(Some(terms))
    }

    /// Whether the fit is over, and why.
    pub fn finished(&self) -> Option<Finished> {
        let waited = self.progress.patience.waited;
        if self.config.patience.is_some_and(|most| waited >= most) {
            Some(Finished::Converged)
        } else if self.progress.epoch >= self.config.epochs {
            Some(Finished::AllEpochs)
        } else {
            None
        }
    }

    /// The terms of the validation rows' objective by so many samples of z a row, with the noise and the
    /// binarisation that every epoch's validation uses.
    ///
    /// # Errors
    /// Where the bound is not finite.
    pub fn validate(&self, reader: &dyn Reader, samples: usize) -> Result<RowTerms, Error> {
        let key = Key::new(self.config.seed).purpose(Purpose::Evaluate);
        self.evaluate(reader, &self.validation, key, samples)
    }

    /// The terms of the objective of any rows by so many samples of z a row, noise and binarisation keyed by `key`.
    ///
    /// # Errors
    /// Where the data's width is not the model's, or a term is not finite.
    pub fn evaluate(
        &self,
        reader: &dyn Reader,
        rows: &Rows<'_>,
        key: Key,
        samples: usize,
    ) -> Result<RowTerms, Error> {
        let draws = Draws { samples, key: key.purpose(Purpose::Noise) };
        let mut terms = RowTerms::default();
        for piece in rows.pieces(self.binarise, key.purpose(Purpose::Binarise)) {
            terms.extend(&reader.terms(&piece, self.trainer.measure(), draws)?);
        }
        Ok(terms)
    }

    /// What each latent dimension carries about the validation rows (E26).
    ///
    /// # Errors
    /// Where the auto-encoder is of another width.
    pub fn latent_summary(&self, reader: &dyn Reader) -> Result<LatentSummary, Error> {
        let (mut mean, mut kl) = (Vec::new(), Vec::new());
        for piece in self.validation() {
            let encoded = reader.encode(&piece.values)?;
            mean.extend(encoded.mean);
            kl.extend(encoded.kl);
        }
        Ok(latent_summary(&mean, &kl, reader.latent()))
    }

    /// The validation rows, binarised as each epoch sees them, some at a time.
    pub fn validation(&self) -> impl Iterator<Item = Minibatch> {
        let key = Key::new(self.config.seed).purpose(Purpose::Evaluate);
        self.validation.pieces(self.binarise, key.purpose(Purpose::Binarise))
    }

    /// How far the fit has come.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The auto-encoder at the last step.
    ///
    /// # Errors
    /// Never, for a fit that was made by [`Fit::new`] or [`Fit::resume`].
    pub fn last(&self) -> Result<AutoEncoder<P, Q>, Error> {
        self.trainer.auto_encoder(&self.progress.state.parameters)
    }

    /// The auto-encoder at the best epoch.
    ///
    /// # Errors
    /// Never, for a fit that was made by [`Fit::new`] or [`Fit::resume`].
    pub fn best(&self) -> Result<AutoEncoder<P, Q>, Error> {
        self.trainer.auto_encoder(&self.progress.best)
    }
}

/// Checks that a likelihood, which may be one's own, gives one number for each row.
fn check_density(model: &impl Latent, train: &Rows<'_>, latent: usize, device: &Device) -> Result<(), Error> {
    let rows = train.len().min(2);
    let x: Vec<f32> = train.iter().take(rows).flatten().copied().collect();
    let x = Tensor::<2>::from_data(TensorData::new(x, [rows, train.width()]), device);
    let z = Tensor::zeros([rows, model.family().width(latent)], device);
    let what = format!("log p(x|z) of {rows} rows by the {} likelihood", model.likelihood().name());
    Error::check_shape(&what, &[rows], &model.log_likelihood(x, z).dims())
}

fn check_rows(train: &Rows<'_>, validation: &Rows<'_>) -> Result<(), Error> {
    check::at_least("the number of training rows", train.len(), 1)?;
    check::at_least("the number of validation rows", validation.len(), 1)?;
    Error::check_shape("a validation row", &[train.width()], &[validation.width()])
}
