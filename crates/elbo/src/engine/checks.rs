//! What both engines do alike with what they computed.

use crate::{
    Error, check,
    likelihood::Likelihood,
    minibatch::Minibatch,
    random::{Draws, Key},
    terms::{RowTerms, Weights},
};

/// Samples a row of an importance-weighted estimate that are in memory at a time, and share a key.
pub(crate) const TOGETHER: usize = 64;

/// Refuses no samples.
pub(crate) fn check_samples(k: usize) -> Result<(), Error> {
    check::at_least("k", k, 1)
}

/// Refuses an array that is not of rows of this width.
pub(crate) fn check_rows(rows: &[f32], width: usize) -> Result<(), Error> {
    if rows.len().is_multiple_of(width) {
        return Ok(());
    }
    Err(Error::Shape {
        what: "a matrix of rows".into(),
        expected: vec![rows.len().div_ceil(width), width],
        got: vec![rows.len()],
    })
}

/// Refuses importance weights that are not finite.
pub(crate) fn check_weights(weights: Vec<Weights>, data: &Minibatch) -> Result<Vec<Weights>, Error> {
    match weights.iter().position(|row| !row.log_mean().is_finite()) {
        None => Ok(weights),
        Some(row) => {
            let what = "an importance weight".into();
            Err(Error::NonFinite { what, step: None, rows: vec![data.rows[row]] })
        }
    }
}

/// The mean of the terms of L_k over as many groups of k samples as there are samples for.
pub(crate) fn mean_of_groups(
    draws: Draws,
    k: usize,
    terms: impl Fn(Draws) -> Result<RowTerms, Error>,
) -> Result<RowTerms, Error> {
    check_samples(k)?;
    let groups = draws.samples.div_ceil(k);
    let mut mean = RowTerms::default();
    for group in 0..groups {
        let terms = terms(Draws { samples: k, key: draws.key.fold(group as u64) })?;
        for (mean, terms) in [(&mut mean.log_likelihood, terms.log_likelihood), (&mut mean.kl, terms.kl)] {
            mean.resize(terms.len(), 0.0);
            for (sum, term) in mean.iter_mut().zip(terms) {
                *sum += term / groups as f64;
            }
        }
    }
    Ok(mean)
}

/// Draws x of each row, in place of its mean.
pub(crate) fn draw(
    likelihood: &dyn Likelihood,
    outputs: &[f32],
    own: &[f32],
    key: Key,
    width: usize,
    x: &mut [f32],
) {
    let outputs = outputs.chunks(likelihood.decoded(width));
    for ((row, x), output) in (0..).zip(x.chunks_mut(width)).zip(outputs) {
        likelihood.draw(output, own, key, row, x);
    }
}
