//! What is known of a fit, of which the [verdict](super::Verdict) is made.

use serde::{Deserialize, Serialize};

use super::{khat_limit, skew::Skewed, transforms::Transformed};
use crate::terms::Mean;

/// What was found out about a fit; what is `None` was not looked at. All in nats per row, means over rows; the
/// standard error of a difference is that of the differences where the rows are the same.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a finding of its own")]
pub struct Findings {
    /// Whether the held-out bound had stopped rising when the fit ended; false where the fit ran out of epochs.
    pub converged: Option<bool>,
    /// Whether the value maximised is a bound on log p(x), as the ELBO is, with free bits or β ≥ 1 too; not where
    /// β < 1, in the noiseless limit, or with relaxed draws.
    pub maximised_a_bound: Option<bool>,
    /// How many latent variables are active ([`LatentSummary::active`](super::LatentSummary::active)).
    pub active_units: Option<usize>,
    /// KL(q(z|x) ‖ p(z)) over training rows: what q says about a row. Gaps are judged by it, and not without it.
    pub kl: Option<f64>,
    /// I_q(x; z) ([`mutual_information`](super::mutual_information)).
    pub mutual_information: Option<f64>,
    /// The bound of training rows minus that of held-out rows.
    pub generalisation_gap: Option<Mean>,
    /// The best estimate from below of log p(x), minus the amortised bound, of the same held-out rows: the approximation
    /// gap and the amortisation gap together (E24).
    pub inference_gap: Option<Mean>,
    /// The best bound of a q of the same family for each datum, minus the amortised bound, of held-out rows (E24).
    pub amortisation_gap: Option<Mean>,
    /// The same of training rows.
    pub training_amortisation_gap: Option<Mean>,
    /// k̂ of held-out rows.
    pub khat: Option<KhatShares>,
    /// The effective number of draws of an estimate of log p(x), median over rows.
    pub effective_sample_size: Option<f64>,
    /// Two estimates of log p(x) of the same rows, one minus the other: annealed minus importance-weighted.
    pub disagreement: Option<Mean>,
    /// The scale of a Gaussian likelihood.
    pub scale: Option<Scale>,
    /// Columns whose σ is as small as a Gaussian likelihood lets it become
    /// ([`Likelihood::floor`](crate::likelihood::Likelihood::floor)); `all columns` where they share it.
    pub at_floor: Vec<String>,
    /// D, columns of a row: what a difference of so many nats a row amounts to depends on it.
    pub columns: usize,
    /// The best estimate from below of log p(x), minus the log p(x) of independent columns, of the same held-out rows.
    pub over_independent: Option<Mean>,
    /// The same, minus the exact log p(x) of the linear model (E27).
    pub over_linear: Option<Mean>,
    /// The same, minus the log p(x) of a mixture (E21).
    pub over_mixture: Option<Mean>,
    /// The same, minus the log of half p(x) and half the mixture's.
    pub over_blend: Option<Mean>,
    /// How rows drawn from the model cover held-out rows.
    pub predictive: Option<Predictive>,
    /// Whether the factors were set to their exact optima (E21): then there is no encoder, and no parameter that is not
    /// integrated over.
    pub coordinate_ascent: bool,
    /// The starts of a coordinate ascent.
    pub starts: Option<Starts>,
    /// k̂ of the weights p(x, θ)/q(θ) of a q of all parameters at once.
    pub parameters_khat: Option<f64>,
    /// The standard error of that k̂, by the draws that it is of.
    pub parameters_khat_error: Option<f64>,
    /// Whether intervals of parameters are told, so that the whole cannot be better than q.
    pub intervals_told: bool,
    /// The factor by which standard deviations that are told are narrower than those of a q without independence, the
    /// worst.
    pub narrower: Option<f64>,
    /// The factor by which standard deviations of the posterior, found in another way than by q, are larger than those of q,
    /// the worst.
    pub wider: Option<f64>,
    /// One of those, in words: what it is of, and both standard deviations.
    pub wider_of: Option<String>,
    /// Whether q is known to be near the posterior, as that of a mean and a precision.
    pub posterior_is_known: bool,
    /// Whether p is given, as that of an Ising model: then there is nothing of it that could be wrong.
    pub model_is_given: bool,
    /// Whether the rows are such as p(x) says.
    pub transformed: Option<Transformed>,
    /// What the column is that is skewed, where what is farthest from p(x) is that.
    pub skewed: Option<Skewed>,
    /// Whether more components, latent dimensions, states or topics are no help: some are left that no row needs, or no more
    /// are allowed.
    pub enough_parts: bool,
    /// Whether rows depend on those before them, of a model to which their order says nothing.
    pub in_no_order: Option<Transformed>,
    /// The factor by which standard deviations of parameters are too small where rows depend on those before them as they are
    /// seen to.
    pub dependent: Option<f64>,
    /// How many parameters were fitted to how many rows.
    pub estimated: Option<Estimated>,
    /// What topics say of documents that they had not seen.
    pub held_out_documents: Option<HeldOutDocuments>,
    /// How far the bound of an Ising model is below log Z, or below an estimate of it that is too low, in nats a spin.
    pub bound_gap: Option<f64>,
    /// The largest difference of a marginal probability of q from the exact one, where that is known.
    pub marginal_error: Option<f64>,
}

