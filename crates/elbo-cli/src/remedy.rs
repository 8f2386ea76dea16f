//! What may mend a finding, in the flags and verbs of the program.

use elbo::diagnose::Remedy;

/// The flag with a value to try first, or the verb, that does it.
pub(crate) fn words(remedy: &Remedy) -> String {
    match remedy {
        Remedy::MoreEpochs => "twice as many --epochs".into(),
        Remedy::MoreSweeps => "twice as many --sweeps".into(),
        Remedy::MoreStarts(number) => format!("--starts {number}"),
        Remedy::Anneal => "--anneal 0.4".into(),
        Remedy::KlWarmUp => "--kl-warm-up 10".into(),
        Remedy::FreeBits => "--free-bits 0.05".into(),
        Remedy::Beta(beta) => format!("--beta {beta}"),
        Remedy::EncoderSteps => "--encoder-steps 5".into(),
        Remedy::Patience => "--patience 20".into(),
        Remedy::ParameterPrior => "--prior-sd 1".into(),
        Remedy::HiddenLayers => "--hidden twice or half as wide".into(),
        Remedy::MaximiseElbo => "--objective elbo".into(),
        Remedy::ScoreFunction => "--estimator score-function".into(),
        Remedy::Binarise => "--binarise dynamic".into(),
        Remedy::NoiseScale => "--sigma per-column".into(),
        Remedy::ColumnScale => "--scale standard".into(),
        Remedy::StepSize => "a third of the --step-size".into(),
        Remedy::PerDatumGuide => "--guide per-datum".into(),
        Remedy::InferEachRow => "elbo infer".into(),
        Remedy::Mixture => "elbo mixture".into(),
        Remedy::MixtureOf(number) => format!("elbo mixture --components {number}"),
        Remedy::Factors => "elbo factors".into(),
        Remedy::CountLikelihood => "elbo train with --likelihood negative-binomial, for counts".into(),
        Remedy::CalendarResiduals => "the residuals of elbo regress on columns of the calendar".into(),
        Remedy::FullCovariance => "--covariance full".into(),
        Remedy::SimplerCovariance => "--covariance tied or diagonal".into(),
        Remedy::SharedPrior => "--prior ridge".into(),
        Remedy::ConjugatePrior => "--conjugate".into(),
        Remedy::StateSpace => "elbo state-space".into(),
        Remedy::HiddenMarkov => "elbo hmm".into(),
        Remedy::AutoEncoder => "elbo train".into(),
        Remedy::MoreComponents => "twice as many --components".into(),
        Remedy::MoreStates => "one or two more --states".into(),
        Remedy::MoreLatents => "more --latent".into(),
        Remedy::MoreTopics => "twice as many --topics".into(),
        // What a later library knows and this program has no flag for.
        other => other.to_string(),
    }
}
