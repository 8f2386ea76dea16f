//! What one choice needs of the others.

/// What an objective, an estimator, a guide or a model needs of what it is to go with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Needs {
    /// Two layers of z need a Gaussian one.
    #[error("two layers of z need a Gaussian one")]
    GaussianLayers,
    /// Per-datum inference needs one layer of Gaussian latents.
    #[error("per-datum inference is of one layer of Gaussian latents")]
    OneGaussianLayer,
    /// A gradient in z needs a z that has one.
    #[error("a gradient in z needs a continuous latent: Gaussian")]
    ContinuousLatent,
    /// The importance-weighted bound needs a Gaussian z.
    #[error("the importance-weighted bound needs Gaussian latents here")]
    WeightedGaussian,
    /// The importance-weighted bound needs a reparameterised estimator.
    #[error("the importance-weighted bound has two: reparameterised and doubly-reparameterised")]
    WeightedReparameterised,
    /// The doubly reparameterised estimator needs the importance-weighted bound.
    #[error("it is of the importance-weighted bound, not of the ELBO")]
    WeightedBound,
    /// A discrete z needs an estimator without a derivative in z.
    #[error("a discrete latent has no derivative: use the score function, enumeration or relaxation")]
    DiscreteEstimator,
    /// Relaxation needs a discrete z.
    #[error("a Gaussian latent needs no relaxation")]
    RelaxedDiscrete,
    /// Enumeration needs a discrete z of few states.
    #[error("enumeration needs a discrete one of at most 1024 states")]
    FewStates,
    /// The noiseless objective needs a Gaussian z.
    #[error("the noiseless objective needs a Gaussian one")]
    NoiselessGaussian,
    /// The noiseless objective needs one layer of z.
    #[error("the noiseless objective is of one")]
    NoiselessOneLayer,
    /// The noiseless objective needs a Gaussian likelihood whose σ is fixed.
    #[error("the noiseless objective needs a Gaussian one with a fixed sigma")]
    NoiselessFixedSigma,
    /// A weighted KL needs the ELBO by the reparameterised estimator.
    #[error("weighing the KL needs the ELBO by the reparameterised estimator, free bits its closed form too")]
    WeighedKl,
    /// Free bits need a KL in closed form.
    #[error("need a KL in closed form, which two layers of z have not")]
    ClosedFormKl,
    /// A ψ of each row needs a guide that is per datum.
    #[error("must be per-datum for rows to have a ψ")]
    PerDatumGuide,
    /// A guide per datum needs what the fused engine makes of the ELBO.
    #[error(
        "needs the ELBO of dense layers with one layer of Gaussian latents, reparameterised, in f32 on the CPU"
    )]
    FusedElbo,
    /// A column's family must be the same in all states.
    #[error("must be that of the first state")]
    SameFamily,
}
