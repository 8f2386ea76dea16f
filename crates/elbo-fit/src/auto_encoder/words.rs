//! What the parts of a fit are called.

use elbo::objective::Objective;

/// What an objective and its two terms are called.
pub struct Words {
    /// What is maximised.
    pub objective: &'static str,
    /// The name of the first term.
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
