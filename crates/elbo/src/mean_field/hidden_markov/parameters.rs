//! The parameters of a hidden Markov model, known or of their conjugate distributions.

use serde::{Deserialize, Serialize};

use super::{Emission, Shares};
use crate::{Error, check, error::Needs};

/// The distribution of all parameters. What is known in the prior is known in the posterior.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// π, the probabilities of the first state of a sequence.
    pub initial: Shares,
    /// A, the probabilities of the next state after each state.
    pub transitions: Vec<Shares>,
    /// θ, what each state says of each column.
    pub emission: Vec<Vec<Emission>>,
}

impl Parameters {
    /// The prior of K states that nothing tells apart: every α of π and A is `concentration`, and `emission` has the
    /// distribution of each column.
    pub fn exchangeable(states: usize, concentration: f64, emission: &[Emission]) -> Self {
        let shares = Shares::symmetric(states, concentration);
        Self {
            initial: shares.clone(),
            transitions: vec![shares; states],
            emission: vec![emission.to_vec(); states],
        }
    }

    /// K, the number of states.
    pub fn states(&self) -> usize {
        self.initial.outcomes()
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.emission.first().map_or(0, Vec::len)
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let (states, columns) = (self.states(), self.columns());
        let of_rows: Vec<usize> = self.transitions.iter().map(Shares::outcomes).collect();
        Error::check_shape("the transition probabilities", &vec![states; states], &of_rows)?;
        let of_emissions: Vec<usize> = self.emission.iter().map(Vec::len).collect();
        Error::check_shape("the emissions of the states", &vec![columns; states], &of_emissions)?;
        check::at_least("the number of states", states, 1)?;
        check::at_least("the number of columns", columns, 1)?;
        self.initial.check("the initial probabilities")?;
        self.transitions.iter().try_for_each(|row| row.check("a row of transition probabilities"))?;
        for column in 0..columns {
            for state in &self.emission {
                state[column].check()?;
                if state[column].kind() != self.emission[0][column].kind() {
                    let what = format!("the family of column {} in a state", column + 1);
                    let family = format_args!("{:?}", state[column]);
                    return Err(Error::unsuited(&what, family, Needs::SameFamily));
                }
            }
        }
        Ok(())
    }
}
