//! What an engine is asked: the gradient of a step, and a fitted model's figures.

use std::fmt::Debug;

use crate::{
    Error,
    guide::{Encoded, Family},
    likelihood::Likelihood,
    minibatch::Minibatch,
    model::Joint,
    objective::{KlCost, elbo::KlForm, noiseless::Noiseless},
    random::{Draws, Key},
    schedule::ActiveBlocks,
    terms::{RowTerms, Weights},
};

/// A step, as an engine takes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'a> {
    /// θ and φ, flat.
    pub(crate) parameters: &'a [f32],
    pub(crate) minibatch: &'a Minibatch,
    pub(crate) moves: ActiveBlocks,
    pub(crate) draws: Draws,
    /// What the KL costs in what is maximised.
    pub(crate) cost: KlCost,
    /// What the estimator has carried here.
    pub(crate) carried: &'a [f64],
    /// Its number, which an error names.
    pub(crate) number: u64,
}

/// Computes gradients for a trainer; chosen once for a fit.
pub(crate) trait Engine: Debug + Send {
    /// The terms of the minibatch's rows, unscaled, into `terms`, and the gradient of the data set's objective, (N/B) Σ over
    /// the rows and zero for a block that does not move, into `gradient`. Returns Σ over the rows of what is maximised.
    ///
    /// # Errors
    /// It fails where a term is not finite.
    fn gradient(
        &mut self,
        step: Step<'_>,
        terms: &mut RowTerms,
        gradient: &mut Vec<f32>,
    ) -> Result<f64, Error>;

    /// The same engine, where it can raise a ψ of each row's own.
    fn row_by_row(&mut self) -> Option<&mut dyn RowByRow> {
        None
    }
}

/// Numbers of a row's record: ψ and Adam's two moments of it, 2K each, and the steps that it has taken.
pub(crate) fn record(latent: usize) -> usize {
    6 * latent + 1
}

/// How far each ψ is raised.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ascent {
    pub(crate) steps: usize,
    pub(crate) step_size: f64,
    /// The key by which the rows' terms under the encoder's q were drawn.
    pub(crate) compare: Key,
    /// Of the noise; step number m draws by its child m.
    pub(crate) key: Key,
}

/// Rows each under a q of its own (E16). ψ of a row stands in a record of [`record`] numbers.
pub(crate) trait RowByRow {
    /// What the KL costs from now on.
    fn weigh_kl(&mut self, cost: KlCost);

    /// The rows' terms under the encoder's q.
    fn read(&mut self, parameters: &[f32], data: &Minibatch, key: Key);

    /// Raises the ψ of each row, θ held; follows a gradient or [`RowByRow::read`] of the same rows.
    ///
    /// # Errors
    /// The row whose gradient is not finite, or too large to be followed.
    fn raise(
        &mut self,
        parameters: &[f32],
        rows: &[usize],
        psi: &mut [f32],
        ascent: Ascent,
    ) -> Result<(), usize>;

    /// After [`RowByRow::raise`]: the terms of the rows at their ψ and, with the scale N/B, the gradient in θ.
    fn gradient_at_psi(
        &mut self,
        parameters: &[f32],
        rows: &[usize],
        key: Key,
        scale: Option<f32>,
        terms: &mut RowTerms,
        gradient: &mut [f32],
    );

    /// Σ over the rows of what is maximised, of the terms that were told last.
    fn objective(&self, terms: &RowTerms) -> f64;

    /// The terms of rows at their ψ.
    fn terms_at(
        &self,
        parameters: &[f32],
        data: &Minibatch,
        psi: &[f32],
        form: KlForm,
        draws: Draws,
    ) -> RowTerms;
}

/// Which objective is evaluated.
#[derive(Clone, Copy, Debug)]
pub enum Measure {
    /// The ELBO, with its KL in this form.
    Elbo(KlForm),
    /// L_k of this k; so many samples are drawn as make whole groups of k, and their bounds are averaged. The log-likelihood
    /// is that of the samples by their weights, the KL what L_k leaves of it.
    ImportanceWeighted(usize),
    /// The noiseless limit.
    Noiseless(Noiseless),
}

