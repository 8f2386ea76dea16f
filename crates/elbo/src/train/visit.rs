//! Coordinate ascent over θ and ψ_1..N (E16): J(θ, ψ_1..N) = Σ_i ELBO(q_ψi, x_i, θ).
//!
//! A visit to a minibatch raises the ψ of each of its rows by some steps of Adam with θ held, and then moves θ by
//! (N/B) Σ_i ∂ELBO(q_ψi, x_i, θ)/∂θ. A row's ψ has a state of Adam of its own and the gradient of the row's own bound: N/B
//! is of estimates of a sum over the data set, and a ψ_i stands in one term of it alone.
//!
//! ψ_i starts at the encoder's output (semi-amortised: Kim et al. 2018, who take it there at every visit), and begins there
//! again at a visit where that is the better by the same noise: while θ moves fast an encoder, which learns from all rows,
//! overtakes a ψ that some steps an epoch move, and θ would be fitted to what lags behind. So the encoder is fitted as well,
//! by its own bound with θ held (E17); it is no part of J, and what is there for rows to come.
//!
//! x_i has to be the same at every visit: under dynamic binarisation ψ_i follows a row that is drawn anew each time.
//! Sticking the landing suits best: near its optimum a ψ_i then hardly jitters under its own noise.

use super::{Inference, Report, State, Trainer, inference::unsuited};
use crate::{
    Error,
    engine::{Ascent, record},
    error::Needs,
    guide::Guide,
    minibatch::Minibatch,
    model::Latent,
    objective::KlCost,
    parameters::BurnModule,
    random::{Draws, Purpose},
    schedule::{ActiveBlocks, StepFactors},
    terms::RowTerms,
};

/// Visits' worth of steps that the ψ of a row outside the fit takes when it follows θ: θ has moved by a whole epoch.
const FOLLOWING: usize = 3;

impl<P: BurnModule + Latent, Q: BurnModule + Guide> Trainer<P, Q> {
    /// A visit to a minibatch (E16): its rows' ψ, given by their records in [`LocalParameters`](super::LocalParameters)'s form `[B, 6K + 1]`, are raised with θ
    /// held; then θ moves by the gradient at them, and φ by that of the amortised bound, both scaled by N/B and taken at
    /// the θ before the step. Runs on rayon's current thread pool; the bits do not depend on its size.
    ///
    /// # Errors
    /// It fails where the guide is not [`Inference::PerDatum`], the records are not one a row, or a bound or gradient
    /// is not finite; the state is then as it was, and the records are of no use.
    pub fn visit(
        &mut self,
        state: &mut State,
        minibatch: &Minibatch,
        psi: &mut [f32],
        pace: StepFactors,
    ) -> Result<Report<'_>, Error> {
        let moves = self.config.schedule.moves(state.step);
        let objective = self.estimate_at_psi(state, minibatch, psi, moves, pace)?;
        let (bound, gradient_norm) = self.advance(state, minibatch, moves, pace)?;
        Ok(Report { terms: &self.terms, amortised: Some(&self.amortised), bound, objective, gradient_norm })
    }

    fn estimate_at_psi(
        &mut self,
        state: &State,
        minibatch: &Minibatch,
        psi: &mut [f32],
        moves: ActiveBlocks,
        pace: StepFactors,
    ) -> Result<f64, Error> {
        let beta = self.beta(pace);
        let ascent = self.ascent(state, pace)?;
        check_records(minibatch, self.latent, psi)?;
        // The encoder's own part of the step: its output is also where a ψ starts.
        self.estimate(state, minibatch, ActiveBlocks { model: false, guide: moves.guide }, beta)?;
        std::mem::swap(&mut self.terms, &mut self.amortised);
        let Some(engine) = self.engine.row_by_row() else { return Err(unsuited()) };
        let (parameters, rows) = (&state.parameters, &minibatch.rows);
        engine.raise(parameters, rows, psi, ascent).map_err(|row| not_finite(state, row))?;
        let scale = moves.model.then_some(minibatch.scale() as f32);
        let key = ascent.key.fold(ascent.steps as u64);
        engine.gradient_at_psi(parameters, rows, key, scale, &mut self.terms, &mut self.gradient);
        check_terms(&self.terms, state, minibatch)?;
        Ok(engine.objective(&self.terms) / rows.len() as f64)
    }

    /// Raises the ψ of rows that take no part in the fit, θ held, by the steps of some visits; then the terms of their bound
    /// by `draws`, whose noise had no part in the ascent.
    ///
    /// # Errors
    /// It fails as [`Trainer::visit`] does.
    pub fn follow(
        &mut self,
        state: &State,
        data: &Minibatch,
        psi: &mut [f32],
        pace: StepFactors,
        draws: Draws,
    ) -> Result<RowTerms, Error> {
        let ascent = self.ascent(state, pace)?;
        let ascent =
            Ascent { steps: FOLLOWING * ascent.steps, key: ascent.key.purpose(Purpose::Evaluate), ..ascent };
        self.shape.check_width(data.width)?;
        check_records(data, self.latent, psi)?;
        let cost = KlCost { beta: self.beta(pace), free_bits: self.config.kl_weight.free_bits };
        let Some(engine) = self.engine.row_by_row() else { return Err(unsuited()) };
        engine.weigh_kl(cost);
        engine.read(&state.parameters, data, ascent.compare);
        let raised = engine.raise(&state.parameters, &data.rows, psi, ascent);
        raised.map_err(|row| not_finite(state, row))?;
        let terms = engine.terms_at(&state.parameters, data, psi, self.config.kl, draws);
        check_terms(&terms, state, data)?;
        Ok(terms)
    }

    fn ascent(&self, state: &State, pace: StepFactors) -> Result<Ascent, Error> {
        let Inference::PerDatum { steps, step_size } = self.config.inference else {
            return Err(Error::unsuited("the guide", "amortised", Needs::PerDatumGuide));
        };
        let compare = self.noise.fold(state.step);
        Ok(Ascent { steps, step_size: pace.decay * step_size, compare, key: self.per_datum.fold(state.step) })
    }
}

fn check_records(data: &Minibatch, latent: usize, psi: &[f32]) -> Result<(), Error> {
    Error::check_shape("the records of ψ", &[data.rows.len() * record(latent)], &[psi.len()])
}

fn not_finite(state: &State, row: usize) -> Error {
    let what = "the gradient of ψ, or the step along it,".into();
    Error::NonFinite { what, step: Some(state.step), rows: vec![row] }
}

fn check_terms(terms: &RowTerms, state: &State, data: &Minibatch) -> Result<(), Error> {
    if terms.are_finite() {
        return Ok(());
    }
    let rows = data.rows.iter().zip(terms.elbo()).filter(|(_, elbo)| !elbo.is_finite());
    let rows = rows.map(|(&row, _)| row).collect();
    Err(Error::NonFinite { what: "the bound at a row's ψ".into(), step: Some(state.step), rows })
}
