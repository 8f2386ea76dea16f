//! What may mend a finding, in the flags and verbs of the program.

use elbo::diagnose::Remedy;

/// The flag, or the verb, that does it.
pub(crate) fn words(remedy: &Remedy) -> String {
    match remedy {
        Remedy::MoreEpochs => "--epochs".into(),
        Remedy::MoreSweeps => "--sweeps".into(),
        Remedy::MoreStarts(number) => format!("--starts {number}"),
        Remedy::KlWarmUp => "--kl-warm-up".into(),
        Remedy::FreeBits => "--free-bits".into(),
        Remedy::Beta(beta) => format!("--beta {beta}"),
        Remedy::EncoderSteps => "--encoder-steps".into(),
        Remedy::Patience => "--patience".into(),
        Remedy::ParameterPrior => "--prior-sd".into(),
        Remedy::HiddenLayers => "--hidden".into(),
        Remedy::MaximiseElbo => "--objective elbo".into(),
        Remedy::ScoreFunction => "--estimator score-function".into(),
        Remedy::Binarise => "--binarise dynamic".into(),
        Remedy::NoiseScale => "--sigma".into(),
        Remedy::ColumnScale => "--scale".into(),
        Remedy::StepSize => "--step-size".into(),
        Remedy::PerDatumGuide => "--guide per-datum".into(),
        Remedy::InferEachRow => "elbo infer".into(),
        Remedy::Mixture => "elbo mixture".into(),
        Remedy::StateSpace => "elbo state-space".into(),
        Remedy::HiddenMarkov => "elbo hmm".into(),
        Remedy::AutoEncoder => "elbo train".into(),
        Remedy::MoreComponents => "more --components".into(),
        Remedy::MoreStates => "more --states".into(),
        Remedy::MoreLatents => "more --latent".into(),
        Remedy::MoreTopics => "more --topics".into(),
        // What a later library knows and this program has no flag for.
        other => other.to_string(),
    }
}