/// A model and its guide, read only: weights are packed once for all rows, and any number of rows pass.
///
/// Whatever it computes runs on rayon's current thread pool; the result does not depend on its size.
pub trait Reader: Debug + Send + Sync {
    /// Takes other parameters, flat as [`parameters::values`](crate::parameters::values) gives them, into the room of those it
    /// has.
    ///
    /// # Errors
    /// It fails where their number is not the model's.
    fn set(&mut self, parameters: &[f32]) -> Result<(), Error>;

    /// The terms of an objective of each row of `data`, in nats, by Monte Carlo samples of z.
    ///
    /// # Errors
    /// It fails where the data's width is not the model's, or a term is not finite.
    fn terms(&self, data: &Minibatch, measure: Measure, draws: Draws) -> Result<RowTerms, Error>;

    /// k importance weights p(x, z)/q(z|x) of each row of `data`, summed up: an estimate of L_k, and what it stands on. The
    /// samples pass in chunks, so any k fits in memory.
    ///
    /// # Errors
    /// It fails where the data's width is not the model's, k is 0, or a weight is not finite.
    fn weights(&self, data: &Minibatch, key: Key, k: usize) -> Result<Vec<Weights>, Error>;

    /// q(z|x) of each row of `x`, row-major `[R, D]`.
    ///
    /// # Errors
    /// It fails where the number of values is not a multiple of the model's width.
    fn encode(&self, x: &[f32]) -> Result<Encoded, Error>;

    /// E[x|z] of each row of `z`, row-major `[R, Z]` to `[R, D]`.
    ///
    /// # Errors
    /// It fails where the number of values is not a multiple of Z.
    fn decode(&self, z: &[f32]) -> Result<Vec<f32>, Error>;

    /// The decoder's outputs for each row of `z`, row-major `[R, Z]` to `[R, P]`, as the [likelihood](Self::likelihood) takes them.
    ///
    /// # Errors
    /// It fails where the number of values is not a multiple of Z.
    fn outputs(&self, z: &[f32]) -> Result<Vec<f32>, Error>;

    /// The likelihood's own parameters.
    fn own(&self) -> Vec<f32>;

    /// A draw of x ~ p(x|z) for each row of `z`, row-major `[R, Z]` to `[R, D]`; the noise of row r is that of `key`'s row r.
    ///
    /// # Errors
    /// It fails where the number of values is not a multiple of Z.
    fn sample(&self, z: &[f32], key: Key) -> Result<Vec<f32>, Error>;

    /// Draws of z from the prior, row-major `[R, Z]`, for the rows 0, 1, … of `key`; of two layers z₂ first, then z₁ given it.
    fn sample_prior(&self, key: Key, rows: usize) -> Vec<f32>;

    /// p(x, z) as a function of z.
    ///
    /// # Errors
    /// It fails where z is discrete: it has no derivative.
    fn joint(&self) -> Result<Box<dyn Joint>, Error>;

    /// D, the columns of x.
    fn width(&self) -> usize;

    /// K, the number of latent variables, of both layers where there are two.
    fn latent(&self) -> usize;

    /// Z, the columns of z: K, or K·C of a categorical latent.
    fn columns(&self) -> usize;

    /// The number of latent variables of each layer: `[K]`, or `[K₁, K₂]`.
    fn layers(&self) -> Vec<usize>;

    /// What z is.
    fn family(&self) -> Family;

    /// p(x|z), given the decoder's output.
    fn likelihood(&self) -> &dyn Likelihood;

    /// σ, `[1]` or `[D]`, where x is the mean plus σ times a standard normal.
    fn noise_scale(&self) -> Option<Vec<f64>>;

    /// What inference of the z of given rows needs: an encoder that gives a mean and a standard deviation of all of z.
    ///
    /// # Errors
    /// It fails where z is discrete, or has two layers.
    fn check_one_gaussian_layer(&self) -> Result<(), Error>;

    /// E[x|z] at z = E_q[z|x], for each row of `x`, row-major `[R, D]`.
    ///
    /// # Errors
    /// It fails where the number of values is not a multiple of the model's width.
    fn reconstruct(&self, x: &[f32]) -> Result<Vec<f32>, Error> {
        self.decode(&self.encode(x)?.mean)
    }
}
