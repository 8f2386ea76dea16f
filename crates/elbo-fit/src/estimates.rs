//! What a fit by coordinate ascent found, as data: what `results.json` has beside the bound.

use elbo::terms::Mean;
use serde::{Deserialize, Serialize};

use crate::figure::{Coefficient, Component, Dynamics, Loadings, State, Topic};

/// What was found, by the model. In `results.json` the fields stand beside those of the bound, without a name of the model.
///
/// Files of earlier versions lack some: those are read as empty, or as 0.95 where it is the level of intervals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Estimates {
    /// What `mixture` found.
    Mixture {
        /// The names of the columns, in the order of each component's mean.
        #[serde(default)]
        columns: Vec<String>,
        /// Those that have a row or more, in the units of the file.
        components: Vec<Component>,
    },
    /// What `regress` found.
    Regression {
        /// The column that is predicted.
        #[serde(default)]
        target: String,
        /// The probability that the coefficients' intervals hold: 0.95 means 95 %.
        #[serde(default = "ninety_five")]
        interval: f64,
        /// The posterior mean of the noise's variance, as a standard deviation in the units of the target.
        #[serde(default)]
        noise_sd: Option<f64>,
        /// The share of the target's variance that the predictions take away, from 0 to 1; none without an intercept.
        #[serde(default)]
        explained: Option<f64>,
        /// log p(y | x), exact, in nats; none where it has no closed form.
        #[serde(default)]
        log_evidence: Option<f64>,
        /// The intercept, where there is one, and the coefficient of each column, as stored.
        coefficients: Vec<Coefficient>,
    },
    /// What `factors` found.
    Factors {
        /// The loadings and the noise, in units of the columns' standard deviations.
        loadings: Loadings,
    },
    /// What `normal` found.
    Normal {
        /// The name of the column.
        column: String,
        /// The posterior mean of μ, in the column's units.
        mean: f64,
        /// The posterior standard deviation of μ.
        mean_sd: f64,
        /// The posterior mean of the precision τ = 1/σ².
        precision: f64,
        /// The posterior standard deviation of τ; none where that is infinite.
        precision_sd: Option<f64>,
        /// 1/√E\[τ\], in the column's units.
        sd: f64,
    },
    /// What `hmm` found.
    HiddenMarkov {
        /// What the numbers of a state's mean are of: a column, or a class of one, as `kind_0`.
        outcomes: Vec<String>,
        /// The states 1, 2, … in order.
        states: Vec<State>,
        /// The probability of each state (in its place in a row) after each (a row).
        transitions: Vec<Vec<f64>>,
    },
    /// What `state-space` found.
    StateSpace {
        /// The means of the parameters.
        dynamics: Dynamics,
    },
    /// What `ising` found.
    Ising {
        /// The names of the spins, or their numbers.
        spins: Vec<String>,
        /// The mean of each under q, from −1 to 1.
        means: Vec<f64>,
        /// The exact values by enumeration, where there are few enough spins.
        exact: Option<ExactSpins>,
    },
    /// What `topics` found.
    Topics {
        /// The ELBO of the fit, in nats per token.
        elbo_per_token: f64,
        /// exp(−`elbo_per_token`), the greatest that the perplexity can be.
        perplexity_bound: f64,
        /// The documents that were fitted to, the topics held.
        training: Tokens,
        /// The documents that took no part in the fit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        held_out: Option<Tokens>,
        /// The topics, that of the most tokens first.
        #[serde(default)]
        topics: Vec<Topic>,
    },
    /// What has no schema here: nothing, or what an earlier version wrote.
    Nothing {},
}

impl Default for Estimates {
    fn default() -> Self {
        Self::Nothing {}
    }
}

/// Intervals of earlier versions, unless they were asked to be others.
pub(crate) fn ninety_five() -> f64 {
    0.95
}

/// An Ising model by enumeration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExactSpins {
    /// log Z, in nats.
    pub log_partition: f64,
    /// The mean of each spin.
    pub means: Vec<f64>,
}

/// What topics, held, say of documents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tokens {
    /// How many documents.
    pub documents: usize,
    /// How many words they have.
    pub tokens: f64,
    /// The lower bound on their log density, in nats per token.
    pub bound_per_token: Mean,
    /// The greatest that the perplexity can be.
    pub perplexity_bound: Mean,
    /// log p of one half of each document's tokens given the other, in nats per token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_per_token: Option<Mean>,
    /// The perplexity of that half.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_perplexity: Option<Mean>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Results;

    /// What versions before these types wrote is read.
    #[test]
    fn earlier_files_are_read() {
        let read = |more: &str| {
            let bound = r#""rows":2,"elbo":-1.0,"log_likelihood":-0.5,"kl":0.4,"global":-0.1,"sweeps":3,"starts":[-1.0]"#;
            let results: Results =
                serde_json::from_str(&format!("{{{bound}{more},\"seconds\":0.1,\"converged\":true}}"))
                    .unwrap();
            results.all_rows().unwrap().found.clone()
        };
        assert_eq!(read(""), Estimates::Nothing {});
        let coefficients =
            r#","coefficients":[{"name":"x","mean":1.0,"low":0.0,"high":2.0,"deviation":null}]"#;
        let Estimates::Regression { interval, coefficients, target, .. } = read(coefficients) else {
            panic!()
        };
        assert_eq!((interval, coefficients[0].mean, &target[..]), (0.95, 1.0, ""));
        let components =
            r#","components":[{"number":2,"rows":2.0,"share":1.0,"mean":[0.5],"covariance":null}]"#;
        let Estimates::Mixture { components, columns } = read(components) else { panic!() };
        assert_eq!((components[0].number, columns.len()), (2, 0));
        let mean = r#"{"value":-3.0,"standard_error":0.1}"#;
        let topics = format!(
            ",\"elbo_per_token\":-3.0,\"perplexity_bound\":20.0,\"training\":{{\"documents\":2,\"tokens\":9.0,\
             \"bound_per_token\":{mean},\"perplexity_bound\":{mean}}}"
        );
        let Estimates::Topics { training, held_out, .. } = read(&topics) else { panic!() };
        assert_eq!((training.tokens, held_out), (9.0, None));
    }
}
