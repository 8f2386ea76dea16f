//! Which remedies are left to a fit: advice never points to what was just done, nor to what its settings do not allow.

use elbo::{
    diagnose::Remedy,
    distribution::bernoulli::Binarise,
    fit::Finished,
    guide::Family,
    likelihood::{LikelihoodConfig, Sigma, Support},
    network::NetworkConfig,
    objective::{KlWeight, Objective, elbo::KlForm},
    schedule::Schedule,
    train::Inference,
};

use super::config::Config;

/// Whether a remedy can mend a fit of this configuration, which ended so, where that is known.
pub(super) fn is_left(remedy: Remedy, config: &Config, finished: Option<Finished>) -> bool {
    let (fit, train, vae) = (&config.fit, &config.fit.train, &config.fit.vae);
    let amortised = train.inference == Inference::Amortised;
    let weight = train.kl_weight;
    let elbo = train.objective == Objective::Elbo;
    // As `choose::kl_weight` and `choose::choose_inference` allow.
    let weighs = elbo && (train.estimator.weighs_kl() || (!amortised && weight == KlWeight::default()));
    let dense = vae.network == NetworkConfig::Dense && vae.second.is_none() && vae.family == Family::Gaussian;
    match remedy {
        // Patience ends it however many there may be.
        Remedy::MoreEpochs => finished != Some(Finished::Converged),
        Remedy::Patience => fit.patience.is_none(),
        Remedy::KlWarmUp => weighs && weight.warm_up == 0,
        Remedy::FreeBits => weighs && weight.free_bits == 0.0 && train.kl == KlForm::Analytic,
        Remedy::Beta(beta) if beta < 1.0 => weighs && weight.beta > beta,
        Remedy::Beta(_) => weight.beta < 1.0,
        Remedy::EncoderSteps => amortised && train.schedule == Schedule::Joint,
        Remedy::PerDatumGuide => amortised && elbo && dense,
        Remedy::InferEachRow => dense,
        Remedy::ParameterPrior => train.prior_sd.is_none(),
        Remedy::MaximiseElbo => !elbo,
        Remedy::ScoreFunction => !train.estimator.is_unbiased(),
        Remedy::Binarise => {
            let binary = vae.likelihood.likelihood().support() == Support::Binary;
            binary && fit.binarise == Binarise::None
        }
        // Of counts there is no other mixture than that which it was compared with.
        Remedy::MixtureOf(_) => vae.likelihood.likelihood().support() != Support::Count,
        Remedy::NoiseScale => {
            matches!(vae.likelihood, LikelihoodConfig::Gaussian(sigma) if sigma != Sigma::PerColumn)
        }
        Remedy::ColumnScale => config.data.taken.scaling.divisors().len() == 1,
        _ => true,
    }
}