/// What parameters cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimated {
    /// How many numbers were fitted, of what is in use.
    pub parameters: f64,
    /// To how many rows.
    pub rows: f64,
}

impl Estimated {
    /// What new rows lose by it, in nats a row: p/(2N), to first order (Akaike 1974).
    pub fn lost(self) -> f64 {
        self.parameters / (2.0 * self.rows)
    }

    /// What 19 fits of 20 lose at most: 2N times it is χ² with p degrees of freedom (Wilks 1938), of which this is the 95 % point
    /// (Wilson and Hilferty 1931).
    ///
    /// ```
    /// use elbo::diagnose::Estimated;
    /// let of = Estimated { parameters: 10.0, rows: 200.0 };
    /// assert_eq!(of.lost(), 0.025);
    /// assert!((of.lost_at_most() - 18.307 / 400.0).abs() < 1e-4);
    /// ```
    pub fn lost_at_most(self) -> f64 {
        // Of none it loses nothing.
        let spread = 2.0 / (9.0 * self.parameters.max(0.1));
        self.lost() * (1.0 - spread + 1.644_854 * spread.sqrt()).powi(3)
    }
}

/// log p of the words of documents that took no part in a fit, in nats per token.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldOutDocuments {
    /// How many documents.
    pub documents: usize,
    /// log p of documents that took part, minus that of these documents: what the topics claim and do not hold.
    pub overclaimed: Mean,
    /// log p under the topics minus that under one distribution of words for all documents.
    pub over_unigram: Mean,
    /// log p where the words seen of a document count by themselves beside its topics, minus that under the topics: what is
    /// common to the words of a document, and no topic.
    pub under_own_words: Mean,
}

/// Several starts of a coordinate ascent, which ends at a local optimum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Starts {
    /// How many.
    pub starts: usize,
    /// How many came within so many nats of the best, itself included.
    pub reached: usize,
    /// How many of these began apart: those that begin alike are one.
    #[serde(default)]
    pub apart: usize,
    /// Those nats.
    pub within: f64,
}

/// k̂ (E25) of several rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct KhatShares {
    /// How many rows have a k̂.
    pub rows: usize,
    /// The limit for that many draws a row, [`khat_limit`].
    pub limit: f64,
    /// The share of rows above the limit, in [0, 1].
    pub above_limit: f64,
    /// The share of rows above 1, in [0, 1].
    pub above_one: f64,
}

impl KhatShares {
    /// Of the k̂ of some rows, from so many draws each; `None` of no rows.
    ///
    /// ```
    /// use elbo::diagnose::KhatShares;
    /// let shares = KhatShares::of(&[0.2, 0.6, 0.9, 1.3], 4000).unwrap();
    /// assert_eq!((shares.limit, shares.above_limit, shares.above_one), (0.7, 0.5, 0.25));
    /// ```
    pub fn of(khat: &[f64], samples: usize) -> Option<Self> {
        let (rows, limit) = (khat.len(), khat_limit(samples));
        let share = |limit: f64| khat.iter().filter(|&&k| k > limit).count() as f64 / rows as f64;
        (rows > 0).then(|| Self { rows, limit, above_limit: share(limit), above_one: share(1.0) })
    }
}

/// Held-out rows beside rows drawn from the model, in the direction in which the model is farthest too narrow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Predictive {
    /// The share of held-out rows within the central 90 % of those drawn.
    pub coverage: f64,
    /// The least share that chance allows for so many rows and directions.
    pub limit: f64,
    /// The direction: a column, or a principal component.
    pub of: String,
}

/// Whether a Gaussian likelihood's σ is that of the rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// The mean of E_q\[(x − f(z))²\]/σ² over held-out rows: 1 where σ is right.
    pub ratio: f64,
    /// What it is the mean of: `all columns`, or the one column that is farthest from 1, where each has its σ.
    pub of: String,
}
