//! What the parts of a fit are called.

use elbo::{
    likelihood::{LikelihoodConfig, Sigma},
    objective::Objective,
};

/// What an objective and its two terms are called.
pub struct Words {
    /// What is maximised.
    pub objective: &'static str,
    /// Its first term.
    pub first: &'static str,
    /// What it subtracts.
    pub second: &'static str,
    /// What its values are in.
    pub unit: &'static str,
}

/// What this objective and its terms are called.
pub fn words(objective: Objective) -> Words {
    match objective {
        Objective::Elbo => Words { objective: "ELBO", first: "log-lik", second: "KL", unit: "nats per row" },
        Objective::ImportanceWeighted => {
            Words { objective: "L_k", first: "log-lik", second: "rest", unit: "nats per row" }
        }
        Objective::Noiseless => {
            Words {
                objective: "value", first: "-½|x-f|²", second: "½σ²|μ|²", unit: "no bound, per row"
            }
        }
    }
}

/// A likelihood in words.
pub fn name_of(likelihood: LikelihoodConfig) -> String {
    match likelihood {
        LikelihoodConfig::Bernoulli => "Bernoulli".into(),
        LikelihoodConfig::Poisson => "Poisson".into(),
        LikelihoodConfig::NegativeBinomial => {
            "negative binomial, a learned dispersion for each column".into()
        }
        LikelihoodConfig::Gaussian(Sigma::Fixed(sigma)) => format!("Gaussian, σ = {sigma}"),
        LikelihoodConfig::Gaussian(Sigma::Learned) => "Gaussian, one learned σ".into(),
        LikelihoodConfig::Gaussian(Sigma::PerColumn) => "Gaussian, a learned σ for each column".into(),
        LikelihoodConfig::Gaussian(Sigma::Solved) => "Gaussian, one σ solved in closed form".into(),
    }
}
